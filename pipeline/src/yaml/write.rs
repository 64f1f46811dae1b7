//! A tree as text again: what a definition is once it was put together.

use std::fmt::Write as _;

use super::{Kind, Map, Node, Scalar, Tree, Value, legacy_reading};

/// The longest text that is written. A file that repeats an anchor a thousand times can become larger than it is worth.
const LONGEST: usize = 4 << 20;

/// The text of a mapping; `None` when it would be too long.
pub(crate) fn write(top: &Map) -> Option<String> {
    within(top, LONGEST)
}

fn within(top: &Map, longest: usize) -> Option<String> {
    let mut text = String::from("---\n");
    map(top, 0, &mut text);
    (text.len() <= longest).then_some(text)
}

fn map(of: &Map, depth: usize, text: &mut String) {
    for entry in &of.entries {
        if text.len() > LONGEST {
            return;
        }
        indent(depth, text);
        text.push_str(&scalar(&Scalar::plain(&entry.key).unwrap_or_else(|| Scalar::quoted(&entry.key)), true, depth));
        text.push(':');
        behind(&entry.value, depth, text);
    }
}

/// A value behind its key.
fn behind(node: &Node, depth: usize, text: &mut String) {
    match &node.kind {
        Kind::Map(inner) if !inner.entries.is_empty() => {
            text.push('\n');
            map(inner, depth + 1, text);
        }
        Kind::List(items) if !items.is_empty() => {
            text.push('\n');
            list(items, depth, text);
        }
        _ => {
            text.push(' ');
            flat(node, depth + 1, text);
        }
    }
}

fn list(items: &[Tree], depth: usize, text: &mut String) {
    for item in items {
        if text.len() > LONGEST {
            return;
        }
        indent(depth, text);
        text.push('-');
        match &item.kind {
            Kind::Map(inner) if !inner.entries.is_empty() => {
                // The first key stands on the line of the dash.
                let begin = text.len();
                map(inner, depth + 1, text);
                text.replace_range(begin..begin + 2 * (depth + 1), " ");
            }
            Kind::List(inner) if !inner.is_empty() => {
                text.push('\n');
                list(inner, depth + 1, text);
            }
            _ => {
                text.push(' ');
                flat(item, depth + 1, text);
            }
        }
    }
}

/// What stands on one line, or is a block of text.
fn flat(node: &Node, depth: usize, text: &mut String) {
    match &node.kind {
        Kind::Scalar(value) => text.push_str(&scalar(value, false, depth)),
        Kind::Map(_) => text.push_str("{}"),
        Kind::List(_) => text.push_str("[]"),
        Kind::Null | Kind::Reference(_) | Kind::Broken => text.push_str("null"),
    }
    text.push('\n');
}

fn indent(depth: usize, text: &mut String) {
    text.extend(std::iter::repeat_n("  ", depth));
}

fn scalar(value: &Scalar, is_key: bool, depth: usize) -> String {
    let text = &*value.text;
    if value.plain && value.value != Value::Text {
        return text.to_owned();
    }
    if !is_key && is_block(text) {
        return block(text, depth);
    }
    // What means something else without quotes, to this reader or to another, gets them.
    let plain = Scalar::plain(text);
    let is_safe = plain.is_some_and(|plain| plain.value == Value::Text && legacy_reading(&plain).is_none());
    if is_safe && is_word(text) { text.to_owned() } else { quoted(text) }
}

/// Whether it can stand without quotes.
fn is_word(text: &str) -> bool {
    let begins = !text.starts_with([
        '-', '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', '=', '<', ' ',
        '~',
    ]);
    begins
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(['{', '}', '[', ']', ','])
        && text.chars().all(|c| !c.is_control() && c != '\u{feff}' && c != '\u{2028}' && c != '\u{2029}')
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            c if c.is_control() || matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{85}') => {
                // Writing to a text does not fail.
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether it reads better as lines: of a script, mostly.
fn is_block(text: &str) -> bool {
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && !text.ends_with("\n\n")
        && text.chars().all(|c| {
            c == '\n' || c == '\t' || !c.is_control() && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{85}')
        })
        && text.lines().all(|line| line.trim_end() == line)
}

fn block(text: &str, depth: usize) -> String {
    let mut written = String::from(if text.ends_with('\n') { "|" } else { "|-" });
    for line in text.lines() {
        written.push('\n');
        if !line.is_empty() {
            indent(depth, &mut written);
            written.push_str(line);
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::load;

    /// What a tree says, without its places.
    fn said(node: &Node) -> String {
        match &node.kind {
            Kind::Null => "null".into(),
            Kind::Scalar(value) => format!("{:?} {:?}", value.value, value.text),
            Kind::List(items) => format!("[{}]", items.iter().map(|item| said(item)).collect::<Vec<_>>().join(", ")),
            Kind::Map(map) => {
                let entry = |one: &crate::yaml::Entry| format!("{:?}: {}", one.key, said(&one.value));
                format!("{{{}}}", map.entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
            Kind::Reference(_) | Kind::Broken => panic!("nothing of it is written"),
        }
    }

    fn written(text: &str) -> String {
        let root = load(text, 0).root.unwrap();
        let again = write(root.as_map().unwrap()).unwrap();
        let read = load(&again, 0);
        assert!(read.problems.is_empty(), "{again}");
        assert_eq!(said(&read.root.unwrap()), said(&root), "{text}\n{again}");
        again
    }

    #[test]
    fn what_is_written_says_the_same() {
        let text = "a: {script: ['x', \"y\"], when: 'on', empty: {}, none: , list: []}\n\
                    b:\n  script:\n    - |\n      one\n\n      two\n    - >-\n      three\n      four\n    - [nested, [twice, []]]\n    - {k: v, l: [1, 2]}\n\
                    'yes': '1'\n1: 2.50\n\"a: b\": \" x \"\nc: '- x'\nd: \"tab\\tand\\u0007bell\"\ne: 'it''s: {here}'\nf: !!str 012\n\
                    g: ':'\nh: '# no'\ni: \"no \\n\\n\"\nj: ~\nk: '~'\nl: \"\"\nm: \"\\n\"\nn: true\no: 'true'\np: 0x1F\nq: '0x1F'\n";
        assert_eq!(
            written("a: {script: ['x', 'y: z'], when: 'on'}\nb: |\n  one\n  two\n"),
            "---\na:\n  script:\n  - x\n  - \"y: z\"\n  when: \"on\"\nb: |\n  one\n  two\n"
        );
        written(text);
        written("x: &a {k: [1, {m: n, o: [p]}]}\ny: *a\nz: [*a, *a]\n");
    }

    #[test]
    fn a_text_that_is_too_long_is_given_up() {
        let root = load("a: &a [xxxxxxxxxx, xxxxxxxxxx]\nb: [*a, *a, *a]\n", 0).root.unwrap();
        let top = root.as_map().unwrap();
        assert_eq!((within(top, 100), within(top, 500).is_some()), (None, true));
    }
}
