//! JUnit's XML, in its many dialects (`reports:junit`). What counts is what GitLab reads: `testsuites` or
//! `testsuite` as root, suites in suites, and of a case its attributes and what went wrong.

use model::report::{TestCase, TestStatus, TestSuite};
use quick_xml::events::BytesStart;

use super::ReportError;
use super::xml::{Piece, Pieces, attribute, decode};

/// Most test cases of a file.
const MAX_CASES: usize = 500_000;
/// How much of a case's output is kept, in bytes.
const MAX_OUTPUT: usize = 64 * 1024;
/// What a text that was cut ends with.
const CUT: &str = "\n[cut: the report has more]";

/// The suites that have cases, in the order in which they begin. Nested ones stand beside their parents; the cases of
/// those without a name belong to the suite around them. All cases are kept, also those of the same name.
///
/// # Errors
/// The file is larger than [`super::MAX_XML`], has too many cases or is nested too deeply; its encoding is unknown or
/// not kept; it is no well-formed XML; its root is another element.
pub fn parse(bytes: &[u8]) -> Result<Vec<TestSuite>, ReportError> {
    let text = decode(bytes)?;
    let mut pieces = Pieces::new(&text);
    let mut reading = Reading::default();
    loop {
        match pieces.next()? {
            Piece::Start(element) => reading.start(&element, &pieces)?,
            Piece::Text(text) => reading.text(&text),
            Piece::End => reading.end(),
            Piece::Eof if reading.has_root => break,
            Piece::Eof => return Err(ReportError::Whole("the file holds no <testsuites> or <testsuite>".to_owned())),
        }
    }
    Ok(reading.suites.into_iter().filter(|suite| suite.total_count > 0).collect())
}

/// An element that is open.
#[derive(Clone, Copy)]
enum Open {
    /// A suite or the list of suites, by its place.
    Suite(usize),
    Case,
    /// A child of a case whose text is wanted.
    Output(Kind),
    /// Anything else, with all that it holds.
    Other,
}

/// The children of a case, by what they say of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Failure,
    Error,
    Skipped,
    Out,
    Err,
}

#[derive(Default)]
struct Reading {
    open: Vec<Open>,
    suites: Vec<TestSuite>,
    has_root: bool,
    cases: usize,
    case: TestCase,
    outputs: Vec<(Kind, Output)>,
}

/// A child of a case.
#[derive(Default)]
struct Output {
    message: String,
    text: Limited,
}

impl Reading {
    fn start(&mut self, element: &BytesStart<'_>, pieces: &Pieces<'_>) -> Result<(), ReportError> {
        let name = element.local_name();
        let open = match (self.open.last(), name.as_ref()) {
            (None, "testsuites" | "testsuite") => {
                self.has_root = true;
                self.suite(element, None)
            }
            (None, other) => {
                return Err(pieces.problem(format!("expected <testsuites> or <testsuite>, found <{other}>")));
            }
            (Some(Open::Suite(parent)), "testsuite") => {
                let parent = *parent;
                self.suite(element, Some(parent))
            }
            (Some(Open::Suite(_)), "testcase") => {
                self.cases += 1;
                if self.cases > MAX_CASES {
                    return Err(ReportError::TooMany { what: "test cases", limit: MAX_CASES });
                }
                self.case = TestCase {
                    name: attribute(element, "name").unwrap_or_default(),
                    classname: attribute(element, "classname").unwrap_or_default(),
                    file: attribute(element, "file"),
                    execution_time: seconds(&attribute(element, "time").unwrap_or_default()),
                    ..TestCase::default()
                };
                Open::Case
            }
            (Some(Open::Case), name) => match kind(name) {
                Some(kind) => {
                    let message = attribute(element, "message").or_else(|| attribute(element, "type"));
                    let message = message.filter(|_| !matches!(kind, Kind::Out | Kind::Err)).unwrap_or_default();
                    self.outputs.push((kind, Output { message, text: Limited::default() }));
                    Open::Output(kind)
                }
                None => Open::Other,
            },
            // Some write elements into the text of a failure: what they hold is text of it.
            (Some(Open::Output(kind)), _) => Open::Output(*kind),
            (Some(Open::Suite(_) | Open::Other), _) => Open::Other,
        };
        self.open.push(open);
        Ok(())
    }

    fn suite(&mut self, element: &BytesStart<'_>, parent: Option<usize>) -> Open {
        let name = attribute(element, "name").unwrap_or_default();
        match parent {
            Some(parent) if name.is_empty() => Open::Suite(parent),
            _ => {
                self.suites.push(TestSuite::new(name));
                Open::Suite(self.suites.len() - 1)
            }
        }
    }

    fn text(&mut self, text: &str) {
        if let (Some(Open::Output(_)), Some((_, output))) = (self.open.last(), self.outputs.last_mut()) {
            output.text.push(text);
        }
    }

    fn end(&mut self) {
        let ended = self.open.pop();
        match (ended, self.open.last()) {
            (Some(Open::Case), Some(Open::Suite(suite))) => {
                let mut case = std::mem::take(&mut self.case);
                (case.status, case.system_output) = judge(&std::mem::take(&mut self.outputs));
                self.suites[*suite].push(case);
            }
            (Some(Open::Suite(ended)), around) => {
                // At once, or millions of empty ones would be kept until the end.
                let goes_on = matches!(around, Some(Open::Suite(suite)) if *suite == ended);
                if !goes_on && ended + 1 == self.suites.len() && self.suites[ended].total_count == 0 {
                    self.suites.pop();
                }
            }
            _ => {}
        }
    }
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "failure" => Kind::Failure,
        "error" => Kind::Error,
        "skipped" => Kind::Skipped,
        "system-out" => Kind::Out,
        "system-err" => Kind::Err,
        _ => return None,
    })
}

/// How a case with these children ended, and what is shown of them.
fn judge(outputs: &[(Kind, Output)]) -> (TestStatus, Option<String>) {
    let ends =
        [(Kind::Failure, TestStatus::Failed), (Kind::Error, TestStatus::Error), (Kind::Skipped, TestStatus::Skipped)];
    let Some((decides, status)) = ends.into_iter().find(|(end, _)| outputs.iter().any(|(kind, _)| kind == end)) else {
        return (TestStatus::Success, None);
    };
    let mut all = Limited::default();
    let mut add = |kind: Kind, title: &str| {
        for (_, output) in outputs.iter().filter(|(one, _)| *one == kind) {
            let text = output.text.shown();
            let has_message = !output.message.is_empty() && !text.contains(&output.message);
            let parts = [title, if has_message { &output.message } else { "" }, text];
            for part in parts.into_iter().filter(|part| !part.is_empty()) {
                all.push(if all.text.is_empty() { "" } else { "\n\n" });
                all.push(part);
            }
            all.cut |= output.text.cut;
        }
    };
    add(decides, "");
    if status != TestStatus::Skipped {
        add(Kind::Out, "System Out:");
        add(Kind::Err, "System Err:");
    }
    let output = all.finish();
    (status, Some(output).filter(|output| !output.is_empty()))
}

/// Seconds as the tools write them, some with commas between thousands; 0 when it is no number.
fn seconds(text: &str) -> f64 {
    let number: f64 = text.trim().replace(',', "").parse().unwrap_or_default();
    if number.is_finite() { number.max(0.0) } else { 0.0 }
}

/// A text of at most [`MAX_OUTPUT`] bytes, cut between characters.
#[derive(Default)]
struct Limited {
    text: String,
    cut: bool,
}

impl Limited {
    fn push(&mut self, more: &str) {
        let end = more.floor_char_boundary(MAX_OUTPUT - self.text.len());
        if !self.cut {
            self.text.push_str(&more[..end]);
        }
        self.cut |= end < more.len();
    }

    /// Without the line ends around it.
    fn shown(&self) -> &str {
        self.text.trim_start_matches(['\r', '\n']).trim_end()
    }

    fn finish(mut self) -> String {
        if self.cut {
            self.text.push_str(CUT);
        }
        self.text
    }
}

#[cfg(test)]
#[path = "junit_tests.rs"]
mod tests;
