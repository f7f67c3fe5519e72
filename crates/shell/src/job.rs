//! One running command: the bounded queue between its thread and its session, and its cancelling.
//!
//! The job thread waits when the session's output is full; the session, which lives on the thread of
//! the sockets, never waits for the job.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use crate::{After, Drawn, Failure, Size};

/// How much drawn output may wait for the session before the job waits.
const QUEUE_BYTES: usize = 256 * 1024;

/// A running command.
pub(crate) struct Job {
    /// Its number, never used again in this agent.
    pub(crate) id: u64,
    /// What was typed.
    pub(crate) line: String,
    /// It answers a completion.
    pub(crate) question: bool,
    state: Mutex<State>,
    changed: Condvar,
    wake: Arc<dyn Fn() + Send + Sync>,
}

struct State {
    queue: VecDeque<Drawn>,
    queued: usize,
    size: Size,
    cancelled: bool,
    after: Option<After>,
    end: Option<Result<(), Failure>>,
}

/// What a session finds when it looks at its job.
pub(crate) enum Found {
    /// Text of at most as many bytes as asked for.
    Text(String),
    /// A whole value.
    Value(String),
    /// Nothing now; there will be a wake.
    Nothing,
    /// The command ended and all its output is taken.
    Ended(Result<(), Failure>, Option<After>),
}

impl Job {
    pub(crate) fn new(id: u64, line: &str, size: Size, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        let state =
            State { queue: VecDeque::new(), queued: 0, size, cancelled: false, after: None, end: None };
        let state = Mutex::new(state);
        Self { id, line: line.to_owned(), question: false, state, changed: Condvar::new(), wake }
    }

    /// Not a command but a question of the completion: it has no output.
    pub(crate) fn question(id: u64, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { question: true, ..Self::new(id, "(completion)", Size::USUAL, wake) }
    }

    /// Queues output; waits while the queue is full.
    pub(crate) fn push(&self, drawn: Drawn) -> Result<(), Failure> {
        let bytes = match &drawn {
            Drawn::Text(text) | Drawn::Value(text) => text.len(),
        };
        let mut state = self.state.lock();
        while state.queued >= QUEUE_BYTES && !state.cancelled {
            self.changed.wait(&mut state);
        }
        if state.cancelled {
            return Err(Failure::Cancelled);
        }
        if bytes == 0 {
            return Ok(());
        }
        let was_empty = state.queue.is_empty();
        state.queued += bytes;
        state.queue.push_back(drawn);
        drop(state);
        if was_empty {
            (self.wake)();
        }
        Ok(())
    }

    /// Queues a few last words, of a cancelled job too. Never waits: a session that is gone takes
    /// nothing any more.
    pub(crate) fn push_last(&self, drawn: Drawn) {
        let bytes = match &drawn {
            Drawn::Text(text) | Drawn::Value(text) => text.len(),
        };
        let mut state = self.state.lock();
        state.queued += bytes;
        state.queue.push_back(drawn);
        drop(state);
        (self.wake)();
    }

    /// Takes output for the session.
    pub(crate) fn take(&self, max_bytes: usize) -> Found {
        let mut state = self.state.lock();
        let found = match state.queue.pop_front() {
            None => match state.end.take() {
                Some(end) => Found::Ended(end, state.after.take()),
                None => Found::Nothing,
            },
            Some(drawn) if max_bytes == 0 => {
                state.queue.push_front(drawn);
                Found::Nothing
            }
            Some(Drawn::Text(mut text)) => {
                if text.len() > max_bytes {
                    // At least one character, so that a small window cannot stop the output.
                    let mut cut = text.floor_char_boundary(max_bytes);
                    if cut == 0 {
                        cut = text.chars().next().map_or(0, char::len_utf8);
                    }
                    let rest = text.split_off(cut);
                    state.queue.push_front(Drawn::Text(rest));
                }
                state.queued = state.queued.saturating_sub(text.len());
                Found::Text(text)
            }
            Some(Drawn::Value(value)) => {
                state.queued = state.queued.saturating_sub(value.len());
                Found::Value(value)
            }
        };
        if state.queued < QUEUE_BYTES {
            self.changed.notify_all();
        }
        found
    }

    /// Asks the command to end: what it waits for ends at once.
    pub(crate) fn cancel(&self) {
        self.state.lock().cancelled = true;
        self.changed.notify_all();
    }

    pub(crate) fn cancelled(&self) -> bool {
        self.state.lock().cancelled
    }

    /// Sleeps; a cancelled job wakes at once.
    pub(crate) fn sleep(&self, time: Duration) -> Result<(), Failure> {
        let deadline = Instant::now().checked_add(time);
        let mut state = self.state.lock();
        loop {
            if state.cancelled {
                return Err(Failure::Cancelled);
            }
            match deadline {
                Some(deadline) if Instant::now() >= deadline => return Ok(()),
                Some(deadline) => drop(self.changed.wait_until(&mut state, deadline)),
                None => self.changed.wait(&mut state),
            }
        }
    }

    pub(crate) fn size(&self) -> Size {
        self.state.lock().size
    }

    pub(crate) fn resize(&self, size: Size) {
        self.state.lock().size = size;
    }

    /// What shall follow once the output is flushed.
    pub(crate) fn set_after(&self, after: After) {
        self.state.lock().after = Some(after);
    }

    /// The command is over.
    pub(crate) fn end(&self, end: Result<(), Failure>) {
        self.state.lock().end = Some(end);
        (self.wake)();
    }
}
