//! Direct byte buffers: memory outside the heap that Java code shares with native code. It may change or be
//! freed while we look, so it is only ever copied out while the buffer object is held.

use std::ptr;

use crate::env::{Env, jni};
use crate::error::{Result, room};
use crate::refs::Ref;

impl Env<'_> {
    /// Copies `length` bytes from `offset` out of a direct buffer, fewer at its end. `None` if the object is
    /// no direct buffer.
    pub fn direct_bytes(&self, buffer: &impl Ref, offset: usize, length: usize) -> Result<Option<Vec<u8>>> {
        self.ready()?;
        // SAFETY: any object may be asked; what is no direct buffer gives null.
        let start = unsafe { jni!(self, GetDirectBufferAddress, buffer.raw()) };
        // SAFETY: as above; it gives -1.
        let capacity = unsafe { jni!(self, GetDirectBufferCapacity, buffer.raw()) };
        let Ok(capacity) = usize::try_from(capacity) else { return Ok(None) };
        if start.is_null() {
            return Ok(None);
        }
        let length = length.min(capacity.saturating_sub(offset));
        let mut copy: Vec<u8> = room(length)?;
        for index in 0..length {
            let at = start.cast::<u8>().wrapping_add(offset).wrapping_add(index);
            // SAFETY: inside the buffer, which `buffer` keeps alive. Volatile, because others write there.
            copy.push(unsafe { ptr::read_volatile(at) });
        }
        Ok(Some(copy))
    }
}
