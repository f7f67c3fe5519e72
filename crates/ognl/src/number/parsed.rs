//! How Java reads numbers: `Long.parseLong` and `Double.parseDouble`.

use crate::{ErrorKind, Fault};

/// A whole number: a sign, and digits.
pub(crate) fn parse_long(units: &[u16]) -> Result<i64, Fault> {
    let text = ascii(units);
    let parsed = text.as_deref().and_then(|text| text.parse::<i64>().ok());
    parsed.ok_or_else(|| no_number(units, "a whole number"))
}

/// A number with or without a point, exponent and suffix; nothing at all is zero. Signs, `NaN`, `Infinity` and
/// base 16 as in Java's source.
pub(crate) fn parse_double(units: &[u16]) -> Result<f64, Fault> {
    if units.is_empty() {
        return Ok(0.0);
    }
    ascii(units).as_deref().and_then(double).ok_or_else(|| no_number(units, "a number"))
}

fn double(text: &str) -> Option<f64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let value = match rest {
        "NaN" => f64::NAN,
        "Infinity" => f64::INFINITY,
        _ => {
            let digits = rest.strip_suffix(['f', 'F', 'd', 'D']);
            match rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
                Some(hex) => base_16(hex.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(hex))?,
                None => base_10(digits.unwrap_or(rest))?,
            }
        }
    };
    Some(sign * value)
}

/// Rust reads what Java reads, and some words more.
fn base_10(text: &str) -> Option<f64> {
    let is_number = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'))
        && text.starts_with(|char: char| char.is_ascii_digit() || char == '.');
    text.parse().ok().filter(|_| is_number)
}

/// `1.8p3`: digits of base 16 and the power of two that they are multiplied by.
fn base_16(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once(['p', 'P'])?;
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let valid = !(whole.is_empty() && part.is_empty())
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'.')
        && part.bytes().all(|byte| byte.is_ascii_hexdigit())
        && !unsigned.is_empty()
        && unsigned.bytes().all(|byte| byte.is_ascii_digit());
    if !valid {
        return None;
    }
    let mut exponent: i64 = exponent.parse().unwrap_or(if exponent.starts_with('-') { -5000 } else { 5000 });
    exponent = exponent.clamp(-100_000, 100_000) - 4 * i64::try_from(part.len()).ok()?;
    // 60 bits are kept; whether anything was lost below them decides how the 53 that fit are rounded.
    let mut bits: u64 = 0;
    for digit in whole.chars().chain(part.chars()).filter_map(|char| char.to_digit(16)) {
        if bits >> 56 == 0 {
            bits = bits << 4 | u64::from(digit);
        } else {
            bits |= u64::from(digit != 0);
            exponent += 4;
        }
    }
    Some(scaled(bits, exponent))
}

/// `bits * 2^exponent`, rounded once.
fn scaled(bits: u64, exponent: i64) -> f64 {
    if bits == 0 {
        return 0.0;
    }
    let length = 64 - i64::from(bits.leading_zeros());
    // Below the smallest normal number fewer bits are kept.
    let kept = (exponent + length + 1074).clamp(0, 53);
    let drop = length - kept;
    if drop <= 0 {
        return whole(bits) * power(exponent);
    }
    let mask = if drop >= 64 { u64::MAX } else { (1 << drop) - 1 };
    let half = 1_u64.checked_shl(u32::try_from(drop - 1).unwrap_or(63)).unwrap_or(0);
    let (high, low) = (bits.checked_shr(u32::try_from(drop).unwrap_or(64)).unwrap_or(0), bits & mask);
    let up = low > half || (low == half && high & 1 == 1);
    whole(high + u64::from(up)) * power(exponent + drop)
}

/// A number of at most 53 bits, exactly.
#[expect(clippy::cast_precision_loss, reason = "it has at most 53 bits")]
fn whole(bits: u64) -> f64 {
    bits as f64
}

/// `2^exponent`, in two steps where one would leave the range too early.
fn power(exponent: i64) -> f64 {
    let exponent = i32::try_from(exponent.clamp(-3000, 3000)).unwrap_or(0);
    let half = exponent.clamp(-1000, 1000);
    2_f64.powi(half) * 2_f64.powi(exponent - half)
}

/// The text, if it could be a number.
fn ascii(units: &[u16]) -> Option<String> {
    units.iter().map(|unit| u8::try_from(*unit).ok().filter(u8::is_ascii).map(char::from)).collect()
}

#[cold]
fn no_number(units: &[u16], what: &str) -> Fault {
    let mut text = String::from_utf16_lossy(units.get(..units.len().min(40)).unwrap_or_default());
    if units.len() > 40 {
        text.push('…');
    }
    let message = format!("\"{text}\" is not {what}, which is needed here.");
    Fault::new(ErrorKind::NumberFormat, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<f64> {
        parse_double(&text.encode_utf16().collect::<Vec<_>>()).ok()
    }

    #[test]
    fn numbers_are_read_as_java_reads_them() {
        let cases = [
            ("1", 1.0),
            ("-1.5e3", -1500.0),
            ("+.5", 0.5),
            ("1.", 1.0),
            ("1f", 1.0),
            ("1e2D", 100.0),
            ("Infinity", f64::INFINITY),
            ("", 0.0),
            ("0x1p3", 8.0),
            ("-0x1.8p1f", -3.0),
            ("0x.8p0", 0.5),
            ("0x1p-1074", 5e-324),
            ("0x1p-1075", 0.0),
            ("0x1.8p-1075", 5e-324),
            ("0x1.fffffffffffffp1023", f64::MAX),
            ("0x1p99999999999", f64::INFINITY),
        ];
        for (text, value) in cases {
            assert_eq!(read(text), Some(value), "{text}");
        }
        assert!(read("NaN").unwrap().is_nan());
        for text in ["inf", "nan", "infinity", "1e", "e1", "1 2", "0x1", "0x.p1", "--1", "1fd", ".", "+", "١"]
        {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(parse_long(&"-12".encode_utf16().collect::<Vec<_>>()).unwrap(), -12);
        assert!(parse_long(&"1.0".encode_utf16().collect::<Vec<_>>()).is_err());
    }
}
