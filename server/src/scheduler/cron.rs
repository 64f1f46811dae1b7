//! When schedules are due. `croner` reads the expressions and searches the calendar; what happens when clocks are set
//! forward and back is decided here, as Vixie's cron does it (`docs/schedules.md`):
//!
//! - An expression with `*` for the minute or the hour goes by the clock on the wall: what the clock leaves out does
//!   not come, and what it shows twice comes twice.
//! - Any other is for certain times of a day. Such a time comes once a day: at the first moment after it when the
//!   clock leaves it out, and only the first time when the clock shows it twice.

use croner::parser::{CronParser, Seconds, Year};
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp as Instant, Zoned};
use model::{CronFields, CronTime, CronTimes, Timestamp};

/// Bytes of an expression.
const LONGEST: usize = 255;

/// Expressions that have a name.
const NAMES: [(&str, &str); 8] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@noon", "0 12 * * *"),
    ("@hourly", "0 * * * *"),
];

/// Why a text is no cron expression; fits after "failed to …: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// It cannot be read.
    #[error("syntax is invalid")]
    Syntax(String),
    /// There is no such day, in no year.
    #[error("never comes: no month has such a day")]
    Never,
}

/// A cron expression of five fields.
#[derive(Clone, Debug)]
pub struct Cron {
    times: croner::Cron,
    fields: Vec<String>,
}

impl Cron {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, CronError> {
        let text = text.trim();
        if text.len() > LONGEST || text.chars().any(|c| c.is_control() && c != '\t') {
            return Err(CronError::Syntax(format!("it has up to {LONGEST} bytes on one line")));
        }
        let named = NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, meant)| *meant);
        let meant = named.unwrap_or(text);
        if meant.contains('@') {
            return Err(CronError::Syntax(format!("{text:?} is not among the names that are known")));
        }
        let mut fields: Vec<String> = meant.split_whitespace().map(str::to_owned).collect();
        if fields.len() != 5 {
            return Err(CronError::Syntax(format!(
                "it has five fields: minute, hour, day of the month, month, day of the week; not {}",
                fields.len()
            )));
        }
        // Hour 24 is midnight, as on GitLab.
        let hours: Vec<&str> = fields[1].split(',').map(|hour| if hour == "24" { "0" } else { hour }).collect();
        fields[1] = hours.join(",");
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let times = parser.parse(&fields.join(" ")).map_err(|error| CronError::Syntax(error.to_string()))?;
        let cron = Self { times, fields };
        // Something that is due on the 30th of February would be looked for again and again.
        let some = DateTime::constant(2000, 1, 1, 0, 0, 0, 0);
        cron.times.find_next_occurrence(&some, true).map_err(|_| CronError::Never)?;
        Ok(cron)
    }

    /// The first time after this one at which it is due on the clocks of a zone; `None` when that is too far away.
    pub fn next_after(&self, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
        let after = Instant::from_millisecond(after.0).ok()?;
        let next = if self.goes_by_the_wall() { self.next_on_wall(zone, after) } else { self.next_of_day(zone, after) };
        next.map(|next| Timestamp(next.as_millisecond()))
    }

    fn goes_by_the_wall(&self) -> bool {
        self.fields[..2].iter().any(|field| field.contains('*'))
    }

    fn next_on_wall(&self, zone: &TimeZone, after: Instant) -> Option<Instant> {
        let from: Zoned = after.to_zoned(zone.clone());
        Some(self.times.find_next_occurrence(&from, false).ok()?.timestamp())
    }

    fn next_of_day(&self, zone: &TimeZone, after: Instant) -> Option<Instant> {
        let mut from = zone.to_datetime(after);
        let mut is_first = true;
        // Where the clock shows an hour again, what it showed the first time is passed over.
        loop {
            let wall = self.times.find_next_occurrence(&from, is_first).ok()?;
            let at = moment(zone, wall)?;
            if at > after {
                return Some(at);
            }
            (from, is_first) = (wall, false);
        }
    }

    /// The values of its fields.
    pub fn fields(&self) -> CronFields {
        let pattern = &self.times.pattern;
        let special = |field: &String| field.chars().any(|c| matches!(c.to_ascii_uppercase(), 'L' | 'W' | '#' | '+'));
        // Names of months and days have letters, too.
        let (days, weekdays) = (&self.fields[2], &self.fields[4]);
        let has_special = special(days) || pattern.days_of_week.has_modifiers() || weekdays.starts_with('+');
        let unless_all = |all: bool, values: Vec<u16>| (!all).then_some(values);
        let months = pattern.months.values();
        CronFields {
            minutes: pattern.minutes.values(),
            hours: pattern.hours.values(),
            days: unless_all(pattern.is_dom_wildcard(), pattern.days.values()),
            months: unless_all(months.len() == 12, months),
            weekdays: unless_all(pattern.is_dow_wildcard(), pattern.days_of_week.values()),
            special: has_special.then(|| (days.clone(), weekdays.clone())),
        }
    }

    /// What it means on the clocks of a zone, with the next times after this one.
    pub fn times(&self, zone: &TimeZone, mut after: Timestamp, count: usize) -> CronTimes {
        let mut next = Vec::new();
        while next.len() < count
            && let Some(at) = self.next_after(zone, after)
            && let Ok(instant) = Instant::from_millisecond(at.0)
        {
            let local = instant.to_zoned(zone.clone());
            next.push(CronTime {
                at,
                local: local.strftime("%Y-%m-%d %H:%M").to_string(),
                offset: local.strftime("%Z").to_string(),
                weekday: u8::try_from(local.weekday().to_sunday_zero_offset()).unwrap_or_default(),
            });
            after = at;
        }
        CronTimes { fields: self.fields(), next }
    }
}

/// The moment at which a day's time comes: when the clock leaves it out, the first after it; when the clock shows it
/// twice, the first of both.
fn moment(zone: &TimeZone, wall: DateTime) -> Option<Instant> {
    match zone.to_ambiguous_timestamp(wall).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(wall).ok(),
        AmbiguousOffset::Fold { before, .. } => before.to_timestamp(wall).ok(),
        AmbiguousOffset::Gap { after, .. } => {
            let before_it = after.to_timestamp(wall).ok()?;
            let transition = zone.following(before_it).next()?;
            Some(transition.timestamp())
        }
    }
}

/// An expression whose zone stands behind its fields (`0 2 * * * Europe/Berlin`), without it, and the zone.
pub fn with_zone(text: &str) -> Option<(&str, TimeZone)> {
    let (fields, last) = text.trim().rsplit_once([' ', '\t'])?;
    let is_whole = fields.starts_with('@') || fields.split_whitespace().count() == 5;
    is_whole.then(|| zone(last)).flatten().map(|zone| (fields.trim_end(), zone))
}

/// The time zone of this IANA name, in whatever case.
pub fn zone(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    let is_name = name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || "/_+-".contains(c));
    if !is_name || name.is_empty() {
        return None;
    }
    if name.eq_ignore_ascii_case(model::cron::UTC) {
        return Some(TimeZone::UTC);
    }
    let found = jiff::tz::db().get(name).ok().filter(|zone| !zone.is_unknown())?;
    // Folders of zones have other files, too: `posixrules`, `localtime`.
    found.iana_name().is_some_and(is_name_of_zone).then_some(found)
}

/// Names of zones begin with a capital.
fn is_name_of_zone(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
}

/// The names of all time zones.
pub fn zones() -> Vec<String> {
    let mut names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    names.retain(|name| is_name_of_zone(name));
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
#[path = "cron_tests.rs"]
mod tests;
