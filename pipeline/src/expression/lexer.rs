//! Text to tokens.

use super::{Comparison, Pattern, SyntaxError};

/// Most tokens of one expression (contracts/ci-yaml.md, limits). It also bounds the recursion of
/// everything that walks an expression.
const MAX_TOKENS: usize = 100;

/// What may stand after a pattern.
const FLAGS: &str = "ismU";

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Close,
    And,
    Or,
    Compare(Comparison),
    Variable(String),
    Text(String),
    Pattern(Pattern),
    Bool(bool),
    Null,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

pub(super) fn tokens(text: &str) -> Result<Vec<Token>, SyntaxError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        let (kind, end) = token(text, at)?;
        tokens.push(Token { kind, start: at, end });
        if tokens.len() > MAX_TOKENS {
            return Err(SyntaxError::new(at, end, format!("an expression has at most {MAX_TOKENS} parts")));
        }
        at = end;
    }
    Ok(tokens)
}

const OPERATORS: &[(&str, Kind)] = &[
    ("&&", Kind::And),
    ("||", Kind::Or),
    ("==", Kind::Compare(Comparison::Equal)),
    ("!=", Kind::Compare(Comparison::NotEqual)),
    ("=~", Kind::Compare(Comparison::Matches)),
    ("!~", Kind::Compare(Comparison::MatchesNot)),
    ("(", Kind::Open),
    (")", Kind::Close),
];

fn token(text: &str, at: usize) -> Result<(Kind, usize), SyntaxError> {
    let rest = &text[at..];
    if let Some((operator, kind)) = OPERATORS.iter().find(|(operator, _)| rest.starts_with(operator)) {
        return Ok((kind.clone(), at + operator.len()));
    }
    let word_end = |from: usize| text[from..].find(|c: char| !is_word(c)).map_or(text.len(), |length| from + length);
    match rest.as_bytes()[0] {
        b'$' if rest.starts_with("$[[") => {
            let inner = rest.find("]]").map(|end| (rest[3..end].trim(), at + end + 2));
            match inner {
                Some((name, end)) if name.starts_with("inputs.") => Ok((Kind::Variable(format!("[[ {name} ]]")), end)),
                _ => Err(SyntaxError::new(at, at + 3, "`$[[ … ]]` names an input here").hint("`$[[ inputs.name ]]`")),
            }
        }
        b'$' => {
            let end = word_end(at + 1);
            if end == at + 1 {
                let error = SyntaxError::new(at, at + 1, "`$` must be followed by the name of a variable");
                let braces = rest.starts_with("${") || rest.starts_with("$[");
                return Err(if braces { error.hint("write `$NAME`, without braces") } else { error });
            }
            Ok((Kind::Variable(text[at + 1..end].to_owned()), end))
        }
        quote @ (b'"' | b'\'') => match text[at + 1..].find(char::from(quote)) {
            Some(length) => Ok((Kind::Text(text[at + 1..at + 1 + length].to_owned()), at + length + 2)),
            None => Err(SyntaxError::new(at, text.len(), "this string is not closed")
                .hint("strings have no escapes; use the other kind of quotes")),
        },
        b'/' => pattern(text, at),
        _ => {
            let end = word_end(at);
            match &text[at..end] {
                "null" => Ok((Kind::Null, end)),
                "true" => Ok((Kind::Bool(true), end)),
                "false" => Ok((Kind::Bool(false), end)),
                word => Err(stranger(text, at, end, word)),
            }
        }
    }
}

/// The operators of other languages that are words.
const WORDS: &[(&str, &str)] = &[("and", "&&"), ("or", "||"), ("eq", "=="), ("ne", "!="), ("is", "==")];

fn stranger(text: &str, at: usize, end: usize, word: &str) -> SyntaxError {
    let next = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
    let end = end.max(next);
    match text.as_bytes()[at] {
        b'!' => SyntaxError::new(at, end, "there is no `!` in expressions").hint("compare with `!=` or `== null`"),
        b'=' => SyntaxError::new(at, end, "there is no `=` in expressions").hint("`==` compares"),
        b'&' | b'|' => SyntaxError::new(at, end, "single `&` and `|` mean nothing here").hint("use `&&` and `||`"),
        b'%' => SyntaxError::new(at, end, "`%NAME%` means nothing here").hint("write `$NAME`"),
        _ if text[at..].starts_with(['“', '”', '„', '‘', '’']) => {
            SyntaxError::new(at, end, format!("`{}` is no quote here", &text[at..end])).hint("write `\"` or `'`")
        }
        _ if word.is_empty() => SyntaxError::new(at, end, format!("`{}` means nothing here", &text[at..end])),
        _ if let Some((_, sign)) = WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) => {
            SyntaxError::new(at, end, format!("`{word}` means nothing here")).hint(format!("write `{sign}`"))
        }
        _ => SyntaxError::new(at, end, format!("`{}` means nothing here", word.chars().take(40).collect::<String>()))
            .hint("put text in quotes, and `$` before the name of a variable"),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// A pattern: two characters or more between slashes, `\/` being a slash, then flags.
fn pattern(text: &str, at: usize) -> Result<(Kind, usize), SyntaxError> {
    let bytes = text.as_bytes();
    let mut end = at + 1;
    while end < bytes.len() && bytes[end] != b'/' {
        end += if bytes[end] == b'\\' && bytes.get(end + 1) == Some(&b'/') { 2 } else { 1 };
    }
    if end >= bytes.len() {
        return Err(not_closed(at, text.len()));
    }
    let body = &text[at + 1..end];
    let flags_end = text[end + 1..].find(|c: char| !is_word(c)).map_or(text.len(), |length| end + 1 + length);
    let flags = &text[end + 1..flags_end];
    if body.chars().count() < 2 {
        return Err(SyntaxError::new(at, flags_end, "a pattern has at least two characters"));
    }
    if goes_on(&text[flags_end..]) {
        return Err(ends_early(text, at, end));
    }
    if let Some(flag) = flags.chars().find(|flag| !FLAGS.contains(*flag)) {
        return Err(no_flag(flag, end + 1, flags_end));
    }
    Ok((Kind::Pattern(between_slashes(body, flags)), flags_end))
}

/// Whether something stands right after a pattern and its flags that is neither an operator nor a bracket: more of what
/// was meant as the pattern.
fn goes_on(rest: &str) -> bool {
    rest.chars().next().is_some_and(|c| !c.is_whitespace() && !"&|)=!".contains(c))
}

fn ends_early(text: &str, start: usize, slash: usize) -> SyntaxError {
    let word_end = text[slash..].find(char::is_whitespace).map_or(text.len(), |length| slash + length);
    let error = SyntaxError::new(slash, slash + 1, "the pattern ends with this `/`");
    match text[slash + 1..word_end].rfind('/') {
        Some(length) => {
            let last = slash + 1 + length;
            let inner = text[start + 1..last].replace("\\/", "/").replace('/', "\\/");
            error.hint(format!("inside of a pattern write `\\/`: `/{inner}{}`", &text[last..word_end]))
        }
        None => error.hint("inside of a pattern write `\\/` for a slash"),
    }
}

fn between_slashes(body: &str, flags: &str) -> Pattern {
    Pattern { source: body.replace("\\/", "/"), flags: flags.to_owned() }
}

fn no_flag(flag: char, start: usize, end: usize) -> SyntaxError {
    SyntaxError::new(start, end, format!("a pattern has no flag `{flag}`")).hint("the flags are i, s, m and U")
}

/// What is wrong with a string that begins like a pattern; its places are those of the string.
pub(super) fn pattern_error(text: &str) -> Option<SyntaxError> {
    let inner = text.strip_prefix('/')?;
    let Some((_, flags)) = inner.rsplit_once('/') else { return Some(not_closed(0, text.len())) };
    let flag = flags.chars().find(|flag| !FLAGS.contains(*flag))?;
    Some(no_flag(flag, text.len() - flags.len(), text.len()))
}

fn not_closed(start: usize, end: usize) -> SyntaxError {
    SyntaxError::new(start, end, "this pattern is not closed").hint("end it with `/`")
}

/// Reads a whole string as a pattern: what a variable on the right of `=~` must hold, and what refs are compared with.
/// There is nothing after it that the last slash could belong to, so that those before it need no `\`.
pub(crate) fn whole_pattern(text: &str) -> Option<Pattern> {
    // A text of several lines holds a pattern when one of its lines is one.
    text.split('\n').find_map(|line| {
        let (body, flags) = line.strip_prefix('/')?.rsplit_once('/')?;
        flags.chars().all(|flag| FLAGS.contains(flag)).then(|| between_slashes(body, flags))
    })
}
