//! Virtual threads, which neither JVMTI nor `ThreadMXBean` list.
//!
//! The JDK keeps track of them in thread containers for its own thread dump; we walk these. A
//! virtual thread that nobody tracks (see [`VirtualThreads::note`]) cannot be found by anyone.

use std::time::Instant;

use jvm::{Class, Env, Local, Method};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::thread_fields::ThreadFields;
use crate::thread_state::ThreadState;
use crate::{Host, java};

/// A virtual thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VirtualThread {
    /// Java's id.
    pub id: i64,
    /// Its name; most have none.
    pub name: String,
    /// What it does.
    pub state: ThreadState,
    /// True; tells the row from a platform thread's.
    #[serde(rename = "virtual")]
    pub is_virtual: bool,
    /// The executor or scope that started it; `<root>` for `Thread.startVirtualThread` and the like.
    pub container: String,
}

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VirtualThreads {
    /// As many as asked for.
    #[serde(rename = "threadStats")]
    pub virtual_threads: Vec<VirtualThread>,
    /// Whether there are more than asked for.
    pub has_more: bool,
    /// How long the walk took, in milliseconds. It stops nobody.
    pub took_ms: f64,
    /// What the JDK does not track, if it is set up so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Containers within containers (scopes that start scopes) are followed this deep.
const DEEPEST: usize = 64;

impl Host {
    /// At most `limit` virtual threads. They come and go meanwhile, so this is no snapshot.
    pub fn virtual_threads(&self, limit: usize) -> Result<VirtualThreads> {
        let started = Instant::now();
        let mut found = VirtualThreads::default();
        self.vm.with_env(|env| {
            let fields = self.thread_fields(env)?;
            let class = env.find_class("java/lang/Thread")?;
            let state = env.method(&class, "getState", "()Ljava/lang/Thread$State;")?;
            let root = self.each_virtual_thread(env, &mut |env, thread, container| {
                found.has_more = found.virtual_threads.len() >= limit;
                if !found.has_more {
                    found.virtual_threads.push(row(env, &fields, &state, thread, container)?);
                }
                Ok(!found.has_more)
            })?;
            let root_class = env.class_name(&env.class_of(&root)?)?;
            if root_class.ends_with("CountingRootContainer") {
                // Not the sum of what was listed: the container counts only threads of no other one.
                found.note = Some(untracked(env, &root)?);
            }
            Ok::<_, Error>(())
        })?;
        found.took_ms = started.elapsed().as_micros() as f64 / 1_000.0;
        Ok(found)
    }

    /// Shows every virtual thread that the JDK tracks, with its container's name, to `visit`, until it says false. Gives
    /// the outermost container.
    pub(crate) fn each_virtual_thread<'f>(&self, env: &Env<'f>, visit: &mut Visit<'_>) -> Result<Local<'f>> {
        let containers = env.find_class("jdk/internal/vm/ThreadContainers").map_err(|_| {
            let jdk = self.environment.jvmti.jdk();
            Error::sentence(format!("Virtual threads exist from JDK 21 on; this JVM is JDK {jdk}."))
        })?;
        let root = env.call_static(&containers, "root", "()Ljdk/internal/vm/ThreadContainer;", &[])?;
        Walk::new(env, visit)?.container(env, &root, 0)?;
        Ok(root)
    }
}

/// What is shown a thread; whether it wants more.
type Visit<'a> = dyn FnMut(&Env<'_>, &Local<'_>, &str) -> Result<bool> + 'a;

/// `-Djdk.trackAllThreads=false`, or the default of some JDKs: only a number is kept.
fn untracked(env: &Env<'_>, root: &Local<'_>) -> Result<String> {
    let count: i64 = env.call(root, "threadCount", "()J", &[])?;
    Ok(format!(
        "This JVM does not track threads that were started without an executor ({count} threads, platform threads \
         included); starting it with -Djdk.trackAllThreads=true lists them."
    ))
}

struct Walk<'a, 'v, 'f> {
    virtual_class: Local<'f, Class>,
    has_next: Method,
    next: Method,
    visit: &'a mut Visit<'v>,
    done: bool,
}

impl<'a, 'v, 'f> Walk<'a, 'v, 'f> {
    fn new(env: &Env<'f>, visit: &'a mut Visit<'v>) -> Result<Self> {
        let iterator = env.find_class("java/util/Iterator")?;
        Ok(Self {
            virtual_class: env.find_class("java/lang/BaseVirtualThread")?,
            has_next: env.method(&iterator, "hasNext", "()Z")?,
            next: env.method(&iterator, "next", "()Ljava/lang/Object;")?,
            visit,
            done: false,
        })
    }

    /// The container's own threads, then those of the containers within it.
    fn container(&mut self, env: &Env<'_>, container: &Local<'_>, depth: usize) -> Result<()> {
        let name: String = env.call(container, "toString", "()Ljava/lang/String;", &[])?;
        let threads: Local<'_> = env.call(container, "threads", "()Ljava/util/stream/Stream;", &[])?;
        let threads: Local<'_> = env.call(&threads, "iterator", "()Ljava/util/Iterator;", &[])?;
        while !self.done && self.has_next.call::<bool>(env, &threads, &[])? {
            env.frame(16, |env| -> Result<()> {
                let thread: Local<'_> = self.next.call(env, &threads, &[])?;
                if env.is_instance(&thread, &self.virtual_class)? {
                    self.done = !(self.visit)(env, &thread, &name)?;
                }
                Ok(())
            })?;
        }
        if depth >= DEEPEST || self.done {
            return Ok(());
        }
        let children: Local<'_> = env.call(container, "children", "()Ljava/util/stream/Stream;", &[])?;
        let children = java::array(env, &children)?;
        for at in 0..env.object_count(&children)? {
            env.frame(16, |env| -> Result<()> {
                match env.object_at(&children, at)? {
                    Some(child) => self.container(env, &child, depth + 1),
                    None => Ok(()),
                }
            })?;
        }
        Ok(())
    }
}

fn row(
    env: &Env<'_>,
    fields: &ThreadFields,
    state: &Method,
    thread: &Local<'_>,
    container: &str,
) -> Result<VirtualThread> {
    let state: Local<'_> = state.call(env, thread, &[])?;
    let state: String = env.call(&state, "name", "()Ljava/lang/String;", &[])?;
    Ok(VirtualThread {
        id: fields.id(env, thread)?,
        name: fields.name(env, thread)?,
        state: ThreadState::of_name(&state).unwrap_or(ThreadState::Runnable),
        is_virtual: true,
        container: container.to_owned(),
    })
}
