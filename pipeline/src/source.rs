//! The texts that a definition is made of, and the findings in them. Owns the border between the
//! crate's positions (a file and a span) and `model::Diagnostic`.

use std::collections::HashSet;
use std::ops::Range;
use std::rc::Rc;

use model::{Diagnostic, Severity, Span};

use crate::part::part_of;

/// The page that findings link to.
pub(crate) const LANGUAGE: &str = "docs/language.md";

/// At most this many findings are kept: who has a hundred errors reads the first ten.
const MAX_DIAGNOSTICS: usize = 100;

/// Longest line that is kept beside a finding, in bytes. A caret under column 5 000 helps nobody,
/// and a finding must not carry a line of a megabyte.
const MAX_SOURCE_LINE: usize = 1_000;

/// Longest value that a finding shows between backquotes, in characters: a longer name than jobs may have is known by
/// its beginning.
const MAX_SHOWN: usize = 255;

/// How much the jobs together may be made of once parents, defaults and global variables are copied
/// into them: a small file can ask for gigabytes. One value counts as 32 bytes.
const MAX_COMPOSED: usize = 64 * 1024 * 1024;
const VALUE_COST: usize = 32;

/// A place in one of the texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Mark {
    /// Which text, as `Report::add_file` numbered it.
    pub file: u32,
    /// Where in it.
    pub span: Span,
}

impl Mark {
    /// The first character of a text.
    pub const fn start_of(file: u32) -> Self {
        Self { file, span: Span { start: 0, end: 0, line: 1, column: 1 } }
    }
}

/// A place with its text, for who has the texts no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name of the file.
    pub file: String,
    /// Where in it.
    pub span: Span,
    /// The line that it begins in; empty when that is too long to be shown.
    pub source_line: String,
}

/// A finding before its text is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub severity: Severity,
    pub mark: Mark,
    pub message: String,
    pub hint: Option<String>,
    /// The heading of `docs/language.md` that explains it.
    pub topic: Option<&'static str>,
    /// Whether another finding at the same place says enough.
    pub minor: bool,
    /// The job that it was first found in, when that has to be said: the same text may be in many jobs.
    pub job: Option<Rc<str>>,
}

impl Problem {
    fn new(severity: Severity, mark: Mark, message: String) -> Self {
        Self { severity, mark, message, hint: None, topic: None, minor: false, job: None }
    }

    pub fn error(mark: Mark, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, mark, message.into())
    }

    pub fn warning(mark: Mark, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, mark, message.into())
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub fn topic(mut self, topic: &'static str) -> Self {
        self.topic = Some(topic);
        self
    }

    pub fn minor(mut self) -> Self {
        self.minor = true;
        self
    }

    pub fn of_job(mut self, job: Option<&Rc<str>>) -> Self {
        self.job = job.map(Rc::clone);
        self
    }

    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

struct File {
    name: String,
    text: String,
}

/// Collects the findings. The same finding at the same place counts once: what a hidden job gets
/// wrong is wrong in all jobs that extend it, and is told once.
#[derive(Default)]
pub(crate) struct Report {
    files: Vec<File>,
    problems: Vec<Problem>,
    seen: HashSet<(Mark, String)>,
    errors: usize,
    omitted: usize,
    composed: usize,
    topic: Option<&'static str>,
    is_partial: bool,
    lacks_file: bool,
    job: Option<Rc<str>>,
}

impl Report {
    /// The number of a text. The same file is the same text: what is wrong in it is told once, however often it is
    /// included.
    pub fn add_file(&mut self, name: &str, text: &str) -> u32 {
        if let Some(known) = self.files.iter().position(|file| file.name == name && file.text == text) {
            return known as u32;
        }
        self.files.push(File { name: name.to_owned(), text: text.to_owned() });
        self.files.len() as u32 - 1
    }

    /// The name of a file.
    pub fn file_name(&self, file: u32) -> &str {
        self.files.get(file as usize).map_or("", |file| &file.name)
    }

    /// Whether this is the text of a file.
    pub fn is_text(&self, file: u32, text: &str) -> bool {
        self.files.get(file as usize).is_some_and(|file| file.text == text)
    }

    /// Whether a file has this text somewhere.
    pub fn file_has(&self, file: u32, text: &str) -> bool {
        self.files.get(file as usize).is_some_and(|file| file.text.contains(text))
    }

    /// What stands at a place.
    pub fn written(&self, mark: Mark) -> &str {
        let text = self.files.get(mark.file as usize).and_then(|file| file.text.get(mark.span.start..mark.span.end));
        text.unwrap_or_default()
    }

    /// From now on findings without a topic are about this heading of the documentation.
    pub fn about(&mut self, topic: &'static str) {
        self.topic = Some(topic);
    }

    /// From now on findings that have to name their job are in this one.
    pub fn in_job(&mut self, job: Option<&Rc<str>>) {
        self.job = job.map(Rc::clone);
    }

    /// The job that is being looked at.
    pub fn job(&self) -> Option<Rc<str>> {
        self.job.clone()
    }

    pub fn add(&mut self, mut problem: Problem) {
        problem.topic = problem.topic.or(self.topic);
        if problem.severity == Severity::Error {
            self.errors += 1;
        }
        if self.problems.len() >= MAX_DIAGNOSTICS {
            self.omitted += 1;
        } else if self.seen.insert((problem.mark, problem.message.clone())) {
            self.problems.push(problem);
        }
    }

    /// Adds an error that costs something to put into words, unless nobody will read it.
    pub fn add_error(&mut self, error: impl FnOnce() -> Problem) {
        if self.problems.len() < MAX_DIAGNOSTICS {
            self.add(error());
        } else {
            self.errors += 1;
            self.omitted += 1;
        }
    }

    /// Adds an error about a part of the value at `whole`: at that part, as far as it stands in the text as it is.
    pub fn add_part(&mut self, whole: Mark, value: &str, part: Range<usize>, error: impl FnOnce(Mark) -> Problem) {
        if self.problems.len() >= MAX_DIAGNOSTICS {
            return self.add_error(|| error(whole));
        }
        let text = self.files.get(whole.file as usize).map_or("", |file| &file.text);
        let mark = part_of(text, whole, value, part).unwrap_or(whole);
        self.add(error(mark));
    }

    pub fn extend(&mut self, problems: Vec<Problem>) {
        for problem in problems {
            self.add(problem);
        }
    }

    pub fn error(&mut self, mark: Mark, message: impl Into<String>) {
        self.add(Problem::error(mark, message));
    }

    /// Notes that a part of the definition is not known, which has been told: what is not found may stand there.
    pub fn leave_out(&mut self) {
        self.is_partial = true;
    }

    /// Notes that a whole file is not known: what jobs do not say may stand there too.
    pub fn leave_out_file(&mut self) {
        (self.is_partial, self.lacks_file) = (true, true);
    }

    /// Whether a whole file is not known.
    pub fn lacks_file(&self) -> bool {
        self.lacks_file
    }

    /// Whether a part of the definition is not known. Then nobody is told that something is missing.
    pub fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// How many errors were added so far, repetitions counted: whoever compares two counts knows
    /// whether something between them went wrong.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// Whether an error was found so far.
    pub fn failed(&self) -> bool {
        self.errors > 0
    }

    /// Takes `values` with `bytes` of text from the budget for composing jobs. Reports the first
    /// excess; whoever gets `false` stops.
    pub fn charge(&mut self, values: usize, bytes: usize, mark: Mark) -> bool {
        let before = self.composed;
        self.composed = before.saturating_add(values.saturating_mul(VALUE_COST)).saturating_add(bytes);
        if self.composed <= MAX_COMPOSED {
            return true;
        }
        if before <= MAX_COMPOSED {
            let message = "the jobs grow past 64 MiB here, everything copied into them counted";
            self.add(Problem::error(mark, message).hint("define less in parents, defaults or global variables"));
        }
        false
    }

    /// All findings, in the order of the text.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        let told: HashSet<Mark> = self.problems.iter().filter(|p| !p.minor).map(|p| p.mark).collect();
        self.problems.retain(|p| !p.minor || !told.contains(&p.mark));
        self.problems.sort_by_key(|p| (p.mark.file, p.mark.span.start, p.mark.span.end));
        let mut diagnostics: Vec<_> = self.problems.iter().map(|p| self.diagnostic(p)).collect();
        if self.omitted > 0
            && let Some(last) = diagnostics.last().cloned()
        {
            diagnostics.push(Diagnostic {
                // An omitted error must not be lost behind a hundred warnings.
                severity: if self.errors > 0 { Severity::Error } else { Severity::Warning },
                message: format!("{} more findings are not listed", self.omitted),
                hint: None,
                ..last
            });
        }
        diagnostics
    }

    /// A place as people are shown it.
    pub fn place(&self, mark: Mark) -> Place {
        let (file, source_line) = match self.files.get(mark.file as usize) {
            Some(file) => (file.name.clone(), source_line(&file.text, mark.span.start)),
            None => (String::new(), String::new()),
        };
        Place { file, span: mark.span, source_line }
    }

    fn diagnostic(&self, problem: &Problem) -> Diagnostic {
        let Place { file, span, source_line } = self.place(problem.mark);
        Diagnostic {
            severity: problem.severity,
            message: match &problem.job {
                Some(job) => format!("{} (in `{job}`)", shortened(&problem.message)),
                None => shortened(&problem.message),
            },
            file,
            span,
            hint: problem.hint.as_deref().map(shortened),
            link: problem.topic.map(|topic| format!("{LANGUAGE}#{topic}")),
            source_line,
        }
    }
}

/// The message with the values in it cut that are too long to be read.
fn shortened(message: &str) -> String {
    let cut = |(i, part): (usize, &str)| {
        // Every other part stands between backquotes.
        let end = part.char_indices().nth(MAX_SHOWN).filter(|_| i % 2 == 1);
        end.map_or_else(|| part.to_owned(), |(end, _)| format!("{}…", &part[..end]))
    };
    message.split('`').enumerate().map(cut).collect::<Vec<_>>().join("`")
}

/// The line of `text` that holds the byte `offset`, without its line break; empty when it is too
/// long to be of use.
fn source_line(text: &str, offset: usize) -> String {
    let bytes = text.as_bytes();
    let offset = offset.min(bytes.len());
    let is_break = |b: &u8| *b == b'\n' || *b == b'\r';
    let start = bytes[..offset].iter().rposition(is_break).map_or(0, |at| at + 1);
    let end = bytes[offset..].iter().position(is_break).map_or(bytes.len(), |at| offset + at);
    if end - start > MAX_SOURCE_LINE {
        return String::new();
    }
    text.get(start..end).unwrap_or_default().trim_start_matches('\u{feff}').to_owned()
}

/// The span of the byte at `offset`.
pub(crate) fn span_at(text: &str, offset: usize) -> Span {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() as u32 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u32 + 1;
    Span { start: offset, end: offset, line, column }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_lines() {
        assert_eq!(source_line("a\nbc\nd", 2), "bc");
        assert_eq!(source_line("a\r\nbc", 0), "a");
        assert_eq!(source_line("", 0), "");
        assert_eq!(source_line("abc", 99), "abc");
        assert_eq!(source_line(&"x".repeat(2_000), 7), "");
        assert_eq!(span_at("é\nab", 4), Span { start: 4, end: 4, line: 2, column: 2 });
    }

    #[test]
    fn cuts_long_values() {
        let long = "é".repeat(MAX_SHOWN);
        let message = |value: &str| format!("`{value}` is no name; did you mean `{value}`?");
        assert_eq!(shortened(&message(&long)), message(&long));
        assert_eq!(shortened(&message(&format!("{long}xyz"))), message(&format!("{long}…")));
    }

    #[test]
    fn tells_the_same_thing_once_and_never_loses_an_error() {
        let mut report = Report::default();
        let file = report.add_file("f", "text");
        let mark = Mark { file, span: Span::default() };
        report.error(mark, "same");
        report.error(mark, "same");
        for i in 0..200 {
            report.add(Problem::warning(mark, i.to_string()));
        }
        let diagnostics = report.finish();
        assert_eq!(diagnostics.iter().filter(|d| d.message == "same").count(), 1);
        assert_eq!(diagnostics.len(), MAX_DIAGNOSTICS + 1);
        assert_eq!(diagnostics.last().map(|d| d.severity), Some(Severity::Error));
    }
}
