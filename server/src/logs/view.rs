//! A trace as one reader sees it: the files and how far they reached at one moment.

use std::fs::File;
use std::io;
use std::ops::Range;

use model::Timestamp;

use super::index::{Record, STEP, count_newlines, read_at};

/// A snapshot. What is appended later is not in it.
#[derive(Debug)]
pub(super) struct View {
    /// `None` when there are no bytes.
    pub log: Option<File>,
    pub index: Option<File>,
    pub indexed: u64,
    pub size: u64,
    pub newlines: u64,
    pub open_line: bool,
    pub complete: bool,
    pub at: Timestamp,
}

impl View {
    pub fn into_file(self) -> Option<File> {
        self.log
    }

    /// Complete lines, plus one when the last has no end yet.
    pub fn lines(&self) -> u64 {
        self.newlines + u64::from(self.open_line)
    }

    pub fn read(&self, range: Range<u64>) -> io::Result<Vec<u8>> {
        let end = range.end.min(self.size);
        let mut bytes = vec![0; end.saturating_sub(range.start) as usize];
        let got = self.read_into(&mut bytes, range.start)?;
        bytes.truncate(got);
        Ok(bytes)
    }

    /// Reads up to the end of the snapshot.
    pub fn read_into(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let Some(log) = &self.log else { return Ok(0) };
        let want = buffer.len().min(self.size.saturating_sub(offset) as usize);
        read_at(log, &mut buffer[..want], offset)
    }

    /// Line ends before `offset`.
    pub fn newlines_before(&self, offset: u64) -> io::Result<u64> {
        let steps = (offset / STEP).min(self.indexed);
        let known = match steps.checked_sub(1) {
            Some(number) => self.record(number)?.newlines,
            None => 0,
        };
        let mut count = known;
        self.scan(steps * STEP, offset, |piece, _| {
            count += count_newlines(piece);
            None::<()>
        })?;
        Ok(count)
    }

    /// Where line `line` begins; `None` when there is no such line.
    pub fn start_of_line(&self, line: u64) -> io::Result<Option<u64>> {
        if line <= 1 {
            return Ok((self.size > 0 && line == 1).then_some(0));
        }
        if line > self.lines() {
            return Ok(None);
        }
        // The line begins behind this line end, so before it there are fewer.
        let wanted = line - 1;
        let steps = self.steps_with_fewer(wanted)?;
        let mut count = match steps.checked_sub(1) {
            Some(number) => self.record(number)?.newlines,
            None => 0,
        };
        self.scan(steps * STEP, self.size, |piece, at| {
            let here = count_newlines(piece);
            if count + here < wanted {
                count += here;
                return None;
            }
            let place = memchr::memchr_iter(b'\n', piece).nth((wanted - count - 1) as usize)?;
            Some(at + place as u64 + 1)
        })
    }

    /// When the byte at `offset` was there at the latest.
    pub fn time_at(&self, offset: u64) -> Timestamp {
        let number = offset / STEP;
        if number < self.indexed { self.record(number).map_or(self.at, |record| record.at) } else { self.at }
    }

    /// How many steps from the beginning hold fewer than `wanted` line ends altogether.
    fn steps_with_fewer(&self, wanted: u64) -> io::Result<u64> {
        let (mut low, mut high) = (0, self.indexed);
        while low < high {
            let middle = low.midpoint(high);
            if self.record(middle)?.newlines < wanted {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    fn record(&self, number: u64) -> io::Result<Record> {
        match &self.index {
            Some(index) => Record::read(index, number),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    fn scan<T>(&self, from: u64, to: u64, mut take: impl FnMut(&[u8], u64) -> Option<T>) -> io::Result<Option<T>> {
        let mut buffer = vec![0; (STEP as usize).min(to.saturating_sub(from) as usize)];
        let mut offset = from;
        while offset < to {
            let want = buffer.len().min((to - offset) as usize);
            let got = self.read_into(&mut buffer[..want], offset)?;
            if got == 0 {
                break;
            }
            if let Some(found) = take(&buffer[..got], offset) {
                return Ok(Some(found));
            }
            offset += got as u64;
        }
        Ok(None)
    }
}
