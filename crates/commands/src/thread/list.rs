//! The list of all threads: one page for a screen, everything for a program.

use std::collections::HashMap;

use super::usage::{self, ThreadUsage};
use crate::prelude::*;

/// All threads, or those in one state.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThreadList {
    pub(super) thread_stats: Vec<ThreadUsage>,
    pub(super) thread_state_count: HashMap<&'static str, usize>,
    pub(super) all: bool,
    /// Threads before `--state` left some out.
    #[serde(skip)]
    pub(super) total: usize,
    /// Rows a screen has room for.
    #[serde(skip)]
    pub(super) page: usize,
}

impl Show for ThreadList {
    const KIND: &'static str = "thread";

    fn layout(&self) -> Layout {
        let mut head = Text::from(format!("Threads Total: {}", self.total));
        let mut java = 0;
        for state in host::thread_state::ALL {
            let count = self.thread_state_count.get(state.name()).copied().unwrap_or(0);
            java += count;
            head.push(Style::Plain, format!(", {}: ", state.name()));
            let style = if count == 0 { Style::Dim } else { usage::state_style(state) };
            head.push(style, count.to_string());
        }
        if self.total > java {
            head.push(Style::Plain, format!(", Internal threads: {}", self.total - java));
        }
        let mut parts =
            vec![Layout::Line(head), Layout::Table(usage::table(self.thread_stats.iter().take(self.page)))];
        let hidden = self.thread_stats.len().saturating_sub(self.page);
        if hidden > 0 {
            parts.push(Layout::Line(Text::styled(Style::Dim, format!("… {hidden} more: thread --all"))));
        }
        Layout::stack(parts)
    }
}

#[cfg(test)]
mod tests {
    use host::thread_state::ThreadState;

    use super::*;

    fn list(threads: usize, page: usize) -> ThreadList {
        let thread = |id: usize| ThreadUsage {
            id: id as i64,
            name: format!("t{id}"),
            group: None,
            priority: 5,
            state: Some(ThreadState::Waiting),
            cpu: 0.0,
            delta_time: 0,
            time: 0,
            interrupted: false,
            daemon: false,
        };
        let thread_stats: Vec<_> = (0..threads).map(thread).collect();
        let thread_state_count = usage::count(&thread_stats);
        ThreadList { total: threads + 2, thread_stats, thread_state_count, all: false, page }
    }

    fn plain(layout: &Layout) -> String {
        match layout {
            Layout::Line(text) => text.plain(),
            Layout::Group(group) => group.items.iter().map(plain).collect::<Vec<_>>().join("\n"),
            Layout::Table(table) => format!("({} rows)", table.rows.len()),
            _ => String::new(),
        }
    }

    #[test]
    fn a_screen_gets_one_page_and_hears_of_the_rest() {
        assert_eq!(
            plain(&list(12, 10).layout()),
            "Threads Total: 14, NEW: 0, RUNNABLE: 0, BLOCKED: 0, WAITING: 12, TIMED_WAITING: 0, TERMINATED: 0, \
             Internal threads: 2\n(10 rows)\n… 2 more: thread --all"
        );
        assert!(!plain(&list(10, 10).layout()).contains("more"));
    }

    #[test]
    fn a_program_gets_all_threads() {
        let json = serde_json::to_value(list(12, 10)).unwrap_or_default();
        assert_eq!(json["threadStats"].as_array().map(Vec::len), Some(12));
        assert_eq!(json["threadStateCount"]["WAITING"], 12);
    }
}
