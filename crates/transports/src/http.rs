//! The HTTP server: the API, a terminal over a WebSocket, and the folder of files.
//!
//! It listens only where somebody asked for it, and asks everybody for a password. A request is
//! decided about as soon as its head is there: is it meant for us, does it come from a page of ours,
//! who is it. Only then its body is read and a route works on it.

mod admission;
mod answer;
mod api;
mod connection;
mod console;
mod handshake;
mod head;
mod origin;
mod output;
mod page;
mod proxy;
mod route;
mod tools;
mod visits;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use mio::Token;
use mio::net::TcpStream;

use crate::allowance::Allowance;
use crate::core::{Core, Visitor};
use crate::credentials::Credentials;
use crate::door::{Door, Name};
use crate::mcp::{self, Mcp, Uploads};
use crate::table::Table;
pub(crate) use answer::Answer;
use api::Api;
pub(crate) use api::{Object, array};
use connection::{Connection, Step};
use console::Console;
pub(crate) use head::Head;
pub(crate) use origin::network;
pub(crate) use output::{Rights, open_below};
pub(crate) use proxy::answer as proxied;
use visits::Visits;

/// How many connections there may be, and how many of people who have not said who they are.
const CONNECTIONS: (usize, usize) = (512, 64);

/// What all connections together may hold, in bytes; more is refused until it is less.
const HELD_BYTES: usize = 64 * 1024 * 1024;

/// How many requests of one connection one turn of the loop takes.
const STEPS_PER_TURN: usize = 32;

/// How many files may be sent at once.
const DOWNLOADS: usize = 16;

/// How many paths may be looked up at once.
const ERRANDS: usize = 32;

/// Something that waited for a disk.
pub(crate) enum News {
    /// What a path below the output folder names.
    Found(Token, Box<output::Found>),
    /// A piece of a file.
    Piece(Token, Vec<u8>),
}

/// What a server is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// The option `http`; an assistant's tools, too, where `mcp` names the same address.
    Everything,
    /// The option `mcp`, where it names an address of its own.
    Tools,
}

/// See the module.
pub(crate) struct Http {
    purpose: Purpose,
    door: Door,
    /// Who may enter; `None`: nobody.
    credentials: Option<Arc<Credentials>>,
    visits: Visits,
    connections: Table<Token, Connection>,
    consoles: Table<Token, Console>,
    /// Upgrades under way: who opens the console, and whether without a welcome.
    upgrades: Table<Token, (Visitor, bool)>,
    /// Threads that look up a path or read a file.
    errands: usize,
    /// How often it is said what strangers do: they shall not fill the log.
    warnings: Allowance,
    api: Api,
    /// An assistant's tools are here.
    has_tools: bool,
    mcp: Mcp,
}

impl Http {
    pub(crate) fn new(purpose: Purpose, uploads: Arc<Uploads>) -> Self {
        Self {
            purpose,
            door: Door::new(match purpose {
                Purpose::Everything => Name::Http,
                Purpose::Tools => Name::Mcp,
            }),
            credentials: None,
            visits: Visits::default(),
            connections: Table::default(),
            consoles: Table::default(),
            upgrades: Table::default(),
            errands: 0,
            warnings: Allowance::new(1, 10, Instant::now()),
            api: Api::new(Instant::now()),
            has_tools: false,
            mcp: Mcp::new(uploads),
        }
    }

    /// Takes the options in force and who may enter. Nothing happens where they say what is so already.
    pub(crate) fn configure(&mut self, credentials: Option<&Arc<Credentials>>, core: &mut Core) {
        let (http, mcp) = (core.options.http_address(), core.options.mcp_address());
        let wanted = match self.purpose {
            Purpose::Everything => http,
            Purpose::Tools => mcp.filter(|_| mcp != http),
        };
        if self.door.wanted() != wanted || credentials.is_none() {
            self.shut(core);
        }
        self.door.want(wanted, core);
        self.look_after_tools(core);
        let Some(credentials) = credentials else { return };
        let are_new = !self.credentials.as_ref().is_some_and(|before| Arc::ptr_eq(before, credentials));
        if are_new {
            // Who came in by another password is out.
            self.hang_up(core);
            self.credentials = Some(credentials.clone());
        }
        // Without a port of its own it serves who speaks HTTP on the telnet port.
        self.door.open(credentials, are_new, core);
    }

    /// Takes what waited for a disk.
    pub(crate) fn hear(&mut self, news: News, core: &mut Core) {
        match news {
            News::Found(token, found) => {
                self.errands = self.errands.saturating_sub(1);
                if let Some(connection) = self.connections.get_mut(&token) {
                    let mut answer = found.answer;
                    if let Some(visit) = &connection.visit {
                        answer = answer.with("set-cookie", visits::cookie(visit));
                    }
                    connection.answer(answer, found.download, core.now);
                    self.drive(token, core);
                }
            }
            News::Piece(token, piece) => {
                self.errands = self.errands.saturating_sub(1);
                if let Some(connection) = self.connections.get_mut(&token) {
                    connection.fetched(&piece, core.now);
                    self.drive(token, core);
                }
            }
        }
    }

    /// Closes the port and everything that came by it.
    fn shut(&mut self, core: &mut Core) {
        self.door.shut(core);
        self.hang_up(core);
        self.credentials = None;
    }

    fn hang_up(&mut self, core: &mut Core) {
        self.api.leave(core);
        self.deliver(core);
        self.mcp.leave(core);
        self.post(core);
        for console in self.consoles.values_mut() {
            console.leave(1001, "the HTTP port changes", core);
        }
        for connection in self.connections.values_mut() {
            connection.leave(core.now);
        }
        let tokens: Vec<Token> = self.connections.keys().copied().collect();
        for token in tokens {
            self.drive(token, core);
        }
        self.visits.forget();
    }

    /// Whether the token is one of ours; then what can be done is done.
    pub(crate) fn ready(&mut self, token: Token, core: &mut Core) -> bool {
        if self.door.is(token) {
            self.accept(core);
        } else if self.connections.contains_key(&token) {
            self.drive(token, core);
        } else if let Some(console) = self.consoles.get_mut(&token) {
            if console.drive(core).is_err() {
                console.end_session(core);
                self.consoles.remove(&token);
            }
        } else if self.api.ready(token, core) {
            self.deliver(core);
        } else if self.mcp.ready(token, core) {
            self.post(core);
        } else {
            return false;
        }
        true
    }

    fn accept(&mut self, core: &mut Core) {
        while let Some((token, stream, peer)) = self.door.accept(core) {
            self.adopt(token, stream, peer, Vec::new(), core);
        }
    }

    /// Takes a connection on which HTTP is spoken, by whatever port it came, and what was read from it already.
    pub(crate) fn adopt(
        &mut self,
        token: Token,
        stream: TcpStream,
        peer: SocketAddr,
        read: Vec<u8>,
        core: &mut Core,
    ) {
        let (most, strangers) = CONNECTIONS;
        if core.stopping || self.connections.len() + self.consoles.len() >= most {
            return;
        }
        // Of too many strangers the one that has been here longest without a word goes.
        let unknown = || self.connections.values().filter(|connection| !connection.known);
        if unknown().count() >= strangers
            && let Some(oldest) =
                unknown().min_by_key(|connection| connection.accepted).map(Connection::token)
        {
            self.forget(oldest);
        }
        self.connections.insert(token, Connection::new(stream, token, peer, read, core.now));
        self.drive(token, core);
    }

    fn forget(&mut self, token: Token) {
        self.connections.remove(&token);
        self.upgrades.remove(&token);
        self.api.gone(token);
        self.mcp.gone(token);
    }

    /// Does what a connection wants, as long as it wants something.
    fn drive(&mut self, token: Token, core: &mut Core) {
        for _ in 0..STEPS_PER_TURN {
            let Some(connection) = self.connections.get_mut(&token) else { return };
            match connection.step(core.now) {
                Step::Wait => return,
                Step::Gone => return self.forget(token),
                Step::Decide(head) => self.decide(token, head, core),
                Step::Serve(head, body) => self.serve(token, &head, &body, core),
                Step::Fetch => self.fetch(token, core),
                Step::Upgraded(stream, read) => return self.upgraded(token, stream, read, core),
            }
        }
        core.again.insert(token);
    }

    /// Lets a request in or turns it away, before its body is read.
    fn decide(&mut self, token: Token, head: Head, core: &mut Core) {
        let now = core.now;
        let (name, held) =
            (self.door.name(), self.connections.values().map(Connection::weight).sum::<usize>());
        let Some(connection) = self.connections.get_mut(&token) else { return };
        if let Err(refused) = origin::check(&head, &core.options.host_names) {
            if self.warnings.take(now).is_ok() {
                log::warn!("{name}: {}: {}", connection.peer, refused.why);
            }
            return connection.turn_away(&head, Answer::refusal(refused.status, refused.why), now);
        }
        if head.path == mcp::ROUTE && head.length > mcp::LONGEST {
            let answer = Answer::refusal(413, "the message is longer than 2 MiB");
            return connection.turn_away(&head, answer, now);
        }
        let limit = core.options.session_timeout_or_default();
        let peer = connection.peer;
        let visit = connection.visit.clone();
        let Some(credentials) = &self.credentials else { return self.forget(token) };
        match admission::admit(credentials, &mut self.visits, &head, peer, visit, limit, now) {
            Err(answer) => connection.turn_away(&head, answer, now),
            Ok(_) if held + head.length > HELD_BYTES => {
                let sentence = "too much is waiting to be read by others; try again";
                connection.turn_away(&head, Answer::refusal(503, sentence), now);
            }
            Ok(pass) => {
                connection.visit = Some(pass.visit);
                connection.admit(head, now);
            }
        }
    }

    fn upgraded(&mut self, token: Token, stream: TcpStream, read: Vec<u8>, core: &mut Core) {
        self.connections.remove(&token);
        let Some((visitor, quiet)) = self.upgrades.remove(&token) else { return };
        let console = Console::open(stream, read, token, visitor, quiet, core);
        self.consoles.insert(token, console);
        // What came behind the handshake makes no event any more.
        core.again.insert(token);
    }

    /// Sends the API's replies that became ready.
    fn deliver(&mut self, core: &mut Core) {
        for (token, json) in self.api.replies() {
            self.answer(token, Answer::json(json), core);
            self.drive(token, core);
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let connections = self.connections.values().filter_map(Connection::deadline);
        let consoles = self.consoles.values().map(Console::deadline);
        let sessions = self.api.deadline().into_iter().chain(self.mcp.deadline());
        connections.chain(consoles).chain(sessions).chain(self.door.deadline()).min()
    }

    pub(crate) fn tick(&mut self, core: &mut Core) {
        let now = core.now;
        if self.door.tick(self.credentials.as_deref(), core) {
            self.accept(core);
        }
        let due = self
            .connections
            .values_mut()
            .filter_map(|connection| connection.tick(now).then_some(connection.token()));
        for token in due.collect::<Vec<_>>() {
            self.drive(token, core);
        }
        self.consoles.retain(|_, console| match console.tick(now) {
            Ok(()) => true,
            Err(_) => {
                console.end_session(core);
                false
            }
        });
        self.api.tick(core);
        self.deliver(core);
        self.mcp.tick(core);
        self.post(core);
    }

    /// The agent stops: no more connections, and the last words to those there are.
    pub(crate) fn leave(&mut self, core: &mut Core) {
        self.door.shut(core);
        self.api.leave(core);
        self.deliver(core);
        self.mcp.leave(core);
        self.post(core);
        for console in self.consoles.values_mut() {
            // What the last command said goes out first.
            drop(console.drive(core));
            console.leave(1000, "Bye", core);
        }
        for connection in self.connections.values_mut() {
            connection.leave(core.now);
        }
    }

    /// Whether everybody has what was said.
    pub(crate) fn is_flushed(&self) -> bool {
        self.consoles.is_empty() && self.connections.values().all(Connection::is_flushed)
    }
}

pub(crate) use console::fuzz as fuzz_frames;

/// For the fuzz target: everything that is read out of a request.
pub(crate) fn fuzz(head: Option<Head>, body: &[u8]) {
    if let Some(head) = head {
        drop((
            origin::check(&head, &[]).is_ok(),
            admission::basic(&head),
            head.parameter("password"),
            handshake::upgrade(&head).is_ok(),
        ));
        output::fuzz(&head.path, head.field("range").unwrap_or_default());
    }
    api::fuzz(body);
}
