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
        let mut found = self.vm.with_env(|env| {
            let containers = env.find_class("jdk/internal/vm/ThreadContainers").map_err(|_| {
                let jdk = self.environment.jvmti.jdk();
                Error::sentence(format!("Virtual threads exist from JDK 21 on; this JVM is JDK {jdk}."))
            })?;
            let root: Local<'_> =
                env.call_static(&containers, "root", "()Ljdk/internal/vm/ThreadContainer;", &[])?;
            let fields = self.thread_fields(env)?;
            let mut walk = Walk::new(env, &fields, limit)?;
            walk.container(env, &root, 0)?;
            let root_class = env.class_name(&env.class_of(&root)?)?;
            if root_class.ends_with("CountingRootContainer") {
                // Not the sum of what was listed: the container counts only threads of no other one.
                walk.found.note = Some(untracked(env, &root)?);
            }
            Ok::<_, Error>(walk.found)
        })?;
        found.took_ms = started.elapsed().as_micros() as f64 / 1_000.0;
        Ok(found)
    }
}

/// `-Djdk.trackAllThreads=false`, or the default of some JDKs: only a number is kept.
fn untracked(env: &Env<'_>, root: &Local<'_>) -> Result<String> {
    let count: i64 = env.call(root, "threadCount", "()J", &[])?;
    Ok(format!(
        "This JVM does not track threads that were started without an executor ({count} threads, platform threads \
         included); starting it with -Djdk.trackAllThreads=true lists them."
    ))
}

struct Walk<'a, 'f> {
    fields: &'a ThreadFields,
    virtual_class: Local<'f, Class>,
    state: Method,
    has_next: Method,
    next: Method,
    limit: usize,
    found: VirtualThreads,
}

impl<'a, 'f> Walk<'a, 'f> {
    fn new(env: &Env<'f>, fields: &'a ThreadFields, limit: usize) -> Result<Self> {
        let thread = env.find_class("java/lang/Thread")?;
        let iterator = env.find_class("java/util/Iterator")?;
        Ok(Self {
            fields,
            virtual_class: env.find_class("java/lang/BaseVirtualThread")?,
            state: env.method(&thread, "getState", "()Ljava/lang/Thread$State;")?,
            has_next: env.method(&iterator, "hasNext", "()Z")?,
            next: env.method(&iterator, "next", "()Ljava/lang/Object;")?,
            limit,
            found: VirtualThreads::default(),
        })
    }

    /// The container's own threads, then those of the containers within it.
    fn container(&mut self, env: &Env<'_>, container: &Local<'_>, depth: usize) -> Result<()> {
        let name: String = env.call(container, "toString", "()Ljava/lang/String;", &[])?;
        let threads: Local<'_> = env.call(container, "threads", "()Ljava/util/stream/Stream;", &[])?;
        let threads: Local<'_> = env.call(&threads, "iterator", "()Ljava/util/Iterator;", &[])?;
        while !self.found.has_more && self.has_next.call::<bool>(env, &threads, &[])? {
            env.frame(16, |env| -> Result<()> {
                let thread: Local<'_> = self.next.call(env, &threads, &[])?;
                if env.is_instance(&thread, &self.virtual_class)? {
                    if self.found.virtual_threads.len() >= self.limit {
                        self.found.has_more = true;
                    } else {
                        let thread = self.thread(env, &thread, &name)?;
                        self.found.virtual_threads.push(thread);
                    }
                }
                Ok(())
            })?;
        }
        if depth >= DEEPEST || self.found.has_more {
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

    fn thread(&self, env: &Env<'_>, thread: &Local<'_>, container: &str) -> Result<VirtualThread> {
        let state: Local<'_> = self.state.call(env, thread, &[])?;
        let state: String = env.call(&state, "name", "()Ljava/lang/String;", &[])?;
        Ok(VirtualThread {
            id: self.fields.id(env, thread)?,
            name: self.fields.name(env, thread)?,
            state: ThreadState::of_name(&state).unwrap_or(ThreadState::Runnable),
            is_virtual: true,
            container: container.to_owned(),
        })
    }
}
