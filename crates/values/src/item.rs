//! A value before it is copied: a number, or an object that the JVM lends or gave us.

use jvm::Local;
use jvm::live::{Got, LiveString};

/// A value.
#[expect(missing_docs, reason = "the types are Java's")]
#[derive(Debug)]
#[repr(u64)] // for the reason of `ognl::Value`
pub enum Item<'f> {
    Null,
    Bool(bool),
    Byte(i8),
    Char(u16),
    Short(i16),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    String(LiveString<'f>),
    Object(Local<'f>),
    /// One that is kept secret.
    Secret,
}

impl<'f> From<Got<'f>> for Item<'f> {
    fn from(got: Got<'f>) -> Self {
        match got {
            Got::Bool(value) => Self::Bool(value),
            Got::Byte(value) => Self::Byte(value),
            Got::Char(value) => Self::Char(value),
            Got::Short(value) => Self::Short(value),
            Got::Int(value) => Self::Int(value),
            Got::Long(value) => Self::Long(value),
            Got::Float(value) => Self::Float(value),
            Got::Double(value) => Self::Double(value),
            Got::String(value) => value.map_or(Self::Null, Self::String),
            Got::Object(value) => value.into(),
        }
    }
}

impl<'f> From<Option<Local<'f>>> for Item<'f> {
    fn from(object: Option<Local<'f>>) -> Self {
        object.map_or(Self::Null, Self::Object)
    }
}

/// A word of an array or a shape as the type that a descriptor's letter says; `None` for objects.
pub(crate) fn word<'f>(kind: u8, word: i64) -> Option<Item<'f>> {
    // Narrowing keeps the low bits: they are what was widened.
    let [b0, b1, b2, b3, ..] = word.to_le_bytes();
    Some(match kind {
        b'Z' => Item::Bool(b0 != 0),
        b'B' => Item::Byte(b0.cast_signed()),
        b'C' => Item::Char(u16::from_le_bytes([b0, b1])),
        b'S' => Item::Short(i16::from_le_bytes([b0, b1])),
        b'I' => Item::Int(i32::from_le_bytes([b0, b1, b2, b3])),
        b'J' => Item::Long(word),
        b'F' => Item::Float(f32::from_bits(u32::from_le_bytes([b0, b1, b2, b3]))),
        b'D' => Item::Double(f64::from_bits(word.cast_unsigned())),
        _ => return None,
    })
}
