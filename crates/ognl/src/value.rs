//! What Java gives and takes: scalars without their boxes, and references.

use crate::{Primitive, Standard};

/// A value of Java. Boxes are scalars here, whether they came from a field of type `int` or `Integer`; all else
/// is a reference.
///
/// HOT: its tag fills a word, so that values are moved by whole words. Smaller ones are moved in pieces that overlap, and the
/// processor waits where what it loads was stored in other pieces: a quarter of a condition's time.
#[derive(Debug)]
#[repr(u64)]
pub enum Value<O> {
    /// `null`, and what a `void` method returns.
    Null,
    /// A `boolean`.
    Boolean(bool),
    /// A `char`: a unit of UTF-16.
    Character(u16),
    /// A `byte`.
    Byte(i8),
    /// A `short`.
    Short(i16),
    /// An `int`.
    Int(i32),
    /// A `long`.
    Long(i64),
    /// A `float`.
    Float(f32),
    /// A `double`.
    Double(f64),
    /// A reference, never null and never to a box.
    Object(O),
}

impl<O> Value<O> {
    /// Which primitive type a scalar is of.
    pub fn primitive(&self) -> Option<Primitive> {
        Some(match self {
            Value::Null | Value::Object(_) => return None,
            Value::Boolean(_) => Primitive::Boolean,
            Value::Character(_) => Primitive::Char,
            Value::Byte(_) => Primitive::Byte,
            Value::Short(_) => Primitive::Short,
            Value::Int(_) => Primitive::Int,
            Value::Long(_) => Primitive::Long,
            Value::Float(_) => Primitive::Float,
            Value::Double(_) => Primitive::Double,
        })
    }

    /// The class of a scalar's box.
    pub fn boxed(&self) -> Option<Standard> {
        self.primitive().map(Primitive::boxed)
    }

    /// The same value with another reference in it.
    ///
    /// # Errors
    /// Those of `object`.
    pub fn map<P, E>(&self, object: impl FnOnce(&O) -> Result<P, E>) -> Result<Value<P>, E> {
        Ok(match self {
            Value::Null => Value::Null,
            Value::Boolean(value) => Value::Boolean(*value),
            Value::Character(value) => Value::Character(*value),
            Value::Byte(value) => Value::Byte(*value),
            Value::Short(value) => Value::Short(*value),
            Value::Int(value) => Value::Int(*value),
            Value::Long(value) => Value::Long(*value),
            Value::Float(value) => Value::Float(*value),
            Value::Double(value) => Value::Double(*value),
            Value::Object(it) => Value::Object(object(it)?),
        })
    }
}
