//! What a running command may ask of the session it runs in.

use std::sync::Arc;
use std::time::Duration;

use model::{Message, Show};

use crate::edit::Binding;
use crate::job::Job;
use crate::output::Output;
use crate::run::Caller;
use crate::sent;
use crate::{Connections, Drawn, Failure, JobFacts, Lock, Outside, Permission, Signature, Size, Work};

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFacts {
    /// Names the session; made at random.
    pub id: String,
    /// The user, as far as the transport knows; may be empty.
    pub user: String,
    /// The transport: `local`, `tunnel`.
    pub from: String,
    /// The other end of the connection, as the log shows it; may be empty.
    pub peer: String,
}

/// What shall happen after a command, once its output is flushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The session ends.
    CloseSession,
    /// The agent stops.
    StopAgent,
    /// A job of this number goes on in the foreground.
    Foreground(u64),
    /// A job of this number goes on in the background.
    Background(u64),
}

/// The session as a command sees it.
pub struct Context<'a> {
    pub(crate) job: &'a Arc<Job>,
    pub(crate) caller: &'a Caller,
    pub(crate) output: Output,
    pub(crate) terminal: bool,
}

impl Context<'_> {
    /// Shows a result. Waits while the session's output is full.
    ///
    /// # Errors
    /// [`Failure::Cancelled`] when nobody wants the result any more.
    pub fn emit(&mut self, result: impl Show) -> Result<(), Failure> {
        if self.cancelled() {
            return Err(Failure::Cancelled);
        }
        self.output.emit(&result)
    }

    /// Shows one of many results that are told one after the other: who asked hears of it together with those that follow, some
    /// milliseconds later at most. Not for a command that then waits for something.
    ///
    /// # Errors
    /// As [`Context::emit`].
    pub fn emit_soon(&mut self, result: impl Show) -> Result<(), Failure> {
        if self.cancelled() {
            return Err(Failure::Cancelled);
        }
        self.output.emit_soon(&result)
    }

    /// Shows a short result with which the command ends, even when it was interrupted. Never waits.
    pub fn last_words(&mut self, result: impl Show) {
        self.output.emit_last(&result);
    }

    /// Shows a sentence.
    ///
    /// # Errors
    /// As [`Context::emit`].
    pub fn message(&mut self, message: impl Into<String>) -> Result<(), Failure> {
        self.emit(Message { message: message.into() })
    }

    /// Whether the command shall end: the user interrupted it, the session is gone, or the agent
    /// stops. A command that computes for long asks from time to time.
    pub fn cancelled(&self) -> bool {
        self.job.cancelled()
    }

    /// A file of who asks, by its plain name; `None` where his client lends none. Waits for it.
    pub fn borrow(&self, file: &str) -> Option<Vec<u8>> {
        self.caller.lender.as_ref()?.lend(file, &|| self.cancelled())
    }

    /// A piece of work that the client of who asks is to do; `None` where it does none. See [`Work::turn`].
    pub fn client_work(&self) -> Option<Box<dyn Work + '_>> {
        self.caller.lender.as_ref()?.begin()
    }

    /// Sleeps.
    ///
    /// # Errors
    /// [`Failure::Cancelled`], at once when the command shall end.
    pub fn sleep(&self, time: Duration) -> Result<(), Failure> {
        self.job.sleep(time)
    }

    /// The size to draw for; changes when the user changes his window.
    pub fn size(&self) -> Size {
        self.output.size()
    }

    /// A file that came along with the command line, by its path or its name.
    pub fn sent(&self, path: &str) -> Option<Arc<[u8]>> {
        sent::find(&self.caller.sent, path).map(|file| file.bytes.clone())
    }

    /// Whether a person reads along: the output goes to a terminal as it is, and the command was not
    /// sent to the background.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Asks a person yes or no; `question` is one line without its end. `None` where nobody can answer: the output does not
    /// go to a terminal, or the command was sent to the background. Nothing but a `y` is a yes.
    ///
    /// # Errors
    /// [`Failure::Cancelled`] when the command shall end.
    pub fn ask(&self, question: &str) -> Result<Option<bool>, Failure> {
        match self.terminal {
            true => self.job.ask(&format!("{question} [y/N] ")),
            false => Ok(None),
        }
    }

    /// Whether who asks sits at a terminal, wherever the output goes.
    pub fn is_asked_at_terminal(&self) -> bool {
        self.caller.terminal
    }

    /// Who asks.
    pub fn session(&self) -> &SessionFacts {
        &self.caller.facts
    }

    /// Whether who asks has this permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.caller.may(permission)
    }

    /// Whether the session is locked until a password is said.
    pub fn is_locked(&self) -> bool {
        self.caller.is_locked()
    }

    /// Unlocks the session, if this is a user and his password; `None` where nobody asks for one.
    ///
    /// # Errors
    /// Too many were wrong; the sentence says how long to wait.
    pub fn authenticate(&self, user: &str, password: &str) -> Option<Result<bool, String>> {
        self.caller.lock.as_ref().map(|lock| lock.open(user, password))
    }

    /// Who unlocked the session.
    pub fn authenticated_as(&self) -> Option<String> {
        self.caller.lock.as_deref().and_then(Lock::user)
    }

    /// All commands there are, in the order they are listed.
    pub fn signatures(&self) -> impl Iterator<Item = &'static Signature> {
        self.caller.shell.signatures()
    }

    /// The lines typed so far, oldest first.
    pub fn history(&self) -> Vec<String> {
        self.caller.shell.history.lines()
    }

    /// Forgets the lines typed so far.
    pub fn clear_history(&self) {
        self.caller.shell.history.clear();
    }

    /// What the keys of this session do.
    pub fn key_bindings(&self) -> Vec<Binding> {
        self.caller.shell.keymap().bindings()
    }

    /// All jobs of all sessions but this one, by number.
    pub fn jobs(&self) -> Vec<JobFacts> {
        let shell = &self.caller.shell;
        let mut all = shell.jobs.facts(&self.caller.facts.id, shell.outside.now());
        all.retain(|job| job.id != self.job.id);
        all
    }

    /// Ends a job.
    ///
    /// # Errors
    /// There is none of this number, or it is somebody else's and the permission `admin` is lacking.
    pub fn kill(&self, id: u64) -> Result<(), Failure> {
        let job = self.find(id)?;
        let theirs = job.last_owner();
        let ours = self.session();
        if (&theirs.user, &theirs.from) != (&ours.user, &ours.from) && !self.may(Permission::Admin) {
            let message = format!("Job {id} is {}'s: to end it takes the permission admin.", theirs.user);
            return Err(Failure::new(message));
        }
        job.cancel();
        Ok(())
    }

    /// The command is over, and a job goes on in the foreground: this one, or the newest of this
    /// session.
    ///
    /// # Errors
    /// There is no such job, or another session's it is.
    pub fn put_in_foreground(&mut self, id: Option<u64>) -> Result<(), Failure> {
        let id = self.own_job(id, "fg")?.id;
        self.finish(After::Foreground(id));
        Ok(())
    }

    /// The command is over, and a job goes on in the background: this one, or the newest of this
    /// session.
    ///
    /// # Errors
    /// There is no such job, it is another session's, or it runs already.
    pub fn put_in_background(&mut self, id: Option<u64>) -> Result<(), Failure> {
        let job = self.own_job(id, "bg")?;
        if !job.is_suspended() {
            let state = if job.is_over() { "over" } else { "running" };
            return Err(Failure::new(format!("Job {} is {state} already.", job.id)));
        }
        self.finish(After::Background(job.id));
        Ok(())
    }

    /// A job that this session may move: its own, or one that was left by a session of the same user.
    fn own_job(&self, id: Option<u64>, name: &str) -> Result<Arc<Job>, Failure> {
        if !self.terminal {
            return Err(Failure::new(format!("`{name}` needs a terminal, and a command line of its own.")));
        }
        let ours = self.session();
        let job = match id {
            Some(id) => self.find(id)?,
            None => self.caller.shell.jobs.newest_of(&ours.id, self.job.id).ok_or_else(|| {
                Failure::new("This session has no jobs; `jobs` lists those of all sessions.")
            })?,
        };
        let theirs = job.last_owner();
        let is_ours = match job.owner() {
            Some(owner) => owner.id == ours.id,
            None => (&theirs.user, &theirs.from) == (&ours.user, &ours.from) && self.may(job.permission),
        };
        match is_ours {
            true => Ok(job),
            false => Err(Failure::new(format!(
                "Job {} belongs to another session ({}); only that can move it, `kill` can end it.",
                job.id, theirs.id
            ))),
        }
    }

    fn find(&self, id: u64) -> Result<Arc<Job>, Failure> {
        let found = self.caller.shell.jobs.find(id).filter(|job| job.id != self.job.id);
        found.ok_or_else(|| Failure::new(format!("{id}: no such job. `jobs` lists them.")))
    }

    /// The agent's connections.
    pub fn connections(&self) -> &Connections {
        self.caller.shell.connections()
    }

    /// The process the shell lives in.
    pub fn outside(&self) -> &dyn Outside {
        self.caller.shell.outside.as_ref()
    }

    /// Empties the screen, where there is one.
    ///
    /// # Errors
    /// As [`Context::emit`].
    pub fn clear_screen(&mut self) -> Result<(), Failure> {
        match self.terminal {
            true => self.job.push(Drawn::Text("\x1b[H\x1b[2J".to_owned())),
            false => Ok(()),
        }
    }

    /// What shall follow when the command is over and its output is flushed.
    pub fn finish(&mut self, after: After) {
        self.job.set_after(after);
    }

    /// Cancels all other jobs of all sessions and waits for them. The lines of those that have not
    /// ended when the time is over.
    pub fn cancel_other_jobs(&self, limit: Duration) -> Vec<String> {
        self.caller.shell.jobs.cancel(Some(self.job.id), limit)
    }
}

/// A terminal in raw mode wants a carriage return before each line feed.
pub(crate) fn for_terminal(text: &str) -> String {
    text.replace('\n', "\r\n")
}
