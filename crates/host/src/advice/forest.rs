//! The trees of one trace that grow just now, one for each Java thread that is in a traced call. HOT: found at every
//! event.
//!
//! A platform thread has its tree with its OS thread and needs no lock. A virtual thread may go on on another carrier
//! at any event, so its tree lies in a shared map while it is not worked on.

use std::collections::HashMap;
use std::hint::spin_loop;
use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::thread::yield_now;

use jvm::inside::{Owned, PerThread};
use jvm::probe::Moment;
use parking_lot::{Mutex, MutexGuard};

use super::tree::Tree;

const SHARDS: usize = 128;
/// Trees of virtual threads in one shard; more threads than that are not traced.
const SHARD_FULL: usize = 512;
/// A lock is held for a look into a map. So often it is tried, some microseconds ..
const TRIES: u32 = 300;
/// .. and so often the processor is left to its holder, who may have been put aside by the system. Then the event is
/// given up: the application does not wait longer for us.
const YIELDS: u32 = 50;

#[derive(Default)]
struct Own {
    /// Whose tree it is: another thread may come to the place of one that died in a call.
    thread: u64,
    tree: Tree,
}

#[derive(Default)]
struct Shard {
    trees: Mutex<Trees>,
    /// Events that were given up. Each tree of the shard may lack them.
    lost: AtomicU32,
}

#[derive(Default)]
struct Trees {
    growing: HashMap<u64, Tree>,
    /// One that has ended, with its room.
    spare: Tree,
}

pub(super) struct Forest {
    own: PerThread<Owned<Own>>,
    shards: Box<[Shard]>,
    lost: AtomicU64,
}

impl Forest {
    pub(super) fn new() -> Self {
        let shards = (0..SHARDS).map(|_| Shard::default()).collect();
        Self { own: PerThread::new(), shards, lost: AtomicU64::new(0) }
    }

    /// Events that were given up.
    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
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
        let shard = self.shards.get(thread as usize % SHARDS)?;
        let mut trees = self.lock(shard)?;
        let lost = shard.lost.load(Acquire);
        let mut tree = match trees.growing.remove(&thread) {
            Some(tree) => tree,
            None if plant && trees.growing.len() < SHARD_FULL => {
                let mut tree = std::mem::take(&mut trees.spare);
                tree.lost = lost;
                tree
            }
            None => return None,
        };
        drop(trees);
        tree.lack(lost);
        let result = work(&mut tree);
        if tree.is_open() {
            // Without the lock the tree is lost: its later exits find nothing.
            self.lock(shard)?.growing.insert(thread, tree);
        } else if let Some(mut trees) = shard.trees.try_lock() {
            trees.spare = tree;
        }
        Some(result)
    }

    fn lock<'a>(&self, shard: &'a Shard) -> Option<MutexGuard<'a, Trees>> {
        for attempt in 0..TRIES + YIELDS {
            if let Some(locked) = shard.trees.try_lock() {
                return Some(locked);
            }
            if attempt < TRIES { spin_loop() } else { yield_now() }
        }
        self.give_up(shard);
        None
    }

    #[cold]
    fn give_up(&self, shard: &Shard) {
        shard.lost.fetch_add(1, Release);
        self.lost.fetch_add(1, Relaxed);
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

    /// How many nodes were grown, and how many events may be lacking.
    fn end(forest: &Forest, thread: u64) -> Option<(usize, u32)> {
        let call = Call { id: 1, ticks: thread };
        let ended = forest.enter_virtual(thread, false, |tree| {
            tree.leave(call, thread + 10, false, None)?;
            let grown = tree.take();
            Some((grown.room(), grown.cut))
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
        let lacking = grown.iter().filter(|room| **room != Some((2, 0))).count();
        assert!(lacking == 0 || forest.lost() > 0, "{lacking} trees lack something, and nobody knows");
        assert!(forest.shards.iter().all(|shard| shard.trees.lock().growing.is_empty()));
    }

    #[test]
    fn a_tree_that_may_lack_an_event_says_so() {
        let forest = Forest::new();
        assert_eq!(begin(&forest, 7), Some(true));
        let shard = &forest.shards[7];
        let held = shard.trees.lock();
        pass(&forest, 7);
        drop(held);
        assert_eq!((end(&forest, 7), forest.lost()), (Some((1, 1)), 1));
        // The next one is whole.
        assert_eq!(begin(&forest, 7), Some(true));
        pass(&forest, 7);
        assert_eq!(end(&forest, 7), Some((2, 0)));
    }

    #[test]
    fn a_thread_without_a_tree_finds_none() {
        let forest = Forest::new();
        assert_eq!(end(&forest, 7), None);
        assert_eq!(begin(&forest, 7), Some(true));
        assert_eq!((end(&forest, 8), end(&forest, 7)), (None, Some((1, 0))));
    }
}
