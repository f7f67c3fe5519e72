//! So many a second, with some saved up: what bounds how often a stranger makes the loop work.

use std::time::{Duration, Instant};

/// A bucket that fills steadily and is taken from.
#[derive(Debug)]
pub(crate) struct Allowance {
    per_second: f64,
    most: f64,
    left: f64,
    at: Instant,
}

impl Allowance {
    /// So many a second, and as many at once as `most`.
    pub(crate) fn new(per_second: u32, most: u32, now: Instant) -> Self {
        Self { per_second: f64::from(per_second), most: f64::from(most), left: f64::from(most), at: now }
    }

    /// Takes one; the error says how long until there is one.
    pub(crate) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * self.per_second).min(self.most);
        self.at = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.left) / self.per_second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_up_goes_at_once_and_then_so_many_a_second() {
        let start = Instant::now();
        let mut allowance = Allowance::new(10, 3, start);
        assert_eq!((0..5).filter(|_| allowance.take(start).is_ok()).count(), 3);
        let wait = allowance.take(start).unwrap_err();
        assert!(wait > Duration::from_millis(90) && wait <= Duration::from_millis(100), "{wait:?}");
        let later = start + Duration::from_secs(60);
        assert_eq!((0..100).filter(|_| allowance.take(later).is_ok()).count(), 3);
    }
}
