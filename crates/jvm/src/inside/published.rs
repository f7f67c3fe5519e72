//! Values that probes read while others replace them, and what becomes of the replaced ones.

use std::marker::PhantomData;
use std::ops::Deref;
use std::ptr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::time::Instant;

use super::{Inside, quiesce};

/// Counts the calls of [`quiesce`]: what was retired in an epoch may be freed when a wait that began in it has ended.
static EPOCH: AtomicU64 = AtomicU64::new(0);
/// What was retired and let go before it could be freed.
static LIMBO: Mutex<Vec<(u64, Box<dyn Send>)>> = Mutex::new(Vec::new());

/// A wait begins; to be given to [`free`] when it has ended well.
pub(super) fn begin() -> u64 {
    EPOCH.fetch_add(1, Ordering::SeqCst)
}

/// Frees what had been retired when the wait of this epoch began.
pub(super) fn free(epoch: u64) {
    let dead: Vec<(u64, Box<dyn Send>)> = {
        let mut limbo = LIMBO.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        limbo.extract_if(.., |(since, _)| *since <= epoch).collect()
    };
    drop(dead);
}

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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize};
    use std::sync::{Arc, Barrier, mpsc};
    use std::thread;
    use std::time::Duration;

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
}
