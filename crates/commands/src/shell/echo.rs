//! `echo`: says what it is told; marks places in the output of a batch.

use crate::prelude::*;

/// Print a text
#[derive(Args)]
#[command(group = Shell, permission = View, example = "echo 'before the restart'")]
pub(crate) struct Echo {
    /// The text; one with blanks stands in quotes
    message: Option<String>,
}

impl Command for Echo {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        match self.message {
            Some(content) => cx.emit(Said { content }),
            None => Ok(()),
        }
    }
}

#[derive(Serialize)]
struct Said {
    content: String,
}

impl Show for Said {
    const KIND: &'static str = "echo";

    fn layout(&self) -> Layout {
        Layout::line(self.content.clone())
    }
}
