//! Properties whose class takes the index itself: `getItem(int)`, or `getItem(key)` with `setItem(key, value)`.

use super::listed::decapitalized;
use super::search::{Candidate, methods};
use crate::{Flags, Primitive, Reflection};

/// Such a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedProperty {
    /// The name of the method that reads an element, if one does.
    pub read: Option<String>,
    /// The name of the method that writes an element, if one does.
    pub write: Option<String>,
    /// Whether the index is an `int`, so that `[^]` and the like mean something.
    pub by_number: bool,
}

/// The property of this name whose class takes the index itself. By number where there is a public
/// `getName(int)` or `setName(int, value)`, unless a plain `getName()` returns something else than an array of
/// the same; by any key where there are both `getName(key)` and `setName(key, value)` of matching types, each
/// without overloads.
pub fn find_indexed<R: Reflection + ?Sized>(
    reflection: &R,
    class: &R::Class,
    name: &str,
) -> Option<IndexedProperty> {
    let (getter, setter) = (format!("get{}", upper(name)), format!("set{}", upper(name)));
    if decapitalized(getter.get(3..)?) != name {
        return None;
    }
    let found = methods(reflection, class, &mut |listed, _| {
        let hidden = listed.flags.has(Flags::STATIC) || listed.flags.has(Flags::SYNTHETIC);
        !hidden && (listed.name == getter || listed.name == setter)
    });
    let by_key = by_key(reflection, &found, &getter, &setter);
    by_key.or_else(|| by_number(reflection, &found, &getter, &setter))
}

fn by_key<R: Reflection + ?Sized>(
    reflection: &R,
    found: &[Candidate<R>],
    getter: &str,
    setter: &str,
) -> Option<IndexedProperty> {
    let read = only(reflection, found, getter, 1)?;
    let write = only(reflection, found, setter, 2)?;
    let key = reflection.parameters(&read.listed.member).ok()?.into_iter().next()?;
    let value = reflection.returned(&read.listed.member).ok()??;
    let fits = reflection.parameters(&write.listed.member).ok()? == [key, value]
        && reflection.returned(&write.listed.member).ok()?.is_none();
    fits.then(|| IndexedProperty {
        read: Some(getter.to_owned()),
        write: Some(setter.to_owned()),
        by_number: false,
    })
}

/// The method of this name where no class has two of them, nor one with other parameters.
fn only<'a, R: Reflection + ?Sized>(
    reflection: &R,
    found: &'a [Candidate<R>],
    name: &str,
    parameters: usize,
) -> Option<&'a Candidate<R>> {
    let mut named = found.iter().filter(|one| one.listed.name == name);
    let first = named.next().filter(|one| one.listed.parameters == parameters)?;
    let takes = reflection.parameters(&first.listed.member).ok()?;
    named
        .all(|other| reflection.parameters(&other.listed.member).is_ok_and(|these| these == takes))
        .then_some(first)
}

fn by_number<R: Reflection + ?Sized>(
    reflection: &R,
    found: &[Candidate<R>],
    getter: &str,
    setter: &str,
) -> Option<IndexedProperty> {
    let int = reflection.primitive(Primitive::Int);
    let returned = |one: &Candidate<R>| reflection.returned(&one.listed.member).ok().flatten();
    let takes = |one: &Candidate<R>, count: usize| {
        one.listed.parameters == count
            && one.listed.flags.has(Flags::PUBLIC)
            && reflection.parameters(&one.listed.member).is_ok_and(|takes| takes.first() == Some(&int))
    };
    let read = found.iter().find(|one| one.listed.name == getter && takes(one, 1) && returned(one).is_some());
    let write =
        found.iter().find(|one| one.listed.name == setter && takes(one, 2) && returned(one).is_none());
    if read.is_none() && write.is_none() {
        return None;
    }
    let whole = found.iter().find(|one| {
        one.listed.name == getter && one.listed.parameters == 0 && one.listed.flags.has(Flags::PUBLIC)
    });
    if let (Some(read), Some(whole)) = (read, whole.and_then(returned))
        && reflection.component(&whole) != returned(read)
    {
        return None;
    }
    Some(IndexedProperty {
        read: read.map(|_| getter.to_owned()),
        write: write.map(|_| setter.to_owned()),
        by_number: true,
    })
}

fn upper(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
