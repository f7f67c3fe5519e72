//! A client that has begun a session, and what is his alone.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use mio::Token;

use super::call::{Asked, Order};
use super::version::Version;

/// How often a listening client is asked whether it is there.
const PING: Duration = Duration::from_secs(15);

/// How many calls of one client may wait for the one that runs.
pub(super) const WAITING: usize = 16;

/// See the module.
pub(super) struct Client {
    pub(super) version: Version,
    /// The connection by which he is told things unasked.
    pub(super) listener: Option<Token>,
    next_ping: Instant,
    pings: u64,
    /// The call that runs, tasks aside.
    pub(super) running: Option<Token>,
    /// The calls behind it.
    pub(super) waiting: VecDeque<(Asked, Order)>,
    /// When he was last heard of.
    pub(super) last: Instant,
}

impl Client {
    pub(super) fn new(version: Version, now: Instant) -> Self {
        Self {
            version,
            listener: None,
            next_ping: now,
            pings: 0,
            running: None,
            waiting: VecDeque::new(),
            last: now,
        }
    }

    /// He listens by this connection from now on; the one before, if there was one.
    pub(super) fn listen(&mut self, connection: Token, now: Instant) -> Option<Token> {
        self.next_ping = now + PING;
        self.listener.replace(connection)
    }

    /// When the next ping is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.listener.map(|_| self.next_ping)
    }

    /// The ping that is due, and where it goes.
    pub(super) fn ping(&mut self, now: Instant) -> Option<(Token, String)> {
        let listener = self.listener?;
        if now < self.next_ping {
            return None;
        }
        self.next_ping = now + PING;
        self.pings += 1;
        let ping = format!(r#"{{"jsonrpc":"2.0","id":"ping-{}","method":"ping"}}"#, self.pings);
        Some((listener, ping))
    }

    /// Whether nothing of his runs or waits, and nobody listens.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_none() && self.waiting.is_empty() && self.listener.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_listens_is_pinged_every_15_seconds() {
        let now = Instant::now();
        let mut client = Client::new(Version::SILENT, now);
        assert_eq!((client.ping(now + PING), client.deadline()), (None, None));
        assert_eq!(client.listen(Token(1), now), None);
        assert!(client.ping(now + PING - Duration::from_millis(1)).is_none());
        let (to, message) = client.ping(now + PING).unwrap();
        assert_eq!((to, message.as_str()), (Token(1), r#"{"jsonrpc":"2.0","id":"ping-1","method":"ping"}"#));
        assert_eq!(client.deadline(), Some(now + 2 * PING));
        assert_eq!(client.listen(Token(2), now), Some(Token(1)), "the newer connection counts");
        assert!(!client.is_idle());
    }
}
