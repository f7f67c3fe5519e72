//! `BigInteger` and `BigDecimal` in 127 bits, and the methods of the boxes.

use std::cmp::Ordering;
use std::rc::Rc;

use ognl::{BigOperation, ErrorKind, Fault, Value};

use super::{Body, Got, Model, Obj, V};

fn no_number(units: &[u16]) -> Fault {
    Fault::new(ErrorKind::NumberFormat, format!("{} is no number.", String::from_utf16_lossy(units)))
}

fn too_large() -> Fault {
    Fault::new(ErrorKind::Broken, "The model's numbers have 127 bits.")
}

pub fn parse_big(units: &[u16], radix: u32) -> Result<i128, Fault> {
    let text = String::from_utf16_lossy(units);
    let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
    i128::from_str_radix(&text, radix).map_err(|_| {
        match digits.len() > 30 && digits.chars().all(|char| char.is_digit(radix)) {
            true => too_large(),
            false => no_number(units),
        }
    })
}

pub fn parse_decimal(units: &[u16]) -> Result<(i128, i32), Fault> {
    let text = String::from_utf16_lossy(units);
    let wrong = || no_number(units);
    let (digits, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().map_err(|_| wrong())?;
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let unscaled = parse_big(&format!("{whole}{part}").encode_utf16().collect::<Vec<_>>(), 10);
    let scale = (part.len() as i32).checked_sub(exponent).ok_or_else(wrong)?;
    unscaled.map(|unscaled| (unscaled, scale)).map_err(|why| match why.kind() {
        ErrorKind::Broken => why,
        _ => wrong(),
    })
}

fn ten_to(power: u32) -> Result<i128, Fault> {
    10_i128.checked_pow(power).ok_or_else(too_large)
}

/// Both with the greater scale.
fn aligned(one: (i128, i32), two: (i128, i32)) -> Result<(i128, i128, i32), Fault> {
    let scale = one.1.max(two.1);
    let with = |(unscaled, own): (i128, i32)| {
        unscaled.checked_mul(ten_to(scale.abs_diff(own))?).ok_or_else(too_large)
    };
    Ok((with(one)?, with(two)?, scale))
}

fn pair(body: &Body) -> (i128, i32) {
    match body {
        Body::Decimal(unscaled, scale) => (*unscaled, *scale),
        Body::Big(value) => (*value, 0),
        other => panic!("{other:?}"),
    }
}

/// What `BigInteger` and `BigDecimal` do.
pub fn work(operation: BigOperation, one: &Body, other: Option<&Body>) -> Result<Body, Fault> {
    let (left, scale) = pair(one);
    let right = other.map(pair);
    let is_big = matches!(one, Body::Big(_));
    let (value, second) = (left, right.map_or(0, |(value, _)| value));
    let by_zero = || Fault::new(ErrorKind::Arithmetic, "Division by zero.");
    let bits = |value: Option<i128>| value.map(Body::Big).ok_or_else(too_large);
    match operation {
        BigOperation::And => bits(Some(value & second)),
        BigOperation::Or => bits(Some(value | second)),
        BigOperation::Xor => bits(Some(value ^ second)),
        BigOperation::Not => bits(Some(!value)),
        BigOperation::ShiftLeft(by) | BigOperation::ShiftRight(by) => {
            let left = matches!(operation, BigOperation::ShiftLeft(_)) == (by >= 0);
            let by = by.unsigned_abs();
            match left {
                true => bits(
                    1_i128
                        .checked_shl(by)
                        .and_then(|factor| if by > 126 { None } else { value.checked_mul(factor) }),
                ),
                false => bits(Some(value >> by.min(127))),
            }
        }
        BigOperation::Negate => Ok(if is_big { Body::Big(-value) } else { Body::Decimal(-value, scale) }),
        _ if is_big => match operation {
            BigOperation::Add => bits(value.checked_add(second)),
            BigOperation::Subtract => bits(value.checked_sub(second)),
            BigOperation::Multiply => bits(value.checked_mul(second)),
            BigOperation::Divide => value.checked_div(second).map(Body::Big).ok_or_else(by_zero),
            _ => value.checked_rem(second).map(Body::Big).ok_or_else(by_zero),
        },
        _ => decimals(operation, (left, scale), right.unwrap_or((0, 0))),
    }
}

fn decimals(operation: BigOperation, one: (i128, i32), two: (i128, i32)) -> Result<Body, Fault> {
    match operation {
        BigOperation::Add | BigOperation::Subtract => {
            let (left, right, scale) = aligned(one, two)?;
            let right = if operation == BigOperation::Add { right } else { -right };
            left.checked_add(right).map(|sum| Body::Decimal(sum, scale)).ok_or_else(too_large)
        }
        BigOperation::Multiply => one
            .0
            .checked_mul(two.0)
            .map(|product| Body::Decimal(product, one.1 + two.1))
            .ok_or_else(too_large),
        _ => {
            if two.0 == 0 {
                return Err(Fault::new(ErrorKind::Arithmetic, "Division by zero."));
            }
            // The scale of the first, half to even.
            let factor = ten_to(two.1.unsigned_abs())?;
            let (up, down) = if two.1 >= 0 { (factor, 1) } else { (1, factor) };
            let dividend = one.0.checked_mul(up).ok_or_else(too_large)?;
            let divisor = two.0.checked_mul(down).ok_or_else(too_large)?;
            let (quotient, rest) = (dividend / divisor, dividend % divisor);
            let sign = if (dividend < 0) == (divisor < 0) { 1 } else { -1 };
            let rounds = match (2 * rest.abs()).cmp(&divisor.abs()) {
                Ordering::Greater => true,
                Ordering::Equal => quotient % 2 != 0,
                Ordering::Less => false,
            };
            Ok(Body::Decimal(quotient + if rounds { sign } else { 0 }, one.1))
        }
    }
}

pub fn order(one: &Body, two: &Body) -> Ordering {
    let (one, two) = (pair(one), pair(two));
    match aligned(one, two) {
        Ok((one, two, _)) => one.cmp(&two),
        Err(_) => real(one).total_cmp(&real(two)),
    }
}

fn real((unscaled, scale): (i128, i32)) -> f64 {
    format!("{unscaled}e{}", -i64::from(scale)).parse().unwrap()
}

/// `BigDecimal.toString`
pub fn decimal_text(unscaled: i128, scale: i32) -> String {
    let digits = unscaled.unsigned_abs().to_string();
    let sign = if unscaled < 0 { "-" } else { "" };
    let adjusted = digits.len() as i64 - 1 - i64::from(scale);
    if scale >= 0 && adjusted >= -6 {
        let scale = scale as usize;
        if scale == 0 {
            return format!("{sign}{digits}");
        }
        let padded = format!("{digits:0>width$}", width = scale + 1);
        let (whole, part) = padded.split_at(padded.len() - scale);
        return format!("{sign}{whole}.{part}");
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    let exponent = if adjusted == 0 { String::new() } else { format!("E{adjusted:+}") };
    format!("{sign}{first}{point}{rest}{exponent}")
}

impl Model {
    /// A big number without its fraction.
    pub fn whole_of(&self, of: &Obj) -> i128 {
        match &of.body {
            Body::Decimal(unscaled, scale) if *scale >= 0 => {
                ten_to(scale.unsigned_abs()).map_or(0, |factor| unscaled / factor)
            }
            Body::Decimal(unscaled, scale) => {
                (0..scale.unsigned_abs().min(64)).fold(*unscaled, |value, _| value.wrapping_mul(10))
            }
            Body::Big(value) => *value,
            Body::Scalar(value) => Self::number(value) as i128,
            other => panic!("{other:?}"),
        }
    }

    pub fn real_of(&self, of: &Obj) -> f64 {
        match &of.body {
            Body::Scalar(value) => Self::number(value),
            body => real(pair(body)),
        }
    }

    /// The methods of numbers, boxed or big, and of the other boxes.
    pub fn number_call(&self, signature: &str, on: &Rc<Obj>, arguments: &[V]) -> Option<Got> {
        let big = |operation| {
            let Some(Value::Object(other)) = arguments.first() else {
                return Err(Fault::thrown("java.lang.NullPointerException", None));
            };
            let body = work(operation, &on.body, Some(&other.body))?;
            Ok(Value::Object(Rc::new(Obj { class: on.class.clone(), body })))
        };
        let whole = || match &on.body {
            Body::Scalar(Value::Long(value)) => i128::from(*value),
            _ => self.whole_of(on),
        };
        Some(match signature {
            "add(java.math.BigInteger)" | "add(java.math.BigDecimal)" => big(BigOperation::Add),
            "negate()" => work(BigOperation::Negate, &on.body, None)
                .map(|body| Value::Object(Rc::new(Obj { class: on.class.clone(), body }))),
            "scale()" => Ok(Value::Int(pair(&on.body).1)),
            _ if matches!(on.body, Body::Plain(_) | Body::Array(_)) => return None,
            "intValue()" => Ok(Value::Int(whole() as i32)),
            "longValue()" => Ok(Value::Long(whole() as i64)),
            "byteValue()" => Ok(Value::Byte(whole() as i8)),
            "shortValue()" => Ok(Value::Short(whole() as i16)),
            "doubleValue()" => Ok(Value::Double(self.real_of(on))),
            "floatValue()" => Ok(Value::Float(self.real_of(on) as f32)),
            "isNaN()" => Ok(Value::Boolean(self.real_of(on).is_nan())),
            "charValue()" | "booleanValue()" => match &on.body {
                Body::Scalar(value) => Ok(super::dup(value)),
                _ => return None,
            },
            _ => return None,
        })
    }
}
