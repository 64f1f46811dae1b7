//! Blanking a value in a trace that is complete: in place, so that every line and offset stays where it was, and with
//! a line at the end that says so.
//!
//! First it is looked where the value stands, then it is blanked there. In between the places are written down, so that
//! a server that is killed in the middle can go on: to blank a place a second time changes nothing.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};

use aho_corasick::AhoCorasick;
use model::JobId;
use runner::seen;

use super::{AppendError, Logs, Paths};

/// Bytes that are looked through at once.
const PIECE: usize = 1 << 20;
/// What stands in the place of a value, as far as there is room.
const MARK: &[u8] = b"[REDACTED]";
/// Places of one trace that are written down: 16 MiB of them.
const MOST: usize = 1 << 20;
/// Bytes at the end of a trace in which a line of ours is looked for that may be there already.
const TAIL: u64 = 64 << 10;

/// Where values stand in a trace: offset and length of each place, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(Vec<(u64, u64)>);

impl Places {
    /// How many.
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As bytes that [`Places::of_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|(at, length)| [at.to_le_bytes(), length.to_le_bytes()]).flatten().collect()
    }

    /// Reads what [`Places::to_bytes`] wrote.
    pub fn of_bytes(bytes: &[u8]) -> Self {
        let words: Vec<u64> = bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        Self(words.as_chunks::<2>().0.iter().map(|[at, length]| (*at, *length)).collect())
    }

    /// Adds a place; those that touch are one.
    fn add(&mut self, start: u64, end: u64) {
        match self.0.last_mut() {
            Some((at, length)) if start <= *at + *length => *length = (*length).max(end.saturating_sub(*at)),
            _ => self.0.push((start, end - start)),
        }
    }
}

impl Logs {
    /// Where these forms of a value stand in a complete trace. One that is not there has none.
    pub fn find(&self, job: JobId, forms: &[String]) -> Result<Places, AppendError> {
        let paths = self.paths(job);
        let progress = self.trace(job).progress(&paths)?;
        if progress.bytes == 0 {
            return Ok(Places::default());
        }
        if !progress.complete {
            return Err(AppendError::NotFinished);
        }
        find(&paths, progress.bytes, forms)
    }

    /// Blanks these places of the trace of a job that has ended, and adds a line of the server's own unless it stands
    /// at the end already. What was done in part before is made whole.
    pub fn blank(&self, job: JobId, places: &Places, line: &str) -> Result<(), AppendError> {
        self.trace(job).redact(&self.paths(job), places, line)
    }
}

/// Where the forms stand in the first `size` bytes.
fn find(paths: &Paths, size: u64, forms: &[String]) -> Result<Places, AppendError> {
    let longest = forms.iter().map(String::len).max().unwrap_or(0);
    let mut places = Places::default();
    if longest == 0 {
        return Ok(places);
    }
    let finder = AhoCorasick::new(forms).map_err(io::Error::other)?;
    let log = File::open(paths.log())?;
    let mut window = vec![0; PIECE + longest * seen::SPREAD];
    let (mut at, mut run) = (0, 0);
    while at < size {
        let wanted = window.len().min(usize::try_from(size - at).unwrap_or(usize::MAX));
        let window = &mut window[..wanted];
        log.read_exact_at(window, at)?;
        let found = finder.find_overlapping_iter(&*window).map(|found| (found.start(), found.end()));
        let mut found: Vec<(usize, usize)> = found.collect();
        // With colours and line ends within, as a reader would put it together again.
        for text in seen::texts(window, run) {
            let ranges = finder.find_overlapping_iter(text.bytes()).map(|found| text.range(found.range()));
            found.extend(ranges.map(|range| (range.start, range.end)));
        }
        found.sort_unstable();
        for (start, end) in found {
            // What begins in the overlap is found again the next time, as what it is.
            if start < PIECE {
                places.add(at + start as u64, at + end as u64);
            }
        }
        if places.0.len() > MOST {
            return Err(AppendError::TooManyPlaces);
        }
        run = seen::run_after(&window[..PIECE.min(wanted)], run);
        at += PIECE as u64;
    }
    Ok(places)
}

/// Overwrites these places in the first `size` bytes of a trace.
pub(super) fn overwrite(paths: &Paths, size: u64, places: &Places) -> io::Result<()> {
    let path = paths.log();
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    let log = OpenOptions::new().read(true).write(true).open(&path)?;
    let mut piece = vec![0; PIECE];
    for (start, length) in &places.0 {
        let end = (start + length).min(size);
        let mut at = *start;
        // Places that touch may be one that is as long as the trace.
        while at < end {
            let text = &mut piece[..usize::try_from(end - at).unwrap_or(PIECE).min(PIECE)];
            log.read_exact_at(text, at)?;
            log.write_all_at(&blank(text), at)?;
            at += text.len() as u64;
        }
    }
    log.sync_all()
}

/// Whether this line stands near the end of a trace: whatever came after it is of ours, too.
pub(super) fn is_told(paths: &Paths, size: u64, line: &str) -> io::Result<bool> {
    let from = size.saturating_sub(TAIL);
    let mut tail = vec![0; usize::try_from(size - from).unwrap_or_default()];
    File::open(paths.log())?.read_exact_at(&mut tail, from)?;
    Ok(tail.split(|byte| *byte == b'\n').any(|one| one == line.as_bytes()))
}

/// As long as what it replaces, with the same line ends and colours.
fn blank(text: &[u8]) -> Vec<u8> {
    let mut mark = MARK.iter();
    let mark_fits = !text[..text.len().min(MARK.len())].contains(&b'\n') && text.len() >= MARK.len();
    let mut blanked = Vec::with_capacity(text.len());
    while let Some(byte) = text.get(blanked.len()).copied() {
        let rest = &text[blanked.len()..];
        match seen::escape(rest) {
            Some(length) => blanked.extend_from_slice(&rest[..length]),
            None if byte == b'\n' => blanked.push(byte),
            None if mark_fits => blanked.push(mark.next().copied().unwrap_or(b'*')),
            None => blanked.push(b'*'),
        }
    }
    blanked
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: JobId = JobId(7);
    const SECRET: &str = "correct-horse-battery";
    const LINE: &str = "3 places were blanked";

    fn forms() -> [String; 1] {
        [SECRET.to_owned()]
    }

    fn text() -> String {
        let filler = "x".repeat(PIECE - 30);
        format!("a {SECRET} b\n{filler}{SECRET}{SECRET}\nlast\n")
    }

    #[test]
    fn a_value_is_blanked_where_it_stands_and_nothing_moves() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::open(folder.path().to_owned()).unwrap();
        logs.append(JOB, 0, text().as_bytes()).unwrap();
        assert!(matches!(logs.find(JOB, &forms()), Err(AppendError::NotFinished)));
        logs.finish(JOB).unwrap();
        let before = logs.offset_of(JOB, 3).unwrap();
        let places = logs.find(JOB, &forms()).unwrap();
        assert_eq!(places.0, [(2, 21), (PIECE as u64 - 4, 42)], "those that touch are one");
        assert_eq!(Places::of_bytes(&places.to_bytes()), places);
        logs.blank(JOB, &places, LINE).unwrap();
        let after = String::from_utf8(logs.read(JOB, 0..1 << 30).unwrap()).unwrap();
        assert!(!after.contains("horse") && !after.contains("battery"));
        assert!(after.starts_with("a [REDACTED]*********** b\n") && after.contains("\nlast\n"), "{}", &after[..40]);
        assert!(after.ends_with(&format!("\n{LINE}\n")));
        assert_eq!(logs.offset_of(JOB, 3).unwrap(), before);
        assert!(logs.progress(JOB).unwrap().complete);
        assert!(logs.find(JOB, &forms()).unwrap().is_empty(), "once is enough");
        // Another process finds it so.
        let again = Logs::open(folder.path().to_owned()).unwrap();
        assert!(again.progress(JOB).unwrap().complete);
        assert_eq!(again.held(JOB).unwrap(), after.len() as u64);
        assert_eq!(again.checksum(JOB).unwrap(), crc32fast::hash(after.as_bytes()));
        assert!(again.find(JobId(8), &forms()).unwrap().is_empty(), "no trace, no places");
        again.blank(JobId(8), &places, LINE).unwrap();
        assert_eq!(again.held(JobId(8)).unwrap(), 0, "and none is made");
    }

    /// What masking finds, and what stands in logs from before it did.
    #[test]
    fn a_value_with_colours_or_wrapped_lines_within_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::open(folder.path().to_owned()).unwrap();
        let colours = "\x1b[31mcorrect-horse\x1b[0m\x1b[K-battery end\n".to_owned();
        let text = format!("{}{SECRET}{}", "u".repeat(50), "v".repeat(40));
        let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
        let (first, second) = encoded.split_at(76);
        let filler = "x".repeat(PIECE - 20);
        // Across the border of what is looked through at once, too.
        let log =
            format!("{colours}{first}\n{second}\n{filler}\n{colours}{filler}{}\n{first}\r\n{second}\n", "y".repeat(20));
        logs.append(JOB, 0, log.as_bytes()).unwrap();
        logs.finish(JOB).unwrap();
        let places = logs.find(JOB, &runner::mask::forms(SECRET)).unwrap();
        assert_eq!(places.count(), 4);
        logs.blank(JOB, &places, LINE).unwrap();
        let after = String::from_utf8(logs.read(JOB, 0..1 << 30).unwrap()).unwrap();
        assert_eq!(after.lines().count(), log.lines().count() + 1);
        assert_eq!(after.matches("\x1b[31m[REDACTED]***\x1b[0m\x1b[K******** end\n").count(), 2, "{}", &after[..90]);
        let hidden = &encoded[70..90];
        assert!(!after.contains(&hidden[..6]) && !after.contains(&hidden[6..]));
        assert!(logs.find(JOB, &runner::mask::forms(SECRET)).unwrap().is_empty());
    }

    /// Wherever a server is killed, the next one makes it whole, once.
    #[test]
    fn blanking_that_broke_off_is_made_whole() {
        let whole = |stop: &dyn Fn(&Paths, &Places)| {
            let folder = tempfile::tempdir().unwrap();
            let logs = Logs::open(folder.path().to_owned()).unwrap();
            logs.append(JOB, 0, text().as_bytes()).unwrap();
            logs.finish(JOB).unwrap();
            let places = logs.find(JOB, &forms()).unwrap();
            stop(&logs.paths(JOB), &places);
            drop(logs);
            let next = Logs::open(folder.path().to_owned()).unwrap();
            next.blank(JOB, &places, LINE).unwrap();
            assert!(next.progress(JOB).unwrap().complete);
            String::from_utf8(next.read(JOB, 0..1 << 30).unwrap()).unwrap()
        };
        let size = text().len() as u64;
        let append = |paths: &Paths| {
            let mut text = fs::read(paths.log()).unwrap();
            text.extend_from_slice(LINE.as_bytes());
            text.push(b'\n');
            fs::write(paths.log(), text).unwrap();
        };
        let expected = whole(&|_, _| {});
        assert_eq!(expected.matches(LINE).count(), 1);
        let first = |places: &Places| Places(places.0[..1].to_vec());
        assert_eq!(whole(&|paths, places| overwrite(paths, size, &first(places)).unwrap()), expected);
        assert_eq!(whole(&|paths, places| overwrite(paths, size, places).unwrap()), expected);
        let told = |paths: &Paths, places: &Places| {
            overwrite(paths, size, places).unwrap();
            append(paths);
        };
        assert_eq!(whole(&told), expected, "the line is not told twice");
        let sealed = |paths: &Paths, places: &Places| {
            told(paths, places);
            fs::set_permissions(paths.log(), Permissions::from_mode(0o400)).unwrap();
        };
        assert_eq!(whole(&sealed), expected);
    }

    #[test]
    fn line_ends_stay() {
        assert_eq!(blank(b"one\ntwo"), b"***\n***");
        assert_eq!(blank(b"0123456789ab"), b"[REDACTED]**");
        assert_eq!(blank(b"short"), b"*****");
    }
}
