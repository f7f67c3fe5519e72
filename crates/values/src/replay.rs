//! A kept call made once more, with the objects and numbers of then, on a thread of the agent's.

use std::time::Instant;

use jvm::live::{Got, LiveMethod};
use jvm::{Class, Env, Environment, Local, Value};
use ognl::Fault;

use crate::item::Item;
use crate::java::{Java, Value as Seen};
use crate::passed::Held;
use crate::root::Moment;
use crate::watcher::KeptCall;

/// What came of it.
pub struct Replayed<'f> {
    /// What it returned, or threw.
    pub outcome: Result<Got<'f>, Local<'f>>,
    /// How long it took, in ns.
    pub cost_ns: u64,
}

impl KeptCall {
    /// Makes the call again. It runs as any call of the application's does, but without what its thread knew by then
    /// (thread locals, locks, a transaction), and with objects that may have changed since.
    ///
    /// # Errors
    /// It cannot be made; why, in a sentence.
    pub fn replay<'f>(&self, env: &Env<'f>) -> Result<Replayed<'f>, String> {
        let Self { passed, kept } = self;
        let jvmti = &Environment::get().ok_or("The JVM is shutting down.")?.jvmti;
        let told = |why: jvm::Error| format!("The call cannot be made again: {why}.");
        let mirror =
            passed.mirror.as_ref().map(|mirror| mirror.get(env)).transpose().map_err(told)?.flatten();
        let class = mirror.ok_or_else(|| format!("{} is not loaded any more.", passed.class))?;
        let methods = LiveMethod::of_class(env, jvmti, &class).map_err(told)?;
        let is_meant = |one: &&LiveMethod| one.name == passed.method && one.descriptor == passed.descriptor;
        let method = methods.iter().find(is_meant);
        let method = method.filter(|method| &*method.name != "<init>").ok_or_else(|| {
            format!(
                "{}.{} cannot be called: it is a constructor, or is not there any more.",
                passed.class, passed.method
            )
        })?;
        let held = Held::Kept(kept);
        let mut items = Vec::with_capacity(passed.count());
        for index in 0..passed.count() {
            let entered = kept.moment == Moment::Return;
            items.push(passed.parameter(env, held, index, entered).map_err(told)?.unwrap_or(Item::Null));
        }
        let on = passed.receiver(env, held).map_err(told)?;
        if on.is_none() && !method.is_static() {
            return Err("The object that it was called on is not known.".to_owned());
        }
        let arguments: Vec<Value<'_>> = items.iter().map(argument).collect();
        let before = in_loader_of(env, &class);
        let started = Instant::now();
        let outcome = method.outcome(env, on.as_ref(), &arguments);
        let cost_ns = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
        if let Some((thread, loader)) = before {
            set_loader(env, &thread, loader.as_ref());
        }
        Ok(Replayed { outcome: outcome.map_err(told)?, cost_ns })
    }
}

impl<'f> Java<'_, 'f> {
    /// What a call has given.
    ///
    /// # Errors
    /// The JVM does not tell its class.
    pub fn got(&self, got: Got<'f>) -> Result<Seen<'f>, Fault> {
        self.of_item(got.into())
    }
}

fn argument<'a>(item: &'a Item<'_>) -> Value<'a> {
    match item {
        // What was kept secret was not kept at all.
        Item::Null | Item::Secret => Value::Null,
        Item::Bool(value) => Value::Bool(*value),
        Item::Byte(value) => Value::Byte(*value),
        Item::Char(value) => Value::Char(*value),
        Item::Short(value) => Value::Short(*value),
        Item::Int(value) => Value::Int(*value),
        Item::Long(value) => Value::Long(*value),
        Item::Float(value) => Value::Float(*value),
        Item::Double(value) => Value::Double(*value),
        Item::String(text) => Value::of(text.object()),
        Item::Object(object) => Value::of(object),
    }
}

/// Lets this thread find classes and resources as the application's do; gives what was there before.
fn in_loader_of<'f>(env: &Env<'f>, class: &Local<'f, Class>) -> Option<(Local<'f>, Option<Local<'f>>)> {
    let loader = Environment::get()?.jvmti.class_loader(env, class).ok()??;
    let of = env.find_class("java/lang/Thread").ok()?;
    let thread: Option<Local<'f>> =
        env.call_static(&of, "currentThread", "()Ljava/lang/Thread;", &[]).ok()?;
    let thread = thread?;
    let before: Option<Local<'f>> =
        env.call(&thread, "getContextClassLoader", "()Ljava/lang/ClassLoader;", &[]).ok()?;
    set_loader(env, &thread, Some(&loader));
    Some((thread, before))
}

fn set_loader(env: &Env<'_>, thread: &Local<'_>, loader: Option<&Local<'_>>) {
    let descriptor = "(Ljava/lang/ClassLoader;)V";
    if let Err(why) = env.call::<()>(thread, "setContextClassLoader", descriptor, &[Value::of_option(loader)])
    {
        log::debug!("the context class loader stays: {why}");
    }
}
