//! Lengths of time as options have them: `10800` and `45s` are seconds, `90m`, `3h`, `1d`.

use std::time::Duration;

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Reads a length; the error is the end of a sentence that begins with the option's name.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let unit = |(unit, seconds)| Some((text.strip_suffix(unit)?, seconds));
    let (number, seconds) = UNITS.into_iter().find_map(unit).unwrap_or((text, 1));
    let length = number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds));
    length.map(Duration::from_secs).ok_or_else(|| {
        format!("is '{text}', which is no time: a number of seconds, or one with s, m, h or d")
    })
}

/// The shortest way to write it.
pub(super) fn shown(length: Duration) -> String {
    let length = length.as_secs();
    let fits = UNITS.into_iter().find(|(_, seconds)| length > 0 && length.is_multiple_of(*seconds));
    fits.map_or_else(|| "0s".to_owned(), |(unit, seconds)| format!("{}{unit}", length / seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_read_and_written_in_its_largest_unit() {
        for (text, written) in [("10800", "3h"), ("90m", "90m"), ("0", "0s"), ("1d", "1d"), ("61s", "61s")] {
            let length = parse(text).unwrap();
            assert_eq!(shown(length), written);
            assert_eq!(parse(written), Ok(length));
        }
        for text in ["", "h", "-1", "1.5h", "3 h", "99999999999999999999", "18446744073709551615d"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
