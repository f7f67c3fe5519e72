//! The few JDK classes that must be told apart before JNI is called, since it crashes on an object of another
//! class: strings and arrays. All are of the boot loader and never unload, so one reference each is kept.

use std::sync::OnceLock;

use crate::env::{Env, jni};
use crate::error::{Error, Result};
use crate::refs::{Class, Global, Ref};

/// A boot class, found at first use.
pub struct Known {
    /// As JNI names it.
    name: &'static str,
    /// As a user would.
    shown: &'static str,
    class: OnceLock<Global<Class>>,
}

impl Known {
    pub(crate) const fn new(name: &'static str, shown: &'static str) -> Known {
        Known { name, shown, class: OnceLock::new() }
    }

    pub(crate) fn class(&self, env: &Env<'_>) -> Result<&Global<Class>> {
        if let Some(class) = self.class.get() {
            return Ok(class);
        }
        let found = env.global(&env.find_class(self.name)?)?;
        Ok(self.class.get_or_init(|| found))
    }

    /// Whether the object is of this class.
    pub(crate) fn is(&self, env: &Env<'_>, object: &impl Ref) -> Result<bool> {
        env.is_instance(object, self.class(env)?)
    }

    /// An error unless it is.
    pub(crate) fn expect(&self, env: &Env<'_>, object: &impl Ref) -> Result<()> {
        if self.is(env, object)? { Ok(()) } else { Err(Error::NotA { expected: self.shown }) }
    }
}

pub(crate) static STRING: Known = Known::new("java/lang/String", "String");
pub(crate) static CLASS: Known = Known::new("java/lang/Class", "Class");
pub(crate) static LOADER: Known = Known::new("java/lang/ClassLoader", "ClassLoader");
pub(crate) static OBJECTS: Known = Known::new("[Ljava/lang/Object;", "array of objects");

impl Env<'_> {
    /// An error unless the object is of this class.
    pub(crate) fn expect_instance(
        &self,
        object: &impl Ref,
        class: &impl Ref<Kind = Class>,
        expected: &'static str,
    ) -> Result<()> {
        if self.is_instance(object, class)? { Ok(()) } else { Err(Error::NotA { expected }) }
    }

    /// `instanceof`.
    pub fn is_instance(&self, object: &impl Ref, class: &impl Ref<Kind = Class>) -> Result<bool> {
        self.ready()?;
        // SAFETY: both references are live, and `class` is a class.
        Ok(unsafe { jni!(self, IsInstanceOf, object.raw(), class.raw()) })
    }
}
