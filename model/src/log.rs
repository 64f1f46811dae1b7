//! Pieces of a trace as readers get them.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// One line of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// From 1.
    pub number: u64,
    /// The text without its line end, bytes that are not UTF-8 replaced; raw otherwise: escape
    /// sequences and section markers are interpreted when shown.
    pub text: String,
    /// Whether the text was cut because the line is longer than a reader gets at once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// A range of lines, with what one needs to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogPage {
    /// The lines.
    pub lines: Vec<LogLine>,
    /// Complete lines in the trace now, plus one when the last is not ended yet.
    pub total_lines: u64,
    /// Bytes in the trace now.
    pub total_bytes: u64,
    /// Byte offset right behind the last line of this page: where a live stream goes on.
    pub next_offset: u64,
    /// Whether the trace is complete: nothing will be appended.
    pub complete: bool,
}

/// A piece of a growing trace, as the live stream carries it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogChunk {
    /// Byte offset of the first byte of this piece.
    pub offset: u64,
    /// Byte offset behind its last byte; the stream resumes there.
    pub next_offset: u64,
    /// Number of the line that the piece begins in, from 1.
    pub line: u64,
    /// The text, bytes that are not UTF-8 replaced; a character is never split between pieces.
    pub text: String,
    /// When the server got it.
    pub at: Timestamp,
}
