//! Looking for a value in what jobs left. Archives are hostile: only so much of one is unpacked, and archives in archives
//! are not opened.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek as _};

use aho_corasick::AhoCorasick;
use flate2::read::MultiGzDecoder;
use model::JobId;
use runner::seen;
use zip::ZipArchive;

use super::{ARCHIVE, ArchiveError, Artifacts, file_of, listing};

/// Bytes of a job's archive, unpacked, that are looked through.
const UNPACKED: u64 = 8 << 30;
/// Bytes that are looked through at once.
const PIECE: usize = 256 << 10;
/// Names that are told of one job.
const NAMES: usize = 100;
/// How a file that `gzip` packed begins.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// What is looked for.
#[derive(Debug)]
pub struct Wanted {
    finder: AhoCorasick,
    longest: usize,
}

impl Wanted {
    /// Any of these texts.
    pub fn any(forms: &[String]) -> io::Result<Self> {
        let longest = forms.iter().map(String::len).max().unwrap_or(0);
        Ok(Self { finder: AhoCorasick::new(forms).map_err(io::Error::other)?, longest })
    }

    /// Whether it is in a piece of a file, as it is or with colours and line ends within; `run` is of what came before.
    fn is_match(&self, piece: &[u8], run: usize) -> bool {
        self.finder.is_match(piece) || seen::texts(piece, run).iter().any(|text| self.finder.is_match(text.bytes()))
    }

    /// Whether it is in a file, of which at most `budget` bytes are read; takes off it what was read.
    fn is_in(&self, mut file: impl Read, budget: &mut u64) -> Result<bool, ArchiveError> {
        let reach = self.longest * seen::SPREAD;
        let mut window = vec![0; PIECE + reach];
        let (mut kept, mut run) = (0, 0);
        loop {
            let got = read_full(&mut file, &mut window[kept..])?;
            let filled = kept + got;
            if self.is_match(&window[..filled], run) {
                return Ok(true);
            }
            if filled < window.len() {
                return Ok(false);
            }
            *budget = budget.checked_sub(got as u64).ok_or(ArchiveError::TooLarge { limit: UNPACKED })?;
            // What begins at the end of this piece goes on in the next.
            kept = reach.min(filled);
            run = seen::run_after(&window[..filled - kept], run);
            window.copy_within(filled - kept..filled, 0);
        }
    }
}

fn read_full(file: &mut impl Read, mut buffer: &mut [u8]) -> io::Result<usize> {
    let room = buffer.len();
    while !buffer.is_empty() {
        match file.read(buffer) {
            Ok(0) => break,
            Ok(n) => buffer = &mut buffer[n..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(room - buffer.len())
}

impl Artifacts {
    /// The files of a job in which it stands, or that are called so: paths in its archive, and kinds of reports. What
    /// cannot be read, or is too large, is an error.
    pub fn containing(&self, job: JobId, wanted: &Wanted) -> Result<Vec<String>, ArchiveError> {
        let mut found = Vec::new();
        let mut budget = UNPACKED;
        if let Some((file, size)) = self.file(job)? {
            listing::check(&file, size)?;
            let mut archive = ZipArchive::new(BufReader::new(file)).map_err(|_| ArchiveError::Broken)?;
            for number in 0..archive.len() {
                let entry = archive.by_index(number).map_err(|_| ArchiveError::Broken)?;
                let path = entry.name().map_err(|_| ArchiveError::Broken)?.into_owned();
                if wanted.finder.is_match(&path) || wanted.is_in(entry, &mut budget)? {
                    found.push(path);
                }
            }
        }
        for kind in self.reports(job)? {
            let Some(file) = self.report(job, &kind)? else { continue };
            if is_in_report(file, wanted, &mut budget)? {
                found.push(kind);
            }
        }
        found.truncate(NAMES);
        Ok(found)
    }
}

impl Artifacts {
    /// The kinds of the reports that a job left.
    fn reports(&self, job: JobId) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.folder(job)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other?,
        };
        let mut kinds = Vec::new();
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name != file_of(ARCHIVE) {
                kinds.push(name);
            }
        }
        kinds.sort();
        Ok(kinds)
    }
}

/// Reports come packed, or as they are.
fn is_in_report(mut file: File, wanted: &Wanted, budget: &mut u64) -> Result<bool, ArchiveError> {
    let mut first = [0; GZIP.len()];
    let is_packed = read_full(&mut file, &mut first)? == GZIP.len() && first == GZIP;
    file.rewind()?;
    if is_packed { wanted.is_in(MultiGzDecoder::new(file), budget) } else { wanted.is_in(file, budget) }
}
