//! `oxprobe log`: what the agent wrote down. It keeps its log in memory, since the JVM's output
//! belongs to the application.

use std::process::ExitCode;

use clap::Args;
use wire::Message;

use super::{Outcome, Way, print};
use crate::agent::Lost;

/// Show the agent's log
#[derive(Debug, Args)]
pub struct Log {
    #[command(flatten)]
    way: Way,
}

impl Log {
    /// Prints the log, oldest line first.
    pub fn run(self) -> Outcome {
        let mut connection = self.way.connect(false)?;
        connection.send(0, Message::Log)?;
        loop {
            match connection.receive(Some(self.way.deadline()))?.message {
                Message::LogLines(lines) => {
                    let text: String = lines.lines.iter().map(|line| format!("{line}\n")).collect();
                    print(&text)?;
                    if !lines.more {
                        return Ok(ExitCode::SUCCESS);
                    }
                }
                Message::Refused(refused) => return Err(Lost::Refused(refused.message).into()),
                _ => {}
            }
        }
    }
}
