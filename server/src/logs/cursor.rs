//! Going through a trace in pieces of text, as a live stream does.

use std::fs::File;
use std::io;

use model::Timestamp;
use model::log::LogChunk;

use super::index::{count_newlines, read_at};
use super::view::View;
use super::{LINE_LIMIT, Progress};

/// A place in a trace. Holds the file, and no bytes between two pieces.
#[derive(Debug)]
pub struct Cursor {
    view: View,
    offset: u64,
    line: u64,
}

impl Cursor {
    pub(super) fn new(view: View, offset: u64) -> io::Result<Self> {
        let offset = offset.min(view.size);
        let line = view.newlines_before(offset)? + 1;
        Ok(Self { view, offset, line })
    }

    /// Where the next piece begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The next piece of what is there according to `progress`, at most 64 KiB; `None` when there
    /// is no whole character more. A cursor made on an empty trace has no file: make a new one once
    /// bytes have come ([`Cursor::is_empty`]).
    pub fn next(&mut self, progress: Progress) -> io::Result<Option<LogChunk>> {
        let Some(log) = &self.view.log else { return Ok(None) };
        let Some((mut bytes, last)) = piece(log, self.offset, progress.bytes)? else { return Ok(None) };
        if !(last && progress.complete) {
            bytes.truncate(bytes.len() - unfinished(&bytes));
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let chunk = LogChunk {
            offset: self.offset,
            next_offset: self.offset + bytes.len() as u64,
            line: self.line,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            at: self.time(progress),
        };
        self.offset = chunk.next_offset;
        self.line += count_newlines(&bytes);
        Ok(Some(chunk))
    }

    /// Whether there was no trace when the cursor was made.
    pub fn is_empty(&self) -> bool {
        self.view.log.is_none()
    }

    fn time(&self, progress: Progress) -> Timestamp {
        if self.offset < self.view.size { self.view.time_at(self.offset) } else { progress.at }
    }
}

/// The bytes from `offset` on, and whether they are the last ones there are.
fn piece(log: &File, offset: u64, end: u64) -> io::Result<Option<(Vec<u8>, bool)>> {
    let left = end.saturating_sub(offset);
    if left == 0 {
        return Ok(None);
    }
    let mut bytes = vec![0; LINE_LIMIT.min(left as usize)];
    let got = read_at(log, &mut bytes, offset)?;
    bytes.truncate(got);
    Ok(Some((bytes, got as u64 == left)))
}

/// How many bytes at the end are the beginning of a character whose rest has not come.
pub fn unfinished(bytes: &[u8]) -> usize {
    // A character has at most four bytes, so looking at the last three is enough.
    for back in 1..=bytes.len().min(3) {
        let byte = bytes[bytes.len() - back];
        let length = match byte {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            0x80..=0xBF => continue,
            _ => return 0,
        };
        let begun = std::str::from_utf8(&bytes[bytes.len() - back..]);
        let could_go_on = matches!(begun, Err(error) if error.error_len().is_none());
        return if length > back && could_go_on { back } else { 0 };
    }
    0
}
