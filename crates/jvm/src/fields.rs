//! Reading and writing Java fields. By name for what is asked once; through [`Field`] and [`StaticField`] for
//! what is asked often.

use crate::descriptor::{Type, mismatch};
use crate::env::{Env, jni};
use crate::error::{Error, Result};
use crate::mutf8;
use crate::refs::{Class, Global, Ref};
use crate::sys::{jfieldID, jobject};
use crate::values::{Return, Stored, Value, Word};

impl<'f> Env<'f> {
    /// Reads an instance field, private ones too: `env.get::<i64>(&thread, "tid", "J")`.
    pub fn get<R>(&self, of: &impl Ref, name: &str, descriptor: &str) -> Result<R>
    where
        R: Return<'f, Word: Stored>,
    {
        let held = Type::of_field(name, descriptor)?;
        fits(name, held, R::Word::TYPE)?;
        let class = self.class_of(of)?;
        let id = self.field_id(&class, name, descriptor)?;
        // SAFETY: `id` is a field of `of`'s own class and of the awaited type.
        let word = unsafe { R::Word::get(self, of.raw(), id) };
        self.receive(word, name)
    }

    /// Writes an instance field. Final ones too: the caller must know that nobody relies on them.
    pub fn set(&self, of: &impl Ref, name: &str, descriptor: &str, value: Value<'_>) -> Result<()> {
        fits(name, Type::of_field(name, descriptor)?, value.type_of())?;
        let class = self.class_of(of)?;
        let id = self.field_id(&class, name, descriptor)?;
        // SAFETY: `id` is a field of `of`'s own class and of the value's type.
        unsafe { self.store(of.raw(), id, value) };
        self.check(name)
    }

    /// Reads a static field.
    pub fn get_static<R>(&self, class: &impl Ref<Kind = Class>, name: &str, descriptor: &str) -> Result<R>
    where
        R: Return<'f, Word: Stored>,
    {
        fits(name, Type::of_field(name, descriptor)?, R::Word::TYPE)?;
        let id = self.static_field_id(class, name, descriptor)?;
        // SAFETY: `id` is a static field of `class` and of the awaited type.
        let word = unsafe { R::Word::get_static(self, class.raw(), id) };
        self.receive(word, name)
    }

    /// Writes a static field.
    pub fn set_static(
        &self,
        class: &impl Ref<Kind = Class>,
        name: &str,
        descriptor: &str,
        value: Value<'_>,
    ) -> Result<()> {
        fits(name, Type::of_field(name, descriptor)?, value.type_of())?;
        let id = self.static_field_id(class, name, descriptor)?;
        // SAFETY: `id` is a static field of `class` and of the value's type.
        unsafe { self.store_static(class.raw(), id, value) };
        self.check(name)
    }

    /// Looks an instance field up, for many reads.
    pub fn field(&self, class: &impl Ref<Kind = Class>, name: &str, descriptor: &str) -> Result<Field> {
        let held = Type::of_field(name, descriptor)?;
        let id = self.field_id(class, name, descriptor)?;
        Ok(Field { class: self.global(class)?, id, held, name: name.into() })
    }

    /// Looks a static field up, for many reads.
    pub fn static_field(
        &self,
        class: &impl Ref<Kind = Class>,
        name: &str,
        descriptor: &str,
    ) -> Result<StaticField> {
        let held = Type::of_field(name, descriptor)?;
        let id = self.static_field_id(class, name, descriptor)?;
        Ok(StaticField { class: self.global(class)?, id, held, name: name.into() })
    }

    fn field_id(&self, class: &impl Ref<Kind = Class>, name: &str, descriptor: &str) -> Result<jfieldID> {
        self.ready()?;
        let (text, types) = (mutf8::encode(name), mutf8::encode(descriptor));
        // SAFETY: `class` is a class, both names are C strings.
        let id = unsafe { jni!(self, GetFieldID, class.raw(), text.as_ptr(), types.as_ptr()) };
        self.check(name)?;
        if id.is_null() { Err(Error::Null { call: "GetFieldID".into() }) } else { Ok(id) }
    }

    fn static_field_id(
        &self,
        class: &impl Ref<Kind = Class>,
        name: &str,
        descriptor: &str,
    ) -> Result<jfieldID> {
        self.ready()?;
        let (text, types) = (mutf8::encode(name), mutf8::encode(descriptor));
        // SAFETY: `class` is a class, both names are C strings.
        let id = unsafe { jni!(self, GetStaticFieldID, class.raw(), text.as_ptr(), types.as_ptr()) };
        self.check(name)?;
        if id.is_null() { Err(Error::Null { call: "GetStaticFieldID".into() }) } else { Ok(id) }
    }

    /// # Safety
    /// `id` must be an instance field of `of`'s class and of the value's type.
    unsafe fn store(&self, of: jobject, id: jfieldID, value: Value<'_>) {
        macro_rules! set {
            ($function:ident, $word:expr) => {
                // SAFETY: by the caller.
                unsafe { jni!(self, $function, of, id, $word) }
            };
        }
        match value {
            Value::Bool(word) => set!(SetBooleanField, word),
            Value::Byte(word) => set!(SetByteField, word),
            Value::Char(word) => set!(SetCharField, word),
            Value::Short(word) => set!(SetShortField, word),
            Value::Int(word) => set!(SetIntField, word),
            Value::Long(word) => set!(SetLongField, word),
            Value::Float(word) => set!(SetFloatField, word),
            Value::Double(word) => set!(SetDoubleField, word),
            Value::Null => set!(SetObjectField, std::ptr::null_mut()),
            Value::Object(handle) => set!(SetObjectField, handle.raw()),
        }
    }

    /// # Safety
    /// `id` must be a static field of `class` and of the value's type.
    unsafe fn store_static(&self, class: jobject, id: jfieldID, value: Value<'_>) {
        macro_rules! set {
            ($function:ident, $word:expr) => {
                // SAFETY: by the caller.
                unsafe { jni!(self, $function, class, id, $word) }
            };
        }
        match value {
            Value::Bool(word) => set!(SetStaticBooleanField, word),
            Value::Byte(word) => set!(SetStaticByteField, word),
            Value::Char(word) => set!(SetStaticCharField, word),
            Value::Short(word) => set!(SetStaticShortField, word),
            Value::Int(word) => set!(SetStaticIntField, word),
            Value::Long(word) => set!(SetStaticLongField, word),
            Value::Float(word) => set!(SetStaticFloatField, word),
            Value::Double(word) => set!(SetStaticDoubleField, word),
            Value::Null => set!(SetStaticObjectField, std::ptr::null_mut()),
            Value::Object(handle) => set!(SetStaticObjectField, handle.raw()),
        }
    }
}

fn fits(name: &str, held: Type, wanted: Type) -> Result<()> {
    if held == wanted {
        return Ok(());
    }
    Err(mismatch(name, format!("holds {held:?}, not {wanted:?}")))
}

/// An instance field, looked up once. May be kept and shared.
pub struct Field {
    class: Global<Class>,
    id: jfieldID,
    held: Type,
    name: Box<str>,
}

// SAFETY: a field id is valid on every thread as long as its class is loaded, which `class` sees to.
unsafe impl Send for Field {}
// SAFETY: as above.
unsafe impl Sync for Field {}

impl Field {
    /// Reads it from an object of its class or one below.
    pub fn get<'f, R>(&self, env: &Env<'f>, of: &impl Ref) -> Result<R>
    where
        R: Return<'f, Word: Stored>,
    {
        fits(&self.name, self.held, R::Word::TYPE)?;
        env.expect_instance(of, &self.class, "holder of this field")?;
        // SAFETY: `of` is of the class the id belongs to, and the type is the awaited one.
        let word = unsafe { R::Word::get(env, of.raw(), self.id) };
        env.receive(word, &self.name)
    }
}

/// A static field, looked up once. May be kept and shared.
pub struct StaticField {
    class: Global<Class>,
    id: jfieldID,
    held: Type,
    name: Box<str>,
}

// SAFETY: as for `Field`.
unsafe impl Send for StaticField {}
// SAFETY: as for `Field`.
unsafe impl Sync for StaticField {}

impl StaticField {
    /// Reads it.
    pub fn get<'f, R>(&self, env: &Env<'f>) -> Result<R>
    where
        R: Return<'f, Word: Stored>,
    {
        env.ready()?;
        fits(&self.name, self.held, R::Word::TYPE)?;
        // SAFETY: `id` is a static field of `class` and of the awaited type.
        let word = unsafe { R::Word::get_static(env, self.class.raw(), self.id) };
        env.receive(word, &self.name)
    }
}
