//! `<`, `>`, `<=`, `>=`: as numbers where one is a number, else as what both say of themselves.

use std::cmp::Ordering;

use super::{Run, arithmetic::Type};
use crate::fault::Failed;
use crate::prepared::Part;
use crate::{Access, ErrorKind, Fault, Kind, Operator, Standard, Term, Value};

impl<'p, A: Access> Run<'p, A> {
    pub(super) fn comparison(
        &mut self,
        part: &'p Part<A::Cache>,
        operator: Operator,
        operands: &'p [Part<A::Cache>; 2],
        source: &Term<'p, A>,
    ) -> Result<bool, Failed> {
        let [one, two] = operands;
        let (one, two) = (self.held(one, source)?, self.held(two, source)?);
        let order = self.order(one.term(), two.term()).map_err(|fault| part.failed(fault))?;
        Ok(match operator {
            Operator::Less => order.is_lt(),
            Operator::Greater => order.is_gt(),
            Operator::LessOrEqual => order.is_le(),
            _ => order.is_ge(),
        })
    }

    /// How two values are ordered. What is no number is greater than any.
    pub(super) fn order(&mut self, one: &Term<'p, A>, two: &Term<'p, A>) -> Result<Ordering, Fault> {
        if let (Term::Value(Value::Int(one)), Term::Value(Value::Int(two))) = (one, two) {
            return Ok(one.cmp(two));
        }
        let (left, right) = (self.type_of(one)?, self.type_of(two)?);
        match left.with(right, true) {
            Type::BigInteger => self.big_order(Type::BigInteger, one, two),
            Type::BigDecimal => self.big_order(Type::BigDecimal, one, two),
            Type::Other if left == right => self.natural_order(one, two),
            Type::Other | Type::Float | Type::Double => {
                let (one, two) = (self.double(one)?, self.double(two)?);
                Ok(one.partial_cmp(&two).unwrap_or(Ordering::Greater))
            }
            _ => Ok(self.long(one)?.cmp(&self.long(two)?)),
        }
    }

    fn big_order(&mut self, of: Type, one: &Term<'p, A>, two: &Term<'p, A>) -> Result<Ordering, Fault> {
        let (one, two) = (self.big(of, one)?, self.big(of, two)?);
        if self.access.same(&one, &two) {
            return Ok(Ordering::Equal);
        }
        self.access.big_compare(&one, &two).map(|order| order.cmp(&0))
    }

    /// How two that are no numbers are ordered.
    fn natural_order(&mut self, one: &Term<'p, A>, two: &Term<'p, A>) -> Result<Ordering, Fault> {
        if self.is_same(one, two) {
            return Ok(Ordering::Equal);
        }
        let (left, right) = (self.kind(one)?, self.kind(two)?);
        match (one, two) {
            (Term::Value(Value::Null), _) | (_, Term::Value(Value::Null)) => {
                let message =
                    "null is neither less nor greater than anything but a number: test for null before.";
                Err(Fault::new(ErrorKind::NullPointer, message))
            }
            _ if left == Some(Kind::Text) && right == Some(Kind::Text) => self.texts(one, two),
            (Term::Value(Value::Object(one)), Term::Value(Value::Object(two))) => {
                let (class, other) = (self.access.class_of(one)?, self.access.class_of(two)?);
                if left == Some(Kind::Enum) && right == Some(Kind::Enum) {
                    return match self.declaring(&class) == self.declaring(&other) {
                        true => Ok(self.access.ordinal(one)?.cmp(&self.access.ordinal(two)?)),
                        false => Err(self.incomparable(&class, &other)),
                    };
                }
                if self.access.is_assignable(&class, &other) && self.access.is_comparable(one)? {
                    self.meter.steps(8)?;
                    let other = Value::Object(self.access.copy(two)?);
                    return self.access.compare(one, &other).map(|order| order.cmp(&0));
                }
                Err(self.incomparable(&class, &other))
            }
            _ => Err(self.incomparable(&self.class(one)?, &self.class(two)?)),
        }
    }

    /// Two texts, by their units.
    fn texts(&mut self, one: &Term<'p, A>, two: &Term<'p, A>) -> Result<Ordering, Fault> {
        let mut order = Ok(Ordering::Equal);
        self.with_text(one, &mut |one| {
            let mut inner = Ordering::Equal;
            order = self.with_text(two, &mut |two| inner = one.cmp(two)).map(|()| inner);
        })?;
        order
    }

    /// The enum of a constant, whose own class may be a body of its own.
    fn declaring(&self, class: &A::Class) -> A::Class {
        match self.access.superclass(class) {
            Some(above) if above != self.access.standard(Standard::Enum) => above,
            _ => class.clone(),
        }
    }

    /// The class of a value that is not null.
    pub(super) fn class(&self, term: &Term<'p, A>) -> Result<A::Class, Fault> {
        let standard = match term {
            Term::Value(value) => match (value, value.boxed()) {
                (Value::Object(object), _) => return self.access.class_of(object),
                (_, boxed) => boxed.unwrap_or(Standard::Object),
            },
            Term::Text(_) => Standard::String,
            Term::Made(made) => match made.content() {
                Ok(crate::Content::List(_)) => Standard::ArrayList,
                Ok(crate::Content::Map(_)) => Standard::LinkedHashMap,
                Ok(crate::Content::Array(_)) => {
                    return self.access.array_of(&self.access.standard(Standard::Object));
                }
                Err(object) => return self.access.class_of(object),
            },
            Term::Lambda(_) | Term::Source(_) => Standard::Object,
        };
        Ok(self.access.standard(standard))
    }

    #[cold]
    pub(super) fn incomparable(&self, one: &A::Class, two: &A::Class) -> Fault {
        let is_enum = |class| self.access.is_assignable(&self.access.standard(Standard::Enum), class);
        let advice = match is_enum(one) || is_enum(two) {
            true => "compare a constant's name() with a text, or with a constant such as @Color@RED",
            false => "compare values of one class",
        };
        let message = format!(
            "{} and {} cannot be compared: {advice}.",
            self.access.class_name(one),
            self.access.class_name(two)
        );
        Fault::new(ErrorKind::IllegalArgument, message)
    }
}
