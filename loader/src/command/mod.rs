//! The subcommands, one file each, and what they share: the options that lead to a JVM, and how an
//! error becomes an exit code.

pub mod attach;
pub mod console;
pub mod detach;
pub mod doctor;
pub mod exec;
pub mod log;
pub mod ps;
mod run;

use std::io::{ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;

use crate::agent::{Connection, Lost};
use crate::attach::{Attach, configure, find, reach};
use crate::failure::{self, Failure};
use crate::process::{self, Process};

/// What a subcommand yields.
pub type Outcome = anyhow::Result<ExitCode>;

/// A command line that makes no sense for a reason the parser cannot see.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// How to get to a JVM.
#[derive(Debug, Args)]
pub struct Way {
    /// Pid, or part of the main class or jar name
    #[arg(value_name = "PID|NAME")]
    target: String,
    /// The agent's liboxprobe.so, when it is not beside this program
    #[arg(long, value_name = "FILE")]
    agent: Option<PathBuf>,
    /// How long to wait for a JVM that starts or is slow to answer
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    wait: u64,
}

impl Way {
    /// The process that was meant.
    pub fn process(&self) -> Result<Process, Failure> {
        process::resolve(&self.target)
    }

    /// How long to wait for an answer.
    pub fn wait(&self) -> Duration {
        Duration::from_secs(self.wait)
    }

    /// When waiting ends.
    pub fn deadline(&self) -> Instant {
        Instant::now() + self.wait()
    }

    /// How to load the agent.
    pub fn attach(&self) -> Attach {
        Attach { library: self.agent.clone(), wait: self.wait() }
    }

    /// A connection, for a command that needs one: the agent is loaded when it is not in, and that is
    /// said on standard error.
    pub fn connect(&self, may_attach: bool) -> anyhow::Result<Connection> {
        let process = self.process()?;
        if !may_attach {
            let Some(connection) = find(&process, self.wait())? else {
                return Err(NotIn(process.pid).into());
            };
            return Ok(connection);
        }
        let mut reached = reach(&process, &self.attach())?;
        if let Some(took) = reached.loaded {
            eprintln!("oxprobe: attached to {} in {}", process.pid, milliseconds(took));
            for problem in configure(&mut reached.connection, Default::default(), self.wait())? {
                eprintln!("oxprobe: {problem}");
            }
        }
        Ok(reached.connection)
    }
}

/// The agent is not in, and was not to be loaded.
#[derive(Debug, thiserror::Error)]
#[error("the agent is not in JVM {0}; `oxprobe attach {0}` puts it there")]
pub struct NotIn(pub i32);

/// A time for people.
pub fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// Writes to standard output.
pub fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

/// Whether the reader of our output has gone, as `head` does when it has enough. No error.
pub fn is_closed_output(why: &anyhow::Error) -> bool {
    why.downcast_ref::<std::io::Error>().is_some_and(|why| why.kind() == ErrorKind::BrokenPipe)
}

/// The exit code for an error.
pub fn code(why: &anyhow::Error) -> u8 {
    if let Some(failure) = why.downcast_ref::<Failure>() {
        return failure.code();
    }
    match why.downcast_ref::<Lost>() {
        Some(Lost::Refused(_)) => return failure::REFUSED,
        Some(Lost::ProcessEnded(_) | Lost::Closed(_) | Lost::Late(_)) => return failure::UNREACHABLE,
        Some(_) => return failure::FAILED,
        None => {}
    }
    if why.is::<NotIn>() {
        return failure::UNREACHABLE;
    }
    if why.is::<Usage>() { failure::USAGE } else { failure::FAILED }
}
