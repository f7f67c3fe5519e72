//! Stacks of threads, in words. One call stops the threads it reads only for the reading; turning ids into
//! words happens afterwards, while they run again.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::Arc;

use crate::buf::Buf;
use crate::env::Env;
use crate::error::{Result, room};
use crate::jvmti::{Jvmti, jvmti};
use crate::methods::{Met, MethodId};
use crate::refs::{Local, Ref};
use crate::sys::{FrameInfo, StackInfo};
use crate::threads::ThreadState;

/// One frame of a stack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// The class, with dots.
    pub class: Arc<str>,
    /// The method.
    pub method: Arc<str>,
    /// The source file, if the class says and `Capability::GetSourceFileName` is held.
    pub file: Option<Arc<str>>,
    /// The line, if the class says and `Capability::GetLineNumbers` is held.
    pub line: Option<u32>,
    /// Whether the method is native.
    pub native: bool,
}

/// A thread, what it was doing and where.
#[derive(Debug)]
pub struct ThreadStack<'f> {
    /// The thread.
    pub thread: Local<'f>,
    /// What it was doing.
    pub state: ThreadState,
    /// Innermost first.
    pub frames: Vec<Frame>,
}

impl Jvmti {
    /// The innermost `depth` frames of a thread.
    pub fn stack(&self, env: &Env<'_>, thread: &impl Ref, depth: usize) -> Result<Vec<Frame>> {
        env.ready()?;
        let mut buffer: Vec<MaybeUninit<FrameInfo>> = room(depth)?;
        buffer.resize(depth, MaybeUninit::uninit());
        let (limit, mut count) = (i32::try_from(depth).unwrap_or(i32::MAX), 0);
        let start = buffer.as_mut_ptr().cast();
        // SAFETY: a live reference, and `start` has room for `limit` frames.
        unsafe { jvmti!(self, GetStackTrace, thread.raw(), 0, limit, start, &mut count) }?;
        let mut met = Met::new(self);
        let filled = buffer.iter().take(usize::try_from(count).unwrap_or(0));
        // SAFETY: the call has filled the first `count` frames.
        Ok(filled.map(|at| met.frame(env, unsafe { at.assume_init_ref() })).collect())
    }

    /// All platform threads with their state and the innermost `depth` frames, read in one stop. A depth of 0
    /// is the cheapest way to the states of all threads.
    pub fn all_stacks<'f>(&self, env: &Env<'f>, depth: usize) -> Result<Vec<ThreadStack<'f>>> {
        env.ready()?;
        let (limit, mut count) = (i32::try_from(depth).unwrap_or(i32::MAX), 0);
        let mut stacks: *mut StackInfo = ptr::null_mut();
        // SAFETY: both pointers are ours for the call.
        unsafe { jvmti!(self, GetAllStackTraces, limit, &mut stacks, &mut count) }?;
        // SAFETY: allocated by the call, `count` of them; the frames lie in the same memory.
        let stacks = unsafe { Buf::new(self, stacks, count) };
        env.reserve(stacks.slice().len());
        // SAFETY: a new local reference in this frame.
        let threads = stacks.slice().iter().map(|one| Ok(unsafe { Local::from_raw(env, one.thread) }));
        self.in_words(env, stacks.slice(), threads)
    }

    /// The methods that are on a stack of a platform thread within its innermost `depth` frames, each once, in order.
    pub fn methods_on_stacks(&self, env: &Env<'_>, depth: usize) -> Result<Vec<MethodId>> {
        env.ready()?;
        let (limit, mut count) = (i32::try_from(depth).unwrap_or(i32::MAX), 0);
        let mut stacks: *mut StackInfo = ptr::null_mut();
        // SAFETY: both pointers are ours for the call.
        unsafe { jvmti!(self, GetAllStackTraces, limit, &mut stacks, &mut count) }?;
        // SAFETY: allocated by the call, `count` of them; the frames lie in the same memory.
        let stacks = unsafe { Buf::new(self, stacks, count) };
        env.reserve(stacks.slice().len());
        let mut all = Vec::new();
        for stack in stacks.slice() {
            // SAFETY: a new local reference in this frame.
            let _thread: Option<Local<'_>> = unsafe { Local::from_raw(env, stack.thread) };
            // SAFETY: the frames are in the memory that `stacks` holds.
            let frames = unsafe { frames_of(stack) };
            all.try_reserve(frames.len()).map_err(|_| crate::Error::NoMemory { wanted: frames.len() })?;
            all.extend(frames.iter().map(|at| MethodId::new(at.method)));
        }
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    /// The innermost `depth` frames of these threads, read in one stop.
    pub fn stacks_of<'f, R: Ref>(
        &self,
        env: &Env<'f>,
        threads: &[R],
        depth: usize,
    ) -> Result<Vec<ThreadStack<'f>>> {
        env.ready()?;
        if threads.is_empty() {
            return Ok(Vec::new());
        }
        let raw: Vec<_> = threads.iter().map(Ref::raw).collect();
        let (count, limit) =
            (i32::try_from(raw.len()).unwrap_or(0), i32::try_from(depth).unwrap_or(i32::MAX));
        let mut stacks: *mut StackInfo = ptr::null_mut();
        // SAFETY: `count` live references, and `stacks` is ours for the call.
        unsafe { jvmti!(self, GetThreadListStackTraces, count, raw.as_ptr(), limit, &mut stacks) }?;
        // SAFETY: allocated by the call, one for each thread; the frames lie in the same memory.
        let stacks = unsafe { Buf::new(self, stacks, count) };
        env.reserve(stacks.slice().len());
        // HotSpot hands back the very references it was given here, which are not ours to delete.
        let given = threads.iter().map(|thread| env.local(thread).map(|thread| Some(thread.into_object())));
        self.in_words(env, stacks.slice(), given)
    }

    fn in_words<'f>(
        &self,
        env: &Env<'f>,
        stacks: &[StackInfo],
        threads: impl Iterator<Item = Result<Option<Local<'f>>>>,
    ) -> Result<Vec<ThreadStack<'f>>> {
        let mut met = Met::new(self);
        let mut all = room(stacks.len())?;
        for (stack, thread) in stacks.iter().zip(threads) {
            let Some(thread) = thread? else { continue };
            // SAFETY: the frames are in the memory that the caller holds.
            let frames = unsafe { frames_of(stack) };
            let frames = frames.iter().map(|at| met.frame(env, at)).collect();
            all.push(ThreadStack { thread, state: ThreadState::new(stack.state), frames });
        }
        Ok(all)
    }
}

/// # Safety
/// `stack` must have been filled by the JVM, and its memory not given back.
unsafe fn frames_of(stack: &StackInfo) -> &[FrameInfo] {
    let count = usize::try_from(stack.frame_count).unwrap_or(0);
    if count == 0 || stack.frame_buffer.is_null() {
        return &[];
    }
    // SAFETY: the JVM says that `count` frames are there.
    unsafe { std::slice::from_raw_parts(stack.frame_buffer, count) }
}
