//! Lengths of time as people write them: `1h 30m`, `3 weeks and 2 days`, `one week`, `01:30:00`, `90`.
//!
//! The grammar is that of the library with which GitLab reads them: a text is numbers (of digits or of words), units and
//! words between them, and every number counts by the unit that follows it.

use model::plan::Expiry;

/// Days in a month and in a year, as the language counts them.
const MONTH: f64 = 30.0 * DAY;
const YEAR: f64 = 365.25 * DAY;
const DAY: f64 = 86_400.0;

/// What the numbers of `1:30:00` count, from the last one.
const BETWEEN_COLONS: [f64; 6] = [1.0, 60.0, 3_600.0, DAY, MONTH, YEAR];

const NUMBERS: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [(&str, u64); 8] = [
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
];
const POWERS: [(&str, u64); 3] = [("hundred", 100), ("thousand", 1_000), ("million", 1_000_000)];
const FRACTIONS: [(&str, f64); 3] = [("half", 2.0), ("third", 3.0), ("quarter", 4.0)];

/// What a text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Length {
    pub seconds: u64,
    /// Whether a number beside others has no unit: `1h30` is one hour and 30 seconds.
    pub has_bare_number: bool,
}

/// When what is kept for `text` goes: a length of time as `expire_in` takes it, or `never`. `None` when it is neither.
pub fn expiry(text: &str) -> Option<Expiry> {
    if is_never(text) {
        return Some(Expiry::Never);
    }
    length(text).ok().map(|length| Expiry::After(length.seconds))
}

pub(crate) fn is_never(text: &str) -> bool {
    text.trim().eq_ignore_ascii_case("never")
}

/// The length that a text says (contracts/ci-yaml.md, part 6), or the part of it that means nothing.
pub(crate) fn length(text: &str) -> Result<Length, String> {
    let mut tokens = sums(tokens(&without_hyphens(&text.to_lowercase()))?);
    for (_, power) in POWERS {
        tokens = sums(powers(tokens, power));
    }
    count(&between_colons(fractions(tokens))?)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token {
    Number(f64),
    /// A number that is written out: such numbers add up.
    Worded(u64),
    /// `hundred`, until what stands before it is multiplied.
    Power(u64),
    Unit(f64),
    And,
    Slash,
    Colon,
}

impl Token {
    fn number(self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Worded(number) => Some(number as f64),
            _ => None,
        }
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut words = pieces(text).into_iter().peekable();
    while let Some(word) = words.next() {
        let parts = words.peek().and_then(|next| FRACTIONS.iter().find(|(name, _)| name == next));
        match (word, parts) {
            ("a", Some((_, parts))) => {
                words.next();
                tokens.extend([Token::Number(1.0), Token::Slash, Token::Number(*parts)]);
            }
            // After a number it could be part of it.
            (",", _) if matches!(tokens.last(), Some(Token::Unit(_))) => {}
            _ => tokens.push(token(word).ok_or(word)?),
        }
    }
    Ok(tokens)
}

/// The numbers, the signs between them, and the words.
fn pieces(text: &str) -> Vec<&str> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let number = |text: &str| {
        let whole = digits(text);
        match text[whole..].strip_prefix('.').map_or(0, digits) {
            0 => whole,
            part => whole + 1 + part,
        }
    };
    let is_sign = |c: char| c == ':' || c == '/';
    let mut pieces = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let ends = |(at, c): (usize, char)| c.is_whitespace() || is_sign(c) || number(&rest[at..]) > 0;
        let length = match number(rest) {
            0 if is_sign(first) => 1,
            0 => rest.char_indices().find(|one| ends(*one)).map_or(rest.len(), |(at, _)| at),
            length => length,
        };
        let (piece, after) = rest.split_at(length);
        pieces.push(piece);
        rest = after.trim_start();
    }
    pieces
}

/// `twenty-four` is two words; `-5` is none.
fn without_hyphens(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let is_word = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(|c| !c.is_ascii_digit());
    let one = |(at, c): (usize, &char)| {
        let joins = *c == '-' && is_word(at.checked_sub(1)) && is_word(Some(at + 1));
        if joins { ' ' } else { *c }
    };
    chars.iter().enumerate().map(one).collect()
}

fn token(word: &str) -> Option<Token> {
    let power = || POWERS.iter().find(|(name, _)| *name == word).map(|(_, power)| Token::Power(*power));
    let unit = word.strip_prefix(',').unwrap_or(word);
    let unit = unit.strip_suffix(',').unwrap_or(unit);
    match word {
        ":" => Some(Token::Colon),
        "/" => Some(Token::Slash),
        "and" | "with" | "plus" => Some(Token::And),
        _ if word.ends_with(|c: char| c.is_ascii_digit()) => word.parse().ok().map(Token::Number),
        _ => worded(word).map(Token::Worded).or_else(power).or_else(|| seconds_of(unit).map(Token::Unit)),
    }
}

/// A number up to 99 that is written out.
fn worded(word: &str) -> Option<u64> {
    let named = |numbers: &[&str], word| numbers.iter().position(|name| *name == word).map(|at| at as u64);
    let tens = |(name, tens): &(&str, u64)| match word.strip_prefix(name)? {
        "" => Some(*tens),
        one => named(&NUMBERS[1..10], one).map(|at| tens + at + 1),
    };
    named(&NUMBERS, word).or_else(|| TENS.iter().find_map(tens))
}

fn seconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600.0,
        "d" | "dy" | "day" | "days" => DAY,
        "w" | "wk" | "wks" | "week" | "weeks" => 7.0 * DAY,
        "mo" | "mos" | "month" | "months" => MONTH,
        "y" | "yr" | "yrs" | "year" | "years" => YEAR,
        _ => return None,
    })
}

/// `twenty four` and `two hundred and five`.
fn sums(tokens: Vec<Token>) -> Vec<Token> {
    let digits = |number: u64| number.checked_ilog10().unwrap_or(0);
    let mut all: Vec<Token> = Vec::new();
    for token in tokens {
        let (kept, sum) = match (&all[..], token) {
            ([.., Token::Worded(a), Token::And], Token::Worded(b)) => {
                (all.len() - 2, Token::Worded(a.saturating_add(b)))
            }
            ([.., Token::Worded(a)], Token::Worded(b)) if digits(*a) > digits(b) => {
                (all.len() - 1, Token::Worded(a.saturating_add(b)))
            }
            _ => (all.len(), token),
        };
        all.truncate(kept);
        all.push(sum);
    }
    all
}

/// `two hundred`, and `hundred` alone.
fn powers(tokens: Vec<Token>, power: u64) -> Vec<Token> {
    let mut all: Vec<Token> = Vec::new();
    for token in tokens {
        if token != Token::Power(power) {
            all.push(token);
        } else if let Some(number) = all.last().and_then(|last| last.number()) {
            all.pop();
            all.push(Token::Worded((number as u64).saturating_mul(power)));
        } else {
            all.push(Token::Number(power as f64));
        }
    }
    all
}

/// `1 1/2` and `two and a half`.
fn fractions(tokens: Vec<Token>) -> Vec<Token> {
    let mut all: Vec<Token> = Vec::new();
    for token in tokens {
        let before = match &all[..] {
            [.., whole, Token::And, part, Token::Slash] => Some((4, whole, part)),
            [.., whole, part, Token::Slash] => Some((3, whole, part)),
            _ => None,
        };
        let sum = before.and_then(|(taken, whole, part)| {
            Some((taken, whole.number()? + part.number()? / token.number().filter(|parts| *parts > 0.0)?))
        });
        let (taken, token) = sum.map_or((0, token), |(taken, sum)| (taken, Token::Number(sum)));
        all.truncate(all.len() - taken);
        all.push(token);
    }
    all
}

/// Gives the numbers between colons their units.
fn between_colons(tokens: Vec<Token>) -> Result<Vec<Token>, String> {
    if !tokens.contains(&Token::Colon) {
        return Ok(tokens);
    }
    let groups: Vec<_> = tokens.split(|token| *token == Token::Colon).collect();
    let begin_with_numbers = groups.iter().all(|group| group.first().is_some_and(|token| token.number().is_some()));
    if groups.len() > BETWEEN_COLONS.len() || !begin_with_numbers {
        return Err(":".to_owned());
    }
    let units = BETWEEN_COLONS[..groups.len()].iter().rev();
    Ok(groups.iter().zip(units).flat_map(|(group, unit)| [*group, &[Token::Unit(*unit)]].concat()).collect())
}

fn count(tokens: &[Token]) -> Result<Length, String> {
    let tokens: Vec<_> = tokens.iter().copied().filter(|token| *token != Token::And).collect();
    if tokens.is_empty() {
        return Err(String::new());
    }
    // A unit in front is one of it.
    let mut total = if let Token::Unit(unit) = tokens[0] { unit } else { 0.0 };
    let mut has_bare_number = false;
    for (at, token) in tokens.iter().enumerate() {
        let Some(number) = token.number() else {
            if matches!(token, Token::Unit(_)) {
                continue;
            }
            return Err("/".to_owned());
        };
        total += match tokens.get(at + 1) {
            Some(Token::Unit(unit)) => number * unit,
            next => {
                has_bare_number |= tokens.len() > 1;
                if next.is_none() { number } else { 0.0 }
            }
        };
    }
    if !total.is_finite() || total >= 1e15 {
        return Err(String::new());
    }
    Ok(Length { seconds: total as u64, has_bare_number })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What GitLab's library makes of them.
    #[test]
    fn every_length_is_as_long_as_on_gitlab() {
        let cases = [
            ("90", 90),
            ("42 seconds", 42),
            ("3 mins 4 sec", 184),
            ("2 hrs 20 min", 8_400),
            ("2h20min", 8_400),
            ("6 mos 1 day", 15_638_400),
            ("47 yrs 6 mos and 4d", 1_499_104_800),
            ("3 weeks and 2 days", 1_987_200),
            ("1 hour 30 minutes", 5_400),
            ("3h 30m", 12_600),
            ("  1 Day ", 86_400),
            ("3 dy", 259_200),
            ("1.5 h", 5_400),
            (".5 day", 43_200),
            ("90.5", 90),
            ("1h,30m", 5_400),
            ("one hour, thirty minutes and five seconds", 5_405),
            ("1 hour with 5 minutes", 3_900),
            ("1 hour plus 5 minutes", 3_900),
            ("one week", 604_800),
            ("two hours", 7_200),
            ("TEN Minutes", 600),
            ("ten", 10),
            ("twenty four hours", 86_400),
            ("twenty-four hours", 86_400),
            ("twentyone days", 1_814_400),
            ("one-hour", 3_600),
            ("five and ten minutes", 900),
            ("two hundred and five minutes", 12_300),
            ("one hundred twenty four seconds", 124),
            ("one thousand two hundred seconds", 1_200),
            ("two hundred thousand seconds", 200_000),
            ("2 hundred seconds", 200),
            ("hundred seconds", 100),
            ("two million seconds", 2_000_000),
            ("one and a half hours", 5_400),
            ("2 and a third hours", 8_400),
            ("three and a quarter hours", 11_700),
            ("thirty five and a half minutes", 2_130),
            ("1 1/2 hours", 5_400),
            ("1 and 1/2 hours", 5_400),
            ("01:30:00", 5_400),
            ("4:30", 270),
            ("1 : 30", 90),
            ("4:30.5", 270),
            ("4:30:10:20", 454_220),
            ("1:2:3:4:5:6", 37_015_506),
            ("1:30 hours", 108_060),
            ("00:00", 0),
            ("week", 604_800),
            ("h", 3_600),
            ("minute 30sec", 90),
            ("days 3 hours", 97_200),
            ("1 day hours", 86_400),
            ("5 and", 5),
            ("and 1 hour", 3_600),
            ("0", 0),
        ];
        for (text, wanted) in cases {
            assert_eq!(length(text), Ok(Length { seconds: wanted, has_bare_number: false }), "{text}");
        }
    }

    #[test]
    fn a_number_without_a_unit_is_seconds_at_the_end() {
        let cases = [
            ("1h30", 3_630),
            ("1 hour 30", 3_630),
            ("1h 30", 3_630),
            ("1 day 3", 86_403),
            ("30 m 20", 1_820),
            ("1h30m20", 5_420),
            ("1 day1", 86_401),
            ("5 5 minutes", 300),
            ("1 and 5 minutes", 300),
            ("1 two hours", 7_200),
            ("four twenty minutes", 1_200),
            ("1 1 1", 1),
        ];
        for (text, wanted) in cases {
            assert_eq!(length(text), Ok(Length { seconds: wanted, has_bare_number: true }), "{text}");
        }
    }

    #[test]
    fn what_means_nothing_is_named() {
        let cases = [
            ("", ""),
            (" ", ""),
            ("and", ""),
            ("never", "never"),
            ("a week", "a"),
            ("an hour", "an"),
            ("half a day", "half"),
            ("1 lightyear", "lightyear"),
            ("1mth", "mth"),
            ("2 hours later", "later"),
            ("7 days!", "days!"),
            ("1 min.", "min."),
            ("-5m", "-"),
            ("1 day -2 hours", "-"),
            ("+1 day", "+"),
            ("1..2h", "."),
            ("1e3", "e"),
            ("1,000 seconds", ","),
            ("1, 2 hours", ","),
            ("1/2 day", "/"),
            ("1 hour 1/2", "/"),
            ("1 1/0 hours", "/"),
            ("1:2:3:4:5:6:7", ":"),
            ("1::2", ":"),
            (":30", ":"),
            ("PT1H", "pt"),
            ("5th day", "th"),
            ("∞", "∞"),
            ("1 h ☃", "☃"),
        ];
        for (text, wanted) in cases {
            assert_eq!(length(text), Err(wanted.to_owned()), "{text}");
        }
        assert!(length(&"9".repeat(400)).is_err());
    }
}
