//! The jobs of a terminal that are not in its foreground: those that run and write between its lines,
//! and those that are suspended.

use std::sync::Arc;

use crate::context::for_terminal;
use crate::job::{Found, Job};
use crate::{After, Failure};

/// How much is written at once before the prompt is drawn again.
const BATCH_BYTES: usize = 32 * 1024;

/// See the module.
#[derive(Default)]
pub(super) struct Background {
    jobs: Vec<Arc<Job>>,
}

/// What the jobs have to say.
#[derive(Default)]
pub(super) struct Said {
    /// Whole lines.
    pub(super) text: String,
    /// Jobs that are over.
    pub(super) ended: Vec<Over>,
}

/// A job that is over.
pub(super) struct Over {
    pub(super) job: Arc<Job>,
    pub(super) end: Result<(), Failure>,
    pub(super) after: Option<After>,
}

impl Said {
    pub(super) fn is_nothing(&self) -> bool {
        self.text.is_empty() && self.ended.is_empty()
    }
}

impl Background {
    pub(super) fn add(&mut self, job: Arc<Job>) {
        self.jobs.push(job);
    }

    /// Takes a job out.
    pub(super) fn take(&mut self, id: u64) -> Option<Arc<Job>> {
        let at = self.jobs.iter().position(|job| job.id == id)?;
        Some(self.jobs.remove(at))
    }

    pub(super) fn find(&self, id: u64) -> Option<&Arc<Job>> {
        self.jobs.iter().find(|job| job.id == id)
    }

    pub(super) fn each(&self, act: impl Fn(&Job)) {
        self.jobs.iter().for_each(|job| act(job));
    }

    /// What those that run have written and how those ended that did.
    pub(super) fn listen(&mut self) -> Said {
        let mut said = Said::default();
        // Each is the first in its turn: one that floods must not silence the others.
        if !self.jobs.is_empty() {
            self.jobs.rotate_left(1);
        }
        for job in std::mem::take(&mut self.jobs) {
            match Self::hear(&job, &mut said) {
                Some((end, after)) => said.ended.push(Over { job, end, after }),
                None => self.jobs.push(job),
            }
        }
        said
    }

    fn hear(job: &Job, said: &mut Said) -> Option<(Result<(), Failure>, Option<After>)> {
        while !job.is_suspended() && said.text.len() < BATCH_BYTES {
            // Results whole: the prompt comes between them, not into them.
            match job.take(usize::MAX) {
                Found::Nothing => break,
                Found::Ended(end, after) => return Some((end, after)),
                Found::Text(text) => said.text.push_str(&lines(job, text)),
                Found::Value(value) => said.text.push_str(&(value + "\r\n")),
            }
        }
        None
    }
}

/// A result as a terminal wants it, whoever it was drawn for.
fn lines(job: &Job, text: String) -> String {
    let mut text = if job.terminal { text } else { for_terminal(&text) };
    if !text.ends_with('\n') {
        text.push_str("\r\n");
    }
    text
}
