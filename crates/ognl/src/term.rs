//! What a part of an expression gives: a value of Java, or something of the expression's own that is no object
//! yet.
//!
//! Texts, lists and maps that an expression makes stay in Rust while they are only read. They become objects
//! where Java has to see them: when a method is called on them or they are passed to one. From then on the
//! object is what counts, since its methods may have changed it.

use std::cell::OnceCell;
use std::rc::Rc;

use crate::prepared::{Literal, Part};
use crate::{Access, ErrorKind, Fault, Source, Value};

/// The value of a part of an expression.
pub enum Term<'p, A: Access> {
    /// A value of Java.
    Value(Value<A::Object>),
    /// A text of the expression.
    Text(Text<'p, A>),
    /// A list, map or array of the expression.
    Made(Rc<Made<'p, A>>),
    /// `:[..]`
    Lambda(Lambda<'p, A>),
    /// The root, where that is no object.
    Source(&'p dyn Source<A>),
}

/// A lambda.
pub struct Lambda<'p, A: Access> {
    pub(crate) body: &'p Part<A::Cache>,
    /// How it is written.
    pub(crate) text: &'p str,
}

impl<A: Access> Clone for Lambda<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Access> Copy for Lambda<'_, A> {}

impl<'p, A: Access> Lambda<'p, A> {
    /// How it is written.
    pub fn text(&self) -> &'p str {
        self.text
    }
}

/// A text, in units of UTF-16.
pub enum Text<'p, A: Access> {
    /// One that is written in the expression.
    Literal(&'p Literal<A::Cache>),
    /// One that was made while it was evaluated.
    Made(Rc<[u16]>),
}

impl<A: Access> Text<'_, A> {
    /// The units.
    pub fn units(&self) -> &[u16] {
        match self {
            Text::Literal(literal) => &literal.units,
            Text::Made(units) => units,
        }
    }

    /// As a `String`.
    pub(crate) fn object(&self, access: &A) -> Result<A::Object, Fault> {
        match self {
            Text::Literal(literal) => access.literal(&literal.site, &literal.units),
            Text::Made(units) => access.new_text(units),
        }
    }
}

impl<A: Access> Clone for Text<'_, A> {
    fn clone(&self) -> Self {
        match self {
            Text::Literal(literal) => Text::Literal(literal),
            Text::Made(units) => Text::Made(Rc::clone(units)),
        }
    }
}

/// A list, map or array that is no object yet, and the object once it is one.
pub struct Made<'p, A: Access> {
    content: Content<'p, A>,
    object: OnceCell<A::Object>,
    /// How many levels of these are in it.
    depth: u16,
    /// How many parts it has as Java would walk it: one that is in it twice counts twice.
    weight: u32,
}

/// What is in it.
pub enum Content<'p, A: Access> {
    /// A `java.util.ArrayList`.
    List(Vec<Term<'p, A>>),
    /// An `Object[]`.
    Array(Vec<Term<'p, A>>),
    /// A `java.util.LinkedHashMap`, no key twice. Its keys are null, scalars and texts.
    Map(Vec<(Term<'p, A>, Term<'p, A>)>),
}

impl<'p, A: Access> Made<'p, A> {
    /// What is in it, unless it has become an object.
    pub fn content(&self) -> Result<&Content<'p, A>, &A::Object> {
        self.object.get().map_or(Ok(&self.content), Err)
    }

    pub(crate) fn depth(&self) -> u16 {
        self.depth
    }

    pub(crate) fn weight(&self) -> u32 {
        self.weight
    }

    /// It as an object, made when it is first asked for.
    ///
    /// # Errors
    /// The JVM has no room for it, or something in it cannot be an object.
    pub fn object(&self, access: &A) -> Result<&A::Object, Fault> {
        if let Some(object) = self.object.get() {
            return Ok(object);
        }
        let values = |terms: &[Term<'p, A>]| {
            terms.iter().map(|term| term.value(access)).collect::<Result<Vec<_>, _>>()
        };
        let object = match &self.content {
            Content::List(terms) => access.new_list(values(terms)?)?,
            Content::Array(terms) => {
                let values = values(terms)?;
                let component = access.standard(crate::Standard::Object);
                let array = access.new_array(&component, values.len().try_into().unwrap_or(i32::MAX))?;
                for (index, value) in (0..).zip(values) {
                    access.set_element(&array, index, value)?;
                }
                array
            }
            Content::Map(pairs) => {
                let map = access.new_map()?;
                for (key, value) in pairs {
                    access.map_put(&map, key.value(access)?, value.value(access)?)?;
                }
                map
            }
        };
        Ok(self.object.get_or_init(|| object))
    }
}

impl<'p, A: Access> Term<'p, A> {
    /// The null.
    pub const NULL: Term<'p, A> = Term::Value(Value::Null);

    /// An array of objects that is none of Java's yet.
    pub fn array(elements: Vec<Term<'p, A>>) -> Self {
        Term::made(Content::Array(elements))
    }

    /// A map of texts that is none of Java's yet; no key twice.
    pub fn map(pairs: impl IntoIterator<Item = (Rc<[u16]>, Term<'p, A>)>) -> Self {
        let pair = |(key, value)| (Term::Text(Text::Made(key)), value);
        Term::made(Content::Map(pairs.into_iter().map(pair).collect()))
    }

    pub(crate) fn made(content: Content<'p, A>) -> Self {
        let depth = match &content {
            Content::List(terms) | Content::Array(terms) => terms.iter().map(Term::depth).max(),
            Content::Map(pairs) => pairs.iter().map(|(key, value)| key.depth().max(value.depth())).max(),
        };
        let add = |sum: u32, term: &Term<'p, A>| sum.saturating_add(term.weight());
        let weight = match &content {
            Content::List(terms) | Content::Array(terms) => terms.iter().fold(1, add),
            Content::Map(pairs) => pairs.iter().fold(1, |sum, (key, value)| add(add(sum, key), value)),
        };
        Term::Made(Rc::new(Made {
            content,
            object: OnceCell::new(),
            depth: depth.unwrap_or(0).saturating_add(1),
            weight,
        }))
    }

    pub(crate) fn weight(&self) -> u32 {
        match self {
            Term::Made(made) => made.weight(),
            _ => 1,
        }
    }

    pub(crate) fn depth(&self) -> u16 {
        match self {
            Term::Made(made) => made.depth(),
            _ => 0,
        }
    }

    /// Another term of the same value; the same object where it is one.
    ///
    /// # Errors
    /// The JVM has no room for a reference.
    pub fn copy(&self, access: &A) -> Result<Self, Fault> {
        Ok(match self {
            Term::Value(value) => Term::Value(value.map(|object| access.copy(object))?),
            Term::Text(text) => Term::Text(text.clone()),
            Term::Made(made) => Term::Made(Rc::clone(made)),
            Term::Lambda(lambda) => Term::Lambda(*lambda),
            Term::Source(source) => Term::Source(*source),
        })
    }

    /// It as a value of Java: what was made becomes an object.
    ///
    /// # Errors
    /// The JVM has no room for it, or it is a lambda or a root that is no object.
    pub fn value(&self, access: &A) -> Result<Value<A::Object>, Fault> {
        match self {
            Term::Value(value) => value.map(|object| access.copy(object)),
            Term::Text(text) => text.object(access).map(Value::Object),
            Term::Made(made) => access.copy(made.object(access)?).map(Value::Object),
            Term::Lambda(lambda) => Err(Fault::new(
                ErrorKind::IllegalArgument,
                format!("{} is a lambda, which Java cannot take: call it, as in #f(1).", lambda.text),
            )),
            Term::Source(source) => source.object(access).map(Value::Object),
        }
    }

    /// As [`Term::value`], giving up the term.
    pub(crate) fn into_value(self, access: &A) -> Result<Value<A::Object>, Fault> {
        match self {
            Term::Value(value) => Ok(value),
            other => other.value(access),
        }
    }
}

impl<A: Access> From<Value<A::Object>> for Term<'_, A> {
    fn from(value: Value<A::Object>) -> Self {
        Term::Value(value)
    }
}
