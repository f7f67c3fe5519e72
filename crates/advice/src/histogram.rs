//! Times of calls, counted in buckets whose width grows with the time: 16 to each power of two, so that a
//! percentile is at most 3 % off. HOT: one bucket is counted up per call of a monitored method.
//!
//! A row of 16 buckets is one cache line and is made at the first time that falls into it: most methods need
//! three to six of the 36.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

const BUCKETS: usize = 16;
/// Everything under 64 ticks is in the first row; the last one holds everything from 2^40 ticks (minutes) on.
const LINEAR_BITS: u32 = 6;
const ROWS: usize = 36;

/// How many buckets there are in all.
pub(super) const ALL: usize = ROWS * BUCKETS;

#[repr(align(64))]
struct Row([AtomicU32; BUCKETS]);

/// Counts of one cell. Only its owner counts up, or everybody does if it is shared.
pub(super) struct Histogram([OnceLock<Box<Row>>; ROWS]);

impl Histogram {
    pub(super) fn new() -> Self {
        Self([const { OnceLock::new() }; ROWS])
    }

    /// Counts a time. `alone` promises that no other thread counts here.
    #[inline]
    pub(super) fn add(&self, ticks: u64, alone: bool) {
        let (row, bucket) = place(ticks);
        let Some(row) = self.0.get(row) else { return };
        let row = match row.get() {
            Some(row) => row,
            None => make(row),
        };
        if let Some(count) = row.0.get(bucket) {
            if alone {
                count.store(count.load(Relaxed).wrapping_add(1), Relaxed);
            } else {
                count.fetch_add(1, Relaxed);
            }
        }
    }

    /// Adds these counts, which only ever grow (and wrap), to `to`.
    pub(super) fn add_to(&self, to: &mut [u32; ALL]) {
        for (row, to) in self.0.iter().zip(to.chunks_exact_mut(BUCKETS)) {
            let Some(row) = row.get() else { continue };
            for (count, to) in row.0.iter().zip(to) {
                *to = to.wrapping_add(count.load(Relaxed));
            }
        }
    }
}

#[cold]
fn make(row: &OnceLock<Box<Row>>) -> &Row {
    row.get_or_init(|| Box::new(Row([const { AtomicU32::new(0) }; BUCKETS])))
}

#[inline]
fn place(ticks: u64) -> (usize, usize) {
    let power = (ticks | 1).ilog2();
    if power < LINEAR_BITS {
        return (0, (ticks >> 2) as usize);
    }
    let row = (power - LINEAR_BITS + 1) as usize;
    if row >= ROWS { (ROWS - 1, BUCKETS - 1) } else { (row, (ticks >> (power - 4)) as usize & (BUCKETS - 1)) }
}

/// The middle of a bucket, in ticks.
fn middle(bucket: usize) -> u64 {
    let (row, bucket) = (bucket / BUCKETS, (bucket % BUCKETS) as u64);
    let Some(power) = row.checked_sub(1) else { return bucket * 4 + 2 };
    let width = 1_u64 << (power as u32 + LINEAR_BITS - 4);
    (BUCKETS as u64 + bucket) * width + width / 2
}

/// The times under which these shares of all counts lie, in ticks; 0 where nothing was counted. The shares
/// must ascend.
pub(super) fn percentiles<const N: usize>(counts: &[u32; ALL], shares: [f64; N]) -> [u64; N] {
    let total: u64 = counts.iter().map(|count| u64::from(*count)).sum();
    shares.map(|share| {
        let wanted = ((total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        let found = counts.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted
        });
        found.map_or(0, middle)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_at_most_three_per_cent_off() {
        let histogram = Histogram::new();
        let times: Vec<u64> = (0..10_000_u64).map(|step| 300 + step * step * 7).collect();
        times.iter().for_each(|time| histogram.add(*time, true));
        let mut counts = [0; ALL];
        histogram.add_to(&mut counts);
        for (share, found) in [0.5, 0.95, 0.99].into_iter().zip(percentiles(&counts, [0.5, 0.95, 0.99])) {
            let exact = times[(times.len() as f64 * share).ceil() as usize - 1] as f64;
            assert!((found as f64 - exact).abs() / exact < 0.032, "{share}: {found} for {exact}");
        }
    }

    #[test]
    fn every_time_has_a_bucket_whose_middle_is_near() {
        for power in 0..64 {
            for ticks in [1_u64 << power, (1 << power) + (1 << power) / 3, u64::MAX >> (63 - power)] {
                let (row, bucket) = place(ticks);
                assert!(row < ROWS && bucket < BUCKETS, "{ticks}");
                if (64..1 << 40).contains(&ticks) {
                    let off = middle(row * BUCKETS + bucket).abs_diff(ticks) as f64 / ticks as f64;
                    assert!(off < 0.032, "{ticks}: {off}");
                }
            }
        }
    }

    #[test]
    fn nothing_counted_is_zero() {
        assert_eq!(percentiles(&[0; ALL], [0.5]), [0]);
    }
}
