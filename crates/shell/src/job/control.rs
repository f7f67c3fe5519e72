//! Whose a job is, whether it is in the foreground, and whether anybody reads what it writes.

use std::sync::Arc;
use std::time::Duration;

use super::{Job, JobState, Phase, Wake, Why};
use crate::{SessionFacts, Size};

impl Job {
    /// From now on its output waits, and it waits with it.
    pub(crate) fn suspend(&self) {
        let mut state = self.state.lock();
        (state.suspended, state.background) = (true, true);
        drop(state);
        // Who asks a person has nobody now.
        self.changed.notify_all();
    }

    /// It goes on, in the background or not.
    pub(crate) fn resume(&self, background: bool) {
        let mut state = self.state.lock();
        (state.suspended, state.background) = (false, background);
        // What waited meanwhile waited for no reader.
        state.unread = (!state.queue.is_empty()).then(|| self.outside.now());
        drop(state);
        self.changed.notify_all();
    }

    pub(crate) fn is_suspended(&self) -> bool {
        self.state.lock().suspended
    }

    pub(crate) fn is_background(&self) -> bool {
        self.state.lock().background
    }

    pub(crate) fn is_over(&self) -> bool {
        self.state.lock().phase == Phase::Over
    }

    pub(crate) fn state(&self) -> JobState {
        let state = self.state.lock();
        match state.phase {
            Phase::Over => JobState::Terminated,
            _ if state.suspended => JobState::Stopped,
            Phase::Ready => JobState::Ready,
            Phase::Running => JobState::Running,
        }
    }

    /// The session whose it is, if that is there.
    pub(crate) fn owner(&self) -> Option<Arc<SessionFacts>> {
        self.state.lock().owner.clone()
    }

    /// The session whose it is or was.
    pub(crate) fn last_owner(&self) -> Arc<SessionFacts> {
        self.state.lock().last_owner.clone()
    }

    /// Its session is gone. What is suspended then would wait for nobody.
    pub(crate) fn orphan(&self) {
        let now = self.outside.now();
        let mut state = self.state.lock();
        state.owner = None;
        state.unread = Some(now);
        state.wake = Arc::new(|| {});
        if state.suspended {
            state.cancelled.get_or_insert(Why::Asked);
            self.changed.notify_all();
        }
    }

    /// A session takes it, if it has none.
    pub(crate) fn adopt(&self, owner: &Arc<SessionFacts>, wake: &Wake, size: Size) -> bool {
        let mut state = self.state.lock();
        if state.owner.is_some() {
            return false;
        }
        state.owner = Some(owner.clone());
        state.last_owner = owner.clone();
        state.wake = wake.clone();
        state.size = size;
        true
    }

    /// Since when nobody reads its output, if it is in the background and has a reader at all.
    pub(crate) fn unread(&self) -> Option<Duration> {
        let state = self.state.lock();
        let waits = state.background && !state.suspended && (!self.redirected || state.phase == Phase::Over);
        state.unread.filter(|_| waits)
    }

    /// Whether it is over and nobody will come for what it wrote.
    pub(crate) fn is_abandoned(&self) -> bool {
        let state = self.state.lock();
        state.phase == Phase::Over
            && state.owner.is_none()
            && (state.queue.is_empty() || state.cancelled.is_some())
    }
}
