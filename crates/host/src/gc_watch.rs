//! Watching collections as they happen.
//!
//! JVMTI says exactly when the application stood still, but not for which collector. The collectors'
//! beans know that, and the heap before and after, but only of their last collection. So each read
//! puts the pauses since the last read and what the beans say now together by their times.

use std::time::{Duration, Instant};

use jvm::gc::{self, Pause};
use jvm::{Env, Environment, Local, Ref, os};

use crate::error::Result;
use crate::gc::{Collection, Collector, by_counters};
use crate::gc_pairing::{Last, Seen, Span, put_together};
use crate::perf_data::PerfData;
use crate::{Host, clock, java, management};

/// What has happened since the last read.
#[derive(Debug, Default)]
pub struct GcEvents {
    /// In the order they began.
    pub collections: Vec<Collection>,
    /// Collections of which nothing is known but that they were.
    pub missed: u64,
}

/// Watches while it lives. The JVM's events are on only while somebody watches.
pub struct GcWatch<'h> {
    host: &'h Host,
    next: u64,
    /// What each bean said at the last read.
    seen: Vec<Seen>,
    heap_pools: Vec<String>,
    /// When the beans were last asked.
    looked: Instant,
    /// Monotonic nanoseconds at which the JVM's uptime was zero.
    jvm_start: u64,
    /// Milliseconds that the beans' clock is behind ours.
    lag: f64,
}

/// How long the beans are left alone while nothing pauses.
const LONGEST: Duration = Duration::from_secs(1);
const WHAT: &str = "Watching collections";
impl Host {
    /// Begins to watch.
    pub fn watch_collections(&self) -> Result<GcWatch<'_>> {
        let uptime = u64::try_from(self.uptime_millis()?).unwrap_or(0) * 1_000_000;
        let jvm_start = os::monotonic_ns().saturating_sub(uptime);
        let heap_pools = self.vm.with_env(heap_pools)?;
        let seen = self.vm.with_env(|env| look(env, &heap_pools))?;
        let mut watchers = self.gc_watchers.lock();
        self.environment.watch_gc()?;
        *watchers += 1;
        drop(watchers);
        // What the ring still holds is of an earlier watch.
        let next = gc::since(u64::MAX).next;
        Ok(GcWatch { host: self, next, seen, heap_pools, looked: Instant::now(), jvm_start, lag: 0.0 })
    }
}

impl Drop for GcWatch<'_> {
    fn drop(&mut self) {
        let mut watchers = self.host.gc_watchers.lock();
        *watchers = watchers.saturating_sub(1);
        if *watchers == 0
            && let Err(error) = self.host.environment.unwatch_gc()
        {
            log::warn!("collections are still watched: {error}");
        }
    }
}

/// Gives back what watching took.
pub(crate) fn give_back(environment: &Environment) -> Result<()> {
    Ok(environment.rest()?)
}

impl GcWatch<'_> {
    /// What has happened since the last read. Without a new pause it asks the beans, for cycles,
    /// once a second only, so it may be called every few milliseconds.
    pub fn read(&mut self) -> Result<GcEvents> {
        let is_quiet = gc::since(self.next).next == self.next;
        if is_quiet && self.looked.elapsed() < LONGEST {
            return Ok(GcEvents::default());
        }
        self.looked = Instant::now();
        let now = self.host.vm.with_env(|env| look(env, &self.heap_pools))?;
        let pauses = gc::since(self.next);
        self.next = pauses.next;
        let spans: Vec<Span> = pauses.pauses.iter().map(|pause| self.span(pause)).collect();
        let cause =
            PerfData::of_this_process().and_then(|data| data.text("sun.gc.lastCause").map(str::to_owned));
        let (told, missed_cycles) = put_together(&spans, &self.seen, &now, cause.as_deref(), &mut self.lag);
        self.seen = now;
        let epoch = clock::epoch_millis() - self.uptime_ms(os::monotonic_ns()) as i64;
        let collections = told
            .into_iter()
            .map(|told| Collection {
                time: self.host.local_time(epoch + told.start_ms as i64).time(),
                kind: told.kind,
                collector: told.collector,
                duration_ms: told.duration_ms,
                used_before: told.used.map(|(before, _)| before),
                used_after: told.used.map(|(_, after)| after),
                cause: told.cause,
            })
            .collect();
        Ok(GcEvents { collections, missed: pauses.missed + missed_cycles })
    }

    fn uptime_ms(&self, monotonic: u64) -> f64 {
        monotonic.saturating_sub(self.jvm_start) as f64 / 1e6
    }

    fn span(&self, pause: &Pause) -> Span {
        Span { start_ms: self.uptime_ms(pause.start_ns), end_ms: self.uptime_ms(pause.end_ns) }
    }
}

/// The names of the pools that are heap; a `GcInfo` speaks of all pools.
fn heap_pools(env: &Env<'_>) -> Result<Vec<String>> {
    let mut names = Vec::new();
    let pools = match management::beans(env, "MemoryPool", WHAT) {
        Err(error) if error.is_missing_module() => return Ok(names),
        pools => pools?,
    };
    env.each_object(&pools, |env, _, pool| -> Result<()> {
        if java::enum_name(env, &pool, "getType", "java/lang/management/MemoryType")? == "HEAP" {
            names.extend(java::text(env, &pool, "getName")?);
        }
        Ok(())
    })?;
    Ok(names)
}

/// Without `java.management` the performance counters give names and counts.
fn look(env: &Env<'_>, heap_pools: &[String]) -> Result<Vec<Seen>> {
    let mut all = Vec::new();
    let beans = match management::beans(env, "GarbageCollector", WHAT) {
        Err(error) if error.is_missing_module() => {
            let counted = PerfData::of_this_process().map(|data| by_counters(&data)).unwrap_or_default();
            let seen = |collector: Collector| Seen {
                name: collector.name,
                count: collector.collection_count,
                last: None,
            };
            return Ok(counted.into_iter().map(seen).collect());
        }
        beans => beans?,
    };
    env.each_object(&beans, |env, _, bean| -> Result<()> {
        all.push(Seen {
            name: java::text(env, &bean, "getName")?.unwrap_or_default(),
            count: java::long(env, &bean, "getCollectionCount")?,
            last: last_info(env, &bean, heap_pools)?,
        });
        Ok(())
    })?;
    Ok(all)
}

fn last_info(env: &Env<'_>, bean: &impl Ref, heap_pools: &[String]) -> Result<Option<Last>> {
    // An image without jdk.management has beans without this method.
    let info: jvm::Result<Option<Local<'_>>> =
        env.call(bean, "getLastGcInfo", "()Lcom/sun/management/GcInfo;", &[]);
    let Ok(Some(info)) = info else { return Ok(None) };
    Ok(Some(Last {
        id: java::long(env, &info, "getId")?,
        start: java::long(env, &info, "getStartTime")?,
        end: java::long(env, &info, "getEndTime")?,
        before: heap_used(env, &info, "getMemoryUsageBeforeGc", heap_pools)?,
        after: heap_used(env, &info, "getMemoryUsageAfterGc", heap_pools)?,
    }))
}

fn heap_used(env: &Env<'_>, info: &impl Ref, getter: &str, heap_pools: &[String]) -> Result<i64> {
    let map: Local<'_> = env.call(info, getter, "()Ljava/util/Map;", &[])?;
    let mut used = 0;
    for pool in heap_pools {
        used += env.frame(8, |env| -> Result<i64> {
            let name = env.new_string(pool)?;
            let descriptor = "(Ljava/lang/Object;)Ljava/lang/Object;";
            let usage: Option<Local<'_>> = env.call(&map, "get", descriptor, &[jvm::Value::of(&name)])?;
            usage.map_or(Ok(0), |usage| Ok(java::long(env, &usage, "getUsed")?))
        })?;
    }
    Ok(used)
}
