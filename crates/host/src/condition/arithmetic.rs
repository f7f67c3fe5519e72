//! Arithmetic as OGNL 3.3.5 has it (`OgnlOps`): the wider type of the two works, whole numbers wrap.

use ognl::Operator;

use super::compare::Why;
use super::kind::Kind;
use super::value::{Number, Value};

/// `left operator right`.
pub(super) fn binary(operator: Operator, left: Value, right: Value) -> Result<Value, Why> {
    if matches!((&left, &right), (Value::Fails, _) | (_, Value::Fails)) {
        return Ok(Value::Fails);
    }
    let nothing = (left == Value::Null, right == Value::Null);
    let adds = operator == Operator::Add;
    if adds && (nothing.0 || nothing.1) {
        return Ok(Value::Fails);
    }
    let divides = matches!(operator, Operator::Divide | Operator::Remainder);
    let shifts =
        matches!(operator, Operator::ShiftLeft | Operator::ShiftRight | Operator::UnsignedShiftRight);
    let whole = shifts
        || matches!(operator, Operator::Remainder | Operator::BitAnd | Operator::BitOr | Operator::Xor);
    // Null is 0.0 for what works on real numbers, and 0 for the others, which make a real number of it;
    // two of them are 0.
    let null = if whole || nothing == (true, true) {
        Number::Whole(Kind::Long, 0)
    } else {
        Number::Real(Kind::Double, 0.0)
    };
    let [left, right] = [number(left, &null)?, number(right, &null)?];
    let kind = if shifts { left.kind() } else { left.kind().widest(right.kind(), adds).ok_or(Why::Open)? };
    if whole && (kind.is_real() || right.kind().is_real()) {
        return Err(Why::Open);
    }
    if !kind.is_real() && divides && matches!(right, Number::Whole(_, 0)) {
        return Ok(Value::Fails);
    }
    let number = folded(operator, result(kind), left, right);
    Ok(Value::Number(match number {
        Number::Whole(_, value) if whole && (nothing.0 || nothing.1) => {
            Number::Real(Kind::Double, value as f64)
        }
        number if whole && nothing.0 != nothing.1 => Number::Converted(Kind::Double, Box::new(number)),
        number => number,
    }))
}

/// `-value` or `~value`.
pub(super) fn unary(operator: Operator, value: Value) -> Result<Value, Why> {
    if value == Value::Fails {
        return Ok(Value::Fails);
    }
    let number = number(value, &Number::Whole(Kind::Long, 0))?;
    let kind = number.kind();
    let negates = operator == Operator::Negate;
    if kind.is_real() && !negates {
        return Err(Why::Open);
    }
    Ok(Value::Number(match number {
        Number::Real(kind, value) => Number::Real(kind, -value),
        Number::Whole(_, value) if negates => {
            Number::Whole(result(kind), wrapped(kind, value.wrapping_neg()))
        }
        Number::Whole(_, value) => Number::Whole(result(kind), wrapped(kind, !value)),
        number => Number::Unary(operator, result(kind), Box::new(number)),
    }))
}

/// What a getter of a box makes of a number.
pub(super) fn converted(kind: Kind, number: Number) -> Number {
    match number {
        number if number.kind() == kind => number,
        number => Number::Converted(kind, Box::new(number)),
    }
}

fn number(value: Value, null: &Number) -> Result<Number, Why> {
    match value {
        Value::Number(number) => Ok(number),
        Value::Truth(test) => Ok(Number::Truth(Box::new(test))),
        Value::Null => Ok(null.clone()),
        _ => Err(Why::Open),
    }
}

/// The kind of a result: whole numbers of booleans and characters are ints.
fn result(kind: Kind) -> Kind {
    if matches!(kind, Kind::Boolean | Kind::Char) { Kind::Int } else { kind }
}

fn wrapped(kind: Kind, value: i64) -> i64 {
    match kind {
        Kind::Byte => i64::from(value as i8),
        Kind::Short => i64::from(value as i16),
        Kind::Long => value,
        _ => i64::from(value as i32),
    }
}

fn folded(operator: Operator, kind: Kind, left: Number, right: Number) -> Number {
    if kind.is_real()
        && let (Some(left), Some(right)) = (left.constant(), right.constant())
    {
        let value = match operator {
            Operator::Add => left + right,
            Operator::Subtract => left - right,
            Operator::Multiply => left * right,
            _ => left / right,
        };
        return Number::Real(kind, if kind == Kind::Float { f64::from(value as f32) } else { value });
    }
    if let (Number::Whole(_, left), Number::Whole(_, right)) = (&left, &right)
        && !kind.is_real()
    {
        let shift = *right as u32;
        let value = match operator {
            Operator::Add => left.wrapping_add(*right),
            Operator::Subtract => left.wrapping_sub(*right),
            Operator::Multiply => left.wrapping_mul(*right),
            Operator::Divide => left.checked_div(*right).unwrap_or(*left),
            Operator::Remainder => left.checked_rem(*right).unwrap_or(0),
            Operator::BitAnd => left & right,
            Operator::BitOr => left | right,
            Operator::Xor => left ^ right,
            Operator::ShiftLeft => left.wrapping_shl(shift),
            Operator::ShiftRight => left.wrapping_shr(shift),
            _ if kind <= Kind::Int => i64::from((*left as u32).wrapping_shr(shift)),
            _ => left.cast_unsigned().wrapping_shr(shift).cast_signed(),
        };
        return Number::Whole(kind, wrapped(kind, value));
    }
    // An int shifted without its sign is an int, whatever it was.
    let kind = if operator == Operator::UnsignedShiftRight { kind.max(Kind::Int) } else { kind };
    Number::Binary(operator, kind, Box::new((left, right)))
}
