//! Where a server is, as far as wall clocks go.

use std::fmt;
use std::str::FromStr;

use jiff::tz::{Offset, TimeZone};

use crate::Timestamp;

/// The distance of a wall clock from UTC. Fixed on purpose: numbers that count the runs of a day are never given twice
/// because an hour came twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone {
    seconds: i32,
}

/// Why a text is no zone; fits after "failed to read the zone: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a zone is UTC, Asia/Shanghai, or a distance from UTC such as +08:00")]
pub struct ZoneError;

impl Zone {
    /// UTC+8, where CodeArts is at home.
    pub const CHINA: Self = Self { seconds: 8 * 3600 };
    /// UTC itself.
    pub const UTC: Self = Self { seconds: 0 };

    fn zoned(self, at: Timestamp) -> jiff::Zoned {
        let offset = Offset::from_seconds(self.seconds).unwrap_or(Offset::UTC);
        jiff::Timestamp::from_millisecond(at.0).unwrap_or_default().to_zoned(TimeZone::fixed(offset))
    }

    /// `2026-03-05 17:15:02`: what the clock on the wall shows.
    pub fn wall_clock(self, at: Timestamp) -> String {
        self.zoned(at).strftime("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The day as a number: 20260305.
    pub fn day(self, at: Timestamp) -> i32 {
        let date = self.zoned(at).date();
        i32::from(date.year()) * 10_000 + i32::from(date.month()) * 100 + i32::from(date.day())
    }

    /// Reads `2026-03-05 17:15:02`, or a day alone: its beginning. A text that says where it is (`…+00:00`, `…Z`) is
    /// taken at its word.
    pub fn parse(self, text: &str) -> Option<Timestamp> {
        let text = text.trim();
        if let Ok(at) = text.parse::<jiff::Timestamp>() {
            return Some(Timestamp(at.as_millisecond()));
        }
        let date = text.parse::<jiff::civil::DateTime>().ok()?;
        let offset = Offset::from_seconds(self.seconds).ok()?;
        Some(Timestamp(offset.to_timestamp(date).ok()?.as_millisecond()))
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, ZoneError> {
        match text {
            "UTC" | "utc" | "Z" => return Ok(Self::UTC),
            // No summer time since 1991.
            "Asia/Shanghai" => return Ok(Self::CHINA),
            _ => {}
        }
        let (sign, rest) = text.split_at_checked(1).ok_or(ZoneError)?;
        let sign = match sign {
            "+" => 1,
            "-" => -1,
            _ => return Err(ZoneError),
        };
        let (hours, minutes) = rest.split_once(':').ok_or(ZoneError)?;
        let number = |text: &str, most: i32| {
            let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<i32>().ok().filter(|number| is_number && *number <= most).ok_or(ZoneError)
        };
        Ok(Self { seconds: sign * (number(hours, 14)? * 3600 + number(minutes, 59)? * 60) })
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, seconds) = if self.seconds < 0 { ('-', -self.seconds) } else { ('+', self.seconds) };
        write!(f, "{sign}{:02}:{:02}", seconds / 3600, seconds % 3600 / 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_shows_the_time_of_its_place() {
        // The pair of the vendor's own example.
        let at = Timestamp(1_674_962_399_000);
        assert_eq!(Zone::CHINA.wall_clock(at), "2023-01-29 11:19:59");
        assert_eq!(Zone::UTC.wall_clock(at), "2023-01-29 03:19:59");
        assert_eq!(Zone::CHINA.parse("2023-01-29 11:19:59"), Some(at));
        assert_eq!(Zone::CHINA.parse("2023-01-29"), Some(Timestamp(at.0 - 40_799_000)));
        assert_eq!(Zone::CHINA.parse("yesterday"), None);
    }

    #[test]
    fn bug_the_offset_of_a_time_was_ignored() {
        let at = Some(Timestamp(1_674_962_399_000));
        for text in [
            "2023-01-29T03:19:59Z",
            "2023-01-29 03:19:59+00:00",
            "2023-01-29T05:49:59+02:30",
            "2023-01-28T23:19:59.000-04:00",
        ] {
            assert_eq!(Zone::CHINA.parse(text), at, "{text}");
        }
    }

    #[test]
    fn a_day_begins_where_one_is() {
        let evening = Timestamp::parse("2026-03-05T16:00:00Z").unwrap_or_default();
        assert_eq!((Zone::UTC.day(evening), Zone::CHINA.day(evening)), (20_260_305, 20_260_306));
        assert_eq!(Zone::CHINA.day(Timestamp(evening.0 - 1)), 20_260_305);
    }

    #[test]
    fn zones_are_read_and_written() {
        for (text, shown) in
            [("UTC", "+00:00"), ("Asia/Shanghai", "+08:00"), ("-03:30", "-03:30"), ("+14:00", "+14:00")]
        {
            assert_eq!(text.parse::<Zone>().map(|zone| zone.to_string()), Ok(shown.to_owned()));
        }
        for wrong in ["", "+", "8", "+8", "+08", "+0800", "+15:00", "+08:60", "+-8:00", "Europe/Atlantis", "ü"] {
            assert_eq!(wrong.parse::<Zone>(), Err(ZoneError), "{wrong}");
        }
    }
}
