//! What can still be read of a text that is no YAML: everything but the parts in which it is none. So what is wrong
//! elsewhere is told at once too.

use std::ops::Range;
use std::rc::Rc;

use model::Span;

use super::load::{Loaded, MAX_BYTES};
use super::{Entry, Kind, Map, Node, Tree};
use crate::keywords::{self, Place};
use crate::source::{Mark, Problem, span_at};

/// How much text is read again without what was cut out, in bytes: a quarter of the longest text.
const MAX_READ_AGAIN: usize = MAX_BYTES / 4;
/// Most parts that are cut out of a text.
const MAX_CUTS: usize = 10;

/// Why reading ended.
pub(super) enum Stop {
    /// Nothing of the kind can be read on, whatever is cut out.
    Limit(Problem),
    /// The text is no YAML there.
    Syntax(Problem),
    /// A document begins there that does not belong into the file.
    Document(Problem),
}

impl From<Problem> for Stop {
    fn from(problem: Problem) -> Self {
        Self::Limit(problem)
    }
}

impl Stop {
    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        match self {
            Self::Limit(problem) | Self::Syntax(problem) | Self::Document(problem) => problem,
        }
    }

    pub fn into_problem(self) -> Problem {
        match self {
            Self::Limit(problem) | Self::Syntax(problem) | Self::Document(problem) => problem,
        }
    }
}

/// What was cut out of a text.
#[derive(Default)]
pub(super) struct Cuts {
    parts: Vec<Part>,
}

struct Part {
    range: Range<usize>,
    /// What it is: the key at its top, and where that stands.
    key: Option<(String, Range<usize>)>,
    /// Whether it begins with a key and its colon: otherwise it may belong to what stands above it.
    is_entry: bool,
    /// Whether it is the header.
    is_header: bool,
    /// Whether it said something.
    is_lost: bool,
}

impl Cuts {
    /// Whether nothing was cut out.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether a place is in a part that was cut out.
    pub fn hold(&self, at: usize) -> bool {
        self.parts.iter().any(|part| part.range.contains(&at))
    }

    /// Whether a part that was cut out says so.
    pub fn say(&self, text: &str, what: &str) -> bool {
        self.parts.iter().any(|part| text[part.range.clone()].contains(what))
    }

    /// Cuts out the part of the text that is at fault. `false` when that is not known, or was tried before.
    pub fn add(&mut self, text: &str, stop: &Stop) -> bool {
        let at = stop.problem().mark.span.start;
        if self.parts.len() >= MAX_CUTS.min(MAX_READ_AGAIN / text.len().max(1)) || self.hold(at) {
            return false;
        }
        let part = match stop {
            Stop::Limit(_) => None,
            // What stands in brackets as a whole has no parts.
            Stop::Syntax(_) if is_in_brackets(text) => None,
            Stop::Syntax(_) => top(text)
                .filter(|part| part.range.start <= at && !self.hold(part.range.start))
                .or_else(|| part_at(text, at)),
            Stop::Document(_) => separator_at(text, at),
        };
        let is_new = part.as_ref().is_some_and(|part| !self.hold(part.range.start));
        self.parts.extend(part.filter(|_| is_new));
        is_new
    }

    /// The text without these parts: every other byte stays at its place.
    pub fn without(&self, text: &str) -> String {
        let mut rest = text.as_bytes().to_vec();
        for part in &self.parts {
            let bytes = rest[part.range.clone()].iter_mut();
            bytes.filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
        String::from_utf8(rest).unwrap_or_default()
    }

    /// Puts what was cut out into what was read, as something that is there and cannot be read.
    pub fn put_back(self, text: &str, file: u32, loaded: &mut Loaded) {
        let mark = |range: &Range<usize>| Mark { file, span: Span { end: range.end, ..span_at(text, range.start) } };
        let broken = |range: &Range<usize>| -> Tree { Rc::new(Node::new(mark(range), Kind::Broken)) };
        let mut lost: Vec<Entry> = Vec::new();
        for part in self.parts.iter().filter(|part| part.is_lost) {
            let (key, at) =
                part.key.clone().unwrap_or_else(|| ("stages".to_owned(), part.range.start..part.range.start));
            let entry = |key: &str| Entry { key: key.into(), mark: mark(&at), value: broken(&part.range) };
            if part.is_header {
                let map = Map { entries: vec![entry("spec")] };
                loaded.header = Some(Rc::new(Node::new(mark(&part.range), Kind::Map(map))));
                continue;
            }
            loaded.is_partial = true;
            loaded.may_include |= text[part.range.clone()].contains("include");
            lost.push(entry(&key));
            // More may stand there than its key says.
            lost.push(entry("stages"));
        }
        if loaded.root.as_ref().is_some_and(|root| root.lacks) {
            (loaded.is_partial, loaded.may_include) = (true, true);
            let mark = Mark::start_of(file);
            lost.push(Entry { key: "stages".into(), mark, value: Rc::new(Node::new(mark, Kind::Broken)) });
        }
        let Some(root) = loaded.root.take_if(|_| !lost.is_empty()) else { return };
        let Kind::Map(map) = &root.kind else { return };
        let mut map = map.clone();
        for part in self.parts.iter().filter(|part| part.is_lost && !part.is_entry) {
            leave_open(&mut map, part.range.start);
        }
        for entry in lost {
            if map.written(&entry.key).is_none() {
                map.entries.push(entry);
            }
        }
        loaded.root = Some(Rc::new(root.rebuilt(Kind::Map(map))));
    }
}

/// Marks what stands above a place as something that may go on there. Values that nothing at the top of a file has are
/// text from the same place: both were meant to be lines of a script, say.
fn leave_open(map: &mut Map, at: usize) {
    let mut above: Vec<_> = map.entries.iter_mut().filter(|entry| entry.mark.span.start < at).collect();
    above.sort_by_key(|entry| entry.mark.span.start);
    for entry in above.into_iter().rev() {
        let broken = Node::new(entry.value.mark, Kind::Broken);
        match &entry.value.kind {
            Kind::Map(map) => {
                entry.value = Rc::new(entry.value.rebuilt(Kind::Map(map.clone())).lacking());
                return;
            }
            _ if keywords::is_known(Place::Global, &entry.key) => return,
            _ => entry.value = Rc::new(broken),
        }
    }
}

/// The part of the text that a place is in: from a line that is indented no more than the file is up to the next one.
fn part_at(text: &str, at: usize) -> Option<Part> {
    let margin = margin(text);
    let mut start = line_start(text, at.min(text.len()));
    while !begins(&text[start..], margin) {
        start = line_start(text, start.checked_sub(1)?);
    }
    if is_separator(&text[start..]) {
        return None;
    }
    let mut end = next_line(text, start);
    while end < text.len() && !begins(&text[end..], margin) {
        end = next_line(text, end);
    }
    Some(part(text, start..end))
}

fn is_in_brackets(text: &str) -> bool {
    let is_content = |line: &&str| !line.trim().is_empty() && !line.starts_with('#') && !is_separator(line);
    text.lines().find(is_content).is_some_and(|line| line.trim_start().starts_with(['[', '{']))
}

/// What stands above the first key that is not indented: no mapping can follow it.
fn top(text: &str) -> Option<Part> {
    let is_text = |at: &usize| !text[*at..].starts_with(['#', '\n', '\r']);
    let margin = margin(text);
    let is_key = |at: &usize| begins(&text[*at..], margin) && line_at(text, *at).contains(':');
    let lines = || std::iter::successors(Some(0), |at| Some(next_line(text, *at)).filter(|at| *at < text.len()));
    let start = lines().find(is_text)?;
    let end = lines().skip_while(|at| *at < start).find(|at| is_key(at) || is_separator(&text[*at..]))?;
    (start < end).then(|| part(text, start..end))
}

fn part(text: &str, range: Range<usize>) -> Part {
    let line = line_at(text, range.start);
    let is_entry = line.contains(": ") || line.trim_end().ends_with(':');
    let key = key_of(line.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}')).map(|key| {
        let at = range.start + (key.as_ptr().addr() - line.as_ptr().addr());
        (key.to_owned(), at..at + key.len())
    });
    let is_header = key.as_ref().is_some_and(|(key, _)| key == "spec");
    let end = if is_header && is_separator(&text[range.end..]) { next_line(text, range.end) } else { range.end };
    Part { range: range.start..end, key, is_entry, is_header, is_lost: true }
}

fn line_at(text: &str, at: usize) -> &str {
    text[at..].lines().next().unwrap_or_default()
}

/// The line that separates two documents.
fn separator_at(text: &str, at: usize) -> Option<Part> {
    let is_alone = |line: &str| is_separator(line) && line[3..].trim_start().chars().next().is_none_or(|c| c == '#');
    let here = line_start(text, at);
    let end = if is_alone(line_at(text, here)) { next_line(text, here) } else { here };
    // The end of a document may stand above the beginning of the next one.
    let start = text[..here].lines().rev().find(|line| !line.trim().is_empty() && !line.starts_with('#'))?;
    let start = if is_alone(start) { start.as_ptr().addr() - text.as_ptr().addr() } else { here };
    (start < end).then_some(Part { range: start..end, key: None, is_entry: true, is_header: false, is_lost: false })
}

/// How far a file is indented as a whole.
fn margin(text: &str) -> usize {
    let is_content = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with('#') && !is_separator(line);
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    text.lines().filter(is_content).map(indent).min().unwrap_or(0)
}

/// Whether a part begins with the line that the text begins with.
fn begins(text: &str, margin: usize) -> bool {
    let goes_on = |c: char| c.is_whitespace() || matches!(c, '#' | '-' | ']' | '}');
    let line = text.get(..margin).filter(|start| start.chars().all(|c| c == ' ')).map(|_| &text[margin..]);
    is_separator(text) || line.and_then(|line| line.chars().next()).is_some_and(|c| !goes_on(c))
}

fn is_separator(text: &str) -> bool {
    text.starts_with("---") || text.starts_with("...")
}

fn line_start(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)
}

fn next_line(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end + 1)
}

/// The key that a line begins with, as far as it can be made out.
fn key_of(line: &str) -> Option<&str> {
    let is_colon = |(at, _): &(usize, &str)| !line[at + 1..].starts_with(|c: char| !c.is_whitespace());
    let key = if let Some(quote) = line.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        line[1..].split(quote).next()?
    } else if let Some((at, _)) = line.match_indices(':').find(is_colon) {
        line[..at].trim_end()
    } else {
        line.split_whitespace().next()?
    };
    let is_name =
        key.chars().all(|c| !c.is_control()) && !key.starts_with(['[', '{', '&', '*', '!', '|', '>', '%', '@', '?']);
    (!key.is_empty() && key != "<<" && is_name).then_some(key)
}
