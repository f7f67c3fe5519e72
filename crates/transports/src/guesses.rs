//! Wrong passwords, by where they came from: after a few, further tries have to wait longer and longer.
//!
//! How many peers are remembered is bounded; of too many the one that has been quiet longest is forgotten.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::table::Table;

/// So many wrong ones cost nothing: people mistype.
const FREE: u32 = 5;

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60);

/// A peer that has been quiet for so long is forgotten.
const FORGOTTEN: Duration = Duration::from_secs(15 * 60);

/// How many peers are remembered.
const PEERS: usize = 1024;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Guesses {
    peers: Table<IpAddr, Wrong>,
}

#[derive(Debug)]
struct Wrong {
    times: u32,
    last: Instant,
    until: Instant,
}

impl Guesses {
    /// How long this peer has to wait before its next try.
    pub(crate) fn wait(&self, peer: IpAddr, now: Instant) -> Option<Duration> {
        let wrong = self.peers.get(&peer)?;
        wrong.until.checked_duration_since(now).filter(|wait| !wait.is_zero())
    }

    /// It was wrong. Whether it is the first one that has to wait for it.
    pub(crate) fn wrong(&mut self, peer: IpAddr, now: Instant) -> bool {
        self.peers.retain(|_, wrong| now.saturating_duration_since(wrong.last) < FORGOTTEN);
        if self.peers.len() >= PEERS
            && !self.peers.contains_key(&peer)
            && let Some(quiet) = self.peers.iter().min_by_key(|(_, wrong)| wrong.last).map(|(peer, _)| *peer)
        {
            self.peers.remove(&quiet);
        }
        if !self.peers.contains_key(&peer) {
            self.peers.insert(peer, Wrong { times: 0, last: now, until: now });
        }
        let Some(wrong) = self.peers.get_mut(&peer) else { return false };
        wrong.times = wrong.times.saturating_add(1);
        wrong.last = now;
        if wrong.times > FREE {
            let wait = Duration::from_secs(1).saturating_mul(1 << (wrong.times - FREE - 1).min(6));
            wrong.until = now + wait.min(LONGEST);
        }
        wrong.times == FREE + 1
    }

    /// It was right.
    pub(crate) fn right(&mut self, peer: IpAddr) {
        self.peers.remove(&peer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(number: u32) -> IpAddr {
        IpAddr::V4(number.into())
    }

    #[test]
    fn waits_double_to_a_minute_and_a_right_one_ends_them() {
        let mut guesses = Guesses::default();
        let mut now = Instant::now();
        let mut waits = Vec::new();
        for _ in 0..14 {
            guesses.wrong(peer(1), now);
            let wait = guesses.wait(peer(1), now).unwrap_or_default();
            waits.push(wait.as_secs());
            now += wait;
        }
        assert_eq!(waits, [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(guesses.wait(peer(2), now), None, "others do not wait");
        guesses.right(peer(1));
        assert!(!guesses.wrong(peer(1), now));
        assert_eq!(guesses.wait(peer(1), now), None);
    }

    #[test]
    fn it_is_said_once_that_somebody_has_to_wait() {
        let (mut guesses, now) = (Guesses::default(), Instant::now());
        assert_eq!((0..20).filter(|_| guesses.wrong(peer(1), now)).count(), 1);
    }

    #[test]
    fn what_is_remembered_is_bounded_and_forgotten() {
        let (mut guesses, now) = (Guesses::default(), Instant::now());
        for number in 0..5000 {
            guesses.wrong(peer(number), now + Duration::from_millis(number.into()));
        }
        assert_eq!(guesses.peers.len(), PEERS);
        assert!(guesses.peers.contains_key(&peer(4999)));
        guesses.wrong(peer(1), now + Duration::from_secs(3600));
        assert_eq!(guesses.peers.len(), 1);
    }
}
