//! One running command: the bounded queue between its thread and its session, its cancelling and its
//! suspending.
//!
//! The job thread waits when the session's output is full or the job is suspended; the session, which
//! lives on the thread of the sockets, never waits for the job.

mod control;
mod question;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::{Condvar, Mutex};

use crate::history::shown;
use crate::{After, Drawn, Failure, Outside, Permission, SessionFacts, Size};

/// How much drawn output may wait for the session before the job waits.
const QUEUE_BYTES: usize = 256 * 1024;

/// Beyond so much the session is told of output that may wait for more, and so much text is queued as one.
const SOON_BYTES: usize = 32 * 1024;

/// How long such output may wait, if more comes.
const SOON: Duration = Duration::from_millis(20);

/// How long output of a background job may wait for a reader before the job ends.
pub(crate) const UNREAD: Duration = Duration::from_secs(600);

type Wake = Arc<dyn Fn() + Send + Sync>;

/// A running command.
pub(crate) struct Job {
    /// Its number, never used again in this agent.
    pub(crate) id: u64,
    /// What was typed.
    pub(crate) line: String,
    /// The same, as others may see it.
    pub(crate) shown: String,
    /// It answers a completion.
    pub(crate) question: bool,
    /// The keys `q` and `Q` end it.
    pub(crate) ends_on_q: bool,
    /// What its command needs.
    pub(crate) permission: Permission,
    /// Its lines end as a terminal wants them.
    pub(crate) terminal: bool,
    /// Its output goes to a file, so that it needs no reader.
    pub(crate) redirected: bool,
    /// That is a file of its own.
    pub(crate) is_cached: bool,
    /// When it began, for people.
    pub(crate) began: SystemTime,
    /// When it ends at the latest, on the clock of `outside`.
    pub(crate) deadline: Option<Duration>,
    /// How long that is.
    pub(crate) timeout: Duration,
    outside: Arc<dyn Outside>,
    state: Mutex<State>,
    changed: Condvar,
}

/// What a new job is.
pub(crate) struct Begun<'a> {
    pub(crate) id: u64,
    pub(crate) line: &'a str,
    pub(crate) size: Size,
    pub(crate) wake: Wake,
    pub(crate) owner: Arc<SessionFacts>,
    pub(crate) ends_on_q: bool,
    pub(crate) permission: Permission,
    pub(crate) terminal: bool,
    pub(crate) background: bool,
    pub(crate) redirected: bool,
    pub(crate) is_cached: bool,
}

struct State {
    queue: VecDeque<Drawn>,
    queued: usize,
    size: Size,
    cancelled: Option<Why>,
    suspended: bool,
    background: bool,
    after: Option<After>,
    end: Option<Result<(), Failure>>,
    phase: Phase,
    /// Results so far.
    results: u64,
    /// The session whose it is; `None` once that is gone.
    owner: Option<Arc<SessionFacts>>,
    /// Who it was begun by, for as long as there is no other owner.
    last_owner: Arc<SessionFacts>,
    wake: Wake,
    /// The session was woken and has not taken everything since.
    told: bool,
    /// When it was woken last.
    told_at: Duration,
    /// Since when output waits, or nobody is there to read it.
    unread: Option<Duration>,
    /// The file its output goes to.
    file: Option<PathBuf>,
    asks: question::Asks,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Ready,
    Running,
    Over,
}

/// Why a job is to end.
#[derive(Clone)]
pub(crate) enum Why {
    /// Somebody asked for it.
    Asked,
    /// For this reason, a sentence.
    Because(String),
}

/// What a job is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Its thread has not begun.
    Ready,
    /// It works.
    Running,
    /// It is suspended.
    Stopped,
    /// It is over, and its last output waits.
    Terminated,
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
    pub(crate) fn new(begun: Begun<'_>, outside: Arc<dyn Outside>) -> Self {
        let Begun {
            id,
            line,
            size,
            wake,
            owner,
            ends_on_q,
            permission,
            terminal,
            background,
            redirected,
            is_cached,
        } = begun;
        let (timeout, now) = (outside.job_timeout(), outside.now());
        let state = State {
            queue: VecDeque::new(),
            queued: 0,
            size,
            cancelled: None,
            suspended: false,
            background,
            after: None,
            end: None,
            phase: Phase::Ready,
            results: 0,
            last_owner: owner.clone(),
            owner: Some(owner),
            wake,
            told: false,
            told_at: now,
            unread: None,
            file: None,
            asks: question::Asks::default(),
        };
        Self {
            id,
            line: line.to_owned(),
            shown: shown(line).to_owned(),
            question: false,
            ends_on_q,
            permission,
            terminal,
            redirected,
            is_cached,
            began: SystemTime::now(),
            deadline: now.checked_add(timeout),
            timeout,
            outside,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Not a command but what the completion asks: it has no output.
    pub(crate) fn question(id: u64, wake: Wake, owner: Arc<SessionFacts>, outside: Arc<dyn Outside>) -> Self {
        let begun = Begun {
            id,
            line: "(completion)",
            size: Size::USUAL,
            wake,
            owner,
            ends_on_q: false,
            permission: Permission::View,
            terminal: false,
            background: false,
            redirected: false,
            is_cached: false,
        };
        Self { question: true, ..Self::new(begun, outside) }
    }

    /// Waits while the job is suspended.
    pub(crate) fn pause(&self) -> Result<(), Failure> {
        let mut state = self.state.lock();
        while state.suspended && state.cancelled.is_none() {
            self.changed.wait(&mut state);
        }
        match state.cancelled {
            Some(_) => Err(Failure::Cancelled),
            None => Ok(()),
        }
    }

    /// Queues output; waits while the queue is full or the job is suspended.
    pub(crate) fn push(&self, drawn: Drawn) -> Result<(), Failure> {
        self.queue(drawn, false)
    }

    /// The same for output that is followed by more at once, or by the end: the session is not woken for each piece. To wake it
    /// took a third of the processor time of `sm` over twenty thousand classes.
    pub(crate) fn push_soon(&self, drawn: Drawn) -> Result<(), Failure> {
        self.queue(drawn, true)
    }

    fn queue(&self, drawn: Drawn, soon: bool) -> Result<(), Failure> {
        let mut state = self.state.lock();
        while (state.queued >= QUEUE_BYTES || state.suspended) && state.cancelled.is_none() {
            self.changed.wait(&mut state);
        }
        if state.cancelled.is_some() {
            return Err(Failure::Cancelled);
        }
        if length(&drawn) == 0 {
            return Ok(());
        }
        let now = self.outside.now();
        if state.queue.is_empty() {
            state.unread = state.unread.or(Some(now));
        }
        state.queued += length(&drawn);
        match (state.queue.back_mut(), drawn) {
            (Some(Drawn::Text(last)), Drawn::Text(text)) if last.len() + text.len() <= SOON_BYTES => {
                last.push_str(&text);
            }
            (_, drawn) => state.queue.push_back(drawn),
        }
        let due = !soon || state.queued >= SOON_BYTES || now.saturating_sub(state.told_at) >= SOON;
        if due && !state.told {
            (state.told, state.told_at) = (true, now);
            let wake = state.wake.clone();
            drop(state);
            wake();
        }
        Ok(())
    }

    /// Queues a few last words, of a cancelled job too. Never waits: a session that is gone takes
    /// nothing any more.
    pub(crate) fn push_last(&self, drawn: Drawn) {
        if length(&drawn) == 0 {
            return;
        }
        let mut state = self.state.lock();
        state.queued += length(&drawn);
        state.queue.push_back(drawn);
        let wake = state.wake.clone();
        drop(state);
        wake();
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
                return Found::Nothing;
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
        let is_left = !state.queue.is_empty();
        state.told &= is_left;
        state.unread = is_left.then(|| self.outside.now());
        if state.queued < QUEUE_BYTES {
            self.changed.notify_all();
        }
        found
    }

    /// Asks the command to end: what it waits for ends at once.
    pub(crate) fn cancel(&self) {
        self.cancel_why(Why::Asked);
    }

    /// One that is suspended goes on, to its end.
    pub(crate) fn cancel_why(&self, why: Why) {
        let mut state = self.state.lock();
        state.cancelled.get_or_insert(why);
        state.suspended = false;
        drop(state);
        self.changed.notify_all();
    }

    pub(crate) fn cancelled(&self) -> bool {
        self.state.lock().cancelled.is_some()
    }

    /// Its output goes to a file.
    pub(crate) fn goes_to(&self, file: PathBuf) {
        self.state.lock().file = Some(file);
    }

    pub(crate) fn file(&self) -> Option<PathBuf> {
        self.state.lock().file.clone()
    }

    /// One more result.
    pub(crate) fn counts(&self) {
        self.state.lock().results += 1;
    }

    pub(crate) fn results(&self) -> u64 {
        self.state.lock().results
    }

    /// Sleeps; a cancelled job wakes at once.
    pub(crate) fn sleep(&self, time: Duration) -> Result<(), Failure> {
        let deadline = Instant::now().checked_add(time);
        let mut state = self.state.lock();
        loop {
            if state.cancelled.is_some() {
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

    /// Its thread has begun.
    pub(crate) fn runs(&self) {
        self.state.lock().phase = Phase::Running;
    }

    /// The command is over. Who cancelled it for a reason is quoted.
    pub(crate) fn end(&self, end: Result<(), Failure>) {
        let mut state = self.state.lock();
        state.phase = Phase::Over;
        state.end = Some(match (end, &state.cancelled) {
            (Err(Failure::Cancelled), Some(Why::Because(why))) => Err(Failure::new(why.clone())),
            (end, _) => end,
        });
        let wake = state.wake.clone();
        drop(state);
        wake();
    }
}

fn length(drawn: &Drawn) -> usize {
    match drawn {
        Drawn::Text(text) | Drawn::Value(text) => text.len(),
    }
}
