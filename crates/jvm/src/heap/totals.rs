//! How many objects of each class there are, and the biggest ones: one walk through the heap, in which only classes
//! are marked.

use std::ffi::c_void;
use std::ptr;
use std::time::Duration;

use super::biggest::Biggest;
use super::walk::{Deadline, Marked, alone, place};
use crate::env::Env;
use crate::error::{Result, room};
use crate::jvmti::{Jvmti, jvmti};
use crate::refs::{Class, Local};
use crate::sys::{self, HeapCallbacks, jint, jlong};

/// The heap by class.
pub struct HeapTotals<'f> {
    /// The classes that were loaded when the walk began.
    pub classes: Vec<Local<'f, Class>>,
    /// Objects and bytes by class; the first are of classes that were loaded later.
    pub counts: Vec<(u64, u64)>,
    /// Bytes and class of the biggest objects, biggest first; the class as a place in `counts`.
    pub biggest: Vec<(u64, usize)>,
    /// Whether the whole heap was walked in time.
    pub is_whole: bool,
}

struct Counting {
    deadline: Deadline,
    counts: Vec<(u64, u64)>,
    biggest: Biggest,
}

/// Counts an object. The world stands still; nothing may be asked of the JVM here.
unsafe extern "C" fn count(
    class: jlong,
    size: jlong,
    _tag: *mut jlong,
    _length: jint,
    counting: *mut c_void,
) -> jint {
    // SAFETY: what the walk below handed over, which waits for its end.
    let counting = unsafe { &mut *counting.cast::<Counting>() };
    if !counting.deadline.allows() {
        return sys::VISIT_ABORT;
    }
    let (class, size) = (place(class), size.cast_unsigned());
    if let Some((objects, bytes)) = counting.counts.get_mut(class) {
        *objects += 1;
        *bytes += size;
    }
    if counting.biggest.wants(size) {
        counting.biggest.take(size, class as u64);
    }
    sys::VISIT_OBJECTS
}

impl Jvmti {
    /// Counts all objects, also such as are garbage already, and finds the biggest. The application
    /// stands still meanwhile, for so long at most.
    pub fn heap_totals<'f>(&self, env: &Env<'f>, most: usize, limit: Duration) -> Result<HeapTotals<'f>> {
        let _alone = alone(self)?;
        let marked = Marked::classes(self, env)?;
        let mut counts = room(marked.highest() + 1)?;
        counts.resize(marked.highest() + 1, (0, 0));
        let biggest = Biggest::new(most)?;
        let mut counting = Counting { deadline: Deadline::after(limit), counts, biggest };
        let callbacks = HeapCallbacks { heap_iteration: Some(count), ..HeapCallbacks::default() };
        let handed = ptr::from_mut(&mut counting).cast_const().cast();
        // SAFETY: the callback is called during this call only, and `counting` outlives it.
        unsafe { jvmti!(self, IterateThroughHeap, 0, ptr::null_mut(), &callbacks, handed) }?;
        let biggest = counting.biggest.into_sorted().into_iter();
        Ok(HeapTotals {
            classes: marked.into_lists().0,
            counts: counting.counts,
            biggest: biggest.map(|(size, class)| (size, usize::try_from(class).unwrap_or(0))).collect(),
            is_whole: !counting.deadline.passed,
        })
    }
}
