//! The telnet server: a terminal for Arthas's own client, for `telnet` and `nc`, and HTTP for who speaks that here.
//!
//! It listens only where somebody asked for it. A session is locked until `auth` was given the password.

mod connection;
mod protocol;

use std::sync::Arc;
use std::time::Instant;

use mio::Token;
use render::Theme;
use shell::{Lock, Session};

use crate::core::{Core, Demand, Visitor};
use crate::credentials::{Asked, Credentials};
use crate::door::{Door, Name};
use crate::draw;
use crate::http::{Http, network};
use crate::table::Table;
use connection::{Connection, Step};

/// How many connections there may be, and how many that have no session yet.
const CONNECTIONS: (usize, usize) = (128, 32);

/// How often one turn of the loop looks at one connection.
const STEPS_PER_TURN: usize = 32;

/// See the module.
pub(crate) struct Telnet {
    door: Door,
    /// Who may enter; `None`: nobody.
    credentials: Option<Arc<Credentials>>,
    connections: Table<Token, Connection>,
    locks: Table<Token, Arc<Lock>>,
}

impl Telnet {
    pub(crate) fn new() -> Self {
        Self {
            door: Door::new(Name::Telnet),
            credentials: None,
            connections: Table::default(),
            locks: Table::default(),
        }
    }

    /// Takes the options in force and who may enter. Nothing happens where they say what is so already.
    pub(crate) fn configure(&mut self, credentials: Option<&Arc<Credentials>>, core: &mut Core) {
        let wanted = core.options.telnet.and_then(|listen| listen.address());
        let are_new = match (&self.credentials, credentials) {
            (Some(before), Some(now)) => !Arc::ptr_eq(before, now),
            (before, now) => before.is_some() != now.is_some(),
        };
        if self.door.wanted() != wanted || credentials.is_none() {
            self.shut(core);
        } else if are_new {
            // Who came in by another password is out.
            self.hang_up(core);
        }
        self.credentials = credentials.cloned();
        self.door.want(wanted, core);
        if let Some(credentials) = credentials {
            self.door.open(credentials, are_new, core);
        }
    }

    /// Closes the port and everything that came by it.
    fn shut(&mut self, core: &mut Core) {
        self.door.shut(core);
        self.hang_up(core);
    }

    fn hang_up(&mut self, core: &mut Core) {
        let tokens: Vec<Token> = self.connections.keys().copied().collect();
        for token in tokens {
            if let Some(connection) = self.connections.get_mut(&token) {
                let had = connection.has_session();
                connection.leave(core.now);
                if had {
                    self.gone(token, core);
                }
                core.again.insert(token);
            }
        }
    }

    /// Whether the token is one of ours; then what can be done is done.
    pub(crate) fn ready(&mut self, token: Token, http: &mut Http, core: &mut Core) -> bool {
        if self.door.is(token) {
            self.accept(http, core);
        } else if self.connections.contains_key(&token) {
            self.drive(token, http, core);
        } else {
            return false;
        }
        true
    }

    fn accept(&mut self, http: &mut Http, core: &mut Core) {
        while let Some((token, stream, peer)) = self.door.accept(core) {
            let (most, strangers) = CONNECTIONS;
            if core.stopping || self.connections.len() >= most {
                continue;
            }
            // Of too many strangers the one that has been here longest goes.
            let unknown = || self.connections.values().filter(|connection| !self.is_open(connection));
            if unknown().count() >= strangers
                && let Some(oldest) =
                    unknown().min_by_key(|connection| connection.accepted).map(|connection| connection.token)
            {
                self.forget(oldest, core);
            }
            self.connections.insert(token, Connection::new(stream, token, peer, core.now));
            self.drive(token, http, core);
        }
    }

    /// Whether the password was said on it, or nobody asks for one.
    fn is_open(&self, connection: &Connection) -> bool {
        connection.has_session() && self.locks.get(&connection.token).is_none_or(|lock| lock.is_open())
    }

    fn drive(&mut self, token: Token, http: &mut Http, core: &mut Core) {
        for _ in 0..STEPS_PER_TURN {
            let Some(connection) = self.connections.get_mut(&token) else { return };
            let had = connection.has_session();
            let step = connection.step(core.now);
            if had && !connection.has_session() {
                self.gone(token, core);
            }
            if !self.obey(step, token, http, core) {
                return;
            }
        }
        core.again.insert(token);
    }

    /// Does what a connection wants. `false`: nothing more now.
    fn obey(&mut self, step: Step, token: Token, http: &mut Http, core: &mut Core) -> bool {
        match step {
            Step::Wait => return false,
            Step::Again => {}
            Step::Open(size, quiet) => self.open(token, size, quiet, core),
            Step::Http(read) => {
                if let Some(connection) = self.connections.remove(&token) {
                    let peer = connection.peer;
                    http.adopt(token, connection.into_stream(), peer, read, core);
                }
                return false;
            }
            Step::StopAgent => {
                core.orders.push(Demand::Stop(None));
                return false;
            }
            Step::Gone => {
                self.forget(token, core);
                return false;
            }
        }
        true
    }

    fn open(&mut self, token: Token, size: shell::Size, quiet: bool, core: &mut Core) {
        let Some(connection) = self.connections.get_mut(&token) else { return };
        let Some(credentials) = &self.credentials else { return connection.leave(core.now) };
        if let Err(sentence) = core.open_session() {
            return connection.refuse(&sentence, core.now);
        }
        let lock = credentials.user().map(|_| {
            let asked = Asked { credentials: credentials.clone(), peer: network(connection.peer.ip()) };
            Arc::new(Lock::new(Arc::new(asked)))
        });
        let visitor = Visitor {
            from: "telnet",
            user: String::new(),
            peer: connection.peer.to_string(),
            id: None,
            lock: lock.clone(),
        };
        let draw = Arc::new(draw::Text { theme: Theme::Ansi });
        let mut setup = core.session_setup(token, visitor, size, draw);
        // Who is not known yet is not told what runs here.
        if quiet || lock.is_some() {
            setup.welcome.clear();
        }
        let line = match &lock {
            Some(_) if !quiet => "Say the password with `auth PASSWORD`.",
            _ => "",
        };
        if let Some(lock) = lock {
            self.locks.insert(token, lock);
        }
        connection.open(Session::terminal(core.shell.clone(), setup), line);
    }

    /// The session of a connection is over.
    fn gone(&mut self, token: Token, core: &mut Core) {
        self.locks.remove(&token);
        core.close_session();
    }

    fn forget(&mut self, token: Token, core: &mut Core) {
        if let Some(mut connection) = self.connections.remove(&token) {
            let had = connection.has_session();
            connection.leave(core.now);
            if had {
                self.gone(token, core);
            }
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let connections =
            self.connections.values().map(|connection| connection.deadline(self.is_open(connection)));
        connections.chain(self.door.deadline()).min()
    }

    pub(crate) fn tick(&mut self, http: &mut Http, core: &mut Core) {
        let now = core.now;
        if self.door.tick(self.credentials.as_deref(), core) {
            self.accept(http, core);
        }
        let due = self.connections.values().filter_map(|connection| {
            let is_open = self.is_open(connection);
            (now >= connection.deadline(is_open)).then_some((connection.token, is_open))
        });
        for (token, is_open) in due.collect::<Vec<_>>() {
            let Some(connection) = self.connections.get_mut(&token) else { continue };
            let had = connection.has_session();
            let step = connection.tick(is_open, now);
            if had && !connection.has_session() {
                self.gone(token, core);
            }
            if self.obey(step, token, http, core) {
                self.drive(token, http, core);
            }
        }
    }

    /// The agent stops: no more connections, and the last words to those there are.
    pub(crate) fn leave(&mut self, http: &mut Http, core: &mut Core) {
        self.door.shut(core);
        let tokens: Vec<Token> = self.connections.keys().copied().collect();
        for token in tokens {
            // What the last command said goes out first.
            self.drive(token, http, core);
        }
        self.hang_up(core);
    }

    /// Whether everybody has what was said.
    pub(crate) fn is_flushed(&self) -> bool {
        self.connections.values().all(Connection::is_flushed)
    }
}

/// For the fuzz target: whatever a peer sends.
pub(crate) fn fuzz(bytes: &[u8]) -> (usize, usize) {
    let (mut reader, mut answer) = (protocol::Reader::default(), Vec::new());
    let said = reader.read(bytes, &mut answer);
    (said.len(), answer.len())
}
