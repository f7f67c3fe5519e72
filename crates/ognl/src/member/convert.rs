//! Conversions: OGNL's `DefaultTypeConverter`, for arguments, assignments and arrays.

use crate::number::{parse_double, parse_long, shown};
use crate::{Access, Digits, ErrorKind, Fault, Kind, Primitive, Reflection, Standard, Value};

/// The longest array or collection that is converted element by element, and the most digits of a number: it costs
/// the square of them.
const MOST: i32 = 1 << 12;

/// The value as an instance of a class.
///
/// # Errors
/// OGNL knows no such conversion ([`ErrorKind::IllegalArgument`]), a text is no number
/// ([`ErrorKind::NumberFormat`]), or what is called threw or may not be called.
pub fn convert<A: Access>(
    access: &A,
    value: Value<A::Object>,
    to: &A::Class,
) -> Result<Value<A::Object>, Fault> {
    let primitive = access.as_primitive(to);
    let (object, class) = match &value {
        Value::Null => return Ok(primitive.map_or(Value::Null, zero)),
        Value::Object(object) => (Some(object), access.class_of(object)?),
        scalar => match scalar.boxed() {
            Some(boxed) => (None, access.standard(boxed)),
            None => return Ok(value),
        },
    };
    if access.is_assignable(to, &class) {
        return Ok(value);
    }
    let array = object.filter(|_| access.component(&class).is_some());
    match (array, access.component(to)) {
        (Some(array), Some(component)) => return array_of(access, array, &component),
        (Some(array), None) => {
            if access.length(array)? == 0 {
                let message =
                    format!("An empty array has no element that could become {}.", access.class_name(to));
                return Err(Fault::new(ErrorKind::IndexOutOfBounds, message));
            }
            return convert(access, access.element(array, 0)?, to);
        }
        (None, Some(component)) => {
            if access.as_primitive(&component) == Some(Primitive::Char) {
                return characters(access, &value, &component);
            }
            if component == access.standard(Standard::Object) {
                return objects(access, value, &component);
            }
        }
        (None, None) => {
            if let Some(converted) = scalar(access, &value, primitive, to)? {
                return Ok(converted);
            }
        }
    }
    let message =
        format!("A value of {} cannot be converted to {}.", access.class_name(&class), access.class_name(to));
    Err(Fault::new(ErrorKind::IllegalArgument, message))
}

/// What null becomes for a primitive type.
fn zero<O>(of: Primitive) -> Value<O> {
    match of {
        Primitive::Boolean => Value::Boolean(false),
        Primitive::Byte => Value::Byte(0),
        Primitive::Char => Value::Character(0),
        Primitive::Short => Value::Short(0),
        Primitive::Int => Value::Int(0),
        Primitive::Long => Value::Long(0),
        Primitive::Float => Value::Float(0.0),
        Primitive::Double => Value::Double(0.0),
    }
}

/// To a primitive type or its box, a number of java.math or a text; none where `to` is none of these.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "as Java narrows")]
fn scalar<A: Access>(
    access: &A,
    value: &Value<A::Object>,
    primitive: Option<Primitive>,
    to: &A::Class,
) -> Result<Option<Value<A::Object>>, Fault> {
    let is = |standard: Standard| access.standard(standard) == *to;
    let target = primitive.or_else(|| Primitive::ALL.into_iter().find(|one| is(one.boxed())));
    Ok(Some(match target {
        Some(Primitive::Boolean) => Value::Boolean(boolean_of(access, value)?),
        Some(Primitive::Byte) => Value::Byte(long_of(access, value)? as i8),
        Some(Primitive::Char) => Value::Character(long_of(access, value)? as u16),
        Some(Primitive::Short) => Value::Short(long_of(access, value)? as i16),
        Some(Primitive::Int) => Value::Int(long_of(access, value)? as i32),
        Some(Primitive::Long) => Value::Long(long_of(access, value)?),
        Some(Primitive::Float) => Value::Float(double_of(access, value)? as f32),
        Some(Primitive::Double) => Value::Double(double_of(access, value)?),
        None if is(Standard::BigInteger) => Value::Object(big_integer_of(access, value)?),
        None if is(Standard::BigDecimal) => Value::Object(big_decimal_of(access, value)?),
        None if is(Standard::String) => {
            let text = text_to_keep(access, value)?;
            Value::Object(access.new_text(&text)?)
        }
        None => return Ok(None),
    }))
}

/// The text that a value becomes.
fn text_to_keep<A: Access>(access: &A, value: &Value<A::Object>) -> Result<Vec<u16>, Fault> {
    let mut text = Vec::new();
    match value {
        Value::Object(object) if access.kind(object)? != Kind::Text => match access.to_text(object)? {
            Some(shown) => text.extend_from_slice(&shown),
            None => {
                let message = "A value whose toString() returns null cannot become a text.";
                return Err(Fault::new(ErrorKind::IllegalArgument, message));
            }
        },
        value => text_of(access, value, &mut |units| text.extend_from_slice(units))?,
    }
    Ok(text)
}

fn array_of<A: Access>(
    access: &A,
    array: &A::Object,
    component: &A::Class,
) -> Result<Value<A::Object>, Fault> {
    let length = access.length(array)?;
    few(length)?;
    let made = access.new_array(component, length)?;
    for index in 0..length {
        access.set_element(&made, index, convert(access, access.element(array, index)?, component)?)?;
    }
    Ok(Value::Object(made))
}

fn few(count: i32) -> Result<(), Fault> {
    match count > MOST {
        true => {
            let message = format!("{count} elements or digits would be converted; more than {MOST} are not.");
            Err(Fault::new(ErrorKind::OutOfFuel, message))
        }
        false => Ok(()),
    }
}

/// A text as a `char[]`.
fn characters<A: Access>(
    access: &A,
    value: &Value<A::Object>,
    component: &A::Class,
) -> Result<Value<A::Object>, Fault> {
    let text = text_to_keep(access, value)?;
    let length = text.len().try_into().unwrap_or(i32::MAX);
    few(length)?;
    let made = access.new_array(component, length)?;
    for (index, unit) in (0..).zip(text) {
        access.set_element(&made, index, Value::Character(unit))?;
    }
    Ok(Value::Object(made))
}

/// A collection's elements, or the value alone, as an `Object[]`.
fn objects<A: Access>(
    access: &A,
    value: Value<A::Object>,
    component: &A::Class,
) -> Result<Value<A::Object>, Fault> {
    let mut elements = Vec::new();
    match value {
        Value::Object(object)
            if matches!(access.kind(&object)?, Kind::List | Kind::Set | Kind::Collection) =>
        {
            few(access.size(&object)?)?;
            access.each(&object, &mut |element| {
                elements.push(element);
                elements.len() <= MOST as usize
            })?;
        }
        value => elements.push(value),
    }
    let made = access.new_array(component, elements.len().try_into().unwrap_or(i32::MAX))?;
    for (index, element) in (0..).zip(elements) {
        access.set_element(&made, index, element)?;
    }
    Ok(Value::Object(made))
}

/// Whether OGNL takes a value as true: null and zero are false, of texts only `true` is true.
pub(crate) fn boolean_of<A: Access>(access: &A, value: &Value<A::Object>) -> Result<bool, Fault> {
    Ok(match value {
        Value::Null => false,
        Value::Boolean(value) => *value,
        Value::Character(value) => *value != 0,
        Value::Byte(value) => *value != 0,
        Value::Short(value) => *value != 0,
        Value::Int(value) => *value != 0,
        Value::Long(value) => *value != 0,
        Value::Float(value) => *value != 0.0,
        Value::Double(value) => *value != 0.0,
        Value::Object(object) => match access.kind(object)? {
            Kind::Text => {
                let mut is = false;
                access.text(object, &mut |units| is = is_true(units))?;
                is
            }
            Kind::Number | Kind::BigInteger | Kind::BigDecimal => access.double_value(object)? != 0.0,
            _ => true,
        },
    })
}

/// Whether a text is `true`, in any case.
pub(crate) fn is_true(units: &[u16]) -> bool {
    let lower = units.iter().map(|unit| u8::try_from(*unit).map_or(b'?', |byte| byte.to_ascii_lowercase()));
    lower.eq(*b"true")
}

/// The value as a `long`: numbers are cut, a text is read.
#[expect(clippy::cast_possible_truncation, reason = "as Java narrows")]
pub(crate) fn long_of<A: Access>(access: &A, value: &Value<A::Object>) -> Result<i64, Fault> {
    Ok(match value {
        Value::Null => 0,
        Value::Boolean(value) => i64::from(*value),
        Value::Character(value) => i64::from(*value),
        Value::Byte(value) => i64::from(*value),
        Value::Short(value) => i64::from(*value),
        Value::Int(value) => i64::from(*value),
        Value::Long(value) => *value,
        Value::Float(value) => *value as i64,
        Value::Double(value) => *value as i64,
        Value::Object(object) => match access.kind(object)? {
            Kind::Number | Kind::BigInteger => access.long_value(object)?,
            // Its last 64 bits are zeros; Java would write all of them out first.
            Kind::BigDecimal if access.magnitude(object)?.scale <= -64 => 0,
            Kind::BigDecimal => access.long_value(object)?,
            _ => read_text(access, value, parse_long)?,
        },
    })
}

/// The value as a `double`: a text is read.
pub(crate) fn double_of<A: Access>(access: &A, value: &Value<A::Object>) -> Result<f64, Fault> {
    Ok(match value {
        Value::Float(value) => f64::from(*value),
        Value::Double(value) => *value,
        #[expect(clippy::cast_precision_loss, reason = "as Java widens")]
        Value::Long(value) => *value as f64,
        Value::Object(object) => match access.kind(object)? {
            Kind::Number | Kind::BigInteger | Kind::BigDecimal => access.double_value(object)?,
            _ => read_text(access, value, parse_double)?,
        },
        #[expect(clippy::cast_precision_loss, reason = "these have 32 bits at most")]
        other => long_of(access, other)? as f64,
    })
}

/// The value as a `BigInteger`.
pub(crate) fn big_integer_of<A: Access>(access: &A, value: &Value<A::Object>) -> Result<A::Object, Fault> {
    if let Value::Object(object) = value {
        match access.kind(object)? {
            Kind::BigInteger => return access.copy(object),
            Kind::BigDecimal => {
                let digits = -i64::from(access.magnitude(object)?.scale);
                few(digits.clamp(0, i64::from(i32::MAX)).try_into().unwrap_or(i32::MAX))?;
                return access.big_integer(Digits::Other(object));
            }
            Kind::Number => {}
            _ => {
                return read_text(access, value, |units| {
                    few(units.len().try_into().unwrap_or(i32::MAX))?;
                    access.big_integer(Digits::Text(units, 10))
                });
            }
        }
    }
    access.big_integer(Digits::Long(long_of(access, value)?))
}

/// The value as a `BigDecimal`.
pub(crate) fn big_decimal_of<A: Access>(access: &A, value: &Value<A::Object>) -> Result<A::Object, Fault> {
    match value {
        Value::Object(object) => match access.kind(object)? {
            Kind::BigDecimal => access.copy(object),
            Kind::BigInteger => access.big_decimal(Digits::Other(object)),
            _ => read_text(access, value, |units| {
                few(units.len().try_into().unwrap_or(i32::MAX))?;
                access.big_decimal(Digits::Text(units, 10))
            }),
        },
        Value::Float(_) | Value::Double(_) => {
            read_text(access, value, |units| access.big_decimal(Digits::Text(units, 10)))
        }
        whole => access.big_decimal(Digits::Long(long_of(access, whole)?)),
    }
}

/// Lends the value as a text: of an object what its `toString` returns.
pub(crate) fn text_of<A: Access>(
    access: &A,
    value: &Value<A::Object>,
    read: &mut dyn FnMut(&[u16]),
) -> Result<(), Fault> {
    match value {
        Value::Object(object) if access.kind(object)? == Kind::Text => access.text(object, read),
        Value::Object(object) => match access.to_text(object)? {
            Some(text) => {
                read(&text);
                Ok(())
            }
            None => text_of(access, &Value::Null, read),
        },
        Value::Character(unit) => {
            read(&[*unit]);
            Ok(())
        }
        scalar => {
            let units: Vec<u16> = shown(scalar).encode_utf16().collect();
            read(&units);
            Ok(())
        }
    }
}

/// Reads the value's text without the blanks around it.
fn read_text<A: Access, T>(
    access: &A,
    value: &Value<A::Object>,
    parse: impl Fn(&[u16]) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut parsed = None;
    if let Value::Object(object) = value
        && access.kind(object)? != Kind::Text
    {
        return match access.to_text(object)? {
            Some(text) => parse(trimmed(&text)),
            None => {
                let message = "A value whose toString() returns null is no number.";
                Err(Fault::new(ErrorKind::NullPointer, message))
            }
        };
    }
    text_of(access, value, &mut |units| parsed = Some(parse(trimmed(units))))?;
    parsed.unwrap_or_else(|| parse(&[]))
}

/// A text without the blanks and control characters around it.
pub(crate) fn trimmed(units: &[u16]) -> &[u16] {
    let blank = |unit: &u16| *unit <= 0x20;
    let start = units.iter().take_while(|unit| blank(unit)).count();
    let rest = units.get(start..).unwrap_or_default();
    let end = rest.len() - rest.iter().rev().take_while(|unit| blank(unit)).count();
    rest.get(..end).unwrap_or_default()
}

/// How much an argument loses as this parameter: what to choose by where no overload takes it as it is.
pub(super) fn loss<R: Reflection + ?Sized>(reflection: &R, from: &R::Class, to: &R::Class) -> u32 {
    let is = |standard: Standard| reflection.standard(standard) == *to;
    let boxed = Primitive::ALL.into_iter().find(|one| is(one.boxed()));
    let target = reflection.as_primitive(to).or(boxed);
    let worse = u32::from(boxed.is_some());
    let source = reflection.as_primitive(from);
    let array = |class: &R::Class| reflection.component(class).is_some();
    match (source, target) {
        (Some(source), Some(target)) if source == target => worse,
        (Some(Primitive::Boolean), Some(_)) | (Some(_), Some(Primitive::Boolean)) => 60 + worse,
        (Some(source), Some(target)) if target as u8 > source as u8 => {
            2 * u32::from(target as u8 - source as u8) + worse
        }
        (Some(source), Some(target)) => 20 + 2 * u32::from(source as u8 - target as u8) + worse,
        (Some(_), None) if is(Standard::BigInteger) || is(Standard::BigDecimal) => 18,
        _ if is(Standard::String) => 70,
        (None, Some(Primitive::Boolean)) => 90,
        (None, Some(_)) => 80,
        _ if is(Standard::BigInteger) || is(Standard::BigDecimal) => 80,
        _ if array(from) || array(to) => 100,
        _ => 1000,
    }
}
