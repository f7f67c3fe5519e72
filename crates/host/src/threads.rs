//! All threads at once: who they are, what they do, what processor time they have used.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jvm::{Env, Local, Value};

use crate::error::Result;
use crate::thread_fields::ThreadFields;
use crate::thread_state::ThreadState;
use crate::{Host, management, process};

/// A thread that runs Java code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JavaThread {
    /// Java's id, from 1.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The name of its thread group; none once it has ended.
    pub group: Option<String>,
    /// 1 to 10.
    pub priority: i32,
    /// What it does.
    pub state: ThreadState,
    /// Whether its interrupt flag is set.
    pub interrupted: bool,
    /// Whether the JVM may end while it runs.
    pub daemon: bool,
    /// Processor time since it started.
    pub cpu: Duration,
}

/// A thread of the JVM itself: compilers, collectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InternalThread {
    /// Its name.
    pub name: String,
    /// Processor time since it started.
    pub cpu: Duration,
}

/// All threads at one moment. Virtual threads are not among them.
#[derive(Clone, Debug)]
pub struct Threads {
    /// Those that run Java code.
    pub java: Vec<JavaThread>,
    /// Those of the JVM itself.
    pub internal: Vec<InternalThread>,
    /// When they were looked at.
    pub taken: Instant,
}

/// Only the processor times: the first of two looks.
#[derive(Clone, Debug)]
pub struct CpuTimes {
    /// By Java's id.
    pub java: HashMap<i64, Duration>,
    /// By name.
    pub internal: HashMap<String, Duration>,
    /// When they were looked at.
    pub taken: Instant,
}

impl Threads {
    /// Only the processor times, for the next look to be compared with.
    pub fn cpu_times(&self) -> CpuTimes {
        let mut internal: HashMap<String, Duration> = HashMap::new();
        for thread in &self.internal {
            *internal.entry(thread.name.clone()).or_default() += thread.cpu;
        }
        CpuTimes {
            java: self.java.iter().map(|thread| (thread.id, thread.cpu)).collect(),
            internal,
            taken: self.taken,
        }
    }
}

impl Default for CpuTimes {
    fn default() -> Self {
        Self { java: HashMap::new(), internal: HashMap::new(), taken: Instant::now() }
    }
}

impl Host {
    /// All threads. The counters of the JVM's own threads need `java.management`, else their names
    /// and times come from `/proc`.
    pub fn threads(&self) -> Result<Threads> {
        self.vm.with_env(|env| {
            let internal = internal(env);
            let fields = self.thread_fields(env)?;
            let threads = self.environment.jvmti.threads(env)?;
            let ids = ids(env, &fields, &threads)?;
            let taken = Instant::now();
            let times = self.cpu_times(env, &threads, &ids)?;
            let mut groups = Groups::new(&fields);
            let mut java = Vec::with_capacity(threads.len());
            for (thread, cpu) in threads.iter().zip(times) {
                java.push(JavaThread { cpu, ..java_thread(env, &fields, &mut groups, thread)? });
            }
            Ok(Threads { java, internal, taken })
        })
    }

    /// The processor times of all threads.
    pub fn thread_cpu_times(&self) -> Result<CpuTimes> {
        self.vm.with_env(|env| {
            let mut times = CpuTimes::default();
            for thread in internal(env) {
                *times.internal.entry(thread.name).or_default() += thread.cpu;
            }
            let fields = self.thread_fields(env)?;
            let threads = self.environment.jvmti.threads(env)?;
            let ids = ids(env, &fields, &threads)?;
            times.taken = Instant::now();
            times.java = ids.iter().copied().zip(self.cpu_times(env, &threads, &ids)?).collect();
            Ok(times)
        })
    }

    /// The ids of live threads in these states.
    pub(crate) fn thread_ids(&self, env: &Env<'_>, states: &[ThreadState]) -> Result<Vec<i64>> {
        let fields = self.thread_fields(env)?;
        let mut ids = Vec::new();
        for thread in self.environment.jvmti.threads(env)? {
            let facts = fields.facts(env, &thread)?;
            if states.contains(&ThreadState::of_bits(facts.status)) {
                ids.push(fields.id(env, &thread)?);
            }
        }
        Ok(ids)
    }

    /// The live thread with an id.
    pub(crate) fn thread_by_id<'f>(&self, env: &Env<'f>, id: i64) -> Result<Option<Local<'f>>> {
        let fields = self.thread_fields(env)?;
        for thread in self.environment.jvmti.threads(env)? {
            if fields.id(env, &thread)? == id {
                return Ok(Some(thread));
            }
        }
        Ok(None)
    }
}

fn ids(env: &Env<'_>, fields: &ThreadFields, threads: &[Local<'_>]) -> Result<Vec<i64>> {
    threads.iter().map(|thread| fields.id(env, thread)).collect()
}

/// A thread without its processor time.
pub(crate) fn java_thread<'f>(
    env: &Env<'f>,
    fields: &ThreadFields,
    groups: &mut Groups<'_, 'f>,
    thread: &Local<'f>,
) -> Result<JavaThread> {
    let facts = fields.facts(env, thread)?;
    Ok(JavaThread {
        id: fields.id(env, thread)?,
        name: facts.name,
        group: facts.group.map(|group| groups.name(env, group)).transpose()?,
        priority: facts.priority,
        state: ThreadState::of_bits(facts.status),
        interrupted: facts.interrupted,
        daemon: facts.daemon,
        cpu: Duration::ZERO,
    })
}

/// Group names: thousands of threads share a few groups, so the last ones met are kept.
pub(crate) struct Groups<'a, 'f> {
    fields: &'a ThreadFields,
    known: Vec<(Local<'f>, String)>,
}

impl<'a, 'f> Groups<'a, 'f> {
    /// More groups than this are looked up each time.
    const KEPT: usize = 8;

    pub(crate) fn new(fields: &'a ThreadFields) -> Self {
        Self { fields, known: Vec::new() }
    }

    fn name(&mut self, env: &Env<'f>, group: Local<'f>) -> Result<String> {
        if let Some((_, name)) = self.known.iter().find(|(known, _)| env.is_same(known, &group)) {
            return Ok(name.clone());
        }
        let name = self.fields.group_name(env, &group)?;
        if self.known.len() < Self::KEPT {
            self.known.push((group, name.clone()));
        }
        Ok(name)
    }
}

/// The JVM's own threads; none if neither source answers.
fn internal(env: &Env<'_>) -> Vec<InternalThread> {
    match internal_by_bean(env) {
        Ok(threads) if !threads.is_empty() => threads,
        Ok(_) => internal_by_kernel(),
        Err(error) => {
            log::debug!("the JVM's own threads come from /proc: {error}");
            internal_by_kernel()
        }
    }
}

/// `sun.management.HotspotThread`, whose natives are in every JDK from 8 to 25.
fn internal_by_bean(env: &Env<'_>) -> Result<Vec<InternalThread>> {
    const WHAT: &str = "Listing the JVM's own threads";
    env.frame(16, |env| {
        let helper =
            management::class(env, "sun/management/ManagementFactoryHelper", "java.management", WHAT)?;
        let descriptor = "()Lsun/management/HotspotThreadMBean;";
        let bean: Local<'_> = env.call_static(&helper, "getHotspotThreadMBean", descriptor, &[])?;
        let count: i32 = env.call(&bean, "getInternalThreadCount", "()I", &[])?;
        // Some may start meanwhile; the JVM fills no more than there is room for.
        let room = usize::try_from(count).unwrap_or(0) + 8;
        let string = env.find_class("java/lang/String")?;
        let nothing: Vec<Option<Local<'_>>> = (0..room).map(|_| None).collect();
        let names = env.new_objects(&string, &nothing)?;
        let times = env.new_array(&vec![0_i64; room])?;
        let arguments = [Value::of(&names), Value::of(&times)];
        let filled: i32 =
            env.call(&bean, "getInternalThreadTimes0", "([Ljava/lang/String;[J)I", &arguments)?;
        let times: Vec<i64> = env.elements(&times)?;
        let mut threads = Vec::with_capacity(room);
        for (at, nanos) in times.into_iter().enumerate().take(usize::try_from(filled).unwrap_or(0)) {
            if let Some(name) = env.object_at(&names, at)? {
                let cpu = Duration::from_nanos(u64::try_from(nanos).unwrap_or(0));
                threads.push(InternalThread { name: env.string(&name)?, cpu });
            }
        }
        Ok(threads)
    })
}

/// Beginnings of the names HotSpot gives its own threads (`Thread::name` in its sources), as the
/// kernel has them: at most 15 bytes.
const HOTSPOT: [&str; 17] = [
    "VM Thread",
    "VM Periodic Tas",
    "GC Thread",
    "G1 ",
    "GC task thread",
    "ParGC Thread",
    "Concurrent Mark",
    "C1 CompilerThre",
    "C2 CompilerThre",
    "Sweeper thread",
    "Service Thread",
    "Monitor Deflati",
    "Shenandoah",
    "ZDriver",
    "ZWorker",
    "ZDirector",
    "JFR ",
];

fn internal_by_kernel() -> Vec<InternalThread> {
    process::tasks()
        .into_iter()
        .filter(|task| HOTSPOT.iter().any(|name| task.name.starts_with(name)))
        .map(|task| InternalThread { name: task.name, cpu: task.cpu })
        .collect()
}
