//! One peer of the local socket: frames in and out, and the sessions it opened.
//!
//! A peer that does not read is not written to: its output stays in the sessions' bounded queues,
//! where the jobs wait. What it may hold of our memory is one frame and [`OUT_BYTES`].

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::Token;
use mio::net::UnixStream;
use render::Theme;
use shell::{Draw, Event, Lender, Session, Size};
use wire::{
    Configured, Decoder, Done, Frame, Hello, LogLines, MAX_PAYLOAD, Message, Mode, Open, Refused, SessionId,
    Version, Window,
};

use super::files::Files;
use super::rendezvous::Peer;
use crate::core::{Core, Demand, Visitor};
use crate::draw;
use crate::loan::Loans;
use crate::mailbox::Letter;

/// Beyond this much unsent output, sessions are not polled and nothing is read.
const OUT_BYTES: usize = 128 * 1024;

/// The most that is taken from a session at once.
const CHUNK_BYTES: usize = 32 * 1024;

/// The most that one turn of the loop reads from one peer.
const READ_PER_TURN: usize = 256 * 1024;

/// How often one turn of the loop fills and empties one peer's buffer.
const ROUNDS_PER_TURN: usize = 8;

/// The most that a peer can be owed.
const MAX_CREDIT: i64 = 16 * 1024 * 1024;

/// How long a peer may take to say hello.
const HELLO_LIMIT: Duration = Duration::from_secs(10);

/// How long the last words to a peer may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// How long a peer may stay that has no session.
const IDLE_LIMIT: Duration = Duration::from_secs(300);

/// See the module.
pub(super) struct Connection {
    stream: UnixStream,
    token: Token,
    peer: Peer,
    decoder: Decoder,
    out: Vec<u8>,
    /// How much of `out` is sent.
    sent: usize,
    sessions: BTreeMap<SessionId, Served>,
    files: Files,
    phase: Phase,
    since: Instant,
    /// What the client does for jobs, if it does anything.
    loans: Option<Arc<Loans>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing said yet.
    Greeting,
    /// Both said hello.
    Talking,
    /// The rest of `out` is sent, then it is over.
    Leaving,
    /// Over.
    Gone,
}

struct Served {
    session: Session,
    /// How much more may be sent. A value is never cut, so it may go below zero.
    credit: i64,
    /// `Done` is said: over with the session's last event.
    done: bool,
}

impl Connection {
    pub(super) fn new(stream: UnixStream, token: Token, peer: Peer, core: &Core) -> Self {
        let mut connection = Self {
            stream,
            token,
            peer,
            decoder: Decoder::new(),
            out: Vec::new(),
            sent: 0,
            sessions: BTreeMap::new(),
            files: Files::default(),
            phase: Phase::Greeting,
            since: core.now,
            loans: None,
        };
        connection.say(
            0,
            Message::Hello(Hello {
                proto: Version::CURRENT,
                product: core.facts.product.clone(),
                capabilities: vec![wire::File::CAPABILITY.to_owned()],
                nonce: core.options.nonce.clone(),
                pid: Some(core.facts.pid),
                signatures: core.facts.signatures.clone(),
            }),
        );
        connection
    }

    /// Does what can be done: reads, polls the sessions, writes.
    pub(super) fn drive(&mut self, core: &mut Core) {
        self.read(core);
        for _ in 0..ROUNDS_PER_TURN {
            self.pump(core);
            if !self.write(core) {
                return;
            }
        }
        core.again.insert(self.token);
    }

    pub(super) fn is_gone(&self) -> bool {
        self.phase == Phase::Gone
    }

    /// Whether all that was to be said is with the kernel.
    pub(super) fn is_flushed(&self) -> bool {
        self.out.is_empty()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Greeting => Some(self.since + HELLO_LIMIT),
            Phase::Talking if self.sessions.is_empty() => Some(self.since + IDLE_LIMIT),
            Phase::Talking => None,
            Phase::Leaving => Some(self.since + FAREWELL),
            Phase::Gone => Some(self.since),
        }
    }

    pub(super) fn tick(&mut self, core: &mut Core) {
        if self.deadline().is_none_or(|deadline| core.now < deadline) {
            return;
        }
        match self.phase {
            Phase::Greeting => self.refuse(core, "no hello came within 10 s; is this an oxprobe client?"),
            Phase::Talking => self.refuse(core, "no session was open for five minutes; connect again"),
            Phase::Leaving | Phase::Gone => self.hang_up(core),
        }
    }

    /// Tells what became of the peer's options.
    pub(super) fn configured(&mut self, problems: Vec<String>, core: &mut Core) {
        self.say(0, Message::Configured(Configured { problems }));
        self.drive(core);
    }

    /// Tells that the agent has stopped, as the peer asked.
    pub(super) fn stopped(&mut self, left: &[String]) {
        let message = (!left.is_empty()).then(|| format!("did not end: {}", left.join("; ")));
        self.say(0, Message::Done(Done { status: 0, message, dropped: 0 }));
    }

    /// The last words.
    pub(super) fn leave(&mut self, core: &mut Core) {
        if !matches!(self.phase, Phase::Leaving | Phase::Gone) {
            self.pump(core);
            let open: Vec<SessionId> = self.sessions.keys().copied().collect();
            for id in open {
                self.say(id, Message::Close);
            }
            self.end_sessions(core);
            self.phase = Phase::Leaving;
            self.since = core.now;
        }
        while self.write(core) {}
    }

    /// It is over at once.
    pub(super) fn hang_up(&mut self, core: &mut Core) {
        self.end_sessions(core);
        self.phase = Phase::Gone;
    }

    fn end_sessions(&mut self, core: &mut Core) {
        if let Some(loans) = self.loans.take() {
            loans.close();
        }
        for (_, mut served) in std::mem::take(&mut self.sessions) {
            served.session.close();
            core.close_session();
        }
    }

    fn say(&mut self, session: SessionId, message: Message) {
        if let Err(why) = (Frame { session, message }).encode(&mut self.out) {
            log::warn!("local: a frame was left out: {why}");
        }
    }

    fn refuse(&mut self, core: &mut Core, message: &str) {
        log::info!("local: uid {} refused: {message}", self.peer.uid);
        self.say(0, Message::Refused(Refused { message: message.to_owned() }));
        self.leave(core);
    }

    fn read(&mut self, core: &mut Core) {
        let mut buffer = [0; 16 * 1024];
        let mut budget = READ_PER_TURN;
        loop {
            if !self.take_frames(core) {
                return;
            }
            if budget == 0 {
                core.again.insert(self.token);
                return;
            }
            let count = match self.stream.read(&mut buffer) {
                Ok(0) => return self.hang_up(core),
                Ok(count) => count,
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => return,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return self.hang_up(core),
            };
            budget = budget.saturating_sub(count);
            self.decoder.feed(buffer.get(..count).unwrap_or_default());
        }
    }

    /// Takes the frames that are whole. Whether more may be read: not while there is so much to be
    /// sent that frames are left for later, since the answer to a small one may be large.
    fn take_frames(&mut self, core: &mut Core) -> bool {
        while self.unsent() < OUT_BYTES && matches!(self.phase, Phase::Greeting | Phase::Talking) {
            match self.decoder.next() {
                Ok(Some(frame)) => self.take(frame, core),
                Ok(None) => return true,
                Err(why) => {
                    self.refuse(core, &why.to_string());
                    return false;
                }
            }
        }
        false
    }

    fn take(&mut self, frame: Frame, core: &mut Core) {
        let id = frame.session;
        if self.phase == Phase::Greeting {
            return match frame.message {
                Message::Hello(hello) => self.greet(&hello, core),
                _ => self.refuse(core, "the first frame must be Hello; is this an oxprobe client?"),
            };
        }
        match frame.message {
            Message::Open(open) => self.open(id, open, core),
            Message::Input(bytes) => self.with(id, |served| served.session.input(&bytes)),
            Message::Resize(size) => {
                let size = Size { cols: size.cols, rows: size.rows };
                self.with(id, |served| served.session.resize(sane(size)));
            }
            Message::Interrupt => self.with(id, |served| served.session.interrupt()),
            Message::Window(Window { bytes }) => self.with(id, |served| {
                let more = i64::try_from(bytes).unwrap_or(MAX_CREDIT);
                served.credit = served.credit.saturating_add(more).min(MAX_CREDIT);
            }),
            Message::File(file) => {
                let taken = self.files.announced(file);
                self.refuse_unless(taken, core);
            }
            Message::FilePart(piece) => {
                let taken = self.files.came(&piece);
                self.refuse_unless(taken, core);
            }
            Message::Part(_) | Message::WorkPart(_) | Message::Work(_) | Message::WorkOver(_) => {
                if let Some(loans) = &self.loans {
                    loans.take(frame);
                }
            }
            Message::Close if id == 0 => self.leave(core),
            Message::Close => self.close(id, core),
            Message::Configure(configure) => {
                core.orders.push(Demand::Configure(self.token, configure.options))
            }
            Message::Log => self.send_log(core),
            Message::TakeOver(other) => {
                log::info!("local: oxprobe {} takes this JVM over", other.product);
                core.orders.push(Demand::Stop(Some(self.token)));
            }
            // What only an agent says, and a second hello, mean nothing here.
            _ => {}
        }
    }

    fn refuse_unless(&mut self, taken: Result<(), String>, core: &mut Core) {
        if let Err(why) = taken {
            self.refuse(core, &why);
        }
    }

    fn greet(&mut self, hello: &Hello, core: &mut Core) {
        if hello.proto.major != Version::CURRENT.major {
            let message = format!(
                "oxprobe {} speaks protocol {}, this agent ({}) speaks {}; use the oxprobe command that came with \
                 the agent, or attach the newer agent",
                hello.product,
                hello.proto,
                core.facts.product,
                Version::CURRENT
            );
            return self.refuse(core, &message);
        }
        self.phase = Phase::Talking;
        self.since = core.now;
        let (mail, token) = (core.mail.clone(), self.token);
        self.loans = Loans::of(&hello.capabilities, move || mail.post(Letter::Wake(token))).map(Arc::new);
    }

    fn with(&mut self, id: SessionId, act: impl FnOnce(&mut Served)) {
        // A session that ended a moment ago is no error of the peer's.
        if let Some(served) = self.sessions.get_mut(&id) {
            act(served);
        }
    }

    fn open(&mut self, id: SessionId, open: Open, core: &mut Core) {
        let refused = if id == 0 || self.sessions.contains_key(&id) {
            Err(format!("session {id} cannot be opened: use a number above 0 that is not open"))
        } else {
            core.open_session()
        };
        if let Err(message) = refused {
            return self.say(id, Message::Refused(Refused { message }));
        }
        let Open { mode, cols, rows, color, window, user } = open;
        let theme = if color { Theme::Ansi } else { Theme::Plain };
        let draw: Arc<dyn Draw> = match &mode {
            Mode::Exec { json: true, .. } => Arc::new(draw::Json),
            _ => Arc::new(draw::Text { theme }),
        };
        let user = if user.is_empty() { format!("uid {}", self.peer.uid) } else { user };
        let peer = format!("uid {}", self.peer.uid);
        let visitor = Visitor { from: "local", user, peer, id: None, lock: None };
        let mut setup = core.session_setup(self.token, visitor, sane(Size { cols, rows }), draw);
        setup.sent = self.files.all();
        setup.lender = self.loans.clone().map(|loans| loans as Arc<dyn Lender>);
        let session = match &mode {
            Mode::Terminal => Session::terminal(core.shell.clone(), setup),
            Mode::Exec { line, .. } => Session::exec(core.shell.clone(), setup, line),
        };
        let credit = i64::try_from(window).unwrap_or(MAX_CREDIT).min(MAX_CREDIT);
        self.sessions.insert(id, Served { session, credit, done: false });
    }

    fn close(&mut self, id: SessionId, core: &mut Core) {
        if let Some(mut served) = self.sessions.remove(&id) {
            served.session.close();
            core.close_session();
            self.since = core.now;
        }
    }

    fn send_log(&mut self, core: &Core) {
        let lines = core.journal.lines();
        let mut part = Vec::new();
        let mut bytes = 0;
        for line in lines {
            // Escapes in JSON may make a line longer; far below what a frame may carry.
            bytes += line.len();
            part.push(line);
            if bytes > MAX_PAYLOAD / 16 {
                self.say(0, Message::LogLines(LogLines { lines: std::mem::take(&mut part), more: true }));
                bytes = 0;
            }
        }
        self.say(0, Message::LogLines(LogLines { lines: part, more: false }));
    }

    fn unsent(&self) -> usize {
        self.out.len() - self.sent.min(self.out.len())
    }

    /// Takes from the sessions what the peer may be sent, each in turn.
    fn pump(&mut self, core: &mut Core) {
        if self.phase != Phase::Talking {
            return;
        }
        while self.unsent() < OUT_BYTES
            && let Some(frame) = self.loans.as_ref().and_then(|loans| loans.next())
        {
            self.say(frame.session, frame.message);
        }
        let mut ended = Vec::new();
        let mut busy = true;
        while std::mem::take(&mut busy) && self.unsent() < OUT_BYTES {
            let mut frames = Vec::new();
            for (&id, served) in &mut self.sessions {
                if ended.contains(&id) {
                    continue;
                }
                let room = usize::try_from(served.credit).unwrap_or(0).min(CHUNK_BYTES);
                let Some(event) = served.session.poll(room) else {
                    if served.done {
                        ended.push(id);
                    }
                    continue;
                };
                busy = true;
                match event {
                    Event::Output(bytes) => {
                        served.credit -= i64::try_from(bytes.len()).unwrap_or(MAX_CREDIT);
                        frames.push((id, Message::Output(bytes)));
                    }
                    Event::Value(value) => {
                        served.credit -= i64::try_from(value.len()).unwrap_or(MAX_CREDIT);
                        frames.extend(pieces(value).into_iter().map(|message| (id, message)));
                    }
                    Event::Done { status, message, dropped } => {
                        served.done = true;
                        frames.push((id, Message::Done(Done { status, message, dropped })));
                    }
                    Event::Close { reason } => {
                        log::debug!("local: session {id} is over: {reason}");
                        frames.push((id, Message::Close));
                        ended.push(id);
                    }
                    Event::StopAgent => {
                        core.orders.push(Demand::Stop(None));
                        ended.push(id);
                    }
                }
            }
            for (id, message) in frames {
                self.say(id, message);
            }
        }
        for id in ended {
            self.close(id, core);
        }
    }

    /// Sends what it can. Whether there is room again for more of what sessions hold back.
    fn write(&mut self, core: &mut Core) -> bool {
        let was_full = self.unsent() >= OUT_BYTES;
        while let Some(rest) = self.out.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match self.stream.write(rest) {
                Ok(0) => {
                    self.hang_up(core);
                    return false;
                }
                Ok(count) => self.sent += count,
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => return false,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.hang_up(core);
                    return false;
                }
            }
        }
        self.sent = 0;
        self.out.clear();
        self.out.shrink_to(2 * OUT_BYTES);
        if self.phase == Phase::Leaving {
            self.hang_up(core);
            return false;
        }
        if was_full {
            // Reading stopped while there was no room; no event will say that there is some.
            core.again.insert(self.token);
        }
        was_full
    }
}

/// A result as one frame, or as several where one cannot carry it.
fn pieces(value: String) -> Vec<Message> {
    let bytes = value.into_bytes();
    if bytes.len() <= MAX_PAYLOAD {
        return vec![Message::Result(bytes)];
    }
    let mut pieces: Vec<Message> =
        bytes.chunks(MAX_PAYLOAD / 4).map(|piece| Message::ResultPart(piece.to_vec())).collect();
    if let Some(Message::ResultPart(last)) = pieces.pop() {
        pieces.push(Message::Result(last));
    }
    pieces
}

/// A terminal of no size, or of one nobody has, is not drawn for.
fn sane(size: Size) -> Size {
    let or = |value: u16, usual: u16| if value == 0 { usual } else { value.min(2000) };
    Size { cols: or(size.cols, Size::USUAL.cols), rows: or(size.rows, Size::USUAL.rows) }
}
