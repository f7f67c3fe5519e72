//! What could not be evaluated at calls: how often, and why at first. Told without a lock.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Faults of one listener.
#[derive(Default)]
pub(super) struct Faults {
    count: AtomicU64,
    first: OnceLock<String>,
}

impl Faults {
    #[cold]
    pub(super) fn add(&self, why: String) {
        self.count.fetch_add(1, Relaxed);
        let _ = self.first.set(why);
    }

    /// How many, and the first one's words.
    pub(super) fn seen(&self) -> Option<(u64, String)> {
        Some((self.count.load(Relaxed), self.first.get()?.clone()))
    }
}
