//! An object whose class is known, and its fields, text or elements.

use std::marker::PhantomData;
use std::ptr::NonNull;

use super::layout::Held;
use super::{Layout, Live, LiveField, Nature};
use crate::descriptor::Type;
use crate::env::{self, jni};
use crate::refs::{Class, Local, Ref};
use crate::sys::{JNIEnv, jobject};

/// What a field holds.
#[expect(missing_docs, reason = "the types are Java's")]
#[derive(Debug)]
#[repr(u64)] // moved by whole words: smaller tags make the processor wait for its own stores
pub enum Got<'f> {
    Bool(bool),
    Byte(i8),
    Char(u16),
    Short(i16),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    /// Of a field whose type is `java.lang.String`.
    String(Option<LiveString<'f>>),
    Object(Option<Local<'f>>),
}

/// A `java.lang.String`.
#[derive(Debug)]
pub struct LiveString<'f>(Local<'f>);

impl<'f> LiveString<'f> {
    /// For an object that is known to be a string.
    pub(crate) fn new(object: Local<'f>) -> LiveString<'f> {
        LiveString(object)
    }

    /// A second reference to the same string.
    pub fn again(&self, live: Live<'_, 'f>) -> Option<LiveString<'f>> {
        live.again(&self.0).map(LiveString)
    }

    /// The object.
    pub fn object(&self) -> &Local<'f> {
        &self.0
    }

    /// The object.
    pub fn into_object(self) -> Local<'f> {
        self.0
    }

    /// How many UTF-16 units it has.
    #[inline]
    pub fn length(&self, live: Live<'_, '_>) -> usize {
        // SAFETY: a String.
        usize::try_from(unsafe { jni!(live.env, GetStringLength, self.0.raw()) }).unwrap_or(0)
    }

    /// Appends its units from `from` on, `count` at most; fewer where memory is short. Gives how many.
    #[inline]
    pub fn units(&self, live: Live<'_, '_>, from: usize, count: usize, to: &mut Vec<u16>) -> usize {
        let count = count.min(self.length(live).saturating_sub(from));
        let (Ok(first), Ok(wanted)) = (i32::try_from(from), i32::try_from(count)) else { return 0 };
        // A range that begins beyond the end throws, also an empty one.
        if count == 0 || to.try_reserve(count).is_err() {
            return 0;
        }
        let start = to.spare_capacity_mut().as_mut_ptr().cast();
        // SAFETY: the range lies in the string, and `to` has room for so many more.
        unsafe { jni!(live.env, GetStringRegion, self.0.raw(), first, wanted, start) };
        // SAFETY: so many were written, behind what was there.
        unsafe { to.set_len(to.len() + count) };
        count
    }
}

/// An object of exactly the class of a [`Layout`].
#[derive(Clone, Copy)]
pub struct Instance<'a> {
    layout: &'a Layout,
    env: NonNull<JNIEnv>,
    object: jobject,
    here: PhantomData<&'a Local<'a>>,
}

impl<'a> Instance<'a> {
    /// For an object of which the class was checked.
    pub(super) fn new(layout: &'a Layout, live: Live<'a, '_>, object: &'a Local<'_>) -> Option<Instance<'a>> {
        Some(Instance { layout, env: live.pointer()?, object: object.raw(), here: PhantomData })
    }

    /// Its class's layout.
    pub fn layout(&self) -> &'a Layout {
        self.layout
    }

    /// What a field holds. `None` where there is no such field, and for static ones.
    #[inline]
    pub fn get<'f>(&self, live: Live<'_, 'f>, field: usize) -> Option<Got<'f>> {
        let field = self.layout.fields.get(field).filter(|field| !field.is_static())?;
        // SAFETY: `field` is a field of the object's own class, of the type that it says.
        Some(unsafe { read(live, self.object, field) })
    }

    /// What an `int` field holds; `None` for others. 2 ns: the JVM has a short way for numbers.
    #[inline]
    pub fn int(&self, field: usize) -> Option<i32> {
        let field = self.layout.fields.get(field)?;
        if field.is_static() || field.held != Held::Word(Type::Int) {
            return None;
        }
        let get = env::table(self.env).GetIntField;
        // SAFETY: an int field of the object's own class.
        Some(unsafe { get(self.env.as_ptr(), self.object, field.id) })
    }

    /// How long an array is; `None` for what is none.
    #[inline]
    pub fn array_length(&self) -> Option<usize> {
        if !matches!(self.layout.nature, Nature::Objects | Nature::Primitives(_)) {
            return None;
        }
        let get = env::table(self.env).GetArrayLength;
        // SAFETY: an array.
        usize::try_from(unsafe { get(self.env.as_ptr(), self.object) }).ok()
    }

    /// An element of an array of references; `None` for null, beyond the end, and for what is no such array.
    #[inline]
    pub fn element<'f>(&self, live: Live<'_, 'f>, index: usize) -> Option<Local<'f>> {
        if self.layout.nature != Nature::Objects || index >= self.array_length()? {
            return None;
        }
        let index = i32::try_from(index).ok()?;
        // SAFETY: an array of references, and an index within it.
        let raw = unsafe { jni!(live.env, GetObjectArrayElement, self.object, index) };
        // SAFETY: a new local reference in this frame, or null.
        unsafe { Local::from_raw(live.env, raw) }
    }

    /// Elements of an array of primitives as words (`float` and `double` as their bits), from `from` on, `count` at most.
    pub fn words(&self, live: Live<'_, '_>, from: usize, count: usize) -> Option<Vec<i64>> {
        let Nature::Primitives(kind) = self.layout.nature else { return None };
        let count = count.min(self.array_length()?.saturating_sub(from));
        if count == 0 {
            return Some(Vec::new());
        }
        let (first, wanted) = (i32::try_from(from).ok()?, i32::try_from(count).ok()?);
        macro_rules! region {
            ($type:ty, $get:ident, $word:expr) => {{
                let mut all: Vec<$type> = Vec::new();
                all.try_reserve_exact(count).ok()?;
                all.resize(count, Default::default());
                // SAFETY: an array of this type, a range within it, and room for it.
                unsafe { jni!(live.env, $get, self.object, first, wanted, all.as_mut_ptr().cast()) };
                all.into_iter().map($word).collect()
            }};
        }
        Some(match kind {
            b'Z' => region!(u8, GetBooleanArrayRegion, i64::from),
            b'B' => region!(i8, GetByteArrayRegion, i64::from),
            b'C' => region!(u16, GetCharArrayRegion, i64::from),
            b'S' => region!(i16, GetShortArrayRegion, i64::from),
            b'I' => region!(i32, GetIntArrayRegion, i64::from),
            b'J' => region!(i64, GetLongArrayRegion, i64::from),
            b'F' => region!(f32, GetFloatArrayRegion, |number| i64::from(number.to_bits())),
            b'D' => region!(f64, GetDoubleArrayRegion, |number| number.to_bits().cast_signed()),
            _ => return None,
        })
    }

    /// One element of an array of primitives as a word; `None` beyond the end.
    pub fn word(&self, live: Live<'_, '_>, index: usize) -> Option<i64> {
        self.words(live, index, 1)?.first().copied()
    }

    /// Another reference to it as a string, if it is one.
    pub fn as_string<'f>(&self, live: Live<'_, 'f>) -> Option<LiveString<'f>> {
        (self.layout.nature == Nature::String).then(|| self.again(live))?.map(LiveString)
    }

    /// Another reference to it as a class, if it is one.
    pub fn as_class<'f>(&self, live: Live<'_, 'f>) -> Option<Local<'f, Class>> {
        if self.layout.nature != Nature::Class {
            return None;
        }
        let object = self.again(live)?;
        // SAFETY: a `java.lang.Class`.
        Some(unsafe { object.into_kind() })
    }

    fn again<'f>(&self, live: Live<'_, 'f>) -> Option<Local<'f>> {
        // SAFETY: a live reference.
        let raw = unsafe { jni!(live.env, NewLocalRef, self.object) };
        // SAFETY: a new local reference in this frame, or null.
        unsafe { Local::from_raw(live.env, raw) }
    }
}

/// # Safety
/// `field` must be an instance field of `of`'s class.
#[inline]
unsafe fn read<'f>(live: Live<'_, 'f>, of: jobject, field: &LiveField) -> Got<'f> {
    macro_rules! get {
        ($function:ident) => {
            // SAFETY: by the caller; the function is that of the field's type.
            unsafe { jni!(live.env, $function, of, field.id) }
        };
    }
    match field.held {
        Held::String => {
            let raw = get!(GetObjectField);
            // SAFETY: a new local reference in this frame to a String, or null.
            Got::String(unsafe { Local::from_raw(live.env, raw) }.map(LiveString))
        }
        Held::Word(Type::Bool) => Got::Bool(get!(GetBooleanField)),
        Held::Word(Type::Byte) => Got::Byte(get!(GetByteField)),
        Held::Word(Type::Char) => Got::Char(get!(GetCharField)),
        Held::Word(Type::Short) => Got::Short(get!(GetShortField)),
        Held::Word(Type::Int) => Got::Int(get!(GetIntField)),
        Held::Word(Type::Long) => Got::Long(get!(GetLongField)),
        Held::Word(Type::Float) => Got::Float(get!(GetFloatField)),
        Held::Word(Type::Double) => Got::Double(get!(GetDoubleField)),
        // No field is void.
        Held::Word(Type::Object | Type::Void) => {
            let raw = get!(GetObjectField);
            // SAFETY: a new local reference in this frame, or null.
            Got::Object(unsafe { Local::from_raw(live.env, raw) })
        }
    }
}

/// # Safety
/// `field` must be a static field of `class`.
pub(super) unsafe fn read_static<'f>(live: Live<'_, 'f>, class: jobject, field: &LiveField) -> Got<'f> {
    macro_rules! get {
        ($function:ident) => {
            // SAFETY: by the caller; the function is that of the field's type.
            unsafe { jni!(live.env, $function, class, field.id) }
        };
    }
    match field.held {
        Held::String => {
            let raw = get!(GetStaticObjectField);
            // SAFETY: a new local reference in this frame to a String, or null.
            Got::String(unsafe { Local::from_raw(live.env, raw) }.map(LiveString))
        }
        Held::Word(Type::Bool) => Got::Bool(get!(GetStaticBooleanField)),
        Held::Word(Type::Byte) => Got::Byte(get!(GetStaticByteField)),
        Held::Word(Type::Char) => Got::Char(get!(GetStaticCharField)),
        Held::Word(Type::Short) => Got::Short(get!(GetStaticShortField)),
        Held::Word(Type::Int) => Got::Int(get!(GetStaticIntField)),
        Held::Word(Type::Long) => Got::Long(get!(GetStaticLongField)),
        Held::Word(Type::Float) => Got::Float(get!(GetStaticFloatField)),
        Held::Word(Type::Double) => Got::Double(get!(GetStaticDoubleField)),
        Held::Word(Type::Object | Type::Void) => {
            let raw = get!(GetStaticObjectField);
            // SAFETY: a new local reference in this frame, or null.
            Got::Object(unsafe { Local::from_raw(live.env, raw) })
        }
    }
}
