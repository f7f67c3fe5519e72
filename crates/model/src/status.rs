//! The results every command shares: how it ended, a sentence, a count.

use serde::Serialize;

use crate::{Layout, Show, Style, Text};

/// How a command ended. The last result of every job.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// 0 is success. The others are Arthas's: -1 and 1 failed, -10 ended by the option parser.
    pub status_code: i32,
    /// What happened, why, and what to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Show for Status {
    const KIND: &'static str = "status";

    fn layout(&self) -> Layout {
        let style = if self.status_code == 0 { Style::Plain } else { Style::Bad };
        Layout::Line(Text::styled(style, self.message.clone().unwrap_or_default()))
    }
}

/// A sentence on the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The sentence.
    pub message: String,
}

impl Show for Message {
    const KIND: &'static str = "message";

    fn layout(&self) -> Layout {
        Layout::line(self.message.clone())
    }
}

/// How many things a command found or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RowAffect {
    /// The count.
    pub row_count: u64,
}

impl Show for RowAffect {
    const KIND: &'static str = "row_affect";

    fn layout(&self) -> Layout {
        Layout::Line(Text::styled(Style::Dim, format!("Affect(row-cnt:{})", self.row_count)))
    }
}
