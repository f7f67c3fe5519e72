//! One connection: bytes in, requests out; answers in, bytes out.
//!
//! It knows HTTP's framing, its clocks and its limits, and nothing of what is asked. After every
//! event [`Connection::step`] is called until it has nothing more to say.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use mio::Token;
use mio::net::TcpStream;

use super::answer::Answer;
use super::head::{Head, MAX_HEAD, Refused};
use super::output::Download;
use crate::allowance::Allowance;

/// How long a request's head may take from its first byte.
const HEAD_LIMIT: Duration = Duration::from_secs(10);

/// How long a body may take.
const BODY_LIMIT: Duration = Duration::from_secs(60);

/// How long a connection may stay open between requests; a stranger's only as long as a head takes.
const IDLE_LIMIT: Duration = Duration::from_secs(75);

/// A peer that takes nothing for so long is given up.
const WRITE_LIMIT: Duration = Duration::from_secs(30);

/// How long is waited for the peer to see the last answer before the connection is torn down.
const FAREWELL: Duration = Duration::from_secs(1);

/// The most that is read and thrown away for that.
const FAREWELL_BYTES: usize = 1024 * 1024;

/// The most that one turn of the loop reads from one peer.
const READ_PER_TURN: usize = 256 * 1024;

/// What a peer may send ahead while its request is worked on.
const AHEAD_BYTES: usize = 64 * 1024;

/// Below this much unsent, more of a download is fetched.
const FETCH_BELOW: usize = 256 * 1024;

/// The most that waits for a peer before parts that may be left out are.
const PARTS_BYTES: usize = 64 * 1024;

/// How many requests a second one connection may make; it is read more slowly beyond that.
const REQUESTS: (u32, u32) = (1000, 200);

/// See the module.
pub(super) struct Connection {
    stream: Option<TcpStream>,
    token: Token,
    pub(super) peer: SocketAddr,
    input: Vec<u8>,
    out: Vec<u8>,
    /// How much of `out` is sent.
    sent: usize,
    phase: Phase,
    /// When the phase must be over.
    limit: Option<Instant>,
    allowance: Allowance,
    /// A request waits until then.
    slowed: Option<Instant>,
    /// A request of it was let in.
    pub(super) known: bool,
    /// Its cookie, so that not every request of it begins a visit.
    pub(super) visit: Option<String>,
    pub(super) accepted: Instant,
}

enum Phase {
    /// The next request's head is awaited.
    Head,
    /// A head was read: it is to be decided about.
    Deciding,
    /// The body is awaited.
    Body(Head),
    /// Somebody works on the request.
    Working(Manner),
    /// The answer is sent in parts, as they come.
    InParts(Manner),
    /// The answer is sent.
    Sending(Manner, Option<Download>),
    /// The last bytes of HTTP; then it is another protocol's.
    Upgrading,
    /// All is sent; the peer is given time to read it before the connection goes.
    Draining(usize),
    Gone,
}

/// What the request says about its answer.
#[derive(Clone, Copy)]
struct Manner {
    keep: bool,
    silent: bool,
    /// The peer does not know transfer codings.
    old: bool,
}

impl Manner {
    fn of(head: &Head) -> Self {
        Self { keep: head.keep, silent: head.method == "HEAD", old: head.old }
    }
}

/// What a connection wants.
pub(super) enum Step {
    /// Nothing now.
    Wait,
    /// A decision about this request, before its body is read.
    Decide(Head),
    /// An answer to this request.
    Serve(Head, Vec<u8>),
    /// More of its download.
    Fetch,
    /// The socket is another protocol's now, with what the peer has sent of it.
    Upgraded(TcpStream, Vec<u8>),
    /// It is over.
    Gone,
}

impl Connection {
    /// `read` was read from it already.
    pub(super) fn new(
        stream: TcpStream,
        token: Token,
        peer: SocketAddr,
        read: Vec<u8>,
        now: Instant,
    ) -> Self {
        let (per_second, most) = REQUESTS;
        Self {
            stream: Some(stream),
            token,
            peer,
            input: read,
            out: Vec::new(),
            sent: 0,
            phase: Phase::Head,
            limit: Some(now + HEAD_LIMIT),
            allowance: Allowance::new(per_second, most, now),
            slowed: None,
            known: false,
            visit: None,
            accepted: now,
        }
    }

    /// What it holds or has promised to take, in bytes.
    pub(super) fn weight(&self) -> usize {
        let body = match &self.phase {
            Phase::Body(head) => head.length,
            _ => 0,
        };
        body.max(self.input.len()) + self.unsent()
    }

    /// Whether all that was to be said is with the kernel.
    pub(super) fn is_flushed(&self) -> bool {
        self.unsent() == 0 && !matches!(self.phase, Phase::Sending(_, Some(_)))
    }

    fn unsent(&self) -> usize {
        self.out.len().saturating_sub(self.sent)
    }

    /// Does the next thing that can be done.
    pub(super) fn step(&mut self, now: Instant) -> Step {
        loop {
            if !self.write(now) {
                return self.over();
            }
            match &self.phase {
                Phase::Gone => return Step::Gone,
                Phase::Deciding => return Step::Wait,
                Phase::Head => match self.head(now) {
                    Some(step) => return step,
                    None => continue,
                },
                Phase::Body(head) if self.input.len() >= head.length => {
                    let Phase::Body(head) = std::mem::replace(&mut self.phase, Phase::Head) else {
                        return self.over();
                    };
                    let rest = self.input.split_off(head.length);
                    let body = std::mem::replace(&mut self.input, rest);
                    self.phase = Phase::Working(Manner::of(&head));
                    self.limit = None;
                    return Step::Serve(head, body);
                }
                Phase::Body(head) => {
                    let wanted = head.length;
                    match self.read(wanted) {
                        Filled::More => {}
                        Filled::Nothing => return Step::Wait,
                        Filled::End => return self.over(),
                    }
                }
                // Who hangs up does not want the answer. A peer may also send ahead.
                Phase::Working(_) | Phase::InParts(_) => {
                    if self.unsent() == 0 {
                        self.limit = None;
                    }
                    match self.read(AHEAD_BYTES) {
                        Filled::More => {}
                        Filled::Nothing => return Step::Wait,
                        Filled::End => return self.over(),
                    }
                }
                Phase::Sending(_, Some(download)) if !download.is_over() => {
                    return match !download.fetching && self.unsent() < FETCH_BELOW {
                        true => {
                            self.fetching();
                            Step::Fetch
                        }
                        false => Step::Wait,
                    };
                }
                Phase::Sending(manner, _) => {
                    if self.unsent() > 0 {
                        return Step::Wait;
                    }
                    match manner.keep {
                        true => self.next_request(now),
                        false => self.drain(now),
                    }
                }
                Phase::Upgrading => {
                    if self.unsent() > 0 {
                        return Step::Wait;
                    }
                    self.phase = Phase::Gone;
                    return match self.stream.take() {
                        Some(stream) => Step::Upgraded(stream, std::mem::take(&mut self.input)),
                        None => Step::Gone,
                    };
                }
                Phase::Draining(left) => {
                    let left = *left;
                    self.input.clear();
                    match self.read(READ_PER_TURN) {
                        Filled::More if left > self.input.len() => {
                            self.phase = Phase::Draining(left - self.input.len());
                        }
                        Filled::Nothing => return Step::Wait,
                        Filled::More | Filled::End => return self.over(),
                    }
                }
            }
        }
    }

    fn over(&mut self) -> Step {
        self.phase = Phase::Gone;
        Step::Gone
    }

    fn next_request(&mut self, now: Instant) {
        self.phase = Phase::Head;
        self.limit = Some(now + if self.known { IDLE_LIMIT } else { HEAD_LIMIT });
        self.out = Vec::new();
        self.sent = 0;
    }

    /// All is said. Closing at once while the peer still sends would throw away what it has not read.
    fn drain(&mut self, now: Instant) {
        if let Some(stream) = &self.stream {
            drop(stream.shutdown(Shutdown::Write));
        }
        self.phase = Phase::Draining(FAREWELL_BYTES);
        self.limit = Some(now + FAREWELL);
    }

    /// Reads on to the end of the head. `None`: go on.
    fn head(&mut self, now: Instant) -> Option<Step> {
        if self.slowed.is_some() {
            // The clock goes on with it.
            return Some(Step::Wait);
        }
        match Head::read(&self.input) {
            Err(refused) => {
                self.refuse(&refused, now);
                None
            }
            Ok(Some((head, length))) => {
                if let Err(wait) = self.allowance.take(now) {
                    self.slowed = Some(now + wait);
                    return Some(Step::Wait);
                }
                self.input.drain(..length);
                self.phase = Phase::Deciding;
                Some(Step::Decide(head))
            }
            Ok(None) => {
                let begun = !self.input.is_empty();
                match self.read(MAX_HEAD + 1) {
                    Filled::More => {
                        if !begun && !self.input.is_empty() {
                            self.limit = Some(now + HEAD_LIMIT);
                        }
                        None
                    }
                    Filled::Nothing => Some(Step::Wait),
                    Filled::End => Some(self.over()),
                }
            }
        }
    }

    /// The request may go on: its body is read, if it has one.
    pub(super) fn admit(&mut self, head: Head, now: Instant) {
        self.known = true;
        if head.expects && self.input.len() < head.length {
            self.out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        self.limit = Some(now + BODY_LIMIT);
        self.phase = Phase::Body(head);
    }

    /// Answers a request whose body was not read.
    pub(super) fn turn_away(&mut self, head: &Head, answer: Answer, now: Instant) {
        self.phase = Phase::Working(Manner { keep: head.keep && head.length == 0, ..Manner::of(head) });
        self.answer(answer, None, now);
    }

    fn refuse(&mut self, refused: &Refused, now: Instant) {
        self.slowed = None;
        self.phase = Phase::Working(Manner { keep: false, silent: false, old: false });
        self.answer(Answer::refusal(refused.status, refused.why), None, now);
    }

    /// Answers the request that is worked on.
    pub(super) fn answer(&mut self, answer: Answer, download: Option<Download>, now: Instant) {
        let Phase::Working(manner) = self.phase else { return };
        let keep = manner.keep && !answer.close;
        let upgrades = answer.status == 101;
        self.out.extend(answer.bytes(keep, manner.silent));
        self.limit = Some(now + WRITE_LIMIT);
        self.phase = match upgrades {
            true => Phase::Upgrading,
            false => Phase::Sending(Manner { keep, ..manner }, download.filter(|_| !manner.silent)),
        };
    }

    /// Answers the request that is worked on by a head whose body comes by [`Connection::part`].
    pub(super) fn begin(&mut self, mut answer: Answer, now: Instant) {
        let Phase::Working(manner) = self.phase else { return };
        answer.in_parts = true;
        if !manner.old {
            answer.fields.push(("transfer-encoding", "chunked".to_owned()));
        }
        let manner = Manner { keep: manner.keep && !manner.old, ..manner };
        self.out.extend(answer.bytes(manner.keep, true));
        self.limit = Some(now + WRITE_LIMIT);
        self.phase = Phase::InParts(manner);
    }

    /// A part of the body. One that is not `needed` is left out where the peer does not keep up.
    pub(super) fn part(&mut self, bytes: &[u8], needed: bool, now: Instant) {
        let Phase::InParts(manner) = self.phase else { return };
        if bytes.is_empty() || (!needed && self.unsent() > PARTS_BYTES) {
            return;
        }
        self.out.drain(..self.sent.min(self.out.len()));
        self.sent = 0;
        if self.limit.is_none() {
            self.limit = Some(now + WRITE_LIMIT);
        }
        if !manner.old {
            self.out.extend_from_slice(format!("{:x}\r\n", bytes.len()).as_bytes());
        }
        self.out.extend_from_slice(bytes);
        if !manner.old {
            self.out.extend_from_slice(b"\r\n");
        }
    }

    /// Whether its answer has begun and its end is still to come.
    pub(super) fn is_in_parts(&self) -> bool {
        matches!(self.phase, Phase::InParts(_))
    }

    /// The body is whole.
    pub(super) fn finish(&mut self, now: Instant) {
        let Phase::InParts(manner) = self.phase else { return };
        if !manner.old {
            self.out.extend_from_slice(b"0\r\n\r\n");
        }
        self.limit = Some(now + WRITE_LIMIT);
        self.phase = Phase::Sending(manner, None);
    }

    fn fetching(&mut self) {
        if let Phase::Sending(_, Some(download)) = &mut self.phase {
            download.fetching = true;
        }
    }

    /// The download that is under way.
    pub(super) fn download(&self) -> Option<&Download> {
        match &self.phase {
            Phase::Sending(_, download) => download.as_ref(),
            _ => None,
        }
    }

    /// More of the download. Nothing, where there should be something, ends the connection: the length
    /// was promised.
    pub(super) fn fetched(&mut self, piece: &[u8], now: Instant) {
        let Phase::Sending(_, Some(download)) = &mut self.phase else { return };
        if !download.take(piece) {
            self.phase = Phase::Gone;
            return;
        }
        // What is sent goes, so that the buffer does not grow with the file.
        self.out.drain(..self.sent.min(self.out.len()));
        self.sent = 0;
        self.out.extend_from_slice(piece);
        self.limit = Some(now + WRITE_LIMIT);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.limit.into_iter().chain(self.slowed).min()
    }

    /// The clock. Whether the connection is to be stepped.
    pub(super) fn tick(&mut self, now: Instant) -> bool {
        if self.slowed.take_if(|until| now >= *until).is_some() {
            return true;
        }
        if self.limit.is_none_or(|limit| now < limit) {
            return false;
        }
        let late = Refused { status: 408, why: "the request took too long" };
        match &self.phase {
            Phase::Head if self.input.is_empty() => self.phase = Phase::Gone,
            Phase::Head | Phase::Body(_) => self.refuse(&late, now),
            _ => self.phase = Phase::Gone,
        }
        true
    }

    /// The agent stops: what was said is sent, and then it is over.
    pub(super) fn leave(&mut self, now: Instant) {
        match &mut self.phase {
            Phase::Sending(manner, None) => manner.keep = false,
            Phase::Upgrading | Phase::Draining(_) => {}
            Phase::InParts(manner) => {
                manner.keep = false;
                self.finish(now);
            }
            Phase::Working(manner) => {
                manner.keep = false;
                self.answer(Answer::refusal(503, "the agent stops; attach again to go on"), None, now);
            }
            _ => self.phase = Phase::Gone,
        }
        self.write(now);
    }

    /// Reads until there are so many bytes, or nothing comes.
    fn read(&mut self, wanted: usize) -> Filled {
        let Some(stream) = &mut self.stream else { return Filled::End };
        if self.input.len() >= wanted {
            return Filled::Nothing;
        }
        let mut buffer = [0; 16 * 1024];
        loop {
            let room = (wanted - self.input.len()).min(buffer.len());
            match stream.read(buffer.get_mut(..room).unwrap_or_default()) {
                Ok(0) => return Filled::End,
                Ok(count) => {
                    self.input.extend_from_slice(buffer.get(..count).unwrap_or_default());
                    return Filled::More;
                }
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => return Filled::Nothing,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Filled::End,
            }
        }
    }

    /// Sends what it can; whether the connection still stands.
    fn write(&mut self, now: Instant) -> bool {
        let Some(stream) = &mut self.stream else { return false };
        let mut moved = false;
        while let Some(rest) = self.out.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match stream.write(rest) {
                Ok(0) => return false,
                Ok(count) => {
                    self.sent += count;
                    moved = true;
                }
                Err(why) if why.kind() == io::ErrorKind::WouldBlock => {
                    if moved {
                        self.limit = Some(now + WRITE_LIMIT);
                    }
                    return true;
                }
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        true
    }

    pub(super) fn token(&self) -> Token {
        self.token
    }
}

/// What became of reading.
enum Filled {
    More,
    Nothing,
    End,
}
