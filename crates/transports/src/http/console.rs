//! `/ws`: a terminal session over a WebSocket, spoken as Arthas's console does.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::Token;
use mio::net::TcpStream;
use render::Theme;
use shell::{Event, Session, Size};
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Message, WebSocket};
use wire::arthas::Keys;

use crate::core::{Core, Demand, Visitor};
use crate::draw;

/// The most that goes into one frame.
const CHUNK_BYTES: usize = 16 * 1024;

/// How many frames one turn of the loop sends, and takes.
const FRAMES_PER_TURN: usize = 32;

/// The longest message taken from a peer: a paste, at most.
const MAX_MESSAGE: usize = 1 << 20;

/// A side that read nothing for so long sends an empty ping, though it may have written: who only reads would
/// else be taken for gone.
const IDLE: Duration = Duration::from_secs(10);

/// A peer that has not sent anything for so long, in spite of pings, is gone.
const SILENCE: Duration = Duration::from_secs(35);

/// How long the other side may take to end a connection that is closing.
const FAREWELL: Duration = Duration::from_secs(2);

/// See the module.
pub(super) struct Console {
    socket: WebSocket<TcpStream>,
    token: Token,
    session: Option<Session>,
    last_read: Instant,
    last_ping: Instant,
    /// Bytes given to the WebSocket that the socket has not taken.
    unflushed: bool,
    /// It closes, until then.
    limit: Option<Instant>,
}

/// The connection is over.
pub(super) struct Over;

impl Console {
    /// On a socket whose handshake is done; `read` was read from it behind that.
    pub(super) fn open(
        stream: TcpStream,
        read: Vec<u8>,
        token: Token,
        visitor: Visitor,
        quiet: bool,
        core: &mut Core,
    ) -> Self {
        let socket = WebSocket::from_partially_read(stream, read, Role::Server, Some(limits()));
        let now = core.now;
        let mut console = Self {
            socket,
            token,
            session: None,
            last_read: now,
            last_ping: now,
            unflushed: false,
            limit: None,
        };
        match core.open_session() {
            Ok(()) => {
                let draw = Arc::new(draw::Text { theme: Theme::Ansi });
                let mut setup = core.session_setup(token, visitor, Size::USUAL, draw);
                if quiet {
                    setup.welcome.clear();
                }
                console.session = Some(Session::terminal(core.shell.clone(), setup));
            }
            Err(sentence) => {
                drop(console.send(Message::text(format!("{sentence}\r\n"))));
                // 1013: try again later.
                console.close(1013, "too many sessions", now);
            }
        }
        console
    }

    /// Does what can be done.
    pub(super) fn drive(&mut self, core: &mut Core) -> Result<(), Over> {
        self.flush()?;
        self.read(core)?;
        self.pump(core)
    }

    fn read(&mut self, core: &mut Core) -> Result<(), Over> {
        for _ in 0..FRAMES_PER_TURN {
            match self.socket.read() {
                Ok(message) => {
                    self.last_read = core.now;
                    match (message, &mut self.session) {
                        (Message::Text(text), Some(session)) => match Keys::parse(text.as_str()) {
                            Some(Keys::Read(keys)) => session.input(keys.as_bytes()),
                            Some(Keys::Resize { cols, rows }) => {
                                session.resize(Size { cols: cols.min(2000), rows: rows.min(2000) });
                            }
                            None => {}
                        },
                        (Message::Close(_), _) => {
                            // Answered by the library.
                            self.limit.get_or_insert(core.now + FAREWELL);
                        }
                        _ => {}
                    }
                }
                Err(tungstenite::Error::Io(why)) if why.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return Err(Over),
            }
        }
        core.again.insert(self.token);
        Ok(())
    }

    /// Sends what the session has, as long as the socket takes it: beyond that it stays in the
    /// session's bounded queue, where the command waits.
    fn pump(&mut self, core: &mut Core) -> Result<(), Over> {
        for _ in 0..FRAMES_PER_TURN {
            if self.unflushed || self.limit.is_some() {
                return Ok(());
            }
            let Some(event) = self.session.as_mut().and_then(|session| session.poll(CHUNK_BYTES)) else {
                return Ok(());
            };
            match event {
                Event::Output(bytes) => {
                    self.send(Message::text(draw::sent(bytes)))?;
                }
                Event::Close { .. } | Event::Done { .. } => self.leave(1000, "Bye", core),
                Event::StopAgent => {
                    core.orders.push(Demand::Stop(None));
                    return Ok(());
                }
                Event::Value(_) => {}
            }
        }
        core.again.insert(self.token);
        Ok(())
    }

    fn send(&mut self, message: Message) -> Result<(), Over> {
        match self.socket.write(message) {
            Ok(()) => {}
            Err(tungstenite::Error::Io(why)) if why.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return Err(Over),
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Over> {
        match self.socket.flush() {
            Ok(()) => {
                self.unflushed = false;
                Ok(())
            }
            Err(tungstenite::Error::Io(why)) if why.kind() == io::ErrorKind::WouldBlock => {
                self.unflushed = true;
                Ok(())
            }
            // The peer is closing; reading tells the rest.
            Err(tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed) => Ok(()),
            Err(_) => Err(Over),
        }
    }

    fn ping_due(&self) -> Instant {
        self.last_read.max(self.last_ping) + IDLE
    }

    pub(super) fn deadline(&self) -> Instant {
        self.limit.unwrap_or_else(|| self.ping_due().min(self.last_read + SILENCE))
    }

    /// Heartbeat and limits.
    pub(super) fn tick(&mut self, now: Instant) -> Result<(), Over> {
        if now < self.deadline() {
            return Ok(());
        }
        if self.limit.is_some() || now >= self.last_read + SILENCE {
            return Err(Over);
        }
        self.last_ping = now;
        match self.unflushed {
            true => Ok(()),
            false => self.send(Message::Ping(Default::default())),
        }
    }

    /// Ends the session and says goodbye.
    pub(super) fn leave(&mut self, code: u16, reason: &str, core: &mut Core) {
        self.end_session(core);
        self.close(code, reason, core.now);
    }

    fn close(&mut self, code: u16, reason: &str, now: Instant) {
        if self.limit.is_none() {
            self.limit = Some(now + FAREWELL);
            let frame = CloseFrame { code: CloseCode::from(code), reason: reason.to_owned().into() };
            // Whatever goes wrong here, the clock ends it.
            drop(self.socket.close(Some(frame)));
            drop(self.socket.flush());
        }
    }

    /// Ends the session; the connection is lost.
    pub(super) fn end_session(&mut self, core: &mut Core) {
        if let Some(mut session) = self.session.take() {
            session.close();
            core.close_session();
        }
    }
}

/// What a peer can make a socket hold.
fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(0)
        .max_write_buffer_size(2 * MAX_MESSAGE)
        .max_message_size(Some(MAX_MESSAGE))
        .max_frame_size(Some(MAX_MESSAGE))
}

/// For the fuzz target: frames as a peer sends them, and the keys in them.
pub(crate) fn fuzz(bytes: &[u8]) {
    let socket = io::Cursor::new(Vec::new());
    let mut socket = WebSocket::from_partially_read(socket, bytes.to_vec(), Role::Server, Some(limits()));
    while let Ok(message) = socket.read() {
        if let Message::Text(text) = message {
            drop(Keys::parse(text.as_str()));
        }
    }
}
