//! The terminals there are, as far as time concerns them: one that is idle and has no jobs is closed
//! after some hours.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;

use crate::SessionFacts;

/// A terminal's place. Its session holds it, the shell looks at it.
pub(crate) struct Seat {
    facts: Arc<SessionFacts>,
    wake: Arc<dyn Fn() + Send + Sync>,
    /// When somebody last did something there.
    used: Mutex<Duration>,
    expired: AtomicBool,
}

impl Seat {
    /// Somebody did something.
    pub(crate) fn used(&self, now: Duration) {
        *self.used.lock() = now;
    }

    /// Whether it was idle for too long.
    pub(crate) fn is_expired(&self) -> bool {
        self.expired.load(Ordering::Relaxed)
    }
}

/// All of them.
#[derive(Default)]
pub(crate) struct Seats {
    seats: Mutex<Vec<Weak<Seat>>>,
}

impl Seats {
    /// A new one.
    pub(crate) fn take(
        &self,
        facts: Arc<SessionFacts>,
        wake: Arc<dyn Fn() + Send + Sync>,
        now: Duration,
    ) -> Arc<Seat> {
        let seat = Arc::new(Seat { facts, wake, used: Mutex::new(now), expired: AtomicBool::new(false) });
        self.seats.lock().push(Arc::downgrade(&seat));
        seat
    }

    /// Wakes sessions that were idle for too long; when to look next.
    pub(crate) fn tick(
        &self,
        now: Duration,
        limit: Option<Duration>,
        has_jobs: impl Fn(&str) -> bool,
    ) -> Option<Duration> {
        let mut seats = self.seats.lock();
        seats.retain(|seat| seat.strong_count() > 0);
        let limit = limit?;
        let idle = seats.iter().filter_map(Weak::upgrade).filter(|seat| !seat.is_expired());
        let mut next: Option<Duration> = None;
        for seat in idle.filter(|seat| !has_jobs(&seat.facts.id)) {
            let due = seat.used.lock().saturating_add(limit);
            if due <= now {
                seat.expired.store(true, Ordering::Relaxed);
                (seat.wake)();
            } else {
                next = next.into_iter().chain(Some(due)).min();
            }
        }
        next
    }
}
