//! Who is inside a probe, and when memory that probes read may be freed. A thread in a probe marks itself in a block of
//! its own by plain stores; whoever wants to free something takes it out of reach first and then waits until every
//! thread that was inside has been outside once ([`quiesce`]). The barrier this needs is paid by the waiting side
//! (`membarrier`). This is the only way memory is given back on the hot path: no counts, no locks shared by threads.

use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering, compiler_fence, fence};
use std::time::{Duration, Instant};

use crate::env::Env;

/// Places for threads. A thread is known by the address of its `JNIEnv`, which the JVM uses again for later threads, so
/// this many are enough for many more; those beyond share one counter.
const PLACES: usize = 1 << 14;
/// No more blocks than this, so that looking for a place stays short.
const BLOCKS: usize = PLACES / 4 * 3;
const CHUNK: usize = 64;
const CHUNKS: usize = BLOCKS.div_ceil(CHUNK);

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
    let adding = ADDING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let index = IN_ORDER.iter().position(|place| place.load(Ordering::Relaxed).is_null())?;
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
    let epoch = EPOCH.fetch_add(1, Ordering::SeqCst);
    if !passed(deadline) {
        return false;
    }
    let dead: Vec<(u64, Box<dyn Send>)> = {
        let mut limbo = LIMBO.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        limbo.extract_if(.., |(since, _)| *since <= epoch).collect()
    };
    drop(dead);
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

/// Counts the calls of [`quiesce`]: what was retired in an epoch may be freed when a wait that began in it has ended.
static EPOCH: AtomicU64 = AtomicU64::new(0);
/// What was retired and let go before it could be freed.
static LIMBO: Mutex<Vec<(u64, Box<dyn Send>)>> = Mutex::new(Vec::new());

/// A value that probes read and others replace. Reading takes an [`Inside`] and costs one load.
pub struct Published<T: Send + Sync + 'static> {
    value: AtomicPtr<T>,
    owns: PhantomData<T>,
}

impl<T: Send + Sync + 'static> Published<T> {
    /// Nothing is published.
    pub const fn empty() -> Published<T> {
        Published { value: AtomicPtr::new(ptr::null_mut()), owns: PhantomData }
    }

    /// This is.
    pub fn new(value: T) -> Published<T> {
        Published { value: AtomicPtr::new(Box::into_raw(Box::new(value))), owns: PhantomData }
    }

    /// What is published now. Stays as long as the guard, also when it is replaced meanwhile.
    #[inline]
    pub fn read<'a>(&'a self, _: &'a Inside) -> Option<&'a T> {
        let value = self.value.load(Ordering::Acquire);
        // SAFETY: null, or made by `replace` and not freed before a `quiesce` that waits for this guard; nor by our
        // own drop, which the borrow of `self` keeps away.
        unsafe { value.as_ref() }
    }

    /// Publishes another value, or none, and gives the old one back.
    pub fn replace(&self, value: Option<T>) -> Option<Retired<T>> {
        let new = value.map_or(ptr::null_mut(), |value| Box::into_raw(Box::new(value)));
        let old = self.value.swap(new, Ordering::SeqCst);
        if old.is_null() {
            return None;
        }
        Some(Retired { kept: Some(Kept(old)), since: EPOCH.load(Ordering::SeqCst) })
    }
}

impl<T: Send + Sync + 'static> Drop for Published<T> {
    fn drop(&mut self) {
        let value = *self.value.get_mut();
        if !value.is_null() {
            // SAFETY: made by `Box::into_raw`; nobody else can reach it, since every reader borrows `self`.
            drop(unsafe { Box::from_raw(value) });
        }
    }
}

/// A pointer to a boxed value that readers may still hold. A `Box` would claim to be the only one.
struct Kept<T>(*mut T);

// SAFETY: owns a `T`, which readers of other threads share.
unsafe impl<T: Send + Sync> Send for Kept<T> {}

impl<T> Kept<T> {
    fn into_box(self) -> Box<T> {
        let value = self.0;
        std::mem::forget(self);
        // SAFETY: made by `Box::into_raw`, and owned by us alone; whoever calls this has waited for the readers.
        unsafe { Box::from_raw(value) }
    }
}

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        // SAFETY: as in `into_box`.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// A value that is no longer published but may still be read. May be looked at; it is freed by a later [`quiesce`], however
/// it is let go.
pub struct Retired<T: Send + Sync + 'static> {
    kept: Option<Kept<T>>,
    since: u64,
}

impl<T: Send + Sync + 'static> Retired<T> {
    /// Waits for its readers and gives the value; itself again if one is still inside at the deadline.
    pub fn take(mut self, deadline: Instant) -> Result<Box<T>, Retired<T>> {
        if !quiesce(deadline) {
            return Err(self);
        }
        match self.kept.take() {
            Some(kept) => Ok(kept.into_box()),
            None => Err(self),
        }
    }
}

impl<T: Send + Sync + 'static> Deref for Retired<T> {
    type Target = T;

    fn deref(&self) -> &T {
        let value = self.kept.as_ref().map_or(ptr::null_mut(), |kept| kept.0);
        debug_assert!(!value.is_null(), "only `take` and `drop` leave it empty");
        // SAFETY: there until `take` or `drop`, which both end our life.
        unsafe { &*value }
    }
}

impl<T: Send + Sync + 'static> Drop for Retired<T> {
    fn drop(&mut self) {
        if let Some(kept) = self.kept.take() {
            let mut limbo = LIMBO.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            limbo.push((self.since, Box::new(kept)));
        }
    }
}

/// One value for each OS thread that has been inside, made at its first need and kept until this is dropped. When a
/// thread has ended, another may come to its value.
pub struct PerThread<T: Send + Sync + 'static> {
    chunks: Box<[AtomicPtr<[AtomicPtr<T>; CHUNK]>; CHUNKS]>,
}

impl<T: Send + Sync + 'static> PerThread<T> {
    /// Without any value. Takes 1.5 KiB, and more for every 64 threads.
    pub fn new() -> PerThread<T> {
        PerThread { chunks: Box::new([const { AtomicPtr::new(ptr::null_mut()) }; CHUNKS]) }
    }

    /// This thread's value.
    #[inline]
    pub fn get<'a>(&'a self, inside: &'a Inside) -> Option<&'a T> {
        let value = self.cell(inside.index()?)?.load(Ordering::Acquire);
        // SAFETY: null, or made by `get_or_make` and freed only by our own drop.
        unsafe { value.as_ref() }
    }

    /// This thread's value, made if there is none. `None` for threads without an index.
    pub fn get_or_make<'a>(&'a self, inside: &'a Inside, make: impl FnOnce() -> T) -> Option<&'a T> {
        if let Some(found) = self.get(inside) {
            return Some(found);
        }
        let index = inside.index()?;
        let chunk = self.chunks.get(index / CHUNK)?;
        if chunk.load(Ordering::Acquire).is_null() {
            let made = Box::into_raw(Box::new([const { AtomicPtr::new(ptr::null_mut()) }; CHUNK]));
            if chunk.compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire).is_err() {
                // SAFETY: made just now and seen by nobody.
                drop(unsafe { Box::from_raw(made) });
            }
        }
        let cell = self.cell(index)?;
        let made = make();
        if let Some(found) = self.get(inside) {
            return Some(found);
        }
        // Only this thread writes here.
        cell.store(Box::into_raw(Box::new(made)), Ordering::Release);
        self.get(inside)
    }

    /// The values of all threads so far.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        // SAFETY: null, or made by `get_or_make` and freed only by our own drop.
        let chunks = self.chunks.iter().filter_map(|chunk| unsafe { chunk.load(Ordering::Acquire).as_ref() });
        // SAFETY: as above.
        chunks.flatten().filter_map(|value| unsafe { value.load(Ordering::Acquire).as_ref() })
    }

    #[inline]
    fn cell(&self, index: usize) -> Option<&AtomicPtr<T>> {
        let chunk = self.chunks.get(index / CHUNK)?.load(Ordering::Acquire);
        // SAFETY: null, or made by `get_or_make` and freed only by our own drop.
        unsafe { chunk.as_ref() }?.get(index % CHUNK)
    }
}

impl<T: Send + Sync + 'static> Default for PerThread<T> {
    fn default() -> Self {
        PerThread::new()
    }
}

impl<T: Send + Sync + 'static> Drop for PerThread<T> {
    fn drop(&mut self) {
        for chunk in self.chunks.iter_mut().map(AtomicPtr::get_mut).filter(|chunk| !chunk.is_null()) {
            // SAFETY: made by `Box::into_raw`, and nobody borrows us any more.
            let mut chunk = unsafe { Box::from_raw(*chunk) };
            for value in chunk.iter_mut().map(AtomicPtr::get_mut).filter(|value| !value.is_null()) {
                // SAFETY: as above.
                drop(unsafe { Box::from_raw(*value) });
            }
        }
    }
}

/// A value that only one OS thread uses, without a lock: the one that made it, or one that came to its index later.
pub struct Owned<T> {
    owner: usize,
    busy: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: `with` gives the value to the owning thread alone.
unsafe impl<T: Send> Sync for Owned<T> {}

impl<T> Owned<T> {
    /// Belongs to this thread. `None` for threads without an index.
    pub fn new(inside: &Inside, value: T) -> Option<Owned<T>> {
        let owner = inside.index()?;
        Some(Owned { owner, busy: AtomicBool::new(false), value: UnsafeCell::new(value) })
    }

    /// Uses it. `None` on any other thread, and inside of another `with`.
    #[inline]
    pub fn with<R>(&self, inside: &Inside, work: impl FnOnce(&mut T) -> R) -> Option<R> {
        if inside.index() != Some(self.owner) || self.busy.load(Ordering::Relaxed) {
            return None;
        }
        self.busy.store(true, Ordering::Relaxed);
        let _free = Free(&self.busy);
        // SAFETY: an index belongs to one living OS thread, an `Inside` does not leave it, and `busy` says that no
        // reference of an outer call is there. Threads that follow each other are ordered by the JVM's own
        // allocating of what the index stands for.
        Some(work(unsafe { &mut *self.value.get() }))
    }
}

/// Frees it also when the work panics.
struct Free<'a>(&'a AtomicBool);

impl Drop for Free<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// `membarrier(2)`: a barrier on all running threads of this process, Linux 4.14.
mod membarrier {
    const PRIVATE_EXPEDITED: libc::c_int = 1 << 3;
    const REGISTER_PRIVATE_EXPEDITED: libc::c_int = 1 << 4;

    /// Whether the kernel will do it.
    pub(super) fn register() -> bool {
        call(REGISTER_PRIVATE_EXPEDITED)
    }

    pub(super) fn all() -> bool {
        call(PRIVATE_EXPEDITED)
    }

    fn call(command: libc::c_int) -> bool {
        // SAFETY: plain numbers; the kernel refuses what it does not know.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::{Arc, Barrier, mpsc};
    use std::thread;

    use super::*;

    fn in_ten_seconds() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    /// Knows whether it was dropped, and how many of its kind live.
    struct Counted {
        value: usize,
        alive: AtomicBool,
        living: Arc<AtomicUsize>,
    }

    impl Counted {
        fn new(value: usize, living: &Arc<AtomicUsize>) -> Counted {
            living.fetch_add(1, Ordering::SeqCst);
            Counted { value, alive: AtomicBool::new(true), living: Arc::clone(living) }
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            self.alive.store(false, Ordering::SeqCst);
            self.living.fetch_sub(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn readers_never_meet_what_was_freed() {
        const READERS: usize = 3;
        const ROUNDS: usize = 300;
        let living = Arc::new(AtomicUsize::new(0));
        let published = Published::new(Counted::new(0, &living));
        let stop = AtomicBool::new(false);
        let reads = AtomicUsize::new(0);
        let together = Barrier::new(READERS + 1);
        thread::scope(|scope| {
            for _ in 0..READERS {
                scope.spawn(|| {
                    together.wait();
                    let mut last = 0;
                    while !stop.load(Ordering::Relaxed) {
                        let inside = Inside::of_this_thread();
                        let nested = Inside::of_this_thread();
                        drop(nested);
                        let seen = published.read(&inside).unwrap();
                        assert!(seen.value >= last, "newer values do not become older");
                        last = seen.value;
                        for _ in 0..20 {
                            assert!(seen.alive.load(Ordering::SeqCst), "freed while it is read");
                        }
                        reads.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            together.wait();
            for round in 1..=ROUNDS {
                let old = published.replace(Some(Counted::new(round, &living))).unwrap();
                assert_eq!(old.value, round - 1);
                match round % 3 {
                    // Taken and freed here.
                    0 => assert!(old.take(in_ten_seconds()).is_ok()),
                    // Freed by a later wait.
                    _ => drop(old),
                }
            }
            while reads.load(Ordering::Relaxed) < 1_000 {
                thread::yield_now();
            }
            stop.store(true, Ordering::Relaxed);
        });
        assert!(quiesce(in_ten_seconds()));
        assert_eq!(living.load(Ordering::SeqCst), 1, "only what is published lives");
        drop(published);
        assert_eq!(living.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn a_value_is_kept_until_its_reader_has_left() {
        let living = Arc::new(AtomicUsize::new(0));
        let published = Published::new(Counted::new(1, &living));
        let ((ready, is_ready), (leave, may_leave)) = (mpsc::channel(), mpsc::channel::<()>());
        thread::scope(|scope| {
            let published = &published;
            scope.spawn(move || {
                let inside = Inside::of_this_thread();
                let seen = published.read(&inside).unwrap();
                ready.send(()).unwrap();
                may_leave.recv().unwrap();
                assert!(seen.alive.load(Ordering::SeqCst));
            });
            is_ready.recv().unwrap();
            let old = published.replace(None).unwrap();
            let Err(old) = old.take(Instant::now() + Duration::from_millis(20)) else {
                panic!("freed under its reader")
            };
            assert!(old.alive.load(Ordering::SeqCst));
            leave.send(()).unwrap();
            assert_eq!(old.take(in_ten_seconds()).ok().unwrap().value, 1);
        });
        let inside = Inside::of_this_thread();
        assert!(published.read(&inside).is_none());
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
    fn every_thread_has_a_value_of_its_own() {
        let all = PerThread::<AtomicUsize>::new();
        let together = Barrier::new(8);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    // All live at once, or one could get the index of another that has ended.
                    together.wait();
                    for _ in 0..100 {
                        let inside = Inside::of_this_thread();
                        all.get_or_make(&inside, AtomicUsize::default)
                            .unwrap()
                            .fetch_add(1, Ordering::Relaxed);
                    }
                    together.wait();
                });
            }
        });
        let counts: Vec<_> = all.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        assert_eq!(counts, [100; 8]);
    }

    #[test]
    fn only_the_owner_gets_at_an_owned_value_and_once_at_a_time() {
        let inside = Inside::of_this_thread();
        let owned = Owned::new(&inside, vec![1]).unwrap();
        let inner = owned.with(&inside, |value| {
            value.push(2);
            owned.with(&inside, |_| ()).is_none()
        });
        assert_eq!(inner, Some(true));
        thread::scope(|scope| {
            scope.spawn(|| assert!(owned.with(&Inside::of_this_thread(), |_| ()).is_none()));
        });
        assert_eq!(owned.with(&inside, |value| value.len()), Some(2));
    }

    #[test]
    fn the_same_thread_has_the_same_index_and_others_have_others() {
        let index = || Inside::of_this_thread().index().unwrap();
        let own = index();
        assert_eq!(index(), own);
        thread::scope(|scope| assert_ne!(scope.spawn(index).join().unwrap(), own));
    }
}
