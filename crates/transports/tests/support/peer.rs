//! A client of the local socket, blocking and with a deadline.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use wire::{Decoder, Frame, Hello, Message, Mode, Open, SessionId, Version};

use super::until;

pub struct Peer {
    pub stream: UnixStream,
    decoder: Decoder,
}

impl Peer {
    /// Connects as soon as somebody listens.
    pub fn connect(path: &Path) -> Self {
        let mut stream = None;
        until("somebody listens", Duration::from_secs(5), || {
            stream = UnixStream::connect(path).ok();
            stream.is_some()
        });
        let stream = stream.unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(15))).unwrap();
        Self { stream, decoder: Decoder::new() }
    }

    /// Connects and says hello.
    pub fn hello(path: &Path) -> (Self, Hello) {
        let mut peer = Self::connect(path);
        peer.send(0, Message::Hello(hello(Version::CURRENT)));
        let Some(Message::Hello(theirs)) = peer.receive().map(|frame| frame.message) else {
            panic!("no hello");
        };
        (peer, theirs)
    }

    pub fn send(&mut self, session: SessionId, message: Message) {
        let mut bytes = Vec::new();
        Frame { session, message }.encode(&mut bytes).unwrap();
        self.stream.write_all(&bytes).unwrap();
    }

    pub fn exec(&mut self, session: SessionId, line: &str, json: bool, window: u64) {
        let mode = Mode::Exec { line: line.to_owned(), json };
        self.open(session, mode, window);
    }

    pub fn open(&mut self, session: SessionId, mode: Mode, window: u64) {
        let open = Open { mode, cols: 100, rows: 30, color: false, window, user: "tester".into() };
        self.send(session, Message::Open(open));
    }

    /// The next frame; `None` when the other side hung up.
    pub fn receive(&mut self) -> Option<Frame> {
        loop {
            if let Some(frame) = self.decoder.next().unwrap() {
                return Some(frame);
            }
            let mut buffer = [0; 8192];
            match self.stream.read(&mut buffer) {
                Ok(0) => return None,
                Ok(count) => self.decoder.feed(&buffer[..count]),
                Err(why) if why.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(why) => panic!("nothing came: {why}"),
            }
        }
    }

    /// Everything of a session up to its `Done`: text, values, and the `Done` itself.
    pub fn finish(&mut self, session: SessionId) -> (String, wire::Done) {
        let mut text = String::new();
        loop {
            let frame = self.receive().expect("the connection goes on");
            assert_eq!(frame.session, session, "{frame:?}");
            match frame.message {
                Message::Output(bytes) => text.push_str(&String::from_utf8(bytes).unwrap()),
                Message::ResultPart(bytes) => text.push_str(&String::from_utf8(bytes).unwrap()),
                Message::Result(bytes) => {
                    text.push_str(&String::from_utf8(bytes).unwrap());
                    text.push('\n');
                }
                Message::Done(done) => return (text, done),
                other => panic!("{other:?}"),
            }
        }
    }

    /// The sentence of a refusal, after which the connection is over.
    pub fn refusal(&mut self) -> String {
        let mut sentence = None;
        while let Some(frame) = self.receive() {
            if let Message::Refused(refused) = frame.message {
                sentence = Some(refused.message);
            }
        }
        sentence.expect("a refusal before the end")
    }
}

pub fn hello(proto: Version) -> Hello {
    Hello {
        proto,
        product: "9.9.9".into(),
        capabilities: Vec::new(),
        nonce: None,
        pid: None,
        signatures: Vec::new(),
    }
}
