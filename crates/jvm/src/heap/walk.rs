//! What all walks over the heap share. One at a time: they mark objects in the same table of the JVM. Each has a
//! deadline, since the application stands still, and takes its marks away again: the JVM keeps 50 to 100 bytes for
//! each.

use std::ffi::c_void;
use std::ptr;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::capabilities::Capabilities;
use crate::env::Env;
use crate::error::Result;
use crate::jvmti::{Jvmti, jvmti};
use crate::os;
use crate::refs::{Class, Local, Ref};
use crate::sys::{self, Capability, HeapCallbacks, jint, jlong};

/// Held while objects are marked.
static WALKING: Mutex<()> = Mutex::new(());

/// The right to walk, and the capability to mark objects, which is given back after it unless it was there before.
pub(super) struct Alone<'j> {
    jvmti: &'j Jvmti,
    added: Capabilities,
    _walking: MutexGuard<'static, ()>,
}

/// Waits until no other walk is on.
pub(super) fn alone(jvmti: &Jvmti) -> Result<Alone<'_>> {
    let walking = WALKING.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let added = Capabilities::NONE.with(Capability::TagObjects).without(jvmti.capabilities()?);
    if !added.is_empty() {
        jvmti.add_capabilities(added)?;
    }
    Ok(Alone { jvmti, added, _walking: walking })
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        if !self.added.is_empty()
            && let Err(error) = self.jvmti.relinquish_capabilities(self.added)
        {
            log::warn!("the capability to mark objects is kept: {error}");
        }
    }
}

/// The time that a walk may take, looked at now and then: reading the clock costs as much as an object.
pub(super) struct Deadline {
    at: u64,
    steps: u32,
    /// Whether it has passed.
    pub(super) passed: bool,
}

impl Deadline {
    /// So many steps between two looks at the clock.
    const STRIDE: u32 = 1 << 12;

    pub(super) fn after(limit: Duration) -> Deadline {
        let limit = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
        Deadline { at: os::monotonic_ns().saturating_add(limit), steps: 0, passed: false }
    }

    /// One step more; whether there is time for it. Asks nothing of the JVM.
    pub(super) fn allows(&mut self) -> bool {
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(Self::STRIDE) && os::monotonic_ns() > self.at {
            self.passed = true;
        }
        !self.passed
    }
}

/// All loaded classes, each marked with its place in the list, counted from 1: so a walk knows of which class an object
/// is. A class that was loaded meanwhile has mark 0. Threads, where they are wanted, have the marks after these.
/// Unmarked when dropped.
pub(super) struct Marked<'j, 'f> {
    jvmti: &'j Jvmti,
    /// Place 0 is mark 1.
    pub(super) classes: Vec<Local<'f, Class>>,
    pub(super) threads: Vec<Local<'f>>,
    /// Whether other objects than classes are marked, too.
    pub(super) are_others: bool,
}

impl<'j, 'f> Marked<'j, 'f> {
    pub(super) fn classes(jvmti: &'j Jvmti, env: &Env<'f>) -> Result<Marked<'j, 'f>> {
        let classes = jvmti.loaded_classes(env)?;
        let marked = Marked { jvmti, classes, threads: Vec::new(), are_others: false };
        marked.set(true)?;
        Ok(marked)
    }

    /// The same, and all platform threads.
    pub(super) fn classes_and_threads(jvmti: &'j Jvmti, env: &Env<'f>) -> Result<Marked<'j, 'f>> {
        let (classes, threads) = (jvmti.loaded_classes(env)?, jvmti.threads(env)?);
        let marked = Marked { jvmti, classes, threads, are_others: false };
        marked.set(true)?;
        Ok(marked)
    }

    /// The highest mark that is given.
    pub(super) fn highest(&self) -> usize {
        self.classes.len() + self.threads.len()
    }

    /// The classes and threads, unmarked.
    pub(super) fn into_lists(mut self) -> (Vec<Local<'f, Class>>, Vec<Local<'f>>) {
        self.unmark();
        (std::mem::take(&mut self.classes), std::mem::take(&mut self.threads))
    }

    /// Sets all marks, or takes them away.
    fn set(&self, marks: bool) -> Result<()> {
        let handles = self.classes.iter().map(Ref::raw).chain(self.threads.iter().map(Ref::raw));
        for (mark, handle) in (1..).zip(handles) {
            // SAFETY: a live reference; a plain number.
            unsafe { jvmti!(self.jvmti, SetTag, handle, if marks { mark } else { 0 }) }?;
        }
        Ok(())
    }

    fn unmark(&mut self) {
        if std::mem::take(&mut self.are_others) {
            let callbacks = HeapCallbacks { heap_iteration: Some(unmark), ..HeapCallbacks::default() };
            // SAFETY: the callback is called during this call only and is handed nothing.
            let done = unsafe {
                jvmti!(
                    self.jvmti,
                    IterateThroughHeap,
                    sys::HEAP_FILTER_UNTAGGED,
                    ptr::null_mut(),
                    &callbacks,
                    ptr::null()
                )
            };
            if let Err(error) = done {
                log::warn!("marks of a heap walk are left: {error}");
            }
        }
        // At worst numbers are left in a table of ours.
        let _ = self.set(false);
    }
}

impl Drop for Marked<'_, '_> {
    fn drop(&mut self) {
        self.unmark();
    }
}

/// Takes an object's mark away. The world stands still; nothing may be asked of the JVM here.
unsafe extern "C" fn unmark(
    _class: jlong,
    _size: jlong,
    tag: *mut jlong,
    _length: jint,
    _nothing: *mut c_void,
) -> jint {
    // SAFETY: a place of the JVM's for the time of this call.
    unsafe { *tag = 0 };
    sys::VISIT_OBJECTS
}

/// A mark as a place in a table; 0, which no table uses, for what is no mark of a walk.
#[inline]
pub(super) fn place(tag: jlong) -> usize {
    usize::try_from(tag).unwrap_or(0)
}

impl Jvmti {
    /// How many objects are marked. Walks the heap.
    ///
    /// For tests: after any other function here it is 0.
    pub fn marked_objects(&self) -> Result<u64> {
        unsafe extern "C" fn count(
            _class: jlong,
            _size: jlong,
            _tag: *mut jlong,
            _length: jint,
            count: *mut c_void,
        ) -> jint {
            // SAFETY: the counter below, which waits for the walk's end.
            unsafe { *count.cast::<u64>() += 1 };
            sys::VISIT_OBJECTS
        }
        let _alone = alone(self)?;
        let mut number = 0_u64;
        let callbacks = HeapCallbacks { heap_iteration: Some(count), ..HeapCallbacks::default() };
        let handed = ptr::from_mut(&mut number).cast_const().cast();
        // SAFETY: the callback is called during this call only, and `number` outlives it.
        unsafe {
            jvmti!(self, IterateThroughHeap, sys::HEAP_FILTER_UNTAGGED, ptr::null_mut(), &callbacks, handed)
        }?;
        Ok(number)
    }
}
