//! The biggest few of very many, in memory that was there before: the callbacks of a heap walk may not fail.

use crate::error::{Result, room};

/// A heap with the smallest on top. The memory is taken at once.
pub(super) struct Biggest {
    most: usize,
    /// Size and what stands for the object; each no bigger than the two below it.
    all: Vec<(u64, u64)>,
}

impl Biggest {
    /// Of so many at most.
    pub(super) fn new(most: usize) -> Result<Biggest> {
        Ok(Biggest { most, all: room(most)? })
    }

    /// Whether one of this size would be among them. Of equals the first stay.
    #[inline]
    pub(super) fn wants(&self, size: u64) -> bool {
        self.all.len() < self.most || self.all.first().is_some_and(|(smallest, _)| size > *smallest)
    }

    /// Takes one in that is wanted, and the smallest out if there are too many.
    pub(super) fn take(&mut self, size: u64, object: u64) {
        if self.all.len() < self.most {
            self.all.push((size, object));
            self.rise(self.all.len().saturating_sub(1));
        } else if let Some(first) = self.all.first_mut() {
            *first = (size, object);
            self.sink();
        }
    }

    /// All, biggest first; of equals the one with the lower number.
    pub(super) fn into_sorted(mut self) -> Vec<(u64, u64)> {
        self.all.sort_unstable_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(&other.1)));
        self.all
    }

    fn size(&self, at: usize) -> u64 {
        self.all.get(at).map_or(u64::MAX, |(size, _)| *size)
    }

    fn rise(&mut self, mut at: usize) {
        while let Some(above) = at.checked_sub(1).map(|below| below / 2) {
            if self.size(above) <= self.size(at) {
                return;
            }
            self.all.swap(above, at);
            at = above;
        }
    }

    fn sink(&mut self) {
        let mut at = 0_usize;
        loop {
            let (left, right) = (at * 2 + 1, at * 2 + 2);
            let smaller = if self.size(right) < self.size(left) { right } else { left };
            if self.size(smaller) >= self.size(at) {
                return;
            }
            self.all.swap(smaller, at);
            at = smaller;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_biggest_stay_in_order() {
        let mut biggest = Biggest::new(4).unwrap();
        for (object, size) in (0..).zip([5, 1, 9, 7, 7, 2, 8, 9, 3]) {
            if biggest.wants(size) {
                biggest.take(size, object);
            }
        }
        let sizes: Vec<u64> = biggest.into_sorted().into_iter().map(|(size, _)| size).collect();
        assert_eq!(sizes, [9, 9, 8, 7]);
    }

    #[test]
    fn none_at_all_can_be_asked_for() {
        let biggest = Biggest::new(0).unwrap();
        assert!(!biggest.wants(1_000));
        assert!(biggest.into_sorted().is_empty());
    }
}
