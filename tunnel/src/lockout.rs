//! When guessing passwords must pause.
//!
//! Counted per address and per user. An address may fail five times, then waits half a minute,
//! doubling up to a quarter of an hour. A user's twentieth failure in a row, from anywhere, makes
//! strangers wait in the same way, but not an address that has logged in before: guessing must
//! not lock the user out. Time is handed in.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

const ADDRESS_FAILURES: u32 = 5;
const USER_FAILURES: u32 = 20;
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// Failures are forgotten when there was none for this long.
const FORGET: Duration = Duration::from_secs(60 * 60);
/// An address that logged in is known for this long.
const KNOWN: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// No table grows beyond this; the oldest goes first.
const MOST: usize = 10_000;

struct Failures {
    count: u32,
    last: Instant,
    until: Instant,
}

/// Who failed how often.
#[derive(Default)]
pub(crate) struct Lockout {
    addresses: HashMap<IpAddr, Failures>,
    users: HashMap<String, Failures>,
    known: HashMap<IpAddr, Instant>,
}

impl Lockout {
    /// Whether this address may try this user's password now; else how long it has to wait.
    pub(crate) fn check(&self, user: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let address = network(address);
        let wait = |failures: Option<&Failures>| failures.map_or(Duration::ZERO, |f| f.until - now);
        let known = self.known.get(&address).is_some_and(|at| now - *at < KNOWN);
        let by_user = if known { Duration::ZERO } else { wait(self.users.get(user)) };
        match wait(self.addresses.get(&address)).max(by_user) {
            Duration::ZERO => Ok(()),
            wait => Err(wait),
        }
    }

    /// A wrong password.
    pub(crate) fn failed(&mut self, user: &str, address: IpAddr, now: Instant) {
        count(&mut self.addresses, network(address), ADDRESS_FAILURES, now);
        count(&mut self.users, user.to_owned(), USER_FAILURES, now);
    }

    /// The right one.
    pub(crate) fn succeeded(&mut self, user: &str, address: IpAddr, now: Instant) {
        let address = network(address);
        self.addresses.remove(&address);
        self.users.remove(user);
        make_room(&mut self.known, |at| *at);
        self.known.insert(address, now);
    }
}

fn count<K: Hash + Eq + Clone>(table: &mut HashMap<K, Failures>, key: K, allowed: u32, now: Instant) {
    make_room(table, |failures| failures.last);
    let failures = table.entry(key).or_insert(Failures { count: 0, last: now, until: now });
    if now - failures.last >= FORGET {
        failures.count = 0;
    }
    failures.count = failures.count.saturating_add(1);
    failures.last = now;
    if failures.count >= allowed {
        let doubled = FIRST_WAIT.saturating_mul(1 << (failures.count - allowed).min(10));
        failures.until = now + doubled.min(LONGEST_WAIT);
    }
}

fn make_room<K: Hash + Eq + Clone, V>(table: &mut HashMap<K, V>, age: impl Fn(&V) -> Instant) {
    if table.len() >= MOST {
        let oldest = table.iter().min_by_key(|(_, value)| age(value)).map(|(key, _)| key.clone());
        oldest.map(|key| table.remove(&key));
    }
}

/// A person has one IPv4 address, but 2^64 of IPv6.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn address(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn an_address_waits_after_five_failures_and_longer_after_more() {
        let (mut lockout, now) = (Lockout::default(), Instant::now());
        for _ in 0..4 {
            lockout.failed("admin", address(1), now);
            assert_eq!(lockout.check("admin", address(1), now), Ok(()));
        }
        lockout.failed("admin", address(1), now);
        assert_eq!(lockout.check("admin", address(1), now), Err(FIRST_WAIT));
        assert_eq!(lockout.check("other", address(1), now), Err(FIRST_WAIT), "another name helps nothing");
        assert_eq!(lockout.check("admin", address(2), now), Ok(()));
        let later = now + FIRST_WAIT;
        assert_eq!(lockout.check("admin", address(1), later), Ok(()));
        lockout.failed("admin", address(1), later);
        assert_eq!(lockout.check("admin", address(1), later), Err(2 * FIRST_WAIT));
        for _ in 0..50 {
            lockout.failed("admin", address(1), later);
        }
        assert_eq!(lockout.check("admin", address(1), later), Err(LONGEST_WAIT));
        lockout.failed("admin", address(1), later + FORGET);
        assert_eq!(lockout.check("admin", address(1), later + FORGET), Ok(()), "old failures are forgotten");
    }

    #[test]
    fn many_addresses_lock_strangers_out_of_a_user_but_not_who_logged_in_before() {
        let (mut lockout, now) = (Lockout::default(), Instant::now());
        lockout.succeeded("admin", address(200), now);
        for last in 0..20 {
            assert_eq!(lockout.check("admin", address(last), now), Ok(()));
            lockout.failed("admin", address(last), now);
        }
        assert_eq!(lockout.check("admin", address(100), now), Err(FIRST_WAIT));
        assert_eq!(lockout.check("other", address(100), now), Ok(()));
        assert_eq!(lockout.check("admin", address(200), now), Ok(()));
    }

    #[test]
    fn success_forgets_failures() {
        let (mut lockout, now) = (Lockout::default(), Instant::now());
        for _ in 0..4 {
            lockout.failed("admin", address(1), now);
        }
        lockout.succeeded("admin", address(1), now + MINUTE);
        lockout.failed("admin", address(1), now + MINUTE);
        assert_eq!(lockout.check("admin", address(1), now + MINUTE), Ok(()));
    }

    #[test]
    fn neighbours_in_an_ipv6_network_count_as_one_and_tables_stay_bounded() {
        let (mut lockout, now) = (Lockout::default(), Instant::now());
        for last in 0..5 {
            lockout.failed("admin", IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last)), now);
        }
        let sixth = IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 9, 9, 9, 9));
        assert!(lockout.check("admin", sixth, now).is_err());
        for n in 0..(MOST as u32 + 10) {
            lockout.failed(&format!("user{n}"), IpAddr::from(n.to_be_bytes()), now);
        }
        assert!(lockout.addresses.len() <= MOST && lockout.users.len() <= MOST);
    }
}
