//! What must be true before a library can be loaded, each as one check.
//!
//! Attaching stops at the first that fails; `oxprobe doctor` runs them all and shows each with its
//! fix. They only look: nothing is changed, no signal is sent.

use std::fs;

use super::credentials::Switch;
use super::library::Library;
use crate::failure::Failure;
use crate::process::{Maps, PerfData, Process};

/// A check's name and the check; it yields what it found.
pub type Check = (&'static str, fn(&Process, &Library) -> Result<String, Failure>);

/// In the order in which they make sense.
pub const ALL: &[Check] = &[
    ("running", running),
    ("user", user),
    ("file system", file_system),
    ("HotSpot JVM", jvm),
    ("started", started),
    ("attach mechanism", attach_mechanism),
    ("dynamic loading", dynamic_loading),
    ("agent file", library),
    ("architecture", fit),
    ("/tmp", tmp),
];

/// Those that look at the agent's file.
pub const NEED_LIBRARY: &[&str] = &["agent file", "architecture"];

/// The checks a load depends on, without those the JVM's own answer decides.
pub fn before_loading(process: &Process, library: &Library) -> Result<(), Failure> {
    running(process, library)?;
    file_system(process, library)?;
    let maps = maps(process)?;
    library.check_fit(process, &maps)?;
    Ok(())
}

fn running(process: &Process, _: &Library) -> Result<String, Failure> {
    let now = Process::read(process.pid)?;
    if now.is_stopped() {
        return Err(Failure::Stopped { pid: process.pid });
    }
    Ok(format!("process {} ({}), state {}", now.pid, now.comm, now.state))
}

fn user(process: &Process, _: &Library) -> Result<String, Failure> {
    let _as_target = Switch::to(process)?;
    Ok(format!("can be uid {}, gid {}", process.uid, process.gid))
}

fn file_system(process: &Process, _: &Library) -> Result<String, Failure> {
    if process.has_own_files() {
        return Err(Failure::OtherFileSystem { pid: process.pid });
    }
    Ok("the same as ours".to_owned())
}

/// What the process has mapped; an error where it is no JVM we can attach to.
pub fn maps(process: &Process) -> Result<Maps, Failure> {
    let not = |why| Failure::NotAJvm { pid: process.pid, comm: process.comm.clone(), why };
    let maps = Maps::read(process).map_err(|why| match why.kind() {
        std::io::ErrorKind::NotFound => Failure::NoSuchProcess { pid: process.pid },
        _ => Failure::OtherUser {
            pid: process.pid,
            uid: process.uid,
            own: nix::unistd::geteuid().as_raw(),
            why: "may not look into it (it has capabilities of its own, or the system forbids ptrace)",
        },
    })?;
    if maps.openj9 {
        return Err(not("it is OpenJ9, which oxprobe does not support yet"));
    }
    if maps.libjvm.is_none() {
        return Err(not("it has no libjvm.so mapped"));
    }
    Ok(maps)
}

fn jvm(process: &Process, _: &Library) -> Result<String, Failure> {
    let _as_target = Switch::to(process)?;
    let library = maps(process)?.libjvm.unwrap_or_default();
    Ok(library.display().to_string())
}

/// Whether the signal may be sent. A JVM with -Xrs catches none, but listens from its start.
fn started(process: &Process, _: &Library) -> Result<String, Failure> {
    let now = Process::read(process.pid)?;
    let listens = now.path(&format!("/tmp/.java_pid{}", now.nspid)).exists();
    if now.takes_sigquit() || listens {
        Ok("yes".to_owned())
    } else {
        Err(Failure::Starting { pid: now.pid })
    }
}

/// The JVM publishes whether it can be attached to; where it publishes nothing, its options tell.
pub fn attach_mechanism(process: &Process, _: &Library) -> Result<String, Failure> {
    let _as_target = Switch::to(process)?;
    let published = PerfData::read(process).and_then(|perf| perf.is_attachable());
    match published.or_else(|| flag(process, "DisableAttachMechanism").map(|disabled| !disabled)) {
        Some(false) => Err(Failure::AttachDisabled { pid: process.pid }),
        _ => Ok("enabled".to_owned()),
    }
}

fn dynamic_loading(process: &Process, _: &Library) -> Result<String, Failure> {
    let _as_target = Switch::to(process)?;
    match flag(process, "EnableDynamicAgentLoading") {
        Some(false) => Err(Failure::DynamicLoadingDisabled { pid: process.pid }),
        Some(true) => Ok("allowed by option".to_owned()),
        None if PerfData::read(process).and_then(|perf| perf.major()).is_some_and(|major| major >= 21) => {
            // JEP 451.
            Ok("allowed, with a warning that -XX:+EnableDynamicAgentLoading hides".to_owned())
        }
        None => Ok("allowed".to_owned()),
    }
}

fn library(process: &Process, library: &Library) -> Result<String, Failure> {
    let _as_target = Switch::to(process)?;
    library.check_access(process.uid)?;
    Ok(library.path.display().to_string())
}

fn fit(process: &Process, library: &Library) -> Result<String, Failure> {
    let _as_target = Switch::to(process)?;
    let machine = library.check_fit(process, &maps(process)?)?;
    Ok(format!("{machine} for both"))
}

fn tmp(process: &Process, _: &Library) -> Result<String, Failure> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    let _as_target = Switch::to(process)?;
    let path = process.path("/tmp");
    match accessat(CWD, &path, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS) {
        Ok(()) => Ok(format!("uid {} can write to it", process.uid)),
        Err(why) => Err(Failure::NoTmp { path, uid: process.uid, why: why.to_string() }),
    }
}

/// How an `-XX:` flag is set on the command line, in the environment, or by what the JVM publishes of
/// its options. The last one counts.
fn flag(process: &Process, name: &str) -> Option<bool> {
    let (on, off) = (format!("-XX:+{name}"), format!("-XX:-{name}"));
    let environment = fs::read(process.proc("environ")).unwrap_or_default();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let variable = |wanted: &str| {
        let found =
            environment.split(|byte| *byte == 0).find_map(|entry| entry.strip_prefix(wanted.as_bytes()));
        found.map(text).unwrap_or_default()
    };
    let published = PerfData::read(process).and_then(|perf| perf.vm_arguments().map(str::to_owned));
    let command = text(&fs::read(process.proc("cmdline")).unwrap_or_default()).replace('\0', " ");
    [
        variable("JAVA_TOOL_OPTIONS="),
        variable("JDK_JAVA_OPTIONS="),
        command,
        published.unwrap_or_default(),
        variable("_JAVA_OPTIONS="),
    ]
    .iter()
    .flat_map(|options| options.split_whitespace())
    .fold(None, |known, word| {
        if word == on {
            Some(true)
        } else if word == off {
            Some(false)
        } else {
            known
        }
    })
}
