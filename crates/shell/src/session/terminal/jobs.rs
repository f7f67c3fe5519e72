//! A terminal's jobs that are not in its foreground: how they get there and back, and how what they
//! write comes between the lines.

use super::{Running, State, Terminal};
use crate::Failure;
use crate::job::Job;
use crate::run::{Caller, status};
use crate::session::background::{Over, Said};

impl Terminal {
    /// Ctrl-Z.
    pub(super) fn suspend(&mut self) {
        let State::Running(running) = std::mem::replace(&mut self.state, State::Editing) else { return };
        running.job.suspend();
        self.out.push_str(if running.at_start { "^Z\r\n" } else { "\r\n^Z\r\n" });
        self.tell("Stopped", &running.job);
        self.background.add(running.job);
        self.next_line();
    }

    /// `fg`: of this session, or left by one that is gone.
    pub(super) fn put_in_foreground(&mut self, id: u64) {
        let Caller { shell, facts, wake, .. } = &self.caller;
        let left = || shell.jobs.find(id).filter(|job| job.adopt(facts, wake, self.size));
        let Some(job) = self.background.take(id).or_else(left) else {
            self.say(-1, &format!("Job {id} is over."));
            return self.next_line();
        };
        self.say(0, &job.shown.clone());
        job.resume(false);
        self.state = State::Running(Running { job, wrote: true, at_start: true });
    }

    /// `bg`
    pub(super) fn put_in_background(&mut self, id: u64) {
        match self.background.find(id).cloned() {
            Some(job) => {
                job.resume(true);
                self.tell("Running", &job);
            }
            None => self.say(-1, &format!("Job {id} is not suspended in this session.")),
        }
        self.next_line();
    }

    /// Writes what jobs in the background have to say, as far as the other side reads. Whether there was
    /// anything.
    pub(super) fn listen(&mut self, max_bytes: usize) -> bool {
        if max_bytes == 0 {
            return false;
        }
        let said = self.background.listen();
        if said.is_nothing() {
            return false;
        }
        let after = said.ended.iter().find_map(|over| over.after);
        match self.state {
            State::Editing => {
                self.editor.wipe(&mut self.out);
                self.pass_on(said);
                self.editor.begin_again(&mut self.out);
            }
            _ => self.pass_on(said),
        }
        self.follow(after);
        true
    }

    fn pass_on(&mut self, said: Said) {
        self.out.push_str(&said.text);
        for Over { job, end, .. } in said.ended {
            self.caller.shell.jobs.forget(job.id);
            self.is_used();
            match &end {
                Ok(()) | Err(Failure::Ended(0)) => self.tell("Done", &job),
                Err(Failure::Cancelled) => self.tell("Ended", &job),
                Err(failure) => {
                    self.tell("Failed", &job);
                    if let Some(message) = status(&Err(failure.clone())).message {
                        self.say(-1, &message);
                    }
                }
            }
        }
    }

    /// A line about a job.
    pub(super) fn tell(&mut self, what: &str, job: &Job) {
        self.say(0, &format!("[{}]  {what:<8} {}", job.id, job.shown));
    }
}
