//! Where a part of a value stands in the text: values are folded, unescaped and stripped of their
//! indentation before anything reads them, and a caret has to stand under what was written.

use std::ops::Range;

use crate::source::Mark;

/// The place of some bytes of `value`, which the text has at `whole`. `None` where the value is not
/// the text's: an escape was resolved, or an input was put in.
pub(crate) fn part_of(text: &str, whole: Mark, value: &str, part: Range<usize>) -> Option<Mark> {
    let Range { start, end } = part;
    let written = text.get(whole.span.start..)?;
    let first = written_at(written, value, start)?;
    // What ends at a line's end does not reach into the next one.
    let last = value.get(start..end).map_or(start, |part| start + part.trim_end().len());
    let last = match value.get(start..last).and_then(|part| part.chars().next_back()) {
        Some(c) => written_at(written, value, last - c.len_utf8())? + c.len_utf8(),
        None => first,
    };
    let before = written.get(..first)?;
    let mut mark = whole;
    let lines = before.matches('\n').count() as u32;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u32;
    mark.span.line += lines;
    mark.span.column = if lines == 0 { mark.span.column + column } else { column + 1 };
    (mark.span.start, mark.span.end) = (whole.span.start + first, whole.span.start + last.max(first));
    Some(mark)
}

/// Where in what is written the byte `wanted` of the value stands. A run of white space in the value is a run of
/// white space in the text, whatever folding made of it.
fn written_at(written: &str, value: &str, wanted: usize) -> Option<usize> {
    let quote = written.chars().next().filter(|c| matches!(c, '"' | '\''));
    let is_block = written.starts_with(['|', '>']);
    let mut at = match quote {
        Some(_) => 1,
        None if is_block => written.find('\n')? + 1,
        None => 0,
    };
    let skip_white =
        |at: usize| written[at..].find(|c: char| !c.is_whitespace()).map_or(written.len(), |length| at + length);
    // Where a block begins, its first empty lines or its first words, is the parser's affair.
    let mut read = value.find(|c: char| !c.is_whitespace()).unwrap_or(value.len());
    at = skip_white(at);
    while read < wanted {
        let c = value[read..].chars().next()?;
        if c.is_whitespace() {
            if !written[at..].starts_with(char::is_whitespace) {
                return None;
            }
            read = value[read..].find(|c: char| !c.is_whitespace()).map_or(value.len(), |length| read + length);
            // The wanted byte is white space itself, or the end of a value that ends with it.
            if read > wanted || read == value.len() {
                return Some(at);
            }
            at = skip_white(at);
            continue;
        }
        let mut next = written[at..].chars().next()?;
        match quote {
            Some('"') if next == '\\' => {
                at += 1;
                next = written[at..].chars().next().filter(|c| matches!(c, '"' | '\\' | '/'))?;
            }
            Some('\'') if next == '\'' => {
                at += 1;
                next = written[at..].chars().next()?;
            }
            _ => {}
        }
        if next != c {
            return None;
        }
        (at, read) = (at + c.len_utf8(), read + c.len_utf8());
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    /// What is underlined of the value of `a` when its part `wanted` is meant, with line and column.
    fn underlined(text: &str, wanted: &str) -> Option<(String, u32, u32)> {
        let root = yaml::load(text, 0).root.unwrap();
        let entry = root.as_map().unwrap().get("a").unwrap();
        let yaml::Kind::Scalar(scalar) = &entry.value.kind else { panic!("no scalar") };
        let start = scalar.text.find(wanted).unwrap();
        let mark = part_of(text, entry.value.mark, &scalar.text, start..start + wanted.len())?;
        Some((text[mark.span.start..mark.span.end].to_owned(), mark.span.line, mark.span.column))
    }

    #[test]
    fn finds_the_part_in_every_style() {
        let cases = [
            ("a: one == two\n", "two", 1, 11),
            ("a: 'one == two'\n", "two", 1, 12),
            ("a: \"one == two\"\n", "two", 1, 12),
            ("a: it''s\n", "s", 1, 8),
            ("a: 'it''s two'\n", "two", 1, 11),
            ("a: \"say \\\"x\\\" two\"\n", "two", 1, 15),
            ("a: one\n  two three\n", "two", 2, 3),
            ("a: 'one\n\n  two three'\n", "three", 3, 7),
            ("a: |\n  one\n    two\n  three\n", "two", 3, 5),
            ("a: >-\n  one &&\n  two\n", "two", 3, 3),
            ("a: >\n\n  one\n  ü two\n", "two", 4, 5),
            ("b: x\na: &n 'one two'\n", "two", 2, 12),
        ];
        for (text, wanted, line, column) in cases {
            assert_eq!(underlined(text, wanted), Some((wanted.to_owned(), line, column)), "{text}");
        }
        // A line break is an escape here, which stands for no byte of its own.
        assert_eq!(underlined("a: \"one\\ttwo\"\n", "two"), None);
    }

    #[test]
    fn what_is_past_the_end_is_the_end() {
        let text = "a: $A ==\nb: x\n";
        let root = yaml::load(text, 0).root.unwrap();
        let mark = root.as_map().unwrap().get("a").unwrap().value.mark;
        let end = part_of(text, mark, "$A ==", 5..5).unwrap();
        assert_eq!((end.span.line, end.span.column, end.span.start, end.span.end), (1, 9, 8, 8));
    }
}
