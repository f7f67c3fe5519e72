//! Whether the heap has room for what a part allocates. An application that would run into its limit because of us, or a
//! JVM that ends itself at its first OutOfMemoryError, is worse than a command that says no.

use std::time::{Duration, Instant};

use jvm::{Env, Local};

use crate::Host;
use crate::error::{Error, Result};
use crate::memory::{heap_by_runtime, usage};
use crate::{java, management};

const WHAT: &str = "Telling what a collection would free";

/// The largest heap that is collected for a part, in bytes. Full of small live objects it takes the serial collector 80 ms
/// of processor time; one of 256 MB takes 160 ms, one of 512 MB 350 ms, for which the application would stand still.
const SMALL: u64 = 128 << 20;

/// The time between two such collections at least: the application pays for them.
const PAUSE: Duration = Duration::from_secs(10);

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

/// Sees that `wanted` bytes are left for `what`, an error where they are not. A small heap that only seems full is
/// collected first; the sentence for the user says so.
pub(crate) fn make(host: &Host, env: &Env<'_>, wanted: u64, what: &str) -> Result<Option<String>> {
    let (mut left, largest) = left(env, wanted)?;
    let mut told = None;
    if left < wanted && largest <= SMALL && may_collect(&mut host.parts.collected.lock()) {
        let collected = host.collect()?;
        (left, _) = self::left(env, wanted)?;
        told = Some(format!(
            "The heap of {} MB had no room for it and was collected first, in {:.0} ms: {} MB are left.",
            largest >> 20,
            collected.took_ms,
            left >> 20
        ));
        log::info!("{what}: {}", told.as_deref().unwrap_or_default());
    }
    if left >= wanted {
        return Ok(told);
    }
    let collected = if told.is_some() { ", even after a collection" } else { "" };
    Err(Error::sentence(format!(
        "{what} takes up to {} MB of heap and {} MB are left{collected}: it would be the application that runs out of \
         memory.",
        wanted >> 20,
        left >> 20
    )))
}

/// How much may be allocated, as far as that matters for `wanted` bytes, and how large the heap may be.
fn left(env: &Env<'_>, wanted: u64) -> Result<(u64, u64)> {
    let heap = heap_by_runtime(env)?;
    let bytes = |of: i64| u64::try_from(of).unwrap_or(0);
    let mut left = bytes(heap.max.saturating_sub(heap.used));
    if left < wanted {
        // Half of it: some of what came since the last collection lives. Images without the beans have what is free.
        left = left.saturating_add(garbage(env).unwrap_or(0) / 2);
    }
    Ok((left, bytes(heap.max)))
}

/// Whether a collection may be made now, and if so notes that it is.
fn may_collect(last: &mut Option<Instant>) -> bool {
    let may = last.is_none_or(|last| last.elapsed() >= PAUSE);
    if may {
        *last = Some(Instant::now());
    }
    may
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_keep_their_distance() {
        let mut last = None;
        assert!(may_collect(&mut last) && !may_collect(&mut last));
        last = Instant::now().checked_sub(PAUSE);
        assert!(last.is_none() || may_collect(&mut last));
    }
}
