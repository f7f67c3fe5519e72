//! Whether the heap has room for what a part allocates. An application that would run into its limit because of us, or a
//! JVM that ends itself at its first OutOfMemoryError, is worse than a command that says no.

use jvm::{Env, Local};

use crate::error::{Error, Result};
use crate::memory::{heap_by_runtime, usage};
use crate::{java, management};

const WHAT: &str = "Telling what a collection would free";

/// What may be allocated before the next collection, in bytes: what is free, and what the heap may still grow by.
fn free(env: &Env<'_>) -> Result<u64> {
    let heap = heap_by_runtime(env)?;
    Ok(u64::try_from(heap.max.saturating_sub(heap.used)).unwrap_or(0))
}

/// What the next collection would free, roughly: all of Eden, and of other spaces what has come since their last
/// collection. A heap that is as large as it may be is full of that most of the time. Of a space that was never collected
/// nothing is known.
fn garbage(env: &Env<'_>) -> Result<u64> {
    let mut sum = 0_i64;
    env.each_object(&management::beans(env, "MemoryPool", WHAT)?, |env, _, pool: Local<'_>| -> Result<()> {
        if java::enum_name(env, &pool, "getType", "java/lang/management/MemoryType")? != "HEAP" {
            return Ok(());
        }
        let name: String = env.call(&pool, "getName", "()Ljava/lang/String;", &[])?;
        let (now, after) =
            (usage(env, &pool, "getUsage")?.used, usage(env, &pool, "getCollectionUsage")?.used);
        sum = sum.saturating_add(match after {
            _ if name.contains("Eden") => now,
            1.. => now.saturating_sub(after).max(0),
            _ => 0,
        });
        Ok(())
    })?;
    Ok(u64::try_from(sum).unwrap_or(0))
}

/// An error where less than `wanted` bytes are left; `what` needs them.
pub(super) fn check(env: &Env<'_>, wanted: u64, what: &str) -> Result<()> {
    let mut left = free(env)?;
    if left < wanted {
        // Half of it: some of what came since the last collection lives. Images without the beans have what is free.
        left = left.saturating_add(garbage(env).unwrap_or(0) / 2);
    }
    if left >= wanted {
        return Ok(());
    }
    Err(Error::sentence(format!(
        "{what} takes up to {} MB of heap and {} MB are left: it would be the application that runs out of memory.",
        wanted >> 20,
        left >> 20
    )))
}
