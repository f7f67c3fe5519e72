//! Calls that have not returned, in words: which thread is in them, for how long, and where it is now.

use std::collections::{HashMap, HashSet};

use jvm::{Capabilities, Capability, Env, Local};

use crate::Host;
use crate::advice::{Kind, Listener, ListenerSpec, OpenCall, StackRecord, hub};
use crate::error::{MissingModule, Result};
use crate::thread_bean::stack_trace;
use crate::thread_info::{Frame, frame_of_jvmti};

/// Virtual threads whose stacks are read at a time: each is a few microseconds of Java code on our thread.
const VIRTUAL_STACKS: usize = 200;

/// A call that has not returned.
#[derive(Clone, Debug)]
pub struct CallInFlight {
    /// The class, with dots.
    pub class: String,
    /// The method.
    pub method: String,
    /// How long it has been running, in ns.
    pub age_ns: u64,
    /// Java's id of the thread.
    pub thread_id: u64,
    /// Its name; virtual threads often have none.
    pub thread_name: String,
    /// Whether it is a virtual one.
    pub is_virtual: bool,
    /// Where it is now, innermost first; empty for a virtual thread that the JDK does not track.
    pub stack: Vec<Frame>,
}

impl Host {
    /// Registers a listener, on no method yet. Fails where bytes are to be told and the image lacks `java.management`.
    pub fn new_listener(&self, spec: ListenerSpec) -> Result<Listener> {
        if matches!(spec.kind, Kind::Trace(_)) {
            // For the lines of exceptions.
            self.words_for_frames()?;
        }
        let allocated = match &spec.kind {
            Kind::Trace(options) if options.alloc => {
                let module = MissingModule { module: "java.management", what: "Counting allocated bytes" };
                let found = self.vm.with_env(jvm::allocation::Allocated::find);
                Some(found.map_err(|_| module)?)
            }
            Kind::Trace(_) | Kind::Monitor { .. } | Kind::Stack { .. } | Kind::Watch(_) => None,
        };
        Ok(hub().register(spec, allocated))
    }

    /// The frames of a record in words.
    pub fn frames(&self, record: &StackRecord) -> Result<Vec<Frame>> {
        self.frames_in_words(&record.frames)
    }

    /// Frames in words.
    pub fn frames_in_words(&self, frames: &[jvm::probe::RawFrame]) -> Result<Vec<Frame>> {
        self.words_for_frames()?;
        self.vm.with_env(|env| {
            let frames = self.environment.jvmti.frames(env, frames)?;
            Ok(frames.into_iter().map(frame_of_jvmti).collect())
        })
    }

    fn words_for_frames(&self) -> Result<()> {
        let wanted = Capabilities::NONE.with(Capability::GetLineNumbers).with(Capability::GetSourceFileName);
        self.environment.ensure(wanted)?;
        Ok(())
    }

    /// The listener's calls that have not returned, the oldest first, with at most `depth` frames each. Calls of threads
    /// that have died in them are forgotten on the way.
    pub fn calls_in_flight(&self, listener: &Listener, depth: usize) -> Result<Vec<CallInFlight>> {
        if listener.in_flight().is_empty() {
            return Ok(Vec::new());
        }
        self.words_for_frames()?;
        self.vm.with_env(|env| {
            let threads = self.threads_by_id(env)?;
            listener.forget_calls(|thread| !thread.is_virtual && !threads.contains_key(&thread.key));
            let fields = self.thread_fields(env)?;
            let open = listener.in_flight();
            let mut of_virtual = self.virtual_stacks(env, &open, depth)?;
            let mut calls = Vec::with_capacity(open.len());
            for call in open {
                let (mut thread_name, mut stack) = of_virtual.remove(&call.thread.key).unwrap_or_default();
                if let Some(thread) = threads.get(&call.thread.key) {
                    thread_name = fields.name(env, thread)?;
                    // Fails for a thread that ended just now.
                    let frames = self.environment.jvmti.stack(env, thread, depth).unwrap_or_default();
                    stack = frames.into_iter().map(frame_of_jvmti).collect();
                }
                // What returned meanwhile has a stack that shows something else.
                if !listener.is_in_flight(&call) {
                    continue;
                }
                let word = |word: Option<&str>| word.unwrap_or("?").to_owned();
                calls.push(CallInFlight {
                    class: word(call.names.as_ref().map(|names| names.class())),
                    method: word(call.names.as_ref().map(|names| names.method())),
                    age_ns: call.age_ns,
                    thread_id: call.thread.key,
                    thread_name,
                    is_virtual: call.thread.is_virtual,
                    stack,
                });
            }
            Ok(calls)
        })
    }

    /// Name and stack of the virtual threads in the oldest of these calls, by their ids. Costs a walk through all.
    fn virtual_stacks(
        &self,
        env: &Env<'_>,
        open: &[OpenCall],
        depth: usize,
    ) -> Result<HashMap<u64, (String, Vec<Frame>)>> {
        let in_virtual = open.iter().filter(|call| call.thread.is_virtual).map(|call| call.thread.key);
        let mut wanted: HashSet<u64> = in_virtual.take(VIRTUAL_STACKS).collect();
        let mut found = HashMap::new();
        if wanted.is_empty() {
            return Ok(found);
        }
        let fields = self.thread_fields(env)?;
        self.each_virtual_thread(env, &mut |env, thread, _| {
            let id = fields.id(env, thread)?.cast_unsigned();
            if wanted.remove(&id) {
                let mut stack = stack_trace(env, thread)?;
                stack.truncate(depth);
                found.insert(id, (fields.name(env, thread)?, stack));
            }
            Ok(!wanted.is_empty())
        })?;
        Ok(found)
    }

    fn threads_by_id<'f>(&self, env: &Env<'f>) -> Result<HashMap<u64, Local<'f>>> {
        let fields = self.thread_fields(env)?;
        let threads = self.environment.jvmti.threads(env)?;
        threads.into_iter().map(|thread| Ok((fields.id(env, &thread)?.cast_unsigned(), thread))).collect()
    }
}
