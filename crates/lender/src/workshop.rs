//! A decompiler at work: a small JVM that knows one class's files and is told and asks in turns, as
//! `java-shim/parts/Workshop.java` has it. It ends with what is here, and with this program.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// The longest turn of it that is taken, in bytes: an agent takes no longer one.
const LONGEST: u32 = 16 << 20;

/// See the module. Dropping it ends it.
pub(crate) struct Workshop {
    child: Ender,
    said: ChildStdin,
    heard: ChildStdout,
}

/// Ends a workshop from elsewhere.
#[derive(Clone)]
pub(crate) struct Ender(Arc<Mutex<Child>>);

impl Workshop {
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        // Where memory runs out after all, the kernel shall take this one, not the application beside it. Anybody may say so of
        // his own processes.
        let _ = std::fs::write(format!("/proc/{}/oom_score_adj", child.id()), "1000");
        let (said, heard) = (child.stdin.take(), child.stdout.take());
        let child = Ender(Arc::new(Mutex::new(child)));
        match (said, heard) {
            (Some(said), Some(heard)) => Ok(Self { child, said, heard }),
            _ => {
                child.end();
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
    }

    /// Tells it something and waits for what it says next. An error: it is over.
    pub(crate) fn turn(&mut self, said: &[u8]) -> io::Result<Vec<u8>> {
        let length = u32::try_from(said.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        self.said.write_all(&length.to_be_bytes())?;
        self.said.write_all(said)?;
        self.said.flush()?;
        let mut length = [0; 4];
        self.heard.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length);
        if length > LONGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let mut heard = Vec::new();
        (&mut self.heard).take(u64::from(length)).read_to_end(&mut heard)?;
        if heard.len() == length as usize { Ok(heard) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    pub(crate) fn ender(&self) -> Ender {
        self.child.clone()
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        self.child.end();
    }
}

impl Ender {
    /// Kills it and takes its end, so that no zombie stays. It may be over already.
    pub(crate) fn end(&self) {
        let mut child = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Either may say that it is over.
        let _ = child.kill();
        let _ = child.wait();
    }
}
