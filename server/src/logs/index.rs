//! The sparse index: one record per full [`STEP`] of the trace, at a place that follows from its
//! number, so that finding a record costs one read and nothing is kept in memory.
//!
//! A step is a number of bytes and not of lines: scanning one step takes microseconds however many
//! lines it has, and a trace of empty lines does not get an index of its own size.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use model::Timestamp;

/// Bytes of trace per record.
pub(super) const STEP: u64 = 64 * 1024;

/// Bytes of one record.
pub(super) const RECORD: u64 = 16;

/// What is known at the end of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record {
    /// Line ends in the trace up to there.
    pub newlines: u64,
    /// When the step became full.
    pub at: Timestamp,
}

impl Record {
    /// Adds the record to a buffer of bytes for the index.
    pub fn write_to(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.newlines.to_le_bytes());
        bytes.extend_from_slice(&self.at.0.to_le_bytes());
    }

    /// Reads the record of step `number`, counted from 0.
    pub fn read(index: &File, number: u64) -> io::Result<Self> {
        let mut bytes = [0; RECORD as usize];
        index.read_exact_at(&mut bytes, number * RECORD)?;
        let (newlines, at) = bytes.split_at(8);
        let word = |half: &[u8]| half.try_into().map(u64::from_le_bytes).unwrap_or_default();
        Ok(Self { newlines: word(newlines), at: Timestamp(word(at) as i64) })
    }
}

/// Counts the line ends in a piece of a trace.
pub(super) fn count_newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Reads until the buffer is full or the file ends.
pub(super) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read_at(&mut buffer[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
