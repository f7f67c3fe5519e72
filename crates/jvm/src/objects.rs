//! What can be asked of any object or class: its class, whether it is the same as another, and classes by
//! name.

use std::sync::OnceLock;

use crate::env::{Env, jni};
use crate::error::{Error, Result};
use crate::known;
use crate::refs::{Class, Global, Local, Ref};
use crate::values::Value;

impl<'f> Env<'f> {
    /// A class of the boot loader by its name with slashes (`java/lang/String`, `[J`). It gets initialised.
    ///
    /// By `Class.forName` and not by `FindClass`, which asks the system class loader: that may be the
    /// application's own, whose code would run here.
    pub fn find_class(&self, name: &str) -> Result<Local<'f, Class>> {
        let text = self.new_string(&name.replace('/', "."))?;
        let meta = self.meta(&text)?;
        let descriptor = "(Ljava/lang/String;ZLjava/lang/ClassLoader;)Ljava/lang/Class;";
        let id = self.static_method_id(meta, "forName", descriptor)?;
        let words = [Value::of(&text), Value::Bool(true), Value::Null].map(|value| value.word());
        // SAFETY: `id` is a static method of `java.lang.Class` with these three parameters.
        let raw = unsafe { jni!(self, CallStaticObjectMethodA, meta.raw(), id, words.as_ptr()) };
        self.check(name)?;
        // SAFETY: a new local reference to a class, in this frame.
        unsafe { Local::from_raw(self, raw) }.ok_or_else(|| Error::Null { call: name.into() })
    }

    /// `java.lang.Class`: the class of any object's class.
    fn meta(&self, any: &impl Ref) -> Result<&'static Global<Class>> {
        static META: OnceLock<Global<Class>> = OnceLock::new();
        if let Some(found) = META.get() {
            return Ok(found);
        }
        let found = self.global(&self.class_of(&self.class_of(any)?)?)?;
        Ok(META.get_or_init(|| found))
    }

    /// The object's class.
    pub fn class_of(&self, object: &impl Ref) -> Result<Local<'f, Class>> {
        self.ready()?;
        // SAFETY: a live reference.
        let raw = unsafe { jni!(self, GetObjectClass, object.raw()) };
        // SAFETY: a new local reference to a class, in this frame.
        unsafe { Local::from_raw(self, raw) }.ok_or_else(|| Error::Null { call: "GetObjectClass".into() })
    }

    /// The class this one extends; `None` for `Object`, interfaces and primitive types.
    pub fn superclass(&self, class: &impl Ref<Kind = Class>) -> Result<Option<Local<'f, Class>>> {
        self.ready()?;
        // SAFETY: a live reference to a class.
        let raw = unsafe { jni!(self, GetSuperclass, class.raw()) };
        // SAFETY: a new local reference to a class in this frame, or null.
        Ok(unsafe { Local::from_raw(self, raw) })
    }

    /// Whether an object of `from` may be stored where `to` is declared.
    pub fn is_assignable(&self, from: &impl Ref<Kind = Class>, to: &impl Ref<Kind = Class>) -> Result<bool> {
        self.ready()?;
        // SAFETY: live references to classes.
        Ok(unsafe { jni!(self, IsAssignableFrom, from.raw(), to.raw()) })
    }

    /// Whether both refer to one object. `false` after the JVM's death.
    pub fn is_same(&self, one: &impl Ref, other: &impl Ref) -> bool {
        // SAFETY: live references; never throws.
        self.ready().is_ok() && unsafe { jni!(self, IsSameObject, one.raw(), other.raw()) }
    }

    /// The object as a class, if it is one.
    pub fn as_class(&self, object: Local<'f>) -> Result<Local<'f, Class>> {
        known::CLASS.expect(self, &object)?;
        // SAFETY: a `java.lang.Class`, as was checked.
        Ok(unsafe { object.into_kind() })
    }
}
