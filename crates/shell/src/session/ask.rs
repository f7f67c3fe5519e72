//! Asking the JVM how a word goes on, with a deadline: the prompt must stay usable when the JVM is
//! slow to answer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::complete::{Completion, Question};
use crate::job::Job;
use crate::run::Caller;

/// How long a completion may take.
const DEADLINE: Duration = Duration::from_millis(300);

/// How many values are asked for: more than there are classes, since packages are made of them.
const VALUES: usize = 200_000;

/// How many questions may be open at once: each is a thread.
const OPEN_QUESTIONS: usize = 4;

/// A question that is open.
pub(super) struct Asking {
    question: Question,
    slot: Arc<Slot>,
}

#[derive(Default)]
struct Slot {
    answer: Mutex<Answer>,
    changed: Condvar,
}

#[derive(Default)]
enum Answer {
    #[default]
    Open,
    Given(Vec<String>),
    Late,
}

impl Asking {
    /// Asks, on one thread, and waits, on another: of these two at least one is in time.
    pub(super) fn start(caller: &Caller, question: Question) -> Option<Self> {
        let shell = &caller.shell;
        if shell.jobs.count(|job| job.question) >= OPEN_QUESTIONS {
            return None;
        }
        let slot = Arc::new(Slot::default());
        let number = shell.jobs.number();
        let job =
            Arc::new(Job::question(number, caller.wake.clone(), caller.facts.clone(), shell.outside.clone()));
        shell.jobs.start(&job);
        let asked = Asked { caller: caller.clone(), question: question.clone(), slot: slot.clone(), number };
        let name = format!("oxprobe-job-{number}");
        shell.outside.spawn(&name, Box::new(move || asked.run())).ok()?;

        let (waits, wake) = (slot.clone(), caller.wake.clone());
        let name = format!("oxprobe-job-{}", shell.jobs.number());
        let waiter = Box::new(move || {
            waits.wait();
            wake();
        });
        shell.outside.spawn(&name, waiter).ok()?;
        Some(Self { question, slot })
    }

    /// The answer, or that it is too late for one.
    pub(super) fn answered(&self) -> Option<Completion> {
        match std::mem::take(&mut *self.slot.answer.lock()) {
            Answer::Open => None,
            Answer::Given(values) => Some(self.question.answer(values)),
            Answer::Late => Some(Completion::Nothing),
        }
    }
}

impl Slot {
    fn wait(&self) {
        let deadline = Instant::now() + DEADLINE;
        let mut answer = self.answer.lock();
        while matches!(*answer, Answer::Open) {
            if self.changed.wait_until(&mut answer, deadline).timed_out() {
                *answer = Answer::Late;
            }
        }
    }

    fn give(&self, values: Vec<String>) {
        let mut answer = self.answer.lock();
        if matches!(*answer, Answer::Open) {
            *answer = Answer::Given(values);
            self.changed.notify_all();
        }
    }
}

/// The question on its thread. Dropping it closes the question, whatever became of the thread.
struct Asked {
    caller: Caller,
    question: Question,
    slot: Arc<Slot>,
    number: u64,
}

impl Asked {
    fn run(self) {
        let values = self.caller.shell.outside.candidates(&self.question.asked(), VALUES);
        self.slot.give(values);
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.caller.shell.jobs.end(self.number);
        self.slot.give(Vec::new());
    }
}
