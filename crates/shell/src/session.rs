//! One terminal or one command line from outside: bytes in, events out.
//!
//! A session lives on the thread of the sockets and never waits: what takes time runs on a job's
//! thread, which calls [`Setup::wake`] when there is something to [`Session::poll`].

mod ask;
mod background;
mod exec;
mod terminal;

use std::sync::Arc;

use model::Field;

use crate::run::Caller;
use crate::sent::SentFile;
use crate::shared::{Shell, random_id};
use crate::{Draw, Grant, Lender, Lock, SessionFacts, Size};
use exec::Exec;
use terminal::Terminal;

/// What a transport says about a session it opens.
#[derive(Clone)]
pub struct Setup {
    /// The session's id, where the transport has given it one; else one is made.
    pub id: Option<String>,
    /// The user, as far as the transport knows; may be empty.
    pub user: String,
    /// The transport: `local`, `tunnel`.
    pub from: String,
    /// The other end of the connection, as the log shows it; may be empty.
    pub peer: String,
    /// Files that came along, for commands that read files.
    pub sent: Arc<[SentFile]>,
    /// What the session may do, at most.
    pub permissions: Arc<Grant>,
    /// What must be opened with a password first; sessions of one client may share it.
    pub lock: Option<Arc<Lock>>,
    /// A command line is one of Arthas's API: it is in the history, and waited for also where it ends in `&`.
    pub waits: bool,
    /// What stands before the line, such as `[oxprobe@42]$ `.
    pub prompt: String,
    /// The size to draw for.
    pub size: Size,
    /// What draws results.
    pub draw: Arc<dyn Draw>,
    /// Called on any thread when there is something to poll.
    pub wake: Arc<dyn Fn() + Send + Sync>,
    /// The client, where it lends files to commands.
    pub lender: Option<Arc<dyn Lender>>,
    /// What a terminal shows first.
    pub welcome: Vec<Field>,
}

/// What a session wants its transport to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Send these bytes.
    Output(Vec<u8>),
    /// Send this JSON object.
    Value(String),
    /// The command of an exec session ended; no output follows.
    Done {
        /// 0 is success, see [`model::Status`].
        status: i32,
        /// What the output has not said.
        message: Option<String>,
        /// Results that were left out because nobody took them.
        dropped: u64,
    },
    /// The session is over: close it.
    Close {
        /// Why.
        reason: String,
    },
    /// Stop the agent. The last event of its session.
    StopAgent,
}

/// One terminal or one command line from outside.
pub struct Session {
    kind: Kind,
}

enum Kind {
    Terminal(Box<Terminal>),
    Exec(Exec),
}

impl Session {
    /// A terminal: a prompt, a line editor, one command after the other.
    pub fn terminal(shell: Arc<Shell>, setup: Setup) -> Self {
        let caller = caller(shell, &setup, true);
        Self { kind: Kind::Terminal(Box::new(Terminal::new(caller, setup))) }
    }

    /// One command line. Its last event is `Done`, or `StopAgent` after it.
    pub fn exec(shell: Arc<Shell>, setup: Setup, line: &str) -> Self {
        let caller = caller(shell, &setup, false);
        Self { kind: Kind::Exec(Exec::new(&caller, setup.size, line)) }
    }

    /// The number of an exec session's job; `None` where no job was started.
    pub fn job(&self) -> Option<u64> {
        match &self.kind {
            Kind::Terminal(_) => None,
            Kind::Exec(exec) => exec.job_id(),
        }
    }

    /// Why an exec session has no job: the sentence for the user.
    pub fn refusal(&self) -> Option<&str> {
        match &self.kind {
            Kind::Terminal(_) => None,
            Kind::Exec(exec) => exec.refusal(),
        }
    }

    /// Keys from the user, cut anywhere. An exec session has no use for them.
    pub fn input(&mut self, bytes: &[u8]) {
        if let Kind::Terminal(terminal) = &mut self.kind {
            terminal.input(bytes);
        }
    }

    /// The user's window has another size.
    pub fn resize(&mut self, size: Size) {
        match &mut self.kind {
            Kind::Terminal(terminal) => terminal.resize(size),
            Kind::Exec(exec) => exec.resize(size),
        }
    }

    /// Interrupts the running command, as Ctrl-C does.
    pub fn interrupt(&mut self) {
        match &mut self.kind {
            Kind::Terminal(terminal) => terminal.interrupt(),
            Kind::Exec(exec) => exec.cancel(),
        }
    }

    /// What is to be done next; to be called until it returns `None`, after every other call and
    /// after every wake.
    ///
    /// Text is cut so that an event has at most `max_bytes` (or one character); a value is never
    /// cut. With `max_bytes` 0 neither is given out, and the command waits once its queue is full.
    pub fn poll(&mut self, max_bytes: usize) -> Option<Event> {
        match &mut self.kind {
            Kind::Terminal(terminal) => terminal.poll(max_bytes),
            Kind::Exec(exec) => exec.poll(max_bytes),
        }
    }

    /// The connection is gone: what runs in the foreground or is suspended is cancelled, what runs in the
    /// background goes on for as long as somebody may come back for it.
    pub fn close(&mut self) {
        match &mut self.kind {
            Kind::Terminal(terminal) => terminal.close(),
            Kind::Exec(exec) => exec.close(),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.close();
    }
}

fn caller(shell: Arc<Shell>, setup: &Setup, terminal: bool) -> Caller {
    let facts = SessionFacts {
        id: setup.id.clone().unwrap_or_else(random_id),
        user: setup.user.clone(),
        from: setup.from.clone(),
        peer: setup.peer.clone(),
    };
    Caller {
        shell,
        draw: setup.draw.clone(),
        wake: setup.wake.clone(),
        facts: Arc::new(facts),
        permissions: setup.permissions.clone(),
        sent: setup.sent.clone(),
        lock: setup.lock.clone(),
        lender: setup.lender.clone(),
        waits: setup.waits,
        terminal,
    }
}
