//! Whether the heap has room for what a part allocates. An application that would run into its limit because of us, or a
//! JVM that ends itself at its first OutOfMemoryError, is worse than a command that says no.

use jvm::{Env, Local};

use crate::error::{Error, Result};

/// What may still be allocated, in bytes: what is free, and what the heap may still grow by.
pub(super) fn left(env: &Env<'_>) -> Result<u64> {
    let class = env.find_class("java/lang/Runtime")?;
    let runtime: Local<'_> = env.call_static(&class, "getRuntime", "()Ljava/lang/Runtime;", &[])?;
    let ask = |name| env.call::<i64>(&runtime, name, "()J", &[]);
    let (most, total, free) = (ask("maxMemory")?, ask("totalMemory")?, ask("freeMemory")?);
    Ok(u64::try_from(most.saturating_sub(total).saturating_add(free)).unwrap_or(0))
}

/// An error where less than `wanted` bytes are left; `what` needs them.
pub(super) fn check(env: &Env<'_>, wanted: u64, what: &str) -> Result<()> {
    let left = left(env)?;
    if left >= wanted {
        return Ok(());
    }
    Err(Error::sentence(format!(
        "{what} takes up to {} MB of heap and {} MB are left: it would be the application that runs out of memory.",
        wanted >> 20,
        left >> 20
    )))
}
