//! What a running command may ask of the session it runs in.

use std::sync::Arc;
use std::time::Duration;

use model::{Message, Show, View};

use crate::job::Job;
use crate::shell::Shell;
use crate::{Connections, Draw, Drawn, Failure, Lock, Outside, Permission, Permissions, Signature, Size};

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
}

/// The session as a command sees it.
pub struct Context<'a> {
    pub(crate) job: &'a Arc<Job>,
    pub(crate) shell: &'a Arc<Shell>,
    pub(crate) draw: &'a dyn Draw,
    pub(crate) facts: &'a SessionFacts,
    pub(crate) permissions: Permissions,
    pub(crate) lock: Option<&'a Lock>,
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
        let drawn = self.drawn(&result);
        self.job.push(drawn)
    }

    /// Shows a short result with which the command ends, even when it was interrupted. Never waits.
    pub fn last_words(&mut self, result: impl Show) {
        let drawn = self.drawn(&result);
        self.job.push_last(drawn);
    }

    fn drawn(&self, result: &dyn View) -> Drawn {
        match self.draw.draw(result, self.job.id, self.size()) {
            Drawn::Text(text) if self.terminal => Drawn::Text(for_terminal(&text)),
            other => other,
        }
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

    /// Sleeps.
    ///
    /// # Errors
    /// [`Failure::Cancelled`], at once when the command shall end.
    pub fn sleep(&self, time: Duration) -> Result<(), Failure> {
        self.job.sleep(time)
    }

    /// The size to draw for; changes when the user changes his window.
    pub fn size(&self) -> Size {
        self.job.size()
    }

    /// Whether a person reads along: the output goes to a terminal.
    pub fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// Who asks.
    pub fn session(&self) -> &SessionFacts {
        self.facts
    }

    /// Whether who asks has this permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.has(permission)
    }

    /// Whether the session is locked until a password is said.
    pub fn is_locked(&self) -> bool {
        self.lock.is_some_and(|lock| !lock.is_open())
    }

    /// Unlocks the session, if this is a user and his password; `None` where nobody asks for one.
    ///
    /// # Errors
    /// Too many were wrong; the sentence says how long to wait.
    pub fn authenticate(&self, user: &str, password: &str) -> Option<Result<bool, String>> {
        self.lock.map(|lock| lock.open(user, password))
    }

    /// Who unlocked the session.
    pub fn authenticated_as(&self) -> Option<String> {
        self.lock.and_then(Lock::user)
    }

    /// All commands there are, in the order they are listed.
    pub fn signatures(&self) -> impl Iterator<Item = &'static Signature> {
        self.shell.signatures()
    }

    /// The lines typed so far, oldest first.
    pub fn history(&self) -> Vec<String> {
        self.shell.history.lines()
    }

    /// Forgets the lines typed so far.
    pub fn clear_history(&self) {
        self.shell.history.clear();
    }

    /// The agent's connections.
    pub fn connections(&self) -> &Connections {
        self.shell.connections()
    }

    /// The process the shell lives in.
    pub fn outside(&self) -> &dyn Outside {
        self.shell.outside.as_ref()
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
        self.shell.cancel_jobs(Some(self.job.id), limit)
    }
}

/// A terminal in raw mode wants a carriage return before each line feed.
pub(crate) fn for_terminal(text: &str) -> String {
    text.replace('\n', "\r\n")
}
