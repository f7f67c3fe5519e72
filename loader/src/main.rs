//! The `oxprobe` command: finds JVMs, puts the agent into them, and runs commands there.
//!
//! A program of our own, in nobody's JVM: it may print. One file per subcommand is in [`command`];
//! [`attach`] gets the agent in, [`agent`] talks to it, [`process`] looks at `/proc`.
#![forbid(unsafe_code)]
#![expect(unreachable_pub, reason = "nothing in a program is reachable; `pub` marks what a module offers")]
#![expect(clippy::print_stderr, reason = "a command line program talks to its user")]

mod agent;
mod attach;
mod command;
mod failure;
mod process;
mod terminal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Failure;

/// See into a running JVM: no JDK, no restart, no open port.
#[derive(Debug, Parser)]
#[command(name = "oxprobe", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done, 1 failed, 2 usage, 3 target not reachable, 4 refused.";

#[derive(Debug, Subcommand)]
enum Command {
    /// List the JVMs that can be seen
    Ps(command::ps::Ps),
    /// Put the agent into a JVM, and give it options
    Attach(command::attach::AttachCommand),
    /// Run a command in a JVM, or several
    Exec(command::exec::Exec),
    /// Open a console in a JVM
    Console(command::console::Console),
    /// Show the agent's log
    Log(command::log::Log),
    /// Stop the agent: everything back as it was
    Detach(command::detach::Detach),
    /// Check what could keep the agent out, each with its fix
    Doctor(command::doctor::Doctor),
    /// The names of the ways attaching can fail, for the tests
    #[command(hide = true)]
    AttachFailures,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Ps(ps) => ps.run(),
        Command::Attach(attach) => attach.run(),
        Command::Exec(exec) => exec.run(),
        Command::Console(console) => console.run(),
        Command::Log(log) => log.run(),
        Command::Detach(detach) => detach.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::AttachFailures => {
            command::print(&format!("{}\n", Failure::NAMES.join("\n"))).map(|()| ExitCode::SUCCESS)
        }
    };
    result.unwrap_or_else(|why| {
        if command::is_closed_output(&why) {
            return ExitCode::SUCCESS;
        }
        eprintln!("oxprobe: {why:#}");
        ExitCode::from(command::code(&why))
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_declared_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_before_the_command_are_ours_and_those_behind_it_the_commands() {
        let line = ["oxprobe", "exec", "1", "--json", "thread", "-n", "3", "--json"];
        let exec = format!("{:?}", Cli::try_parse_from(line).unwrap().command);
        assert!(exec.contains(r#"command: ["thread", "-n", "3", "--json"]"#), "{exec}");
        assert!(exec.contains("json: true"), "{exec}");
    }
}
