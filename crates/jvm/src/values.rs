//! What goes into a Java call and what comes out of it: [`Value`] for arguments and stores, [`Return`] for
//! the types a call or a field can be read as.

use std::marker::PhantomData;

use crate::descriptor::Type;
use crate::env::{Env, jni};
use crate::error::{Error, Result};
use crate::refs::{Local, Ref};
use crate::sys::{jfieldID, jmethodID, jobject, jvalue};

/// One argument of a call, or the value for a field.
#[derive(Clone, Copy, Debug)]
pub enum Value<'a> {
    /// `boolean`
    Bool(bool),
    /// `byte`
    Byte(i8),
    /// `char`
    Char(u16),
    /// `short`
    Short(i16),
    /// `int`
    Int(i32),
    /// `long`
    Long(i64),
    /// `float`
    Float(f32),
    /// `double`
    Double(f64),
    /// The null of any class.
    Null,
    /// An object; made by [`Value::of`] or `from`. Its class is the caller's to get right, as in Java's
    /// own byte code before verification: JNI does not compare it with the parameter's.
    Object(Handle<'a>),
}

/// An object that is lent for a call.
#[derive(Clone, Copy, Debug)]
pub struct Handle<'a> {
    raw: jobject,
    lent: PhantomData<&'a ()>,
}

impl Handle<'_> {
    pub(crate) fn raw(self) -> jobject {
        self.raw
    }
}

impl<'a> Value<'a> {
    /// This object.
    pub fn of(object: &'a impl Ref) -> Value<'a> {
        Value::Object(Handle { raw: object.raw(), lent: PhantomData })
    }

    /// This object or null.
    pub fn of_option(object: Option<&'a impl Ref>) -> Value<'a> {
        object.map_or(Value::Null, Value::of)
    }

    pub(crate) fn type_of(&self) -> Type {
        match self {
            Value::Bool(_) => Type::Bool,
            Value::Byte(_) => Type::Byte,
            Value::Char(_) => Type::Char,
            Value::Short(_) => Type::Short,
            Value::Int(_) => Type::Int,
            Value::Long(_) => Type::Long,
            Value::Float(_) => Type::Float,
            Value::Double(_) => Type::Double,
            Value::Null | Value::Object(_) => Type::Object,
        }
    }

    pub(crate) fn word(&self) -> jvalue {
        match *self {
            Value::Bool(z) => jvalue { z },
            Value::Byte(b) => jvalue { b },
            Value::Char(c) => jvalue { c },
            Value::Short(s) => jvalue { s },
            Value::Int(i) => jvalue { i },
            Value::Long(j) => jvalue { j },
            Value::Float(f) => jvalue { f },
            Value::Double(d) => jvalue { d },
            Value::Null => jvalue { l: std::ptr::null_mut() },
            Value::Object(handle) => jvalue { l: handle.raw },
        }
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident),*) => {$(
        impl From<$type> for Value<'_> {
            fn from(value: $type) -> Self {
                Value::$variant(value)
            }
        }
    )*};
}
from!(bool => Bool, i8 => Byte, u16 => Char, i16 => Short, i32 => Int, i64 => Long, f32 => Float, f64 => Double);

impl<'a, R: Ref> From<&'a R> for Value<'a> {
    fn from(object: &'a R) -> Self {
        Value::of(object)
    }
}

/// A word that JNI returns. Each has its own functions there; this picks them.
pub trait Word: Copy {
    const TYPE: Type;

    /// # Safety
    /// `id` must be an instance method of `on`'s class that returns this type, and `arguments` must fit it.
    unsafe fn call(env: &Env<'_>, on: jobject, id: jmethodID, arguments: *const jvalue) -> Self;

    /// # Safety
    /// As for `call`; `id` must be a method of `class`, which must be `on`'s class or one above it.
    unsafe fn call_nonvirtual(
        env: &Env<'_>,
        on: jobject,
        class: jobject,
        id: jmethodID,
        arguments: *const jvalue,
    ) -> Self;

    /// # Safety
    /// `id` must be a static method of `class` that returns this type, and `arguments` must fit it.
    unsafe fn call_static(env: &Env<'_>, class: jobject, id: jmethodID, arguments: *const jvalue) -> Self;
}

/// A word that a field can hold.
pub trait Stored: Word {
    /// # Safety
    /// `id` must be an instance field of this type in `on`'s class.
    unsafe fn get(env: &Env<'_>, on: jobject, id: jfieldID) -> Self;

    /// # Safety
    /// `id` must be a static field of this type in `class`.
    unsafe fn get_static(env: &Env<'_>, class: jobject, id: jfieldID) -> Self;
}

macro_rules! words {
    ($($type:ty, $variant:ident, $call:ident, $nonvirtual:ident, $static:ident $(, $get:ident, $get_static:ident)?;)*) => {$(
        impl Word for $type {
            const TYPE: Type = Type::$variant;

            unsafe fn call(env: &Env<'_>, on: jobject, id: jmethodID, arguments: *const jvalue) -> Self {
                // SAFETY: by the caller.
                unsafe { jni!(env, $call, on, id, arguments) }
            }

            unsafe fn call_nonvirtual(
                env: &Env<'_>,
                on: jobject,
                class: jobject,
                id: jmethodID,
                arguments: *const jvalue,
            ) -> Self {
                // SAFETY: by the caller.
                unsafe { jni!(env, $nonvirtual, on, class, id, arguments) }
            }

            unsafe fn call_static(
                env: &Env<'_>,
                class: jobject,
                id: jmethodID,
                arguments: *const jvalue,
            ) -> Self {
                // SAFETY: by the caller.
                unsafe { jni!(env, $static, class, id, arguments) }
            }
        }

        $(impl Stored for $type {
            unsafe fn get(env: &Env<'_>, on: jobject, id: jfieldID) -> Self {
                // SAFETY: by the caller.
                unsafe { jni!(env, $get, on, id) }
            }

            unsafe fn get_static(env: &Env<'_>, class: jobject, id: jfieldID) -> Self {
                // SAFETY: by the caller.
                unsafe { jni!(env, $get_static, class, id) }
            }
        })?
    )*};
}

words! {
    (), Void, CallVoidMethodA, CallNonvirtualVoidMethodA, CallStaticVoidMethodA;
    bool, Bool, CallBooleanMethodA, CallNonvirtualBooleanMethodA, CallStaticBooleanMethodA,
        GetBooleanField, GetStaticBooleanField;
    i8, Byte, CallByteMethodA, CallNonvirtualByteMethodA, CallStaticByteMethodA,
        GetByteField, GetStaticByteField;
    u16, Char, CallCharMethodA, CallNonvirtualCharMethodA, CallStaticCharMethodA,
        GetCharField, GetStaticCharField;
    i16, Short, CallShortMethodA, CallNonvirtualShortMethodA, CallStaticShortMethodA,
        GetShortField, GetStaticShortField;
    i32, Int, CallIntMethodA, CallNonvirtualIntMethodA, CallStaticIntMethodA,
        GetIntField, GetStaticIntField;
    i64, Long, CallLongMethodA, CallNonvirtualLongMethodA, CallStaticLongMethodA,
        GetLongField, GetStaticLongField;
    f32, Float, CallFloatMethodA, CallNonvirtualFloatMethodA, CallStaticFloatMethodA,
        GetFloatField, GetStaticFloatField;
    f64, Double, CallDoubleMethodA, CallNonvirtualDoubleMethodA, CallStaticDoubleMethodA,
        GetDoubleField, GetStaticDoubleField;
    jobject, Object, CallObjectMethodA, CallNonvirtualObjectMethodA, CallStaticObjectMethodA,
        GetObjectField, GetStaticObjectField;
}

/// What a call or a field may be read as: `()`, the eight primitive types, `Local` (null is an error),
/// `Option<Local>`, `String` (a `java.lang.String`; null is an error) and `Option<String>`.
pub trait Return<'f>: Sized {
    /// The word JNI returns for it.
    #[doc(hidden)]
    type Word: Word;

    /// # Safety
    /// An object must be a new local reference in the frame of `env`.
    #[doc(hidden)]
    unsafe fn receive(env: &Env<'f>, word: Self::Word, call: &str) -> Result<Self>;
}

macro_rules! primitive_returns {
    ($($type:ty),*) => {$(
        impl Return<'_> for $type {
            type Word = $type;
            unsafe fn receive(_: &Env<'_>, word: $type, _: &str) -> Result<Self> {
                Ok(word)
            }
        }
    )*};
}
primitive_returns!((), bool, i8, u16, i16, i32, i64, f32, f64);

impl<'f> Return<'f> for Option<Local<'f>> {
    type Word = jobject;
    unsafe fn receive(env: &Env<'f>, word: jobject, _: &str) -> Result<Self> {
        // SAFETY: by the caller.
        Ok(unsafe { Local::from_raw(env, word) })
    }
}

impl<'f> Return<'f> for Local<'f> {
    type Word = jobject;
    unsafe fn receive(env: &Env<'f>, word: jobject, call: &str) -> Result<Self> {
        // SAFETY: by the caller.
        let object: Option<Local<'f>> = unsafe { Local::from_raw(env, word) };
        object.ok_or_else(|| Error::Null { call: call.into() })
    }
}

impl<'f> Return<'f> for Option<String> {
    type Word = jobject;
    unsafe fn receive(env: &Env<'f>, word: jobject, _: &str) -> Result<Self> {
        // SAFETY: by the caller.
        let object: Option<Local<'f>> = unsafe { Local::from_raw(env, word) };
        object.map(|text| env.string(&text)).transpose()
    }
}

impl<'f> Return<'f> for String {
    type Word = jobject;
    unsafe fn receive(env: &Env<'f>, word: jobject, call: &str) -> Result<Self> {
        // SAFETY: by the caller.
        let object: Option<Local<'f>> = unsafe { Local::from_raw(env, word) };
        env.string(&object.ok_or_else(|| Error::Null { call: call.into() })?)
    }
}
