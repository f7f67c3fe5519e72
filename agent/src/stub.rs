//! A first command, until the commands are there.

use serde::Serialize;
use shell::{Command, Context, Entry, Failure};

pub(crate) struct Host;

/// Shows the agent's version.
#[derive(shell::Args)]
#[command(group = Shell, permission = View, name = "version", example = "version")]
pub(crate) struct Version {}

#[derive(Serialize)]
struct Shown {
    version: &'static str,
}

impl model::Show for Shown {
    const KIND: &'static str = "version";

    fn layout(&self) -> model::Layout {
        model::Layout::line(self.version)
    }
}

impl Command for Version {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.emit(Shown { version: env!("CARGO_PKG_VERSION") })
    }
}

pub(crate) const ENTRIES: &[Entry<Host>] = &[Entry::of::<Version>()];
