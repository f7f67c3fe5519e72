//! `==`, `!=`: numbers by value, texts by their units, arrays by their elements, comparable objects by
//! `compareTo`, all others by `equals`. What can be told without calling anything is.

use std::rc::Rc;

use super::{Run, arithmetic::Type};
use crate::fault::Failed;
use crate::prepared::Part;
use crate::{Access, Fault, Kind, Term, Value};

impl<'p, A: Access> Run<'p, A> {
    pub(super) fn equality(
        &mut self,
        part: &'p Part<A::Cache>,
        operands: &'p [Part<A::Cache>; 2],
        source: &Term<'p, A>,
    ) -> Result<bool, Failed> {
        let [one, two] = operands;
        let (one, two) = (self.held(one, source)?, self.held(two, source)?);
        self.equal(one.term(), two.term()).map_err(|fault| part.failed(fault))
    }

    /// Whether two values are equal to OGNL.
    pub(super) fn equal(&mut self, one: &Term<'p, A>, two: &Term<'p, A>) -> Result<bool, Fault> {
        match (one, two) {
            (Term::Value(Value::Int(one)), Term::Value(Value::Int(two))) => return Ok(one == two),
            (Term::Value(Value::Null), Term::Value(Value::Null)) => return Ok(true),
            (Term::Value(Value::Null), _) | (_, Term::Value(Value::Null)) => return Ok(false),
            _ => {}
        }
        if self.is_same(one, two) {
            return Ok(true);
        }
        let (left, right) = (self.kind(one)?, self.kind(two)?);
        if left == Some(Kind::Text) && right == Some(Kind::Text) {
            return self.same_text(one, two);
        }
        if let Some(Kind::Array(_)) = left {
            return self.same_elements(one, two);
        }
        if let Term::Made(made) = one
            && matches!(made.content(), Ok(crate::Content::Array(_)))
        {
            let one = Term::Value(one.value(self.access)?);
            return self.same_elements(&one, two);
        }
        if self.type_of(one)? != Type::Other || self.type_of(two)? != Type::Other {
            return self.order(one, two).map(std::cmp::Ordering::is_eq);
        }
        match self.is_comparable(one, left)? && self.is_comparable(two, right)? {
            true => self.order(one, two).map(std::cmp::Ordering::is_eq),
            false => self.is_equal_object(one, two),
        }
    }

    fn is_comparable(&self, term: &Term<'p, A>, kind: Option<Kind>) -> Result<bool, Fault> {
        match (kind, term) {
            (Some(Kind::Text | Kind::Enum), _) => Ok(true),
            (_, Term::Value(Value::Object(object))) => self.access.is_comparable(object),
            _ => Ok(false),
        }
    }

    /// `one.equals(two)`
    fn is_equal_object(&mut self, one: &Term<'p, A>, two: &Term<'p, A>) -> Result<bool, Fault> {
        self.meter.steps(8)?;
        match (one, two) {
            // A text equals nothing but a text; lambdas and roots nothing but themselves.
            (Term::Text(_) | Term::Lambda(_) | Term::Source(_), _)
            | (_, Term::Lambda(_) | Term::Source(_)) => Ok(false),
            (Term::Made(made), _) => self.access.equals(made.object(self.access)?, &two.value(self.access)?),
            (Term::Value(Value::Object(one)), _) => match self.access.kind(one)? {
                Kind::Text | Kind::Enum | Kind::Class => Ok(false),
                _ => self.access.equals(one, &two.value(self.access)?),
            },
            (Term::Value(_), _) => Ok(false),
        }
    }

    /// Whether both are one and the same.
    pub(super) fn is_same(&self, one: &Term<'p, A>, two: &Term<'p, A>) -> bool {
        match (one, two) {
            (Term::Value(Value::Null), Term::Value(Value::Null)) => true,
            (Term::Value(Value::Object(one)), Term::Value(Value::Object(two))) => self.access.same(one, two),
            (Term::Made(one), Term::Made(two)) => Rc::ptr_eq(one, two),
            (Term::Lambda(one), Term::Lambda(two)) => std::ptr::eq(one.body, two.body),
            (Term::Source(one), Term::Source(two)) => std::ptr::addr_eq(*one, *two),
            _ => false,
        }
    }

    /// Whether two texts have the same units.
    pub(super) fn same_text(&self, one: &Term<'p, A>, two: &Term<'p, A>) -> Result<bool, Fault> {
        let length = |term: &Term<'p, A>| match term {
            Term::Text(text) => Ok(text.units().len()),
            Term::Value(Value::Object(object)) => self.access.text_length(object),
            _ => Ok(0),
        };
        if length(one)? != length(two)? {
            return Ok(false);
        }
        let mut same = Ok(false);
        self.with_text(one, &mut |one| {
            let mut inner = false;
            same = self.with_text(two, &mut |two| inner = one == two).map(|()| inner);
        })?;
        same
    }

    /// Whether two arrays of one class have equal elements.
    fn same_elements(&mut self, one: &Term<'p, A>, two: &Term<'p, A>) -> Result<bool, Fault> {
        let (one, two) = (one.value(self.access)?, two.value(self.access)?);
        let (Value::Object(one), Value::Object(two)) = (one, two) else { return Ok(false) };
        let length = match self.access.kind(&two)? {
            Kind::Array(_) if self.access.class_of(&one)? == self.access.class_of(&two)? => {
                self.access.length(&one)?
            }
            _ => return Ok(false),
        };
        if length != self.access.length(&two)? {
            return Ok(false);
        }
        for index in 0..length {
            self.meter.step()?;
            let left = Term::Value(self.access.element(&one, index)?);
            let right = Term::Value(self.access.element(&two, index)?);
            let Some(levels) = self.meter.levels.checked_sub(1) else { return Err(self.meter.too_deep()) };
            self.meter.levels = levels;
            let same = self.equal(&left, &right);
            self.meter.levels = levels + 1;
            if !same? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
