//! `a.b`: properties, of values that are no objects too.

use super::{Evaluated, Run};
use crate::access::Indexed;
use crate::prepared::{Known, Name, Op, Part};
use crate::term::{Content, Made};
use crate::{Access, ErrorKind, Fault, Term, Value};

impl<'p, A: Access> Run<'p, A> {
    /// `name` of the source.
    pub(super) fn property(
        &mut self,
        part: &'p Part<A::Cache>,
        name: &'p Name,
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        let value = match source {
            Term::Value(Value::Object(object)) => {
                self.access.property(&part.site, object, &name.text).map(Term::Value)
            }
            Term::Source(root) => match name.slot {
                Some(slot) => root.property(self.access, slot.into()),
                None => Err(Fault::missing(ErrorKind::NoSuchProperty)),
            },
            other => self.property_of_own(part, &name.text, name.known, other),
        };
        value.map_err(|fault| self.explained_property(name.at(), fault, source, &name.text))
    }

    /// A property of what is no object yet.
    #[inline(never)]
    pub(super) fn property_of_own(
        &mut self,
        part: &'p Part<A::Cache>,
        name: &str,
        known: Known,
        source: &Term<'p, A>,
    ) -> Result<Term<'p, A>, Fault> {
        match source {
            Term::Value(Value::Null) => Err(self.null_source(name)),
            Term::Text(text) => match known {
                Known::Length => Ok(int(text.units().len())),
                Known::IsEmpty | Known::Empty => Ok(boolean(text.units().is_empty())),
                _ => {
                    let object = text.object(self.access)?;
                    self.access.property(&part.site, &object, name).map(Term::Value)
                }
            },
            Term::Made(made) => self.property_of_made(part, name, known, made),
            Term::Value(value) => {
                let object = self.access.boxed(value)?;
                self.access.property(&part.site, &object, name).map(Term::Value)
            }
            Term::Lambda(_) | Term::Source(_) => Err(Fault::missing(ErrorKind::NoSuchProperty)),
        }
    }

    fn property_of_made(
        &mut self,
        part: &'p Part<A::Cache>,
        name: &str,
        known: Known,
        made: &Made<'p, A>,
    ) -> Result<Term<'p, A>, Fault> {
        match (made.content(), known) {
            (Ok(Content::List(terms)), Known::Size) => return Ok(int(terms.len())),
            (Ok(Content::List(terms)), Known::IsEmpty | Known::Empty) => {
                return Ok(boolean(terms.is_empty()));
            }
            (Ok(Content::Array(terms)), Known::Length) => return Ok(int(terms.len())),
            (Ok(Content::Map(pairs)), Known::Size) => return Ok(int(pairs.len())),
            (Ok(Content::Map(pairs)), Known::IsEmpty) => return Ok(boolean(pairs.is_empty())),
            (Ok(Content::Map(pairs)), _) if !matches!(name, "keys" | "keySet" | "values") => {
                let key = Term::Text(crate::Text::Made(name.encode_utf16().collect()));
                if let Some(value) = self.entry(pairs, &key)? {
                    return Ok(value);
                }
            }
            _ => {}
        }
        let object = made.object(self.access)?;
        self.access.property(&part.site, object, name).map(Term::Value)
    }

    /// `name[index]`: the class may want to take the index itself.
    pub(super) fn property_at(
        &mut self,
        part: &'p Part<A::Cache>,
        name: &'p Name,
        index: &'p Part<A::Cache>,
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        match (source, name.slot) {
            (Term::Source(root), Some(slot)) => {
                if let Op::Index(inner) = &index.op
                    && let Op::Int(place) = inner.op
                    && let Ok(place) = usize::try_from(place)
                {
                    self.meter.step().map_err(|fault| part.failed(fault))?;
                    let item = root.item(self.access, slot.into(), place);
                    let item =
                        item.map_err(|fault| self.explained_property(name.at(), fault, source, &name.text));
                    if let Some(item) = item? {
                        return Ok(item);
                    }
                }
                let value = self.property(part, name, source)?;
                self.eval(index, &value)
            }
            (Term::Value(Value::Object(object)), _) => {
                let found = self.access.before_index(&part.site, object, &name.text);
                match found.map_err(|fault| self.explained_property(name.at(), fault, source, &name.text))? {
                    Indexed::Value(value) => self.eval(index, &Term::Value(value)),
                    Indexed::Accessor(found) => self.indexed(part, name, index, &found, object, source),
                }
            }
            _ => {
                let value = self.property(part, name, source)?;
                self.eval(index, &value)
            }
        }
    }

    /// `name.length`
    pub(super) fn property_length(
        &mut self,
        part: &'p Part<A::Cache>,
        name: &'p Name,
        length: &'p Part<A::Cache>,
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        if let (Term::Source(root), Some(slot)) = (source, name.slot)
            && let Some(length) = root.length(slot.into())
        {
            return Ok(int(length));
        }
        let value = self.property(part, name, source)?;
        self.eval(length, &value)
    }

    #[cold]
    pub(super) fn null_source(&self, name: &str) -> Fault {
        let message =
            format!("What stands before {name} is null and has no properties: test for null before.");
        Fault::new(ErrorKind::NullSource, message)
    }
}

/// A size as Java tells it.
pub(super) fn int<'p, A: Access>(size: usize) -> Term<'p, A> {
    Term::Value(Value::Int(size.try_into().unwrap_or(i32::MAX)))
}

pub(super) fn boolean<'p, A: Access>(value: bool) -> Term<'p, A> {
    Term::Value(Value::Boolean(value))
}
