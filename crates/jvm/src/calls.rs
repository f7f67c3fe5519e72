//! Calling Java methods. By name for what is asked once; through [`Method`] and [`StaticMethod`] for what is
//! asked often: these look up the id once and keep their class loaded, without which an id would dangle.

use crate::descriptor::Shape;
use crate::env::{Env, jni};
use crate::error::{Error, Result};
use crate::mutf8;
use crate::refs::{Class, Global, Local, Ref};
use crate::sys::{jclass, jmethodID};
use crate::values::{Return, Value, Word};

impl<'f> Env<'f> {
    /// Calls an instance method by name and descriptor: `env.call::<String>(&thread, "getName",
    /// "()Ljava/lang/String;", &[])`.
    pub fn call<R: Return<'f>>(
        &self,
        on: &impl Ref,
        name: &str,
        descriptor: &str,
        arguments: &[Value<'_>],
    ) -> Result<R> {
        let words = Shape::parse(name, descriptor)?.words(name, arguments, R::Word::TYPE)?;
        let class = self.class_of(on)?;
        let id = self.method_id(&class, name, descriptor)?;
        // SAFETY: `id` is a method of `on`'s own class, its descriptor fits the arguments and the result.
        let word = unsafe { R::Word::call(self, on.raw(), id, words.as_ptr()) };
        self.receive(word, name)
    }

    /// Calls an instance method as `class` defines it, whatever overrides it.
    pub fn call_nonvirtual<R: Return<'f>>(
        &self,
        on: &impl Ref,
        class: &impl Ref<Kind = Class>,
        name: &str,
        descriptor: &str,
        arguments: &[Value<'_>],
    ) -> Result<R> {
        let words = Shape::parse(name, descriptor)?.words(name, arguments, R::Word::TYPE)?;
        self.expect_instance(on, class, "receiver of this method")?;
        let id = self.method_id(class, name, descriptor)?;
        // SAFETY: `on` is of `class`, `id` one of its methods, and the descriptor fits.
        let word = unsafe { R::Word::call_nonvirtual(self, on.raw(), class.raw(), id, words.as_ptr()) };
        self.receive(word, name)
    }

    /// Calls a static method by name and descriptor.
    pub fn call_static<R: Return<'f>>(
        &self,
        class: &impl Ref<Kind = Class>,
        name: &str,
        descriptor: &str,
        arguments: &[Value<'_>],
    ) -> Result<R> {
        let words = Shape::parse(name, descriptor)?.words(name, arguments, R::Word::TYPE)?;
        let id = self.static_method_id(class, name, descriptor)?;
        // SAFETY: `id` is a static method of `class`, and the descriptor fits.
        let word = unsafe { R::Word::call_static(self, class.raw(), id, words.as_ptr()) };
        self.receive(word, name)
    }

    /// `new`: makes an object by the constructor with this descriptor.
    pub fn new_object(
        &self,
        class: &impl Ref<Kind = Class>,
        descriptor: &str,
        arguments: &[Value<'_>],
    ) -> Result<Local<'f>> {
        let words = Shape::parse("<init>", descriptor)?.words("<init>", arguments, <() as Word>::TYPE)?;
        let id = self.method_id(class, "<init>", descriptor)?;
        // SAFETY: `id` is a constructor of `class`, and the arguments fit.
        let raw = unsafe { jni!(self, NewObjectA, class.raw(), id, words.as_ptr()) };
        self.receive(raw, "<init>")
    }

    /// An object of this class of which no constructor has run.
    pub fn allocate(&self, class: &impl Ref<Kind = Class>) -> Result<Local<'f>> {
        self.ready()?;
        // SAFETY: `class` is a class; abstract ones throw.
        let raw = unsafe { jni!(self, AllocObject, class.raw()) };
        self.receive(raw, "AllocObject")
    }

    /// Looks an instance method up, for many calls.
    pub fn method(&self, class: &impl Ref<Kind = Class>, name: &str, descriptor: &str) -> Result<Method> {
        let shape = Shape::parse(name, descriptor)?;
        let id = self.method_id(class, name, descriptor)?;
        Ok(Method { class: self.global(class)?, id, shape, name: name.into() })
    }

    /// Looks a static method up, for many calls.
    pub fn static_method(
        &self,
        class: &impl Ref<Kind = Class>,
        name: &str,
        descriptor: &str,
    ) -> Result<StaticMethod> {
        let shape = Shape::parse(name, descriptor)?;
        let id = self.static_method_id(class, name, descriptor)?;
        Ok(StaticMethod { class: self.global(class)?, id, shape, name: name.into() })
    }

    /// Whether a class has the instance method that `from` defines, not one of its own.
    pub fn inherits(
        &self,
        class: &impl Ref<Kind = Class>,
        from: &impl Ref<Kind = Class>,
        name: &str,
        descriptor: &str,
    ) -> Result<bool> {
        // A method has one id, by whatever class it is looked up (JNI, `GetMethodID`).
        Ok(self.method_id(class, name, descriptor)? == self.method_id(from, name, descriptor)?)
    }

    fn method_id(&self, class: &impl Ref<Kind = Class>, name: &str, descriptor: &str) -> Result<jmethodID> {
        self.ready()?;
        let (text, types) = (mutf8::encode(name), mutf8::encode(descriptor));
        // SAFETY: `class` is a class, both names are C strings.
        let id = unsafe { jni!(self, GetMethodID, class.raw(), text.as_ptr(), types.as_ptr()) };
        self.check(name)?;
        if id.is_null() { Err(Error::Null { call: "GetMethodID".into() }) } else { Ok(id) }
    }

    pub(crate) fn static_method_id(
        &self,
        class: &impl Ref<Kind = Class>,
        name: &str,
        descriptor: &str,
    ) -> Result<jmethodID> {
        self.ready()?;
        let (text, types) = (mutf8::encode(name), mutf8::encode(descriptor));
        // SAFETY: `class` is a class, both names are C strings.
        let id = unsafe { jni!(self, GetStaticMethodID, class.raw(), text.as_ptr(), types.as_ptr()) };
        self.check(name)?;
        if id.is_null() { Err(Error::Null { call: "GetStaticMethodID".into() }) } else { Ok(id) }
    }

    /// The end of every call that returns: its exception, or its result.
    pub(crate) fn receive<R: Return<'f>>(&self, word: R::Word, call: &str) -> Result<R> {
        self.check(call)?;
        // SAFETY: the word was returned by a JNI call just now; an object is a new local reference.
        unsafe { R::receive(self, word, call) }
    }
}

/// An instance method, looked up once. May be kept and shared.
pub struct Method {
    class: Global<Class>,
    id: jmethodID,
    shape: Shape,
    name: Box<str>,
}

// SAFETY: a method id is valid on every thread as long as its class is loaded, which `class` sees to.
unsafe impl Send for Method {}
// SAFETY: as above.
unsafe impl Sync for Method {}

impl Method {
    /// Calls it, virtually, on an object of its class or one below.
    pub fn call<'f, R: Return<'f>>(
        &self,
        env: &Env<'f>,
        on: &impl Ref,
        arguments: &[Value<'_>],
    ) -> Result<R> {
        let words = self.shape.words(&self.name, arguments, R::Word::TYPE)?;
        env.expect_instance(on, &self.class, "receiver of this method")?;
        // SAFETY: `on` is of the class the id belongs to, and the descriptor fits.
        let word = unsafe { R::Word::call(env, on.raw(), self.id, words.as_ptr()) };
        env.receive(word, &self.name)
    }
}

/// A static method, looked up once. May be kept and shared.
pub struct StaticMethod {
    class: Global<Class>,
    id: jmethodID,
    shape: Shape,
    name: Box<str>,
}

// SAFETY: as for `Method`.
unsafe impl Send for StaticMethod {}
// SAFETY: as for `Method`.
unsafe impl Sync for StaticMethod {}

impl StaticMethod {
    /// Class and id, for calls that check nothing.
    pub(crate) fn raw(&self) -> (jclass, jmethodID) {
        (self.class.raw(), self.id)
    }

    /// Calls it.
    pub fn call<'f, R: Return<'f>>(&self, env: &Env<'f>, arguments: &[Value<'_>]) -> Result<R> {
        env.ready()?;
        let words = self.shape.words(&self.name, arguments, R::Word::TYPE)?;
        // SAFETY: `id` is a static method of `class`, and the descriptor fits.
        let word = unsafe { R::Word::call_static(env, self.class.raw(), self.id, words.as_ptr()) };
        env.receive(word, &self.name)
    }
}
