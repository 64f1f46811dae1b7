//! Lengths of time as people write them: `1h 30m`, `3 weeks and 2 days`, `90`.

use model::plan::Expiry;

/// Days in a month and in a year, as the language counts them.
const MONTH: f64 = 30.0 * DAY;
const YEAR: f64 = 365.25 * DAY;
const DAY: f64 = 86_400.0;

/// When what is kept for `text` goes: a length of time as `expire_in` takes it, or `never`. `None` when it is neither.
pub fn expiry(text: &str) -> Option<Expiry> {
    if text.trim().eq_ignore_ascii_case("never") {
        return Some(Expiry::Never);
    }
    seconds(text).map(Expiry::After)
}

/// Seconds in `text`, by contracts/ci-yaml.md part 6: numbers with units, commas and `and` between
/// them ignored, a number alone being seconds. `None` when it is no length of time.
pub(crate) fn seconds(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut total = 0.0;
    let mut parts = 0;
    while !rest.is_empty() {
        rest = skip_separators(rest);
        if rest.is_empty() {
            break;
        }
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let unit = rest[..letters].to_ascii_lowercase();
        if unit.is_empty() || unit == "and" {
            // A number alone is seconds, but only when nothing else stands there.
            if parts > 0 || !rest.is_empty() {
                return None;
            }
            total += number;
        } else {
            total += number * unit_seconds(&unit)?;
        }
        rest = rest[letters..].trim_start();
        parts += 1;
    }
    (parts > 0 && total.is_finite() && total < 1e15).then_some(total as u64)
}

fn skip_separators(mut text: &str) -> &str {
    loop {
        let trimmed = text.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        let next = match trimmed.strip_prefix("and") {
            Some(after) if after.starts_with(|c: char| c.is_whitespace() || c.is_ascii_digit()) => after,
            _ => trimmed,
        };
        if next.len() == text.len() {
            return text;
        }
        text = next;
    }
}

fn unit_seconds(unit: &str) -> Option<f64> {
    Some(match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => DAY,
        "w" | "wk" | "wks" | "week" | "weeks" => 7.0 * DAY,
        "mo" | "mos" | "month" | "months" => MONTH,
        "y" | "yr" | "yrs" | "year" | "years" => YEAR,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_contract_lists() {
        let cases = [
            ("90", 90),
            ("42 seconds", 42),
            ("3 mins 4 sec", 184),
            ("2 hrs 20 min", 8_400),
            ("2h20min", 8_400),
            ("6 mos 1 day", 181 * 86_400),
            ("47 yrs 6 mos and 4d", (47.0 * YEAR + 6.0 * MONTH + 4.0 * DAY) as u64),
            ("3 weeks and 2 days", 23 * 86_400),
            ("1 hour 30 minutes", 5_400),
            ("3h 30m", 12_600),
            ("1.5 h", 5_400),
            ("1 h, 5 min", 3_900),
            ("  1 Day ", 86_400),
        ];
        for (text, wanted) in cases {
            assert_eq!(seconds(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn refuses_the_rest() {
        for text in
            ["", " ", "never", "h", "1 lightyear", "1h 30", "-5m", "1..2h", "and", "5 and", "1:30", "1e3", "∞", "1 h ☃"]
        {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
