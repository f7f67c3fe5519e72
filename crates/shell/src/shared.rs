//! The commands there are, the jobs that run, and what all sessions share.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::RwLock;

use crate::edit::Keymap;
use crate::filter::FILTERS;
use crate::history::History;
use crate::jobs::Jobs;
use crate::seat::Seats;
use crate::{Connections, Context, Entry, Failure, Outside, Permissions, Signature, Word};

/// How long a terminal without jobs may be idle where nobody says otherwise, as in Arthas.
const SESSION_TIMEOUT: Duration = Duration::from_secs(3 * 3600);

type Run = Box<dyn Fn(&[Word], &mut Context<'_>) -> Result<(), Failure> + Send + Sync>;

/// A command bound to its host.
pub(crate) struct Bound {
    pub(crate) signature: &'static Signature,
    pub(crate) run: Run,
}

/// A set of commands over one host. Sessions hang on it.
pub struct Shell {
    commands: Vec<Bound>,
    disabled: RwLock<Vec<String>>,
    permissions: RwLock<Permissions>,
    pub(crate) outside: Arc<dyn Outside>,
    pub(crate) history: History,
    connections: Connections,
    closed: AtomicBool,
    keymap: RwLock<Arc<Keymap>>,
    session_timeout: RwLock<Option<Duration>>,
    pub(crate) jobs: Jobs,
    pub(crate) seats: Seats,
}

impl Shell {
    /// A shell with these commands on this host.
    pub fn new<H: Send + Sync + 'static>(
        host: Arc<H>,
        entries: &'static [Entry<H>],
        outside: Arc<dyn Outside>,
    ) -> Arc<Self> {
        let bind = |entry: &'static Entry<H>| {
            let host = host.clone();
            let run = Box::new(move |words: &[Word], cx: &mut Context<'_>| (entry.run)(words, &host, cx));
            Bound { signature: entry.signature, run }
        };
        Arc::new(Self {
            commands: entries.iter().map(bind).chain(FILTERS.iter().map(alone)).collect(),
            disabled: RwLock::default(),
            permissions: RwLock::new(Permissions::ALL),
            outside,
            history: History::default(),
            connections: Connections::default(),
            closed: AtomicBool::new(false),
            keymap: RwLock::default(),
            session_timeout: RwLock::new(Some(SESSION_TIMEOUT)),
            jobs: Jobs::default(),
            seats: Seats::default(),
        })
    }

    /// The commands that may be run, in the order they are listed.
    pub fn signatures(&self) -> impl Iterator<Item = &'static Signature> {
        let disabled = self.disabled.read().clone();
        let enabled = move |name: &str| !disabled.iter().any(|disabled| disabled == name);
        let all: Vec<&'static Signature> = self.commands.iter().map(|command| command.signature).collect();
        all.into_iter().filter(move |signature| enabled(signature.name))
    }

    /// Takes these commands away, by name, and gives back those taken away before.
    pub fn disable(&self, names: &[String]) {
        *self.disabled.write() = names.to_vec();
    }

    /// From now on only what needs these permissions is run.
    pub fn permit(&self, permissions: Permissions) {
        *self.permissions.write() = permissions;
    }

    /// What may be done.
    pub fn permissions(&self) -> Permissions {
        *self.permissions.read()
    }

    /// What keys do from now on in new sessions: the usual, changed by the lines of these files
    /// (`"\C-a": beginning-of-line`). What cannot be read in them comes back, a sentence each.
    pub fn map_keys<'t>(&self, files: impl IntoIterator<Item = &'t str>) -> Vec<String> {
        let (keymap, problems) = Keymap::read(files);
        *self.keymap.write() = Arc::new(keymap);
        problems
    }

    /// From now on a terminal without jobs may be idle for so long; `None`: for ever.
    pub fn close_idle_after(&self, time: Option<Duration>) {
        *self.session_timeout.write() = time;
    }

    pub(crate) fn session_timeout(&self) -> Option<Duration> {
        *self.session_timeout.read()
    }

    pub(crate) fn keymap(&self) -> Arc<Keymap> {
        self.keymap.read().clone()
    }

    /// Does what is due: jobs that ran too long or that nobody reads, and idle sessions, end. To be called
    /// on the thread of the sessions after anything has happened there, and at the time (on the clock of
    /// [`Outside::now`]) that it returns.
    pub fn tick(&self) -> Option<Duration> {
        let now = self.outside.now();
        // Sessions first: one whose job ends now is not idle yet.
        let sessions = self.seats.tick(now, self.session_timeout(), |id| self.jobs.has_of(id));
        let jobs = self.jobs.tick(now);
        jobs.into_iter().chain(sessions).min()
    }

    /// The agent's connections: transports write, `session` reads.
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// From now on every new session only says that the agent is stopping.
    pub fn refuse_new_sessions(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Cancels all jobs and waits for them. The lines of those that have not ended when the time is
    /// over.
    pub fn cancel_all(&self, limit: Duration) -> Vec<String> {
        self.jobs.cancel(None, limit)
    }

    pub(crate) fn refuses(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// The command of this name or alias.
    pub(crate) fn find(&self, name: &str) -> Option<&Bound> {
        let named =
            |command: &&Bound| command.signature.name == name || command.signature.aliases.contains(&name);
        let found = self.commands.iter().find(named)?;
        let disabled = self.disabled.read().iter().any(|disabled| disabled == found.signature.name);
        (!disabled).then_some(found)
    }
}

/// A filter as a command: it has help, and nothing to read.
fn alone(filter: &'static crate::filter::FilterEntry) -> Bound {
    let name = filter.signature.name;
    let run = move |_: &[Word], _: &mut Context<'_>| {
        Err(Failure::new(format!(
            "`{name}` works behind a pipe: `COMMAND | {name} ...`. See `{name} --help`."
        )))
    };
    Bound { signature: filter.signature, run: Box::new(run) }
}

/// A name no other session has.
pub(crate) fn random_id() -> String {
    let part = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", part(), part())
}
