//! HotSpot's attach protocol, version 1, as the JDK's own tools speak it.
//!
//! A JVM listens at `/tmp/.java_pid<pid>` once somebody asked for it: by a file `.attach_pid<pid>` in
//! its `/tmp` or working directory, and SIGQUIT. A request is `1`, the command and three arguments,
//! each ended by a zero byte; the answer is a line with a code, then text until end of file. Both
//! matter: since JDK 21 an agent that cannot be loaded is reported with code 0 and a text. (JDK
//! sources: `attachListener_posix.cpp`, `attachListener.cpp`, `VirtualMachineImpl.java`.)

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{checks, library::Library};
use crate::failure::Failure;
use crate::process::Process;

const FIRST_PAUSE: Duration = Duration::from_micros(200);
const LAST_PAUSE: Duration = Duration::from_millis(50);

/// Has the JVM load the library and call its `Agent_OnAttach` with the argument. We must be the JVM's
/// user. Waits as long as told for a JVM that is starting, and again for its answer.
pub fn load(process: &Process, library: &Library, argument: &str, wait: Duration) -> Result<(), Failure> {
    let stream = listener(process, library, wait)?;
    let path = library.path.to_string_lossy();
    let request = format!("1\0load\0{path}\0true\0{argument}\0");
    let reply = ask(&stream, request.as_bytes(), wait).map_err(|why| match why.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => no_answer(process, wait),
        _ if !process.is_alive() => Failure::NoSuchProcess { pid: process.pid },
        _ => Failure::LoadRefused {
            pid: process.pid,
            library: library.path.clone(),
            text: format!("the attach connection broke ({why})"),
        },
    })?;
    match Reply::parse(&reply) {
        Reply::Loaded => Ok(()),
        Reply::NotAllowed => Err(Failure::DynamicLoadingDisabled { pid: process.pid }),
        Reply::Failed(text) => {
            Err(Failure::LoadRefused { pid: process.pid, library: library.path.clone(), text })
        }
    }
}

fn no_answer(process: &Process, wait: Duration) -> Failure {
    match Process::read(process.pid) {
        Ok(now) if now.is_stopped() => Failure::Stopped { pid: process.pid },
        Ok(_) => Failure::NoAnswer { pid: process.pid, seconds: wait.as_secs() },
        Err(gone) => gone,
    }
}

fn ask(mut stream: &UnixStream, request: &[u8], wait: Duration) -> std::io::Result<String> {
    stream.set_write_timeout(Some(wait))?;
    stream.set_read_timeout(Some(wait))?;
    stream.write_all(request)?;
    let mut reply = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut reply)?;
    Ok(String::from_utf8_lossy(&reply).into_owned())
}

/// A connection to the JVM's attach listener, which is started where it does not run yet.
fn listener(process: &Process, library: &Library, wait: Duration) -> Result<UnixStream, Failure> {
    let socket = process.path(&format!("/tmp/.java_pid{}", process.nspid));
    if let Some(stream) = connect(process, &socket)? {
        return Ok(stream);
    }
    // With attaching disabled the signal would print a thread dump into the application's output.
    checks::attach_mechanism(process, library)?;
    let deadline = Instant::now() + wait;
    if let Some(stream) = wait_for_start(process, &socket, deadline)? {
        return Ok(stream);
    }
    let trigger = Trigger::create(process)?;
    let quit = || kill(Pid::from_raw(process.pid), Signal::SIGQUIT);
    quit().map_err(|_| Failure::NoSuchProcess { pid: process.pid })?;
    let mut again = Some(Instant::now() + wait / 2);
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(stream) = connect(process, &socket)? {
            return Ok(stream);
        }
        let now = Instant::now();
        if now >= deadline {
            return Err(no_answer(process, wait));
        }
        if !process.is_alive() {
            return Err(Failure::NoSuchProcess { pid: process.pid });
        }
        // A signal that came while the JVM was setting itself up may have found nobody.
        if trigger.path.exists() && again.take_if(|again| now >= *again).is_some() {
            let _ = quit();
        }
        sleep(pause);
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// Waits until SIGQUIT may be sent, which earlier would kill the JVM. One started with -Xrs never
/// catches it, but listens from the start.
fn wait_for_start(
    process: &Process,
    socket: &Path,
    deadline: Instant,
) -> Result<Option<UnixStream>, Failure> {
    let mut pause = FIRST_PAUSE;
    loop {
        let now = Process::read(process.pid)?;
        if now.start != process.start {
            return Err(Failure::NoSuchProcess { pid: process.pid });
        }
        if now.is_stopped() {
            return Err(Failure::Stopped { pid: process.pid });
        }
        if now.takes_sigquit() {
            return Ok(None);
        }
        if let Some(stream) = connect(process, socket)? {
            return Ok(Some(stream));
        }
        if Instant::now() >= deadline {
            return Err(Failure::Starting { pid: process.pid });
        }
        sleep(pause);
        pause = (pause * 2).min(LAST_PAUSE);
    }
}

/// Connects to the listener's socket. A file that is not the JVM's, or that nobody listens on, is a
/// leftover and is removed: the JVM would not replace it while it believes to listen there.
fn connect(process: &Process, socket: &Path) -> Result<Option<UnixStream>, Failure> {
    let Ok(file) = fs::symlink_metadata(socket) else { return Ok(None) };
    let is_theirs = file.file_type().is_socket() && (file.uid() == process.uid || file.uid() == 0);
    if is_theirs {
        match UnixStream::connect(socket) {
            Ok(stream) => return Ok(Some(stream)),
            Err(why) if why.kind() == ErrorKind::ConnectionRefused => {}
            Err(why) => {
                return Err(Failure::StaleSocket { path: socket.to_owned(), why: why.kind().to_string() });
            }
        }
    }
    match fs::remove_file(socket) {
        Err(why) if why.kind() != ErrorKind::NotFound => {
            Err(Failure::StaleSocket { path: socket.to_owned(), why: why.kind().to_string() })
        }
        _ => Ok(None),
    }
}

/// The file that makes SIGQUIT mean "listen" instead of "print all threads". Removed when dropped.
#[derive(Debug)]
struct Trigger {
    path: PathBuf,
}

impl Trigger {
    /// In `/tmp`, so that no application sees a file come and go in its folder; in the working
    /// directory where that fails. The JVM looks at both, and at the file's owner.
    fn create(process: &Process) -> Result<Self, Failure> {
        let name = format!(".attach_pid{}", process.nspid);
        let path = process.path(&format!("/tmp/{name}"));
        match Self::at(path.clone(), process.uid) {
            Ok(trigger) => Ok(trigger),
            // HotSpot puts its socket into /tmp too: without it nothing would follow.
            Err(why) if matches!(why.kind(), ErrorKind::ReadOnlyFilesystem | ErrorKind::NotFound) => {
                Err(Failure::NoTmp { path, uid: process.uid, why: why.kind().to_string() })
            }
            Err(why) => Self::at(process.proc(&format!("cwd/{name}")), process.uid)
                .map_err(|_| Failure::NoTmp { path, uid: process.uid, why: why.kind().to_string() }),
        }
    }

    fn at(path: PathBuf, uid: u32) -> std::io::Result<Self> {
        // A leftover may belong to somebody else.
        let _ = fs::remove_file(&path);
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let trigger = Self { path };
        let owner = fs::symlink_metadata(&trigger.path)?.uid();
        if owner != uid {
            // Such as a folder over a network that maps users.
            return Err(ErrorKind::PermissionDenied.into());
        }
        Ok(trigger)
    }
}

impl Drop for Trigger {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// What a JVM answered to `load`.
#[derive(Debug, PartialEq, Eq)]
enum Reply {
    Loaded,
    NotAllowed,
    /// The JVM's own words.
    Failed(String),
}

impl Reply {
    fn parse(reply: &str) -> Self {
        let (code, text) = reply.split_once('\n').unwrap_or((reply, ""));
        let text = text.trim();
        if text.contains("Dynamic agent loading is not enabled") {
            return Self::NotAllowed;
        }
        if code.trim() != "0" {
            return Self::Failed(match (code.trim(), text) {
                ("", "") => "it closed the attach connection without an answer".to_owned(),
                // ATTACH_ERROR_BADVERSION
                ("101", _) => "it does not speak version 1 of the attach protocol".to_owned(),
                (code, "") => format!("it answered {code} and no reason"),
                (_, text) => one_line(text),
            });
        }
        // JDK 8 prints what Agent_OnAttach returned, later ones "return code: " before it.
        match text.strip_prefix("return code:").unwrap_or(text).trim().parse::<i64>() {
            Ok(0) => Self::Loaded,
            Ok(code) => Self::Failed(format!("its Agent_OnAttach returned {code}")),
            Err(_) if text.is_empty() => Self::Loaded,
            Err(_) => Self::Failed(one_line(text)),
        }
    }
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_is_told_in_three_ways() {
        for reply in ["0\n0\n", "0\nreturn code: 0\n", "0\n", "0"] {
            assert_eq!(Reply::parse(reply), Reply::Loaded, "{reply:?}");
        }
    }

    #[test]
    fn code_zero_with_a_text_is_a_failure() {
        let reply = "0\n/x/a.so was not loaded.\n/x/a.so: cannot open shared object file\n";
        assert_eq!(
            Reply::parse(reply),
            Reply::Failed("/x/a.so was not loaded. /x/a.so: cannot open shared object file".into())
        );
        assert_eq!(
            Reply::parse("0\nreturn code: 7\n"),
            Reply::Failed("its Agent_OnAttach returned 7".into())
        );
        assert_eq!(Reply::parse("0\n7\n"), Reply::Failed("its Agent_OnAttach returned 7".into()));
    }

    #[test]
    fn a_ban_on_dynamic_loading_is_recognised_whatever_the_code() {
        let text =
            "Dynamic agent loading is not enabled. Use -XX:+EnableDynamicAgentLoading to launch target VM.";
        assert_eq!(Reply::parse(&format!("0\n{text}\n")), Reply::NotAllowed);
        assert_eq!(Reply::parse(&format!("-1\n{text}\n")), Reply::NotAllowed);
    }

    #[test]
    fn an_empty_answer_and_a_bare_code_are_failures() {
        assert!(matches!(Reply::parse(""), Reply::Failed(_)));
        assert_eq!(Reply::parse("-1\n"), Reply::Failed("it answered -1 and no reason".into()));
    }
}
