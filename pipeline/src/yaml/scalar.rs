//! Scalars: what an unquoted word means, and what it would mean to an older reader.

use std::ops::RangeInclusive;
use std::rc::Rc;

use crate::source::{Mark, Problem};

/// One value: its text, and what it is when it is not quoted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Scalar {
    /// The text, escapes resolved, otherwise as written.
    pub text: Rc<str>,
    /// Whether it stands without quotes and without a block indicator.
    pub plain: bool,
    /// What it means by the core schema of YAML 1.2.
    pub value: Value,
}

/// The types of the core schema; `null` is a kind of node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    /// A string.
    Text,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number, also whole ones beyond 64 bits.
    Float,
}

impl Scalar {
    pub fn quoted(text: &str) -> Self {
        Self { text: text.into(), plain: false, value: Value::Text }
    }

    /// Reads an unquoted scalar; `None` is null.
    pub fn plain(text: &str) -> Option<Self> {
        let value = match text {
            "" | "~" | "null" | "Null" | "NULL" => return None,
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            _ => number(text),
        };
        Some(Self { text: text.into(), plain: true, value })
    }

    /// The value as a string: what a variable becomes.
    pub fn to_text(&self) -> String {
        match self.value {
            Value::Bool(value) => value.to_string(),
            _ => String::from(&*self.text),
        }
    }

    /// What it is where only `true` or `false` can be meant: the words that GitLab's reader takes for them, too.
    pub fn as_boolean(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            Value::Text if self.plain => legacy_boolean(&self.text),
            _ => None,
        }
    }

    pub fn describe(&self) -> String {
        match self.value {
            Value::Text => "a string".into(),
            Value::Bool(value) => format!("the boolean {value}"),
            Value::Int(_) | Value::Float => format!("the number {}", self.text),
        }
    }
}

fn number(text: &str) -> Value {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let starts_like_a_number = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !starts_like_a_number {
        return Value::Text;
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return i64::from_str_radix(octal, 8).map_or(Value::Text, Value::Int);
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return i64::from_str_radix(hex, 16).map_or(Value::Text, Value::Int);
    }
    if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().map_or(Value::Float, Value::Int);
    }
    if matches!(digits, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN") {
        return Value::Float;
    }
    let float = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
        && digits.bytes().any(|b| b.is_ascii_digit())
        && text.parse::<f64>().is_ok();
    if float { Value::Float } else { Value::Text }
}

/// What GitLab's reader (YAML 1.1) would make of an unquoted scalar that is kept as written here;
/// `None` when both agree.
pub(crate) fn legacy_reading(scalar: &Scalar) -> Option<String> {
    if !scalar.plain {
        return None;
    }
    let text = &*scalar.text;
    if let Some(other) = legacy_kind(text) {
        return Some(other);
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    for (prefix, radix) in [("0x", 16), ("0b", 2)] {
        if let Some(number) = digits.strip_prefix(prefix) {
            return i64::from_str_radix(number, radix).ok().map(|value| format!("the number {value}"));
        }
    }
    let number = legacy_whole(text).or_else(|| legacy_float(text).map(in_ruby))?;
    (number != text).then(|| format!("the number {number}"))
}

/// A whole number, which may be written apart.
fn legacy_whole(text: &str) -> Option<String> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let begins = digits == "0" || digits.starts_with(|c: char| c.is_ascii_digit() && c != '0');
    let mut parts = digits.split(['_', ',']);
    let is_whole = begins && parts.all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    is_whole.then(|| text.replace(['_', ',', '+'], ""))
}

/// Any other number. It has a point, and its exponent a sign: `1e3` is text there.
fn legacy_float(text: &str) -> Option<f64> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    match &*digits.to_ascii_lowercase() {
        ".inf" => return Some(sign * f64::INFINITY),
        ".nan" if digits == text => return Some(f64::NAN),
        _ => {}
    }
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let (whole, rest) = digits.split_once('.')?;
    let (part, exponent) = rest.split_once(['e', 'E']).map_or((rest, None), |(part, power)| (part, Some(power)));
    let whole: String = match whole.as_bytes().first() {
        Some(first) if !first.is_ascii_digit() => return None,
        _ => whole.replace(['_', ','], ""),
    };
    let power = exponent.map(|power| power.strip_prefix(['-', '+']).filter(|power| !power.is_empty()));
    let power = match power {
        None => "",
        Some(power) => power?,
    };
    if rest.is_empty() && whole.is_empty() || ![&*whole, part, power].into_iter().all(is_number) {
        return None;
    }
    format!("0{whole}.{part}0e{}", exponent.unwrap_or("0")).parse().map(|number: f64| sign * number).ok()
}

/// What GitLab's reader takes for a value of another kind, or for another number, whatever it is used for.
pub(super) fn legacy_meaning(scalar: &Scalar) -> Option<String> {
    // Most values are words and lines.
    let may_differ = scalar.plain && scalar.text.len() <= 40;
    // Few octal digits are the same number.
    let is_same = || matches!(scalar.value, Value::Int(-7..=7));
    if may_differ && !is_same() { legacy_kind(&scalar.text) } else { None }
}

fn legacy_boolean(text: &str) -> Option<bool> {
    match text {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" => Some(true),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" => Some(false),
        _ => None,
    }
}

fn legacy_kind(text: &str) -> Option<String> {
    if let Some(value) = legacy_boolean(text) {
        return Some(format!("the boolean {value}"));
    }
    if let Some(word) = text.strip_prefix(':').filter(|word| is_symbol(word)) {
        return Some(format!("the word {word}"));
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let all = |wanted: fn(u8) -> bool| !digits.is_empty() && digits.bytes().all(wanted);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if digits.len() > 1 && digits.starts_with('0') && all(|b| matches!(b, b'0'..=b'7' | b'_')) {
        let value = i64::from_str_radix(&digits.replace('_', ""), 8).ok()?;
        return Some(format!("the octal number {value}"));
    }
    if is_sexagesimal(digits) {
        return Some("a number to the base 60".into());
    }
    is_date(text).then(|| "a date, which it refuses".into())
}

/// Warns of a value that GitLab's reader would take for something else.
pub(crate) fn legacy_warning(text: &str, other: &str, mark: Mark) -> Problem {
    let message = format!("GitLab reads `{text}` without quotes as {other}; here it stays as it is");
    Problem::warning(mark, message).hint(format!("put it in quotes: \"{text}\"")).minor()
}

/// A number as Ruby writes it: a whole one keeps its point, a very large or small one has an exponent.
fn in_ruby(number: f64) -> String {
    let whole = |number: String| if number.contains('.') { number } else { format!("{number}.0") };
    if number.is_infinite() {
        return if number < 0.0 { "-Infinity".to_owned() } else { "Infinity".to_owned() };
    }
    if number.is_nan() || number == 0.0 || (1e-4..1e16).contains(&number.abs()) {
        return if number.is_nan() { "NaN".to_owned() } else { whole(number.to_string()) };
    }
    let written = format!("{number:e}");
    let (part, power) = written.split_once('e').unwrap_or((&written, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    format!("{}e{sign}{power:0>2}", whole(part.to_owned()))
}

/// A word of Ruby's.
fn is_symbol(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_sexagesimal(digits: &str) -> bool {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'_');
    let below_60 = |text: &str| (1..=2).contains(&text.len()) && text.parse::<u8>().is_ok_and(|value| value < 60);
    let mut parts = whole.split(':');
    let begins = parts.next().is_some_and(|first| !first.is_empty() && is_number(first));
    let rest: Vec<_> = parts.collect();
    begins && is_number(part) && (1..=2).contains(&rest.len()) && rest.into_iter().all(below_60)
}

/// A day of the calendar, alone or with a time.
fn is_date(text: &str) -> bool {
    let number = |text: &str, lengths: RangeInclusive<usize>| {
        let is_number = lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| text.parse::<u32>().ok()).flatten()
    };
    let (day, time) = text.split_once(['T', 't', ' ']).map_or((text, None), |(day, time)| (day, Some(time)));
    let parts: Vec<_> = day.split('-').collect();
    let [year, month, day] = parts[..] else { return false };
    let is_day = || {
        let (year, month, day) = (number(year, 4..=4)?, number(month, 1..=2)?, number(day, 1..=2)?);
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let last = match month {
            2 => 28 + u32::from(is_leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        Some((1..=12).contains(&month) && (1..=last).contains(&day))
    };
    let is_time = |time: &str| {
        let mut parts = time.trim_start().splitn(3, ':');
        let mut next = |lengths| parts.next().is_some_and(|part| number(part, lengths).is_some());
        next(1..=2)
            && next(2..=2)
            && parts.next().is_some_and(|rest| rest.get(..2).is_some_and(|s| number(s, 2..=2).is_some()))
    };
    is_day() == Some(true) && time.is_none_or(is_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<Value> {
        Scalar::plain(text).map(|scalar| scalar.value)
    }

    #[test]
    fn reads_the_core_schema() {
        for text in ["", "~", "null"] {
            assert_eq!(value(text), None);
        }
        assert_eq!(value("True"), Some(Value::Bool(true)));
        assert_eq!(value("-12"), Some(Value::Int(-12)));
        assert_eq!(value("012"), Some(Value::Int(12)));
        assert_eq!(value("0x1f"), Some(Value::Int(31)));
        assert_eq!(value("1.5e3"), Some(Value::Float));
        assert_eq!(value(".inf"), Some(Value::Float));
        for text in ["yes", "1.2.3", "v1", "e", ".", "-", "1e", "inf", "nan", "infinity", "2024-01-01", "1:30"] {
            assert_eq!(value(text), Some(Value::Text), "{text}");
        }
    }

    #[test]
    fn knows_what_the_older_reader_would_do() {
        let reading = |text: &str| Scalar::plain(text).and_then(|scalar| legacy_reading(&scalar));
        assert_eq!(reading("on").as_deref(), Some("the boolean true"));
        assert_eq!(reading("012345").as_deref(), Some("the octal number 5349"));
        assert_eq!(reading("1:30").as_deref(), Some("a number to the base 60"));
        assert_eq!(reading("2024-01-31").as_deref(), Some("a date, which it refuses"));
        assert_eq!(reading("1.10").as_deref(), Some("the number 1.1"));
        assert_eq!(reading("1.00").as_deref(), Some("the number 1.0"));
        for (text, number) in [
            (".5", "0.5"),
            ("-.5", "-0.5"),
            ("5.", "5.0"),
            ("00.5", "0.5"),
            ("+1.5", "1.5"),
            ("685_230.15", "685230.15"),
            ("1,000.5", "1000.5"),
            ("1.5e+3", "1500.0"),
            ("1.e+3", "1000.0"),
            ("0.00001", "1.0e-05"),
            ("12345678901234567.0", "1.2345678901234568e+16"),
            (".inf", "Infinity"),
            ("-.INF", "-Infinity"),
            (".NaN", "NaN"),
        ] {
            assert_eq!(reading(text), Some(format!("the number {number}")), "{text}");
        }
        assert_eq!(reading("190:20:30.15").as_deref(), Some("a number to the base 60"));
        assert_eq!(reading("2024-01-31T10:00:00Z").as_deref(), Some("a date, which it refuses"));
        assert_eq!(reading("2024-02-29 1:00:00").as_deref(), Some("a date, which it refuses"));
        assert_eq!(reading("1_000").as_deref(), Some("the number 1000"));
        assert_eq!(reading("1,000").as_deref(), Some("the number 1000"));
        assert_eq!(reading("+12").as_deref(), Some("the number 12"));
        assert_eq!(reading("0b11").as_deref(), Some("the number 3"));
        assert_eq!(reading(":latest").as_deref(), Some("the word latest"));
        for text in [
            "true",
            "1",
            "0",
            "089",
            "1.5",
            "1.0",
            "v1",
            "a:b",
            "1.2.3",
            "10.0.0.1:80",
            "host:80",
            ":",
            ":80",
            ":a-b",
            "-12",
            "1e3",
            "12345e6",
            "1e-3",
            "1e+3",
            "1.5e3",
            "12.e1",
            "1__0",
            "1_",
            ".",
            "-.",
            ".e",
            "1:60",
            "1:2:3:4",
            "2024-13-45",
            "2024-02-30",
            "2023-02-29",
            "2024-01-02-rc1",
            "2024-01-02T",
            "+2024-01-02",
        ] {
            assert_eq!(reading(text), None, "{text}");
        }
        assert_eq!(legacy_reading(&Scalar::quoted("on")), None);
    }
}
