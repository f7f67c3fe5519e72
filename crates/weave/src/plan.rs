//! What to weave: the methods, what is passed to the helper class, and that class's names.

use std::collections::BTreeSet;

/// What to do to one class.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The class that is called.
    pub helper: Helper,
    /// The methods to weave; where one is named twice, the first counts.
    pub methods: Vec<Method>,
}

/// One method to weave.
#[derive(Debug, Clone)]
pub struct Method {
    /// Its name, modified UTF-8.
    pub name: Vec<u8>,
    /// Its descriptor.
    pub descriptor: Vec<u8>,
    /// The number by which the helpers know it.
    pub id: i32,
    /// How much code it gets.
    pub shape: Shape,
    /// What is passed besides id and token.
    pub passed: Passed,
}

/// How much code a method gets; each shape contains the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// One call at the entry, one at every exit.
    EntryExit,
}

/// The values that are passed raw, by erased type: `boolean` to `int` as `int`, references as
/// `Object`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passed {
    /// At the entry: the receiver, unless static, and all arguments.
    pub arguments: bool,
    /// At a normal exit: the result, unless void.
    pub result: bool,
}

/// The class whose static methods the woven code calls. The descriptors follow from what is passed:
///
/// | method | descriptor |
/// |---|---|
/// | `enter` | `(I)J`, or `(I` receiver, arguments `)J`: the token of this call |
/// | `exit` | `(IJ)V`, or `(` result `IJ)V`: id and token |
/// | `thrown` | `(Ljava/lang/Throwable;IJ)V`: what leaves the method, id and token |
///
/// They must never throw: what they threw would reach the application.
#[derive(Debug, Clone)]
pub struct Helper {
    /// Internal name, visible from the class that is woven: `java/oxprobe/Spy_<hash>`.
    pub class: Vec<u8>,
    /// Name of the method at the entry.
    pub enter: Vec<u8>,
    /// Name of the method at a normal exit.
    pub exit: Vec<u8>,
    /// Name of the method at an exit by exception.
    pub thrown: Vec<u8>,
    /// Which forms of `enter` there are: a helper that is missing would be a `NoSuchMethodError` in
    /// the application.
    pub entries: Entries,
}

impl Helper {
    /// A helper class with the usual names of its methods.
    pub fn new(class: &str, entries: Entries) -> Self {
        Helper {
            class: class.as_bytes().to_vec(),
            enter: b"enter".to_vec(),
            exit: b"exit".to_vec(),
            thrown: b"thrown".to_vec(),
            entries,
        }
    }
}

/// The descriptors for which the helper class has an `enter`.
#[derive(Debug, Clone)]
pub enum Entries {
    /// Whatever is asked for will be there.
    Any,
    /// These; methods that need another are refused.
    Only(BTreeSet<Vec<u8>>),
}

impl Entries {
    /// Whether there is an `enter` of this descriptor.
    pub fn has(&self, descriptor: &[u8]) -> bool {
        match self {
            Entries::Any => true,
            Entries::Only(known) => known.contains(descriptor),
        }
    }
}
