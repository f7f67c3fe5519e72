//! From what the user typed, a pid or a part of a name, to one process.

use super::{Jvm, Process};
use crate::failure::Failure;

/// The process meant by `PID|NAME-PART`. A name is looked for, in any case, in main classes and jar
/// names; tools of the JDK are never meant.
pub fn resolve(target: &str) -> Result<Process, Failure> {
    if let Ok(pid) = target.parse() {
        return Process::read(pid);
    }
    let part = target.to_lowercase();
    let mut found: Vec<Jvm> = Jvm::all();
    found.retain(|jvm| !jvm.is_tool && jvm.main.to_lowercase().contains(&part));
    match found.len() {
        0 => Err(Failure::NameMatchesNone { part: target.to_owned() }),
        1 => found.pop().map(|jvm| jvm.process).ok_or(Failure::NameMatchesNone { part: target.to_owned() }),
        _ => {
            let lines = found.iter().map(|jvm| format!("{:>9}  {}", jvm.process.pid, jvm.short_main()));
            let list = lines.collect::<Vec<_>>().join("\n");
            Err(Failure::NameMatchesSeveral { part: target.to_owned(), list })
        }
    }
}
