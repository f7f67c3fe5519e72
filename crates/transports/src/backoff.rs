//! How long to wait before the next try: full jitter under a doubling ceiling.
//!
//! A server that comes back is not run over by all its agents in one second, and one that stays
//! away costs next to nothing.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// The first ceiling.
const FIRST: Duration = Duration::from_secs(1);

/// The last ceiling.
const LAST: Duration = Duration::from_secs(60);

/// Below this a random wait is no wait.
const LEAST: Duration = Duration::from_millis(100);

/// Counts failures and says how long to wait.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    ceiling: Duration,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { ceiling: FIRST }
    }

    /// It worked: the next failure waits short again.
    pub(crate) fn succeeded(&mut self) {
        self.ceiling = FIRST;
    }

    /// It failed: a wait between nothing and the ceiling, which doubles.
    pub(crate) fn failed(&mut self) -> Duration {
        self.wait(random_fraction())
    }

    fn wait(&mut self, fraction: f64) -> Duration {
        let wait = self.ceiling.mul_f64(fraction.clamp(0.0, 1.0)).max(LEAST);
        self.ceiling = (self.ceiling * 2).min(LAST);
        wait
    }
}

/// Evenly distributed between 0 and 1. The standard library's hash keys come from the operating
/// system and change with each `RandomState`; that is random enough to spread agents.
fn random_fraction() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_to_a_minute_and_falls_back() {
        let mut backoff = Backoff::new();
        let ceilings: Vec<u64> = (0..8).map(|_| backoff.wait(1.0).as_secs()).collect();
        assert_eq!(ceilings, [1, 2, 4, 8, 16, 32, 60, 60]);
        backoff.succeeded();
        assert_eq!(backoff.wait(1.0), FIRST);
        assert_eq!(backoff.wait(0.0), LEAST);
    }

    #[test]
    fn waits_are_spread_over_the_whole_range() {
        let fractions: Vec<f64> = (0..1000).map(|_| random_fraction()).collect();
        for tenth in 0..10 {
            let range = f64::from(tenth) / 10.0..f64::from(tenth + 1) / 10.0;
            let hits = fractions.iter().filter(|f| range.contains(f)).count();
            assert!((40..250).contains(&hits), "{hits} of 1000 in {range:?}");
        }
    }
}
