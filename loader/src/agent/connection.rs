//! A connection to the agent: frames out, frames in, with deadlines.

use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use thiserror::Error;
use wire::{Decoder, Frame, FrameError, Hello, Message, SessionId, Version};

use super::favours::{Favours, Out};
use crate::failure::Failure;
use crate::process::Process;

/// How long the agent may leave us waiting for room to write in.
const WRITE_LIMIT: Duration = Duration::from_secs(5);

/// A JVM that exits closes our connection first and is gone a moment later.
const LAST_BREATH: Duration = Duration::from_millis(300);

/// Why a connection is over that was not to end yet.
#[derive(Debug, Error)]
pub enum Lost {
    /// End of file, and the process is gone.
    #[error("the JVM (process {0}) has ended")]
    ProcessEnded(i32),
    /// End of file, the process goes on.
    #[error("the agent in JVM {0} closed the connection: it was stopped, or replaced by another one")]
    Closed(i32),
    /// The deadline passed.
    #[error("the agent in JVM {0} did not answer in time; the JVM may hang, or be stopped")]
    Late(i32),
    /// It is no agent of ours, or a broken one.
    #[error(transparent)]
    Malformed(#[from] FrameError),
    /// The system said so.
    #[error("the connection to the agent broke: {0}")]
    Broken(#[from] std::io::Error),
    /// The agent said why.
    #[error("the agent refused: {0}")]
    Refused(String),
}

/// A connection on which both sides have said [`Hello`].
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    out: Out,
    favours: Favours,
    decoder: Decoder,
    process: Process,
    /// What the agent said of itself.
    pub hello: Hello,
}

impl Connection {
    /// Exchanges `Hello` on a connected socket.
    pub fn open(stream: UnixStream, process: &Process, deadline: Instant) -> Result<Self, Failure> {
        let pid = process.pid;
        let silent = |lost: Lost| match lost {
            Lost::Refused(message) => Failure::AgentRefused { pid, message },
            lost => Failure::AgentSilent { pid, why: lost.to_string() },
        };
        stream.set_write_timeout(Some(WRITE_LIMIT)).map_err(|why| silent(why.into()))?;
        let out = Out::new(stream.try_clone().map_err(|why| silent(why.into()))?);
        let favours = Favours::new(out.clone(), process);
        let ours = Hello {
            proto: Version::CURRENT,
            product: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: favours.capabilities(),
            nonce: None,
            pid: None,
            signatures: Vec::new(),
        };
        let mut connection = Self {
            stream,
            out,
            favours,
            decoder: Decoder::new(),
            process: process.clone(),
            hello: ours.clone(),
        };
        connection.send(0, Message::Hello(ours)).map_err(silent)?;
        connection.hello = loop {
            match connection.receive(Some(deadline)).map_err(silent)?.message {
                Message::Hello(hello) => break hello,
                Message::Refused(refused) => return Err(silent(Lost::Refused(refused.message))),
                _ => {}
            }
        };
        if connection.hello.proto.major == Version::CURRENT.major {
            return Ok(connection);
        }
        Err(Failure::OtherProtocol {
            pid,
            product: connection.hello.product,
            own_product: env!("CARGO_PKG_VERSION"),
            theirs: connection.hello.proto,
            ours: Version::CURRENT,
        })
    }

    /// The process at the other end.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// For [`poll`].
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    /// Sends one frame. That the other end has closed is no error here: what it said before is still
    /// to be read, and the reader meets the end after it.
    pub fn send(&mut self, session: SessionId, message: Message) -> Result<(), Lost> {
        match self.out.send(&Frame { session, message }) {
            Err(Lost::Broken(why))
                if matches!(why.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) =>
            {
                Ok(())
            }
            Err(Lost::Broken(why)) if why.kind() == ErrorKind::WouldBlock => {
                Err(Lost::Late(self.process.pid))
            }
            sent => sent,
        }
    }

    /// The next frame that has arrived already. What the agent asks us to do for it is done, and not among them.
    pub fn take(&mut self) -> Result<Option<Frame>, Lost> {
        while let Some(frame) = self.decoder.next()? {
            if let Some(frame) = self.favours.take(frame)? {
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    /// Reads what has arrived, after [`poll`] said that something has.
    pub fn fill(&mut self) -> Result<(), Lost> {
        if self.read()? { Ok(()) } else { Err(self.ended()) }
    }

    /// Whether something was read; `false` at the end.
    fn read(&mut self) -> std::io::Result<bool> {
        let mut buffer = [0; 64 * 1024];
        match self.stream.read(&mut buffer) {
            Ok(0) => Ok(false),
            Ok(length) => {
                self.decoder.feed(buffer.get(..length).unwrap_or_default());
                Ok(true)
            }
            Err(why) if why.kind() == ErrorKind::Interrupted => Ok(true),
            Err(why) if why.kind() == ErrorKind::ConnectionReset => Ok(false),
            Err(why) => Err(why),
        }
    }

    /// The next frame; without a deadline, whenever it comes.
    pub fn receive(&mut self, deadline: Option<Instant>) -> Result<Frame, Lost> {
        loop {
            if let Some(frame) = self.take()? {
                return Ok(frame);
            }
            let [ready] = wait([Some(self.fd())], deadline)?;
            if ready {
                self.fill()?;
            } else if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Err(Lost::Late(self.process.pid));
            }
        }
    }

    /// Waits for the agent to end the connection. `false`: it did not in time.
    pub fn wait_for_end(&mut self, deadline: Instant) -> bool {
        loop {
            match wait([Some(self.fd())], Some(deadline)) {
                Ok([true]) => {}
                Ok([false]) if Instant::now() < deadline => continue,
                Ok([false]) => return false,
                Err(_) => return true,
            }
            while let Ok(Some(_)) = self.take() {}
            if !self.read().unwrap_or(false) {
                return true;
            }
        }
    }

    fn ended(&self) -> Lost {
        let pid = self.process.pid;
        let deadline = Instant::now() + LAST_BREATH;
        while self.process.is_alive() {
            if Instant::now() >= deadline {
                return Lost::Closed(pid);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Lost::ProcessEnded(pid)
    }
}

/// Waits until one of the files can be read, or has ended, or the deadline has passed.
pub fn wait<const N: usize>(
    files: [Option<BorrowedFd<'_>>; N],
    deadline: Option<Instant>,
) -> std::io::Result<[bool; N]> {
    let timeout = match deadline {
        None => PollTimeout::NONE,
        Some(deadline) => {
            // Rounded up: the deadline must have passed when nothing is ready.
            let left = deadline.saturating_duration_since(Instant::now()) + Duration::from_micros(999);
            PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
        }
    };
    let mut polled: Vec<PollFd<'_>> =
        files.iter().flatten().map(|file| PollFd::new(*file, PollFlags::POLLIN)).collect();
    match poll(&mut polled, timeout) {
        Ok(_) | Err(nix::Error::EINTR) => {}
        Err(why) => return Err(why.into()),
    }
    let mut polled = polled.into_iter();
    Ok(files.map(|file| {
        let polled = file.and_then(|_| polled.next());
        polled.and_then(|polled| polled.any()).unwrap_or(false)
    }))
}
