//! Single threads in depth: stack, locks held and waited for; who blocks whom.
//!
//! From `ThreadMXBean`, because JVMTI tells of locks only to agents that were there from the start.
//! Without `java.management` the stack alone comes from JVMTI.

use std::fmt;

use jvm::{Capabilities, Capability, Env, Local};
use serde::Serialize;

use crate::error::Result;
use crate::thread_bean::{WHAT, by_bean, count_waiting};
use crate::thread_state::ThreadState;
use crate::threads::{Groups, java_thread};
use crate::{Host, management};

/// A thread as `java.lang.management.ThreadInfo` has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ThreadInfo {
    /// Java's id.
    pub thread_id: i64,
    /// Its name.
    pub thread_name: String,
    /// What it does.
    pub thread_state: ThreadState,
    /// Whether the JVM may end while it runs; JDK 9 and later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub daemon: Option<bool>,
    /// 1 to 10; JDK 9 and later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// Stack and locks.
    #[serde(flatten)]
    pub locks: Locks,
}

/// The part of a `ThreadInfo` that is about stack and locks.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Locks {
    /// Milliseconds spent waiting to enter monitors; -1 unless contention monitoring is on.
    pub blocked_time: i64,
    /// How often it waited to enter a monitor.
    pub blocked_count: i64,
    /// Milliseconds spent waiting for notifications; -1 unless contention monitoring is on.
    pub waited_time: i64,
    /// How often it waited for a notification.
    pub waited_count: i64,
    /// What it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_info: Option<LockInfo>,
    /// The same as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_name: Option<String>,
    /// Who holds it; -1 for nobody.
    pub lock_owner_id: i64,
    /// The name of who holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock_owner_name: Option<String>,
    /// Whether it executes native code.
    pub in_native: bool,
    /// Whether somebody has suspended it.
    pub suspended: bool,
    /// The stack, innermost first.
    pub stack_trace: Vec<Frame>,
    /// Monitors it holds, if asked for.
    pub locked_monitors: Vec<MonitorInfo>,
    /// Locks of `java.util.concurrent` it holds, if asked for.
    pub locked_synchronizers: Vec<LockInfo>,
}

impl Default for Locks {
    fn default() -> Self {
        Self {
            blocked_time: -1,
            blocked_count: -1,
            waited_time: -1,
            waited_count: -1,
            lock_info: None,
            lock_name: None,
            lock_owner_id: -1,
            lock_owner_name: None,
            in_native: false,
            suspended: false,
            stack_trace: Vec::new(),
            locked_monitors: Vec::new(),
            locked_synchronizers: Vec::new(),
        }
    }
}

/// A frame as `java.lang.StackTraceElement` has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Frame {
    /// The source file, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// The line; -1 if unknown, -2 in a native method.
    pub line_number: i32,
    /// The class, with dots.
    pub class_name: String,
    /// The method.
    pub method_name: String,
}

/// An object used as a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LockInfo {
    /// Its class.
    pub class_name: String,
    /// Its `System.identityHashCode`.
    pub identity_hash_code: i32,
}

impl fmt::Display for LockInfo {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}@{:x}", self.class_name, self.identity_hash_code)
    }
}

/// A monitor and where it was entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MonitorInfo {
    /// The object.
    #[serde(flatten)]
    pub lock: LockInfo,
    /// The index of the frame that entered it; -1 if unknown.
    pub locked_stack_depth: i32,
    /// That frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locked_stack_frame: Option<Frame>,
}

/// How much to ask of each thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stacks {
    /// How much of the stack.
    pub depth: Depth,
    /// With the monitors it holds.
    pub monitors: bool,
    /// With the locks of `java.util.concurrent` it holds; a walk through the heap on old JDKs.
    pub synchronizers: bool,
}

/// How much of a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// No frame.
    Nothing,
    /// All frames.
    Whole,
}

/// The lock most threads wait for.
#[derive(Clone, Debug)]
pub struct Blocking {
    /// Who holds it.
    pub owner: ThreadInfo,
    /// The lock's `System.identityHashCode`.
    pub lock: i32,
    /// How many threads wait for it.
    pub waiting: usize,
}

/// Frames JVMTI is asked for: HotSpot's own limit for stack traces.
const DEEPEST: usize = 1024;

impl Host {
    /// The threads with these ids, in their order; `None` for one that has ended or is virtual.
    pub fn thread_infos(&self, ids: &[i64], stacks: Stacks) -> Result<Vec<Option<ThreadInfo>>> {
        // Java throws on ids it never gives.
        if ids.is_empty() || ids.iter().any(|id| *id <= 0) {
            return Ok(ids.iter().map(|_| None).collect());
        }
        self.vm.with_env(|env| match by_bean(env, ids, stacks) {
            Err(error) if error.is_missing_module() && !stacks.monitors && !stacks.synchronizers => {
                ids.iter().map(|id| self.by_jvmti(env, *id)).collect()
            }
            answer => answer,
        })
    }

    /// The thread that holds the lock most others wait for; `None` if nobody waits for a lock that
    /// somebody holds.
    pub fn most_blocking_thread(&self) -> Result<Option<Blocking>> {
        use ThreadState::{Blocked, TimedWaiting, Waiting};
        let found = self.vm.with_env(|env| {
            let ids = self.thread_ids(env, &[Blocked, Waiting, TimedWaiting])?;
            count_waiting(env, &ids)
        })?;
        // Of several equally wanted locks the one of the oldest thread.
        let most = found.into_iter().max_by_key(|((owner, _), waiting)| (*waiting, -*owner));
        let Some(((owner, lock), waiting)) = most else { return Ok(None) };
        let stacks = Stacks { depth: Depth::Whole, monitors: true, synchronizers: true };
        let owner = self.thread_infos(&[owner], stacks)?.pop().flatten();
        Ok(owner.map(|owner| Blocking { owner, lock, waiting }))
    }

    /// The ids of threads that wait for each other in a circle.
    pub fn deadlocked_threads(&self) -> Result<Vec<i64>> {
        self.vm.with_env(|env| {
            let bean = management::bean(env, "Thread", WHAT)?;
            let ids: Option<Local<'_>> = env.call(&bean, "findDeadlockedThreads", "()[J", &[])?;
            Ok(ids.map(|ids| env.elements(&ids)).transpose()?.unwrap_or_default())
        })
    }

    fn by_jvmti(&self, env: &Env<'_>, id: i64) -> Result<Option<ThreadInfo>> {
        let wanted = Capabilities::NONE.with(Capability::GetLineNumbers).with(Capability::GetSourceFileName);
        self.environment.ensure(wanted)?;
        env.frame(64, |env| {
            let Some(thread) = self.thread_by_id(env, id)? else { return Ok(None) };
            let fields = self.thread_fields(env)?;
            let facts = java_thread(env, &fields, &mut Groups::new(&fields), &thread)?;
            let frames = self.environment.jvmti.stack(env, &thread, DEEPEST)?;
            let stack_trace = frames.into_iter().map(frame_of_jvmti).collect();
            Ok(Some(ThreadInfo {
                thread_id: id,
                thread_name: facts.name,
                thread_state: facts.state,
                daemon: Some(facts.daemon),
                priority: Some(facts.priority),
                locks: Locks { stack_trace, ..Locks::default() },
            }))
        })
    }
}

pub(crate) fn frame_of_jvmti(frame: jvm::Frame) -> Frame {
    let line = frame.line.and_then(|line| i32::try_from(line).ok()).unwrap_or(-1);
    Frame {
        file_name: frame.file.map(|file| file.to_string()),
        line_number: if frame.native { -2 } else { line },
        class_name: frame.class.to_string(),
        method_name: frame.method.to_string(),
    }
}
