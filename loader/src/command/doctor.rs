//! `oxprobe doctor`: each thing that could keep the agent out, checked, with its fix. Changes nothing.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use nix::unistd::geteuid;

use super::{Outcome, print};
use crate::attach::{Library, checks, find};
use crate::failure::Failure;
use crate::process::{self, Jvm, Process};

/// An agent that is in answers at once, or there is something to say about it.
const ANSWER: Duration = Duration::from_secs(3);

/// Check what could keep the agent out, each with its fix
#[derive(Debug, Args)]
pub struct Doctor {
    /// Pid, or part of the main class or jar name; without it, only this machine is checked
    #[arg(value_name = "PID|NAME")]
    target: Option<String>,
    /// The agent's liboxprobe.so, when it is not beside this program
    #[arg(long, value_name = "FILE")]
    agent: Option<PathBuf>,
}

impl Doctor {
    /// Prints the checks; the exit code is that of the first that failed.
    pub fn run(self) -> Outcome {
        let mut report = Report::default();
        let library = Library::find(self.agent.as_deref());
        let found = library.as_ref().map(|library| library.path.display().to_string());
        report.add("agent library", found);
        match &self.target {
            None => machine(&mut report),
            Some(target) => {
                // Without a library what else can be said is still said.
                let library = library.unwrap_or_else(|_| Library { path: PathBuf::new() });
                target_checks(&process::resolve(target)?, &library, &mut report);
            }
        }
        print(&report.text)?;
        Ok(report.code.map_or(ExitCode::SUCCESS, ExitCode::from))
    }
}

fn machine(report: &mut Report) {
    let uid = geteuid();
    report.note(
        "user",
        &if uid.is_root() {
            "root: can attach to every JVM it sees".to_owned()
        } else {
            format!("uid {uid}: can attach to JVMs of this user only")
        },
    );
    let jvms = Jvm::all();
    let others = jvms.iter().filter(|jvm| jvm.agent.is_none()).count();
    let mut text = format!("{} seen; `oxprobe doctor PID` checks one", jvms.len());
    if others > 0 {
        text.push_str(&format!(
            ". {others} of them may not be looked into: run this as their user or as root"
        ));
    }
    if jvms.is_empty() {
        text = "none seen; in a container, share the pid namespace with the target".to_owned();
    }
    report.note("JVMs", &text);
}

fn target_checks(process: &Process, library: &Library, report: &mut Report) {
    // It may have died between two checks; then each says so.
    let is_in = match find(process, ANSWER) {
        Ok(Some(connection)) => {
            let hello = &connection.hello;
            report.note(
                "agent",
                &format!("version {} is in and answers (protocol {})", hello.product, hello.proto),
            );
            true
        }
        Ok(None) => {
            let may_look = geteuid().is_root() || geteuid().as_raw() == process.uid;
            report.note("agent", if may_look { "not in" } else { "only its own user and root can tell" });
            false
        }
        Err(why) => {
            report.add("agent", Err(&why));
            false
        }
    };
    let is_found = !library.path.as_os_str().is_empty();
    for (name, check) in
        checks::ALL.iter().filter(|(name, _)| is_found || !checks::NEED_LIBRARY.contains(name))
    {
        report.add(name, check(process, library).as_ref().map(Clone::clone));
    }
    if is_in && report.code.is_some() {
        report.note("so", "the agent is in, so the commands work; what failed matters to the next attach");
    }
}

#[derive(Default)]
struct Report {
    text: String,
    code: Option<u8>,
}

impl Report {
    fn add(&mut self, name: &str, result: Result<String, &Failure>) {
        match result {
            Ok(found) => self.note(name, &found),
            Err(failure) => {
                let why = failure.to_string();
                // One cause keeps several checks from being made; its fix is said once.
                if self.text.contains(&why) {
                    self.text.push_str(&format!("-     {name:<18}not checked, for the reason above\n"));
                } else {
                    self.text.push_str(&format!("FAIL  {name:<18}{why}\n"));
                }
                self.code.get_or_insert(failure.code());
            }
        }
    }

    fn note(&mut self, name: &str, found: &str) {
        self.text.push_str(&format!("ok    {name:<18}{found}\n"));
    }
}
