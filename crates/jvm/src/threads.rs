//! The application's threads. JVMTI lists platform threads only; virtual ones are never among them.

use std::ptr;

use crate::buf::{self, Buf};
use crate::env::Env;
use crate::error::{Error, Result, room};
use crate::jvmti::{Jvmti, jvmti};
use crate::refs::{Local, Ref};
use crate::sys;

/// What a thread is doing: the bits of JVMTI's `GetThreadState`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ThreadState(i32);

impl ThreadState {
    pub(crate) fn new(bits: i32) -> ThreadState {
        ThreadState(bits)
    }

    /// The name of the `java.lang.Thread.State` these bits stand for.
    pub fn java_name(self) -> &'static str {
        if self.has(sys::THREAD_STATE_TERMINATED) {
            "TERMINATED"
        } else if !self.has(sys::THREAD_STATE_ALIVE) {
            "NEW"
        } else if self.has(sys::THREAD_STATE_RUNNABLE) {
            "RUNNABLE"
        } else if self.has(sys::THREAD_STATE_BLOCKED_ON_MONITOR_ENTER) {
            "BLOCKED"
        } else if self.has(sys::THREAD_STATE_WAITING_WITH_TIMEOUT) {
            "TIMED_WAITING"
        } else {
            "WAITING"
        }
    }

    /// It has been started and has not ended.
    pub fn is_alive(self) -> bool {
        self.has(sys::THREAD_STATE_ALIVE)
    }

    /// It is in native code.
    pub fn is_in_native(self) -> bool {
        self.has(sys::THREAD_STATE_IN_NATIVE)
    }

    /// Somebody has suspended it.
    pub fn is_suspended(self) -> bool {
        self.has(sys::THREAD_STATE_SUSPENDED)
    }

    /// Its interrupt flag is set.
    pub fn is_interrupted(self) -> bool {
        self.has(sys::THREAD_STATE_INTERRUPTED)
    }

    fn has(self, bit: i32) -> bool {
        self.0 & bit != 0
    }
}

/// What the JVM knows of a thread without looking at its stack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ThreadInfo {
    /// Its Java name.
    pub name: String,
    /// 1 to 10.
    pub priority: i32,
    /// Whether it lets the JVM end.
    pub daemon: bool,
}

impl Jvmti {
    /// All live platform threads. 1 ms for 10,000 of them.
    pub fn threads<'f>(&self, env: &Env<'f>) -> Result<Vec<Local<'f>>> {
        env.ready()?;
        let (mut count, mut threads) = (0, ptr::null_mut());
        // SAFETY: both are ours for the call.
        unsafe { jvmti!(self, GetAllThreads, &mut count, &mut threads) }?;
        // SAFETY: allocated by the call, `count` of them.
        let threads = unsafe { Buf::new(self, threads, count) };
        env.reserve(threads.slice().len());
        let mut all = room(threads.slice().len())?;
        // SAFETY: each is a new local reference in this frame.
        all.extend(threads.slice().iter().filter_map(|raw| unsafe { Local::from_raw(env, *raw) }));
        Ok(all)
    }

    /// The thread this runs on.
    pub fn current_thread<'f>(&self, env: &Env<'f>) -> Result<Local<'f>> {
        env.ready()?;
        let mut raw = ptr::null_mut();
        // SAFETY: `raw` is ours for the call.
        unsafe { jvmti!(self, GetCurrentThread, &mut raw) }?;
        // SAFETY: a new local reference in this frame.
        unsafe { Local::from_raw(env, raw) }.ok_or_else(|| Error::Null { call: "GetCurrentThread".into() })
    }

    /// Name, priority, daemon. On JDK 25 this takes time that grows with the square of the number of threads
    /// if asked of all: read `Thread`'s fields then.
    pub fn thread_info(&self, env: &Env<'_>, thread: &impl Ref) -> Result<ThreadInfo> {
        self.thread_info_and_loader(env, thread).map(|(info, _)| info)
    }

    /// The same, and its context class loader; `None` for the boot loader.
    pub fn thread_info_and_loader<'f>(
        &self,
        env: &Env<'f>,
        thread: &impl Ref,
    ) -> Result<(ThreadInfo, Option<Local<'f>>)> {
        env.ready()?;
        let mut info = sys::ThreadInfo {
            name: ptr::null_mut(),
            priority: 0,
            is_daemon: 0,
            thread_group: ptr::null_mut(),
            context_class_loader: ptr::null_mut(),
        };
        // SAFETY: a live reference, and `info` is ours for the call.
        unsafe { jvmti!(self, GetThreadInfo, thread.raw(), &mut info) }?;
        // SAFETY: a new local reference in this frame, or null.
        let group: Option<Local<'_>> = unsafe { Local::from_raw(env, info.thread_group) };
        // SAFETY: as above.
        let loader = unsafe { Local::from_raw(env, info.context_class_loader) };
        drop(group);
        // SAFETY: a C string allocated by the call and given back once.
        let name = unsafe { buf::text(self, info.name) }.unwrap_or_default();
        Ok((ThreadInfo { name, priority: info.priority, daemon: info.is_daemon != 0 }, loader))
    }

    /// What a thread is doing. For all of them, take it from [`all_stacks`](Jvmti::all_stacks).
    pub fn thread_state(&self, thread: &impl Ref) -> Result<ThreadState> {
        let mut bits = 0;
        // SAFETY: a live reference, and `bits` is ours for the call.
        unsafe { jvmti!(self, GetThreadState, thread.raw(), &mut bits) }?;
        Ok(ThreadState(bits))
    }

    /// CPU time a thread has used, in nanoseconds. Needs `Capability::GetThreadCpuTime`.
    pub fn thread_cpu_ns(&self, thread: &impl Ref) -> Result<u64> {
        let mut nanos = 0;
        // SAFETY: a live reference, and `nanos` is ours for the call.
        unsafe { jvmti!(self, GetThreadCpuTime, thread.raw(), &mut nanos) }?;
        Ok(u64::try_from(nanos).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_give_the_java_state() {
        let name = |bits| ThreadState(bits).java_name();
        assert_eq!(name(0), "NEW");
        assert_eq!(name(0x2), "TERMINATED");
        assert_eq!(name(0x5), "RUNNABLE");
        assert_eq!(name(0x40_0005), "RUNNABLE");
        assert_eq!(name(0x401), "BLOCKED");
        assert_eq!(name(0x191), "WAITING");
        assert_eq!(name(0x291), "WAITING");
        assert_eq!(name(0xE1), "TIMED_WAITING");
    }
}
