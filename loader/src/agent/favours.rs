//! What we do for the agent while we are connected: lend it the jars beside this program, or beside the agent's library, and
//! decompile for it.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use lender::{Bench, Desk, Java, Shelf};
use wire::{DECOMPILE, Frame, Message, PartWanted};

use super::Lost;
use crate::process::Process;

/// Names the Java that decompiles; `none` has the target decompile.
const JAVA: &str = "OXPROBE_JAVA";

/// One window, one decompiler at work; a second one may begin while the first one ends.
const MOST: usize = 2;

/// See the module.
pub(super) struct Favours {
    shelf: Shelf,
    desk: Desk,
    out: Out,
}

impl fmt::Debug for Favours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Favours").field("works", &self.desk.works()).finish_non_exhaustive()
    }
}

/// The way to the agent, on which threads of the desk speak, too. A frame goes out whole.
#[derive(Clone, Debug)]
pub(super) struct Out(Arc<Mutex<UnixStream>>);

impl Out {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }

    pub(super) fn send(&self, frame: &Frame) -> Result<(), Lost> {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes)?;
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).write_all(&bytes)?)
    }
}

impl Favours {
    /// For the agent in this process.
    pub(super) fn new(out: Out, process: &Process) -> Self {
        let shelf = Shelf::beside(std::env::var_os("OXPROBE_AGENT").map(PathBuf::from));
        let bench = java(process).and_then(|java| Bench::new(java, shelf.clone(), MOST)).map(Arc::new);
        let to = out.clone();
        let desk = Desk::new(bench, move |frame| {
            // That the agent is gone is for the reader to meet.
            let _ = to.send(&frame);
        });
        Self { shelf, desk, out }
    }

    pub(super) fn capabilities(&self) -> Vec<String> {
        let works = self.desk.works().then_some(DECOMPILE);
        [PartWanted::CAPABILITY].into_iter().chain(works).map(str::to_owned).collect()
    }

    /// Does what is asked for; gives back a frame that asks for nothing.
    pub(super) fn take(&mut self, frame: Frame) -> Result<Option<Frame>, Lost> {
        match frame.message {
            Message::PartWanted(wanted) => {
                let message = Message::Part(self.shelf.piece(&wanted));
                self.out.send(&Frame { session: frame.session, message })?;
            }
            Message::WorkPart(_) | Message::Work(_) | Message::WorkOver(_) => self.desk.take(frame),
            _ => return Ok(Some(frame)),
        }
        Ok(None)
    }
}

/// The Java of the environment; else, where we see the same files, the one that the target itself is: an image may have no
/// other.
fn java(process: &Process) -> Option<Java> {
    let named = std::env::var_os(JAVA);
    match Java::named(named.as_deref()) {
        Ok(Some(java)) => Some(java),
        Ok(None) if named.as_deref().is_some_and(|name| name == Java::NONE) => None,
        Ok(None) => own(process),
        Err(why) => {
            eprintln!("oxprobe: {JAVA}: {why}");
            None
        }
    }
}

fn own(process: &Process) -> Option<Java> {
    let of = |who: &str| fs::read_link(format!("/proc/{who}/ns/mnt")).ok();
    if of("self")? != of(&process.pid.to_string())? {
        return None;
    }
    let program = fs::read_link(format!("/proc/{}/exe", process.pid)).ok()?;
    (program.file_name() == Some(OsStr::new("java"))).then(|| Java::at(program)).flatten()
}
