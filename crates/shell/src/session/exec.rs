//! A session of one command line: its output, then its status.

use std::collections::VecDeque;
use std::sync::Arc;

use model::Message;

use crate::job::{Found, Job};
use crate::run::{Caller, Started, status};
use crate::shared::Shell;
use crate::{After, Draw, Drawn, Event, Failure, Size};

pub(crate) struct Exec {
    shell: Arc<Shell>,
    line: String,
    draw: Arc<dyn Draw>,
    size: Size,
    job: Option<Arc<Job>>,
    /// The job's number, also when it is over.
    id: Option<u64>,
    refusal: Option<String>,
    /// The job goes on in the background once it has said where its output goes.
    leaves: bool,
    /// What is left to say once the job is over.
    last: VecDeque<Event>,
}

impl Exec {
    pub(crate) fn new(caller: &Caller, size: Size, line: &str) -> Self {
        let mut exec = Self {
            shell: caller.shell.clone(),
            line: line.to_owned(),
            draw: caller.draw.clone(),
            size,
            job: None,
            id: None,
            refusal: None,
            leaves: false,
            last: VecDeque::new(),
        };
        if caller.shell.refuses() {
            exec.refuse(&Failure::new("The agent is stopping: it takes no more commands."));
            return exec;
        }
        // Who asks over a port has a history to ask for, as with Arthas's API.
        if caller.waits && !caller.is_locked() {
            caller.shell.history.add(line);
        }
        match caller.start(line, size) {
            Started::Job(job) => {
                exec.id = Some(job.id);
                let leaves = job.is_background() && !caller.waits;
                if leaves && !job.redirected {
                    exec.leave(&job);
                    return exec;
                }
                exec.leaves = leaves;
                exec.job = Some(job);
            }
            Started::Nothing => exec.over(0, &Ok(()), None),
            Started::Failed(failure) => exec.refuse(&failure),
        }
        exec
    }

    pub(crate) fn job_id(&self) -> Option<u64> {
        self.id
    }

    pub(crate) fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    fn refuse(&mut self, failure: &Failure) {
        let end = Err(failure.clone());
        self.refusal = status(&end).message;
        self.over(0, &end, None);
    }

    pub(crate) fn poll(&mut self, max_bytes: usize) -> Option<Event> {
        if let Some(job) = &self.job {
            match job.take(max_bytes) {
                Found::Text(text) => {
                    // Nobody takes what is in its queue once it is left.
                    self.leave_at(text.ends_with('\n'));
                    return Some(Event::Output(text.into_bytes()));
                }
                Found::Value(value) => {
                    self.leave_at(true);
                    return Some(Event::Value(value));
                }
                Found::Nothing => return None,
                Found::Ended(end, after) => {
                    let id = job.id;
                    self.shell.jobs.forget(id);
                    self.job = None;
                    self.over(id, &end, after);
                }
            }
        }
        match self.last.front() {
            Some(Event::Value(_) | Event::Output(_)) if max_bytes == 0 => None,
            _ => self.last.pop_front(),
        }
    }

    pub(crate) fn resize(&mut self, size: Size) {
        self.size = size;
        if let Some(job) = &self.job {
            job.resize(size);
        }
    }

    pub(crate) fn cancel(&mut self) {
        if let Some(job) = &self.job {
            job.cancel();
        }
    }

    /// Nobody takes what the job writes any more.
    pub(crate) fn close(&mut self) {
        if let Some(job) = self.job.take() {
            job.cancel();
            job.orphan();
        }
    }

    /// Leaves the job, if it is to go on in the background and has said a whole sentence.
    fn leave_at(&mut self, whole: bool) {
        if whole
            && self.leaves
            && let Some(job) = self.job.take()
        {
            self.leave(&job);
        }
    }

    /// A background job outlives the command line that started it.
    fn leave(&mut self, job: &Job) {
        let message = format!("Job {} runs in the background: {}", job.id, job.shown);
        self.last.push_back(match self.draw.draw(&Message { message }, job.id, self.size) {
            Drawn::Text(text) => Event::Output(text.into_bytes()),
            Drawn::Value(value) => Event::Value(value),
        });
        job.orphan();
        self.over(job.id, &Ok(()), None);
    }

    fn over(&mut self, job: u64, end: &Result<(), Failure>, after: Option<After>) {
        let result = status(end);
        let status = result.status_code;
        let message = match self.draw.draw(&result, job, self.size) {
            Drawn::Value(value) => {
                self.last.push_back(Event::Value(value));
                None
            }
            Drawn::Text(_) => match end {
                Err(Failure::Usage(error)) => Some(error.with_line(&self.line)),
                _ => result.message,
            },
        };
        self.last.push_back(Event::Done { status, message, dropped: 0 });
        if after == Some(After::StopAgent) {
            self.last.push_back(Event::StopAgent);
        }
    }
}
