//! Arithmetic, bits and shifts on all types of numbers, with OGNL's promotions.
//!
//! Whole numbers are worked on as `long`s and cut to the wider of both types, so that `1 << 33` is 0; a remainder
//! is always one of whole numbers; a text counts as a number everywhere but in a sum, where it is appended to.

use super::{Evaluated, Run};
use crate::access::{BigOperation, Magnitude};
use crate::member::{big_decimal_of, big_integer_of};
use crate::prepared::Part;
use crate::{Access, Digits, ErrorKind, Fault, Kind, Operator, Term, Text, Value};

/// The types of numbers in OGNL's order: of two the later one is the result's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Type {
    Boolean,
    Byte,
    Char,
    Short,
    Int,
    Long,
    BigInteger,
    Float,
    Double,
    BigDecimal,
    /// No number, null too.
    Other,
}

impl Type {
    /// The type in which two are worked on. Where `other` may come out, it does if only one is a number, or if
    /// only one is a `char`.
    pub(super) fn with(self, second: Type, other: bool) -> Type {
        if self == second {
            return self;
        }
        let apart = |one: Type| matches!(one, Type::Other | Type::Char);
        if other && (apart(self) || apart(second)) {
            return Type::Other;
        }
        let number = |one: Type| if one == Type::Other { Type::Double } else { one };
        let (one, two) = (number(self).min(number(second)), number(self).max(number(second)));
        match () {
            // Both whole, or both real.
            () if two < Type::Float || one >= Type::Float => two,
            () if one < Type::Int => two,
            () if one == Type::BigInteger => Type::BigDecimal,
            () => two.max(Type::Double),
        }
    }
}

impl<'p, A: Access> Run<'p, A> {
    /// The first operand and what follows, from the left.
    pub(super) fn arithmetic(
        &mut self,
        part: &'p Part<A::Cache>,
        operator: Operator,
        first: &'p Part<A::Cache>,
        rest: &'p [Part<A::Cache>],
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        let mut value = self.held(first, source)?;
        for next in rest {
            let second = self.held(next, source)?;
            let result = self.binary(operator, value.term(), second.term());
            value = super::Held::Own(result.map_err(|fault| part.failed(fault))?);
        }
        value.into_term(self.access).map_err(|fault| part.failed(fault))
    }

    /// `-a` and `~a`.
    pub(super) fn unary(
        &mut self,
        part: &'p Part<A::Cache>,
        operator: Operator,
        operand: &'p Part<A::Cache>,
        source: &Term<'p, A>,
    ) -> Evaluated<'p, A> {
        let value = self.eval(operand, source)?;
        self.signed(operator, &value).map_err(|fault| part.failed(fault))
    }

    fn signed(&mut self, operator: Operator, value: &Term<'p, A>) -> Result<Term<'p, A>, Fault> {
        let of = self.type_of(value)?;
        let negates = operator == Operator::Negate;
        match of {
            Type::BigInteger if negates => self.big_one(BigOperation::Negate, value, Type::BigInteger),
            Type::BigDecimal if negates => self.big_one(BigOperation::Negate, value, Type::BigDecimal),
            Type::BigInteger | Type::BigDecimal => self.big_one(BigOperation::Not, value, Type::BigInteger),
            Type::Float | Type::Double if negates => Ok(real(of, -self.double(value)?)),
            _ => {
                let long = self.long(value)?;
                self.whole(of, if negates { long.wrapping_neg() } else { !long })
            }
        }
    }

    /// One operation on two values.
    fn binary(
        &mut self,
        operator: Operator,
        one: &Term<'p, A>,
        two: &Term<'p, A>,
    ) -> Result<Term<'p, A>, Fault> {
        if let (Term::Value(Value::Int(one)), Term::Value(Value::Int(two))) = (one, two)
            && let Some(result) = small(operator, *one, *two)
        {
            return Ok(Term::Value(Value::Int(result)));
        }
        let left = self.type_of(one)?;
        if matches!(operator, Operator::ShiftLeft | Operator::ShiftRight | Operator::UnsignedShiftRight) {
            return self.shifted(operator, left, one, two);
        }
        let right = self.type_of(two)?;
        let of = left.with(right, operator == Operator::Add);
        match (operator, of) {
            (Operator::Add, Type::Other) => self.joined(left, one, right, two),
            (Operator::BitAnd | Operator::BitOr | Operator::Xor, Type::BigInteger | Type::BigDecimal)
            | (Operator::Remainder, Type::BigDecimal) => self.big_two(operator, Type::BigInteger, one, two),
            (_, Type::BigInteger | Type::BigDecimal) => self.big_two(operator, of, one, two),
            (
                Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide,
                Type::Float | Type::Double,
            ) => {
                let (one, two) = (self.double(one)?, self.double(two)?);
                Ok(real(
                    of,
                    match operator {
                        Operator::Add => one + two,
                        Operator::Subtract => one - two,
                        Operator::Multiply => one * two,
                        _ => one / two,
                    },
                ))
            }
            _ => {
                let result = long(operator, self.long(one)?, self.long(two)?)?;
                self.whole(of, result)
            }
        }
    }

    /// The number type of a value.
    pub(super) fn type_of(&self, term: &Term<'p, A>) -> Result<Type, Fault> {
        Ok(match term {
            Term::Value(value) => match value {
                Value::Boolean(_) => Type::Boolean,
                Value::Byte(_) => Type::Byte,
                Value::Character(_) => Type::Char,
                Value::Short(_) => Type::Short,
                Value::Int(_) => Type::Int,
                Value::Long(_) => Type::Long,
                Value::Float(_) => Type::Float,
                Value::Double(_) => Type::Double,
                Value::Null => Type::Other,
                Value::Object(object) => match self.access.kind(object)? {
                    Kind::BigInteger => Type::BigInteger,
                    Kind::BigDecimal => Type::BigDecimal,
                    _ => Type::Other,
                },
            },
            _ => Type::Other,
        })
    }

    /// A whole number as a value of a type.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "as Java narrows")]
    pub(super) fn whole(&self, of: Type, value: i64) -> Result<Term<'p, A>, Fault> {
        Ok(Term::Value(match of {
            Type::Boolean | Type::Char | Type::Int => Value::Int(value as i32),
            Type::Byte => Value::Byte(value as i8),
            Type::Short => Value::Short(value as i16),
            Type::Float if (value as f32) as i64 == value => Value::Float(value as f32),
            Type::Float | Type::Double if (value as f64) as i64 == value => Value::Double(value as f64),
            Type::Float | Type::Double | Type::Long => Value::Long(value),
            Type::BigInteger | Type::BigDecimal | Type::Other => {
                Value::Object(self.access.big_integer(Digits::Long(value))?)
            }
        }))
    }

    /// A sum of which a part is no number: both as texts.
    fn joined(
        &mut self,
        left: Type,
        one: &Term<'p, A>,
        right: Type,
        two: &Term<'p, A>,
    ) -> Result<Term<'p, A>, Fault> {
        let is_null = |term: &Term<'p, A>| matches!(term, Term::Value(Value::Null));
        if (left != Type::Other && is_null(two)) || (right != Type::Other && is_null(one)) {
            let message = "A number and null cannot be added: test for null before.";
            return Err(Fault::new(ErrorKind::NullPointer, message));
        }
        let mut units = Vec::new();
        self.with_text(one, &mut |text| units.extend_from_slice(text))?;
        self.with_text(two, &mut |text| units.extend_from_slice(text))?;
        self.meter.bytes(2 * units.len())?;
        self.meter.steps(units.len() / 64)?;
        Ok(Term::Text(Text::Made(units.into())))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as Java narrows")]
    fn shifted(
        &mut self,
        operator: Operator,
        of: Type,
        one: &Term<'p, A>,
        two: &Term<'p, A>,
    ) -> Result<Term<'p, A>, Fault> {
        if matches!(of, Type::BigInteger | Type::BigDecimal) {
            let by = self.long(two)? as i32;
            let operation = match operator {
                Operator::ShiftLeft => BigOperation::ShiftLeft(by),
                _ => BigOperation::ShiftRight(by),
            };
            return self.big_one(operation, one, Type::BigInteger);
        }
        let long = self.long(one)?;
        let by = self.long(two)? as i32;
        let shift = by as u32;
        let result = match operator {
            Operator::ShiftLeft => long.wrapping_shl(shift),
            Operator::ShiftRight => long.wrapping_shr(shift),
            _ if of <= Type::Int => {
                return Ok(Term::Value(Value::Int((long as i32 as u32).wrapping_shr(shift) as i32)));
            }
            _ => (long as u64).wrapping_shr(shift) as i64,
        };
        self.whole(of, result)
    }

    /// A value as a big number of a type.
    pub(super) fn big(&mut self, of: Type, term: &Term<'p, A>) -> Result<A::Object, Fault> {
        let value = term.value(self.access)?;
        match term {
            Term::Text(text) => self.digits(text.units().len())?,
            Term::Value(Value::Object(object)) if self.access.kind(object)? == Kind::Text => {
                self.digits(self.access.text_length(object)?)?;
            }
            _ => {}
        }
        match of {
            Type::BigDecimal => big_decimal_of(self.access, &value),
            _ => big_integer_of(self.access, &value),
        }
    }

    fn big_one(
        &mut self,
        operation: BigOperation,
        one: &Term<'p, A>,
        of: Type,
    ) -> Result<Term<'p, A>, Fault> {
        let one = self.big(of, one)?;
        let Magnitude { bits, .. } = self.access.magnitude(&one)?;
        let more = match operation {
            BigOperation::ShiftLeft(by) => by.max(0),
            // The other way round.
            BigOperation::ShiftRight(by) => by.saturating_neg().max(0),
            _ => 0,
        };
        self.bits(bits.saturating_add(more.unsigned_abs().into()))?;
        self.access.big(operation, &one, None).map(|result| Term::Value(Value::Object(result)))
    }

    fn big_two(
        &mut self,
        operator: Operator,
        of: Type,
        one: &Term<'p, A>,
        two: &Term<'p, A>,
    ) -> Result<Term<'p, A>, Fault> {
        let (one, two) = (self.big(of, one)?, self.big(of, two)?);
        let (left, right) = (self.access.magnitude(&one)?, self.access.magnitude(&two)?);
        let apart = i64::from(left.scale).abs_diff(right.scale.into());
        let (operation, bits) = match operator {
            Operator::Add => (BigOperation::Add, left.bits.max(right.bits) + 4 * apart),
            Operator::Subtract => (BigOperation::Subtract, left.bits.max(right.bits) + 4 * apart),
            Operator::Multiply => {
                // As long as both are short, this is cheap; the work grows with the product of the lengths.
                self.meter
                    .steps(usize::try_from((left.bits / 512) * (right.bits / 512)).unwrap_or(usize::MAX))?;
                (BigOperation::Multiply, left.bits + right.bits)
            }
            Operator::Divide => {
                let digits = u64::from(right.scale.unsigned_abs());
                (BigOperation::Divide, left.bits.max(right.bits) + 4 * digits)
            }
            Operator::Remainder => (BigOperation::Remainder, left.bits.max(right.bits)),
            Operator::BitAnd => (BigOperation::And, left.bits.max(right.bits)),
            Operator::BitOr => (BigOperation::Or, left.bits.max(right.bits)),
            _ => (BigOperation::Xor, left.bits.max(right.bits)),
        };
        self.bits(bits)?;
        self.access.big(operation, &one, Some(&two)).map(|result| Term::Value(Value::Object(result)))
    }

    /// Pays for a number with so many bits. To write a longer one as text takes its time.
    fn bits(&mut self, bits: u64) -> Result<(), Fault> {
        const MOST: u64 = 1 << 16;
        if bits > MOST {
            let message = format!("A number here may have {bits} bits; more than {MOST} are too many.");
            return Err(Fault::new(ErrorKind::OutOfFuel, message));
        }
        self.meter.bytes(usize::try_from(bits / 8).unwrap_or(usize::MAX).saturating_add(32))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "as Java narrows")]
fn real<'p, A: Access>(of: Type, value: f64) -> Term<'p, A> {
    Term::Value(if of == Type::Float { Value::Float(value as f32) } else { Value::Double(value) })
}

/// What most sums are.
fn small(operator: Operator, one: i32, two: i32) -> Option<i32> {
    Some(match operator {
        Operator::Add => one.wrapping_add(two),
        Operator::Subtract => one.wrapping_sub(two),
        Operator::Multiply => one.wrapping_mul(two),
        Operator::BitAnd => one & two,
        Operator::BitOr => one | two,
        Operator::Xor => one ^ two,
        _ => return None,
    })
}

fn long(operator: Operator, one: i64, two: i64) -> Result<i64, Fault> {
    Ok(match operator {
        Operator::Add => one.wrapping_add(two),
        Operator::Subtract => one.wrapping_sub(two),
        Operator::Multiply => one.wrapping_mul(two),
        Operator::BitAnd => one & two,
        Operator::BitOr => one | two,
        Operator::Xor => one ^ two,
        Operator::Divide | Operator::Remainder if two == 0 => {
            let message = "A whole number cannot be divided by zero: test the divisor before.";
            return Err(Fault::new(ErrorKind::Arithmetic, message));
        }
        Operator::Divide => one.wrapping_div(two),
        Operator::Remainder => one.wrapping_rem(two),
        _ => 0,
    })
}
