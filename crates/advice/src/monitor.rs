//! Counts of a while as rows: one for each class and method name.

use std::collections::BTreeMap;

use jvm::clock;

use super::cell::Counts;
use super::histogram;

/// What was counted of one method in a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MonitorRow {
    /// The class, with dots.
    pub class: String,
    /// The method; all of that name.
    pub method: String,
    /// Calls that ended.
    pub total: u64,
    /// Those that ended by an exception.
    pub failed: u64,
    /// All their times, in ns.
    pub sum_ns: u64,
    /// The longest, in ns.
    pub max_ns: u64,
    /// Half of the calls took at most so long, 95 %, and 99 %; in ns, 3 % off at most. If asked for.
    pub percentiles: Option<[u64; 3]>,
}

#[derive(Default)]
pub(super) struct Rows(BTreeMap<(String, String), Counts>);

impl Rows {
    pub(super) fn add(&mut self, class: &str, method: &str, counts: Counts) {
        let row = self.0.entry((class.to_owned(), method.to_owned())).or_default();
        row.total = row.total.wrapping_add(counts.total);
        row.failed = row.failed.wrapping_add(counts.failed);
        row.sum = row.sum.wrapping_add(counts.sum);
        row.max = row.max.max(counts.max);
        row.times = match (row.times.take(), counts.times) {
            (Some(mut all), Some(new)) => {
                all.iter_mut().zip(new.iter()).for_each(|(all, new)| *all = all.wrapping_add(*new));
                Some(all)
            }
            (all, new) => all.or(new),
        };
    }

    pub(super) fn finish(self, rate: u64) -> Vec<MonitorRow> {
        let ns = |ticks| clock::nanos(ticks, rate);
        let row = |((class, method), counts): ((String, String), Counts)| MonitorRow {
            class,
            method,
            total: counts.total,
            failed: counts.failed,
            sum_ns: ns(counts.sum),
            max_ns: ns(counts.max),
            // The middle of the last bucket may lie above the longest.
            percentiles: counts.times.map(|times| {
                histogram::percentiles(&times, [0.5, 0.95, 0.99]).map(|ticks| ns(ticks.min(counts.max)))
            }),
        };
        self.0.into_iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overloads_are_one_row() {
        let counts = |total, max| Counts { total, failed: 1, sum: 10, max, times: None };
        let mut rows = Rows::default();
        rows.add("demo.A", "run", counts(3, 7));
        rows.add("demo.B", "run", counts(1, 1));
        rows.add("demo.A", "run", counts(2, 5));
        let rows = rows.finish(1_000_000_000);
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].total, rows[0].failed, rows[0].sum_ns, rows[0].max_ns), (5, 2, 20, 7));
        assert_eq!(rows[0].percentiles, None);
    }
}
