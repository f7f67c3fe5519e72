//! Lists, maps and arrays that an expression makes, and those it makes of others.

use super::{Evaluated, Run};
use crate::fault::Failed;
use crate::member::convert;
use crate::prepared::{Pair, Part};
use crate::term::Content;
use crate::{Access, ErrorKind, Fault, Kind, Picked, Term, Value};

impl<'p, A: Access> Run<'p, A> {
    /// `{a, b}`
    pub(super) fn list(
        &mut self,
        part: &'p Part<A::Cache>,
        elements: &'p [Part<A::Cache>],
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        let terms = elements.iter().map(|element| self.eval(element, source)).collect::<Result<_, _>>()?;
        self.made(Content::List(terms)).map_err(|fault| part.failed(fault))
    }

    /// `#{a: b}`
    pub(super) fn map(
        &mut self,
        part: &'p Part<A::Cache>,
        class: Option<&str>,
        pairs: &'p [Pair<A::Cache>],
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        let mut terms: Vec<(Term<'p, A>, Term<'p, A>)> = Vec::with_capacity(pairs.len());
        let object = match class {
            Some(class) => Some(self.new_map(part, class)?),
            None => None,
        };
        let mut plain = object.is_none();
        for (key, value) in pairs {
            let key = self.eval(key, source)?;
            let value = match value {
                Some(value) => self.eval(value, source)?,
                None => Term::NULL,
            };
            let mut place = Some(terms.len());
            if plain {
                self.meter.steps(terms.len() / 8).map_err(|fault| part.failed(fault))?;
                match self.place_of(&terms, &key).map_err(|fault| part.failed(fault))? {
                    Some(known) => place = known,
                    None => plain = false,
                }
            }
            match place.and_then(|place| terms.get_mut(place)) {
                Some((_, known)) => *known = value,
                None => terms.push((key, value)),
            }
        }
        if plain {
            return self.made(Content::Map(terms)).map_err(|fault| part.failed(fault));
        }
        self.filled(object, &terms).map_err(|fault| part.failed(fault))
    }

    /// Puts pairs into a map of Java.
    fn filled(
        &mut self,
        map: Option<A::Object>,
        pairs: &[(Term<'p, A>, Term<'p, A>)],
    ) -> Result<Term<'p, A>, Fault> {
        self.meter.bytes(64 + 48 * pairs.len())?;
        let map = map.map_or_else(|| self.access.new_map(), Ok)?;
        for (key, value) in pairs {
            self.access.map_put(&map, key.value(self.access)?, value.value(self.access)?)?;
        }
        Ok(Term::Value(Value::Object(map)))
    }

    /// An empty map of a class.
    fn new_map(&mut self, part: &'p Part<A::Cache>, class: &str) -> Result<A::Object, Failed> {
        let made = self.access.create(&part.site, class, Vec::new());
        let made = made.and_then(|made| match made {
            Value::Object(map) if self.access.kind(&map)? == Kind::Map => Ok(map),
            _ => {
                let message =
                    format!("{class} is no map: #@class@{{..}} takes a class that implements java.util.Map.");
                Err(Fault::new(ErrorKind::ClassCast, message))
            }
        });
        made.map_err(|fault| self.explained_new(part, fault, class))
    }

    /// The place of a key, or of the end; none where the key is an object that only Java can compare.
    fn place_of(
        &self,
        pairs: &[(Term<'p, A>, Term<'p, A>)],
        key: &Term<'p, A>,
    ) -> Result<Option<Option<usize>>, Fault> {
        if !self.is_plain_key(key)? {
            return Ok(None);
        }
        for (place, (known, _)) in pairs.iter().enumerate() {
            if self.is_same_key(known, key)? {
                return Ok(Some(Some(place)));
            }
        }
        Ok(Some(None))
    }

    /// The value that belongs to a key of a map of the expression.
    pub(super) fn entry(
        &mut self,
        pairs: &[(Term<'p, A>, Term<'p, A>)],
        key: &Term<'p, A>,
    ) -> Result<Option<Term<'p, A>>, Fault> {
        self.meter.steps(pairs.len() / 8)?;
        match self.place_of(pairs, key)? {
            None => Ok(None),
            Some(place) => match place.and_then(|place| pairs.get(place)) {
                Some((_, value)) => value.copy(self.access).map(Some),
                None => Ok(Some(Term::NULL)),
            },
        }
    }

    fn is_plain_key(&self, key: &Term<'p, A>) -> Result<bool, Fault> {
        Ok(match key {
            Term::Value(Value::Object(object)) => self.access.kind(object)? == Kind::Text,
            Term::Value(_) | Term::Text(_) => true,
            _ => false,
        })
    }

    /// Whether two keys are equal to a map: scalars of one type, texts by their units.
    fn is_same_key(&self, one: &Term<'p, A>, two: &Term<'p, A>) -> Result<bool, Fault> {
        Ok(match (one, two) {
            (Term::Value(one), Term::Value(two))
                if one.primitive().is_some() || two.primitive().is_some() =>
            {
                match (one, two) {
                    (Value::Boolean(one), Value::Boolean(two)) => one == two,
                    (Value::Character(one), Value::Character(two)) => one == two,
                    (Value::Byte(one), Value::Byte(two)) => one == two,
                    (Value::Short(one), Value::Short(two)) => one == two,
                    (Value::Int(one), Value::Int(two)) => one == two,
                    (Value::Long(one), Value::Long(two)) => one == two,
                    (Value::Float(one), Value::Float(two)) => {
                        one.to_bits() == two.to_bits() || (one.is_nan() && two.is_nan())
                    }
                    (Value::Double(one), Value::Double(two)) => {
                        one.to_bits() == two.to_bits() || (one.is_nan() && two.is_nan())
                    }
                    _ => false,
                }
            }
            (Term::Value(Value::Null), Term::Value(Value::Null)) => true,
            (Term::Value(Value::Null), _) | (_, Term::Value(Value::Null)) => false,
            (
                Term::Value(Value::Object(_)) | Term::Text(_),
                Term::Value(Value::Object(_)) | Term::Text(_),
            ) => self.same_text(one, two)?,
            _ => false,
        })
    }

    /// `a.{b}`: the value of `b` for each element.
    pub(super) fn project(
        &mut self,
        part: &'p Part<A::Cache>,
        body: &'p Part<A::Cache>,
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        let mut terms = Vec::new();
        self.each(part, source, &mut |run, element| {
            terms.push(run.eval(body, &element)?);
            run.meter.bytes(32).map_err(|fault| part.failed(fault))?;
            Ok(true)
        })?;
        self.made(Content::List(terms)).map_err(|fault| part.failed(fault))
    }

    /// `a.{? b}` and the like: the elements for which `b` is true.
    pub(super) fn select(
        &mut self,
        part: &'p Part<A::Cache>,
        picked: Picked,
        body: &'p Part<A::Cache>,
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        let mut terms = Vec::new();
        self.each(part, source, &mut |run, element| {
            let value = run.eval(body, &element)?;
            if !run.is_true(body, &value)? {
                return Ok(true);
            }
            if picked == Picked::Last {
                terms.clear();
            }
            terms.push(element);
            run.meter.bytes(32).map_err(|fault| part.failed(fault))?;
            Ok(picked != Picked::First)
        })?;
        self.made(Content::List(terms)).map_err(|fault| part.failed(fault))
    }

    /// `new class[size]`; a list instead of a size gives its elements.
    pub(super) fn new_array(
        &mut self,
        part: &'p Part<A::Cache>,
        class: &str,
        size: &'p Part<A::Cache>,
    ) -> Evaluated<'p, A> {
        let root = self.root.clone();
        let size = self.eval(size, root.term())?;
        let component = self.component(part, class)?;
        let is_list = match &size {
            Term::Made(made) => matches!(made.content(), Ok(Content::List(_))),
            other => self.kind(other).map_err(|fault| part.failed(fault))? == Some(Kind::List),
        };
        if is_list {
            let mut terms = Vec::new();
            self.each(part, &size, &mut |run, element| {
                terms.push(element);
                run.meter.bytes(32).map_err(|fault| part.failed(fault))?;
                Ok(true)
            })?;
            return self.array(&component, terms).map_err(|fault| part.failed(fault));
        }
        let made = self.long(&size).and_then(|length| {
            #[expect(clippy::cast_possible_truncation, reason = "as Java narrows")]
            let length = length as i32;
            if length < 0 {
                let message = format!("An array cannot have {length} elements.");
                return Err(Fault::new(ErrorKind::NegativeArraySize, message));
            }
            self.new_array_object(&component, length)
        });
        made.map(|array| Term::Value(Value::Object(array))).map_err(|fault| part.failed(fault))
    }

    /// `new class[] {elements}`
    pub(super) fn new_array_of(
        &mut self,
        part: &'p Part<A::Cache>,
        class: &str,
        elements: &'p [Part<A::Cache>],
    ) -> Evaluated<'p, A> {
        let root = self.root.clone();
        let terms = elements.iter().map(|element| self.eval(element, root.term()));
        let terms = terms.collect::<Result<Vec<_>, _>>()?;
        let component = self.component(part, class)?;
        self.array(&component, terms).map_err(|fault| part.failed(fault))
    }

    fn component(&mut self, part: &'p Part<A::Cache>, class: &str) -> Result<A::Class, Failed> {
        self.access.class(&part.site, class).map_err(|fault| self.explained(part, fault, class))
    }

    /// An array of such elements, converted where they are of another class.
    fn array(&mut self, component: &A::Class, terms: Vec<Term<'p, A>>) -> Result<Term<'p, A>, Fault> {
        let array = self.new_array_object(component, terms.len().try_into().unwrap_or(i32::MAX))?;
        for (index, term) in (0..).zip(terms) {
            let value = term.into_value(self.access)?;
            let value = match value {
                Value::Null if self.access.as_primitive(component).is_some() => {
                    let message = format!(
                        "null cannot be an element of an array of {}.",
                        self.access.class_name(component)
                    );
                    return Err(Fault::new(ErrorKind::IllegalArgument, message));
                }
                Value::Null => value,
                value => convert(self.access, value, component)?,
            };
            self.access.set_element(&array, index, value)?;
        }
        Ok(Term::Value(Value::Object(array)))
    }

    /// Pays for an array and makes it.
    pub(super) fn new_array_object(&mut self, component: &A::Class, length: i32) -> Result<A::Object, Fault> {
        let size = self.access.as_primitive(component).map_or(8, crate::Primitive::size);
        let length_bytes = usize::try_from(length).unwrap_or(0).saturating_mul(size);
        self.meter.bytes(length_bytes.saturating_add(16))?;
        self.access.new_array(component, length)
    }
}
