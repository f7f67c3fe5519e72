//! How numbers are written: bytes, times, shares. One place, so that two commands never say the same
//! thing differently.

use std::time::Duration;

const KIB: i64 = 1 << 10;
const MIB: i64 = 1 << 20;

/// Bytes in whole K or M, the unit chosen by `like` so that the numbers of one row compare. A limit
/// that does not exist is negative and becomes `-`.
pub(crate) fn memory(bytes: i64, like: i64) -> String {
    if bytes < 0 {
        "-".to_owned()
    } else if like >= MIB {
        format!("{}M", bytes / MIB)
    } else {
        format!("{}K", bytes / KIB)
    }
}

/// Bytes with their number said for people, too: `268435456(256.0 MiB)`.
pub(crate) fn bytes(bytes: i64) -> String {
    if bytes < KIB { bytes.to_string() } else { format!("{bytes}({})", human(bytes)) }
}

/// Bytes for people: `256.0 MiB`.
pub(crate) fn human(bytes: i64) -> String {
    let mut value = bytes as f64;
    let mut unit = "B";
    for bigger in ["KiB", "MiB", "GiB", "TiB"] {
        if value.abs() < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = bigger;
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{value:.1} {unit}") }
}

/// A change, with its sign: `+12`, `-3`, `0`.
pub(crate) fn change(count: i64) -> String {
    if count > 0 { format!("+{count}") } else { count.to_string() }
}

/// A change of bytes for people: `+1.5 MiB`.
pub(crate) fn human_change(bytes: i64) -> String {
    if bytes > 0 { format!("+{}", human(bytes)) } else { human(bytes) }
}

/// `part` of `whole` as `12.34%`.
pub(crate) fn share(part: i64, whole: i64) -> String {
    if whole <= 0 { "-".to_owned() } else { format!("{:.2}%", part as f64 * 100.0 / whole as f64) }
}

/// Minutes, seconds, milliseconds: `1:2.345`.
pub(crate) fn minutes(millis: i64) -> String {
    format!("{}:{}.{:03}", millis / 60_000, millis / 1_000 % 60, millis % 1_000)
}

/// Seconds and milliseconds: `0.200`.
pub(crate) fn seconds(millis: i64) -> String {
    format!("{}.{:03}", millis / 1_000, millis % 1_000)
}

/// Whole milliseconds.
pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Nanoseconds as milliseconds for a table: two decimals, and more where these would say nothing.
pub(crate) fn millis_of_nanos(nanos: f64) -> String {
    let millis = nanos / 1e6;
    match millis {
        _ if millis == 0.0 || millis >= 0.1 => format!("{millis:.2}"),
        0.001.. => format!("{millis:.4}"),
        _ => format!("{millis:.6}"),
    }
}

/// Two decimals.
pub(crate) fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_memory_has_one_unit() {
        assert_eq!(memory(64 * KIB, 64 * KIB), "64K");
        assert_eq!(memory(300 * MIB, 64 * KIB), "307200K");
        assert_eq!(memory(300 * MIB + 1, 2 * MIB), "300M");
        assert_eq!(memory(-1, MIB), "-");
        assert_eq!(memory(i64::MIN, MIB), "-");
    }

    #[test]
    fn bytes_are_said_twice() {
        assert_eq!(bytes(268_435_456), "268435456(256.0 MiB)");
        assert_eq!(bytes(12), "12");
        assert_eq!(human(1_536), "1.5 KiB");
        assert_eq!(human_change(-1_536), "-1.5 KiB");
        assert_eq!(human_change(1_536), "+1.5 KiB");
    }

    #[test]
    fn times_have_three_decimals() {
        assert_eq!(minutes(62_345), "1:2.345");
        assert_eq!(seconds(200), "0.200");
    }

    #[test]
    fn short_times_keep_digits_that_say_something() {
        assert_eq!(millis_of_nanos(0.0), "0.00");
        assert_eq!(millis_of_nanos(12_345_678.0), "12.35");
        assert_eq!(millis_of_nanos(100_000.0), "0.10");
        assert_eq!(millis_of_nanos(12_345.0), "0.0123");
        assert_eq!(millis_of_nanos(45.0), "0.000045");
    }

    #[test]
    fn a_share_of_nothing_is_unknown() {
        assert_eq!(share(1, 0), "-");
        assert_eq!(share(1, 3), "33.33%");
    }
}
