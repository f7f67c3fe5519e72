//! The trees of one trace that grow just now, one for each Java thread that is in a traced call. HOT: found at every
//! event.
//!
//! A platform thread has its tree with its OS thread. A virtual thread may go on on another carrier at any event, so
//! its tree lies at a place found by the thread's key, which nobody else touches meanwhile. Neither waits for anybody.

use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use jvm::inside::{Owned, PerThread};
use jvm::probe::Moment;
use parking_lot::Mutex;

use super::tree::Tree;

/// Virtual threads that can be in traced calls at the same time; more are not traced.
const PLACES: usize = 1 << 15;
/// A thread's place is one of so many that begin where its key says.
const REACH: usize = 64;
const NOBODY: u64 = 0;

#[derive(Default)]
struct Own {
    /// Whose tree it is: another thread may come to the place of one that died in a call.
    thread: u64,
    tree: Tree,
}

/// For a virtual thread.
#[derive(Default)]
struct Place {
    thread: AtomicU64,
    /// Only the thread locks it: it is free but where our own work has called woven code.
    tree: Mutex<Option<Box<Tree>>>,
}

pub(super) struct Forest {
    own: PerThread<Owned<Own>>,
    /// Made for the first virtual thread.
    places: OnceLock<Box<[Place]>>,
}

impl Forest {
    pub(super) fn new() -> Self {
        Self { own: PerThread::new(), places: OnceLock::new() }
    }

    /// Works on the current thread's tree, an empty one if there is none. `None` where that is not possible: too many
    /// threads, or our own work has called woven code.
    #[inline]
    pub(super) fn enter<R>(&self, at: &Moment<'_>, work: impl FnOnce(&mut Tree) -> R) -> Option<R> {
        if at.is_virtual() {
            return self.enter_virtual(at.thread(), true, work);
        }
        let own = match self.own.get(at.inside()) {
            Some(own) => own,
            None => self.plant(at)?,
        };
        own.with(at.inside(), |own| {
            let thread = at.thread();
            if own.thread != thread {
                own.thread = thread;
                own.tree.clear();
            }
            work(&mut own.tree)
        })
    }

    /// Works on the current thread's tree, if it has one.
    #[inline]
    pub(super) fn find<R>(&self, at: &Moment<'_>, work: impl FnOnce(&mut Tree) -> R) -> Option<R> {
        if at.is_virtual() {
            return self.enter_virtual(at.thread(), false, work);
        }
        self.own.get(at.inside())?.with(at.inside(), |own| work(&mut own.tree))
    }

    #[cold]
    fn plant<'a>(&'a self, at: &Moment<'a>) -> Option<&'a Owned<Own>> {
        let own = Owned::new(at.inside(), Own::default())?;
        self.own.get_or_make(at.inside(), || own)
    }

    fn enter_virtual<R>(&self, thread: u64, plant: bool, work: impl FnOnce(&mut Tree) -> R) -> Option<R> {
        let places = match self.places.get() {
            Some(places) => places,
            None if plant => self.places.get_or_init(|| (0..PLACES).map(|_| Place::default()).collect()),
            None => return None,
        };
        let first = (thread.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize;
        let mut reach = (first..first + REACH).filter_map(|at| places.get(at % PLACES));
        let is_free = |place: &&Place| {
            place.thread.load(Relaxed) == NOBODY
                && place.thread.compare_exchange(NOBODY, thread, Acquire, Relaxed).is_ok()
        };
        let place = match reach.clone().find(|place| place.thread.load(Relaxed) == thread) {
            Some(place) => place,
            None if plant => reach.find(is_free)?,
            None => return None,
        };
        let mut slot = place.tree.try_lock()?;
        let tree = slot.get_or_insert_default();
        let result = work(tree);
        if !tree.is_open() {
            *slot = None;
            drop(slot);
            place.thread.store(NOBODY, Release);
        }
        Some(result)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::{Call, Limits};
    use super::*;
    use std::thread;

    const LIMITS: Limits = Limits { nodes: 10, depth: 5 };

    fn begin(forest: &Forest, thread: u64) -> Option<bool> {
        forest.enter_virtual(thread, true, |tree| tree.enter((1, 0), true, 0, None, LIMITS, || thread))
    }

    /// How many nodes were grown.
    fn end(forest: &Forest, thread: u64) -> Option<usize> {
        let call = Call { id: 1, ticks: thread };
        let ended = forest.enter_virtual(thread, false, |tree| {
            tree.leave(call, thread + 10, false, None)?;
            Some(tree.take().room())
        });
        ended.flatten()
    }

    fn pass(forest: &Forest, thread: u64) {
        forest.enter_virtual(thread, false, |tree| {
            tree.before(1, 3, thread + 1, None, LIMITS);
            tree.after(1, 3, thread + 2, None);
        });
    }

    #[test]
    fn a_virtual_thread_finds_its_tree_on_any_carrier() {
        let forest = Forest::new();
        let all = 1..=10_000_u64;
        assert!(all.clone().all(|thread| begin(&forest, thread) == Some(true)));
        thread::scope(|scope| {
            for carrier in 0..2 {
                let (forest, all) = (&forest, all.clone());
                scope.spawn(move || all.filter(|one| one % 2 == carrier).for_each(|one| pass(forest, one)));
            }
        });
        let grown: Vec<_> = all.map(|thread| end(&forest, thread)).collect();
        assert!(grown.iter().all(|grown| *grown == Some(2)));
        let places = forest.places.get().unwrap();
        assert!(
            places.iter().all(|place| place.thread.load(Relaxed) == NOBODY && place.tree.lock().is_none())
        );
    }

    #[test]
    fn a_thread_without_a_tree_finds_none() {
        let forest = Forest::new();
        assert_eq!(end(&forest, 7), None);
        assert_eq!(begin(&forest, 7), Some(true));
        assert_eq!((end(&forest, 8), end(&forest, 7)), (None, Some(1)));
    }
}
