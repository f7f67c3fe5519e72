//! A root with one property, which holds a value: `instances` of `vmtool`.

use ognl::{Access, Fault, Source, Term};

use crate::java::{Java, Value};

/// The root.
pub struct Property<'f> {
    /// Its only property's name.
    pub names: &'static [&'static str],
    /// What that holds.
    pub value: Value<'f>,
}

impl<'e, 'f> Source<Java<'e, 'f>> for Property<'f> {
    fn names(&self) -> &'static [&'static str] {
        self.names
    }

    fn property<'s>(&'s self, java: &Java<'e, 'f>, _slot: usize) -> Result<Term<'s, Java<'e, 'f>>, Fault> {
        self.value.map(|thing| java.copy(thing)).map(Term::Value)
    }
}
