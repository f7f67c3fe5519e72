//! The heap as a whole, and the objects of a class in it. Walking it stops the application, so who walks says how
//! far.

mod biggest;
mod members;
mod paths;
mod reach;
mod reachable;
mod totals;
mod trace;
mod walk;

pub use paths::{By, Holder, Kept, PathSearch, Paths, Root};
pub use totals::HeapTotals;

use std::ffi::c_void;
use std::ptr;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

use crate::buf::Buf;
use crate::env::Env;
use crate::error::{Result, room};
use crate::jvmti::{Jvmti, jvmti};

use crate::refs::{Class, Local, Ref};
use crate::sys::{jint, jlong};

/// Each walk marks with a number of its own, so that two at a time do not mix.
static MARK: AtomicI64 = AtomicI64::new(1 << 40);

/// What a walk marks with, and how many more it may.
struct Marking {
    mark: i64,
    left: usize,
}

/// `JVMTI_ITERATION_CONTINUE`.
const GO_ON: jint = 1;
/// `JVMTI_ITERATION_ABORT`.
const ENOUGH: jint = 0;
/// `JVMTI_HEAP_OBJECT_EITHER`.
const EITHER: jint = 3;

/// Marks an object that nobody has marked. The world stands still; nothing may be asked of the JVM here.
unsafe extern "C" fn mark(_class: jlong, _size: jlong, tag: *mut jlong, marking: *mut c_void) -> jint {
    // SAFETY: what the walk below handed over, which waits for its end.
    let marking = unsafe { &mut *marking.cast::<Marking>() };
    let Some(left) = marking.left.checked_sub(1) else { return ENOUGH };
    // SAFETY: a place of the JVM's for the time of this call, which nobody else has.
    let tag = unsafe { &mut *tag };
    if *tag == 0 {
        *tag = marking.mark;
        marking.left = left;
    }
    GO_ON
}

impl Jvmti {
    /// A full collection, like `System.gc()` but also with `-XX:+DisableExplicitGC`. Returns when it is done.
    pub fn force_garbage_collection(&self) -> Result<()> {
        // SAFETY: takes nothing.
        unsafe { jvmti!(self, ForceGarbageCollection) }
    }

    /// Objects of a class and of those below it, `most` at most; also such as are garbage already, unless the JVM's own
    /// fillers could be among those (`int[]`, `Object[]` and what is above them). The application stands still while the
    /// heap is walked, which ends when there are enough.
    pub fn instances<'f>(
        &self,
        env: &Env<'f>,
        class: &impl Ref<Kind = Class>,
        most: usize,
    ) -> Result<Vec<Local<'f>>> {
        env.ready()?;
        let _alone = walk::alone(self)?;
        let mut marking = Marking { mark: MARK.fetch_add(1, Relaxed), left: most };
        if self.may_be_fillers(env, class)? {
            self.mark_reachable(env, class, marking.mark, most)?;
        } else {
            let handed = ptr::from_mut(&mut marking).cast_const().cast();
            // SAFETY: a class; the callback is called during this call only, and `marking` outlives it.
            unsafe { jvmti!(self, IterateOverInstancesOfClass, class.raw(), EITHER, Some(mark), handed) }?;
        }
        let (mut count, mut objects) = (0, ptr::null_mut());
        // SAFETY: the places are ours for the call; the tags are not asked for.
        unsafe {
            jvmti!(self, GetObjectsWithTags, 1, &marking.mark, &mut count, &mut objects, ptr::null_mut())
        }?;
        // SAFETY: allocated by the call, `count` of them.
        let objects = unsafe { Buf::new(self, objects, count) };
        env.reserve(objects.slice().len());
        let mut all = room(objects.slice().len())?;
        for raw in objects.slice() {
            // SAFETY: a live reference. What cannot be unmarked is marked for nobody any more.
            let _ = unsafe { jvmti!(self, SetTag, *raw, 0) };
            // SAFETY: a new local reference in this frame.
            all.extend(unsafe { Local::from_raw(env, *raw) });
        }
        Ok(all)
    }

    /// Bytes this one object takes, without what it refers to.
    pub fn object_size(&self, object: &impl Ref) -> Result<u64> {
        let mut size = 0;
        // SAFETY: a live reference, and `size` is ours for the call.
        unsafe { jvmti!(self, GetObjectSize, object.raw(), &mut size) }?;
        Ok(u64::try_from(size).unwrap_or(0))
    }

    /// `System.identityHashCode`.
    pub fn identity_hash(&self, object: &impl Ref) -> Result<i32> {
        let mut hash = 0;
        // SAFETY: a live reference, and `hash` is ours for the call.
        unsafe { jvmti!(self, GetObjectHashCode, object.raw(), &mut hash) }?;
        Ok(hash)
    }
}
