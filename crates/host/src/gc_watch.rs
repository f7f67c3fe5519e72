//! Watching collections as they happen.
//!
//! JVMTI says exactly when the application stood still, but not for which collector. The collectors'
//! beans know that, and the heap before and after, but only of their last collection. So each read
//! puts the pauses since the last read and what the beans say now together by their times.

use std::time::{Duration, Instant};

use jvm::gc::{self, Pause};
use jvm::{Env, Environment, Local, Ref, os};

use crate::error::Result;
use crate::gc::{Collection, Collector, Kind, by_counters};
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

#[derive(Clone, Debug, Default)]
struct Seen {
    name: String,
    count: i64,
    last: Option<Last>,
}

/// A bean's `LastGcInfo`. Times in milliseconds since the JVM started.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Last {
    id: i64,
    start: i64,
    end: i64,
    before: i64,
    after: i64,
}

impl Last {
    /// The pause beans of ZGC and Shenandoah say nothing of the heap: all is zero there.
    fn used(&self) -> Option<(i64, i64)> {
        Some((self.before, self.after)).filter(|used| *used != (0, 0))
    }
}

/// How far the clocks of JVMTI and the beans may be apart, in milliseconds: both begin with the JVM,
/// but not in the same instruction. Where there is but one pause it tells by how much exactly.
const SLACK: f64 = 50.0;
/// How long the beans are left alone while nothing pauses.
const LONGEST: Duration = Duration::from_secs(1);
const WHAT: &str = "Watching collections";
const UNKNOWN: &str = "unknown";

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

/// A pause, in milliseconds since the JVM started.
#[derive(Clone, Copy, Debug)]
struct Span {
    start_ms: f64,
    end_ms: f64,
}

/// A collection before its time is written as a time of day.
#[derive(Clone, Debug, PartialEq)]
struct Told {
    start_ms: f64,
    kind: Kind,
    collector: String,
    duration_ms: f64,
    used: Option<(i64, i64)>,
    cause: String,
}

/// Puts pauses and what the beans say together; also gives the number of cycles that went by unseen.
fn put_together(
    pauses: &[Span],
    before: &[Seen],
    now: &[Seen],
    cause: Option<&str>,
    lag: &mut f64,
) -> (Vec<Told>, u64) {
    let mut told: Vec<Told> = pauses.iter().map(|pause| Told::unknown(*pause)).collect();
    let mut missed_cycles = 0;
    let mut unnamed = 0;
    let mut pausing: Vec<&Seen> = Vec::new();
    let grown: Vec<(&Seen, i64, Option<&Last>)> = now
        .iter()
        .zip(before)
        .filter(|(seen, last)| seen.count > last.count)
        .map(|(seen, last)| {
            let is_new = |info: &&Last| last.last.as_ref().is_none_or(|last| last.id != info.id);
            (seen, seen.count - last.count, seen.last.as_ref().filter(is_new))
        })
        .collect();
    if let ([pause], Some(info)) = (pauses, only_pause(&grown)) {
        *lag = pause.start_ms - info.start as f64;
    }
    for (seen, grown, info) in grown {
        match Kind::of_collector(&seen.name) {
            Kind::Cycle => {
                missed_cycles += u64::try_from(grown - i64::from(info.is_some())).unwrap_or(0);
                told.extend(info.map(|info| Told::cycle(&seen.name, info, *lag)));
            }
            Kind::Pause => {
                unnamed += usize::try_from(grown).unwrap_or(0);
                pausing.push(seen);
                if let Some(info) = info
                    && let Some(pause) = nearest(&mut told, info.start as f64 + *lag)
                {
                    pause.collector.clone_from(&seen.name);
                    pause.used = info.used();
                    unnamed = unnamed.saturating_sub(1);
                }
            }
        }
    }
    // What the beans have overwritten is still known to be of the only collector that has paused.
    if let [only] = pausing.as_slice() {
        let nameless = told.iter_mut().filter(|told| told.kind == Kind::Pause && told.collector == UNKNOWN);
        nameless.take(unnamed).for_each(|pause| pause.collector.clone_from(&only.name));
    }
    // A pause that no collector counts belongs to what collects beside the application (G1's remark
    // and cleanup, for one).
    if pausing.is_empty() {
        let cycle = now.iter().find(|seen| Kind::of_collector(&seen.name) == Kind::Cycle);
        let name = cycle.map_or("concurrent cycle", |seen| seen.name.as_str());
        for pause in told.iter_mut().filter(|told| told.kind == Kind::Pause) {
            pause.collector = format!("{name} (part of a cycle)");
        }
    }
    told.sort_by(|a, b| a.start_ms.total_cmp(&b.start_ms));
    // The JVM keeps the cause of its last collection only.
    if let Some(cause) = cause.filter(|cause| *cause != "No GC")
        && !pausing.is_empty()
        && let Some(last) =
            told.iter_mut().rev().find(|told| told.kind == Kind::Pause && told.collector != UNKNOWN)
    {
        last.cause = cause.to_owned();
    }
    (told, missed_cycles)
}

/// What is said of the only pause that was counted, if one was.
fn only_pause<'a>(grown: &[(&Seen, i64, Option<&'a Last>)]) -> Option<&'a Last> {
    let mut pausing = grown.iter().filter(|(seen, ..)| Kind::of_collector(&seen.name) == Kind::Pause);
    match (pausing.next(), pausing.next()) {
        (Some((_, 1, info)), None) => *info,
        _ => None,
    }
}

/// The unnamed pause that began then, if one did.
fn nearest(told: &mut [Told], start_ms: f64) -> Option<&mut Told> {
    let distance = |told: &Told| (told.start_ms - start_ms).abs();
    told.iter_mut()
        .filter(|told| told.kind == Kind::Pause && told.collector == UNKNOWN && distance(told) <= SLACK)
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

impl Told {
    fn unknown(pause: Span) -> Self {
        Self {
            start_ms: pause.start_ms,
            kind: Kind::Pause,
            collector: UNKNOWN.to_owned(),
            duration_ms: ((pause.end_ms - pause.start_ms) * 1_000.0).round() / 1_000.0,
            used: None,
            cause: UNKNOWN.to_owned(),
        }
    }

    fn cycle(name: &str, info: &Last, lag: f64) -> Self {
        Self {
            start_ms: info.start as f64 + lag,
            kind: Kind::Cycle,
            collector: name.to_owned(),
            duration_ms: (info.end - info.start) as f64,
            used: info.used(),
            cause: UNKNOWN.to_owned(),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(name: &str, count: i64, last: Option<Last>) -> Seen {
        Seen { name: name.to_owned(), count, last }
    }

    fn last(id: i64, start: i64) -> Option<Last> {
        Some(Last { id, start, end: start + 5, before: 100, after: 10 })
    }

    fn pause(start_ms: f64) -> Span {
        Span { start_ms, end_ms: start_ms + 4.5 }
    }

    const YOUNG: &str = "G1 Young Generation";
    const CONCURRENT: &str = "G1 Concurrent GC";

    #[test]
    fn a_pause_gets_what_the_bean_says_of_it() {
        let before = [seen(YOUNG, 1, last(1, 100))];
        let now = [seen(YOUNG, 2, last(2, 1_003))];
        let (told, missed) =
            put_together(&[pause(1_000.0)], &before, &now, Some("Allocation Failure"), &mut 0.0);
        let expected = Told {
            start_ms: 1_000.0,
            kind: Kind::Pause,
            collector: YOUNG.to_owned(),
            duration_ms: 4.5,
            used: Some((100, 10)),
            cause: "Allocation Failure".to_owned(),
        };
        assert_eq!((told, missed), (vec![expected], 0));
    }

    #[test]
    fn a_single_pause_sets_the_clocks_that_several_are_matched_by() {
        let mut lag = 0.0;
        let before = [seen(YOUNG, 1, last(1, 100))];
        let now = [seen(YOUNG, 2, last(2, 3_000))];
        put_together(&[pause(1_000.0)], &before, &now, None, &mut lag);
        assert_eq!(lag, -2_000.0);
        let later = [seen(YOUNG, 4, last(4, 5_000))];
        let (told, _) = put_together(&[pause(2_900.0), pause(3_001.0)], &now, &later, None, &mut lag);
        assert_eq!(told.iter().map(|told| told.used.is_some()).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn of_several_pauses_between_two_reads_only_the_last_has_details() {
        let before = [seen(YOUNG, 1, None)];
        let now = [seen(YOUNG, 4, last(4, 3_000))];
        let pauses = [pause(1_000.0), pause(2_000.0), pause(3_000.0)];
        let (told, _) = put_together(&pauses, &before, &now, Some("Allocation Failure"), &mut 0.0);
        let rows: Vec<_> =
            told.iter().map(|told| (told.collector.as_str(), told.used, told.cause.as_str())).collect();
        assert_eq!(
            rows,
            [
                (YOUNG, None, "unknown"),
                (YOUNG, None, "unknown"),
                (YOUNG, Some((100, 10)), "Allocation Failure")
            ]
        );
    }

    #[test]
    fn a_cycle_is_no_pause_and_its_pauses_are_its_own() {
        let before = [seen(YOUNG, 1, None), seen(CONCURRENT, 1, last(1, 10))];
        let now = [seen(YOUNG, 1, None), seen(CONCURRENT, 3, last(3, 500))];
        let (told, missed) = put_together(&[pause(504.0)], &before, &now, Some("No GC"), &mut 0.0);
        let rows: Vec<_> =
            told.iter().map(|told| (told.kind, told.collector.as_str(), told.duration_ms)).collect();
        assert_eq!(
            rows,
            [(Kind::Cycle, CONCURRENT, 5.0), (Kind::Pause, "G1 Concurrent GC (part of a cycle)", 4.5)]
        );
        assert_eq!(missed, 1, "the cycle before the last one was not seen");
    }

    #[test]
    fn a_bean_that_lags_behind_leaves_the_pause_unknown() {
        let before = [seen(YOUNG, 1, None), seen("G1 Old Generation", 0, None)];
        let now = [seen(YOUNG, 2, last(2, 9_000)), seen("G1 Old Generation", 1, None)];
        let (told, _) = put_together(&[pause(1_000.0)], &before, &now, None, &mut 0.0);
        assert_eq!(told.first().map(|told| told.collector.as_str()), Some("unknown"));
    }
}
