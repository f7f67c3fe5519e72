//! Where the values of a method's calls lie among those that its woven code passes: receiver and parameters by their
//! places among the objects and the longs, and what is returned by its type.

use std::sync::atomic::AtomicU32;

use jvm::probe::Values;
use jvm::{Class, Env, Local, Weak};

use crate::item::{Item, word};
use crate::kept::Kept;
use crate::redaction::Redaction;

/// A method, as far as its calls are looked at.
pub struct Passed {
    /// Its class, with dots.
    pub class: Box<str>,
    /// Its name.
    pub method: Box<str>,
    /// Its descriptor.
    pub descriptor: Box<str>,
    /// Its class; `None` where nobody knows it.
    pub mirror: Option<Weak<Class>>,
    pub(crate) has_receiver: bool,
    /// How many references are passed.
    pub(crate) objects: usize,
    /// How many longs are passed.
    pub(crate) longs: usize,
    pub(crate) parameters: Box<[Parameter]>,
    /// The first letter of the type that is returned.
    pub(crate) returns: u8,
    /// What it returns is kept secret.
    pub(crate) returns_secret: bool,
    pub(crate) receiver_class: AtomicU32,
    pub(crate) result_class: AtomicU32,
}

/// A parameter.
pub(crate) struct Parameter {
    /// The first letter of its type.
    kind: u8,
    /// Its place among the objects or the longs.
    place: usize,
    /// Where a normal exit has what it was at the entry, if that is not the same place.
    entered: Option<usize>,
    pub(crate) name: Option<Box<str>>,
    /// Its value is kept secret.
    pub(crate) is_secret: bool,
    /// The class of what was passed last.
    pub(crate) class: AtomicU32,
}

/// What is to be known of a method.
pub struct Method<'a> {
    /// Its class, with dots.
    pub class: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its descriptor.
    pub descriptor: &'a str,
    /// Whether it has no receiver.
    pub is_static: bool,
    /// For each parameter, whether the method stores into it; none where unknown.
    pub stored: &'a [bool],
    /// Whether normal exits bring what stored parameters were at the entry.
    pub entered: bool,
    /// The parameters' names, as far as they are known.
    pub names: &'a [Option<Box<str>>],
}

impl Passed {
    /// The places of a method's values.
    pub fn of(method: &Method<'_>, mirror: Option<Weak<Class>>, redaction: &Redaction) -> Self {
        let (mut objects, mut longs) = (usize::from(!method.is_static), 0);
        let types: Vec<u8> = first_letters(method.descriptor);
        let mut parameters: Vec<Parameter> = types
            .iter()
            .zip(0..)
            .map(|(kind, index): (&u8, usize)| {
                let next = if is_object(*kind) { &mut objects } else { &mut longs };
                let place = *next;
                *next += 1;
                let name = method.names.get(index).cloned().flatten();
                Parameter {
                    kind: *kind,
                    place,
                    entered: None,
                    is_secret: name.as_deref().is_some_and(|name| redaction.hides(name)),
                    name,
                    class: AtomicU32::new(0),
                }
            })
            .collect();
        if method.entered {
            let stored = method.stored.iter().copied().chain(std::iter::repeat(false));
            for (parameter, _) in parameters.iter_mut().zip(stored).filter(|(_, stored)| *stored) {
                let next = if is_object(parameter.kind) { &mut objects } else { &mut longs };
                parameter.entered = Some(*next);
                *next += 1;
            }
        }
        Self {
            class: method.class.into(),
            method: method.name.into(),
            descriptor: method.descriptor.into(),
            mirror,
            has_receiver: !method.is_static,
            objects,
            longs,
            parameters: parameters.into(),
            returns: method.descriptor.rsplit_once(')').and_then(|(_, of)| of.bytes().next()).unwrap_or(b'V'),
            returns_secret: redaction.hides(method.name),
            receiver_class: AtomicU32::new(0),
            result_class: AtomicU32::new(0),
        }
    }

    /// The receiver.
    pub(crate) fn receiver<'f>(&self, env: &Env<'f>, values: Held<'_>) -> jvm::Result<Option<Local<'f>>> {
        if !self.has_receiver {
            return Ok(None);
        }
        values.object(env, 0)
    }

    /// What a parameter holds; at a normal exit what it held at the entry, if `entered` says so and it is known.
    #[inline]
    pub(crate) fn parameter<'f>(
        &self,
        env: &Env<'f>,
        values: Held<'_>,
        index: usize,
        entered: bool,
    ) -> jvm::Result<Option<Item<'f>>> {
        let Some(parameter) = self.parameters.get(index) else { return Ok(None) };
        let place = parameter.entered.filter(|_| entered).unwrap_or(parameter.place);
        values.item(env, parameter.kind, place).map(Some)
    }

    /// What is returned; `None` for `void`.
    pub(crate) fn result<'f>(&self, env: &Env<'f>, values: Held<'_>) -> jvm::Result<Option<Item<'f>>> {
        if self.returns == b'V' {
            return Ok(None);
        }
        Ok(Some(match word(self.returns, values.returned_long()) {
            Some(word) => word,
            None => values.returned_object(env)?.into(),
        }))
    }

    /// Whether what it returns is kept secret.
    pub fn gives_secret(&self) -> bool {
        self.returns_secret && self.returns != b'V'
    }

    /// How many parameters there are.
    pub fn count(&self) -> usize {
        self.parameters.len()
    }
}

/// Where the values of a call are.
#[derive(Clone, Copy)]
pub enum Held<'a> {
    /// With the thread that makes the call.
    Passed(&'a Values<'a>),
    /// Kept since.
    Kept(&'a Kept),
}

impl Held<'_> {
    #[inline]
    pub(crate) fn object<'f>(self, env: &Env<'f>, place: usize) -> jvm::Result<Option<Local<'f>>> {
        match self {
            Self::Passed(values) => values.object(place).map(|handle| handle.local(env)).transpose(),
            Self::Kept(kept) => kept.object(env, place),
        }
    }

    #[inline]
    fn long(self, place: usize) -> i64 {
        match self {
            Self::Passed(values) => values.long(place),
            Self::Kept(kept) => kept.long(place),
        }
    }

    fn returned_object<'f>(self, env: &Env<'f>) -> jvm::Result<Option<Local<'f>>> {
        match self {
            Self::Passed(values) => values.returned_object().map(|handle| handle.local(env)).transpose(),
            Self::Kept(kept) => kept.returned_object(env),
        }
    }

    fn returned_long(self) -> i64 {
        match self {
            Self::Passed(values) => values.returned_long(),
            Self::Kept(kept) => kept.returned_long(),
        }
    }

    /// A value of a type with this first letter.
    #[inline]
    pub(crate) fn item<'f>(self, env: &Env<'f>, kind: u8, place: usize) -> jvm::Result<Item<'f>> {
        Ok(match word(kind, self.long(place)) {
            Some(word) => word,
            None => self.object(env, place)?.into(),
        })
    }
}

fn is_object(kind: u8) -> bool {
    matches!(kind, b'L' | b'[')
}

/// The first letters of the types of a method's parameters.
pub fn first_letters(descriptor: &str) -> Vec<u8> {
    crate::java::types(descriptor).filter_map(|one| one.bytes().next()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_lie_behind_the_receiver_and_what_they_were_behind_them_all() {
        let method = Method {
            class: "demo.A",
            name: "run",
            descriptor: "(ILjava/lang/String;J[BZ)V",
            is_static: false,
            stored: &[true, true, false, false, false],
            entered: true,
            names: &[None, Some("password".into())],
        };
        let passed = Passed::of(&method, None, &Redaction::default());
        let places: Vec<_> = passed.parameters.iter().map(|one| (one.kind, one.place, one.entered)).collect();
        assert_eq!(
            places,
            [(b'I', 0, Some(3)), (b'L', 1, Some(3)), (b'J', 1, None), (b'[', 2, None), (b'Z', 2, None)]
        );
        assert_eq!(passed.parameters.iter().filter(|one| one.is_secret).count(), 1);
        assert_eq!((passed.returns, passed.returns_secret), (b'V', false));
    }
}
