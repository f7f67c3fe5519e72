//! The trees of one trace that grow just now, one for each Java thread that is in a traced call. HOT: found at every
//! event.
//!
//! A platform thread has its tree with its OS thread and needs no lock. A virtual thread may go on on another carrier
//! at any event, so its tree lies in a shared map while it is not worked on.

use std::collections::HashMap;
use std::hint::spin_loop;

use jvm::inside::{Owned, PerThread};
use jvm::probe::Moment;
use parking_lot::{Mutex, MutexGuard};

use super::tree::Tree;

const SHARDS: usize = 32;
/// Trees of virtual threads in one shard; more threads than that are not traced.
const SHARD_FULL: usize = 1_024;
/// So often a lock is tried: some microseconds. The application does not wait longer for us.
const TRIES: u32 = 500;

#[derive(Default)]
struct Own {
    /// Whose tree it is: another thread may come to the place of one that died in a call.
    thread: u64,
    tree: Tree,
}

#[derive(Default)]
struct Shard {
    trees: HashMap<u64, Tree>,
    /// One that has ended, with its room.
    spare: Tree,
}

pub(super) struct Forest {
    own: PerThread<Owned<Own>>,
    shards: [Mutex<Shard>; SHARDS],
}

impl Forest {
    pub(super) fn new() -> Self {
        Self { own: PerThread::new(), shards: [(); SHARDS].map(|()| Mutex::default()) }
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
        let mut shard = self.lock(thread)?;
        let mut tree = match shard.trees.remove(&thread) {
            Some(tree) => tree,
            None if plant && shard.trees.len() < SHARD_FULL => std::mem::take(&mut shard.spare),
            None => return None,
        };
        drop(shard);
        let result = work(&mut tree);
        // Without the lock the tree is lost: its later exits find nothing.
        let mut shard = self.lock(thread)?;
        if tree.is_open() {
            shard.trees.insert(thread, tree);
        } else {
            shard.spare = tree;
        }
        Some(result)
    }

    fn lock(&self, thread: u64) -> Option<MutexGuard<'_, Shard>> {
        let shard = self.shards.get(thread as usize % SHARDS)?;
        (0..TRIES).find_map(|_| {
            let locked = shard.try_lock();
            if locked.is_none() {
                spin_loop();
            }
            locked
        })
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
        // A try that met the other carrier for too long is lost, as it may be; a tree is not.
        let grown: Vec<_> = all.map(|thread| end(&forest, thread)).collect();
        assert!(grown.iter().all(Option::is_some));
        assert!(grown.iter().filter(|room| **room == Some(2)).count() > 9_000);
        assert!(forest.shards.iter().all(|shard| shard.lock().trees.is_empty()));
    }

    #[test]
    fn a_thread_without_a_tree_finds_none() {
        let forest = Forest::new();
        assert_eq!(end(&forest, 7), None);
        assert_eq!(begin(&forest, 7), Some(true));
        assert_eq!((end(&forest, 8), end(&forest, 7)), (None, Some(1)));
    }
}
