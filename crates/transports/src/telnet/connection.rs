//! One connection to the telnet port: first it is found out what is spoken on it, then it is a terminal's.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use mio::Token;
use mio::net::TcpStream;
use shell::{Event, Session, Size};

use super::protocol::{GREETING, NOTHING, Reader, Said, escaped};

/// How long a silent peer may still turn out to speak HTTP.
const LISTENING: Duration = Duration::from_secs(1);

/// How long a peer may take to tell its terminal and its window before the welcome is drawn without.
const GETTING_KNOWN: Duration = Duration::from_secs(1);

/// How long a peer may take to say its password.
const STRANGER: Duration = Duration::from_secs(60);

/// A peer that says nothing for so long is asked whether it is there: by nothing, which it must acknowledge.
const IDLE: Duration = Duration::from_secs(60);

/// A peer that takes nothing for so long is given up.
const STUCK: Duration = Duration::from_secs(600);

/// How long the other side may take to end a connection that is closing.
const FAREWELL: Duration = Duration::from_secs(2);

/// The most that one turn of the loop reads, and that is drawn before it is sent.
const CHUNK: usize = 16 * 1024;

/// What may be typed before the terminal is known.
const TYPED_AHEAD: usize = 4 * 1024;

/// The names by which HTTP begins.
const METHODS: [&[u8]; 6] = [b"GET ", b"POST ", b"HEAD ", b"PUT ", b"DELETE ", b"OPTIONS "];

/// The terminal type of a client that wants no welcome.
const QUIET: &str = "arthas-agent";

/// See the module.
pub(super) struct Connection {
    stream: TcpStream,
    pub(super) token: Token,
    pub(super) peer: SocketAddr,
    pub(super) accepted: Instant,
    reader: Reader,
    phase: Phase,
    out: Vec<u8>,
    last_heard: Instant,
    /// Since when the peer takes nothing of what is to be sent.
    stuck: Option<Instant>,
}

enum Phase {
    /// It is not known what the peer speaks; what it has said so far.
    Listening(Vec<u8>, Instant),
    /// Telnet; the terminal is not known yet.
    Meeting(Meeting),
    /// A session.
    Terminal(Box<Session>),
    /// The last words are sent, then it is closed; at most until then.
    Leaving(Instant),
}

/// What a terminal says of itself.
pub(super) struct Meeting {
    until: Instant,
    typed: Vec<u8>,
    size: Option<Option<Size>>,
    terminal: Option<String>,
}

/// What a connection wants.
pub(super) enum Step {
    /// Nothing now.
    Wait,
    /// To be looked at again.
    Again,
    /// A session for a terminal of this size, with or without a welcome.
    Open(Size, bool),
    /// It speaks HTTP; what it has said of that.
    Http(Vec<u8>),
    /// The agent shall stop.
    StopAgent,
    /// It is over.
    Gone,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, token: Token, peer: SocketAddr, now: Instant) -> Self {
        Self {
            stream,
            token,
            peer,
            accepted: now,
            reader: Reader::default(),
            phase: Phase::Listening(Vec::new(), now + LISTENING),
            out: Vec::new(),
            last_heard: now,
            stuck: None,
        }
    }

    /// Whether there is a session.
    pub(super) fn has_session(&self) -> bool {
        matches!(self.phase, Phase::Terminal(_))
    }

    /// The socket, for who speaks HTTP on it.
    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Begins the session that was asked for, below a line: Arthas's client finds a prompt only where something stands
    /// before it.
    pub(super) fn open(&mut self, mut session: Session, line: &str) {
        self.out.extend_from_slice(line.as_bytes());
        self.out.extend_from_slice(b"\r\n");
        if let Phase::Meeting(meeting) = &self.phase {
            session.input(&meeting.typed);
        }
        self.phase = Phase::Terminal(Box::new(session));
    }

    /// Does what can be done. Called again where it says so.
    pub(super) fn step(&mut self, now: Instant) -> Step {
        let mut bytes = [0; CHUNK];
        let read = match self.stream.read(&mut bytes) {
            Ok(0) => return Step::Gone,
            Ok(read) => {
                self.last_heard = now;
                bytes.get(..read).unwrap_or_default()
            }
            Err(why) if why.kind() == io::ErrorKind::WouldBlock => &[],
            Err(why) if why.kind() == io::ErrorKind::Interrupted => return Step::Again,
            Err(_) => return Step::Gone,
        };
        let heard = !read.is_empty();
        if let Some(step) = self.take(read, now) {
            return step;
        }
        match self.pump(now) {
            Step::Wait if heard => Step::Again,
            step => step,
        }
    }

    fn take(&mut self, bytes: &[u8], now: Instant) -> Option<Step> {
        let telnet: Vec<u8> = match &mut self.phase {
            Phase::Listening(heard, until) => {
                heard.extend_from_slice(bytes);
                let begins = |method: &&[u8]| method.starts_with(heard) || heard.starts_with(method);
                match METHODS.iter().any(begins) {
                    true if METHODS.iter().any(|method| heard.starts_with(method)) => {
                        return Some(Step::Http(std::mem::take(heard)));
                    }
                    // It may become one.
                    true if now < *until => return None,
                    _ => {
                        let heard = std::mem::take(heard);
                        self.out.extend_from_slice(GREETING);
                        let until = now + GETTING_KNOWN;
                        self.phase =
                            Phase::Meeting(Meeting { until, typed: Vec::new(), size: None, terminal: None });
                        heard
                    }
                }
            }
            _ => bytes.to_vec(),
        };
        let said = self.reader.read(&telnet, &mut self.out);
        match &mut self.phase {
            Phase::Meeting(meeting) => {
                said.into_iter().for_each(|said| meeting.hear(said));
                meeting.is_over(now).then(|| {
                    let size = meeting.size.flatten().unwrap_or(Size::USUAL);
                    Step::Open(size, meeting.terminal.as_deref() == Some(QUIET))
                })
            }
            Phase::Terminal(session) => {
                for said in said {
                    match said {
                        Said::Keys(keys) => session.input(&keys),
                        Said::Size(cols, rows) => session.resize(size(cols, rows)),
                        Said::Interrupt => session.interrupt(),
                        Said::Terminal(_) | Said::NoTerminal | Said::NoSize => {}
                    }
                }
                None
            }
            Phase::Listening(..) | Phase::Leaving(_) => None,
        }
    }

    /// Sends what the session has, as long as the socket takes it: beyond that it stays in the session's bounded queue,
    /// where the command waits.
    fn pump(&mut self, now: Instant) -> Step {
        loop {
            if !self.write(now) {
                return Step::Gone;
            }
            if !self.out.is_empty() {
                return Step::Wait;
            }
            match &mut self.phase {
                Phase::Leaving(_) => {
                    // The peer shall see the last words before the connection goes.
                    drop(self.stream.shutdown(Shutdown::Write));
                    return Step::Wait;
                }
                Phase::Terminal(session) => match session.poll(CHUNK) {
                    Some(Event::Output(bytes)) => escaped(&bytes, &mut self.out),
                    Some(Event::Close { .. } | Event::Done { .. }) => self.leave(now),
                    Some(Event::StopAgent) => return Step::StopAgent,
                    Some(Event::Value(_)) => {}
                    None => return Step::Wait,
                },
                Phase::Listening(..) | Phase::Meeting(_) => return Step::Wait,
            }
        }
    }

    /// Says something to who gets no session, and closes.
    pub(super) fn refuse(&mut self, sentence: &str, now: Instant) {
        self.out.extend_from_slice(format!("{sentence}\r\n").as_bytes());
        self.leave(now);
    }

    /// Ends the session; what was said is still sent.
    pub(super) fn leave(&mut self, now: Instant) {
        if let Phase::Terminal(session) = &mut self.phase {
            session.close();
        }
        if !matches!(self.phase, Phase::Leaving(_)) {
            self.phase = Phase::Leaving(now + FAREWELL);
        }
    }

    /// `false`: the connection is lost.
    fn write(&mut self, now: Instant) -> bool {
        while !self.out.is_empty() {
            match self.stream.write(&self.out) {
                Ok(0) => return false,
                Ok(sent) => {
                    self.out.drain(..sent);
                    self.stuck = None;
                }
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {
                    self.stuck.get_or_insert(now);
                    return true;
                }
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }

    pub(super) fn is_flushed(&self) -> bool {
        self.out.is_empty()
    }

    /// When to look without an event. `is_open`: the password was said, or nobody asks for one.
    pub(super) fn deadline(&self, is_open: bool) -> Instant {
        let phase = match &self.phase {
            Phase::Listening(_, until) | Phase::Leaving(until) => *until,
            Phase::Meeting(meeting) => meeting.until,
            Phase::Terminal(_) if !is_open => self.accepted + STRANGER,
            Phase::Terminal(_) => self.last_heard + IDLE,
        };
        self.stuck.map_or(phase, |stuck| phase.min(stuck + STUCK))
    }

    /// Its time has come.
    pub(super) fn tick(&mut self, is_open: bool, now: Instant) -> Step {
        if self.stuck.is_some_and(|stuck| now >= stuck + STUCK) {
            return Step::Gone;
        }
        match &self.phase {
            Phase::Leaving(_) => Step::Gone,
            Phase::Terminal(_) if !is_open => {
                self.refuse("\r\nNo password was said for a minute: good bye.", now);
                Step::Again
            }
            Phase::Terminal(_) => {
                self.last_heard = now;
                if self.out.is_empty() {
                    self.out.extend_from_slice(NOTHING);
                }
                Step::Again
            }
            Phase::Listening(..) | Phase::Meeting(_) => Step::Again,
        }
    }
}

impl Meeting {
    fn hear(&mut self, said: Said) {
        match said {
            Said::Keys(keys) if self.typed.len() + keys.len() <= TYPED_AHEAD => self.typed.extend(keys),
            Said::Keys(_) | Said::Interrupt => {}
            Said::Size(cols, rows) => self.size = Some(Some(size(cols, rows))),
            Said::NoSize => self.size = self.size.or(Some(None)),
            Said::Terminal(name) => self.terminal = Some(name),
            Said::NoTerminal => self.terminal = Some(String::new()),
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        now >= self.until || (self.size.is_some() && self.terminal.is_some())
    }
}

/// A window that says nothing of itself has the usual size.
fn size(cols: u16, rows: u16) -> Size {
    let or = |given: u16, usual: u16| if given == 0 { usual } else { given.min(2_000) };
    Size { cols: or(cols, Size::USUAL.cols), rows: or(rows, Size::USUAL.rows) }
}
