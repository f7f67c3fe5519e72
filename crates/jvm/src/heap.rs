//! The heap as a whole. (Walking it needs tags and stops the world; it is not here yet.)

use crate::error::Result;
use crate::jvmti::{Jvmti, jvmti};
use crate::refs::Ref;

impl Jvmti {
    /// A full collection, like `System.gc()` but also with `-XX:+DisableExplicitGC`. Returns when it is done.
    pub fn force_garbage_collection(&self) -> Result<()> {
        // SAFETY: takes nothing.
        unsafe { jvmti!(self, ForceGarbageCollection) }
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
