//! What goes to stdout: lines, one JSON document, tables, colours where a person looks.

use std::io::{IsTerminal as _, Write as _};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use model::Status;
pub use model::text::harmless;
use model::time::human_duration;
use serde::Serialize;

/// Writes a line to stdout. A reader that went away (`weir jobs list | head -1`) ends the command
/// quietly, as it ends other tools.
pub fn line(text: impl std::fmt::Display) {
    write(&format!("{text}\n"));
}

/// Writes text as it is.
pub fn write(text: &str) {
    let mut out = std::io::stdout().lock();
    if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Writes bytes as they are: a log may be anything.
pub fn bytes(bytes: &[u8]) {
    let mut out = std::io::stdout().lock();
    if out.write_all(bytes).and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}

/// Writes a line to stderr; nobody to read it is fine.
pub fn note(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// What went wrong, with the control characters in it spelled out: it repeats what was given, and one of them may be what
/// is wrong with that.
pub fn spelled(text: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

/// Writes one JSON document.
pub fn json(document: &impl Serialize) {
    line(serde_json::to_string_pretty(document).unwrap_or_else(|_| "null".into()));
}

/// Whether a person looks at stdout.
pub fn is_terminal() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Colours, or the same text without them.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// Colours when stdout is a terminal and `NO_COLOR` is not set.
    pub fn stdout() -> Self {
        Self { on: is_terminal() && !no_color() }
    }

    /// The same for stderr.
    pub fn stderr() -> Self {
        Self { on: std::io::stderr().is_terminal() && !no_color() }
    }

    /// Whether there are colours.
    pub const fn is_on(self) -> bool {
        self.on
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Strong.
    pub fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Aside.
    pub fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    /// Bad.
    pub fn red(self, text: &str) -> String {
        self.with("31", text)
    }

    /// Good.
    pub fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    /// Doubtful.
    pub fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    /// A status in its colour.
    pub fn status(self, status: Status) -> String {
        self.word(status, status.as_str())
    }

    /// Any text in the colour of a status.
    pub fn word(self, status: Status, text: &str) -> String {
        let code = match status {
            Status::Success => "32",
            Status::Failed => "31",
            Status::Running | Status::Canceling => "34",
            Status::Manual | Status::Scheduled | Status::WaitingForResource => "33",
            Status::Canceled | Status::Skipped | Status::Created | Status::Preparing | Status::Pending => "2",
        };
        self.with(code, text)
    }

    /// The name of a job before its lines; jobs that run together get different colours.
    pub fn prefix(self, name: &str, width: usize) -> String {
        const COLOURS: [&str; 6] = ["36", "35", "34", "33", "32", "96"];
        let sum = name.bytes().fold(0usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        self.with(COLOURS[sum % COLOURS.len()], &format!("{name:<width$} | "))
    }
}

fn no_color() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// The sign of a status.
pub const fn mark(status: Status) -> &'static str {
    match status {
        Status::Success => "✓",
        Status::Failed => "✗",
        Status::Canceled | Status::Canceling => "⊘",
        Status::Skipped => "»",
        Status::Manual => "▷",
        Status::Running => "●",
        _ => "○",
    }
}

/// A borderless table: one line per row, aligned, cut to the terminal's width.
pub fn table(head: &[&str], rows: Vec<Vec<String>>, right: &[usize]) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(head.iter().map(|name| name.to_uppercase()));
    for row in rows {
        table.add_row(row);
    }
    for (i, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if right.contains(&i) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// A duration in whole seconds, as GitLab's objects have it, or a dash.
pub fn seconds(seconds: Option<i64>) -> String {
    if seconds == Some(0) { "<1 s".into() } else { duration(seconds.map(|seconds| seconds * 1000)) }
}

/// A duration in milliseconds, or a dash.
pub fn duration(milliseconds: Option<i64>) -> String {
    milliseconds.map_or_else(|| "-".into(), human_duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_align() {
        let text = table(&["id", "name"], vec![vec!["7".into(), "a".into()], vec!["120".into(), "long".into()]], &[0]);
        insta::assert_snapshot!(text, @r"
         ID  NAME
          7  a
        120  long
        ");
    }
}
