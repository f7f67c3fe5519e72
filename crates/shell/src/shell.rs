//! The commands there are, the jobs that run, and what all sessions share.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, RwLock};

use crate::history::History;
use crate::job::Job;
use crate::{Connections, Context, Entry, Failure, Outside, Permissions, Signature, Word};

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
    next_job: AtomicU64,
    jobs: Mutex<Vec<Arc<Job>>>,
    job_ended: Condvar,
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
            commands: entries.iter().map(bind).collect(),
            disabled: RwLock::default(),
            permissions: RwLock::new(Permissions::ALL),
            outside,
            history: History::default(),
            connections: Connections::default(),
            closed: AtomicBool::new(false),
            next_job: AtomicU64::new(1),
            jobs: Mutex::default(),
            job_ended: Condvar::new(),
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
        self.cancel_jobs(None, limit)
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

    pub(crate) fn job_number(&self) -> u64 {
        self.next_job.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn job_starts(&self, job: &Arc<Job>) {
        self.jobs.lock().push(job.clone());
    }

    pub(crate) fn job_ends(&self, id: u64) {
        self.jobs.lock().retain(|job| job.id != id);
        self.job_ended.notify_all();
    }

    pub(crate) fn open_questions(&self) -> usize {
        self.jobs.lock().iter().filter(|job| job.question).count()
    }

    pub(crate) fn cancel_jobs(&self, but: Option<u64>, limit: Duration) -> Vec<String> {
        let deadline = Instant::now() + limit;
        let mut jobs = self.jobs.lock();
        loop {
            let others: Vec<Arc<Job>> = jobs.iter().filter(|job| Some(job.id) != but).cloned().collect();
            others.iter().for_each(|job| job.cancel());
            if others.is_empty() || Instant::now() >= deadline {
                return others.iter().map(|job| job.line.clone()).collect();
            }
            self.job_ended.wait_until(&mut jobs, deadline);
        }
    }
}

/// A name no other session has.
pub(crate) fn random_id() -> String {
    let part = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", part(), part())
}
