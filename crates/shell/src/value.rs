//! The types a command's fields may have. The type says the shape, so that parser, completion and
//! schema cannot disagree.

use std::fmt;
use std::ops::Deref;

use crate::Shape;

/// A type that can be read from a word.
pub trait Value: Sized {
    /// What help, completion and schemas say about it.
    const SHAPE: Shape;

    /// Reads it. The error is half a sentence such as "`x` is not a whole number".
    fn parse(text: &str) -> Result<Self, String>;
}

macro_rules! integers {
    ($($ty:ty)*) => {$(
        impl Value for $ty {
            const SHAPE: Shape = Shape::Integer;

            fn parse(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| match text.parse::<i128>() {
                    Ok(_) => format!("{text} is not between {} and {}", <$ty>::MIN, <$ty>::MAX),
                    Err(_) => format!("`{text}` is not a whole number"),
                })
            }
        }
    )*};
}

integers!(u16 u32 u64 usize i32 i64);

impl Value for f64 {
    const SHAPE: Shape = Shape::Number;

    fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(format!("`{text}` is not a number")),
        }
    }
}

impl Value for bool {
    const SHAPE: Shape = Shape::Boolean;

    /// As Arthas has it: `true`, `yes`, `on` and `1` in any case are true, all else is false.
    fn parse(text: &str) -> Result<Self, String> {
        Ok(["true", "yes", "on", "1"].iter().any(|yes| text.eq_ignore_ascii_case(yes)))
    }
}

impl Value for String {
    const SHAPE: Shape = Shape::Text;

    fn parse(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $shape:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// What was typed.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// What was typed.
            pub fn into_string(self) -> String {
                self.0
            }
        }

        impl Value for $name {
            const SHAPE: Shape = Shape::$shape;

            fn parse(text: &str) -> Result<Self, String> {
                Ok(Self(text.to_owned()))
            }
        }

        impl Deref for $name {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    )*};
}

texts! {
    /// A pattern over class names, see [`model::Wildcard`].
    ClassPattern: Class,
    /// A pattern over method names, see [`model::Wildcard`].
    MethodPattern: Method,
    /// The name of a command.
    CommandName: Command,
    /// The key of a system property.
    SystemProperty: SystemProperty,
    /// The name of an environment variable.
    Environment: Environment,
    /// A path in the JVM's file system.
    FilePath: File,
}

/// The id of a thread as Java counts them. Negative numbers are accepted, as Arthas does: there is
/// no such thread, and the command says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadId(pub i64);

impl Value for ThreadId {
    const SHAPE: Shape = Shape::Thread;

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| format!("`{text}` is not the id of a thread"))
    }
}

/// The error of a `Choice`: names the values there are.
pub fn not_one_of(text: &str, values: &[&str]) -> String {
    format!("`{text}` is not one of {}", values.join(", "))
}
