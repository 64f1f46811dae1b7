//! Patterns are written in the dialect of RE2 (contracts/ci-yaml.md, part 3). What the `regex` crate reads otherwise,
//! or not at all, is written the way it reads it: brackets, `&&`, `--` and `~~` in a class, `\Q…\E`, braces that
//! repeat nothing, and the classes that are of ASCII alone.

use std::iter::Peekable;
use std::str::Chars;

/// Most repetitions that one operator asks for.
const MAX_REPEAT: u32 = 1_000;

/// Names of classes between `[:` and `:]`.
const NAMED: &[&str] = &[
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "word",
    "xdigit",
];

/// The pattern in the syntax of the `regex` crate. What neither reads is left to it; the error is what RE2 refuses
/// alone.
pub(crate) fn translated(source: &str) -> Result<String, String> {
    let mut reader = Reader { rest: source.chars().peekable(), out: String::with_capacity(source.len() + 8) };
    while let Some(c) = reader.rest.next() {
        match c {
            '\\' => reader.escape()?,
            '[' => reader.class()?,
            '{' => reader.brace()?,
            '}' => reader.out.push_str("\\}"),
            '(' => reader.group()?,
            _ => reader.out.push(c),
        }
    }
    Ok(reader.out)
}

struct Reader<'p> {
    rest: Peekable<Chars<'p>>,
    out: String,
}

/// What an escape in a class stands for.
enum Member {
    Char(char),
    /// A class of its own, as it stands inside of another.
    Class(String),
}

/// The members of the classes of one letter, and whether they are what is not in it.
const fn of_letter(letter: char) -> Option<(&'static str, bool)> {
    Some(match letter {
        'd' => ("0-9", false),
        'D' => ("0-9", true),
        'w' => ("0-9A-Za-z_", false),
        'W' => ("0-9A-Za-z_", true),
        's' => ("\\t\\n\\f\\r\\x20", false),
        'S' => ("\\t\\n\\f\\r\\x20", true),
        _ => return None,
    })
}

fn class_of(letter: char) -> Option<String> {
    of_letter(letter).map(|(members, negated)| format!("[{}{members}]", if negated { "^" } else { "" }))
}

/// A character that means nothing but itself.
fn literal(c: char, out: &mut String) {
    if c.is_ascii_punctuation() && !matches!(c, '<' | '>') {
        out.push('\\');
    }
    out.push(c);
}

impl Reader<'_> {
    fn escape(&mut self) -> Result<(), String> {
        let Some(c) = self.rest.next() else { return Err("a `\\` at its end".to_owned()) };
        match c {
            'Q' => self.quoted(),
            // One byte; in a text that is one character of ASCII.
            'C' => self.out.push_str("(?s:.)"),
            'b' | 'B' => self.out.push_str(&format!("(?-u:\\{c})")),
            'A' | 'z' => self.out.extend(['\\', c]),
            'p' | 'P' => {
                let class = self.property(c);
                self.out.push_str(&class);
            }
            _ => {
                if let Some(class) = class_of(c) {
                    self.out.push_str(&class);
                } else {
                    let c = self.character(c)?;
                    literal(c, &mut self.out);
                }
            }
        }
        Ok(())
    }

    /// `\Q…\E`, or to the end.
    fn quoted(&mut self) {
        while let Some(c) = self.rest.next() {
            if c == '\\' && self.rest.peek() == Some(&'E') {
                self.rest.next();
                return;
            }
            literal(c, &mut self.out);
        }
    }

    /// `\pL` or `\p{Greek}`, whose first characters have been read.
    fn property(&mut self, kind: char) -> String {
        let mut text = format!("\\{kind}");
        if self.rest.peek() == Some(&'{') {
            text.push_str(&self.until('}'));
        } else {
            text.extend(self.rest.next());
        }
        text
    }

    /// Everything up to and with a character.
    fn until(&mut self, last: char) -> String {
        let mut text = String::new();
        for c in self.rest.by_ref() {
            text.push(c);
            if c == last {
                break;
            }
        }
        text
    }

    /// The character that an escape stands for, whose first one after `\` has been read.
    fn character(&mut self, first: char) -> Result<char, String> {
        let unknown = || Err(format!("`\\{first}` means nothing"));
        match first {
            'a' => Ok('\u{7}'),
            'f' => Ok('\u{c}'),
            't' => Ok('\t'),
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            'v' => Ok('\u{b}'),
            'x' => {
                let digits: String = if self.rest.peek() == Some(&'{') {
                    self.until('}').trim_matches(['{', '}']).to_owned()
                } else {
                    self.rest.by_ref().take(2).collect()
                };
                let value = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                value.map_or_else(unknown, Ok)
            }
            '0'..='7' => {
                let is_octal = |c: Option<&char>| c.is_some_and(|c| matches!(c, '0'..='7'));
                // One digit would be a reference to a group.
                if first != '0' && !is_octal(self.rest.peek()) {
                    return unknown();
                }
                let mut value = first.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    if is_octal(self.rest.peek()) {
                        value = value * 8 + self.rest.next().and_then(|c| c.to_digit(8)).unwrap_or(0);
                    }
                }
                char::from_u32(value).map_or_else(unknown, Ok)
            }
            c if c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_' => Ok(c),
            _ => unknown(),
        }
    }

    /// What repeats the thing before it stays; any other `{` is a brace.
    fn brace(&mut self) -> Result<(), String> {
        let mut ahead = self.rest.clone();
        let mut inner = String::new();
        let is_closed = loop {
            match ahead.next() {
                Some('}') => break true,
                Some(c) if c.is_ascii_digit() || c == ',' => inner.push(c),
                _ => break false,
            }
        };
        let mut numbers = inner.splitn(2, ',');
        let least = numbers.next().unwrap_or_default();
        let most = numbers.next();
        if !is_closed || least.is_empty() || most.is_some_and(|most| most.contains(',')) {
            self.out.push_str("\\{");
            return Ok(());
        }
        let is_too_much = |number: &str| !number.is_empty() && !number.parse().is_ok_and(|n: u32| n <= MAX_REPEAT);
        if is_too_much(least) || most.is_some_and(is_too_much) {
            return Err(format!("it repeats something more than {MAX_REPEAT} times"));
        }
        self.out.push_str(&format!("{{{inner}}}"));
        self.rest = ahead;
        Ok(())
    }

    /// `(?flags)` with flags that only the crate has are refused.
    fn group(&mut self) -> Result<(), String> {
        self.out.push('(');
        let mut ahead = self.rest.clone();
        if ahead.next() == Some('?') {
            let flags: String = ahead.take_while(|c| !matches!(c, ')' | ':' | '<' | '=' | '!')).collect();
            if let Some(flag) = flags.chars().find(|c| matches!(c, 'x' | 'u' | 'R')) {
                return Err(format!("it has no flag `{flag}`"));
            }
        }
        Ok(())
    }

    fn class(&mut self) -> Result<(), String> {
        self.out.push('[');
        if self.rest.peek() == Some(&'^') {
            self.rest.next();
            self.out.push('^');
        }
        let mut is_first = true;
        loop {
            let Some(c) = self.rest.next() else { return Err("a `[` is not closed".to_owned()) };
            if c == ']' && !is_first {
                self.out.push(']');
                return Ok(());
            }
            is_first = false;
            let low = match self.member(c)? {
                Member::Char(c) => c,
                Member::Class(class) => {
                    self.out.push_str(&class);
                    continue;
                }
            };
            literal(low, &mut self.out);
            let mut ahead = self.rest.clone();
            if ahead.next() == Some('-') && ahead.peek().is_some_and(|c| *c != ']') {
                self.rest = ahead;
                let next = self.rest.next().unwrap_or(']');
                let Member::Char(high) = self.member(next)? else {
                    return Err("a range ends with a class".to_owned());
                };
                self.out.push('-');
                literal(high, &mut self.out);
            }
        }
    }

    /// A member of a class, whose first character has been read.
    fn member(&mut self, first: char) -> Result<Member, String> {
        match first {
            '\\' => {
                let Some(c) = self.rest.next() else { return Err("a `[` is not closed".to_owned()) };
                if let Some(class) = class_of(c) {
                    return Ok(Member::Class(class));
                }
                if matches!(c, 'p' | 'P') {
                    return Ok(Member::Class(self.property(c)));
                }
                self.character(c).map(Member::Char)
            }
            '[' if self.rest.peek() == Some(&':') => {
                let text: String = self.rest.clone().take(16).collect();
                let Some(end) = text.find(":]").filter(|end| *end > 0) else { return Ok(Member::Char('[')) };
                let name = &text[1..end];
                if !NAMED.contains(&name.trim_start_matches('^')) {
                    return Err(format!("there is no class `[:{name}:]`"));
                }
                let class = format!("[:{name}:]");
                self.rest.by_ref().take(class.len() - 1).for_each(drop);
                Ok(Member::Class(class))
            }
            c => Ok(Member::Char(c)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Pattern, Patterns};

    fn found(source: &str, text: &str) -> Result<bool, String> {
        Patterns::default().found(&Pattern { source: source.to_owned(), flags: String::new() }, text)
    }

    #[test]
    fn means_what_it_means_to_re2() {
        let cases = [
            (r"^[\w-.]+$", "feat-1.2", true),
            (r"^[\w-.]+$", "a/b", false),
            ("[[]wip[]]", "[wip]", true),
            ("[[]wip[]]", "wip", false),
            (r#"{"a""#, r#"{"a": 1}"#, true),
            ("^x{,2}$", "x{,2}", true),
            ("^x{,2}$", "xx", false),
            ("^x{1,2}$", "xx", true),
            ("^x{2,}$", "x", false),
            ("^x{2}y}$", "xxy}", true),
            (r"\Q[a]\E", "[a]", true),
            (r"\Q[a]\E", "a", false),
            (r"^\Qa.b", "axb", false),
            (r"\<-", "a<-b", true),
            (r"\<-", "a-b", false),
            (r"a\>b", "a>b", true),
            ("^[a&&b]+$", "a&b", true),
            ("^[a~~b]+$", "a~b", true),
            ("^[a-z--b]+$", "-0Ab", true),
            ("^[a-z--b]+$", " ", false),
            ("^[^]a]$", "]", false),
            ("^[^]a]$", "b", true),
            ("^[]a]$", "]", true),
            ("^[a-]$", "-", true),
            (r"^[\]\-^]+$", "]-^", true),
            (r"^\w+$", "größe", false),
            (r"^\w+$", "groesse_1", true),
            (r"^\W$", "ö", true),
            (r"^[\W\d]+$", "ö1", true),
            (r"^[\W\d]+$", "a", false),
            (r"^\d$", "٣", false),
            (r"^\D$", "٣", true),
            (r"^\s$", "\u{a0}", false),
            (r"^\S$", "\u{a0}", true),
            (r"^\s$", "\t", true),
            (r"ö\bx", "öx", true),
            (r"a\bx", "ax", false),
            (r"a\Bx", "ax", true),
            ("^[[:alpha:]_]+$", "a_b", true),
            ("^[[:^digit:]]+$", "1", false),
            ("^[[:]+$", "[:", true),
            (r"^\x41\x{42}\103$", "ABC", true),
            (r"^[\x41-\x43]+$", "ABC", true),
            (r"^\pL\p{Lu}[\p{Greek}]$", "aBα", true),
            ("^.$", "ö", true),
            ("(?i)FEATURE", "feature", true),
            ("(?P<n>a)b", "ab", true),
            (r"^a\C$", "ab", true),
            (r"\.\*\/\ \#\-", ".*/ #-", true),
        ];
        for (source, text, wanted) in cases {
            assert_eq!(found(source, text), Ok(wanted), "{source} in {text}");
        }
    }

    #[test]
    fn what_re2_refuses_is_refused() {
        for source in [
            r"a\1b",
            r"\u0041",
            r"\h",
            r"[\b]",
            "[a",
            r"a\",
            "(?x)a b",
            "(?u:a)",
            "x{1001}",
            "(?=a)",
            "(?<!a)b",
            "[z-a]",
            r"[a-\d]",
            "[[:nope:]]",
            "a(b",
            r"\x{110000}",
            r"\_",
            "*a",
        ] {
            assert!(found(source, "").is_err(), "{source}");
        }
    }
}
