//! One of the agent's ports as the options want it: opened, tried for again while it cannot be had, told of in `session`,
//! closed. What comes in by it is its server's.

use std::net::SocketAddr;
use std::time::Instant;

use mio::Token;
use mio::net::TcpStream;

use crate::backoff::Backoff;
use crate::core::Core;
use crate::credentials::Credentials;
use crate::port::Port;

/// Which one: as the option and the log have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    Http,
    Mcp,
    Telnet,
}

/// See the module.
pub(crate) struct Door {
    name: Name,
    /// Where it shall be.
    wanted: Option<SocketAddr>,
    port: Option<Port>,
    /// When it is tried for again.
    retry: Option<Instant>,
    backoff: Backoff,
}

impl Name {
    fn text(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Mcp => "mcp",
            Self::Telnet => "telnet",
        }
    }

    fn problem(self, core: &mut Core) -> &mut Option<String> {
        match self {
            Self::Http => &mut core.problems.http,
            Self::Mcp => &mut core.problems.mcp,
            Self::Telnet => &mut core.problems.telnet,
        }
    }

    /// Where `session` finds it.
    fn shown(self, known: &mut shell::ConnectionState) -> &mut Option<shell::Port> {
        match self {
            Self::Http => &mut known.http,
            Self::Mcp => &mut known.mcp,
            Self::Telnet => &mut known.telnet,
        }
    }
}

impl Door {
    pub(crate) fn new(name: Name) -> Self {
        Self { name, wanted: None, port: None, retry: None, backoff: Backoff::new() }
    }

    /// As the option and the log have it.
    pub(crate) fn name(&self) -> &'static str {
        self.name.text()
    }

    /// Where it shall be.
    pub(crate) fn wanted(&self) -> Option<SocketAddr> {
        self.wanted
    }

    /// Takes what the options say. Another place than before: it must be shut first.
    pub(crate) fn want(&mut self, wanted: Option<SocketAddr>, core: &mut Core) {
        self.wanted = wanted;
        *self.name.problem(core) = None;
    }

    /// Opens it, if it shall be open and is not. `are_new`: it is told again whom it opens to.
    pub(crate) fn open(&mut self, credentials: &Credentials, are_new: bool, core: &mut Core) {
        let Some(address) = self.wanted else { return };
        if self.port.is_some() {
            if are_new {
                self.announce(credentials, core);
            }
            return;
        }
        match Port::open(address, core) {
            Ok(port) => {
                // Somebody may have been quicker than the registration.
                core.again.insert(port.token());
                self.port = Some(port);
                self.retry = None;
                self.backoff.succeeded();
                *self.name.problem(core) = None;
                self.announce(credentials, core);
            }
            // Its owner may go.
            Err(why) => {
                let why = format!("{}: {why}", self.name.text());
                let problem = self.name.problem(core);
                if problem.as_ref() != Some(&why) {
                    log::warn!("{why}");
                    *problem = Some(why);
                }
                self.retry = Some(core.now + self.backoff.failed());
            }
        }
        core.publish_problems();
    }

    fn announce(&self, credentials: &Credentials, core: &Core) {
        let Some(port) = &self.port else { return };
        let (name, address) = (self.name.text(), port.address());
        match (credentials.user(), credentials.made()) {
            (None, _) => log::warn!("{name}: listening at {address}, and asks nobody for a password"),
            (Some(user), None) => log::info!("{name}: listening at {address} for {user}"),
            (Some(user), Some(_)) => log::info!(
                "{name}: listening at {address} for {user}; no password was given, so one was made up, which \
                 `session` shows over the local socket"
            ),
        }
        core.shell.connections().update(|known| {
            *self.name.shown(known) = Some(shell::Port {
                address: address.to_string(),
                user: credentials.user().map(str::to_owned),
                made_password: credentials.made().map(str::to_owned),
            });
        });
    }

    /// Nobody comes in any more.
    pub(crate) fn shut(&mut self, core: &Core) {
        self.retry = None;
        if let Some(port) = self.port.take() {
            log::info!("{}: {} is closed", self.name.text(), port.address());
        }
        core.shell.connections().update(|known| *self.name.shown(known) = None);
    }

    /// Whether an event is for it.
    pub(crate) fn is(&self, token: Token) -> bool {
        self.port.as_ref().is_some_and(|port| port.token() == token)
    }

    /// The next connection, if there is one now and it may come now.
    pub(crate) fn accept(&mut self, core: &mut Core) -> Option<(Token, TcpStream, SocketAddr)> {
        self.port.as_mut()?.accept(core)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.port.as_ref().and_then(Port::deadline).into_iter().chain(self.retry).min()
    }

    /// Its time has come: it is opened if it could not be before. Whether somebody may wait for it.
    pub(crate) fn tick(&mut self, credentials: Option<&Credentials>, core: &mut Core) -> bool {
        let now = core.now;
        if self.retry.take_if(|retry| now >= *retry).is_some()
            && let Some(credentials) = credentials
        {
            self.open(credentials, false, core);
        }
        self.port.as_ref().and_then(Port::deadline).is_some_and(|paused| now >= paused)
    }
}
