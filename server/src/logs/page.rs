//! Pages of lines.

use std::io;

use model::log::{LogLine, LogPage};

use super::LINE_LIMIT;
use super::cursor::unfinished;
use super::view::View;

/// A page ends once it has this much text, however many lines were asked for.
const PAGE_BYTES: u64 = 1 << 20;

pub(super) fn lines(view: &View, from: u64, limit: u32) -> io::Result<LogPage> {
    let from = from.max(1);
    let mut page = LogPage {
        lines: Vec::new(),
        total_lines: view.lines(),
        total_bytes: view.size,
        next_offset: view.size,
        complete: view.complete,
    };
    let Some(mut offset) = view.start_of_line(from)? else {
        page.next_offset = end(view)?;
        return Ok(page);
    };
    let mut reader = Reader { view, buffer: vec![0; LINE_LIMIT + 2], start: 0, filled: 0 };
    let mut number = from;
    let mut text = 0;
    while page.lines.len() < limit as usize && text < PAGE_BYTES && offset < view.size {
        let (line, next) = reader.line(number, offset)?;
        text += line.text.len() as u64;
        page.lines.push(line);
        offset = next;
        number += 1;
    }
    page.next_offset = if offset >= view.size { end(view)? } else { offset };
    Ok(page)
}

pub(super) fn tail(view: &View, limit: u32) -> io::Result<LogPage> {
    let last = view.lines();
    let by_count = (last + 1).saturating_sub(u64::from(limit.max(1)));
    // The first line that begins behind the budget's start, so that the end fits on the page.
    let by_size = match view.size.saturating_sub(PAGE_BYTES) {
        0 => 1,
        start => view.newlines_before(start)? + 2,
    };
    lines(view, by_count.max(by_size).min(last.max(1)), limit)
}

/// The end of the snapshot, before a character of which only a part has come.
fn end(view: &View) -> io::Result<u64> {
    if view.complete || view.size == 0 {
        return Ok(view.size);
    }
    let bytes = view.read(view.size.saturating_sub(4)..view.size)?;
    Ok(view.size - unfinished(&bytes) as u64)
}

struct Reader<'a> {
    view: &'a View,
    buffer: Vec<u8>,
    /// Offset in the trace of what the buffer holds.
    start: u64,
    filled: usize,
}

impl Reader<'_> {
    /// The line that begins at `offset`, and where the next one begins.
    fn line(&mut self, number: u64, offset: u64) -> io::Result<(LogLine, u64)> {
        let mut bytes = self.buffered(offset);
        let mut place = memchr::memchr(b'\n', bytes);
        if place.is_none() {
            self.filled = self.view.read_into(&mut self.buffer, offset)?;
            self.start = offset;
            bytes = self.buffered(offset);
            place = memchr::memchr(b'\n', bytes);
        }
        if let Some(place) = place {
            let line = &bytes[..place];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            return Ok((shown(number, line, true), offset + place as u64 + 1));
        }
        let line = shown(number, bytes, self.view.complete);
        // A cut line may be very long: the index knows where the next one begins.
        let next = if line.cut { self.view.start_of_line(number + 1)? } else { None };
        Ok((line, next.unwrap_or(self.view.size)))
    }

    fn buffered(&self, offset: u64) -> &[u8] {
        let skip = offset.checked_sub(self.start).map_or(self.filled, |skip| self.filled.min(skip as usize));
        &self.buffer[skip..self.filled]
    }
}

/// A line as a reader gets it. Of a character that is not `whole` yet nothing is shown.
fn shown(number: u64, bytes: &[u8], whole: bool) -> LogLine {
    let cut = bytes.len() > LINE_LIMIT;
    let mut kept = &bytes[..bytes.len().min(LINE_LIMIT)];
    if cut || !whole {
        kept = &kept[..kept.len() - unfinished(kept)];
    }
    LogLine { number, text: String::from_utf8_lossy(kept).into_owned(), cut }
}
