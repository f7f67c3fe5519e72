//! Wall-clock times in the JVM's own time zone.

use std::time::{SystemTime, UNIX_EPOCH};

use jvm::{Env, Local, Value};

use crate::Host;
use crate::error::Result;

/// A local date and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// Milliseconds since 1970-01-01 00:00 of the local zone.
    local_millis: i64,
}

/// Milliseconds since the epoch, now.
pub fn epoch_millis() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

impl Host {
    /// A moment (milliseconds since the epoch) on the JVM's clock; in UTC if the JVM does not tell
    /// its zone.
    pub fn local_time(&self, millis: i64) -> LocalTime {
        let offset = self.vm.with_env(|env| zone_offset(env, millis)).unwrap_or(0);
        LocalTime { local_millis: millis.saturating_add(i64::from(offset)) }
    }
}

/// `TimeZone.getDefault().getOffset(millis)`: milliseconds east of Greenwich.
fn zone_offset(env: &Env<'_>, millis: i64) -> Result<i32> {
    let class = env.find_class("java/util/TimeZone")?;
    let zone: Local<'_> = env.call_static(&class, "getDefault", "()Ljava/util/TimeZone;", &[])?;
    Ok(env.call(&zone, "getOffset", "(J)I", &[Value::from(millis)])?)
}

impl LocalTime {
    /// `2026-11-22 19:05:01.123`
    pub fn to_the_millisecond(self) -> String {
        format!("{} {}", self.date(), self.time())
    }

    /// `2026-11-22 19:05:01`
    pub fn to_the_second(self) -> String {
        let (hours, minutes, seconds, _) = self.clock();
        format!("{} {hours:02}:{minutes:02}:{seconds:02}", self.date())
    }

    /// `19:05:01.123`
    pub fn time(self) -> String {
        let (hours, minutes, seconds, millis) = self.clock();
        format!("{hours:02}:{minutes:02}:{seconds:02}.{millis:03}")
    }

    /// `2026-11-22-19-05`, for names of files.
    pub fn for_file_name(self) -> String {
        let (hours, minutes, ..) = self.clock();
        format!("{}-{hours:02}-{minutes:02}", self.date())
    }

    fn clock(self) -> (i64, i64, i64, i64) {
        let millis = self.local_millis.rem_euclid(86_400_000);
        (millis / 3_600_000, millis / 60_000 % 60, millis / 1_000 % 60, millis % 1_000)
    }

    /// The Gregorian date: years are counted from March, so that the leap day is a year's last.
    fn date(self) -> String {
        let days = self.local_millis.div_euclid(86_400_000) + 719_468;
        let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = era * 400 + year_of_era + i64::from(month <= 2);
        format!("{year:04}-{month:02}-{day_of_month:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::LocalTime;

    #[test]
    fn dates_are_right_around_leap_days_and_centuries() {
        for (local_millis, text) in [
            (0, "1970-01-01 00:00:00.000"),
            (951_782_399_999, "2000-02-28 23:59:59.999"),
            (951_782_400_000, "2000-02-29 00:00:00.000"),
            (951_868_800_000, "2000-03-01 00:00:00.000"),
            (1_795_374_301_123, "2026-11-22 19:05:01.123"),
            (4_107_542_400_000, "2100-03-01 00:00:00.000"),
            (-1, "1969-12-31 23:59:59.999"),
        ] {
            assert_eq!(LocalTime { local_millis }.to_the_millisecond(), text);
        }
        assert_eq!(LocalTime { local_millis: 1_795_374_301_123 }.for_file_name(), "2026-11-22-19-05");
    }
}
