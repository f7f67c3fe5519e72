//! Calls: of methods, static methods and constructors; static fields and `instanceof`.
//!
//! What an expression's own text, list or map can answer by itself needs no object.

use super::property::{boolean, int};
use super::{Evaluated, Run};
use crate::fault::Failed;
use crate::prepared::{Known, Name, Part};
use crate::term::Content;
use crate::{Access, ErrorKind, Fault, Kind, Term, Value};

impl<'p, A: Access> Run<'p, A> {
    /// `name(arguments)` on the source.
    pub(super) fn method(
        &mut self,
        part: &'p Part<A::Cache>,
        name: &'p Name,
        arguments: &'p [Part<A::Cache>],
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        if name.known != Known::None
            && let Some(answer) = self.answered(part, name.known, arguments, source)?
        {
            return Ok(answer);
        }
        let arguments = self.arguments(arguments)?;
        let own;
        let on = match source {
            Term::Value(Value::Object(object)) => object,
            Term::Value(Value::Null) => {
                let message = format!(
                    "What stands before {}(..) is null, on which nothing can be called: test for null before.",
                    name.text
                );
                return Err(part.failed(Fault::new(ErrorKind::NullPointer, message)));
            }
            Term::Source(root) if arguments.is_empty() => {
                if let Some(slot) = getter(&name.text, root.names()) {
                    return root.property(self.access, slot).map_err(|fault| part.failed(fault));
                }
                own = root.object(self.access).map_err(|fault| part.failed(fault))?;
                &own
            }
            Term::Made(made) => made.object(self.access).map_err(|fault| part.failed(fault))?,
            Term::Value(scalar) => {
                own = self.access.boxed(scalar).map_err(|fault| part.failed(fault))?;
                &own
            }
            other => match other.value(self.access).map_err(|fault| part.failed(fault))? {
                Value::Object(object) => {
                    own = object;
                    &own
                }
                _ => return Ok(Term::NULL),
            },
        };
        self.meter.steps(8).map_err(|fault| part.failed(fault))?;
        let value = self.access.invoke(&part.site, on, &name.text, arguments);
        value.map(Term::Value).map_err(|fault| self.explained_method(part, fault, source, &name.text))
    }

    /// What needs no call: the length of a text, the size of a collection, whether two texts are equal.
    fn answered(
        &mut self,
        part: &'p Part<A::Cache>,
        known: Known,
        arguments: &'p [Part<A::Cache>],
        source: &Term<'p, A>,
    ) -> Result<Option<Term<'p, A>>, Failed> {
        let failed = |fault| part.failed(fault);
        if known == Known::Equals {
            let [argument] = arguments else { return Ok(None) };
            if self.kind(source).map_err(failed)? != Some(Kind::Text) {
                return Ok(None);
            }
            let root = self.root.clone();
            let other = self.held(argument, root.term())?;
            let same = self.kind(other.term()).map_err(failed)? == Some(Kind::Text)
                && self.same_text(source, other.term()).map_err(failed)?;
            return Ok(Some(boolean(same)));
        }
        if !arguments.is_empty() {
            return Ok(None);
        }
        Ok(match source {
            Term::Value(Value::Object(object)) => {
                let access = self.access;
                match (access.kind(object).map_err(failed)?, known) {
                    (Kind::Text, Known::Length) => Some(int(access.text_length(object).map_err(failed)?)),
                    (Kind::Text, Known::IsEmpty) => {
                        Some(boolean(access.text_length(object).map_err(failed)? == 0))
                    }
                    (Kind::List | Kind::Set | Kind::Collection | Kind::Map, Known::Size | Known::IsEmpty) => {
                        self.meter.steps(8).map_err(failed)?;
                        let value = match known {
                            Known::Size => access.size(object).map(Value::Int),
                            _ => access.is_empty(object).map(Value::Boolean),
                        };
                        let name = if known == Known::Size { "size" } else { "isEmpty" };
                        let value = value.map(Term::Value);
                        Some(value.map_err(|fault| self.explained_method(part, fault, source, name))?)
                    }
                    _ => None,
                }
            }
            Term::Text(text) => match known {
                Known::Length => Some(int(text.units().len())),
                Known::IsEmpty => Some(boolean(text.units().is_empty())),
                _ => None,
            },
            Term::Made(made) => match (made.content(), known) {
                (Ok(Content::List(terms)), Known::Size) => Some(int(terms.len())),
                (Ok(Content::List(terms)), Known::IsEmpty) => Some(boolean(terms.is_empty())),
                (Ok(Content::Map(pairs)), Known::Size) => Some(int(pairs.len())),
                (Ok(Content::Map(pairs)), Known::IsEmpty) => Some(boolean(pairs.is_empty())),
                _ => None,
            },
            _ => None,
        })
    }

    /// Arguments as Java takes them. They are evaluated on the root.
    pub(super) fn arguments(&mut self, parts: &'p [Part<A::Cache>]) -> Result<Vec<Value<A::Object>>, Failed> {
        let mut values = Vec::with_capacity(parts.len());
        let root = self.root.clone();
        for part in parts {
            let term = self.held(part, root.term())?;
            let value = match term {
                super::Held::Own(term) => term.into_value(self.access),
                other => other.term().value(self.access),
            };
            let value = value.map_err(|fault| part.failed(fault))?;
            self.pay(&value).map_err(|fault| part.failed(fault))?;
            values.push(value);
        }
        Ok(values)
    }

    /// Pays for an argument that may have to be converted element by element.
    fn pay(&mut self, argument: &Value<A::Object>) -> Result<(), Fault> {
        let Value::Object(object) = argument else { return Ok(()) };
        match self.access.kind(object)? {
            Kind::Array(_) => {
                let length = usize::try_from(self.access.length(object)?).unwrap_or(0);
                self.meter.steps(length / 8)
            }
            Kind::List | Kind::Set | Kind::Collection => self.meter.steps(64),
            _ => Ok(()),
        }
    }

    /// `@class@name(arguments)`
    pub(super) fn static_method(
        &mut self,
        part: &'p Part<A::Cache>,
        class: &str,
        name: &str,
        arguments: &'p [Part<A::Cache>],
    ) -> Evaluated<'p, A> {
        let arguments = self.arguments(arguments)?;
        self.meter.steps(8).map_err(|fault| part.failed(fault))?;
        let value = self.access.invoke_static(&part.site, class, name, arguments);
        value.map(Term::Value).map_err(|fault| self.explained_static(part, fault, class, name))
    }

    /// `@class@name`
    pub(super) fn static_field(
        &mut self,
        part: &'p Part<A::Cache>,
        class: &str,
        name: &str,
    ) -> Evaluated<'p, A> {
        let value = self.access.static_field(&part.site, class, name);
        value.map(Term::Value).map_err(|fault| self.explained_field(part, fault, class, name))
    }

    /// `new class(arguments)`
    pub(super) fn new_object(
        &mut self,
        part: &'p Part<A::Cache>,
        class: &str,
        arguments: &'p [Part<A::Cache>],
    ) -> Evaluated<'p, A> {
        let arguments = self.arguments(arguments)?;
        let paid = self.meter.steps(8).and_then(|()| self.meter.bytes(64));
        paid.map_err(|fault| part.failed(fault))?;
        let value = self.access.create(&part.site, class, arguments);
        value.map(Term::Value).map_err(|fault| self.explained_new(part, fault, class))
    }

    /// `value instanceof class`
    pub(super) fn is_instance(
        &mut self,
        part: &'p Part<A::Cache>,
        value: &Term<'p, A>,
        class: &str,
    ) -> Result<bool, Fault> {
        match value {
            Term::Value(Value::Object(object)) => self.access.is_instance(&part.site, object, class),
            other => {
                let class = self.access.class(&part.site, class)?;
                Ok(!matches!(other, Term::Value(Value::Null))
                    && self.access.is_assignable(&class, &self.class(other)?))
            }
        }
    }
}

/// The property of a root that a call such as `getTarget()` or `isThrow()` means.
fn getter(name: &str, names: &[&str]) -> Option<usize> {
    let place = |wanted: &str| names.iter().position(|known| *known == wanted);
    place(name).or_else(|| {
        let mut rest = name.strip_prefix("get")?.chars();
        let first = rest.next()?.to_lowercase();
        place(&first.chain(rest).collect::<String>())
    })
}
