//! The garbage collectors: what they have done in all, and what one collection is.

use jvm::Env;
use serde::Serialize;

use crate::error::Result;
use crate::perf_data::PerfData;
use crate::{Host, java, management};

pub use crate::gc_watch::{GcEvents, GcWatch};

/// What a collector's times mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The application stands still.
    Pause,
    /// It runs beside the application; its own short pauses are counted elsewhere.
    Cycle,
}

/// Since JDK 20 (JDK-8297247). For all its name it counts pauses, the two that end a concurrent marking
/// (remark and cleanup), and its times are theirs.
pub(crate) const G1_MARKING: &str = "G1 Concurrent GC";

impl Kind {
    /// By the names HotSpot gives its `GarbageCollectorMXBean`s.
    pub(crate) fn of_collector(name: &str) -> Self {
        match name {
            "ConcurrentMarkSweep"
            | "Shenandoah Cycles"
            | "ZGC"
            | "ZGC Cycles"
            | "ZGC Minor Cycles"
            | "ZGC Major Cycles" => Self::Cycle,
            _ => Self::Pause,
        }
    }
}

/// A collector's totals since the JVM started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Collector {
    /// The JVM's name of it.
    pub name: String,
    /// How many collections.
    pub collection_count: i64,
    /// Milliseconds they took together.
    pub collection_time: i64,
    /// Whether the application stood still for that time.
    pub kind: Kind,
}

/// One collection.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Collection {
    /// When it began, as a time of day in the JVM's zone.
    pub time: String,
    /// Whether the application stood still.
    pub kind: Kind,
    /// The collector; `unknown` if the JVM does not tell any more.
    pub collector: String,
    /// How long it took, in milliseconds. A pause is measured inside the stop, without the time it
    /// took to bring all threads to a halt.
    pub duration_ms: f64,
    /// Bytes of heap in use before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_before: Option<i64>,
    /// Bytes of heap in use after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used_after: Option<i64>,
    /// Why the JVM collected; `unknown` if it does not tell.
    pub cause: String,
}

impl Host {
    /// The totals of every collector. Without `java.management` from the performance counters.
    pub fn collectors(&self) -> Result<Vec<Collector>> {
        self.vm.with_env(|env| match by_beans(env) {
            Err(error) if error.is_missing_module() => match PerfData::of_this_process() {
                Some(data) => Ok(by_counters(&data)),
                None => Err(error),
            },
            answer => answer,
        })
    }
}

fn by_beans(env: &Env<'_>) -> Result<Vec<Collector>> {
    let mut all = Vec::new();
    let beans = management::beans(env, "GarbageCollector", "Counting collections")?;
    env.each_object(&beans, |env, _, bean| -> Result<()> {
        let name = java::text(env, &bean, "getName")?.unwrap_or_default();
        all.push(Collector {
            kind: Kind::of_collector(&name),
            name,
            collection_count: java::long(env, &bean, "getCollectionCount")?,
            collection_time: java::long(env, &bean, "getCollectionTime")?,
        });
        Ok(())
    })?;
    Ok(all)
}

/// Without `java.management`: names, counts and times.
pub(crate) fn by_counters(data: &PerfData) -> Vec<Collector> {
    let read = |number: u32| {
        let at = format!("sun.gc.collector.{number}");
        let time = data.ticks(&format!("{at}.time"))?;
        Some(Collector {
            name: data.text(&format!("{at}.name"))?.to_owned(),
            collection_count: data.number(&format!("{at}.invocations"))?,
            collection_time: i64::try_from(time.as_millis()).unwrap_or(i64::MAX),
            kind: Kind::Pause,
        })
    };
    (0..8).map_while(read).collect()
}
