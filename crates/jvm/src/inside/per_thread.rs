//! Values of one OS thread each: written without a lock by their thread, read by all.

use std::cell::UnsafeCell;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

use super::Inside;

const CHUNK: usize = 64;
const CHUNKS: usize = Inside::LIMIT.div_ceil(CHUNK);

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

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::AtomicUsize;
    use std::thread;

    use super::*;

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
}
