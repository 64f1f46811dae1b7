//! The part of a trace that the page holds: pages of lines, loaded where somebody looks, the end
//! growing with the live stream. What lies far from the eye is let go, so that a gigabyte costs no
//! more memory than a screen.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use model::log::{LogChunk, LogPage};

use super::ansi::Painter;
use super::line::{Marker, Shown, markers, show};
use super::section::{Section, hidden, merge, sections};
use super::window::Folds;

/// Lines that are asked for at once.
pub const PAGE: u64 = 500;
/// Pages that are held: 100 000 lines.
const MOST_PAGES: usize = 200;
/// Longest line that is held.
const MOST_BYTES: usize = 64 * 1024;

/// A line that is held.
#[derive(Clone, Debug)]
struct Entry {
    raw: String,
    cut: bool,
    shown: Option<(Arc<Shown>, Painter)>,
}

/// A line for the eye.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its number, from 1.
    pub number: u64,
    /// What it says; `None` while it is not here yet.
    pub shown: Option<Arc<Shown>>,
    /// Whether it is longer than what is here.
    pub cut: bool,
    /// For the header of a section: whether that is folded, and the seconds it took.
    pub section: Option<(bool, Option<i64>)>,
    /// Changes whenever the line does.
    pub bytes: usize,
}

impl Row {
    /// What tells two states of a row apart.
    pub fn key(&self) -> (u64, usize, bool, Option<(bool, Option<i64>)>) {
        (self.number, self.bytes, self.shown.is_some(), self.section)
    }
}

impl PartialEq for Row {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

/// The held part.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    entries: BTreeMap<u64, Entry>,
    total: u64,
    next_offset: u64,
    complete: bool,
    markers: BTreeMap<u64, Vec<Marker>>,
    sections: Vec<Section>,
    toggled: BTreeMap<u64, bool>,
    folds: Folds,
    asked: BTreeSet<u64>,
}

impl Trace {
    /// What the server sent with the page.
    pub fn new(page: LogPage) -> Self {
        let mut trace = Self::default();
        trace.insert(page);
        trace
    }

    /// Lines in the whole trace, as far as is known.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Where the live stream goes on.
    pub fn next_offset(&self) -> u64 {
        self.next_offset
    }

    /// Whether nothing will be added any more.
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether the last line is here, so that what is streamed joins it.
    pub fn has_end(&self) -> bool {
        self.total == 0 || self.entries.contains_key(&self.total)
    }

    /// The stream said that this was all.
    pub fn end(&mut self) {
        self.complete = true;
    }

    /// The runner sends the whole trace again.
    pub fn begin_again(&mut self) {
        *self = Self { toggled: std::mem::take(&mut self.toggled), ..Self::default() };
    }

    /// Folded lines.
    pub fn folds(&self) -> &Folds {
        &self.folds
    }

    /// Takes in a page.
    pub fn insert(&mut self, page: LogPage) {
        let last = page.lines.last().map_or(0, |l| l.number);
        let reaches_end = last == page.total_lines && page.next_offset >= self.next_offset;
        if reaches_end {
            self.next_offset = page.next_offset;
        }
        self.total = self.total.max(page.total_lines);
        self.complete |= page.complete;
        let newest = self.total;
        let mut marked = false;
        for line in page.lines {
            // What the stream has added to the last line since is newer than this page.
            let longer = self.entries.get(&line.number).is_some_and(|held| held.raw.len() >= line.text.len());
            if longer && line.number == newest {
                continue;
            }
            marked |= self.mark(line.number, &line.text);
            self.entries.insert(line.number, Entry { raw: line.text, cut: line.cut, shown: None });
        }
        if marked {
            self.fold();
        }
    }

    /// Takes in a piece of the stream. Pieces that are here already are nothing new.
    pub fn append(&mut self, chunk: &LogChunk) {
        if chunk.next_offset <= self.next_offset {
            return;
        }
        let joins = chunk.offset == self.next_offset && self.has_end();
        let mut number = chunk.line.max(1);
        let mut pieces = chunk.text.split('\n').peekable();
        let mut marked = false;
        let mut first = true;
        while let Some(piece) = pieces.next() {
            if pieces.peek().is_none() && piece.is_empty() {
                break;
            }
            // Without what came before, the rest of a line is worth nothing: it is asked for later.
            let whole = !std::mem::take(&mut first) || joins || chunk.offset == 0;
            if whole {
                let entry =
                    self.entries.entry(number).or_insert_with(|| Entry { raw: String::new(), cut: false, shown: None });
                let room = MOST_BYTES.saturating_sub(entry.raw.len());
                let fits = piece.floor_char_boundary(room.min(piece.len()));
                entry.raw.push_str(&piece[..fits]);
                entry.cut |= fits < piece.len();
                entry.shown = None;
                let raw = std::mem::take(&mut entry.raw);
                marked |= self.mark(number, &raw);
                if let Some(entry) = self.entries.get_mut(&number) {
                    entry.raw = raw;
                }
            }
            self.total = self.total.max(number);
            number += 1;
        }
        self.next_offset = chunk.next_offset;
        if marked {
            self.fold();
        }
    }

    /// The first lines of pages that these rows belong to and that are not here; each is told once.
    pub fn missing(&mut self, rows: &[Row]) -> Vec<u64> {
        let mut wanted = Vec::new();
        for row in rows.iter().filter(|row| row.shown.is_none()) {
            let page = (row.number - 1) / PAGE;
            if self.asked.insert(page) {
                wanted.push(page * PAGE + 1);
            }
        }
        wanted
    }

    /// A page that was asked for did not come; it may be asked for again.
    pub fn failed(&mut self, first_line: u64) {
        self.asked.remove(&((first_line - 1) / PAGE));
    }

    /// Lets go of what is far from `line`.
    pub fn forget_far_from(&mut self, line: u64) {
        let held = self.entries.len() / PAGE as usize;
        if held <= MOST_PAGES {
            return;
        }
        let reach = MOST_PAGES as u64 * PAGE / 2;
        let (low, high) = (line.saturating_sub(reach), line + reach);
        let end = self.total.saturating_sub(PAGE);
        self.entries.retain(|number, _| (low..=high).contains(number) || *number > end);
        let entries = &self.entries;
        self.asked.retain(|page| entries.contains_key(&(page * PAGE + 1)));
    }

    /// Folds or unfolds the section whose header is on this line.
    pub fn toggle(&mut self, line: u64) {
        if let Some(section) = self.section_at(line) {
            let folded = self.is_folded(section);
            self.toggled.insert(line, !folded);
            self.refold();
        }
    }

    /// Whether there is a section that can be folded, and whether all of them are.
    pub fn all_folded(&self) -> Option<bool> {
        let mut closed = self.sections.iter().filter(|s| s.end.is_some()).peekable();
        closed.peek()?;
        Some(closed.all(|s| self.is_folded(s)))
    }

    /// Folds or unfolds every section.
    pub fn fold_all(&mut self, fold: bool) {
        self.toggled = self.sections.iter().map(|s| (s.line, fold)).collect();
        self.refold();
    }

    /// Unfolds whatever hides the line.
    pub fn reveal(&mut self, line: u64) {
        let around: Vec<u64> = self
            .sections
            .iter()
            .filter(|s| s.line < line && s.end.is_some_and(|end| line <= end) && self.is_folded(s))
            .map(|s| s.line)
            .collect();
        for header in around {
            self.toggled.insert(header, false);
        }
        self.refold();
    }

    /// The rows from one to another (exclusive), counted from 0 without what is folded away.
    pub fn window(&mut self, from: u64, to: u64) -> Vec<Row> {
        let to = to.min(self.folds.rows(self.total));
        let lines: Vec<u64> = (from..to).map(|row| self.folds.line_at(row)).collect();
        lines.into_iter().map(|line| self.row(line)).collect()
    }

    /// One row.
    pub fn row(&mut self, number: u64) -> Row {
        let shown = self.shown(number);
        let section = self.section_at(number).map(|s| (self.is_folded(s), s.seconds));
        let entry = self.entries.get(&number);
        Row { number, shown, cut: entry.is_some_and(|e| e.cut), section, bytes: entry.map_or(0, |e| e.raw.len()) }
    }

    /// Paints a line, and before it those whose colours it may inherit.
    fn shown(&mut self, number: u64) -> Option<Arc<Shown>> {
        if let Some((shown, _)) = &self.entries.get(&number)?.shown {
            return Some(shown.clone());
        }
        let mut start = number;
        while start > 1
            && number - start < PAGE
            && self.entries.get(&(start - 1)).is_some_and(|before| before.shown.is_none())
        {
            start -= 1;
        }
        let before = start.checked_sub(1).and_then(|n| self.entries.get(&n)).and_then(|e| e.shown.as_ref());
        let mut painter = before.map(|(_, painter)| painter.clone()).unwrap_or_default();
        for (_, entry) in self.entries.range_mut(start..=number) {
            entry.shown = Some((Arc::new(show(&entry.raw, &mut painter)), painter.clone()));
        }
        self.entries.get(&number)?.shown.as_ref().map(|(shown, _)| shown.clone())
    }

    fn mark(&mut self, number: u64, raw: &str) -> bool {
        let found = markers(raw);
        if found.is_empty() {
            return false;
        }
        self.markers.insert(number, found);
        true
    }

    fn section_at(&self, line: u64) -> Option<&Section> {
        self.sections.binary_search_by_key(&line, |s| s.line).ok().map(|i| &self.sections[i])
    }

    fn is_folded(&self, section: &Section) -> bool {
        self.toggled.get(&section.line).copied().unwrap_or(section.collapsed) && section.end.is_some()
    }

    fn fold(&mut self) {
        self.sections = sections(&self.markers);
        self.refold();
    }

    fn refold(&mut self) {
        let mut ranges = hidden(&self.sections, |s| self.is_folded(s));
        // Lines that hold nothing but an end marker are no rows at all.
        let bare = self.markers.iter().filter(|(line, found)| {
            found.iter().all(|m| matches!(m, Marker::End { .. }))
                && self.entries.get(line).is_none_or(|e| show(&e.raw, &mut Painter::default()).is_only_marker())
        });
        ranges.extend(bare.map(|(line, _)| (*line, *line)));
        self.folds = Folds::new(merge(ranges));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;
    use model::log::LogLine;
    use proptest::prelude::*;

    fn page(from: u64, lines: &[&str], total: u64, next_offset: u64) -> LogPage {
        let lines = lines.iter().zip(from..).map(|(t, number)| LogLine { number, text: (*t).into(), cut: false });
        LogPage { lines: lines.collect(), total_lines: total, total_bytes: 0, next_offset, complete: false }
    }

    fn chunk(offset: u64, line: u64, text: &str) -> LogChunk {
        let next_offset = offset + text.len() as u64;
        LogChunk { offset, next_offset, line, text: text.into(), at: Timestamp(0) }
    }

    fn text(trace: &mut Trace, line: u64) -> Option<String> {
        trace.row(line).shown.map(|s| s.spans.iter().map(|s| s.text.as_str()).collect())
    }

    #[test]
    fn a_stream_goes_on_where_the_page_ended() {
        let mut trace = Trace::new(page(1, &["one", "tw"], 2, 6));
        trace.append(&chunk(6, 2, "o\nthree\n"));
        trace.append(&chunk(6, 2, "o\nthree\n"));
        trace.append(&chunk(14, 4, "\x1b[31mfour"));
        let all: Vec<_> = (1..=4).map(|n| text(&mut trace, n).unwrap()).collect();
        assert_eq!(all, ["one", "two", "three", "four"]);
        assert_eq!((trace.total(), trace.next_offset()), (4, 23));
        let before = trace.row(4).key();
        trace.append(&chunk(23, 4, " and more\nfive"));
        assert_ne!(before, trace.row(4).key());
        assert_eq!(trace.row(5).shown.unwrap().spans[0].style.classes(), "f1");
    }

    #[test]
    fn the_end_of_a_line_without_its_beginning_is_asked_for() {
        let mut trace = Trace::new(page(1, &["one"], 900, 4));
        assert!(!trace.has_end());
        trace.append(&chunk(9000, 901, "rest\nnext\n"));
        assert_eq!(text(&mut trace, 901), None);
        assert_eq!(text(&mut trace, 902).unwrap(), "next");
        let rows = trace.window(0, 902);
        assert_eq!(trace.missing(&rows), [1, 501]);
        assert!(trace.missing(&rows).is_empty());
        trace.failed(501);
        assert_eq!(trace.missing(&rows[800..]), [501]);
    }

    #[test]
    fn sections_fold_and_open() {
        let lines = [
            "start",
            "\x1b[0Ksection_start:10:a[collapsed=true]\r\x1b[0KHeader",
            "inside",
            "\x1b[0Ksection_end:14:a\r\x1b[0K",
            "after",
        ];
        let mut trace = Trace::new(page(1, &lines, 5, 90));
        let rows = |trace: &mut Trace| trace.window(0, 5).iter().map(|r| r.number).collect::<Vec<_>>();
        assert_eq!(rows(&mut trace), [1, 2, 5]);
        assert_eq!(trace.row(2).section, Some((true, Some(4))));
        trace.toggle(2);
        assert_eq!(rows(&mut trace), [1, 2, 3, 5]);
        trace.toggle(2);
        assert_eq!(trace.all_folded(), Some(true));
        trace.fold_all(false);
        assert_eq!(trace.all_folded(), Some(false));
        trace.fold_all(true);
        trace.reveal(3);
        assert_eq!(rows(&mut trace), [1, 2, 3, 5]);
        assert_eq!(trace.folds().rows(5), 4);
    }

    #[test]
    fn memory_is_bounded() {
        let mut trace = Trace::default();
        let mut offset = 0;
        for n in 1..=150_000 {
            let piece = chunk(offset, n, "x\n");
            offset = piece.next_offset;
            trace.append(&piece);
            if n % 1000 == 0 {
                trace.forget_far_from(n);
            }
        }
        assert!(trace.entries.len() <= 101_000, "{}", trace.entries.len());
        assert_eq!(trace.total(), 150_000);
        let rows = trace.window(0, 40);
        assert_eq!(trace.missing(&rows), [1]);
        trace.append(&chunk(offset, 150_001, &"y".repeat(1 << 20)));
        assert!(trace.row(150_001).cut && trace.row(150_001).bytes == MOST_BYTES);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_lines(text in "(a|b|\\n|é|\\x1b\\[31m){0,60}", cuts in proptest::collection::vec(0_usize..120, 0..6)) {
            let mut whole = Trace::default();
            whole.append(&chunk(0, 1, &text));
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| text.floor_char_boundary(c.min(text.len()))).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let mut parts = Trace::default();
            for pair in cuts.windows(2) {
                let line = text[..pair[0]].matches('\n').count() as u64 + 1;
                if pair[0] < pair[1] {
                    parts.append(&chunk(pair[0] as u64, line, &text[pair[0]..pair[1]]));
                }
            }
            prop_assert_eq!(whole.total(), parts.total());
            for n in 1..=whole.total() {
                prop_assert_eq!(whole.row(n).shown, parts.row(n).shown);
            }
        }
    }
}
