//! Who is inside a probe, and when memory that probes read may be freed. A thread in a probe marks itself in a block of
//! its own by plain stores; whoever wants to free something takes it out of reach first and then waits until every
//! thread that was inside has been outside once ([`quiesce`]). The barrier this needs is paid by the waiting side
//! (`membarrier`). This is the only way memory is given back on the hot path: no counts, no locks shared by threads.

mod membarrier;
mod per_thread;
mod published;

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, compiler_fence, fence};
use std::time::{Duration, Instant};

use crate::env::Env;
pub use per_thread::{Owned, PerThread};
pub use published::{Published, Retired};

/// Places for threads. A thread is known by the address of its `JNIEnv`, which the JVM uses again for later threads, so
/// this many are enough for many more; those beyond share one counter.
const PLACES: usize = 1 << 14;
/// No more blocks than this, so that looking for a place stays short.
const BLOCKS: usize = PLACES / 4 * 3;

/// What one OS thread writes and others read.
#[repr(align(64))]
struct Block {
    /// Whose it is: the address that was given to [`Inside::new`].
    key: usize,
    index: usize,
    /// How many guards are open, in the low 8 bits; how often the last was closed, above.
    state: AtomicU32,
    /// The Java thread that was seen here last (its key), and whether it is virtual; of its own thread only.
    seen: AtomicU64,
    seen_virtual: AtomicBool,
    /// How many [`Muted`] there are; of its own thread only.
    muted: AtomicU32,
}

const OPEN: u32 = 0xFF;
const CLOSED_ONCE: u32 = 0x100;

/// The blocks by their key, and by their index. They are never freed: there are as many as threads have lived at once.
static TABLE: [AtomicPtr<Block>; PLACES] = [const { AtomicPtr::new(ptr::null_mut()) }; PLACES];
static IN_ORDER: [AtomicPtr<Block>; BLOCKS] = [const { AtomicPtr::new(ptr::null_mut()) }; BLOCKS];
static ADDING: Mutex<()> = Mutex::new(());
/// All blocks are given out: nobody need ask for one any more.
static FULL: AtomicBool = AtomicBool::new(false);
/// Guards of threads that found no place.
static CROWD: AtomicU64 = AtomicU64::new(0);

/// Whether the fast side must fence by itself, since the kernel will not do it for us. Until asked: yes.
static FENCES: AtomicBool = AtomicBool::new(true);

/// The current thread is inside: what it reads from a [`Published`] stays. Keep it short, `quiesce` waits for it.
pub struct Inside {
    block: Option<&'static Block>,
    /// Bound to its thread.
    here: PhantomData<*mut ()>,
}

impl Inside {
    /// For the thread that has this `JNIEnv`.
    #[inline]
    pub(crate) fn new(key: usize) -> Inside {
        let block = find(key).or_else(|| add(key));
        match block {
            Some(block) => {
                let state = block.state.load(Ordering::Relaxed);
                block.state.store(state.wrapping_add(1), Ordering::Relaxed);
                // What is read from now on must not be read before the store is seen: `quiesce` brings the barrier.
                if FENCES.load(Ordering::Relaxed) {
                    fence(Ordering::SeqCst);
                } else {
                    compiler_fence(Ordering::SeqCst);
                }
            }
            None => {
                CROWD.fetch_add(1, Ordering::SeqCst);
                fence(Ordering::SeqCst);
            }
        }
        Inside { block, here: PhantomData }
    }

    /// For a thread of our own that reads what probes read.
    pub fn of(env: &Env<'_>) -> Inside {
        Inside::new(env.raw().expose_provenance())
    }

    /// For any thread, also one that the JVM does not know.
    pub fn of_this_thread() -> Inside {
        thread_local! {
            // Its address is the key: no `JNIEnv` lies there.
            static HERE: Cell<u64> = const { Cell::new(0) };
        }
        Inside::new(HERE.with(|here| ptr::from_ref(here).expose_provenance()))
    }

    /// A small number of this OS thread, counted from 0 and below [`Inside::LIMIT`], the same each time and used again only
    /// after the thread has ended. `None` where there are more threads than that.
    #[inline]
    pub fn index(&self) -> Option<usize> {
        self.block.map(|block| block.index)
    }

    /// No index is as high.
    pub const LIMIT: usize = BLOCKS;

    /// Whether probes tell nothing on this thread.
    #[inline]
    pub(crate) fn is_muted(&self) -> bool {
        self.block.is_some_and(|block| block.muted.load(Ordering::Relaxed) != 0)
    }

    /// Whether the Java thread with this key is virtual, if it was the last that was asked about here; else asks `look`.
    pub(crate) fn is_virtual(&self, key: u64, look: impl FnOnce() -> bool) -> bool {
        let Some(block) = self.block else { return look() };
        if block.seen.load(Ordering::Relaxed) == key {
            return block.seen_virtual.load(Ordering::Relaxed);
        }
        let found = look();
        block.seen_virtual.store(found, Ordering::Relaxed);
        block.seen.store(key, Ordering::Relaxed);
        found
    }
}

/// As long as this lives, probes tell nothing on this thread: Java code that we call ourselves is not the application's.
pub struct Muted {
    block: Option<&'static Block>,
    /// Bound to its thread.
    here: PhantomData<*mut ()>,
}

/// Mutes the probes on this thread.
pub fn mute(env: &Env<'_>) -> Muted {
    let block = Inside::of(env).block;
    if let Some(block) = block {
        block.muted.store(block.muted.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
    }
    Muted { block, here: PhantomData }
}

impl Drop for Muted {
    fn drop(&mut self) {
        if let Some(block) = self.block {
            block.muted.store(block.muted.load(Ordering::Relaxed).wrapping_sub(1), Ordering::Relaxed);
        }
    }
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        match self.block {
            Some(block) => {
                let state = block.state.load(Ordering::Relaxed);
                let last = state & OPEN == 1;
                let next = if last { state.wrapping_add(CLOSED_ONCE) } else { state };
                block.state.store(next.wrapping_sub(1), Ordering::Release);
            }
            None => {
                CROWD.fetch_sub(1, Ordering::SeqCst);
            }
        }
    }
}

/// Where a key is looked for first.
#[inline]
fn place(key: usize) -> usize {
    // Addresses of threads differ in their middle bits.
    let mixed = (key >> 4).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed >> (usize::BITS - PLACES.trailing_zeros())
}

#[inline]
fn find(key: usize) -> Option<&'static Block> {
    let mut at = place(key);
    loop {
        let found = TABLE.get(at & (PLACES - 1))?.load(Ordering::Acquire);
        // SAFETY: null, or a block, which is never freed.
        let block = unsafe { found.as_ref() }?;
        if block.key == key {
            return Some(block);
        }
        // Never full (see `BLOCKS`), so an empty place ends this.
        at = at.wrapping_add(1);
    }
}

/// Gives the thread a block, once in its life. `None` if there are too many.
#[cold]
fn add(key: usize) -> Option<&'static Block> {
    // Else each of their calls would wait for the others here, and look through all blocks.
    if FULL.load(Ordering::Relaxed) {
        return None;
    }
    let adding = ADDING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let Some(index) = IN_ORDER.iter().position(|place| place.load(Ordering::Relaxed).is_null()) else {
        FULL.store(true, Ordering::Relaxed);
        return None;
    };
    if index == 0 {
        FENCES.store(!membarrier::register(), Ordering::SeqCst);
    }
    let block: &'static Block = Box::leak(Box::new(Block {
        key,
        index,
        state: AtomicU32::new(0),
        seen: AtomicU64::new(0),
        seen_virtual: AtomicBool::new(false),
        muted: AtomicU32::new(0),
    }));
    let pointer = ptr::from_ref(block).cast_mut();
    IN_ORDER.get(index)?.store(pointer, Ordering::Release);
    let mut at = place(key);
    while !TABLE.get(at & (PLACES - 1))?.load(Ordering::Relaxed).is_null() {
        at = at.wrapping_add(1);
    }
    TABLE.get(at & (PLACES - 1))?.store(pointer, Ordering::Release);
    drop(adding);
    Some(block)
}

/// Waits until every thread that is inside now has been outside once; `false` if one was still inside at the deadline, and
/// then nothing may be freed. Must not be called by a thread that is inside itself: it would wait for itself.
pub fn quiesce(deadline: Instant) -> bool {
    let epoch = published::begin();
    if !passed(deadline) {
        return false;
    }
    published::free(epoch);
    true
}

fn passed(deadline: Instant) -> bool {
    fence(Ordering::SeqCst);
    if !FENCES.load(Ordering::SeqCst) && !membarrier::all() {
        // Refused after it was granted: from now on the fast side fences. Those inside just now are given the time
        // in which any store becomes visible.
        FENCES.store(true, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut pause = 0u32;
    let mut wait = |inside: &dyn Fn() -> bool| {
        while inside() {
            if Instant::now() >= deadline {
                return false;
            }
            pause = pause.saturating_add(1);
            if pause < 64 { std::thread::yield_now() } else { std::thread::sleep(Duration::from_micros(200)) }
        }
        true
    };
    // SAFETY: null, or a block, which is never freed.
    let block = |place: &AtomicPtr<Block>| unsafe { place.load(Ordering::Acquire).as_ref() };
    for block in IN_ORDER.iter().map_while(block) {
        let state = block.state.load(Ordering::Acquire);
        let (open, closings) = (state & OPEN, state & !OPEN);
        let still = || block.state.load(Ordering::Acquire) & !OPEN == closings;
        if open != 0 && !wait(&still) {
            return false;
        }
    }
    wait(&|| CROWD.load(Ordering::SeqCst) != 0)
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    fn in_ten_seconds() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn a_busy_thread_does_not_hold_up_the_wait() {
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let _inside = Inside::of_this_thread();
                    std::hint::black_box((0..1_000).sum::<u64>());
                }
            });
            for _ in 0..50 {
                assert!(quiesce(in_ten_seconds()));
            }
            stop.store(true, Ordering::Relaxed);
        });
    }

    #[test]
    fn the_same_thread_has_the_same_index_and_others_have_others() {
        let index = || Inside::of_this_thread().index().unwrap();
        let own = index();
        assert_eq!(index(), own);
        thread::scope(|scope| assert_ne!(scope.spawn(index).join().unwrap(), own));
    }
}
