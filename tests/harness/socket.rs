//! The agent's local socket, spoken to directly: for measuring on an open session and for sending
//! what `oxprobe` would never send.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;
use wire::{Decoder, Done, Frame, Hello, Message, Mode, Open, SessionId, Version};

use crate::PATIENCE;

/// A connection to an agent that has said Hello.
pub struct LocalSocket {
    stream: UnixStream,
    decoder: Decoder,
    next_session: SessionId,
    /// What the agent said of itself.
    pub hello: Hello,
}

/// Where the agent of a JVM in our own namespaces listens.
pub fn path(pid: u32) -> PathBuf {
    PathBuf::from(format!("/tmp/.oxprobe-{pid}/agent.sock"))
}

impl LocalSocket {
    /// Connects and exchanges Hello.
    pub fn connect(pid: u32) -> Self {
        let stream = UnixStream::connect(path(pid)).expect("the agent listens");
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let hello = Hello {
            proto: Version::CURRENT,
            product: "test".to_owned(),
            capabilities: Vec::new(),
            nonce: None,
            pid: None,
            signatures: Vec::new(),
        };
        let mut socket = Self { stream, decoder: Decoder::new(), next_session: 1, hello: hello.clone() };
        socket.send(0, Message::Hello(hello));
        match socket.receive().map(|frame| frame.message) {
            Some(Message::Hello(hello)) => socket.hello = hello,
            other => panic!("no Hello but {other:?}"),
        }
        socket
    }

    /// Sends a frame.
    pub fn send(&mut self, session: SessionId, message: Message) {
        let mut bytes = Vec::new();
        Frame { session, message }.encode(&mut bytes).unwrap();
        self.stream.write_all(&bytes).expect("the agent reads");
    }

    /// Sends bytes that need not be frames.
    pub fn send_raw(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next frame; `None` once the agent has closed the connection.
    pub fn receive(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.decoder.next().expect("the agent sends frames") {
                return Some(frame);
            }
            let mut buffer = [0; 16 * 1024];
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(read) => self.decoder.feed(&buffer[..read]),
                Err(why) if why.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(why) => panic!("nothing from the agent: {why}"),
            }
        }
    }

    /// Opens a session and gives its number.
    pub fn open(&mut self, mode: Mode, window: u64) -> SessionId {
        let session = self.next_session;
        self.next_session += 1;
        let open = Open { mode, cols: 120, rows: 40, color: false, window, user: "test".to_owned() };
        self.send(session, Message::Open(open));
        session
    }

    /// Runs a line and gives its results, how it ended and how long the first result and all took.
    pub fn exec(&mut self, line: &str) -> Run {
        let start = Instant::now();
        let session = self.open(Mode::Exec { line: line.to_owned(), json: true }, 1 << 30);
        let mut run = Run::default();
        let mut parts = Vec::new();
        loop {
            let frame = self.receive().expect("the agent goes on");
            if frame.session != session {
                continue;
            }
            run.first.get_or_insert_with(|| start.elapsed());
            match frame.message {
                Message::ResultPart(piece) => parts.extend_from_slice(&piece),
                Message::Result(end) => {
                    parts.extend_from_slice(&end);
                    run.results.push(serde_json::from_slice(&parts).unwrap());
                    parts.clear();
                }
                Message::Done(done) => {
                    run.total = start.elapsed();
                    run.done = done;
                    return run;
                }
                other => panic!("{line}: {other:?}"),
            }
        }
    }
}

/// What a line gave.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Its results as JSON.
    pub results: Vec<Value>,
    /// How it ended.
    pub done: Done,
    /// From sending the line to its first frame.
    pub first: Option<Duration>,
    /// From sending the line to its end.
    pub total: Duration,
}
