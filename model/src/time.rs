//! Points in time.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z. On the wire of Weir's own interface a number; the
/// dialects write RFC 3339.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// `2026-03-05T09:15:02.417Z`: always UTC, always three decimals.
    pub fn rfc3339(self) -> String {
        let time = jiff::Timestamp::from_millisecond(self.0).unwrap_or_default();
        let text = format!("{time:.3}");
        if text.ends_with('Z') { text } else { format!("{text}Z") }
    }

    /// `2026-03-05 09:15:02`, in UTC, for people.
    pub fn human(self) -> String {
        let text = self.rfc3339();
        text[..19].replace('T', " ")
    }

    /// Reads RFC 3339.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Self(t.as_millisecond()))
    }

    /// Milliseconds from `earlier` to `self`; 0 when the clock went back.
    pub fn since(self, earlier: Timestamp) -> i64 {
        (self.0 - earlier.0).max(0)
    }

    /// Whole seconds since the epoch.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// `350 ms`, `4.2 s`, `12 s`, `3 m 05 s`, `2 h 07 m`: a length of time as people read it.
pub fn human_duration(milliseconds: i64) -> String {
    let ms = milliseconds.max(0);
    let seconds = ms / 1000;
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..10_000 => format!("{}.{} s", seconds, ms % 1000 / 100),
        10_000..60_000 => format!("{seconds} s"),
        60_000..3_600_000 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} m", seconds / 3600, seconds % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_rfc3339() {
        let t = Timestamp(1_772_702_102_417);
        assert_eq!(t.rfc3339(), "2026-03-05T09:15:02.417Z");
        assert_eq!(Timestamp(1_772_702_102_000).rfc3339(), "2026-03-05T09:15:02.000Z");
        assert_eq!(Timestamp::parse(&t.rfc3339()), Some(t));
        assert_eq!(t.human(), "2026-03-05 09:15:02");
    }

    #[test]
    fn durations_read_well() {
        let cases = [(0, "0 ms"), (4_240, "4.2 s"), (59_999, "59 s"), (185_000, "3 m 05 s"), (7_620_000, "2 h 07 m")];
        for (ms, text) in cases {
            assert_eq!(human_duration(ms), text);
        }
    }
}
