//! What would make YAML of a text that is none: changes to one line, each tried out before it is proposed.

use super::load::{MAX_BYTES, parser};

/// How much text is read again in search of a change, in bytes: half of the longest text.
const MAX_TRIED: usize = MAX_BYTES / 2;

/// Longest line that a hint shows, in characters.
const MAX_SHOWN: usize = 100;

/// A change to a line that the parser takes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Repair {
    /// Where the mistake is, when that is not where the parser stopped.
    pub at: Option<usize>,
    /// What is wrong, when that is not what the parser says.
    pub message: Option<String>,
    /// What to write.
    pub hint: String,
}

/// A line of the text, and the one above it that is not empty.
struct Place<'t> {
    start: usize,
    line: &'t str,
    above: Option<(usize, &'t str)>,
}

/// A line with its change, and what is said about it.
struct Change {
    start: usize,
    before: usize,
    after: String,
    repair: Repair,
}

/// The first change that lets the parser read on past the line it stopped in.
pub(super) fn find(text: &str, at: usize) -> Option<Repair> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let line = line_at(text, start);
    // What a tab was to be nobody knows.
    if indent_of(line).contains('\t') {
        return None;
    }
    let mut before = text[..start].lines().rev();
    let above = before.find(|line| !line.trim().is_empty() && !line.trim().starts_with('#'));
    let above = above.map(|line| (line.as_ptr().addr() - text.as_ptr().addr(), line));
    let place = Place { start, line, above };
    let changes = [
        no_space(start, line),
        place.above.and_then(|(start, line)| no_space(start, line)),
        condition(&place),
        quotes(&place),
        own_line(&place),
        no_colon_above(&place),
        no_colon_here(text, &place),
        goes_on(&place),
        first(text, &place),
        indent(&place),
    ];
    let number = text[..start].matches('\n').count() + 1;
    // Each is tried with all of the text before it: of long texts only the likeliest is, of the longest none.
    let tries = MAX_TRIED / text.len().max(1);
    let found = changes.into_iter().flatten().take(tries).find(|change| is_read(text, number, change));
    found.map(|change| change.repair)
}

fn line_at(text: &str, start: usize) -> &str {
    text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
}

/// Whether the text is read past a line once it is changed.
fn is_read(text: &str, line: usize, change: &Change) -> bool {
    let changed = [&text[..change.start], &change.after, &text[change.start + change.before..]].concat();
    let last = line + change.after.matches('\n').count();
    for event in parser(&changed) {
        match event {
            Ok((_, span)) if span.start.line() > last => return true,
            Ok(_) => {}
            Err(error) => return error.marker().line() > last,
        }
    }
    true
}

fn indent_of(line: &str) -> &str {
    &line[..line.len() - line.trim_start().len()]
}

/// The sign `- ` or the key that a line begins with, spaces counted, and the value after it.
fn parts(line: &str) -> (&str, &str) {
    let mut value = line.trim_start();
    while let Some(rest) = value.strip_prefix("- ") {
        value = rest.trim_start();
    }
    if let Some((key, rest)) = value.split_once(": ")
        && is_key(key)
    {
        value = rest.trim_start();
    }
    (&line[..line.len() - value.len()], value.trim_end())
}

fn is_key(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c))
}

/// `script:make` and `-make`.
fn no_space(start: usize, line: &str) -> Option<Change> {
    let text = line.trim_start();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) if !rest.starts_with(['-', ' ']) && !rest.is_empty() => ("-", rest),
        _ => {
            let text = text.strip_prefix("- ").unwrap_or(text);
            let (key, rest) = text.split_once(':')?;
            (is_key(key) && !rest.is_empty() && !rest.starts_with([' ', '/', ':'])).then_some((key, rest))?
        }
    };
    let at = line.len() - rest.len();
    let shown = if sign == "-" { "-".to_owned() } else { format!("{sign}:") };
    let after = format!("{} {rest}", &line[..at]);
    let hint = format!("write {}", shown_line(&format!("{shown} {rest}")));
    let message = Some(format!("there is no space after `{shown}`"));
    Some(Change { start, before: line.len(), after, repair: Repair { at: Some(start + at - 1), message, hint } })
}

/// `if: "$A" == "b"`: in quotes a variable would be text.
fn condition(place: &Place<'_>) -> Option<Change> {
    let (prefix, value) = parts(place.line);
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let is_name = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_variable = |text: &str| text.strip_prefix('$').is_some_and(is_name);
    // Every other piece stands between quotes.
    let pieces: Vec<_> = value.split(quote).collect();
    if !prefix.ends_with("if: ") || !is_variable(pieces[1]) || pieces.len() % 2 == 0 {
        return None;
    }
    let piece = |(i, piece): (usize, &&str)| match i % 2 {
        1 if !is_variable(piece) => format!("{quote}{piece}{quote}"),
        _ => (*piece).to_owned(),
    };
    let after = format!("{prefix}{}", pieces.iter().enumerate().map(piece).collect::<String>());
    let hint = format!("a variable stands without quotes: {}", shown_line(after.trim_start()));
    Some(Change { start: place.start, before: place.line.len(), after, repair: said(hint) })
}

/// Text that YAML takes for more than text.
fn quotes(place: &Place<'_>) -> Option<Change> {
    let (prefix, value) = parts(place.line);
    let is_flow = value.ends_with(',') && value.starts_with(['[', '{'])
        || [('[', ']'), ('{', '}')].iter().any(|(open, close)| value.starts_with(*open) && value.ends_with(*close));
    // Which of the two was meant, text or a collection or a mapping, nobody knows.
    let is_mapping = value.split_once(": ").is_some_and(|(key, _)| is_key(key));
    if prefix.trim().is_empty() || value.is_empty() || is_flow || is_mapping || value.contains(" #") {
        return None;
    }
    let (inner, why) = match value.chars().next() {
        Some(quote @ ('"' | '\'')) if is_around(value, quote) => {
            let inner = &value[1..value.len() - 1];
            match quote {
                // What means something in double quotes would not mean it in single ones.
                '"' if ["\\n", "\\t", "\\r", "\\u"].iter().any(|escape| inner.contains(escape)) => return None,
                '"' => {
                    (inner.replace("\\\"", "\"").replace("\\\\", "\\"), "single quotes take `\"` and `\\` as they are")
                }
                _ => (inner.to_owned(), "inside of single quotes, `'` is written twice"),
            }
        }
        _ => (value.to_owned(), "put the whole text in single quotes"),
    };
    let quoted = format!("'{}'", inner.replace('\'', "''"));
    let hint = format!("{why}: {}", shown_line(&quoted));
    let after = format!("{prefix}{quoted}");
    Some(Change { start: place.start, before: place.line.len(), after, repair: said(hint) })
}

/// Whether the first and the last quote of a value were meant to belong together: those between them stand around words
/// of it, as in `"echo "a""`, rather than end it, as in `"a" && "b"`.
fn is_around(value: &str, quote: char) -> bool {
    let Some(inner) = value[1..].strip_suffix(quote) else { return false };
    inner
        .split_once(quote)
        .is_none_or(|(before, after)| before.ends_with('\\') || !after.starts_with(char::is_whitespace))
}

/// `image: name: alpine`
fn own_line(place: &Place<'_>) -> Option<Change> {
    let (prefix, value) = parts(place.line);
    let key = value.split_once(": ").map(|(key, _)| key).filter(|key| is_key(key))?;
    if !prefix.ends_with(": ") {
        return None;
    }
    let column = " ".repeat(indent_of(place.line).len() + 4);
    let after = format!("{}\n{column}{value}", prefix.trim_end());
    let hint =
        format!("`{key}:` begins a line of its own, indented more than this one; text with `: ` stands in quotes");
    Some(Change { start: place.start, before: place.line.len(), after, repair: said(hint) })
}

/// A name without its colon in the line above: alone, or before its value in a line like this one.
fn no_colon_above(place: &Place<'_>) -> Option<Change> {
    let (start, above) = place.above?;
    let is_alone = is_key(above.trim());
    (is_alone || indent_of(above) == indent_of(place.line)).then(|| no_colon(start, above))?
}

/// A name without its colon: alone above a line that is indented more, or before its value below a line like this one.
fn no_colon_here(text: &str, place: &Place<'_>) -> Option<Change> {
    let (line, is_alone) = (place.line, is_key(place.line.trim()));
    let below = text[place.start..].lines().skip(1).find(|line| !line.trim().is_empty());
    let is_above_more = below.is_some_and(|below| indent_of(below).len() > indent_of(line).len());
    let is_alike = place.above.is_some_and(|(_, above)| indent_of(above) == indent_of(line) && above.contains(": "));
    (if is_alone { is_above_more } else { is_alike }).then(|| no_colon(place.start, line))?
}

fn no_colon(start: usize, line: &str) -> Option<Change> {
    let indent = indent_of(line);
    let (name, value) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
    if !is_key(name) || name.starts_with('-') {
        return None;
    }
    let repair = Repair {
        at: Some(start + indent.len() + name.len() - 1),
        message: Some(format!("there is no `:` after `{name}`")),
        hint: format!("write {}", shown_line(format!("{name}: {value}").trim_end())),
    };
    Some(Change { start, before: line.len(), after: format!("{indent}{name}: {value}"), repair })
}

/// A condition of two lines.
fn goes_on(place: &Place<'_>) -> Option<Change> {
    let text = place.line.trim_start();
    let sign = ["&&", "||"].into_iter().find(|sign| text.starts_with(sign))?;
    let after = format!("{}    {text}", indent_of(place.line));
    let hint = format!("a text goes on in lines that are indented more than its key: indent `{sign}` more");
    Some(Change { start: place.start, before: place.line.len(), after, repair: said(hint) })
}

/// The first key of a file that is indented, with others that are not.
fn first(text: &str, place: &Place<'_>) -> Option<Change> {
    let above = &text[..place.start];
    let line = above.lines().find(|line| !line.trim().is_empty() && !line.trim().starts_with('#'))?;
    let (start, indent) = (line.as_ptr().addr() - text.as_ptr().addr(), indent_of(line));
    let (key, _) = line.trim_start().split_once(':')?;
    if indent.is_empty() || !indent_of(place.line).is_empty() || !is_key(key) {
        return None;
    }
    let all = &above[start..];
    let after = all.split_inclusive('\n').map(|line| line.strip_prefix(indent).unwrap_or(line)).collect();
    let repair = Repair {
        at: Some(start + indent.len()),
        message: Some(format!("`{key}` is indented, and the keys below it are not")),
        hint: format!("begin `{key}:` at the start of its line"),
    };
    Some(Change { start, before: all.len(), after, repair })
}

/// A line that is indented a little more or less than the one above it.
fn indent(place: &Place<'_>) -> Option<Change> {
    let (_, above) = place.above.filter(|(_, above)| indent_of(above) != indent_of(place.line))?;
    let after = format!("{}{}", indent_of(above), place.line.trim_start());
    let repair = Repair {
        at: Some(place.start + indent_of(place.line).len()),
        message: Some("the indentation of this line does not fit".to_owned()),
        hint: "indent it like the line above".to_owned(),
    };
    Some(Change { start: place.start, before: place.line.len(), after, repair })
}

fn said(hint: String) -> Repair {
    Repair { at: None, message: None, hint }
}

/// What to write, unless that is too long to be read.
fn shown_line(line: &str) -> String {
    match line.chars().nth(MAX_SHOWN) {
        None => format!("`{line}`"),
        Some(_) => format!("`{}…`", line.chars().take(MAX_SHOWN).collect::<String>()),
    }
}
