//! Blanking a value in a trace that is complete: in place, so that every line and offset stays where it was, and with
//! a line at the end that says so.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};

use aho_corasick::AhoCorasick;
use model::JobId;

use super::{AppendError, Logs, Paths};

/// Bytes that are looked through at once.
const PIECE: usize = 1 << 20;
/// What stands in the place of a value, as far as there is room.
const MARK: &[u8] = b"[REDACTED]";

impl Logs {
    /// Blanks these forms of a value in a complete trace, and adds a line of the server's own when there were any;
    /// how many places. A trace that is not there has none; one that is still written is left alone.
    pub fn redact(&self, job: JobId, forms: &[String], line: impl FnOnce(u64) -> String) -> Result<u64, AppendError> {
        let limit = u64::MAX;
        self.trace(job).redact(&self.paths(job), forms, line, limit)
    }
}

/// Overwrites every place with one of these forms in the first `size` bytes of a trace; how many places.
pub(super) fn overwrite(paths: &Paths, size: u64, forms: &[String]) -> io::Result<u64> {
    let longest = forms.iter().map(String::len).max().unwrap_or(0);
    if longest == 0 || size == 0 {
        return Ok(0);
    }
    let finder = AhoCorasick::new(forms).map_err(io::Error::other)?;
    let path = paths.log();
    let log = File::open(&path)?;
    let mut writer: Option<File> = None;
    let mut count = 0;
    let mut window = vec![0; PIECE + longest];
    let mut at = 0;
    while at < size {
        let wanted = window.len().min(usize::try_from(size - at).unwrap_or(usize::MAX));
        log.read_exact_at(&mut window[..wanted], at)?;
        for (start, end) in merged(&finder, &window[..wanted]) {
            if writer.is_none() {
                fs::set_permissions(&path, Permissions::from_mode(0o600))?;
                writer = Some(OpenOptions::new().write(true).open(&path)?);
            }
            let Some(writer) = &writer else { continue };
            writer.write_all_at(&blank(&window[start..end]), at + start as u64)?;
            count += 1;
        }
        // What begins in the overlap is found whole the next time; what was blanked in it is blank by then.
        at += PIECE as u64;
    }
    if let Some(writer) = writer {
        writer.sync_all()?;
    }
    Ok(count)
}

/// The places of all forms, those that touch taken together.
fn merged(finder: &AhoCorasick, text: &[u8]) -> Vec<(usize, usize)> {
    let mut places: Vec<(usize, usize)> =
        finder.find_overlapping_iter(text).map(|found| (found.start(), found.end())).collect();
    places.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for (start, end) in places {
        match merged.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => merged.push((start, end)),
        }
    }
    merged
}

/// As long as what it replaces, with the same line ends.
fn blank(text: &[u8]) -> Vec<u8> {
    let mut mark = MARK.iter();
    let mark_fits = !text[..text.len().min(MARK.len())].contains(&b'\n') && text.len() >= MARK.len();
    text.iter()
        .map(|byte| match byte {
            b'\n' => b'\n',
            _ if mark_fits => mark.next().copied().unwrap_or(b'*'),
            _ => b'*',
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: JobId = JobId(7);

    #[test]
    fn a_value_is_blanked_where_it_stands_and_nothing_moves() {
        let folder = tempfile::tempdir().unwrap();
        let logs = Logs::open(folder.path().to_owned()).unwrap();
        let secret = "correct-horse-battery";
        let filler = "x".repeat(PIECE - 10);
        let text = format!("a {secret} b\n{filler}{secret}{secret}\nlast\n");
        logs.append(JOB, 0, text.as_bytes()).unwrap();
        let forms = [secret.to_owned()];
        assert!(matches!(logs.redact(JOB, &forms, |_| String::new()), Err(AppendError::NotFinished)));
        logs.finish(JOB).unwrap();
        let before = logs.offset_of(JOB, 3).unwrap();
        let count = logs.redact(JOB, &forms, |count| format!("{count} places were blanked")).unwrap();
        assert!((2..=3).contains(&count), "{count}");
        let after = String::from_utf8(logs.read(JOB, 0..1 << 30).unwrap()).unwrap();
        assert!(!after.contains("horse") && !after.contains("battery"));
        assert!(after.starts_with("a [REDACTED]*********** b\n") && after.contains("\nlast\n"), "{}", &after[..40]);
        assert!(after.ends_with("places were blanked\n"));
        assert_eq!(logs.offset_of(JOB, 3).unwrap(), before);
        assert!(logs.progress(JOB).unwrap().complete);
        assert_eq!(logs.redact(JOB, &forms, |_| String::new()).unwrap(), 0, "once is enough");
        // Another process finds it so.
        let again = Logs::open(folder.path().to_owned()).unwrap();
        assert!(again.progress(JOB).unwrap().complete);
        assert_eq!(again.held(JOB).unwrap(), after.len() as u64);
        assert_eq!(again.checksum(JOB).unwrap(), crc32fast::hash(after.as_bytes()));
        assert_eq!(again.redact(JobId(8), &forms, |_| String::new()).unwrap(), 0, "no trace, no places");
    }

    #[test]
    fn line_ends_stay() {
        assert_eq!(blank(b"one\ntwo"), b"***\n***");
        assert_eq!(blank(b"0123456789ab"), b"[REDACTED]**");
        assert_eq!(blank(b"short"), b"*****");
    }
}
