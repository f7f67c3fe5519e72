//! Who is inside a probe, and when memory that probes read may be freed. A thread in a probe marks itself in a block of
//! its own by plain stores; whoever wants to free something takes it out of reach first and then waits until every
//! thread that was inside has been outside once ([`quiesce`]). The barrier this needs is paid by the waiting side
//! (`membarrier`). This is the only way memory is given back on the hot path: no counts, no locks shared by threads.

use std::alloc::{Layout, alloc_zeroed};
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
#[repr(C, align(64))]
struct Block {
    /// How many guards are open, in the low 8 bits; how often the last was closed, above.
    state: AtomicU32,
    index: AtomicU32,
    /// The Java thread that was seen here last (its key), and whether it is virtual; of its own thread only.
    seen: AtomicU64,
    seen_virtual: AtomicBool,
}

const OPEN: u32 = 0xFF;
const CLOSED_ONCE: u32 = 0x100;

/// The key shifted left by 16 and the number of the block plus one, or 0.
static TABLE: [AtomicU64; PLACES] = [const { AtomicU64::new(0) }; PLACES];
static BLOCKS_USED: AtomicU32 = AtomicU32::new(0);
static BLOCK_CHUNKS: [AtomicPtr<Block>; CHUNKS] = [const { AtomicPtr::new(ptr::null_mut()) }; CHUNKS];
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
        self.block.map(|block| usize::try_from(block.index.load(Ordering::Relaxed)).unwrap_or(0))
    }

    /// No index is as high.
    pub const LIMIT: usize = CHUNKS * CHUNK;

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

/// The word of the table for a key, without the block; `None` for an address that no program has today.
#[inline]
fn word(key: usize) -> Option<u64> {
    let key = u64::try_from(key).ok()?;
    (key >> 48 == 0).then_some(key << 16)
}

#[inline]
fn find(key: usize) -> Option<&'static Block> {
    let wanted = word(key)?;
    let mut at = place(key);
    loop {
        let found = TABLE.get(at & (PLACES - 1))?.load(Ordering::Acquire);
        if found == 0 {
            return None;
        }
        if found & !0xFFFF == wanted {
            return block(usize::try_from(found & 0xFFFF).ok()?.checked_sub(1)?);
        }
        // Never full (see `BLOCKS`), so an empty place ends this.
        at = at.wrapping_add(1);
    }
}

#[inline]
fn block(index: usize) -> Option<&'static Block> {
    let chunk = BLOCK_CHUNKS.get(index / CHUNK)?.load(Ordering::Acquire);
    if chunk.is_null() {
        return None;
    }
    let block = chunk.wrapping_add(index % CHUNK);
    // SAFETY: a chunk has `CHUNK` blocks, zeroed when made, and is never freed.
    Some(unsafe { &*block })
}

/// Gives the thread a block, once in its life. `None` if there are too many or no memory.
#[cold]
fn add(key: usize) -> Option<&'static Block> {
    let wanted = word(key)?;
    let adding = ADDING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let used = BLOCKS_USED.load(Ordering::Relaxed);
    let index = usize::try_from(used).ok().filter(|index| *index < BLOCKS)?;
    if used == 0 {
        FENCES.store(!membarrier::register(), Ordering::SeqCst);
    }
    let chunk = BLOCK_CHUNKS.get(index / CHUNK)?;
    if chunk.load(Ordering::Relaxed).is_null() {
        let layout = Layout::array::<Block>(CHUNK).ok()?;
        // SAFETY: not of size 0.
        let made = unsafe { alloc_zeroed(layout) };
        if made.is_null() {
            return None;
        }
        chunk.store(made.cast(), Ordering::Release);
    }
    let block = block(index)?;
    block.index.store(used, Ordering::Relaxed);
    BLOCKS_USED.store(used.wrapping_add(1), Ordering::Release);
    let mut at = place(key);
    while TABLE.get(at & (PLACES - 1))?.load(Ordering::Relaxed) != 0 {
        at = at.wrapping_add(1);
    }
    TABLE.get(at & (PLACES - 1))?.store(wanted | u64::from(used.wrapping_add(1)), Ordering::SeqCst);
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
    let used = usize::try_from(BLOCKS_USED.load(Ordering::Acquire)).unwrap_or(0);
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
    for block in (0..used).filter_map(block) {
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
        let old = self.value.swap(new, Ordering::AcqRel);
        if old.is_null() {
            return None;
        }
        Some(Retired { value: Some(Kept(old)), since: EPOCH.load(Ordering::SeqCst) })
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
    value: Option<Kept<T>>,
    since: u64,
}

impl<T: Send + Sync + 'static> Retired<T> {
    /// Waits for its readers and gives the value; itself again if one is still inside at the deadline.
    pub fn take(mut self, deadline: Instant) -> Result<Box<T>, Retired<T>> {
        if !quiesce(deadline) {
            return Err(self);
        }
        match self.value.take() {
            Some(kept) => Ok(kept.into_box()),
            None => Err(self),
        }
    }
}

impl<T: Send + Sync + 'static> Deref for Retired<T> {
    type Target = T;

    fn deref(&self) -> &T {
        let value = self.value.as_ref().map_or(ptr::null_mut(), |kept| kept.0);
        debug_assert!(!value.is_null(), "only `take` and `drop` leave it empty");
        // SAFETY: there until `take` or `drop`, which both end our life.
        unsafe { &*value }
    }
}

impl<T: Send + Sync + 'static> Drop for Retired<T> {
    fn drop(&mut self) {
        if let Some(kept) = self.value.take() {
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
        (0..Inside::LIMIT).filter_map(|index| {
            let value = self.cell(index)?.load(Ordering::Acquire);
            // SAFETY: as in `get`.
            unsafe { value.as_ref() }
        })
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
