//! Comparison and truth as OGNL 3.3.5 has them (`OgnlOps`), decided as far as the types are known.
//!
//! Its rules: two numbers are compared as longs, or as doubles where one is a real number or only one is a
//! character; null is 0 where it is ordered against a number, and equal to null alone; two texts are
//! compared as `String` does; everything else fails or is not equal.

use std::cmp::Ordering;

use ognl::Operator;

use super::cost;
use super::kind::Kind;
use super::value::{Number, Test, Text, TextMethod, Value, holds, mirrored};

/// Why two values are not compared here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Why {
    /// They never can be, as the rest of a sentence.
    Wrong(String),
    /// Only the evaluator can.
    Open,
}

impl From<&str> for Why {
    fn from(sentence: &str) -> Self {
        Why::Wrong(sentence.to_owned())
    }
}

const COMPARABLE: &str = "java/lang/Comparable";
const STRING: &str = "java/lang/String";

fn is_equality(relation: Operator) -> bool {
    matches!(relation, Operator::Equal | Operator::NotEqual)
}

/// Compares two values as a person wrote them: what can never be true is refused with the reason.
pub(super) fn relation(relation: Operator, left: Value, right: Value, ticks: u64) -> Result<Test, Why> {
    for (one, other) in [(&left, &right), (&right, &left)] {
        let number = matches!(one, Value::Number(_) | Value::Boxed(..) | Value::Truth(_) | Value::Cost);
        match (one, other) {
            (Value::Number(Number::Whole(Kind::Char, _)), Value::String(_)) => {
                return Err("compares a text with a character: write the text in double quotes".into());
            }
            (_, Value::Text(text)) if number => {
                if parsed(text).is_some() {
                    return Err(Why::Open);
                }
                let quoted = if text.chars().count() == 1 { "in single quotes" } else { "without quotes" };
                return Err(Why::Wrong(format!(
                    "compares a number or character with a text: write it {quoted}"
                )));
            }
            (_, Value::String(_)) if number => return Err(Why::Open),
            _ => {}
        }
    }
    compare(relation, left, right, ticks)
}

fn compare(relation: Operator, left: Value, right: Value, ticks: u64) -> Result<Test, Why> {
    let equal = is_equality(relation);
    let same = Test::Always(holds(relation, Ordering::Equal));
    // What an equality with something else comes to.
    let differs = Test::Always(relation == Operator::NotEqual);
    let again = |left, right| compare(relation, left, right, ticks);
    Ok(match (left, right) {
        (Value::Fails, _) | (_, Value::Fails) => Test::Fails,
        (Value::Null, Value::Null) => same,
        (Value::Null, value) | (value, Value::Null) if equal => match value {
            Value::Boxed(_, local)
            | Value::String(local)
            | Value::Anything(local)
            | Value::Reference(Some(local)) => Test::IsNull(local).is(relation == Operator::Equal),
            Value::Number(number) => number.then(differs),
            Value::Truth(test) => Test::choose(test, differs.clone(), differs),
            _ => differs,
        },
        (Value::Cost, Value::Number(number)) => cost_test(relation, &number, ticks)?,
        (Value::Number(number), Value::Cost) => cost_test(mirrored(relation), &number, ticks)?,
        (Value::Cost, _) | (_, Value::Cost) => {
            return Err(Why::Open);
        }
        (Value::Reference(..), _) | (_, Value::Reference(..)) => {
            return Err(Why::Open);
        }
        (Value::Boxed(_, one), Value::Boxed(_, other))
        | (Value::String(one), Value::String(other))
        | (Value::Anything(one), Value::Anything(other))
            if one == other =>
        {
            same
        }
        (Value::Anything(_), Value::Anything(_) | Value::String(_) | Value::Boxed(..))
        | (Value::String(_) | Value::Boxed(..), Value::Anything(_)) => {
            return Err(Why::Open);
        }
        (Value::Anything(local), other) => {
            anything(local, relation, &other, |value| again(value, other.clone()))?
        }
        (other, Value::Anything(local)) => {
            anything(local, relation, &other, |value| again(other.clone(), value))?
        }
        (Value::Truth(test), Value::Number(Number::Whole(Kind::Boolean, value))) if equal => {
            test.is((value == 1) == (relation == Operator::Equal))
        }
        (Value::Number(Number::Whole(Kind::Boolean, value)), Value::Truth(test)) if equal => {
            test.is((value == 1) == (relation == Operator::Equal))
        }
        (Value::Truth(test), other) => again(Value::Number(Number::Truth(Box::new(test))), other)?,
        (other, Value::Truth(test)) => again(other, Value::Number(Number::Truth(Box::new(test))))?,
        (Value::Boxed(kind, local), other) => {
            let is_same = match other {
                Value::Boxed(_, other) => Test::Same(local, other),
                _ => Test::Always(false),
            };
            let null = again(Value::Null, other.clone())?;
            let number = again(Value::Number(Number::Unboxed(kind, local)), other)?;
            Test::choose(is_same, same, Test::choose(Test::IsNull(local), null, number))
        }
        (other, Value::Boxed(kind, local)) => {
            let null = again(other.clone(), Value::Null)?;
            let number = again(other, Value::Number(Number::Unboxed(kind, local)))?;
            Test::choose(Test::IsNull(local), null, number)
        }
        (Value::Number(left), Value::Number(right)) => numbers(relation, left, right),
        // Null orders as 0 against a number, and fails against a text.
        (Value::Null, Value::Number(number)) => numbers(relation, Number::Real(Kind::Double, 0.0), number),
        (Value::Number(number), Value::Null) => numbers(relation, number, Number::Real(Kind::Double, 0.0)),
        (Value::Number(number), Value::Text(text)) => match parsed(&text) {
            Some(value) => numbers(relation, number, Number::Real(Kind::Double, value)),
            None => Test::Fails,
        },
        (Value::Text(text), Value::Number(number)) => match parsed(&text) {
            Some(value) => numbers(relation, Number::Real(Kind::Double, value), number),
            None => Test::Fails,
        },
        (Value::Text(left), Value::Text(right)) => {
            Test::Always(holds(relation, left.encode_utf16().cmp(right.encode_utf16())))
        }
        (Value::String(local), Value::Text(text)) => string(relation, local, Text::Constant(text)),
        (Value::Text(text), Value::String(local)) => string(mirrored(relation), local, Text::Constant(text)),
        (Value::String(one), Value::String(other)) => {
            let (nothing, other) = (Test::IsNull(other), other);
            match equal {
                true => Test::choose(
                    Test::IsNull(one),
                    nothing.is(relation == Operator::Equal),
                    string(relation, one, Text::Local(other)),
                ),
                false => Test::choose(
                    Test::Same(one, other),
                    same,
                    Test::choose(nothing, Test::Fails, string(relation, one, Text::Local(other))),
                ),
            }
        }
        (Value::String(local), Value::Null) | (Value::Null, Value::String(local)) => {
            Test::choose(Test::IsNull(local), same, Test::Fails)
        }
        // Numbers in strings are left to the evaluator.
        (Value::Null, Value::Text(_))
        | (Value::Text(_), Value::Null)
        | (Value::String(_), Value::Number(_))
        | (Value::Number(_), Value::String(_)) => Test::Fails,
    })
}

fn numbers(relation: Operator, left: Number, right: Number) -> Test {
    let kind = left.kind().widest(right.kind(), true);
    let real = kind.is_none_or(Kind::is_real);
    if let (Number::Raw(_, one), Number::Raw(_, other)) = (&left, &right)
        && one == other
    {
        return Test::Always(holds(relation, Ordering::Equal));
    }
    match (&left, &right) {
        (Number::Whole(_, left), Number::Whole(_, right)) if !real => {
            Test::Always(holds(relation, left.cmp(right)))
        }
        _ => match (left.constant(), right.constant()) {
            (Some(left), Some(right)) => {
                Test::Always(holds(relation, left.partial_cmp(&right).unwrap_or(Ordering::Greater)))
            }
            _ => Test::Compare { relation, real, sides: Box::new((left, right)) },
        },
    }
}

/// A `String` in a local and a text that is not null.
fn string(relation: Operator, local: u16, other: Text) -> Test {
    if is_equality(relation) {
        return Test::Asks(TextMethod::Equals, local, other).is(relation == Operator::Equal);
    }
    let order = Number::CompareTo(local, other);
    let order =
        Test::Compare { relation, real: false, sides: Box::new((order, Number::Whole(Kind::Int, 0))) };
    Test::choose(Test::IsNull(local), Test::Fails, order)
}

/// A value that is told apart at run time. `compare` compares it once it is known.
fn anything(
    local: u16,
    relation: Operator,
    other: &Value,
    compare: impl Fn(Value) -> Result<Test, Why>,
) -> Result<Test, Why> {
    let mut test = match other {
        Value::Text(_) if is_equality(relation) => {
            let differs = Test::Always(relation == Operator::NotEqual);
            Test::choose(Test::IsA(local, COMPARABLE), Test::Fails, differs)
        }
        _ => Test::Fails,
    };
    for kind in Kind::ALL.into_iter().rev() {
        let number = compare(Value::Number(Number::Unboxed(kind, local)))?;
        test = Test::choose(Test::IsA(local, kind.box_name()), number, test);
    }
    let string = compare(Value::String(local))?;
    test = Test::choose(Test::IsA(local, STRING), string, test);
    Ok(Test::choose(Test::IsNull(local), compare(Value::Null)?, test))
}

fn cost_test(relation: Operator, number: &Number, ticks_per_second: u64) -> Result<Test, Why> {
    let Some(milliseconds) = number.constant() else {
        return Err(Why::Open);
    };
    let equality = if relation == Operator::NotEqual { Operator::Equal } else { relation };
    let inside = match cost::ticks(equality, milliseconds, ticks_per_second) {
        None => Test::Always(false),
        Some(range) => {
            let bound = |relation, ticks: u64| Test::Compare {
                relation,
                real: false,
                sides: Box::new((Number::Elapsed, Number::Whole(Kind::Long, ticks.cast_signed()))),
            };
            Test::All(vec![
                bound(Operator::GreaterOrEqual, range.least),
                bound(Operator::LessOrEqual, range.most),
            ])
        }
    };
    Ok(inside.is(relation != Operator::NotEqual))
}

/// The number that Java's `Double.parseDouble` makes of a trimmed text; OGNL takes an empty one for 0.
fn parsed(text: &str) -> Option<f64> {
    let text = text.trim_matches(|char| char <= ' ');
    if text.is_empty() {
        return Some(0.0);
    }
    let digits = text.strip_suffix(['d', 'D', 'f', 'F']).unwrap_or(text);
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    if plain { digits.parse().ok() } else { None }
}

/// Whether a value counts as true for `&&`, `||`, `!` and `?`.
pub(super) fn truth(value: Value) -> Result<Test, Why> {
    Ok(match value {
        Value::Null => Test::Always(false),
        Value::Fails => Test::Fails,
        Value::Truth(test) => test,
        Value::Number(Number::Truth(test)) => *test,
        Value::Number(number) => {
            let zero = if number.kind().is_real() {
                Number::Real(number.kind(), 0.0)
            } else {
                Number::Whole(number.kind(), 0)
            };
            numbers(Operator::NotEqual, number, zero)
        }
        Value::Boxed(kind, local) => Test::choose(
            Test::IsNull(local),
            Test::Always(false),
            truth(Value::Number(Number::Unboxed(kind, local)))?,
        ),
        Value::Reference(local) => local.map_or(Test::Always(true), |local| Test::IsNull(local).negated()),
        Value::Text(_) | Value::String(_) | Value::Anything(_) | Value::Cost => return Err(Why::Open),
    })
}

/// Whether a value is `Boolean.TRUE`, which alone makes a condition true.
pub(super) fn is_true(value: Value) -> Result<Test, Why> {
    match &value {
        Value::Null => Ok(Test::Always(false)),
        Value::Fails | Value::Truth(_) | Value::Boxed(Kind::Boolean, _) => truth(value),
        Value::Number(number) if number.kind() == Kind::Boolean => truth(value),
        Value::Anything(local) => Ok(Test::choose(
            Test::IsA(*local, Kind::Boolean.box_name()),
            truth(Value::Number(Number::Unboxed(Kind::Boolean, *local)))?,
            Test::Always(false),
        )),
        _ => Err("is neither true nor false, so that the condition could never hold: compare it with \
                  something"
            .into()),
    }
}
