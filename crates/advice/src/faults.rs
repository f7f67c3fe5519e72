//! What could not be evaluated at calls: how often, and why at first. Told without a lock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// Faults of one listener.
#[derive(Default)]
pub(super) struct Faults {
    count: AtomicU64,
    first: OnceLock<String>,
    /// Something could be evaluated.
    any_fine: AtomicBool,
}

/// Calls at which something could not be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faulty {
    /// How many.
    pub count: u64,
    /// Why, at the first.
    pub first: String,
    /// There was no other call so far.
    pub all: bool,
}

impl Faults {
    #[cold]
    pub(super) fn add(&self, why: String) {
        self.count.fetch_add(1, Relaxed);
        let _ = self.first.set(why);
    }

    /// Something was evaluated.
    #[inline]
    pub(super) fn fine(&self) {
        // Read first: a store would take the line from the other threads at every call.
        if !self.any_fine.load(Relaxed) {
            self.any_fine.store(true, Relaxed);
        }
    }

    /// What was wrong so far.
    pub(super) fn seen(&self) -> Option<Faulty> {
        let first = self.first.get()?.clone();
        Some(Faulty { count: self.count.load(Relaxed), first, all: !self.any_fine.load(Relaxed) })
    }
}
