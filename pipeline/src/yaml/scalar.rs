//! Scalars: what an unquoted word means, and what it would mean to an older reader.

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
    let all = |wanted: fn(u8) -> bool| !digits.is_empty() && digits.bytes().all(wanted);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    for (prefix, radix) in [("0x", 16), ("0b", 2)] {
        if let Some(number) = digits.strip_prefix(prefix) {
            return i64::from_str_radix(number, radix).ok().map(|value| format!("the number {value}"));
        }
    }
    let written_apart = text.contains(['_', ',']) && all(|b| b.is_ascii_digit() || matches!(b, b'_' | b','));
    if written_apart || (text.starts_with('+') && scalar.value != Value::Text) {
        return Some(format!("the number {}", text.replace(['_', ',', '+'], "")));
    }
    if scalar.value == Value::Float && (text.contains(['e', 'E']) || (text.contains('.') && text.ends_with('0'))) {
        let number = text.parse().map(in_ruby).ok()?;
        return (number != text).then(|| format!("the number {number}"));
    }
    None
}

/// What GitLab's reader takes for a value of another kind, or for another number, whatever it is used for.
pub(super) fn legacy_meaning(scalar: &Scalar) -> Option<String> {
    // Most values are words and lines.
    let may_differ = scalar.plain && scalar.text.len() <= 40;
    // Few octal digits are the same number.
    let is_same = || matches!(scalar.value, Value::Int(-7..=7));
    if may_differ && !is_same() { legacy_kind(&scalar.text) } else { None }
}

fn legacy_kind(text: &str) -> Option<String> {
    match text {
        "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Some("the boolean true".into()),
        "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Some("the boolean false".into()),
        _ => {}
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
    if text.contains(':') && all(|b| b.is_ascii_digit() || matches!(b, b':' | b'.')) {
        return is_sexagesimal(digits).then(|| "a number to the base 60".into());
    }
    is_date(digits).then(|| "a date, which it refuses".into())
}

/// Warns of a value that GitLab's reader would take for something else.
pub(crate) fn legacy_warning(text: &str, other: &str, mark: Mark) -> Problem {
    let message = format!("GitLab reads `{text}` without quotes as {other}; here it stays as it is");
    Problem::warning(mark, message).hint(format!("put it in quotes: \"{text}\"")).minor()
}

/// A number as Ruby writes it: a whole one keeps its point.
fn in_ruby(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e16 { format!("{number:.1}") } else { number.to_string() }
}

/// A word of Ruby's.
fn is_symbol(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_sexagesimal(digits: &str) -> bool {
    let mut parts = digits.split(':');
    let first = parts.next().is_some_and(|part| !part.is_empty());
    let rest: Vec<_> = parts.collect();
    first && (1..=2).contains(&rest.len()) && rest.iter().all(|part| part.parse::<u8>().is_ok_and(|value| value < 60))
}

fn is_date(digits: &str) -> bool {
    let parts: Vec<_> = digits.splitn(3, '-').collect();
    let [year, month, day] = parts[..] else { return false };
    let number = |part: &str, length: usize| part.len() <= length && part.parse::<u16>().is_ok();
    year.len() == 4 && number(year, 4) && number(month, 2) && number(day.get(..2).unwrap_or(day), 2)
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
        assert_eq!(reading("1e3").as_deref(), Some("the number 1000.0"));
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
        ] {
            assert_eq!(reading(text), None, "{text}");
        }
        assert_eq!(legacy_reading(&Scalar::quoted("on")), None);
    }
}
