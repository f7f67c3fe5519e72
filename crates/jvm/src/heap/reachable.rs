//! Objects of a class that somebody refers to. Where a walk over the whole heap would do, it is quicker; but among the
//! classes that it finds are those with which HotSpot fills gaps, `int[]` and `Object` (from JDK 19 on
//! `jdk.internal.vm.FillerElement[]` and `FillerObject`): at the end of a thread's buffer lies one while the world stands
//! still, and new objects over it right after. A reference to one would be to whatever comes there.

use std::ffi::c_void;
use std::ptr;

use super::walk::{Marked, place};
use crate::env::Env;
use crate::error::{Result, room};
use crate::jvmti::{Jvmti, jvmti};
use crate::refs::{Class, Ref};
use crate::sys::{self, HeapCallbacks, HeapReferenceInfo, jint, jlong};

struct Finding {
    /// By mark of a class.
    is_wanted: Vec<bool>,
    mark: jlong,
    left: usize,
}

/// Marks the object that is referred to. The world stands still; nothing may be asked of the JVM here.
unsafe extern "C" fn find(
    _kind: jint,
    _info: *const HeapReferenceInfo,
    class: jlong,
    _holder_class: jlong,
    _size: jlong,
    tag: *mut jlong,
    _holder: *mut jlong,
    _length: jint,
    finding: *mut c_void,
) -> jint {
    // SAFETY: what the walk below handed over, which waits for its end.
    let finding = unsafe { &mut *finding.cast::<Finding>() };
    if finding.is_wanted.get(place(class)).is_some_and(|is_wanted| *is_wanted) {
        // SAFETY: a place of the JVM's for the time of this call.
        let tag = unsafe { &mut *tag };
        if *tag == 0 {
            let Some(left) = finding.left.checked_sub(1) else { return sys::VISIT_ABORT };
            *tag = finding.mark;
            finding.left = left;
        }
    }
    sys::VISIT_OBJECTS
}

impl Jvmti {
    /// Whether the JVM's own fillers may be among the objects of a class and of those below it.
    pub(super) fn may_be_fillers(&self, env: &Env<'_>, class: &impl Ref<Kind = Class>) -> Result<bool> {
        for filler in ["[I", "[Ljava.lang.Object;"] {
            if env.is_assignable(&env.find_class(filler)?, class)? {
                return Ok(true);
            }
        }
        Ok(self.class_name(class)?.contains("jdk.internal.vm.Filler"))
    }

    /// Marks objects that can be reached. Classes, which have marks meanwhile, are not among them.
    pub(super) fn mark_reachable(
        &self,
        env: &Env<'_>,
        class: &impl Ref<Kind = Class>,
        mark: jlong,
        most: usize,
    ) -> Result<()> {
        let marked = Marked::classes(self, env)?;
        let mut is_wanted = room(marked.highest() + 1)?;
        is_wanted.push(false);
        for known in &marked.classes {
            is_wanted.push(env.is_assignable(known, class)?);
        }
        let mut finding = Finding { is_wanted, mark, left: most };
        let callbacks = HeapCallbacks { heap_reference: Some(find), ..HeapCallbacks::default() };
        let handed = ptr::from_mut(&mut finding).cast_const().cast();
        // SAFETY: the callback is called during this call only, and `finding` outlives it.
        unsafe { jvmti!(self, FollowReferences, 0, ptr::null_mut(), ptr::null_mut(), &callbacks, handed) }
    }
}
