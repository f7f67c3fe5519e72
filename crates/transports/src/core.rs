//! What every transport needs from the loop it runs in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use mio::{Registry, Token};
use model::{Field, Text};
use shell::{Draw, Grant, Lock, Permissions, Setup as SessionSetup, Shell, Size, Tool};

use crate::mailbox::{Letter, Mailbox};
use crate::options::{Options, Sources};
use crate::{Facts, Journal, Process};

/// How many sessions there may be at once, over all transports.
pub(crate) const MAX_SESSIONS: usize = 256;

/// Tokens below this are the loop's own.
pub(crate) const FIRST_TOKEN: usize = 16;

/// The loop's state that is not a transport's.
pub(crate) struct Core {
    pub(crate) registry: Registry,
    pub(crate) mail: Arc<Mailbox>,
    pub(crate) shell: Arc<Shell>,
    /// The commands as tools of an assistant.
    pub(crate) tools: &'static [&'static [Tool]],
    pub(crate) process: Arc<dyn Process>,
    pub(crate) journal: &'static Journal,
    pub(crate) facts: Facts,
    pub(crate) options: Options,
    /// The time of this turn of the loop.
    pub(crate) now: Instant,
    /// Sources that have more to do without an event.
    pub(crate) again: BTreeSet<Token>,
    /// What the loop is asked to do after this turn.
    pub(crate) orders: Vec<Demand>,
    /// Sessions that are open.
    pub(crate) sessions: usize,
    /// No more sessions.
    pub(crate) stopping: bool,
    pub(crate) problems: Problems,
    grants: Grants,
    next_token: usize,
}

/// What a transport asks of the loop.
pub(crate) enum Demand {
    /// Options from a peer of the local socket.
    Configure(Token, BTreeMap<String, String>),
    /// Stop the agent; the peer that asked on session 0, if one did, is told when it is done.
    Stop(Option<Token>),
}

/// What `session` shows as wrong, by where it comes from.
#[derive(Default)]
pub(crate) struct Problems {
    pub(crate) options: Vec<String>,
    pub(crate) log: Option<String>,
    pub(crate) local: Option<String>,
    pub(crate) tunnel: Option<String>,
    pub(crate) password: Option<String>,
    pub(crate) http: Option<String>,
    pub(crate) telnet: Option<String>,
    pub(crate) mcp: Option<String>,
}

/// What may be done, by the way in.
struct Grants {
    /// Who comes by it is the JVM's own user or root, whom nothing here would keep from anything.
    local: Arc<Grant>,
    tunnel: Arc<Grant>,
    ports: Arc<Grant>,
}

impl Default for Grants {
    fn default() -> Self {
        let all = || Arc::new(Grant::of(Permissions::ALL));
        Self { local: all(), tunnel: all(), ports: all() }
    }
}

/// Who a session is for.
pub(crate) struct Visitor {
    /// The transport.
    pub(crate) from: &'static str,
    pub(crate) user: String,
    /// The other end, for the log.
    pub(crate) peer: String,
    /// The id of the session, where it has one.
    pub(crate) id: Option<String>,
    /// What a password must open first.
    pub(crate) lock: Option<Arc<Lock>>,
}

impl Core {
    #[expect(clippy::too_many_arguments, reason = "called once, by the loop's own constructor")]
    pub(crate) fn new(
        registry: Registry,
        mail: Arc<Mailbox>,
        shell: Arc<Shell>,
        tools: &'static [&'static [Tool]],
        process: Arc<dyn Process>,
        journal: &'static Journal,
        facts: Facts,
        options: Options,
        problems: Vec<String>,
    ) -> Self {
        Self {
            registry,
            mail,
            shell,
            tools,
            process,
            journal,
            facts,
            options,
            now: Instant::now(),
            again: BTreeSet::new(),
            orders: Vec::new(),
            sessions: 0,
            stopping: false,
            grants: Grants::default(),
            problems: Problems { options: problems, ..Problems::default() },
            next_token: FIRST_TOKEN,
        }
    }

    /// A token that no source has had.
    pub(crate) fn token(&mut self) -> Token {
        self.next_token += 1;
        Token(self.next_token)
    }

    /// Takes a place for a session; the error is a sentence.
    pub(crate) fn open_session(&mut self) -> Result<(), String> {
        if self.stopping {
            return Err(wire::STOPPING.to_owned());
        }
        if self.sessions >= MAX_SESSIONS {
            return Err(format!(
                "{MAX_SESSIONS} sessions are open, which is the limit; close one and try again"
            ));
        }
        self.sessions += 1;
        Ok(())
    }

    /// Gives the place back.
    pub(crate) fn close_session(&mut self) {
        self.sessions = self.sessions.saturating_sub(1);
    }

    /// What a new session is given.
    pub(crate) fn session_setup(
        &self,
        token: Token,
        visitor: Visitor,
        size: Size,
        draw: Arc<dyn Draw>,
    ) -> SessionSetup {
        let mail = self.mail.clone();
        // Clients of the Arthas protocol wait for Arthas's prompt.
        let name = if visitor.from == "local" { "oxprobe" } else { "arthas" };
        SessionSetup {
            id: visitor.id,
            user: visitor.user,
            from: visitor.from.to_owned(),
            peer: visitor.peer,
            sent: Arc::default(),
            permissions: self.granted(visitor.from).clone(),
            lock: visitor.lock,
            waits: visitor.from != "local",
            prompt: format!("[{name}@{}]$ ", self.facts.pid),
            size,
            draw,
            wake: Arc::new(move || mail.post(Letter::Wake(token))),
            lender: None,
            welcome: self.welcome(),
        }
    }

    /// Puts in force what the options say sessions may do, those that are open included.
    pub(crate) fn grant(&self) {
        let options = &self.options;
        let names = options.permissions.as_deref();
        self.shell.permit(names.map_or(Permissions::ALL, |names| named("permissions", names)));
        let read_only = match options.read_only {
            Some(true) => Permissions::READ_ONLY,
            _ => Permissions::ALL,
        };
        let names = options.allow.as_deref();
        let allowed = names.map_or(Permissions::ALL, |names| named("allow", names));
        self.grants.ports.set(allowed.and(read_only));
        self.grants.tunnel.set(read_only);
    }

    fn granted(&self, from: &str) -> &Arc<Grant> {
        match from {
            "local" => &self.grants.local,
            "tunnel" => &self.grants.tunnel,
            _ => &self.grants.ports,
        }
    }

    /// What sessions of a transport may really do.
    pub(crate) fn permissions_in_force(&self, from: &str) -> Permissions {
        self.shell.permissions().and(self.granted(from).get())
    }

    fn welcome(&self) -> Vec<Field> {
        let facts = &self.facts;
        [
            ("oxprobe", facts.product.clone()),
            ("main_class", facts.main().to_owned()),
            ("pid", facts.pid.to_string()),
            ("java", facts.jvm.clone()),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| Field { name: Text::from(name), value: Text::from(value) })
        .collect()
    }

    /// Runs what may wait on a short thread of its own; when that thread cannot be had, nothing
    /// happens and the error says so.
    pub(crate) fn aside(&self, work: impl FnOnce(&Mailbox) + Send + 'static) -> Result<(), String> {
        let mail = self.mail.clone();
        self.process.spawn("oxprobe-dial", Box::new(move || work(&mail))).map_err(|why| {
            format!("no thread can be started ({why}); is the process at its limit of threads?")
        })
    }

    /// Puts a peer's options together: a file they name may wait.
    pub(crate) fn gather(&self, token: Token, given: BTreeMap<String, String>) -> Result<(), String> {
        self.aside(move |mail| {
            let sources = Sources { environment: &|_| None, property: &|_| None, file: &crate::read_config };
            mail.post(Letter::Configured(token, Box::new(Options::gather_map(&given, &sources))));
        })
    }

    /// Shows in `options` what is in force.
    pub(crate) fn publish_configuration(&self) {
        let configuration = self.options.configuration();
        self.shell.connections().update(|known| known.configuration = configuration);
    }

    /// Shows what is wrong in `session`.
    pub(crate) fn publish_problems(&self) {
        let Problems { log, local, tunnel, password, http, telnet, mcp, .. } = &self.problems;
        let parts = [log, local, tunnel, password, http, telnet, mcp];
        let mut problems = self.problems.options.clone();
        problems.extend(parts.into_iter().flatten().cloned());
        self.shell.connections().update(|known| known.problems = problems);
    }
}

/// What an option's names of permissions allow. A name that is none allows nothing.
fn named(option: &str, names: &str) -> Permissions {
    let names = names.split([' ', ',', ';', '|']).map(str::trim).filter(|name| !name.is_empty());
    let (permissions, unknown) = Permissions::named(names);
    for name in unknown {
        log::warn!("the option `{option}` names `{name}`, which is none: it allows nothing");
    }
    permissions
}
