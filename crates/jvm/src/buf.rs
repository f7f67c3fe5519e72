//! Memory that a JVMTI function allocated for its answer, given back when dropped.

use std::ffi::{CStr, c_char};
use std::slice;

use crate::jvmti::Jvmti;
use crate::mutf8;

/// An array of `T` that the JVM allocated.
pub(crate) struct Buf<'j, T> {
    jvmti: &'j Jvmti,
    start: *mut T,
    count: usize,
}

impl<'j, T> Buf<'j, T> {
    /// # Safety
    /// `start` must be null, or allocated by this environment with at least `count` initialised values, and
    /// nobody else may give it back.
    pub(crate) unsafe fn new(jvmti: &'j Jvmti, start: *mut T, count: i32) -> Buf<'j, T> {
        let count = if start.is_null() { 0 } else { usize::try_from(count).unwrap_or(0) };
        Buf { jvmti, start, count }
    }

    pub(crate) fn slice(&self) -> &[T] {
        if self.count == 0 {
            return &[];
        }
        // SAFETY: not null, and `count` values are there (promised to `new`).
        unsafe { slice::from_raw_parts(self.start, self.count) }
    }
}

impl<T> Drop for Buf<'_, T> {
    fn drop(&mut self) {
        if !self.start.is_null() {
            self.jvmti.deallocate(self.start.cast());
        }
    }
}

/// The text of a C string that the JVM allocated, which is given back; `None` for null.
///
/// # Safety
/// `start` must be null, or a C string allocated by this environment that nobody else gives back.
pub(crate) unsafe fn text(jvmti: &Jvmti, start: *mut c_char) -> Option<String> {
    if start.is_null() {
        return None;
    }
    // SAFETY: by the caller; no length is claimed.
    let owner = unsafe { Buf::new(jvmti, start, 0) };
    // SAFETY: a C string that `owner` keeps for now.
    let text = unsafe { CStr::from_ptr(owner.start) };
    Some(mutf8::decode(text))
}
