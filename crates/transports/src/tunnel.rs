//! The tunnel: an outbound WebSocket to a tunnel server, by the Arthas tunnel protocol.
//!
//! The control connection registers the agent and is told when somebody opens a console; each
//! console is a second connection with a terminal session on it. Whatever the server does (refuse,
//! hang, talk nonsense, go away), the agent says so once in log and `session`, and tries again with
//! growing, random waits.

mod address;
mod dial;
mod link;
mod lost;
mod stream;
mod target;
mod terminal;
mod trust;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::Token;
use rustls::ClientConfig;
use wire::Frame;
use wire::arthas::{Order, Request};

use crate::Secret;
use crate::backoff::Backoff;
use crate::core::Core;
use crate::http::{self, Rights};
use crate::loan::Loans;
use crate::mailbox::Letter;
pub(crate) use address::Address;
use dial::Errand;
pub(crate) use dial::Found;
use link::Link;
use lost::Lost;
use target::Target;
use terminal::Terminal;

/// How long the server may take to confirm a registration.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// A registration that lasts so long makes the next failure wait short again.
const STABLE: Duration = Duration::from_secs(10);

/// How long a look-up may take before the user hears of it. It goes on.
const SLOW: Duration = Duration::from_secs(10);

/// Files on their way through one tunnel.
const MAX_ANSWERS: usize = 4;

/// Consoles through one tunnel.
const MAX_TERMINALS: usize = 64;

/// See the module.
pub(crate) struct Tunnel {
    /// Where to, and under which name. `None`: no tunnel is wanted, or its address is wrong.
    target: Option<Target>,
    /// The id the server gave, which may not be the one asked for.
    known_as: Option<String>,
    control: Control,
    terminals: BTreeMap<Token, Terminal>,
    /// What the server does for jobs of its consoles, while it is there and does anything.
    loans: Option<Arc<Loans>>,
    backoff: Backoff,
    /// Failed tries since the last registration.
    failures: u64,
    /// Kept while it works: reading the system's certificates takes milliseconds.
    tls: Option<Arc<ClientConfig>>,
    /// Answers for people at the server, to be sent; and how many are made or to be sent.
    answers: VecDeque<String>,
    answering: usize,
    /// Numbers look-ups.
    errands: u64,
    /// A look-up whose thread still runs, perhaps one that nobody waits for any more.
    errand_out: bool,
}

/// The control connection.
enum Control {
    Off,
    /// Until then.
    Waiting(Instant),
    /// A look-up is out.
    Dialling {
        errand: u64,
        slow: Option<Instant>,
    },
    /// Connecting and shaking hands with one of the addresses.
    Linking {
        link: Box<Link>,
        token: Token,
        at: SocketAddr,
        rest: VecDeque<SocketAddr>,
        secret: Option<Secret>,
    },
    /// Connected, not yet confirmed.
    Registering {
        link: Box<Link>,
        token: Token,
        at: SocketAddr,
        limit: Instant,
    },
    /// There.
    Registered {
        link: Box<Link>,
        token: Token,
        at: SocketAddr,
        since: Instant,
    },
}

impl Tunnel {
    pub(crate) fn new() -> Self {
        Self {
            target: None,
            known_as: None,
            control: Control::Off,
            terminals: BTreeMap::new(),
            loans: None,
            backoff: Backoff::new(),
            failures: 0,
            tls: None,
            answers: VecDeque::new(),
            answering: 0,
            errands: 0,
            errand_out: false,
        }
    }

    /// Takes the options in force. Nothing happens where they say what is so already.
    pub(crate) fn configure(&mut self, start: Instant, core: &mut Core) {
        let wanted = match core.options.tunnel_url.as_deref().map(Address::parse) {
            None => None,
            Some(Ok(address)) => Some(Target::new(address, core)),
            Some(Err(why)) => {
                self.problem(core, format!("no tunnel: {why}"));
                None
            }
        };
        if wanted == self.target && wanted.is_some() {
            return;
        }
        self.hang_up(core);
        self.tls = None;
        self.backoff = Backoff::new();
        self.failures = 0;
        if let Some(target) = &wanted {
            self.control = Control::Waiting(start);
            core.problems.tunnel = None;
            core.shell.connections().update(|known| {
                known.tunnel_server = Some(target.address.to_string());
                known.agent_id = Some(target.id.clone());
            });
            core.publish_problems();
        } else {
            self.control = Control::Off;
        }
        self.target = wanted;
        self.known_as = None;
    }

    /// Whether the token is one of ours; then what can be done is done.
    pub(crate) fn ready(&mut self, token: Token, core: &mut Core) -> bool {
        if self.control_token() == Some(token) {
            self.drive_control(core);
            return true;
        }
        let Some(terminal) = self.terminals.get_mut(&token) else { return false };
        if let Err(lost) = terminal.drive(core) {
            terminal.end_session(core);
            log::info!("tunnel: a console is over: {}", lost.why);
            self.terminals.remove(&token);
        }
        true
    }

    /// A look-up came back.
    pub(crate) fn found(&mut self, number: u64, result: Result<Found, String>, core: &mut Core) {
        self.errand_out = false;
        if !matches!(self.control, Control::Dialling { errand, .. } if errand == number) {
            // Of a target that is not wanted any more; the tick starts the right one.
            return;
        }
        match result {
            Ok(found) => {
                self.tls = found.tls;
                self.link(found.addresses.into(), found.token, core);
            }
            Err(why) => self.failed(Lost { why, tls: true }, core),
        }
    }

    pub(crate) fn tick(&mut self, core: &mut Core) {
        match &mut self.control {
            Control::Waiting(until) if core.now >= *until => self.dial(core),
            Control::Dialling { slow, .. } if slow.is_some_and(|slow| core.now >= slow) => {
                *slow = None;
                let why = format!("looking up the tunnel server has taken {} s; it goes on", SLOW.as_secs());
                self.problem(core, why);
            }
            Control::Linking { link, .. }
            | Control::Registering { link, .. }
            | Control::Registered { link, .. } => {
                let mut result = link.tick(core.now);
                if let (Control::Registering { limit, .. }, Some(target)) = (&self.control, &self.target)
                    && core.now >= *limit
                {
                    let why = format!(
                        "{} did not confirm the registration within {} s; is it a tunnel server?",
                        target.address,
                        ANSWER_LIMIT.as_secs()
                    );
                    result = Err(Lost { why, tls: false });
                }
                if let Err(lost) = result {
                    self.lost(lost, core);
                }
            }
            _ => {}
        }
        self.terminals.retain(|_, terminal| match terminal.tick(core.now) {
            Ok(()) => true,
            Err(lost) => {
                terminal.end_session(core);
                log::info!("tunnel: a console is over: {}", lost.why);
                false
            }
        });
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let control = match &self.control {
            Control::Off => None,
            Control::Waiting(until) => Some(*until),
            Control::Dialling { slow, .. } => *slow,
            Control::Linking { link, .. } | Control::Registered { link, .. } => link.deadline(),
            Control::Registering { link, limit, .. } => link.deadline().into_iter().chain([*limit]).min(),
        };
        self.terminals.values().filter_map(Terminal::deadline).chain(control).min()
    }

    /// The agent stops: says goodbye to everybody, to the server with the reason.
    pub(crate) fn leave(&mut self, why: &str, core: &mut Core) {
        self.no_loans();
        for terminal in self.terminals.values_mut() {
            // What the last command said goes out first.
            drop(terminal.drive(core));
            terminal.leave(1000, "Bye", core);
        }
        if let Control::Registering { link, .. } | Control::Registered { link, .. } = &mut self.control {
            link.close(1000, why, core.now);
        }
        self.control = Control::Off;
        core.shell.connections().update(|known| known.tunnel_connected = false);
    }

    /// Whether everybody has what was said.
    pub(crate) fn is_flushed(&self) -> bool {
        self.terminals.is_empty()
    }

    /// Ends all connections to the server, without a word about it.
    fn hang_up(&mut self, core: &mut Core) {
        self.no_loans();
        for terminal in self.terminals.values_mut() {
            terminal.leave(1001, "the agent goes to another tunnel server", core);
        }
        if let Control::Registering { link, .. } | Control::Registered { link, .. } = &mut self.control {
            link.close(1000, "the agent goes to another tunnel server", core.now);
        }
        self.control = Control::Off;
        core.shell.connections().update(|known| {
            known.tunnel_connected = false;
            known.tunnel_server = None;
            known.agent_id = None;
        });
    }

    fn control_token(&self) -> Option<Token> {
        match &self.control {
            Control::Linking { token, .. }
            | Control::Registering { token, .. }
            | Control::Registered { token, .. } => Some(*token),
            _ => None,
        }
    }

    /// Starts a look-up.
    fn dial(&mut self, core: &mut Core) {
        let Some(target) = &self.target else {
            self.control = Control::Off;
            return;
        };
        if self.errand_out {
            // A name server keeps an earlier look-up waiting; one such thread is enough.
            self.control = Control::Waiting(core.now + Duration::from_secs(1));
            return;
        }
        self.errands += 1;
        let errand = Errand {
            address: target.address.clone(),
            ca_file: target.ca_file.clone(),
            token: target.token.clone(),
            token_file: target.token_file.clone(),
            tls: self.tls.clone(),
        };
        let number = self.errands;
        match core.aside(move |mail| mail.post(Letter::Found(number, errand.run()))) {
            Ok(()) => {
                self.errand_out = true;
                self.control = Control::Dialling { errand: number, slow: Some(core.now + SLOW) };
            }
            Err(why) => self.failed(Lost { why, tls: false }, core),
        }
    }

    /// Connects to the first of the addresses that can be tried.
    fn link(&mut self, mut addresses: VecDeque<SocketAddr>, secret: Option<Secret>, core: &mut Core) {
        let Some(target) = &self.target else { return };
        let mut last = Lost { why: format!("{} has no address", target.address), tls: false };
        while let Some(at) = addresses.pop_front() {
            let token = core.token();
            let id = self.known_as.as_deref().unwrap_or(&target.id);
            let query = target.registration(id, secret.as_ref(), &core.facts);
            match Link::connect(
                &core.registry,
                token,
                at,
                &target.address,
                self.tls.clone(),
                &query,
                core.now,
            ) {
                Ok(link) => {
                    self.control =
                        Control::Linking { link: Box::new(link), token, at, rest: addresses, secret };
                    return;
                }
                Err(lost) => last = lost,
            }
        }
        self.failed(last, core);
    }

    fn drive_control(&mut self, core: &mut Core) {
        let (Control::Linking { link, token, .. }
        | Control::Registering { link, token, .. }
        | Control::Registered { link, token, .. }) = &mut self.control
        else {
            return;
        };
        match link.drive(core.now) {
            Ok(driven) => {
                if driven.again {
                    core.again.insert(*token);
                }
                if driven.opened {
                    let limit = core.now + ANSWER_LIMIT;
                    self.control = match std::mem::replace(&mut self.control, Control::Off) {
                        Control::Linking { link, token, at, .. } => {
                            Control::Registering { link, token, at, limit }
                        }
                        other => other,
                    };
                }
                for text in driven.texts {
                    self.obey(&text, core);
                }
                if let Some(loans) = &self.loans {
                    driven
                        .binaries
                        .iter()
                        .filter_map(|frame| Frame::decode(frame))
                        .for_each(|frame| loans.take(frame));
                }
                if let Err(lost) = self.send_answers() {
                    self.lost(lost, core);
                }
            }
            Err(lost) => self.lost(lost, core),
        }
    }

    /// Does what the server says.
    fn obey(&mut self, text: &str, core: &mut Core) {
        match Order::parse(text) {
            Ok(Order::Registered { id, lends }) => {
                self.control = match std::mem::replace(&mut self.control, Control::Off) {
                    Control::Registering { link, token, at, .. } => {
                        let mail = core.mail.clone();
                        let wake = move || mail.post(Letter::Wake(token));
                        self.loans = Loans::of(&lends, wake).map(Arc::new);
                        Control::Registered { link, token, at, since: core.now }
                    }
                    other => other,
                };
                let Some(target) = &self.target else { return };
                log::info!("tunnel: registered at {} as {id}", target.address);
                if self.failures > 0 {
                    log::info!("tunnel: {} tries failed before", self.failures);
                }
                self.failures = 0;
                self.known_as = Some(id.clone());
                core.problems.tunnel = None;
                core.publish_problems();
                core.shell.connections().update(|known| {
                    known.agent_id = Some(id);
                    known.tunnel_connected = true;
                });
            }
            Ok(Order::StartTunnel { connection, .. }) => self.start_terminal(connection, core),
            Ok(Order::HttpProxy { target, request, .. }) => self.look_up(request, target, core),
            Err(why) => log::debug!("tunnel: a text from the server is ignored: {why}"),
        }
    }

    fn start_terminal(&mut self, connection: String, core: &mut Core) {
        let Control::Registered { at, .. } = &self.control else { return };
        let Some(target) = &self.target else { return };
        if core.stopping || self.terminals.len() >= MAX_TERMINALS {
            log::warn!("tunnel: a console is not opened: {} are", self.terminals.len());
            return;
        }
        let token = core.token();
        let query = Request::OpenTunnel {
            connection,
            id: Some(self.known_as.clone().unwrap_or_else(|| target.id.clone())),
        }
        .query();
        match Link::connect(&core.registry, token, *at, &target.address, self.tls.clone(), &query, core.now) {
            Ok(link) => {
                self.terminals.insert(token, Terminal::new(link, token, self.loans.clone()));
                // A connection on this machine may stand already.
                core.again.insert(token);
            }
            Err(lost) => log::warn!("tunnel: a console could not be opened: {}", lost.why),
        }
    }

    /// Somebody at the server wants a path of our HTTP server; it is looked up aside.
    fn look_up(&mut self, request: String, target: String, core: &mut Core) {
        if self.answering >= MAX_ANSWERS {
            // The server answers its client by its own clock.
            return log::warn!("tunnel: a request for {MAX_ANSWERS} files is on its way already");
        }
        let folder = core.options.output_dir_or_default().to_owned();
        let rights = Rights::of(core.permissions_in_force("tunnel"));
        let shown: String = target.chars().take(200).collect();
        log::info!("audit: from=tunnel request={shown:?}");
        let started = core.aside(move |mail| {
            mail.post(Letter::Proxied(http::proxied(&request, &target, &folder, rights)));
        });
        self.answering += usize::from(started.is_ok());
    }

    /// An answer to be sent as soon as the server takes it.
    pub(crate) fn proxied(&mut self, text: String, core: &mut Core) {
        self.answers.push_back(text);
        self.drive_control(core);
    }

    fn send_answers(&mut self) -> Result<(), Lost> {
        let Control::Registered { link, .. } = &mut self.control else {
            // Of a connection that is no more.
            self.answering -= self.answers.len().min(self.answering);
            self.answers.clear();
            return Ok(());
        };
        while link.is_writable()
            && let Some(text) = self.answers.pop_front()
        {
            self.answering = self.answering.saturating_sub(1);
            link.send(text)?;
        }
        while link.is_writable()
            && let Some(frame) = self.loans.as_ref().and_then(|loans| loans.next())
        {
            link.send_frame(&frame)?;
        }
        Ok(())
    }

    /// The control connection is gone: the next address, or the next try.
    fn lost(&mut self, lost: Lost, core: &mut Core) {
        self.no_loans();
        match std::mem::replace(&mut self.control, Control::Off) {
            Control::Linking { link, rest, secret, .. } if link.peer().is_none() && !rest.is_empty() => {
                drop(link);
                self.link(rest, secret, core);
            }
            Control::Registered { since, .. } => {
                if core.now >= since + STABLE {
                    self.backoff.succeeded();
                }
                core.shell.connections().update(|known| known.tunnel_connected = false);
                self.failed(lost, core);
            }
            _ => self.failed(lost, core),
        }
    }

    /// Nothing is lent any more, and who waits is told.
    fn no_loans(&mut self) {
        if let Some(loans) = self.loans.take() {
            loans.close();
        }
    }

    fn failed(&mut self, lost: Lost, core: &mut Core) {
        if lost.tls {
            self.tls = None;
        }
        self.failures += 1;
        self.problem(core, lost.why);
        self.control = Control::Waiting(core.now + self.backoff.failed());
    }

    /// Shows what is wrong; says it in the log when it is not what was wrong before.
    fn problem(&mut self, core: &mut Core, why: String) {
        if core.problems.tunnel.as_ref() != Some(&why) {
            log::warn!("tunnel: {why}");
            core.problems.tunnel = Some(why);
            core.publish_problems();
        }
    }
}
