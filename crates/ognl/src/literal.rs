//! The values of number literals.

use crate::Constant;

/// The value of a number without a point, exponent or suffix of a real one: `1`, `017`, `0x1F`, `1L`,
/// `1H`. An error says what to write instead.
pub(crate) fn integer(text: &str) -> Result<Constant, String> {
    let (radix, rest) = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(rest) => (16, rest),
        None if text.starts_with('0') => (8, text),
        None => (10, text),
    };
    let digits = rest.trim_end_matches(['l', 'L', 'h', 'H']);
    match rest.get(digits.len()..) {
        Some("l" | "L") => i64::from_str_radix(digits, radix).map(Constant::Long).map_err(|_| {
            format!("{text} does not fit a long, whose greatest value is {}: end it with H.", i64::MAX)
        }),
        Some("h" | "H") => Ok(Constant::BigInteger { digits: digits.to_owned(), radix }),
        _ => i32::from_str_radix(digits, radix).map(Constant::Integer).map_err(|_| {
            format!("{text} does not fit an int, whose greatest value is {}: write {text}L.", i32::MAX)
        }),
    }
}

/// The value of a number with a point, an exponent or a suffix of a real one: `1.5`, `1e3`, `1f`,
/// `1.5B`.
pub(crate) fn real(text: &str) -> Result<Constant, String> {
    let wrong = |_| format!("{text} is not a number.");
    let digits = text.trim_end_matches(['f', 'F', 'd', 'D', 'b', 'B']);
    match text.get(digits.len()..) {
        Some("f" | "F") => digits.parse().map(Constant::Float).map_err(wrong),
        Some("b" | "B") => match digits.split_once(['e', 'E']) {
            // java.math.BigDecimal keeps the exponent in an int.
            Some((_, exponent)) if exponent.parse::<i32>().is_err() => {
                Err(format!("The exponent of {text} is too large."))
            }
            _ => Ok(Constant::BigDecimal(digits.to_owned())),
        },
        _ => digits.parse().map(Constant::Double).map_err(wrong),
    }
}
