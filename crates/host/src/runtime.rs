//! What the JVM is: its product, start, arguments, classes loaded, compiler, threads counted.
//!
//! Most of it is in system properties; the rest comes from the platform's beans, or from the
//! performance counters on an image without `java.management`.

use jvm::{Env, Local};

use crate::error::Result;
use crate::memory::MemoryUsage;
use crate::perf_data::PerfData;
use crate::{Host, java, management, memory, process, properties};

/// The process and its JVM.
#[derive(Clone, Debug, Default)]
pub struct Runtime {
    /// `pid@host`.
    pub machine_name: String,
    /// When the JVM started, milliseconds since the epoch.
    pub start_millis: i64,
    /// Of `java.management`, if there.
    pub management_spec_version: Option<String>,
    /// Options given to the JVM.
    pub arguments: Vec<String>,
}

/// Loaded classes.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClassLoading {
    /// Loaded now.
    pub loaded: i64,
    /// Loaded since the start.
    pub total: i64,
    /// Unloaded since the start.
    pub unloaded: i64,
    /// Whether loading is logged; unknown without `java.management`.
    pub verbose: Option<bool>,
}

/// The just-in-time compiler.
#[derive(Clone, Debug, Default)]
pub struct Compilation {
    /// Its name.
    pub name: String,
    /// Milliseconds it has compiled.
    pub millis: i64,
}

/// Threads counted. Virtual ones are not among them.
#[derive(Clone, Copy, Debug, Default)]
pub struct ThreadCounts {
    /// Live now.
    pub live: i64,
    /// Of those, daemons.
    pub daemon: i64,
    /// The most there were at once.
    pub peak: i64,
    /// Started since the start.
    pub started: i64,
}

/// The heap and the rest.
#[derive(Clone, Debug)]
pub struct MemorySums {
    /// The heap.
    pub heap: MemoryUsage,
    /// Everything else; unknown without `java.management`.
    pub nonheap: Option<MemoryUsage>,
    /// Objects that wait for their finalizer.
    pub pending_finalization: Option<i64>,
    /// Managers with the pools they manage.
    pub managers: Vec<(String, Vec<String>)>,
}

const WHAT: &str = "Describing the JVM";

impl Host {
    /// Process and JVM.
    pub fn runtime(&self) -> Result<Runtime> {
        self.vm.with_env(|env| {
            let host = process::host_name().unwrap_or_else(|| "localhost".to_owned());
            let machine_name = format!("{}@{host}", std::process::id());
            let runtime = match management::bean(env, "Runtime", WHAT) {
                Ok(bean) => Runtime {
                    machine_name: java::text(env, &bean, "getName")?.unwrap_or(machine_name),
                    start_millis: java::long(env, &bean, "getStartTime")?,
                    management_spec_version: java::text(env, &bean, "getManagementSpecVersion")?,
                    arguments: list(env, &bean, "getInputArguments")?,
                },
                Err(error) if error.is_missing_module() => Runtime {
                    machine_name,
                    start_millis: counter("sun.rt.createVmBeginTime").unwrap_or(0),
                    management_spec_version: None,
                    arguments: base_arguments(env)?,
                },
                Err(error) => return Err(error),
            };
            Ok(runtime)
        })
    }

    /// Milliseconds since the JVM started.
    pub fn uptime_millis(&self) -> Result<i64> {
        self.vm.with_env(|env| match management::bean(env, "Runtime", WHAT) {
            Ok(bean) => Ok(java::long(env, &bean, "getUptime")?),
            Err(error) if error.is_missing_module() => {
                let start = counter("sun.rt.createVmBeginTime");
                Ok(start.map_or(0, |start| crate::clock::epoch_millis() - start))
            }
            Err(error) => Err(error),
        })
    }

    /// Loaded classes.
    pub fn class_loading(&self) -> Result<ClassLoading> {
        self.vm.with_env(|env| match management::bean(env, "ClassLoading", WHAT) {
            Ok(bean) => {
                let loaded: i32 = env.call(&bean, "getLoadedClassCount", "()I", &[])?;
                Ok(ClassLoading {
                    loaded: i64::from(loaded),
                    total: java::long(env, &bean, "getTotalLoadedClassCount")?,
                    unloaded: java::long(env, &bean, "getUnloadedClassCount")?,
                    verbose: Some(env.call(&bean, "isVerbose", "()Z", &[])?),
                })
            }
            Err(error) if error.is_missing_module() => {
                // The shared ones (from a class archive) are counted apart.
                let both = |what: &str| {
                    let own = counter(&format!("java.cls.{what}")).unwrap_or(0);
                    own + counter(&format!("java.cls.shared{}", capitalised(what))).unwrap_or(0)
                };
                let (total, unloaded) = (both("loadedClasses"), both("unloadedClasses"));
                Ok(ClassLoading { loaded: total - unloaded, total, unloaded, verbose: None })
            }
            Err(error) => Err(error),
        })
    }

    /// The compiler; `None` for a JVM that only interprets.
    pub fn compilation(&self) -> Result<Option<Compilation>> {
        self.vm.with_env(|env| {
            let factory = match management::factory(env, WHAT) {
                Ok(factory) => factory,
                Err(error) if error.is_missing_module() => {
                    let time = PerfData::of_this_process().and_then(|data| data.ticks("java.ci.totalTime"));
                    let millis = time.map(|time| i64::try_from(time.as_millis()).unwrap_or(i64::MAX));
                    let name = properties::property(env, "sun.management.compiler")?.unwrap_or_default();
                    return Ok(millis.map(|millis| Compilation { name, millis }));
                }
                Err(error) => return Err(error),
            };
            let descriptor = "()Ljava/lang/management/CompilationMXBean;";
            let bean: Option<Local<'_>> =
                env.call_static(&factory, "getCompilationMXBean", descriptor, &[])?;
            let Some(bean) = bean else { return Ok(None) };
            Ok(Some(Compilation {
                name: java::text(env, &bean, "getName")?.unwrap_or_default(),
                // Every HotSpot measures it; the bean throws on JVMs that do not.
                millis: java::long(env, &bean, "getTotalCompilationTime").unwrap_or(-1),
            }))
        })
    }

    /// Threads counted.
    pub fn thread_counts(&self) -> Result<ThreadCounts> {
        self.vm.with_env(|env| match management::bean(env, "Thread", WHAT) {
            Ok(bean) => {
                let count = |getter: &str| -> Result<i64> {
                    Ok(i64::from(env.call::<i32>(&bean, getter, "()I", &[])?))
                };
                Ok(ThreadCounts {
                    live: count("getThreadCount")?,
                    daemon: count("getDaemonThreadCount")?,
                    peak: count("getPeakThreadCount")?,
                    started: java::long(env, &bean, "getTotalStartedThreadCount")?,
                })
            }
            Err(error) if error.is_missing_module() => {
                let count = |name: &str| counter(&format!("java.threads.{name}")).unwrap_or(-1);
                Ok(ThreadCounts {
                    live: count("live"),
                    daemon: count("daemon"),
                    peak: count("livePeak"),
                    started: count("started"),
                })
            }
            Err(error) => Err(error),
        })
    }

    /// Heap and the rest, and who manages them.
    pub fn memory_sums(&self) -> Result<MemorySums> {
        self.vm.with_env(|env| match management::bean(env, "Memory", WHAT) {
            Ok(bean) => {
                let pending: i32 = env.call(&bean, "getObjectPendingFinalizationCount", "()I", &[])?;
                Ok(MemorySums {
                    heap: memory::usage(env, &bean, "getHeapMemoryUsage")?,
                    nonheap: Some(memory::usage(env, &bean, "getNonHeapMemoryUsage")?),
                    pending_finalization: Some(i64::from(pending)),
                    managers: managers(env)?,
                })
            }
            Err(error) if error.is_missing_module() => Ok(MemorySums {
                heap: memory::heap_by_runtime(env)?,
                nonheap: None,
                pending_finalization: None,
                managers: Vec::new(),
            }),
            Err(error) => Err(error),
        })
    }

    /// Processors the JVM may use: a container's share, not the machine's.
    pub fn processors(&self) -> Result<i32> {
        self.vm.with_env(|env| {
            let class = env.find_class("java/lang/Runtime")?;
            let runtime: Local<'_> = env.call_static(&class, "getRuntime", "()Ljava/lang/Runtime;", &[])?;
            Ok(env.call(&runtime, "availableProcessors", "()I", &[])?)
        })
    }
}

fn managers(env: &Env<'_>) -> Result<Vec<(String, Vec<String>)>> {
    let mut all = Vec::new();
    env.each_object(&management::beans(env, "MemoryManager", WHAT)?, |env, _, manager| -> Result<()> {
        let pools: Local<'_> = env.call(&manager, "getMemoryPoolNames", "()[Ljava/lang/String;", &[])?;
        all.push((java::text(env, &manager, "getName")?.unwrap_or_default(), java::strings(env, &pools)?));
        Ok(())
    })?;
    Ok(all)
}

fn list(env: &Env<'_>, of: &Local<'_>, getter: &str) -> Result<Vec<String>> {
    let list: Local<'_> = env.call(of, getter, "()Ljava/util/List;", &[])?;
    Ok(java::strings(env, &java::array(env, &list)?)?)
}

/// `jdk.internal.misc.VM.getRuntimeArguments`, in `java.base` from JDK 9 on; every JDK 8 has the bean.
fn base_arguments(env: &Env<'_>) -> Result<Vec<String>> {
    let vm = env.find_class("jdk/internal/misc/VM")?;
    let arguments: Option<Local<'_>> =
        env.call_static(&vm, "getRuntimeArguments", "()[Ljava/lang/String;", &[])?;
    Ok(arguments.map(|arguments| java::strings(env, &arguments)).transpose()?.unwrap_or_default())
}

/// When the JVM started, in milliseconds of the calendar. Unknown where it has neither counters nor beans.
pub(crate) fn start_millis(env: &Env<'_>) -> Option<i64> {
    counter("sun.rt.createVmBeginTime").or_else(|| {
        let bean = management::bean(env, "Runtime", WHAT).ok()?;
        java::long(env, &bean, "getStartTime").ok()
    })
}

fn counter(name: &str) -> Option<i64> {
    PerfData::of_this_process()?.number(name)
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
