//! `oxprobe attach`: put the agent into a JVM, or give the one that is in other options.

use std::process::ExitCode;

use clap::Args;

use super::{Outcome, Usage, Way, milliseconds};
use crate::agent::parse_options;
use crate::attach;

/// Put the agent into a JVM, and give it options
#[derive(Debug, Args)]
pub struct AttachCommand {
    #[command(flatten)]
    way: Way,
    /// Options for the agent, such as tunnel-url=wss://tunnel/ws,app-name=orders; %2C for a comma
    #[arg(short, long = "options", value_name = "KEY=VALUE,...")]
    options: Vec<String>,
}

impl AttachCommand {
    /// Attaches, sends the options, says how it went on standard error.
    pub fn run(self) -> Outcome {
        let options = parse_options(&self.options, &std::env::current_dir()?).map_err(Usage)?;
        let guarded = ["http", "telnet", "mcp"].iter().any(|port| options.contains_key(*port))
            && !options.contains_key("password-file");
        let process = self.way.process()?;
        let mut reached = attach::reach(&process, &self.way.attach())?;
        let problems = attach::configure(&mut reached.connection, options, self.way.wait())?;
        let version = &reached.connection.hello.product;
        match reached.loaded {
            Some(took) => {
                eprintln!(
                    "oxprobe: agent {version} attached to JVM {} in {}",
                    process.pid,
                    milliseconds(took)
                );
            }
            None => {
                eprintln!("oxprobe: agent {version} is in JVM {} already; it has the options", process.pid)
            }
        }
        for problem in problems {
            eprintln!("oxprobe: {problem}");
        }
        if guarded {
            eprintln!(
                "oxprobe: without a configured password the port has one of its own, which `oxprobe exec {} session` shows",
                process.pid
            );
        }
        Ok(ExitCode::SUCCESS)
    }
}
