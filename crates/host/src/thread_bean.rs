//! Threads as `ThreadMXBean` describes them, read through JNI.

use std::collections::HashMap;

use jvm::{Env, Local, Ref, Value};

use crate::error::Result;
use crate::thread_info::{Depth, Frame, LockInfo, Locks, MonitorInfo, Stacks, ThreadInfo};
use crate::thread_state::ThreadState;
use crate::{java, management};

pub(crate) const WHAT: &str = "Telling who waits for which lock";

/// By owner and lock, how many of these threads wait.
pub(crate) fn count_waiting(env: &Env<'_>, ids: &[i64]) -> Result<HashMap<(i64, i32), usize>> {
    let mut counts: HashMap<(i64, i32), usize> = HashMap::new();
    let stacks = Stacks { depth: Depth::Nothing, monitors: false, synchronizers: false };
    let infos = infos(env, ids, stacks)?;
    let class = env.find_class("java/lang/management/ThreadInfo")?;
    let owner = env.method(&class, "getLockOwnerId", "()J")?;
    env.each_object(&infos, |env, _, info| -> Result<()> {
        let owner: i64 = owner.call(env, &info, &[])?;
        if owner > 0
            && let Some(lock) = lock_info(env, &info)?
        {
            *counts.entry((owner, lock.identity_hash_code)).or_default() += 1;
        }
        Ok(())
    })?;
    Ok(counts)
}

/// An array of `ThreadInfo`, with null for threads that have ended.
fn infos<'f>(env: &Env<'f>, ids: &[i64], stacks: Stacks) -> Result<Local<'f>> {
    let bean = management::bean(env, "Thread", WHAT)?;
    let ids = env.new_array(ids)?;
    let all = "[Ljava/lang/management/ThreadInfo;";
    if stacks.monitors || stacks.synchronizers {
        let arguments = [Value::of(&ids), Value::from(stacks.monitors), Value::from(stacks.synchronizers)];
        return Ok(env.call(&bean, "getThreadInfo", &format!("([JZZ){all}"), &arguments)?);
    }
    let depth = match stacks.depth {
        Depth::Nothing => 0,
        Depth::Whole => i32::MAX,
    };
    Ok(env.call(&bean, "getThreadInfo", &format!("([JI){all}"), &[Value::of(&ids), Value::from(depth)])?)
}

pub(crate) fn by_bean(env: &Env<'_>, ids: &[i64], stacks: Stacks) -> Result<Vec<Option<ThreadInfo>>> {
    let infos = infos(env, ids, stacks)?;
    let mut all: Vec<Option<ThreadInfo>> = ids.iter().map(|_| None).collect();
    env.each_object(&infos, |env, at, info| -> Result<()> {
        if let Some(slot) = all.get_mut(at) {
            *slot = Some(read_info(env, &info)?);
        }
        Ok(())
    })?;
    Ok(all)
}

fn read_info(env: &Env<'_>, info: &Local<'_>) -> Result<ThreadInfo> {
    let state = java::enum_name(env, info, "getThreadState", "java/lang/Thread$State")?;
    Ok(ThreadInfo {
        thread_id: java::long(env, info, "getThreadId")?,
        thread_name: java::text(env, info, "getThreadName")?.unwrap_or_default(),
        thread_state: ThreadState::of_name(&state).unwrap_or(ThreadState::Runnable),
        daemon: env.call(info, "isDaemon", "()Z", &[]).ok(),
        priority: env.call(info, "getPriority", "()I", &[]).ok(),
        locks: Locks {
            blocked_time: java::long(env, info, "getBlockedTime")?,
            blocked_count: java::long(env, info, "getBlockedCount")?,
            waited_time: java::long(env, info, "getWaitedTime")?,
            waited_count: java::long(env, info, "getWaitedCount")?,
            lock_info: lock_info(env, info)?,
            lock_name: java::text(env, info, "getLockName")?,
            lock_owner_id: java::long(env, info, "getLockOwnerId")?,
            lock_owner_name: java::text(env, info, "getLockOwnerName")?,
            in_native: env.call(info, "isInNative", "()Z", &[])?,
            suspended: env.call(info, "isSuspended", "()Z", &[])?,
            stack_trace: stack_trace(env, info)?,
            locked_monitors: locked_monitors(env, info)?,
            locked_synchronizers: locked_synchronizers(env, info)?,
        },
    })
}

fn lock_info(env: &Env<'_>, info: &impl Ref) -> Result<Option<LockInfo>> {
    let lock: Option<Local<'_>> = env.call(info, "getLockInfo", "()Ljava/lang/management/LockInfo;", &[])?;
    lock.map(|lock| read_lock(env, &lock)).transpose()
}

fn read_lock(env: &Env<'_>, lock: &impl Ref) -> Result<LockInfo> {
    Ok(LockInfo {
        class_name: java::text(env, lock, "getClassName")?.unwrap_or_default(),
        identity_hash_code: env.call(lock, "getIdentityHashCode", "()I", &[])?,
    })
}

/// Of a `ThreadInfo`, or of a `Thread`: both have a method of that name.
pub(crate) fn stack_trace(env: &Env<'_>, info: &impl Ref) -> Result<Vec<Frame>> {
    let frames: Local<'_> = env.call(info, "getStackTrace", "()[Ljava/lang/StackTraceElement;", &[])?;
    let mut all = Vec::with_capacity(env.object_count(&frames)?);
    env.each_object(&frames, |env, _, frame| -> Result<()> {
        all.push(read_frame(env, &frame)?);
        Ok(())
    })?;
    Ok(all)
}

fn read_frame(env: &Env<'_>, frame: &impl Ref) -> Result<Frame> {
    Ok(Frame {
        file_name: java::text(env, frame, "getFileName")?,
        line_number: env.call(frame, "getLineNumber", "()I", &[])?,
        class_name: java::text(env, frame, "getClassName")?.unwrap_or_default(),
        method_name: java::text(env, frame, "getMethodName")?.unwrap_or_default(),
    })
}

fn locked_monitors(env: &Env<'_>, info: &impl Ref) -> Result<Vec<MonitorInfo>> {
    let monitors: Local<'_> =
        env.call(info, "getLockedMonitors", "()[Ljava/lang/management/MonitorInfo;", &[])?;
    let mut all = Vec::new();
    env.each_object(&monitors, |env, _, monitor| -> Result<()> {
        let descriptor = "()Ljava/lang/StackTraceElement;";
        let frame: Option<Local<'_>> = env.call(&monitor, "getLockedStackFrame", descriptor, &[])?;
        all.push(MonitorInfo {
            lock: read_lock(env, &monitor)?,
            locked_stack_depth: env.call(&monitor, "getLockedStackDepth", "()I", &[])?,
            locked_stack_frame: frame.map(|frame| read_frame(env, &frame)).transpose()?,
        });
        Ok(())
    })?;
    Ok(all)
}

fn locked_synchronizers(env: &Env<'_>, info: &impl Ref) -> Result<Vec<LockInfo>> {
    let descriptor = "()[Ljava/lang/management/LockInfo;";
    let locks: Local<'_> = env.call(info, "getLockedSynchronizers", descriptor, &[])?;
    let mut all = Vec::new();
    env.each_object(&locks, |env, _, lock| -> Result<()> {
        all.push(read_lock(env, &lock)?);
        Ok(())
    })?;
    Ok(all)
}
