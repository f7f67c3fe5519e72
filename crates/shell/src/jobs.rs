//! All jobs of all sessions: their numbers, what others may know of them, and when they end without
//! being asked.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use parking_lot::{Condvar, Mutex};

use crate::job::{Job, JobState, UNREAD, Why};

/// How many jobs there may be in the background: each is a thread in somebody's JVM.
pub(crate) const BACKGROUND: usize = 32;

/// How many of them may have a file of their own.
pub(crate) const CACHED: usize = 8;

/// The jobs there are.
pub(crate) struct Jobs {
    next: AtomicU64,
    list: Mutex<Vec<Arc<Job>>>,
    ended: Condvar,
}

/// What is known of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFacts {
    /// Its number.
    pub id: u64,
    /// What was typed.
    pub line: String,
    /// What it is about to do.
    pub state: JobState,
    /// How many results it has given.
    pub results: u64,
    /// When it began.
    pub began: SystemTime,
    /// When it ends at the latest.
    pub ends: Option<SystemTime>,
    /// Where its output goes, if that is a file.
    pub file: Option<PathBuf>,
    /// The session whose it is, or was if that is gone.
    pub session: String,
    /// Its session is the one that asks.
    pub is_own: bool,
    /// Its session is gone.
    pub is_orphan: bool,
}

impl Default for Jobs {
    fn default() -> Self {
        Self { next: AtomicU64::new(1), list: Mutex::default(), ended: Condvar::new() }
    }
}

impl Jobs {
    /// The next job's number.
    pub(crate) fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn start(&self, job: &Arc<Job>) {
        self.list.lock().push(job.clone());
    }

    /// A job's thread is done. It stays until its last output is taken, if anybody may come for that.
    pub(crate) fn end(&self, id: u64) {
        self.list.lock().retain(|job| job.id != id || !(job.question || job.is_abandoned()));
        self.ended.notify_all();
    }

    /// All output of a job is taken.
    pub(crate) fn forget(&self, id: u64) {
        self.list.lock().retain(|job| job.id != id);
    }

    pub(crate) fn find(&self, id: u64) -> Option<Arc<Job>> {
        self.list.lock().iter().find(|job| job.id == id && is_listed(job)).cloned()
    }

    /// The numbers of all, as users write them.
    pub(crate) fn numbers(&self) -> Vec<String> {
        self.list.lock().iter().filter(|job| is_listed(job)).map(|job| job.id.to_string()).collect()
    }

    /// How many jobs are such.
    pub(crate) fn count(&self, such: impl Fn(&Job) -> bool) -> usize {
        self.list.lock().iter().filter(|job| such(job)).count()
    }

    /// Whether a session has a job, also one whose end it has not seen yet.
    pub(crate) fn has_of(&self, session: &str) -> bool {
        self.count(|job| job.owner().is_some_and(|owner| owner.id == session)) > 0
    }

    /// The newest job of a session, but for this one.
    pub(crate) fn newest_of(&self, session: &str, but: u64) -> Option<Arc<Job>> {
        let list = self.list.lock();
        let own = |job: &&Arc<Job>| is_listed(job) && job.owner().is_some_and(|owner| owner.id == session);
        list.iter().filter(own).filter(|job| job.id != but).max_by_key(|job| job.id).cloned()
    }

    /// What is known of all, by number.
    pub(crate) fn facts(&self, session: &str, now: Duration) -> Vec<JobFacts> {
        let list = self.list.lock();
        let facts = |job: &Arc<Job>| JobFacts {
            id: job.id,
            line: job.shown.clone(),
            state: job.state(),
            results: job.results(),
            began: job.began,
            ends: job.deadline.and_then(|ends| SystemTime::now().checked_add(ends.saturating_sub(now))),
            file: job.file(),
            session: job.last_owner().id.clone(),
            is_own: job.owner().is_some_and(|owner| owner.id == session),
            is_orphan: job.owner().is_none(),
        };
        let mut all: Vec<JobFacts> = list.iter().filter(|job| is_listed(job)).map(facts).collect();
        all.sort_by_key(|job| job.id);
        all
    }

    /// Cancels all jobs but one and waits for them. The lines of those that have not ended when the
    /// time is over.
    pub(crate) fn cancel(&self, but: Option<u64>, limit: Duration) -> Vec<String> {
        let deadline = Instant::now() + limit;
        let mut jobs = self.list.lock();
        loop {
            let others: Vec<Arc<Job>> =
                jobs.iter().filter(|job| Some(job.id) != but && !job.is_over()).cloned().collect();
            others.iter().for_each(|job| job.cancel());
            if others.is_empty() || Instant::now() >= deadline {
                return others.iter().map(|job| job.shown.clone()).collect();
            }
            self.ended.wait_until(&mut jobs, deadline);
        }
    }

    /// Ends jobs whose time is up; when to look next.
    pub(crate) fn tick(&self, now: Duration) -> Option<Duration> {
        let mut list = self.list.lock();
        let mut next: Option<Duration> = None;
        list.retain(|job| {
            let unread = job.unread().map(|since| since.saturating_add(UNREAD));
            let deadline = job.deadline.filter(|_| !job.is_over());
            if deadline.is_some_and(|deadline| deadline <= now) {
                job.cancel_why(Why::Because(format!(
                    "Job {} ended: it ran for {}, the limit of `options job-timeout`.",
                    job.id,
                    spelled(job.timeout)
                )));
            } else if unread.is_some_and(|unread| unread <= now) {
                job.cancel_why(Why::Because(format!(
                    "Job {} ended: nobody read its output for {} minutes.",
                    job.id,
                    UNREAD.as_secs() / 60
                )));
            } else {
                next = next.into_iter().chain(deadline).chain(unread).min();
            }
            !job.is_abandoned()
        });
        next
    }
}

/// A time as options have it: `90s`, `5m`, `3h`, `1d`.
pub(crate) fn spelled(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "m")];
    match units.into_iter().find(|(unit, _)| seconds > 0 && seconds.is_multiple_of(*unit)) {
        Some((unit, name)) => format!("{}{name}", seconds / unit),
        None => format!("{seconds}s"),
    }
}

/// Whether users are told of it: no completion, and not the rest of one whose session takes its last
/// words at this moment.
fn is_listed(job: &Job) -> bool {
    !job.question && (!job.is_over() || job.is_background())
}
