//! `version`: which oxprobe this is.

use crate::prelude::*;

/// Show the agent's version
#[derive(Args)]
#[command(group = Shell, permission = View, example = "version")]
pub(crate) struct Version;

impl Command for Version {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.emit(AgentVersion { version: env!("CARGO_PKG_VERSION") })
    }
}

#[derive(Serialize)]
struct AgentVersion {
    version: &'static str,
}

impl Show for AgentVersion {
    const KIND: &'static str = "version";

    fn layout(&self) -> Layout {
        Layout::line(self.version)
    }
}
