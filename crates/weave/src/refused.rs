//! Why something is not woven, in words for the person who asked for it.

use std::fmt;

use crate::classfile::Malformed;

/// The reason why a method, or a whole class, stays as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// It would pass HotSpot's `HugeMethodLimit` and be interpreted for ever.
    #[error("it would have {0} bytes of code, and the JIT compiles no method of more than 8,000")]
    TooLong(usize),
    /// A table or the code would pass the class file's own limits (JVMS 4.11).
    #[error("it would pass a limit of the class file format; choose a smaller method that it calls")]
    TooLarge,
    /// Its jumps form a pattern that takes too long to follow.
    #[error("its jumps are too tangled to be followed")]
    TooTangled,
    /// A jump of two bytes would have to go further than 32 KiB.
    #[error("one of its jumps would become longer than 32 KiB")]
    JumpOverflow,
    /// It cannot be told where `this()` or `super()` has been called.
    #[error("it cannot be told where this constructor has called this() or super()")]
    AmbiguousConstructor,
    /// The constant pool has no place left.
    #[error("the class's constant pool is full")]
    PoolFull,
    /// There is no local variable left for the token.
    #[error("it has no local variable left: 65,535 are in use")]
    LocalsFull,
    /// The helper class lacks a method that would be called.
    #[error("the helper class has no method {0}: the agent in this JVM is of another version")]
    HelperMissing(String),
    /// The class file contradicts the JVMS.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The JVM does not let a hidden class be changed.
    #[error("it is a hidden class (a lambda's or a proxy's), which the JVM does not let anybody change")]
    HiddenClass,
    /// There is nothing to weave.
    #[error("it is abstract or native: it has no code; choose an implementation or a caller")]
    NoCode,
    /// The plan names a method that the class does not have.
    #[error("the class has no such method any more")]
    NotFound,
}

/// A method that stays as it was, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Its name, modified UTF-8.
    pub name: Vec<u8>,
    /// Its descriptor.
    pub descriptor: Vec<u8>,
    /// Why.
    pub reason: Refused,
}

impl fmt::Display for Refusal {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [name, descriptor] = [&self.name, &self.descriptor].map(|text| String::from_utf8_lossy(text));
        write!(to, "{name}{descriptor} is not observed: {}", self.reason)
    }
}
