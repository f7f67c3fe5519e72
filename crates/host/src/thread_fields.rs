//! Where `java.lang.Thread` keeps what we show of it.
//!
//! Reading the fields costs a few nanoseconds each and stops nobody. JVMTI's `GetThreadInfo` and
//! `GetThreadState` would do on JDK 8 to 21, but on 25 each call walks all threads: 10,000 threads
//! take 0.5 s. From JDK 19 on most fields are in `Thread.FieldHolder`.

use std::sync::Arc;

use jvm::{Class, Env, Field, Local, Method, Ref, Value};

use crate::Host;
use crate::error::Result;

/// The fields' ids, looked up once.
pub(crate) struct ThreadFields {
    id: Field,
    name: Field,
    /// JDK 19 and later: the object that holds the next four.
    holder: Option<Field>,
    group: Field,
    priority: Field,
    daemon: Field,
    status: Field,
    group_name: Field,
    interrupted: Interrupted,
}

/// JDK 14 moved the flag from the JVM into a field. The method is the private one behind
/// `isInterrupted()`, which the application may have overridden.
enum Interrupted {
    Field(Field),
    Method(Method),
}

/// What the fields say.
pub(crate) struct ThreadFacts<'f> {
    pub(crate) name: String,
    /// None once the thread has ended.
    pub(crate) group: Option<Local<'f>>,
    pub(crate) priority: i32,
    pub(crate) daemon: bool,
    /// See [`crate::thread_state`].
    pub(crate) status: i32,
    pub(crate) interrupted: bool,
}

impl Host {
    /// The ids, looked up at first use.
    pub(crate) fn thread_fields(&self, env: &Env<'_>) -> Result<Arc<ThreadFields>> {
        let mut kept = self.fields.lock();
        if let Some(fields) = &*kept {
            return Ok(fields.clone());
        }
        let fields = Arc::new(ThreadFields::find(env)?);
        *kept = Some(fields.clone());
        Ok(fields)
    }
}

impl ThreadFields {
    fn find(env: &Env<'_>) -> Result<Self> {
        const HOLDER: &str = "java/lang/Thread$FieldHolder";
        let thread = env.find_class("java/lang/Thread")?;
        let holder = env.find_class(HOLDER).ok();
        let of: &Local<'_, Class> = holder.as_ref().unwrap_or(&thread);
        let group = env.find_class("java/lang/ThreadGroup")?;
        let interrupted = match env.field(&thread, "interrupted", "Z") {
            Ok(field) => Interrupted::Field(field),
            Err(_) => Interrupted::Method(env.method(&thread, "isInterrupted", "(Z)Z")?),
        };
        Ok(Self {
            id: env.field(&thread, "tid", "J")?,
            name: env.field(&thread, "name", "Ljava/lang/String;")?,
            holder: holder
                .as_ref()
                .map(|_| env.field(&thread, "holder", &format!("L{HOLDER};")))
                .transpose()?,
            group: env.field(of, "group", "Ljava/lang/ThreadGroup;")?,
            priority: env.field(of, "priority", "I")?,
            daemon: env.field(of, "daemon", "Z")?,
            status: env.field(of, "threadStatus", "I")?,
            group_name: env.field(&group, "name", "Ljava/lang/String;")?,
            interrupted,
        })
    }

    /// The id Java gave the thread.
    pub(crate) fn id(&self, env: &Env<'_>, thread: &impl Ref) -> Result<i64> {
        Ok(self.id.get(env, thread)?)
    }

    /// The thread's name, which may be changed at any time.
    pub(crate) fn name(&self, env: &Env<'_>, thread: &impl Ref) -> Result<String> {
        // A thread that is just being made (attached from native code) may have none yet.
        Ok(self.name.get::<Option<String>>(env, thread)?.unwrap_or_default())
    }

    /// All but the id.
    pub(crate) fn facts<'f>(&self, env: &Env<'f>, thread: &Local<'f>) -> Result<ThreadFacts<'f>> {
        let holder: Option<Local<'f>> =
            self.holder.as_ref().map(|holder| holder.get(env, thread)).transpose()?;
        let of = holder.as_ref().unwrap_or(thread);
        Ok(ThreadFacts {
            name: self.name(env, thread)?,
            group: self.group.get(env, of)?,
            priority: self.priority.get(env, of)?,
            daemon: self.daemon.get(env, of)?,
            status: self.status.get(env, of)?,
            interrupted: match &self.interrupted {
                Interrupted::Field(field) => field.get(env, thread)?,
                // `false`: the flag stays as it is.
                Interrupted::Method(method) => method.call(env, thread, &[Value::from(false)])?,
            },
        })
    }

    /// The name of a thread group.
    pub(crate) fn group_name(&self, env: &Env<'_>, group: &impl Ref) -> Result<String> {
        Ok(self.group_name.get::<Option<String>>(env, group)?.unwrap_or_default())
    }
}
