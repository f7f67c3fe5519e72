//! How Java writes scalars as text: `1.0E10` rather than `10000000000`.
//!
//! Numbers with a point are written with the fewest digits that tell them apart, as JDK 19 and later do; older ones
//! sometimes write more.

use crate::Value;

/// The text of a scalar or null, as `String.valueOf` gives it; empty for an object.
pub fn shown<O>(value: &Value<O>) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Character(unit) => String::from_utf16_lossy(&[*unit]),
        Value::Byte(value) => value.to_string(),
        Value::Short(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Long(value) => value.to_string(),
        Value::Float(value) => {
            let same = |text: &str| text.parse::<f32>().is_ok_and(|parsed| parsed == *value);
            real(f64::from(*value), format!("{value:e}"), format!("{value:.1e}"), same)
        }
        Value::Double(value) => {
            let same = |text: &str| text.parse::<f64>().is_ok_and(|parsed| parsed == *value);
            real(*value, format!("{value:e}"), format!("{value:.1e}"), same)
        }
        Value::Object(_) => String::new(),
    }
}

/// A number with a point, of which the shortest text and that with two digits are known.
fn real(value: f64, shortest: String, two: String, same: impl Fn(&str) -> bool) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    // Java writes at least two digits, and then the two that are nearest.
    let text = if shortest.contains('.') || !same(&two) { shortest } else { two };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if mantissa.starts_with('-') { "-" } else { "" };
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    if value != 0.0 && !(-3..7).contains(&exponent) {
        let (first, rest) = digits.split_at(1.min(digits.len()));
        return format!("{sign}{first}.{}E{exponent}", if rest.is_empty() { "0" } else { rest });
    }
    let whole = usize::try_from(exponent + 1).unwrap_or(0);
    let zeros = "0".repeat(usize::try_from(-exponent - 1).unwrap_or(0));
    let padded = format!("{digits:0<whole$}");
    let (whole, part) = padded.split_at(whole.min(padded.len()));
    let part = format!("{zeros}{}", part.trim_end_matches('0'));
    format!(
        "{sign}{}.{}",
        if whole.is_empty() { "0" } else { whole },
        if part.is_empty() { "0" } else { &part }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_java_writes_them() {
        let double = |value: f64| shown::<()>(&Value::Double(value));
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-1.5, "-1.5"),
            (100.0, "100.0"),
            (0.001, "0.001"),
            (0.00123, "0.00123"),
            (0.000_999, "9.99E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (12_345_678.9, "1.23456789E7"),
            (123_456.789, "123456.789"),
            (1e100, "1.0E100"),
            (5e-324, "4.9E-324"),
            (f64::MAX, "1.7976931348623157E308"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
            (2e-3, "0.002"),
            (1e23, "1.0E23"),
        ];
        for (value, text) in cases {
            assert_eq!(double(value), text);
        }
        assert_eq!(shown::<()>(&Value::Float(0.1)), "0.1");
        assert_eq!(shown::<()>(&Value::Float(3.4e38)), "3.4E38");
        assert_eq!(shown::<()>(&Value::Float(f32::from_bits(1))), "1.4E-45");
        assert_eq!(shown::<()>(&Value::Float(16_777_216.0)), "1.6777216E7");
    }
}
