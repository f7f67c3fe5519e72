//! What a probe may cost. Its slow path (evaluating, copying, handing over) has a share of one CPU, a number of
//! records and a number of bytes per second, each as an average over a few seconds; a probe that takes more
//! switches itself off and says why. Counting, timing and compiled conditions are outside: they cost nanoseconds,
//! and are told as calls × ns.

use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use jvm::clock;

/// The averages are taken over this many seconds: a burst may use up the allowance of so long at once.
pub const WINDOW_SECONDS: u64 = 5;

const MASK: u64 = (1 << clock::BITS) - 1;

/// One step counts as at most this part of the window's allowance. Time is read from the wall, so a step in
/// which the thread was paused by a collection would otherwise end the probe.
const STEP_PART: u64 = 10;

/// Limits of one probe; `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Share of one CPU, 0.01 for 1 %.
    pub cpu: Option<f64>,
    /// Records a second.
    pub records: Option<u32>,
    /// Bytes of records a second.
    pub bytes: Option<u32>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { cpu: Some(0.01), records: Some(2_000), bytes: Some(8 << 20) }
    }
}

impl Budget {
    /// No limits: `--budget off`.
    pub const OFF: Budget = Budget { cpu: None, records: None, bytes: None };
}

impl FromStr for Budget {
    type Err = String;

    /// `off`, or a share of one CPU in per cent: `1`, `2.5%`. The other limits grow with it.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("off") {
            return Ok(Self::OFF);
        }
        let number = text.strip_suffix('%').unwrap_or(text).trim().parse::<f64>().ok();
        let Some(percent) = number.filter(|percent| *percent > 0.0 && *percent <= 100.0) else {
            return Err(format!("'{text}' is no budget: give a share of one CPU like 2%, or off."));
        };
        let grown = |limit: u32| (f64::from(limit) * percent.max(1.0)) as u32;
        Ok(Self { cpu: Some(percent / 100.0), records: Some(grown(2_000)), bytes: Some(grown(8 << 20)) })
    }
}

/// Which limit was passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// CPU time.
    Cpu,
    /// Records a second.
    Records,
    /// Bytes a second.
    Bytes,
}

impl Over {
    /// Why the probe is off, and what to do.
    pub fn reason(self, budget: &Budget) -> String {
        let limit = match self {
            Over::Cpu => format!("{} % of one CPU", budget.cpu.unwrap_or(0.0) * 100.0),
            Over::Records => format!("{} records a second", budget.records.unwrap_or(0)),
            Over::Bytes => format!("{} KiB of records a second", budget.bytes.unwrap_or(0) / 1_024),
        };
        format!(
            "The probe took more than its budget of {limit} over {WINDOW_SECONDS} s and switched itself off. \
             Give it a stricter condition or pattern, or a larger --budget."
        )
    }
}

/// Keeps one probe's account. Written by the application's threads on the slow path only.
#[derive(Debug)]
pub(crate) struct Meter {
    window: u64,
    cpu: Account,
    records: Account,
    bytes: Account,
}

impl Meter {
    pub(crate) fn new(budget: &Budget, ticks_per_second: u64) -> Self {
        let second = ticks_per_second.max(1);
        let each =
            |limit: Option<u32>| Account::new(limit.map(|limit| second as f64 / f64::from(limit.max(1))));
        Self {
            window: second.saturating_mul(WINDOW_SECONDS),
            cpu: Account::new(budget.cpu.map(|share| 1.0 / share.max(1e-6))),
            records: each(budget.records),
            bytes: each(budget.bytes),
        }
    }

    /// Books one step of the slow path that took `spent` ticks and made `records` of `bytes` in all.
    pub(crate) fn spend(&self, now: u64, spent: u64, records: u32, bytes: usize) -> Option<Over> {
        // As much CPU as a step may drain.
        let most = (self.window / STEP_PART) as f64 / self.cpu.each.max(1.0);
        let accounts = [
            (&self.cpu, spent.min(most as u64), Over::Cpu),
            (&self.records, records.into(), Over::Records),
            (&self.bytes, bytes as u64, Over::Bytes),
        ];
        accounts
            .iter()
            .find(|(account, amount, _)| account.take(now, *amount, self.window))
            .map(|(.., over)| *over)
    }
}

/// A leaky bucket kept as one moment: when the account would be even again.
#[derive(Debug)]
struct Account {
    /// Ticks that one unit takes to drain; 0 for no limit.
    each: f64,
    even: AtomicU64,
}

impl Account {
    fn new(each: Option<f64>) -> Self {
        Self { each: each.unwrap_or(0.0), even: AtomicU64::new(0) }
    }

    /// Whether the account is overdrawn after taking `amount`.
    fn take(&self, now: u64, amount: u64, window: u64) -> bool {
        if self.each == 0.0 || amount == 0 {
            return false;
        }
        let drain = (amount as f64 * self.each) as u64;
        let before = self.even.load(Relaxed);
        // Two threads that overwrite each other lose a step, which is harmless.
        let ahead = clock::between(now, before) + drain;
        self.even.store(now.wrapping_add(ahead) & MASK, Relaxed);
        ahead > window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn a_share_of_cpu_is_an_average_over_the_window() {
        let meter = Meter::new(&Budget { cpu: Some(0.01), ..Budget::OFF }, SECOND);
        // 0.5 % for a minute is fine.
        for step in 0..60_000 {
            assert_eq!(meter.spend(step * SECOND / 1_000, SECOND / 200_000, 0, 0), None);
        }
        // 2 % is not, but only after a while.
        let start = 100 * SECOND;
        let over = (0..60_000)
            .find(|step| meter.spend(start + step * SECOND / 1_000, SECOND / 50_000, 0, 0).is_some());
        let after_ms = over.unwrap();
        assert!((4_000..6_000).contains(&after_ms), "{after_ms}");
    }

    #[test]
    fn a_pause_in_one_step_does_not_end_the_probe() {
        let meter = Meter::new(&Budget::default(), SECOND);
        assert_eq!(meter.spend(SECOND, SECOND * 3, 1, 100), None);
    }

    #[test]
    fn records_and_bytes_have_limits_of_their_own() {
        let meter = Meter::new(&Budget { records: Some(10), ..Budget::OFF }, SECOND);
        assert_eq!((0..100).find(|_| meter.spend(SECOND, 0, 1, 0).is_some()), Some(50));
        let meter = Meter::new(&Budget { bytes: Some(1_000), ..Budget::OFF }, SECOND);
        assert_eq!((0..100).find_map(|_| meter.spend(SECOND, 0, 1, 100)), Some(Over::Bytes));
    }

    #[test]
    fn the_account_survives_the_wrap_of_the_counter() {
        let meter = Meter::new(&Budget { records: Some(10), ..Budget::OFF }, SECOND);
        assert_eq!(meter.spend(MASK - 5, 0, 1, 0), None);
        assert_eq!(meter.spend(SECOND, 0, 1, 0), None);
        assert_eq!((0..100).find(|_| meter.spend(SECOND, 0, 1, 0).is_some()), Some(49));
    }

    #[test]
    fn a_budget_is_read_from_words() {
        assert_eq!("off".parse(), Ok(Budget::OFF));
        assert_eq!("2.5%".parse::<Budget>().unwrap().cpu, Some(0.025));
        assert!("much".parse::<Budget>().unwrap_err().contains("2%"));
        assert!("0".parse::<Budget>().is_err());
    }
}
