//! What is wrong with a text that is no YAML, where its author has to look.

use granit_parser::{ErrorKind, ScanError};
use model::Span;

use super::load::{parser, too_deep};
use super::repair::{self, Repair};
use crate::source::{Mark, Problem, span_at};

/// The finding for what the parser refuses.
pub(super) fn problem(text: &str, file: u32, error: &ScanError) -> Problem {
    let start = place(text, error);
    let mark = |start: usize| Mark { file, span: Span { end: start + 1, ..span_at(text, start) } };
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return too_deep(mark(start));
    }
    if let ErrorKind::MismatchedFlowCollectionEnd { open, close } = error.kind() {
        let message = format!("not valid YAML: this `{open}` is not closed before the next `{close}`");
        return Problem::error(mark(start), message).hint("close the bracket");
    }
    if let Some(open) = unclosed(text, start, error) {
        let sign = text.get(open..=open).unwrap_or_default();
        let hint = if matches!(sign, "[" | "{") { "close the bracket" } else { "close the quote" };
        return Problem::error(mark(open), format!("not valid YAML: this `{sign}` is not closed")).hint(hint);
    }
    if let Some(tab) = tab_below(text, start) {
        return Problem::error(mark(tab), "not valid YAML: this line is indented with a tab")
            .hint("indent with spaces instead of tabs");
    }
    let escape = wrong_escape(text, start, error);
    let repair = repair::find(text, start);
    let (at, message) = match (&repair, &escape) {
        (Some(Repair { at: Some(at), message: Some(message), .. }), _) => (*at, message.clone()),
        (_, Some((at, sign))) => (*at, format!("`\\{sign}` means nothing in double quotes")),
        _ => (start, said(error)),
    };
    let problem = Problem::error(mark(at), format!("not valid YAML: {message}"));
    if let Some(repair) = repair {
        return problem.hint(repair.hint);
    }
    let hint = hint(error.kind()).or_else(|| {
        // A block of an input is text like any other to YAML: its brackets end what stands in brackets.
        let has_block = line(text, start).1.contains("$[[");
        has_block.then_some("inside of `[…]` and `{…}`, put `$[[ … ]]` in quotes")
    });
    problem.maybe_hint(hint.map(ToOwned::to_owned))
}

/// The tab that the line after a place is indented with, when that place is the end of its line.
fn tab_below(text: &str, at: usize) -> Option<usize> {
    let (start, here) = line(text, at);
    let next = start + here.len() + 1;
    let below = line(text, text.get(next..).map(|_| next)?).1;
    let indent = &below[..below.len() - below.trim_start().len()];
    (at + 1 >= start + here.trim_end().len() && !below.trim().is_empty())
        .then(|| indent.find('\t'))
        .flatten()
        .map(|tab| next + tab)
}

/// The parser's words, as a message begins here.
fn said(error: &ScanError) -> String {
    let message = error.info();
    message.get(..1).map(|first| first.to_lowercase() + &message[1..]).unwrap_or(message)
}

/// The backslash that a text in double quotes cannot have, and what follows it: the parser names the quote before it.
fn wrong_escape(text: &str, quote: usize, error: &ScanError) -> Option<(usize, char)> {
    let is_one = matches!(error.kind(), ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape);
    let mut rest = text.get(quote..).filter(|_| is_one)?.char_indices();
    while let Some((at, c)) = rest.next() {
        let Some((_, sign)) = (c == '\\').then(|| rest.next()).flatten() else { continue };
        let digits = match sign {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let is_number = |text: &str| text.len() == digits && text.chars().all(|c| c.is_ascii_hexdigit());
        let code = text.get(quote + at + 2..quote + at + 2 + digits);
        if !"0abt\tnvfre \"/\\N_LPxuU\n\r".contains(sign) || !code.is_some_and(is_number) {
            return Some((quote + at, sign));
        }
    }
    None
}

fn place(text: &str, error: &ScanError) -> usize {
    error.marker().byte_offset().unwrap_or(0).min(text.len())
}

/// The bracket or quote that was opened and not closed. The parser goes on into the lines after it, until something
/// there cannot be: what it then refuses is no mistake.
fn unclosed(text: &str, start: usize, error: &ScanError) -> Option<usize> {
    if is_unclosed(error) {
        return Some(start);
    }
    let (line_start, here) = line(text, start);
    let before = text[..line_start].trim_end();
    let error = parser(before).find_map(Result::err).filter(is_unclosed)?;
    let open = place(before, &error);
    // What goes on in a further line is indented or the closing bracket, or at least no key; a whole file in brackets
    // is neither.
    let indent = |line: &str| line.len() - line.trim_start().len();
    let (open_start, open_line) = line(text, open);
    let goes_on = |further: &str| indent(further) > indent(open_line) || further.trim_start().starts_with([']', '}']);
    let is_entry = |line: &&str| line.contains(": ") || line.trim_end().ends_with(':');
    let is_whole =
        open == open_start && text[..open].lines().all(|line| line.trim().is_empty() || line.starts_with(['#', '-']));
    let mut lines = text[open_start..line_start].lines().skip(1).filter(is_entry).chain([here]);
    (!is_whole && !lines.all(goes_on)).then_some(open)
}

fn is_unclosed(error: &ScanError) -> bool {
    matches!(error.kind(), ErrorKind::UnclosedFlowCollection { .. } | ErrorKind::UnclosedQuotedScalar)
}

/// Where the line of a place begins, and the line.
fn line(text: &str, at: usize) -> (usize, &str) {
    let start = text.get(..at).unwrap_or_default().rfind('\n').map_or(0, |end| end + 1);
    (start, text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default())
}

fn hint(kind: &ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::TabInIndentation | ErrorKind::TabInBlockIndentation | ErrorKind::TabNotAllowed => {
            "indent with spaces instead of tabs"
        }
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            "put text that contains `: ` in quotes, and check the indentation"
        }
        ErrorKind::InvalidQuotedScalarIndent => "indent the lines in which the quoted text goes on",
        ErrorKind::InvalidTrailingSingleQuotedScalar => {
            "the quote before this place ends the text; inside of single quotes, write `''`"
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            "the quote before this place ends the text; put the whole text in single quotes, or write `\\\"`"
        }
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => {
            "write `\\\\` for a backslash, or use single quotes: they take it as it is"
        }
        ErrorKind::UnexpectedCharacter { .. } => "put text that begins with one of % @ ` | > & * ! [ { in quotes",
        ErrorKind::InvalidIndentation | ErrorKind::ExpectedBlockMappingKey | ErrorKind::SimpleKeyExpected => {
            "check the indentation of this line and of the one above"
        }
        _ => return None,
    })
}
