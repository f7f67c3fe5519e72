//! `quit` and its other names: the session ends, the agent stays.

use shell::After;

use crate::prelude::*;

/// End this session; the agent stays
#[derive(Args)]
#[command(group = Shell, permission = View, alias = "exit", alias = "logout", alias = "q", example = "quit")]
pub(crate) struct Quit;

impl Command for Quit {
    type Host = Host;

    fn run(self, _: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.message("Session ended. The agent stays in the JVM; `stop` takes it out.")?;
        cx.finish(After::CloseSession);
        Ok(())
    }
}
