//! The types a command's fields may have. The type says the shape, so that parser, completion and
//! schema cannot disagree.

use std::fmt;
use std::ops::{Deref, Range};

use crate::{Shape, UsageError};

/// A type that can be read from a word.
pub trait Value: Sized {
    /// What help, completion and schemas say about it.
    const SHAPE: Shape;

    /// Reads it. The error is half a sentence such as "`x` is not a whole number".
    fn parse(text: &str) -> Result<Self, String>;

    /// The value, told where in the line its word stands (in bytes, quotes included). For values that
    /// find their mistakes later and want to point at them.
    #[must_use]
    fn placed(self, _: Range<usize>) -> Self {
        self
    }
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
    /// The name of a switch of the `options` command.
    SwitchName: Switch,
    /// The name of an option of the JVM.
    VmOptionName: VmOption,
    /// A pattern over the names of management beans.
    BeanPattern: Bean,
    /// A pattern over the attributes of a bean.
    BeanAttributePattern: BeanAttribute,
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

/// An expression over the application's objects. The shell does not read it; it knows where it stands,
/// so that who does can point at a mistake in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expression {
    text: String,
    place: Range<usize>,
}

impl Expression {
    /// What was typed, without its quotes.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A mistake at this part (in bytes) of the expression.
    pub fn mistake(&self, part: Range<usize>, message: impl Into<String>) -> UsageError {
        // One pair of quotes shifts all by one; escapes leave only the whole word to point at.
        let shift = match self.place.len().checked_sub(self.text.len()) {
            Some(0) => 0,
            Some(2) => 1,
            _ => return UsageError::at(self.place.clone(), message),
        };
        let clamp = |at: usize| self.place.start + shift + at.min(self.text.len());
        UsageError::at(clamp(part.start)..clamp(part.end), message)
    }
}

impl Value for Expression {
    const SHAPE: Shape = Shape::Expression;

    fn parse(text: &str) -> Result<Self, String> {
        Ok(Self { text: text.to_owned(), place: 0..0 })
    }

    fn placed(self, place: Range<usize>) -> Self {
        Self { place, ..self }
    }
}

/// The error of a `Choice`: names the values there are.
pub fn not_one_of(text: &str, values: &[&str]) -> String {
    format!("`{text}` is not one of {}", values.join(", "))
}
