//! `oxprobe detach`: has the agent stop, and verifies from outside that it has.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use super::run::Run;
use super::{Outcome, Way};
use crate::agent::Endpoint;
use crate::attach;
use crate::process::Process;

/// The agent waits up to 2 s for jobs and 1 s for threads in its code; then it ends regardless.
const LIMIT: Duration = Duration::from_secs(10);

/// Stop the agent: everything back as it was
#[derive(Debug, Args)]
pub struct Detach {
    #[command(flatten)]
    way: Way,
}

impl Detach {
    /// Runs `stop`, then waits for the socket to close and the agent's threads to end.
    pub fn run(self) -> Outcome {
        let process = self.way.process()?;
        let Some(connection) = attach::find(&process, self.way.wait())? else {
            eprintln!("oxprobe: the agent is not in JVM {}: nothing to stop", process.pid);
            return Ok(ExitCode::SUCCESS);
        };
        let deadline = Instant::now() + LIMIT;
        let mut run = Run::new(connection, false, Some(deadline))?;
        let code = run.line("stop")?;
        let gone = run.connection.wait_for_end(deadline)
            && !Endpoint::of(&process).is_served()
            && threads_end(&process, deadline);
        if gone || code != 0 {
            return Ok(ExitCode::from(code));
        }
        anyhow::bail!(
            "the agent in JVM {0} said it stopped, but still answers or has threads; see `oxprobe log {0}`",
            process.pid
        )
    }
}

/// Waits until no thread of the agent's is left: the last one ends a moment after its socket.
fn threads_end(process: &Process, deadline: Instant) -> bool {
    let name = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).ok();
    loop {
        // A process that has ended meanwhile has no threads either.
        let tasks = std::fs::read_dir(process.proc("task")).into_iter().flatten().flatten();
        if !tasks.filter_map(name).any(|name| name.starts_with("oxprobe-")) {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
