//! Compiled conditions in the JVM: each observation's classes live in a class loader of their own, which
//! goes with the observation.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use jvm::spy::Spy;
use jvm::{Env, Global, Value};
use parking_lot::Mutex;

use crate::advice::CostRange;
use crate::error::Result;
use crate::lanes::LaneCondition;
use crate::matcher::{MatchedClass, MatchedMethod};
use crate::method_facts::{CodeFacts, MethodFacts};

/// A condition that can be made a class for a method.
pub trait Compile: Send + Sync {
    /// Whether receiver, arguments or result are asked about, so that woven code must pass them.
    fn needs_values(&self) -> bool;

    /// Whether it can be asked about such a method at all, before anything is woven.
    fn fits(&self, method: &Signature<'_>) -> Result<(), String>;

    /// The class for one method, or why there cannot be one. `number` goes into the class's name.
    fn compile(&self, method: &Signature<'_>, code: &CodeFacts, number: u32) -> Result<ForMethod, String>;
}

/// What a condition is compiled for.
#[derive(Clone, Copy, Debug)]
pub struct Signature<'a> {
    /// The class, with dots.
    pub class: &'a str,
    /// The method.
    pub name: &'a str,
    /// Its descriptor.
    pub descriptor: &'a str,
    /// Whether it has no `this`.
    pub is_static: bool,
}

impl<'a> Signature<'a> {
    pub(crate) fn matched(class: &'a MatchedClass, method: &'a MatchedMethod) -> Self {
        let MatchedMethod { name, descriptor, .. } = method;
        Self { class: &class.name, name, descriptor, is_static: method.is_static() }
    }

    pub(crate) fn of(facts: &'a MethodFacts) -> Self {
        let MethodFacts { class, name, descriptor, .. } = facts;
        Self { class, name, descriptor, is_static: facts.is_static() }
    }
}

/// What a condition is for one method.
pub struct ForMethod {
    /// Internal name and class file of a class that extends `Advice`; `None` where nothing is to be
    /// evaluated in Java code.
    pub class: Option<(String, Vec<u8>)>,
    /// Evaluated at the entry.
    pub entry: bool,
    /// Evaluated at the exit.
    pub exit: bool,
    /// What the call must cost besides.
    pub cost: Option<CostRange>,
    /// What is compiled is not all of it: the whole must be evaluated where it holds.
    pub rest: bool,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// A condition as it hangs on the lanes of methods of one kind.
#[derive(Clone, Default)]
pub(crate) struct Made {
    pub(crate) lane: Option<LaneCondition>,
    pub(crate) cost: Option<CostRange>,
    pub(crate) rest: bool,
    pub(crate) notes: Vec<String>,
}

/// Makes conditions for the methods of one observation.
pub(crate) struct Conditions {
    condition: Arc<dyn Compile>,
    loader: Global,
    made: Mutex<HashMap<Kind, Made>>,
}

/// Methods of one kind share a class.
#[derive(PartialEq, Eq, Hash)]
struct Kind {
    descriptor: String,
    is_static: bool,
    is_constructor: bool,
    shape: Option<(u8, u8)>,
    stored: Vec<bool>,
}

impl Conditions {
    /// With a fresh loader that sees the boot loader's classes only.
    pub(crate) fn new(env: &Env<'_>, condition: Arc<dyn Compile>) -> Result<Self> {
        let class = env.find_class("java/security/SecureClassLoader")?;
        let loader = env.new_object(&class, "(Ljava/lang/ClassLoader;)V", &[Value::Null])?;
        Ok(Self { condition, loader: env.global(&loader)?, made: Mutex::default() })
    }

    /// The condition for a method. The error is for the user.
    pub(crate) fn of(&self, env: &Env<'_>, facts: &MethodFacts) -> Result<Made, String> {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let code = facts.code();
        let kind = Kind {
            descriptor: facts.descriptor.to_string(),
            is_static: facts.is_static(),
            is_constructor: *facts.name == *"<init>",
            shape: code.shape,
            stored: code.stored.clone(),
        };
        if let Some(made) = self.made.lock().get(&kind) {
            return Ok(made.clone());
        }
        let compiled = self.condition.compile(&Signature::of(facts), &code, NUMBER.fetch_add(1, Relaxed))?;
        let mut made = Made { lane: None, cost: compiled.cost, rest: compiled.rest, notes: compiled.notes };
        if let Some((name, bytes)) = &compiled.class {
            // Not under the lock: defining a class lets other code run, also ours.
            let class = self.define(env, name, bytes).map_err(|why| why.to_string())?;
            let (entry, exit) = (compiled.entry, compiled.exit);
            made.lane = Some(LaneCondition { class: Arc::new(class), entry, exit });
        }
        let other = self.made.lock().insert(kind, made.clone());
        drop(other);
        Ok(made)
    }

    /// Whether it can be asked about such a method.
    pub(crate) fn fits(&self, method: &Signature<'_>) -> Result<(), String> {
        self.condition.fits(method)
    }

    fn define(&self, env: &Env<'_>, name: &str, bytes: &[u8]) -> jvm::Result<Global<jvm::Class>> {
        env.frame(16, |env| {
            let loader = self.loader.local(env)?;
            let class = env.define_class(name, Some(&loader), bytes)?;
            // Linked and initialised now, where classes may be loaded; later only instances are made.
            drop(Spy::get_or_define(env)?.new_advice(env, &class, 0, None)?);
            env.global(&class)
        })
    }
}
