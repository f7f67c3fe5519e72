//! The method a condition is compiled for: where its values are, and what their types are known to be.

use std::fmt;

use super::kind::Kind;
use super::value::{Number, Value};

/// When a listener asks its condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Before the body runs: `monitor -b`.
    Entry,
    /// After it: everything else. Parts that need nothing of the end may still be asked at the entry.
    Exit,
}

/// A method, and how its values are passed.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Internal name of the class that declares it.
    pub class: &'a [u8],
    /// Its name.
    pub name: &'a [u8],
    /// Its descriptor.
    pub descriptor: &'a [u8],
    /// Whether it is static.
    pub is_static: bool,
    /// When the listener asks.
    pub when: When,
    /// How many references and how many longs are passed.
    pub shape: (u8, u8),
    /// For each parameter, whether the body stores into it; one that is missing counts as stored.
    pub stored: &'a [bool],
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let class = String::from_utf8_lossy(self.class).replace('/', ".");
        write!(to, "{class}.{}", String::from_utf8_lossy(self.name))
    }
}

/// What a declared type lets one know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    Void,
    Primitive(Kind),
    Box(Kind),
    String,
    /// A supertype of `String` or of boxes.
    Anything,
    /// Neither.
    Reference,
}

/// A parameter.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub(super) of: Type,
    /// As Java writes it.
    pub(super) name: String,
    /// Its place among the references, or among the longs.
    place: u16,
}

/// The types of a method.
#[derive(Debug, Clone)]
pub(super) struct Signature {
    pub(super) parameters: Vec<Parameter>,
    pub(super) result: Parameter,
}

const SUPERTYPES: [&[u8]; 7] = [
    b"java/lang/Object",
    b"java/lang/Number",
    b"java/lang/Comparable",
    b"java/io/Serializable",
    b"java/lang/CharSequence",
    b"java/lang/constant/Constable",
    b"java/lang/constant/ConstantDesc",
];

impl Signature {
    /// Reads a descriptor (JVMS 4.3.3); none where it makes no sense.
    pub(super) fn read(subject: &Subject<'_>) -> Option<Signature> {
        let mut rest = subject.descriptor.strip_prefix(b"(")?;
        let mut references = u16::from(!subject.is_static);
        let mut longs = 0;
        let mut parameters = Vec::new();
        loop {
            if let Some(after) = rest.strip_prefix(b")") {
                let (of, name, _) = read_type(after)?;
                return Some(Signature { parameters, result: Parameter { of, name, place: 0 } });
            }
            let (of, name, after) = read_type(rest)?;
            let count = if matches!(of, Type::Primitive(_)) { &mut longs } else { &mut references };
            parameters.push(Parameter { of, name, place: *count });
            *count += 1;
            rest = after;
        }
    }
}

/// The first type of a descriptor, as Java writes it, and what follows.
fn read_type(bytes: &[u8]) -> Option<(Type, String, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    if let Some(kind) = Kind::of_letter(*first) {
        return Some((Type::Primitive(kind), kind.name().to_owned(), rest));
    }
    match first {
        b'V' => Some((Type::Void, "void".to_owned(), rest)),
        b'[' => {
            let (_, name, rest) = read_type(rest)?;
            Some((Type::Reference, name + "[]", rest))
        }
        b'L' => {
            let end = rest.iter().position(|byte| *byte == b';')?;
            let (class, rest) = (rest.get(..end)?, rest.get(end + 1..)?);
            let of = match Kind::of_box(class) {
                Some(kind) => Type::Box(kind),
                None if class == b"java/lang/String" => Type::String,
                None if SUPERTYPES.contains(&class) => Type::Anything,
                None => Type::Reference,
            };
            Some((of, String::from_utf8_lossy(class).replace('/', "."), rest))
        }
        _ => None,
    }
}

/// Which of the two methods of `Advice` is overridden, and so where the values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Entry,
    Exit,
}

/// Locals of `exitA{a}J{j}(int lanes, long token, long result, Object result, Throwable, ..)`.
pub(super) const TOKEN: u16 = 2;
const RAW_RESULT: u16 = 4;
const RESULT: u16 = 6;
pub(super) const THROWN: u16 = 7;

impl Place {
    /// The first local behind `lanes` and what is known of the end.
    pub(super) fn first(self) -> u16 {
        match self {
            Place::Entry => 2,
            Place::Exit => 8,
        }
    }

    /// The first local that is free.
    pub(super) fn end(self, shape: (u8, u8)) -> u16 {
        self.first() + u16::from(shape.0) + 2 * u16::from(shape.1)
    }
}

impl Parameter {
    /// The value; none where it is not passed.
    pub(super) fn value(&self, place: Place, shape: (u8, u8)) -> Option<Value> {
        let longs = place.first() + u16::from(shape.0);
        let (passed, local) = match self.of {
            Type::Primitive(_) => (shape.1, longs + 2 * self.place),
            _ => (shape.0, place.first() + self.place),
        };
        (self.place < u16::from(passed)).then(|| self.of.value(local, local))
    }

    /// The value that a method returned.
    pub(super) fn result(&self) -> Value {
        self.of.value(RESULT, RAW_RESULT)
    }
}

impl Type {
    fn value(&self, local: u16, raw: u16) -> Value {
        match self {
            Type::Void => Value::Null,
            Type::Primitive(kind) => Value::Number(Number::Raw(*kind, raw)),
            Type::Box(kind) => Value::Boxed(*kind, local),
            Type::String => Value::String(local),
            Type::Anything => Value::Anything(local),
            Type::Reference => Value::Reference(Some(local)),
        }
    }
}
