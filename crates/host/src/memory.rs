//! How full the heap, the JVM's own areas and the buffer pools are.

use jvm::{Env, Local, Ref};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::perf_data::PerfData;
use crate::{Host, java, management};

/// One area. All in bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MemoryEntry {
    /// `heap`, `nonheap` or `buffer_pool`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The pool's name in lower case with `_` for blanks; `heap` and `nonheap` are the sums.
    pub name: String,
    /// In use.
    pub used: i64,
    /// Reserved from the system (for a buffer pool: the buffers' capacity).
    pub total: i64,
    /// The limit; -1 without one, `i64::MIN` for a buffer pool, which cannot have one.
    pub max: i64,
}

/// All areas, the sums first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// Where objects live.
    pub heap: Vec<MemoryEntry>,
    /// Metaspace, compiled code and the like.
    pub nonheap: Vec<MemoryEntry>,
    /// Memory outside the heap that NIO buffers take.
    pub buffer_pool: Vec<MemoryEntry>,
}

/// What a `java.lang.management.MemoryUsage` holds, in bytes; -1 where it does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MemoryUsage {
    /// Asked for at the start.
    pub init: i64,
    /// In use.
    pub used: i64,
    /// Reserved from the system.
    pub committed: i64,
    /// The limit.
    pub max: i64,
}

const HEAP: &str = "heap";
const NONHEAP: &str = "nonheap";
const BUFFERS: &str = "buffer_pool";
const WHAT: &str = "Memory pools";

impl Host {
    /// The areas as they are now. Without `java.management` the heap comes from `Runtime`, the pools
    /// from the performance counters, which HotSpot refreshes at collections only.
    pub fn memory(&self) -> Result<Memory> {
        self.vm.with_env(|env| match from_beans(env) {
            Err(error) if error.is_missing_module() => without_beans(env),
            answer => answer,
        })
    }
}

fn from_beans(env: &Env<'_>) -> Result<Memory> {
    let sums = management::bean(env, "Memory", WHAT)?;
    let mut memory = Memory {
        heap: vec![entry(HEAP, HEAP, usage(env, &sums, "getHeapMemoryUsage")?)],
        nonheap: vec![entry(NONHEAP, NONHEAP, usage(env, &sums, "getNonHeapMemoryUsage")?)],
        buffer_pool: Vec::new(),
    };
    env.each_object(&management::beans(env, "MemoryPool", WHAT)?, |env, _, pool| -> Result<()> {
        let name: String = env.call(&pool, "getName", "()Ljava/lang/String;", &[])?;
        let kind = java::enum_name(env, &pool, "getType", "java/lang/management/MemoryType")?;
        let usage = usage(env, &pool, "getUsage")?;
        match kind.as_str() {
            "HEAP" => memory.heap.push(entry(HEAP, &name, usage)),
            _ => memory.nonheap.push(entry(NONHEAP, &name, usage)),
        }
        Ok(())
    })?;
    let helper = management::class(env, "sun/management/ManagementFactoryHelper", "java.management", WHAT)?;
    let pools: Local<'_> = env.call_static(&helper, "getBufferPoolMXBeans", "()Ljava/util/List;", &[])?;
    memory.buffer_pool = buffer_pools(env, &pools)?;
    Ok(memory)
}

/// The list's elements have `getName`, `getMemoryUsed` and `getTotalCapacity`, beans or not.
fn buffer_pools(env: &Env<'_>, list: &impl Ref) -> Result<Vec<MemoryEntry>> {
    let mut pools = Vec::new();
    env.each_object(&java::array(env, list)?, |env, _, pool| -> Result<()> {
        let name: String = env.call(&pool, "getName", "()Ljava/lang/String;", &[])?;
        let (used, total) =
            (java::long(env, &pool, "getMemoryUsed")?, java::long(env, &pool, "getTotalCapacity")?);
        pools.push(MemoryEntry { kind: BUFFERS, name: plain_name(&name), used, total, max: i64::MIN });
        Ok(())
    })?;
    Ok(pools)
}

/// A `MemoryUsage` that a getter gives. A pool that has ceased to be valid gives none: all zero.
pub(crate) fn usage(env: &Env<'_>, of: &impl Ref, getter: &str) -> Result<MemoryUsage> {
    let usage: Option<Local<'_>> = env.call(of, getter, "()Ljava/lang/management/MemoryUsage;", &[])?;
    let Some(usage) = usage else {
        return Ok(MemoryUsage { init: 0, used: 0, committed: 0, max: -1 });
    };
    Ok(MemoryUsage {
        init: java::long(env, &usage, "getInit")?,
        used: java::long(env, &usage, "getUsed")?,
        committed: java::long(env, &usage, "getCommitted")?,
        max: java::long(env, &usage, "getMax")?,
    })
}

fn entry(kind: &'static str, name: &str, usage: MemoryUsage) -> MemoryEntry {
    MemoryEntry { kind, name: plain_name(name), used: usage.used, total: usage.committed, max: usage.max }
}

fn plain_name(name: &str) -> String {
    name.to_lowercase().replace(' ', "_")
}

/// The heap by `Runtime`; JDK 8 has the same methods.
pub(crate) fn heap_by_runtime(env: &Env<'_>) -> Result<MemoryUsage> {
    let class = env.find_class("java/lang/Runtime")?;
    let runtime: Local<'_> = env.call_static(&class, "getRuntime", "()Ljava/lang/Runtime;", &[])?;
    let committed = java::long(env, &runtime, "totalMemory")?;
    let free = java::long(env, &runtime, "freeMemory")?;
    let max = java::long(env, &runtime, "maxMemory")?;
    Ok(MemoryUsage { init: -1, used: committed.saturating_sub(free), committed, max })
}

fn without_beans(env: &Env<'_>) -> Result<Memory> {
    let mut memory = Memory { heap: vec![entry(HEAP, HEAP, heap_by_runtime(env)?)], ..Memory::default() };
    if let Some(data) = PerfData::of_this_process() {
        add_pools(&mut memory, &data);
    }
    memory.buffer_pool = match base_buffer_pools(env) {
        Ok(pools) => pools,
        // JDK 9 to 16 keep them in classes that differ from version to version.
        Err(Error::Jvm(_)) => Vec::new(),
        Err(other) => return Err(other),
    };
    Ok(memory)
}

/// `jdk.internal.misc.VM.getBufferPools`, in `java.base` from JDK 17 on.
fn base_buffer_pools(env: &Env<'_>) -> Result<Vec<MemoryEntry>> {
    let vm = env.find_class("jdk/internal/misc/VM")?;
    let pools: Local<'_> = env.call_static(&vm, "getBufferPools", "()Ljava/util/List;", &[])?;
    buffer_pools(env, &pools)
}

/// Pools that have counters: the generations' spaces, metaspace, compressed classes.
fn add_pools(memory: &mut Memory, data: &PerfData) {
    let read = |kind, name: &str, at: &str| {
        let number = |what: &str| data.number(&format!("{at}.{what}"));
        // What HotSpot has not measured yet is zero throughout, and would be a lie.
        let (used, total) = (number("used")?, number("capacity").filter(|total| *total > 0)?);
        let max = number("maxCapacity").unwrap_or(-1);
        Some(MemoryEntry { kind, name: plain_name(name), used, total, max })
    };
    for generation in 0..4 {
        for space in 0..8 {
            let at = format!("sun.gc.generation.{generation}.space.{space}");
            let Some(name) = data.text(&format!("{at}.name")) else { break };
            memory.heap.extend(read(HEAP, name, &at));
        }
    }
    memory.nonheap.extend(read(NONHEAP, "metaspace", "sun.gc.metaspace"));
    memory.nonheap.extend(read(NONHEAP, "compressed_class_space", "sun.gc.compressedclassspace"));
    if memory.nonheap.is_empty() {
        return;
    }
    let used = memory.nonheap.iter().map(|entry| entry.used).sum();
    let total = memory.nonheap.iter().map(|entry| entry.total).sum();
    memory.nonheap.insert(0, MemoryEntry { kind: NONHEAP, name: NONHEAP.to_owned(), used, total, max: -1 });
}
