//! `thread`: who is busy, who waits for whom, where each thread is.

use std::collections::HashMap;
use std::time::Duration;

use host::thread_info::{Depth, Locks, Stacks, ThreadInfo};
use host::thread_state::ThreadState;
use host::virtual_threads::VirtualThreads;

use super::stack::{self, Head, Wanted};
use super::usage::{self, ThreadUsage};
use crate::prelude::*;

/// Show threads: who is busy, who blocks whom, stacks
///
/// Without arguments, all threads with the processor time each used in a fifth of a second, busiest
/// first. With an id, that thread's stack. Threads of the JVM itself have the id -1.
#[derive(Args)]
#[command(
    group = Thread,
    permission = View,
    example = "thread",
    example = "thread 1",
    example = "thread -n 3",
    example = "thread -b",
    example = "thread --state WAITING",
    example = "thread --virtual"
)]
pub(crate) struct Thread {
    /// The thread whose stack to show
    id: Option<ThreadId>,
    /// List all, not only what fits the screen
    #[arg(long = "all")]
    all: bool,
    /// The busiest so many with their stacks; -1 for all
    #[arg(short = 'n', long = "top-n-threads")]
    top: Option<i64>,
    /// The thread that holds the lock most others wait for, and deadlocks
    #[arg(short = 'b', long = "include-blocking-thread")]
    blocking: bool,
    /// For how many milliseconds to measure processor time
    #[arg(short = 'i', long = "sample-interval", default = "200")]
    interval: u64,
    /// Only threads in this state
    #[arg(long = "state")]
    state: Option<State>,
    /// With the monitors each thread holds
    #[arg(long = "lockedMonitors")]
    locked_monitors: bool,
    /// With the locks of java.util.concurrent each thread holds
    #[arg(long = "lockedSynchronizers")]
    locked_synchronizers: bool,
    /// List virtual threads (JDK 21 and later), which no other listing shows
    #[arg(long = "virtual")]
    virtual_threads: bool,
}

/// Java's states.
#[derive(Choice, Clone, Copy)]
enum State {
    #[choice("NEW")]
    New,
    #[choice("RUNNABLE")]
    Runnable,
    #[choice("BLOCKED")]
    Blocked,
    #[choice("WAITING")]
    Waiting,
    #[choice("TIMED_WAITING")]
    TimedWaiting,
    #[choice("TERMINATED")]
    Terminated,
}

impl From<State> for ThreadState {
    fn from(state: State) -> Self {
        match state {
            State::New => Self::New,
            State::Runnable => Self::Runnable,
            State::Blocked => Self::Blocked,
            State::Waiting => Self::Waiting,
            State::TimedWaiting => Self::TimedWaiting,
            State::Terminated => Self::Terminated,
        }
    }
}

/// Virtual threads listed unless `--all` asks for more.
const VIRTUAL_LISTED: usize = 1_000;
/// Virtual threads listed with `--all`: each costs a microsecond or two and some memory.
const VIRTUAL_LIMIT: usize = 100_000;

impl Command for Thread {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        if self.virtual_threads {
            let limit = if self.all { VIRTUAL_LIMIT } else { VIRTUAL_LISTED };
            return cx.emit(VirtualList(host.virtual_threads(limit).or_fail()?));
        }
        if let Some(ThreadId(id)) = self.id {
            return self.one(id, host, cx);
        }
        if self.top.is_some() {
            return self.busiest(host, cx);
        }
        if self.blocking {
            return self.most_blocking(host, cx);
        }
        self.list(host, cx)
    }
}

impl Thread {
    fn stacks(&self) -> Stacks {
        Stacks {
            depth: Depth::Whole,
            monitors: self.locked_monitors,
            synchronizers: self.locked_synchronizers,
        }
    }

    /// The processor time all threads use while we wait.
    fn usage(&self, host: &Host, cx: &Context<'_>) -> Result<Vec<ThreadUsage>, Failure> {
        let first = host.thread_cpu_times().or_fail()?;
        cx.sleep(Duration::from_millis(self.interval))?;
        Ok(usage::between(Some(&first), host.threads().or_fail()?))
    }

    fn one(&self, id: i64, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let info = host.thread_infos(&[id], self.stacks()).or_fail()?.pop().flatten();
        let Some(thread_info) = info else {
            let message = format!(
                "There is no thread with the id {id}: it has ended, or it is a virtual one. `thread --all` lists the ids."
            );
            return Err(Failure::with_status(1, message));
        };
        cx.emit(OneThread { thread_info })
    }

    fn busiest(&self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let mut threads = self.usage(host, cx)?;
        if let Some(Ok(top)) = self.top.map(usize::try_from) {
            threads.truncate(top);
        }
        let ids: Vec<i64> = threads.iter().map(|thread| thread.id).filter(|id| *id > 0).collect();
        let infos = host.thread_infos(&ids, self.stacks()).or_fail()?;
        let mut infos: HashMap<i64, Locks> =
            infos.into_iter().flatten().map(|info| (info.thread_id, info.locks)).collect();
        // A thread of the JVM has no stack; one that has ended meanwhile has none any more.
        let busy_threads = threads
            .into_iter()
            .map(|usage| BusyThread { locks: infos.remove(&usage.id).unwrap_or_default(), usage })
            .collect();
        cx.emit(BusyThreads { busy_threads })
    }

    fn most_blocking(&self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let deadlocked_threads = host.deadlocked_threads().or_fail()?;
        let blocking = host.most_blocking_thread().or_fail()?;
        let Some(blocking) = blocking else {
            return Err(Failure::with_status(
                1,
                "No most blocking thread found: no thread waits for a lock that another one holds.",
            ));
        };
        cx.emit(MostBlocking {
            blocking_lock_info: BlockingLock {
                thread_info: blocking.owner,
                lock_identity_hash_code: blocking.lock,
                blocking_thread_count: blocking.waiting,
            },
            deadlocked_threads,
        })
    }

    fn list(&self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        let mut threads = self.usage(host, cx)?;
        let total = threads.len();
        let thread_state_count = usage::count(&threads);
        if let Some(state) = self.state.map(ThreadState::from) {
            threads.retain(|thread| thread.state == Some(state));
        }
        // One line is the prompt's, one the counts', one the header's, one says how many more there are.
        let page = usize::from(cx.size().rows).saturating_sub(4).max(5);
        let page = if self.all { threads.len() } else { page };
        cx.emit(ThreadList { thread_stats: threads, thread_state_count, all: self.all, total, page })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OneThread {
    thread_info: ThreadInfo,
}

impl Show for OneThread {
    const KIND: &'static str = "thread";

    fn layout(&self) -> Layout {
        Layout::stack(info_lines(&self.thread_info, None))
    }
}

fn info_lines(info: &ThreadInfo, wanted: Option<Wanted>) -> Vec<Layout> {
    let head =
        Head { id: info.thread_id, name: &info.thread_name, state: Some(info.thread_state), usage: None };
    stack::lines(&head, &info.locks, wanted)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BusyThreads {
    busy_threads: Vec<BusyThread>,
}

#[derive(Serialize)]
struct BusyThread {
    #[serde(flatten)]
    usage: ThreadUsage,
    #[serde(flatten)]
    locks: Locks,
}

impl Show for BusyThreads {
    const KIND: &'static str = "thread";

    fn layout(&self) -> Layout {
        let mut lines = Vec::new();
        for BusyThread { usage, locks } in &self.busy_threads {
            let times =
                format!("cpuUsage={:.2}% deltaTime={}ms time={}ms", usage.cpu, usage.delta_time, usage.time);
            let head = Head { id: usage.id, name: &usage.name, state: usage.state, usage: Some(times) };
            lines.extend(stack::lines(&head, locks, None));
            lines.push(Layout::line(""));
        }
        Layout::stack(lines)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MostBlocking {
    blocking_lock_info: BlockingLock,
    /// The ids of threads that wait for each other for ever.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    deadlocked_threads: Vec<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BlockingLock {
    thread_info: ThreadInfo,
    lock_identity_hash_code: i32,
    blocking_thread_count: usize,
}

impl Show for MostBlocking {
    const KIND: &'static str = "thread";

    fn layout(&self) -> Layout {
        let blocking = &self.blocking_lock_info;
        let wanted =
            Wanted { lock: blocking.lock_identity_hash_code, waiting: blocking.blocking_thread_count };
        let mut lines = info_lines(&blocking.thread_info, Some(wanted));
        if !self.deadlocked_threads.is_empty() {
            let ids: Vec<String> = self.deadlocked_threads.iter().map(i64::to_string).collect();
            let line = format!("Deadlock: threads {} wait for each other and never go on.", ids.join(", "));
            lines.push(Layout::Line(Text::styled(Style::Bad, line)));
        }
        Layout::stack(lines)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ThreadList {
    thread_stats: Vec<ThreadUsage>,
    thread_state_count: HashMap<&'static str, usize>,
    all: bool,
    /// Threads before `--state` left some out.
    #[serde(skip)]
    total: usize,
    /// Rows a screen has room for.
    #[serde(skip)]
    page: usize,
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

#[derive(Serialize)]
#[serde(transparent)]
struct VirtualList(VirtualThreads);

impl Show for VirtualList {
    const KIND: &'static str = "thread";

    fn layout(&self) -> Layout {
        let Self(found) = self;
        let rows = found.virtual_threads.iter().map(|thread| {
            vec![
                Text::from(thread.id.to_string()),
                Text::styled(Style::Name, thread.name.clone()),
                Text::styled(usage::state_style(thread.state), thread.state.name()),
                Text::from(thread.container.clone()),
            ]
        });
        let table = Table {
            columns: vec![
                Column::new("ID"),
                Column::new("NAME"),
                Column::new("STATE"),
                Column::new("CONTAINER"),
            ],
            rows: rows.collect(),
            ..Table::default()
        };
        let mut line =
            format!("Virtual threads: {}, listed in {:.1} ms", found.virtual_threads.len(), found.took_ms);
        if found.has_more {
            line.push_str("; there are more, `thread --virtual --all` lists up to 100000");
        }
        let mut parts = vec![Layout::line(line), Layout::Table(table)];
        if let Some(note) = &found.note {
            parts.push(Layout::Line(Text::styled(Style::Warn, note.clone())));
        }
        Layout::stack(parts)
    }
}

#[cfg(test)]
mod tests {
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
