//! The results of a session, as several clients pull them: a bounded queue for each, and a bounded
//! history for those that join later.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How many results wait for a client, and how many bytes; then the oldest go.
const QUEUE: (usize, usize) = (50, 1024 * 1024);

/// How many results one pull gets, and how many bytes.
const PULL: (usize, usize) = (20, 1024 * 1024);

/// A client that pulled so lately is waited for when its queue is full; a pull lasts two seconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client that has not pulled for so long is forgotten.
pub(crate) const FORGOTTEN: Duration = Duration::from_secs(5 * 60);

/// Results, of which the oldest go when there are too many. One is always kept.
#[derive(Debug, Default)]
pub(crate) struct Results {
    values: VecDeque<Arc<str>>,
    bytes: usize,
}

impl Results {
    pub(crate) fn push(&mut self, value: Arc<str>) {
        let (most, bytes) = QUEUE;
        self.bytes += value.len();
        self.values.push_back(value);
        while self.values.len() > most || (self.bytes > bytes && self.values.len() > 1) {
            let Some(oldest) = self.values.pop_front() else { break };
            self.bytes -= oldest.len();
        }
    }

    /// Whether one more may be one too many.
    fn is_full(&self) -> bool {
        let (most, bytes) = QUEUE;
        self.values.len() >= most || self.bytes >= bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.values.iter()
    }

    /// What one pull gets.
    pub(crate) fn take(&mut self) -> Vec<Arc<str>> {
        let (most, bytes) = PULL;
        let (mut taken, mut length) = (Vec::new(), 0);
        while taken.len() < most && length < bytes {
            let Some(value) = self.values.pop_front() else { break };
            self.bytes -= value.len();
            length += value.len();
            taken.push(value);
        }
        taken
    }
}

/// One client of a session.
#[derive(Debug)]
pub(crate) struct Consumer<W> {
    pub(crate) id: String,
    pub(crate) queue: Results,
    /// A pull that waits, and until when.
    pub(crate) waiting: Option<(W, Instant)>,
    pub(crate) pulled: Instant,
}

impl<W> Consumer<W> {
    pub(crate) fn new(id: String, now: Instant) -> Self {
        Self { id, queue: Results::default(), waiting: None, pulled: now }
    }

    /// It will soon make room for more.
    pub(crate) fn is_waited_for(&self, now: Instant) -> bool {
        self.queue.is_full() && now < self.pulled + PATIENCE
    }

    /// Until when it is waited for.
    pub(crate) fn patience(&self) -> Instant {
        self.pulled + PATIENCE
    }

    /// It has not made room for long.
    pub(crate) fn is_stuck(&self, now: Instant) -> bool {
        self.queue.is_full() && now >= self.pulled + PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_keeps_the_newest_within_its_limits() {
        let mut results = Results::default();
        (0..60).for_each(|number: u32| results.push(number.to_string().into()));
        assert!(results.is_full());
        let taken = results.take();
        assert_eq!(taken.len(), 20);
        assert_eq!(&*taken[0], "10");
        let large: Arc<str> = "x".repeat(600 * 1024).into();
        (0..3).for_each(|_| results.push(large.clone()));
        assert_eq!(results.iter().count(), 1, "two are more than a mebibyte");
        results.push("x".repeat(5 << 20).into());
        assert_eq!(results.take().len(), 1, "one is kept, whatever its length");
        assert_eq!(results.bytes, 0);
    }

    #[test]
    fn a_full_client_is_waited_for_while_it_pulls() {
        let now = Instant::now();
        let mut consumer: Consumer<()> = Consumer::new("c".to_owned(), now);
        assert!(!consumer.is_waited_for(now));
        (0..50).for_each(|_| consumer.queue.push("x".into()));
        assert!(consumer.is_waited_for(now) && !consumer.is_stuck(now));
        let later = now + PATIENCE;
        assert!(!consumer.is_waited_for(later) && consumer.is_stuck(later));
    }
}
