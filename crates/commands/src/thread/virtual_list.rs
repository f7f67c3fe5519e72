//! The list of virtual threads, with what it cost and what it cannot show.

use host::virtual_threads::VirtualThreads;

use super::usage;
use crate::prelude::*;

/// Virtual threads.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct VirtualList(pub(super) VirtualThreads);

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
