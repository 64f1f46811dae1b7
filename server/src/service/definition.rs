//! A definition under the name that people know it by, for findings that the language itself does not make.

use model::options::DEFINITION_FILE;
use model::plan::PlannedJob;
use model::{Diagnostic, Severity, Span};

/// A definition.
#[derive(Clone, Copy, Debug)]
pub struct Definition<'t> {
    /// What people call it: the file's name.
    pub file: &'t str,
    /// Its text; empty when nobody has it.
    pub text: &'t str,
}

impl<'t> Definition<'t> {
    /// The text of a definition that has the usual name.
    pub const fn of(text: &'t str) -> Self {
        Self { file: DEFINITION_FILE, text }
    }

    /// An error at the line in which a job begins; `link` is the heading of the documentation.
    pub fn error_at(&self, job: &PlannedJob, message: String, hint: Option<String>, link: Option<&str>) -> Diagnostic {
        let own = job.file.is_empty();
        let line = if own { self.text.lines().nth(job.line.max(1) as usize - 1) } else { None };
        Diagnostic {
            severity: Severity::Error,
            message,
            file: if own { self.file.to_owned() } else { job.file.clone() },
            span: Span { line: job.line, column: 1, ..Span::default() },
            hint,
            link: link.map(|link| format!("docs/language.md#{link}")),
            source_line: line.unwrap_or_default().to_owned(),
        }
    }
}
