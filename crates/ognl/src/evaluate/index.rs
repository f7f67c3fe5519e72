//! `a[b]`: elements of lists and arrays, values of maps; of anything else the property of that name.

use super::{Evaluated, Run};
use crate::fault::Failed;
use crate::member::IndexedProperty;
use crate::prepared::{Known, Name, Op, Part};
use crate::term::{Content, Made};
use crate::{Access, ErrorKind, Fault, Kind, Subscript, Term, Value};

impl<'p, A: Access> Run<'p, A> {
    /// `[index]` of the source.
    pub(super) fn index(
        &mut self,
        part: &'p Part<A::Cache>,
        index: &'p Part<A::Cache>,
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        let root = self.root.clone();
        let key = self.held(index, root.term())?;
        let value = self.element(part, source, key.term());
        value.map_err(|fault| self.explained_element(part.at(), fault, source, key.term()))
    }

    fn element(
        &mut self,
        part: &'p Part<A::Cache>,
        source: &Term<'p, A>,
        key: &Term<'p, A>,
    ) -> Result<Term<'p, A>, Fault> {
        match source {
            Term::Value(Value::Object(object)) => self.element_of(part, object, source, key),
            Term::Made(made) => self.element_of_made(part, made, source, key),
            Term::Value(Value::Null) => {
                let message =
                    "What stands before this index is null and has no elements: test for null before.";
                Err(Fault::new(ErrorKind::NullSource, message))
            }
            _ => self.named(part, source, key),
        }
    }

    fn element_of(
        &mut self,
        part: &'p Part<A::Cache>,
        object: &A::Object,
        source: &Term<'p, A>,
        key: &Term<'p, A>,
    ) -> Result<Term<'p, A>, Fault> {
        let kind = self.access.kind(object)?;
        match kind {
            Kind::Map => {
                let value = match key {
                    Term::Value(Value::Object(_)) | Term::Text(_) | Term::Made(_) => {
                        self.access.map_get(object, &key.value(self.access)?)
                    }
                    Term::Value(scalar) => {
                        self.access.map_get(object, &scalar.map(|object| self.access.copy(object))?)
                    }
                    _ => Ok(Value::Null),
                };
                return value.map(Term::Value);
            }
            Kind::List => {
                if let Some(index) = self.number(key)? {
                    return self.access.list_get(object, index).map(Term::Value);
                }
            }
            // Of these only a text names a property.
            Kind::Set => {}
            Kind::Array(_) => match self.number(key)? {
                Some(index) if index < 0 => return Ok(Term::NULL),
                Some(index) => return self.access.element(object, index).map(Term::Value),
                None => {}
            },
            _ => return self.named(part, source, key),
        }
        self.named_by_text(part, source, key)
    }

    fn element_of_made(
        &mut self,
        part: &'p Part<A::Cache>,
        made: &Made<'p, A>,
        source: &Term<'p, A>,
        key: &Term<'p, A>,
    ) -> Result<Term<'p, A>, Fault> {
        let is_array = match made.content() {
            Err(object) => return self.element_of(part, object, source, key),
            Ok(Content::Map(pairs)) => {
                if let Some(value) = self.entry(pairs, key)? {
                    return Ok(value);
                }
                return self.element_of(part, made.object(self.access)?, source, key);
            }
            Ok(Content::Array(_)) => true,
            Ok(Content::List(_)) => false,
        };
        match (self.number(key)?, made.content()) {
            (Some(index), Ok(Content::List(terms) | Content::Array(terms))) => {
                match usize::try_from(index).ok().map(|index| terms.get(index)) {
                    Some(Some(term)) => term.copy(self.access),
                    None if is_array => Ok(Term::NULL),
                    _ => Err(no_element(index, terms.len())),
                }
            }
            _ => self.named_by_text(part, source, key),
        }
    }

    /// Of a list, set or array only a text names a property.
    fn named_by_text(
        &mut self,
        part: &'p Part<A::Cache>,
        source: &Term<'p, A>,
        key: &Term<'p, A>,
    ) -> Result<Term<'p, A>, Fault> {
        match self.kind(key)? {
            Some(Kind::Text) => self.named(part, source, key),
            _ => Err(Fault::missing(ErrorKind::NoSuchProperty)),
        }
    }

    /// The property that is called as the index is written.
    fn named(
        &mut self,
        part: &'p Part<A::Cache>,
        source: &Term<'p, A>,
        key: &Term<'p, A>,
    ) -> Result<Term<'p, A>, Fault> {
        if matches!(key, Term::Value(Value::Null)) {
            let message = "The index is null, which names no property.";
            return Err(Fault::new(ErrorKind::NullPointer, message));
        }
        let mut name = String::new();
        self.with_text(key, &mut |units| name = String::from_utf16_lossy(units))?;
        match source {
            Term::Value(Value::Object(object)) => {
                self.access.property(&part.site, object, &name).map(Term::Value)
            }
            Term::Source(root) => match root.names().iter().position(|known| *known == name) {
                Some(slot) => root.property(self.access, slot),
                None => Err(Fault::missing(ErrorKind::NoSuchProperty)),
            },
            other => self.property_of_own(part, &name, Known::of(&name), other),
        }
    }

    /// An index as a sentence names it.
    #[cold]
    pub(super) fn key_name(&self, key: &Term<'p, A>) -> String {
        let mut name = String::new();
        let read = match key {
            Term::Made(_) | Term::Source(_) => Err(Fault::missing(ErrorKind::NoSuchProperty)),
            key => self.with_text(key, &mut |units| {
                name = String::from_utf16_lossy(units.get(..units.len().min(80)).unwrap_or(units));
            }),
        };
        if read.is_ok() { name } else { "[..]".to_owned() }
    }

    /// `[^]`, `[|]`, `[$]` or `[*]` of the source: its first, middle or last element, or a copy of all.
    pub(super) fn subscript(
        &mut self,
        part: &'p Part<A::Cache>,
        subscript: Subscript,
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        let value = self.picked(part, subscript, source)?;
        let value = value.ok_or_else(|| Fault::missing(ErrorKind::NoSuchProperty));
        value.map_err(|fault| self.explained_property(part.at(), fault, source, sign(subscript)))
    }

    fn picked(
        &mut self,
        part: &'p Part<A::Cache>,
        subscript: Subscript,
        source: &Term<'p, A>,
    ) -> Result<Option<Term<'p, A>>, Failed> {
        let failed = |fault| part.failed(fault);
        let object = match source {
            Term::Value(Value::Object(object)) => object,
            Term::Value(Value::Null) => return Err(part.failed(self.null_source("this index"))),
            Term::Made(made) => match made.content() {
                Err(object) => object,
                Ok(Content::Map(_)) => return Ok(Some(Term::NULL)),
                Ok(Content::List(terms) | Content::Array(terms)) if subscript != Subscript::All => {
                    let term = place(subscript, terms.len()).and_then(|place| terms.get(place));
                    let term = term.map_or(Ok(Term::NULL), |term| term.copy(self.access));
                    return term.map(Some).map_err(failed);
                }
                Ok(_) => made.object(self.access).map_err(failed)?,
            },
            _ => return Ok(None),
        };
        let access = self.access;
        match access.kind(object).map_err(failed)? {
            Kind::Map => Ok(Some(Term::NULL)),
            Kind::List if subscript == Subscript::All => {
                let mut terms = Vec::new();
                self.each(part, source, &mut |run, element| {
                    terms.push(element);
                    run.meter.bytes(32).map_err(|fault| part.failed(fault))?;
                    Ok(true)
                })?;
                self.made(Content::List(terms)).map(Some).map_err(failed)
            }
            Kind::List => {
                let size = access.size(object).map_err(failed)?;
                match place(subscript, usize::try_from(size).unwrap_or(0)) {
                    None => Ok(Some(Term::NULL)),
                    Some(place) => {
                        let element = access.list_get(object, place.try_into().unwrap_or(i32::MAX));
                        element.map(|element| Some(Term::Value(element))).map_err(failed)
                    }
                }
            }
            Kind::Array(_) => self.of_array(subscript, object).map(Some).map_err(failed),
            _ => Ok(None),
        }
    }

    fn of_array(&mut self, subscript: Subscript, array: &A::Object) -> Result<Term<'p, A>, Fault> {
        let length = self.access.length(array)?;
        if subscript != Subscript::All {
            return match place(subscript, usize::try_from(length).unwrap_or(0)) {
                None => Ok(Term::NULL),
                Some(place) => {
                    self.access.element(array, place.try_into().unwrap_or(i32::MAX)).map(Term::Value)
                }
            };
        }
        let class = self.access.class_of(array)?;
        let Some(component) = self.access.component(&class) else {
            return Err(Fault::missing(ErrorKind::NoSuchProperty));
        };
        let copy = self.new_array_object(&component, length)?;
        for index in 0..length {
            self.meter.step()?;
            self.access.set_element(&copy, index, self.access.element(array, index)?)?;
        }
        Ok(Term::Value(Value::Object(copy)))
    }

    /// `name[index]` of an object whose class takes the index itself.
    pub(super) fn indexed(
        &mut self,
        part: &'p Part<A::Cache>,
        name: &'p Name,
        index: &'p Part<A::Cache>,
        found: &IndexedProperty,
        object: &A::Object,
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        let key = match &index.op {
            Op::Subscript(Subscript::All) if found.by_number => {
                let whole = self.property(part, name, source)?;
                return self.eval(index, &whole);
            }
            _ => self.index_value(part, name, index, found, source)?,
        };
        let Some(method) = &found.read else {
            let fault = Fault::missing(ErrorKind::NoSuchProperty);
            return Err(self.explained_property(name.at(), fault, source, &name.text));
        };
        let value = self.access.invoke(&index.site, object, method, vec![key]).map(Term::Value);
        value.map_err(|fault| self.explained_method(part, fault, source, method))
    }

    /// The index that a class takes itself: `[^]` and the like are those of the whole array.
    pub(super) fn index_value(
        &mut self,
        part: &'p Part<A::Cache>,
        name: &'p Name,
        index: &'p Part<A::Cache>,
        found: &IndexedProperty,
        source: &Term<'p, A>,
    ) -> Result<Value<A::Object>, Failed> {
        let failed = |fault| part.failed(fault);
        match &index.op {
            Op::Index(inner) => {
                let root = self.root.clone();
                self.eval(inner, root.term())?.into_value(self.access).map_err(failed)
            }
            Op::Subscript(subscript) if found.by_number => {
                let whole = self.property(part, name, source)?;
                let length = match &whole {
                    Term::Value(Value::Object(array))
                        if matches!(self.access.kind(array).map_err(failed)?, Kind::Array(_)) =>
                    {
                        self.access.length(array).map_err(failed)?
                    }
                    _ => 0,
                };
                let place = place(*subscript, usize::try_from(length).unwrap_or(0));
                Ok(Value::Int(place.and_then(|place| i32::try_from(place).ok()).unwrap_or(-1)))
            }
            _ => {
                let message = format!("{} is indexed by keys, of which none is first or last.", name.text);
                Err(index.failed(Fault::new(ErrorKind::IllegalArgument, message)))
            }
        }
    }
}

/// The place of an element; none where there are none.
pub(super) fn place(subscript: Subscript, length: usize) -> Option<usize> {
    let last = length.checked_sub(1)?;
    Some(match subscript {
        Subscript::First | Subscript::All => 0,
        Subscript::Middle => length / 2,
        Subscript::Last => last,
    })
}

fn sign(subscript: Subscript) -> &'static str {
    match subscript {
        Subscript::First => "[^]",
        Subscript::Middle => "[|]",
        Subscript::Last => "[$]",
        Subscript::All => "[*]",
    }
}

#[cold]
fn no_element(index: i32, length: usize) -> Fault {
    let message = match length {
        0 => format!("There is no element {index}: there are none at all."),
        _ => format!("There is no element {index}: there are 0 to {}.", length - 1),
    };
    Fault::new(ErrorKind::IndexOutOfBounds, message)
}
