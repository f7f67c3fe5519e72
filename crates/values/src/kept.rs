//! Calls that are kept with their objects alive, for the time tunnel: a row of a Java array for the references of each,
//! and its numbers here. HOT: rows are taken and given back on the application's threads, without a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};

use advice::{Point, Seen};
use jvm::live::Slots;
use jvm::probe;
use jvm::{Env, Local, Vm};

use crate::passed::Passed;
use crate::root::Moment;

/// Rows of references, each for one call. There are never more, however many calls are made.
pub struct Shelf {
    slots: Slots,
    /// References of a row.
    width: usize,
    longs: Box<[AtomicI64]>,
    /// Numbers of a row.
    long_width: usize,
    free: Free,
    /// Some row that is free may have something in it.
    dirty: AtomicBool,
}

/// A call that is kept. Dropping it lets go of its objects.
pub struct Kept {
    shelf: Arc<Shelf>,
    row: usize,
    /// How it ended.
    pub moment: Moment,
}

/// What a row has behind the objects that are passed: what is returned, what is thrown.
const BEHIND: usize = 2;

impl Shelf {
    /// For calls that pass so many objects and longs, so many calls at a time.
    ///
    /// # Errors
    /// The JVM has no room for it.
    pub fn new(env: &Env<'_>, passed: &Passed, rows: usize) -> jvm::Result<Arc<Self>> {
        let rows = rows.min(u32::MAX as usize - 1);
        let (width, long_width) = (passed.objects + BEHIND, passed.longs + 1);
        let slots = Slots::new(env, rows.saturating_mul(width).min(i32::MAX as usize))?;
        let rows = slots.length() / width;
        let longs = (0..rows.saturating_mul(long_width)).map(|_| AtomicI64::new(0)).collect();
        Ok(Arc::new(Self {
            slots,
            width,
            longs,
            long_width,
            free: Free::new(rows),
            dirty: AtomicBool::new(false),
        }))
    }

    /// Whether it is for calls that pass as much as these.
    pub fn fits(&self, passed: &Passed) -> bool {
        self.objects() == passed.objects && self.long_width == passed.longs + 1
    }

    /// How many objects a call passes.
    fn objects(&self) -> usize {
        self.width - BEHIND
    }

    /// The numbers of a row: what is passed, then what is returned.
    fn longs(&self, row: usize) -> &[AtomicI64] {
        let start = row * self.long_width;
        self.longs.get(start..start + self.long_width).unwrap_or_default()
    }

    /// Keeps a call; `None` where all rows are taken.
    pub(crate) fn keep(self: &Arc<Self>, at: &probe::Moment<'_>, seen: &Seen<'_>) -> Option<Kept> {
        let row = self.free.take()?;
        let moment = match seen.point {
            Point::Throw => Moment::Throw,
            _ => Moment::Return,
        };
        let start = row * self.width;
        // What an earlier call has left must not be taken for this one's.
        let dirty = self.dirty.load(Ordering::Relaxed);
        let put = |place: usize, object: Option<probe::Handle<'_>>| {
            if dirty || object.is_some() {
                self.slots.put(at, start + place, object);
            }
        };
        for place in 0..self.objects() {
            put(place, seen.values.and_then(|values| values.object(place)));
        }
        let returned = seen.values.filter(|_| moment == Moment::Return);
        put(self.objects(), returned.and_then(|values| values.returned_object()));
        put(self.objects() + 1, seen.thrown.and_then(|thrown| thrown.handle()));
        if let (Some(values), Some((last, passed))) = (seen.values, self.longs(row).split_last()) {
            for (place, long) in passed.iter().enumerate() {
                long.store(values.long(place), Ordering::Relaxed);
            }
            last.store(values.returned_long(), Ordering::Relaxed);
        }
        Some(Kept { shelf: self.clone(), row, moment })
    }
}

impl Kept {
    /// An object that was passed.
    pub(crate) fn object<'f>(&self, env: &Env<'f>, place: usize) -> jvm::Result<Option<Local<'f>>> {
        match place < self.shelf.objects() {
            true => self.shelf.slots.get(env, self.row * self.shelf.width + place),
            false => Ok(None),
        }
    }

    /// A number that was passed.
    pub(crate) fn long(&self, place: usize) -> i64 {
        self.shelf.longs(self.row).get(place).map_or(0, |long| long.load(Ordering::Relaxed))
    }

    /// The object that was returned.
    pub(crate) fn returned_object<'f>(&self, env: &Env<'f>) -> jvm::Result<Option<Local<'f>>> {
        self.shelf.slots.get(env, self.row * self.shelf.width + self.shelf.objects())
    }

    /// The number that was returned.
    pub(crate) fn returned_long(&self) -> i64 {
        self.shelf.longs(self.row).last().map_or(0, |long| long.load(Ordering::Relaxed))
    }

    /// What was thrown.
    pub(crate) fn thrown<'f>(&self, env: &Env<'f>) -> jvm::Result<Option<Local<'f>>> {
        self.shelf.slots.get(env, self.row * self.shelf.width + self.shelf.objects() + 1)
    }

    /// About how many bytes it takes, without the objects.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + (self.shelf.width + self.shelf.long_width) * 8
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let cleared = match Vm::current() {
            Some(vm) => vm.with_env(|env| {
                let start = self.row * self.shelf.width;
                (start..start + self.shelf.width).try_for_each(|place| self.shelf.slots.clear(env, place))
            }),
            None => Err(jvm::Error::NotAttached),
        };
        if let Err(why) = cleared {
            self.shelf.dirty.store(true, Ordering::Relaxed);
            log::debug!("a kept call is not let go of: {why}");
        }
        self.shelf.free.give_back(self.row);
    }
}

/// Which rows are free: a stack of their numbers that many threads take from and give to.
struct Free {
    /// The number of the topmost plus one, below a count of all changes, without which a thread could take one that was
    /// taken and given back meanwhile for unchanged.
    top: AtomicU64,
    /// The number below each plus one.
    below: Box<[AtomicU32]>,
}

impl Free {
    fn new(rows: usize) -> Self {
        let below = (0..rows).map(|row| AtomicU32::new(row as u32)).collect();
        Self { top: AtomicU64::new(rows as u64), below }
    }

    fn take(&self) -> Option<usize> {
        let mut top = self.top.load(Ordering::Acquire);
        loop {
            let row = (top as u32).checked_sub(1)? as usize;
            let below = self.below.get(row)?.load(Ordering::Relaxed);
            match self.exchange(top, below) {
                Ok(()) => return Some(row),
                Err(other) => top = other,
            }
        }
    }

    fn give_back(&self, row: usize) {
        let Some(below) = self.below.get(row) else { return };
        let mut top = self.top.load(Ordering::Acquire);
        loop {
            below.store(top as u32, Ordering::Relaxed);
            match self.exchange(top, row as u32 + 1) {
                Ok(()) => return,
                Err(other) => top = other,
            }
        }
    }

    fn exchange(&self, from: u64, to: u32) -> Result<(), u64> {
        let changes = (from >> 32).wrapping_add(1) << 32;
        let swapped = self.top.compare_exchange_weak(
            from,
            changes | u64::from(to),
            Ordering::AcqRel,
            Ordering::Acquire,
        );
        swapped.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_taken_once_until_it_is_given_back() {
        let free = Free::new(3);
        let mut taken: Vec<usize> = std::iter::from_fn(|| free.take()).collect();
        taken.sort_unstable();
        assert_eq!(taken, [0, 1, 2]);
        free.give_back(1);
        assert_eq!((free.take(), free.take()), (Some(1), None));
    }

    #[test]
    fn threads_never_have_the_same_row() {
        const ROWS: usize = 7;
        let free = Free::new(ROWS);
        let held: Vec<AtomicU32> = (0..ROWS).map(|_| AtomicU32::new(0)).collect();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..20_000 {
                        let Some(row) = free.take() else { continue };
                        assert_eq!(held[row].fetch_add(1, Ordering::AcqRel), 0, "row {row} was taken");
                        held[row].fetch_sub(1, Ordering::AcqRel);
                        free.give_back(row);
                    }
                });
            }
        });
        assert_eq!(std::iter::from_fn(|| free.take()).count(), ROWS);
    }
}
