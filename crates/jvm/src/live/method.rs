//! Methods and constructors that a class declares, found once and called often. What is found keeps neither the class
//! nor its loader alive.

use std::ptr;

use super::Got;
use super::instance::LiveString;
use crate::buf::Buf;
use crate::descriptor::{Shape, Type};
use crate::env::{Env, jni};
use crate::error::{Error, Result, room};
use crate::jvmti::{Jvmti, jvmti};
use crate::refs::{Class, Local, Ref, Weak};
use crate::sys::{jmethodID, jobject, jvalue};
use crate::values::Value;

/// `ACC_STATIC` (JVM specification, table 4.6-A).
const STATIC: i32 = 0x0008;

/// A method or a constructor.
pub struct LiveMethod {
    /// Its name; `<init>` for a constructor.
    pub name: Box<str>,
    /// Its descriptor.
    pub descriptor: Box<str>,
    /// Access flags (JVM specification, table 4.6-A).
    pub modifiers: i32,
    id: jmethodID,
    shape: Shape,
    class: Weak<Class>,
}

// SAFETY: a method id is valid on every thread as long as its class is loaded; it is used only while a reference to
// the class is held.
unsafe impl Send for LiveMethod {}
// SAFETY: as above.
unsafe impl Sync for LiveMethod {}

impl LiveMethod {
    /// All that a class declares itself. An error where the class is not prepared.
    pub fn of_class(env: &Env<'_>, jvmti: &Jvmti, class: &Local<'_, Class>) -> Result<Vec<LiveMethod>> {
        let found = jvmti.class_methods(class)?;
        let mut all = room(found.len())?;
        for method in found {
            all.push(LiveMethod {
                shape: Shape::parse(&method.name, &method.descriptor)?,
                name: method.name.into(),
                descriptor: method.descriptor.into(),
                modifiers: method.modifiers,
                id: method.id.raw(),
                class: env.weak(class)?,
            });
        }
        Ok(all)
    }

    /// Whether it has no `this`.
    pub fn is_static(&self) -> bool {
        self.modifiers & STATIC != 0
    }

    /// Calls it on an object, virtually. References among the arguments must be of the parameters' classes, as with
    /// [`Value::of`].
    pub fn call<'f>(&self, env: &Env<'f>, on: &impl Ref, arguments: &[Value<'_>]) -> Result<Got<'f>> {
        let class = self.class(env)?;
        if self.is_static() || &*self.name == "<init>" {
            return Err(Error::NotA { expected: "method of objects" });
        }
        env.expect_instance(on, &class, "receiver of this method")?;
        let words = self.shape.words(&self.name, arguments, self.shape.returns())?;
        // SAFETY: `on` is of the class that declares the method, and the words fit its descriptor.
        let made = unsafe { self.made(env, Call::On(on.raw()), &words) };
        env.check(&self.name).map(|()| made)
    }

    /// Calls it on an object, or as a static method without one, and gives what it returned, or the exception that it
    /// threw.
    pub fn outcome<'f>(
        &self,
        env: &Env<'f>,
        on: Option<&Local<'f>>,
        arguments: &[Value<'_>],
    ) -> Result<std::result::Result<Got<'f>, Local<'f>>> {
        let class = self.class(env)?;
        let words = self.shape.words(&self.name, arguments, self.shape.returns())?;
        let call = match on {
            Some(on) if !self.is_static() && &*self.name != "<init>" => {
                env.expect_instance(on, &class, "receiver of this method")?;
                Call::On(on.raw())
            }
            None if self.is_static() => Call::Static(class.raw()),
            _ => return Err(Error::NotA { expected: "method of this object" }),
        };
        // SAFETY: a method of the object's class, or a static one of this class, and the words fit its descriptor.
        let made = unsafe { self.made(env, call, &words) };
        Ok(env.occurred().map_or(Ok(made), Err))
    }

    /// Calls it as a static method.
    pub fn call_static<'f>(&self, env: &Env<'f>, arguments: &[Value<'_>]) -> Result<Got<'f>> {
        let class = self.class(env)?;
        if !self.is_static() {
            return Err(Error::NotA { expected: "static method" });
        }
        let words = self.shape.words(&self.name, arguments, self.shape.returns())?;
        // SAFETY: a static method of this class, and the words fit its descriptor.
        let made = unsafe { self.made(env, Call::Static(class.raw()), &words) };
        env.check(&self.name).map(|()| made)
    }

    /// `new`.
    pub fn construct<'f>(&self, env: &Env<'f>, arguments: &[Value<'_>]) -> Result<Local<'f>> {
        let class = self.class(env)?;
        if &*self.name != "<init>" {
            return Err(Error::NotA { expected: "constructor" });
        }
        let words = self.shape.words(&self.name, arguments, Type::Void)?;
        // SAFETY: a constructor of this class, and the words fit its descriptor.
        let raw = unsafe { jni!(env, NewObjectA, class.raw(), self.id, words.as_ptr()) };
        env.receive(raw, &self.name)
    }

    /// It as a `java.lang.reflect.Method` or `Constructor`.
    pub fn reflected<'f>(&self, env: &Env<'f>) -> Result<Local<'f>> {
        let class = self.class(env)?;
        // SAFETY: a method of this class.
        let raw = unsafe { jni!(env, ToReflectedMethod, class.raw(), self.id, self.is_static()) };
        env.receive(raw, "ToReflectedMethod")
    }

    /// Its byte code; none for native and abstract methods. Needs `Capability::GetBytecodes`.
    pub fn bytecodes(&self, env: &Env<'_>, jvmti: &Jvmti) -> Result<Vec<u8>> {
        let _class = self.class(env)?;
        let (mut count, mut bytes): (i32, *mut u8) = (0, ptr::null_mut());
        // SAFETY: a method whose class is held, and both are ours for the call.
        unsafe { jvmti!(jvmti, GetBytecodes, self.id, &mut count, &mut bytes) }?;
        // SAFETY: allocated by the call, `count` of them.
        let bytes = unsafe { Buf::new(jvmti, bytes, count) };
        Ok(bytes.slice().to_vec())
    }

    fn class<'f>(&self, env: &Env<'f>) -> Result<Local<'f, Class>> {
        self.class.get(env)?.ok_or_else(|| Error::Null { call: self.name.as_ref().into() })
    }

    /// What it returns; an exception is still on the thread, and the caller's to take.
    ///
    /// # Safety
    /// `call` must name an object or class of which this is a method, and `words` must fit its descriptor.
    unsafe fn made<'f>(&self, env: &Env<'f>, call: Call, words: &[jvalue]) -> Got<'f> {
        let words = words.as_ptr();
        macro_rules! made {
            ($on:ident, $static:ident) => {{
                match call {
                    // SAFETY: by the caller; the function is that of the method's result.
                    Call::On(on) => unsafe { jni!(env, $on, on, self.id, words) },
                    // SAFETY: as above.
                    Call::Static(class) => unsafe { jni!(env, $static, class, self.id, words) },
                }
            }};
        }
        match self.shape.returns() {
            Type::Void => {
                made!(CallVoidMethodA, CallStaticVoidMethodA);
                Got::Object(None)
            }
            Type::Bool => Got::Bool(made!(CallBooleanMethodA, CallStaticBooleanMethodA)),
            Type::Byte => Got::Byte(made!(CallByteMethodA, CallStaticByteMethodA)),
            Type::Char => Got::Char(made!(CallCharMethodA, CallStaticCharMethodA)),
            Type::Short => Got::Short(made!(CallShortMethodA, CallStaticShortMethodA)),
            Type::Int => Got::Int(made!(CallIntMethodA, CallStaticIntMethodA)),
            Type::Long => Got::Long(made!(CallLongMethodA, CallStaticLongMethodA)),
            Type::Float => Got::Float(made!(CallFloatMethodA, CallStaticFloatMethodA)),
            Type::Double => Got::Double(made!(CallDoubleMethodA, CallStaticDoubleMethodA)),
            Type::Object => {
                let raw = made!(CallObjectMethodA, CallStaticObjectMethodA);
                // SAFETY: a new local reference in this frame, or null.
                let object: Option<Local<'f>> = unsafe { Local::from_raw(env, raw) };
                match self.descriptor.ends_with(")Ljava/lang/String;") {
                    true => Got::String(object.map(LiveString::new)),
                    false => Got::Object(object),
                }
            }
        }
    }
}

/// What is called on.
#[derive(Clone, Copy)]
enum Call {
    On(jobject),
    Static(jobject),
}

impl Jvmti {
    /// The class's constant pool as its class file has it: how many entries (the first is number 1), and their bytes.
    /// Needs `Capability::GetConstantPool`. The JVM neither stops for it nor links the class.
    ///
    /// An error, among others, for the nameless classes of JDK 8 to 16 (`Unsafe.defineAnonymousClass`, of which lambda forms
    /// are): objects may be patched into their pools where texts belong, and the JVM crashes when it writes those down
    /// (tried on 8).
    pub fn constant_pool(&self, class: &impl Ref<Kind = Class>) -> Result<(usize, Vec<u8>)> {
        if self.jdk() < 17 && (is_nameless(&self.class_signature(class)?) || !self.is_modifiable(class)?) {
            return Err(Error::NotA { expected: "class with a name of its own" });
        }
        let (mut count, mut length, mut bytes): (i32, i32, *mut u8) = (0, 0, ptr::null_mut());
        // SAFETY: a live reference to a class, and all three are ours for the call.
        unsafe { jvmti!(self, GetConstantPool, class.raw(), &mut count, &mut length, &mut bytes) }?;
        // SAFETY: allocated by the call, `length` of them.
        let bytes = unsafe { Buf::new(self, bytes, length) };
        Ok((usize::try_from(count).unwrap_or(0), bytes.slice().to_vec()))
    }
}

/// Whether a signature ends in a number, as only those of nameless classes do: `Lp/Form$MH/1234;`. A name that began
/// with a digit would be taken for one; no compiler makes such.
fn is_nameless(signature: &str) -> bool {
    let last = signature.trim_end_matches(';').rsplit(['/', '.', '+']).next().unwrap_or_default();
    last.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_nameless;

    #[test]
    fn a_nameless_class_is_known_by_the_number_at_its_end() {
        assert!(is_nameless("Ljava/lang/invoke/LambdaForm$MH/1234;"));
        assert!(is_nameless("Lp/C$$Lambda$1/0x0000000840060840;"));
        assert!(!is_nameless("Lp/C$1;") && !is_nameless("Lp/C;") && !is_nameless("LC;"));
    }
}
