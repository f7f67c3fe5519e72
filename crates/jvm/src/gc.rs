//! The pauses of garbage collections, as JVMTI's start and finish events frame them. The callbacks run while
//! the JVM is stopped and may call nothing of it: they write two clock readings into a ring without a lock.
//! Whoever reads it too late learns how many pauses it missed.

use std::sync::atomic::{AtomicU64, Ordering, fence};

use crate::capabilities::Capabilities;
use crate::environment::Environment;
use crate::error::Result;
use crate::os;
use crate::sys::{Capability, EventKind};

/// Pauses that are kept; more than a reader that comes once a second can miss.
const KEPT: u64 = 512;

/// One stop for a garbage collection, on the monotonic clock, in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pause {
    /// Counted from 0 since the agent began to watch.
    pub number: u64,
    /// When it began ([`os::monotonic_ns`]).
    pub start_ns: u64,
    /// When it ended.
    pub end_ns: u64,
}

/// The pauses since some number.
#[derive(Debug, Default)]
pub struct Pauses {
    /// Those still known, oldest first.
    pub pauses: Vec<Pause>,
    /// How many were overwritten before they were read.
    pub missed: u64,
    /// The number to ask with next.
    pub next: u64,
}

struct Slot {
    /// The pause's number + 1 once it is whole; 0 while it is written.
    whole: AtomicU64,
    start: AtomicU64,
    end: AtomicU64,
}

static RING: [Slot; KEPT as usize] =
    [const { Slot { whole: AtomicU64::new(0), start: AtomicU64::new(0), end: AtomicU64::new(0) } };
        KEPT as usize];
/// When the pause that is on began.
static STARTED: AtomicU64 = AtomicU64::new(0);
/// How many have ended.
static ENDED: AtomicU64 = AtomicU64::new(0);

fn slot(number: u64) -> Option<&'static Slot> {
    RING.get(usize::try_from(number % KEPT).unwrap_or(0))
}

pub(crate) fn started() {
    STARTED.store(os::monotonic_ns(), Ordering::Relaxed);
}

/// The JVM is stopped, so there is one writer only.
pub(crate) fn finished() {
    let number = ENDED.load(Ordering::Relaxed);
    let start = STARTED.swap(0, Ordering::Relaxed);
    let Some(slot) = slot(number) else { return };
    if start == 0 {
        return; // the watch began in the middle of it
    }
    slot.whole.store(0, Ordering::Relaxed);
    fence(Ordering::Release);
    slot.start.store(start, Ordering::Relaxed);
    slot.end.store(os::monotonic_ns(), Ordering::Relaxed);
    slot.whole.store(number.wrapping_add(1), Ordering::Release);
    ENDED.store(number.wrapping_add(1), Ordering::Release);
}

/// The pauses from this number on; begin with 0.
pub fn since(number: u64) -> Pauses {
    let next = ENDED.load(Ordering::Acquire);
    let first = number.max(next.saturating_sub(KEPT)).min(next);
    let pauses: Vec<Pause> = (first..next).filter_map(read).collect();
    let missed = next.saturating_sub(number).saturating_sub(u64::try_from(pauses.len()).unwrap_or(0));
    Pauses { pauses, missed, next }
}

fn read(number: u64) -> Option<Pause> {
    let slot = slot(number)?;
    let whole = number.wrapping_add(1);
    if slot.whole.load(Ordering::Acquire) != whole {
        return None;
    }
    let start_ns = slot.start.load(Ordering::Relaxed);
    let end_ns = slot.end.load(Ordering::Relaxed);
    fence(Ordering::Acquire);
    (slot.whole.load(Ordering::Relaxed) == whole).then_some(Pause { number, start_ns, end_ns })
}

impl Environment {
    /// Begins to note pauses. Costs two clock readings a collection.
    pub fn watch_gc(&self) -> Result<()> {
        self.ensure(Capabilities::NONE.with(Capability::GenerateGarbageCollectionEvents))?;
        self.jvmti.enable(EventKind::GarbageCollectionStart)?;
        self.jvmti.enable(EventKind::GarbageCollectionFinish)
    }

    /// Ends it. What was noted stays readable.
    pub fn unwatch_gc(&self) -> Result<()> {
        self.jvmti.disable(EventKind::GarbageCollectionStart)?;
        self.jvmti.disable(EventKind::GarbageCollectionFinish)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One test, since the ring is one for the process.
    #[test]
    fn pauses_are_read_once_and_lost_ones_are_counted() {
        finished(); // an end without a start is none
        assert_eq!(since(0).next, 0);
        for _ in 0..3 {
            started();
            finished();
        }
        let three = since(0);
        assert_eq!((three.pauses.len(), three.missed, three.next), (3, 0, 3));
        assert!(three.pauses.iter().all(|pause| pause.start_ns <= pause.end_ns));
        assert_eq!(since(3).pauses, []);
        for _ in 0..KEPT + 10 {
            started();
            finished();
        }
        let late = since(3);
        assert_eq!((late.pauses.len() as u64, late.missed), (KEPT, 10));
        assert_eq!(since(1_000_000).pauses, []);
    }
}
