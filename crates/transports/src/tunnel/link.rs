//! One WebSocket to the tunnel server, from the first packet to the last.
//!
//! A link is driven: after any event of its socket, [`Link::drive`] does what can be done without
//! waiting and hands over the texts that came. It also keeps the connection honest: each step has a
//! limit, an idle side sends an empty ping, and a peer that does not answer is given up.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Interest, Registry, Token};
use rustls::ClientConfig;
use tungstenite::client::{IntoClientRequest, client_with_config};
use tungstenite::handshake::HandshakeError;
use tungstenite::handshake::MidHandshake;
use tungstenite::handshake::client::{ClientHandshake, Request, Response};
use tungstenite::http::HeaderValue;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, WebSocketConfig};
use tungstenite::{Message, WebSocket};

use super::address::Address;
use super::lost::Lost;
use super::stream::Stream;
use wire::Frame;
use wire::arthas::Query;

/// How long each of connecting and shaking hands may take.
const STEP_LIMIT: Duration = Duration::from_secs(10);

/// A side that read nothing for so long sends an empty ping. In the Arthas protocol only one that did not write either
/// does; then who only writes hears nothing, and takes the other for gone.
const IDLE: Duration = Duration::from_secs(10);

/// A peer that has not sent anything for so long, in spite of pings, is gone.
const SILENCE: Duration = Duration::from_secs(35);

/// How long the other side may take to end a connection that is closing.
const FAREWELL: Duration = Duration::from_secs(2);

/// The longest message taken from a peer: a paste, at most.
const MAX_MESSAGE: usize = 1 << 20;

/// How many messages one turn of the loop takes from one link.
const MESSAGES_PER_TURN: usize = 64;

/// See the module.
pub(crate) struct Link {
    state: State,
    address: Address,
    request: Option<Request>,
    tls: Option<Arc<ClientConfig>>,
    /// When the current step must be over: connecting, shaking hands, closing.
    limit: Option<Instant>,
    last_read: Instant,
    last_ping: Instant,
    /// Bytes given to the WebSocket that the socket has not taken.
    unflushed: bool,
    local: Option<SocketAddr>,
}

enum State {
    Connecting(TcpStream),
    Shaking(MidHandshake<ClientHandshake<Stream>>),
    Open(WebSocket<Stream>),
    Gone,
}

/// What [`Link::drive`] found out.
#[derive(Debug, Default)]
pub(crate) struct Driven {
    /// Text messages, in order.
    pub(crate) texts: Vec<String>,
    /// Binary messages, in order; Arthas's servers send none.
    pub(crate) binaries: Vec<Vec<u8>>,
    /// The handshake ended in this turn.
    pub(crate) opened: bool,
    /// There may be more to read: drive again without waiting for an event.
    pub(crate) again: bool,
}

impl Link {
    /// Starts to connect.
    pub(crate) fn connect(
        registry: &Registry,
        token: Token,
        to: SocketAddr,
        address: &Address,
        tls: Option<Arc<ClientConfig>>,
        query: &Query,
        now: Instant,
    ) -> Result<Self, Lost> {
        let refused = |why: io::Error| Lost::new(format!("cannot connect to {address} at {to}: {why}"));
        let mut request = address.url(query).into_client_request().map_err(|_| {
            Lost::new(format!("{address} is not an address a request can be made for; check tunnel-url"))
        })?;
        if let Ok(origin) = HeaderValue::from_str(&address.origin()) {
            request.headers_mut().insert("Origin", origin);
        }
        let mut socket = TcpStream::connect(to).map_err(refused)?;
        registry.register(&mut socket, token, Interest::READABLE | Interest::WRITABLE).map_err(refused)?;
        Ok(Self {
            state: State::Connecting(socket),
            address: address.clone(),
            request: Some(request),
            tls,
            limit: Some(now + STEP_LIMIT),
            last_read: now,
            last_ping: now,
            unflushed: false,
            local: None,
        })
    }

    /// Does what can be done now.
    pub(crate) fn drive(&mut self, now: Instant) -> Result<Driven, Lost> {
        let mut driven = Driven::default();
        loop {
            match std::mem::replace(&mut self.state, State::Gone) {
                State::Connecting(socket) => {
                    if let Some(socket) = self.connected(socket)? {
                        self.limit = Some(now + STEP_LIMIT);
                        driven.opened = self.begin_handshake(socket, now)?;
                    }
                    if !driven.opened {
                        return Ok(driven);
                    }
                }
                State::Shaking(middle) => {
                    driven.opened = self.handshake(middle.handshake(), now)?;
                    if !driven.opened {
                        return Ok(driven);
                    }
                }
                State::Open(socket) => {
                    self.state = State::Open(socket);
                    self.flush()?;
                    self.read(now, &mut driven)?;
                    return Ok(driven);
                }
                State::Gone => return Err(Lost::new(format!("the connection to {} is over", self.address))),
            }
        }
    }

    /// Whether the socket took everything, so that more may be sent.
    pub(crate) fn is_writable(&self) -> bool {
        matches!(self.state, State::Open(_)) && !self.unflushed && !self.is_closing()
    }

    /// Whether [`Link::close`] was called, or the peer closes.
    pub(crate) fn is_closing(&self) -> bool {
        match &self.state {
            State::Open(socket) => self.limit.is_some() || !socket.can_write(),
            _ => false,
        }
    }

    /// Sends a text frame. Only where [`Link::is_writable`] says so, so that at most one is kept.
    pub(crate) fn send(&mut self, text: String) -> Result<(), Lost> {
        self.write(Message::text(text))
    }

    /// The same with a frame of ours, as a binary message.
    pub(crate) fn send_frame(&mut self, frame: &Frame) -> Result<(), Lost> {
        let mut bytes = Vec::new();
        match frame.encode(&mut bytes) {
            Ok(()) => self.write(Message::binary(bytes)),
            Err(why) => {
                log::warn!("tunnel: a frame was left out: {why}");
                Ok(())
            }
        }
    }

    /// Says goodbye. The link is lost soon after, by the peer or by the clock.
    pub(crate) fn close(&mut self, code: u16, reason: &str, now: Instant) {
        if self.limit.is_some() && matches!(self.state, State::Open(_)) {
            return;
        }
        self.limit = Some(now + FAREWELL);
        match &mut self.state {
            State::Open(socket) => {
                let frame = CloseFrame { code: CloseCode::from(code), reason: reason.into() };
                // Whatever goes wrong here, the clock ends the link.
                drop(socket.close(Some(frame)));
                drop(socket.flush());
            }
            _ => self.state = State::Gone,
        }
    }

    /// Heartbeat and limits.
    pub(crate) fn tick(&mut self, now: Instant) -> Result<(), Lost> {
        if self.limit.is_some_and(|limit| now >= limit) {
            let doing = match self.state {
                State::Connecting(_) => "did not accept the connection",
                State::Shaking(_) => "accepted the connection but did not answer as a WebSocket server",
                _ => return Err(Lost::new(format!("the connection to {} was closed", self.address))),
            };
            let seconds = STEP_LIMIT.as_secs();
            return Err(Lost::new(format!(
                "{} {doing} within {seconds} s; check address and path",
                self.address
            )));
        }
        if matches!(self.state, State::Open(_)) && self.limit.is_none() {
            if now >= self.last_read + SILENCE {
                let seconds = SILENCE.as_secs();
                return Err(Lost::new(format!("{} has been silent for {seconds} s", self.address)));
            }
            if now >= self.ping_due() && !self.unflushed {
                self.last_ping = now;
                self.write(Message::Ping(Default::default()))?;
            }
        }
        Ok(())
    }

    /// When [`Link::tick`] has something to do.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match (self.limit, &self.state) {
            (Some(limit), _) => Some(limit),
            // What is not flushed has its own event.
            (None, State::Open(_)) if self.unflushed => Some(self.last_read + SILENCE),
            (None, State::Open(_)) => Some(self.ping_due().min(self.last_read + SILENCE)),
            (None, _) => None,
        }
    }

    /// Where the connection goes out: tells one machine's many addresses apart.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.local
    }

    fn ping_due(&self) -> Instant {
        self.last_read.max(self.last_ping) + IDLE
    }

    /// `Some` when the socket is connected.
    fn connected(&mut self, socket: TcpStream) -> Result<Option<TcpStream>, Lost> {
        let refused = |why: io::Error| Lost::new(format!("cannot connect to {}: {why}", self.address));
        if let Some(why) = socket.take_error().map_err(refused)? {
            return Err(refused(why));
        }
        match socket.peer_addr() {
            Ok(_) => {
                // Keys and their echoes are small; they shall not wait for each other.
                drop(socket.set_nodelay(true));
                Ok(Some(socket))
            }
            Err(why) if why.kind() == io::ErrorKind::NotConnected => {
                self.state = State::Connecting(socket);
                Ok(None)
            }
            Err(why) => Err(refused(why)),
        }
    }

    fn begin_handshake(&mut self, socket: TcpStream, now: Instant) -> Result<bool, Lost> {
        let stream = Stream::new(socket, self.tls.take(), &self.address.host).map_err(Lost::new)?;
        self.local = stream.peer().ok();
        let Some(request) = self.request.take() else { return Err(Lost::new("the request is gone")) };
        let config = WebSocketConfig::default()
            .read_buffer_size(4 * 1024)
            .write_buffer_size(0)
            // Room for the longest answer to `httpProxy`.
            .max_write_buffer_size(16 * MAX_MESSAGE)
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        self.handshake(client_with_config(request, stream, Some(config)), now)
    }

    fn handshake(
        &mut self,
        result: Result<(WebSocket<Stream>, Response), HandshakeError<ClientHandshake<Stream>>>,
        now: Instant,
    ) -> Result<bool, Lost> {
        match result {
            Ok((socket, _)) => {
                self.state = State::Open(socket);
                self.limit = None;
                self.last_read = now;
                self.last_ping = now;
                Ok(true)
            }
            Err(HandshakeError::Interrupted(middle)) => {
                self.state = State::Shaking(middle);
                Ok(false)
            }
            Err(HandshakeError::Failure(why)) => Err(self.lost(&why)),
        }
    }

    fn read(&mut self, now: Instant, driven: &mut Driven) -> Result<(), Lost> {
        for _ in 0..MESSAGES_PER_TURN {
            let State::Open(socket) = &mut self.state else { return Ok(()) };
            match socket.read() {
                Ok(message) => {
                    self.last_read = now;
                    match message {
                        Message::Text(text) => driven.texts.push(text.as_str().to_owned()),
                        Message::Close(frame) => {
                            // Answered by the library; the next read or the clock ends it.
                            self.limit.get_or_insert(now + FAREWELL);
                            if let Some(frame) = frame.filter(|frame| !frame.reason.is_empty()) {
                                let (code, reason) = (u16::from(frame.code), printable(&frame.reason));
                                return Err(Lost::new(format!("{} closed ({code}): {reason}", self.address)));
                            }
                        }
                        Message::Binary(bytes) => driven.binaries.push(bytes.to_vec()),
                        // Pings are answered by the library.
                        _ => {}
                    }
                }
                Err(tungstenite::Error::Io(why)) if why.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(why) => return Err(self.lost(&why)),
            }
        }
        driven.again = true;
        Ok(())
    }

    fn write(&mut self, message: Message) -> Result<(), Lost> {
        let State::Open(socket) = &mut self.state else { return Ok(()) };
        match socket.write(message) {
            Ok(()) => {}
            Err(tungstenite::Error::Io(why)) if why.kind() == io::ErrorKind::WouldBlock => {}
            Err(why) => return Err(self.lost(&why)),
        }
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Lost> {
        let State::Open(socket) = &mut self.state else { return Ok(()) };
        match socket.flush() {
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
            Err(why) => Err(self.lost(&why)),
        }
    }

    fn lost(&self, why: &tungstenite::Error) -> Lost {
        Lost::of(why, &self.address, matches!(self.state, State::Open(_)))
    }
}

/// A peer's text, fit for a log and a terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}
