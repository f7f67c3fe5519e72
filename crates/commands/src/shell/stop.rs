//! `stop`: the agent leaves the JVM.

use std::time::Duration;

use host::NamePattern;
use shell::After;

use crate::method::Reset;
use crate::prelude::*;

/// Take the agent out of the JVM
///
/// Ends all sessions and jobs, puts back what was changed, gives back what was taken. A later
/// `oxprobe attach` starts it again.
#[derive(Args)]
#[command(group = Shell, permission = Admin, example = "stop")]
pub(crate) struct Stop;

/// How long running jobs get to end.
const GRACE: Duration = Duration::from_secs(2);

impl Command for Stop {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        cx.message("Resetting all enhanced classes ...")?;
        let still_running = cx.cancel_other_jobs(GRACE);
        match host.reset(&NamePattern::any()) {
            Ok(effect) => cx.emit(Reset::of(&effect))?,
            Err(error) => cx.message(format!("Not all classes could be put back: {error}"))?,
        }
        let given_back = host.shutdown();
        for line in &still_running {
            cx.message(format!("Still running after {} s, left to end by itself: {line}", GRACE.as_secs()))?;
        }
        if let Err(error) = &given_back {
            cx.message(format!("Not everything could be given back: {error}"))?;
        }
        let graceful = still_running.is_empty() && given_back.is_ok();
        cx.emit(Shutdown { graceful, message: "The agent has left the JVM." })?;
        cx.finish(After::StopAgent);
        Ok(())
    }
}

#[derive(Serialize)]
struct Shutdown {
    graceful: bool,
    message: &'static str,
}

impl Show for Shutdown {
    const KIND: &'static str = "shutdown";

    fn layout(&self) -> Layout {
        let style = if self.graceful { Style::Good } else { Style::Warn };
        Layout::Line(Text::styled(style, self.message))
    }
}
