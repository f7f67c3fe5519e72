//! Which of many calls are looked at: one of so many, or so many a second. HOT: asked before anything is evaluated.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use jvm::clock;

const MASK: u64 = (1 << clock::BITS) - 1;

/// The pace of one listener.
pub(super) struct Pace {
    /// One of so many; 0 and 1 mean all.
    sample: u64,
    /// Ticks between two looks; 0 means any.
    each: u64,
    /// When the next look is due.
    next: AtomicU64,
}

impl Pace {
    pub(super) fn new(sample: u32, rate: Option<u32>, ticks_per_second: u64) -> Self {
        let each = rate.map_or(0, |rate| ticks_per_second / u64::from(rate.max(1)));
        Self { sample: sample.into(), each, next: AtomicU64::new(0) }
    }

    #[inline]
    pub(super) fn gives_way(&self, now: u64) -> bool {
        (self.sample <= 1 || self.is_drawn(now)) && (self.each == 0 || self.is_due(now))
    }

    /// Drawn by the clock: every so-manieth call would be misled by a program that does things in turns.
    fn is_drawn(&self, now: u64) -> bool {
        (now.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32).is_multiple_of(self.sample)
    }

    fn is_due(&self, now: u64) -> bool {
        let next = self.next.load(Relaxed);
        if next != 0 && clock::is_before(now, next) {
            return false;
        }
        // Of two threads one wins. What was not used up does not pile up.
        let after = (now.wrapping_add(self.each) & MASK).max(1);
        self.next.compare_exchange(next, after, Relaxed, Relaxed).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_ten_is_drawn_evenly() {
        let pace = Pace::new(10, None, 1_000);
        for step in [1, 2, 10, 1_000] {
            let drawn = (0..100_000_u64).filter(|call| pace.gives_way(1 + call * step)).count();
            assert!((9_000..11_000).contains(&drawn), "{drawn} of 100,000, {step} apart");
        }
    }

    #[test]
    fn so_many_a_second_are_due() {
        let pace = Pace::new(1, Some(5), 1_000_000);
        let looked = (0..1_000_u64).filter(|call| pace.gives_way(1 + call * 10_000)).count();
        assert_eq!(looked, 50, "in ten seconds");
    }
}
