//! Which calls have entered and not yet returned. HOT where a listener asks for it: one place is taken at entry and
//! given back at exit.
//!
//! The places of a thread lie together, found by the thread's key; so a platform thread always writes the same cache
//! lines, and a virtual one finds its place again on any carrier. Readers take nothing and stop nobody.

use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use super::tree::Call;

/// Places in all: calls in flight beyond are counted only.
const PLACES: usize = 1 << 14;
/// A thread's places begin at a multiple of this, four cache lines ..
const GROUP: usize = 8;
/// .. and it looks at so many before it gives up.
const REACH: usize = 64;

const FREE: u64 = 0;
/// No moment has that many bits.
const WRITING: u64 = u64::MAX;
const VIRTUAL: u64 = 1 << 63;

#[derive(Default)]
struct Place {
    /// The moment of entry, `FREE` or `WRITING`.
    ticks: AtomicU64,
    thread: AtomicU64,
    /// The method's id, and whether the thread is virtual.
    method: AtomicU64,
}

/// A thread as probes know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadKey {
    /// Java's id of the thread.
    pub key: u64,
    /// Whether it is a virtual one.
    pub is_virtual: bool,
}

/// A call that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) call: Call,
    pub(super) thread: ThreadKey,
}

pub(super) struct Flight {
    places: Box<[Place]>,
    /// Calls that found no place.
    missed: AtomicU64,
}

impl Flight {
    pub(super) fn new() -> Self {
        Self { places: (0..PLACES).map(|_| Place::default()).collect(), missed: AtomicU64::new(0) }
    }

    fn reach(&self, thread: u64) -> impl Iterator<Item = &Place> {
        let group = thread.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
        let first = group as usize * GROUP;
        (0..REACH).filter_map(move |step| self.places.get((first + step) % PLACES))
    }

    #[inline]
    pub(super) fn enter(&self, thread: ThreadKey, call: Call) {
        let free = self.reach(thread.key).find(|place| {
            place.ticks.load(Relaxed) == FREE
                && place.ticks.compare_exchange(FREE, WRITING, Acquire, Relaxed).is_ok()
        });
        let Some(place) = free else {
            self.missed.fetch_add(1, Relaxed);
            return;
        };
        place.thread.store(thread.key, Relaxed);
        place.method.store(u64::from(call.id) | if thread.is_virtual { VIRTUAL } else { 0 }, Relaxed);
        place.ticks.store(call.ticks, Release);
    }

    /// Harmless for a call that never entered.
    #[inline]
    pub(super) fn leave(&self, thread: ThreadKey, call: Call) {
        let place = self.reach(thread.key).find(|place| {
            place.ticks.load(Relaxed) == call.ticks
                && place.thread.load(Relaxed) == thread.key
                && place.method.load(Relaxed) as u32 == call.id
        });
        if let Some(place) = place {
            place.ticks.store(FREE, Release);
        }
    }

    fn read(place: &Place) -> Option<Open> {
        let ticks = place.ticks.load(Acquire);
        if ticks == FREE || ticks == WRITING {
            return None;
        }
        let (key, method) = (place.thread.load(Acquire), place.method.load(Acquire));
        let open = Open {
            call: Call { id: method as u32, ticks },
            thread: ThreadKey { key, is_virtual: method & VIRTUAL != 0 },
        };
        // Still the same: what was read belongs together.
        (place.ticks.load(Acquire) == ticks).then_some(open)
    }

    /// All calls that are open now.
    pub(super) fn open(&self) -> Vec<Open> {
        self.places.iter().filter_map(Self::read).collect()
    }

    /// Whether this call is still open.
    pub(super) fn is_open(&self, open: &Open) -> bool {
        self.reach(open.thread.key).filter_map(Self::read).any(|found| found == *open)
    }

    /// Forgets the calls of threads that have died without returning from them.
    pub(super) fn forget(&self, is_dead: impl Fn(ThreadKey) -> bool) -> usize {
        let mut forgotten = 0;
        for place in &self.places {
            if let Some(open) = Self::read(place).filter(|open| is_dead(open.thread)) {
                let freed = place.ticks.compare_exchange(open.call.ticks, FREE, Release, Relaxed);
                forgotten += usize::from(freed.is_ok());
            }
        }
        forgotten
    }

    pub(super) fn clear(&self) {
        self.forget(|_| true);
    }

    pub(super) fn missed(&self) -> u64 {
        self.missed.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::thread;

    fn key(key: u64) -> ThreadKey {
        ThreadKey { key, is_virtual: false }
    }

    fn call(ticks: u64) -> Call {
        Call { id: 3, ticks }
    }

    #[test]
    fn a_call_is_seen_until_it_returns() {
        let flight = Flight::new();
        flight.enter(key(1), call(10));
        flight.enter(key(1), call(11));
        flight.leave(key(1), call(12));
        assert_eq!(flight.open().len(), 2);
        flight.leave(key(1), call(10));
        let open = flight.open();
        assert_eq!(open, [Open { call: call(11), thread: key(1) }]);
        assert!(flight.is_open(&open[0]));
        flight.leave(key(1), call(11));
        assert!(!flight.is_open(&open[0]) && flight.open().is_empty());
    }

    #[test]
    fn ten_thousand_virtual_threads_have_room() {
        let flight = Flight::new();
        for thread in 1..=10_000 {
            flight.enter(ThreadKey { key: thread, is_virtual: true }, call(thread + 100));
        }
        assert_eq!((flight.open().len(), flight.missed()), (10_000, 0));
    }

    #[test]
    fn deep_recursion_is_counted_where_it_finds_no_place() {
        let flight = Flight::new();
        (1..=100).for_each(|ticks| flight.enter(key(7), call(ticks)));
        assert_eq!((flight.open().len(), flight.missed()), (64, 36));
        (1..=100).for_each(|ticks| flight.leave(key(7), call(ticks)));
        assert!(flight.open().is_empty());
    }

    #[test]
    fn calls_of_dead_threads_are_swept() {
        let flight = Flight::new();
        flight.enter(key(1), call(10));
        flight.enter(key(2), call(11));
        assert_eq!(flight.forget(|thread| thread.key == 1), 1);
        assert_eq!(flight.open(), [Open { call: call(11), thread: key(2) }]);
    }

    #[test]
    fn readers_see_only_whole_entries() {
        let (flight, done) = (Flight::new(), AtomicBool::new(false));
        thread::scope(|scope| {
            for thread in 1..3_u64 {
                let (flight, done) = (&flight, &done);
                scope.spawn(move || {
                    let mut ticks = thread;
                    while !done.load(Relaxed) {
                        ticks += 2;
                        let call = Call { id: (ticks % 1_000) as u32, ticks };
                        flight.enter(key(thread), call);
                        flight.leave(key(thread), call);
                    }
                });
            }
            for _ in 0..200 {
                for open in flight.open() {
                    assert_eq!(open.call.ticks % 1_000, u64::from(open.call.id));
                    assert_eq!(open.call.ticks % 2, open.thread.key % 2);
                }
            }
            done.store(true, Relaxed);
        });
        assert!(flight.open().is_empty());
    }
}
