//! What is wrong with a definition: one type in the command line, the API and the browser.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How grave a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// No run can be made.
    Error,
    /// Legal, but surely not meant.
    Warning,
}

/// A place in a file. Lines and columns count from 1, columns in characters; offsets in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Line of the first byte.
    pub line: u32,
    /// Column of the first byte.
    pub column: u32,
}

/// One finding, with its place and a way out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The file as the user names it.
    pub file: String,
    /// Where in the file.
    pub span: Span,
    /// The way out: "did you mean `script`?".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Where the documentation explains it: `docs/language.md#rules`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The text of the line that the span begins in, for the caret.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source_line: String,
}

impl Diagnostic {
    /// How many characters the caret line underlines: at least one, never past the line.
    pub fn caret_width(&self) -> usize {
        let column = self.span.column.max(1) as usize - 1;
        let length = self.source_line.chars().count();
        let wanted = self.span.end.saturating_sub(self.span.start).max(1);
        wanted.min(length.saturating_sub(column).max(1))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.span.line, self.span.column, self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}
