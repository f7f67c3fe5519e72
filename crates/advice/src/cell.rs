//! Where calls are counted. HOT: `Cells::count` runs at every exit of a monitored method.
//!
//! Each method of a listener has one cell per OS thread, so that two threads never write to the same cache line;
//! a cell has one writer, and adding is a plain load and store. All counts only grow: who reads keeps what was
//! there before and subtracts. Beyond a bound on memory or threads, all others share one cell.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use jvm::inside::{Inside, PerThread};

use super::histogram::{ALL, Histogram};

/// All cells together; beyond, threads share.
const MAX_BYTES: usize = 24 << 20;

/// What a method's first cell takes besides: the tables it is found by.
const FIRST: usize = 2_048;

static BYTES: AtomicUsize = AtomicUsize::new(0);

/// Counts of one method on one OS thread.
#[repr(align(64))]
struct Cell {
    total: AtomicU64,
    failed: AtomicU64,
    sum: AtomicU64,
    /// The longest since it was last read. A reader that sets it back loses at most the call of that instant.
    max: AtomicU64,
    histogram: Option<Box<Histogram>>,
}

impl Cell {
    fn new(percentiles: bool) -> Self {
        Self {
            total: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            sum: AtomicU64::new(0),
            max: AtomicU64::new(0),
            histogram: percentiles.then(|| Box::new(Histogram::new())),
        }
    }

    #[inline]
    fn add(&self, amount: u64, failed: bool, alone: bool) {
        let bump = |counter: &AtomicU64, by: u64| {
            if alone {
                counter.store(counter.load(Relaxed).wrapping_add(by), Relaxed);
            } else {
                counter.fetch_add(by, Relaxed);
            }
        };
        bump(&self.total, 1);
        if failed {
            bump(&self.failed, 1);
        }
        bump(&self.sum, amount);
        if amount > self.max.load(Relaxed) {
            self.max.store(amount, Relaxed);
        }
        if let Some(histogram) = &self.histogram {
            histogram.add(amount, alone);
        }
    }
}

/// The cells of one method of one listener.
pub(super) struct Cells {
    percentiles: bool,
    /// Made at the first call: most methods of a wide pattern are never called.
    own: OnceLock<PerThread<Cell>>,
    shared: OnceLock<Box<Cell>>,
    bytes: AtomicUsize,
}

impl Cells {
    pub(super) fn new(percentiles: bool) -> Self {
        Self { percentiles, own: OnceLock::new(), shared: OnceLock::new(), bytes: AtomicUsize::new(0) }
    }

    /// Counts a call of `amount` ticks.
    #[inline]
    pub(super) fn count(&self, inside: &Inside, amount: u64, failed: bool) {
        match self.own.get().and_then(|own| own.get(inside)) {
            Some(cell) => cell.add(amount, failed, true),
            None => self.count_first(inside, amount, failed),
        }
    }

    #[cold]
    #[inline(never)]
    fn count_first(&self, inside: &Inside, amount: u64, failed: bool) {
        match self.make(inside) {
            Some(cell) => cell.add(amount, failed, true),
            None => {
                self.shared.get_or_init(|| Box::new(Cell::new(self.percentiles))).add(amount, failed, false);
            }
        }
    }

    fn make<'a>(&'a self, inside: &'a Inside) -> Option<&'a Cell> {
        let mut bytes = size_of::<Cell>();
        if self.percentiles {
            bytes += size_of::<Histogram>() + 4 * 64;
        }
        if self.own.get().is_none() {
            bytes += FIRST;
        }
        if BYTES.fetch_add(bytes, Relaxed) + bytes > MAX_BYTES {
            BYTES.fetch_sub(bytes, Relaxed);
            return None;
        }
        self.bytes.fetch_add(bytes, Relaxed);
        self.own.get_or_init(PerThread::new).get_or_make(inside, || Cell::new(self.percentiles))
    }

    fn all(&self) -> impl Iterator<Item = &Cell> {
        self.own.get().into_iter().flat_map(PerThread::iter).chain(self.shared.get().map(|cell| &**cell))
    }

    /// Whether nothing was ever counted.
    pub(super) fn is_unused(&self) -> bool {
        self.own.get().is_none() && self.shared.get().is_none()
    }

    /// Calls counted in all.
    pub(super) fn total(&self) -> u64 {
        self.all().fold(0, |sum, cell| sum.wrapping_add(cell.total.load(Relaxed)))
    }

    /// The sum of all amounts.
    pub(super) fn sum(&self) -> u64 {
        self.all().fold(0, |sum, cell| sum.wrapping_add(cell.sum.load(Relaxed)))
    }

    /// What was counted since `before`, which becomes what is there now. `None` if nothing was.
    pub(super) fn since(&self, before: &mut Before) -> Option<Counts> {
        let mut now = Counts::default();
        let mut max = 0;
        for cell in self.all() {
            now.total = now.total.wrapping_add(cell.total.load(Relaxed));
            now.failed = now.failed.wrapping_add(cell.failed.load(Relaxed));
            now.sum = now.sum.wrapping_add(cell.sum.load(Relaxed));
            max = max.max(cell.max.load(Relaxed));
        }
        if now.total == before.counts.total {
            return None;
        }
        // Set back only where there is something, so that idle cells stay out of our cache.
        self.all().filter(|cell| cell.max.load(Relaxed) != 0).for_each(|cell| cell.max.store(0, Relaxed));
        let new = Counts {
            total: now.total.wrapping_sub(before.counts.total),
            failed: now.failed.wrapping_sub(before.counts.failed),
            sum: now.sum.wrapping_sub(before.counts.sum),
            max,
            times: self.percentiles.then(|| self.times_since(before)),
        };
        before.counts = Counts { times: None, ..now };
        Some(new)
    }

    fn times_since(&self, before: &mut Before) -> Box<[u32; ALL]> {
        let mut now = Box::new([0; ALL]);
        self.all().filter_map(|cell| cell.histogram.as_ref()).for_each(|times| times.add_to(&mut now));
        let mut new = now.clone();
        if let Some(old) = before.times.replace(now) {
            new.iter_mut().zip(old.iter()).for_each(|(new, old)| *new = new.wrapping_sub(*old));
        }
        new
    }
}

impl Drop for Cells {
    fn drop(&mut self) {
        BYTES.fetch_sub(self.bytes.load(Relaxed), Relaxed);
    }
}

/// Counts of a while.
#[derive(Default, Debug)]
pub(super) struct Counts {
    pub(super) total: u64,
    pub(super) failed: u64,
    pub(super) sum: u64,
    pub(super) max: u64,
    pub(super) times: Option<Box<[u32; ALL]>>,
}

/// What a reader saw last.
#[derive(Default, Debug)]
pub(super) struct Before {
    counts: Counts,
    times: Option<Box<[u32; ALL]>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn what_is_read_is_what_was_counted_since() {
        let (cells, inside) = (Cells::new(true), Inside::of_this_thread());
        let mut before = Before::default();
        assert!(cells.since(&mut before).is_none());
        cells.count(&inside, 100, false);
        cells.count(&inside, 300, true);
        let first = cells.since(&mut before).unwrap();
        assert_eq!((first.total, first.failed, first.sum, first.max), (2, 1, 400, 300));
        assert_eq!(first.times.unwrap().iter().sum::<u32>(), 2);
        cells.count(&inside, 20, false);
        let second = cells.since(&mut before).unwrap();
        assert_eq!((second.total, second.failed, second.sum, second.max), (1, 0, 20, 20));
        assert_eq!(second.times.unwrap().iter().sum::<u32>(), 1);
        assert!(cells.since(&mut before).is_none());
    }

    #[test]
    fn threads_count_side_by_side_without_losing_calls() {
        let cells = Cells::new(true);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let inside = Inside::of_this_thread();
                    (0..25_000).for_each(|step| cells.count(&inside, step, step % 4 == 0));
                });
            }
        });
        let counts = cells.since(&mut Before::default()).unwrap();
        assert_eq!((counts.total, counts.failed, counts.max), (100_000, 25_000, 24_999));
        assert_eq!(counts.times.unwrap().iter().sum::<u32>(), 100_000);
    }

    #[test]
    fn a_shared_cell_loses_nothing_either() {
        let cell = Cell::new(true);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| (0..20_000).for_each(|step| cell.add(step, false, false)));
            }
        });
        assert_eq!(cell.total.load(Relaxed), 40_000);
    }
}
