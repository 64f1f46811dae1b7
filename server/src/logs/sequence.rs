//! One numbering for the lines of all jobs of a run, given when somebody first reads them and kept
//! for ever: `<root>/runs/<run id>.seq` holds records of (job, first line, count, time). Nothing of
//! this happens while a job writes its log.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use model::{JobId, RunId, Timestamp};

const RECORD: usize = 32;
const LOCKS: usize = 16;

/// A stretch of lines of one job that got numbers in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The job.
    pub job: JobId,
    /// Its first line in this stretch, from 1.
    pub first: u64,
    /// How many lines.
    pub count: u64,
    /// When the last of them was there at the latest.
    pub at: Timestamp,
}

/// How far one job's trace has come.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// The job.
    pub job: JobId,
    /// Lines that will not change any more.
    pub lines: u64,
    /// When the last of them came.
    pub at: Timestamp,
}

/// The numberings of all runs.
#[derive(Debug)]
pub struct Sequences {
    root: PathBuf,
    locks: [Mutex<()>; LOCKS],
}

impl Sequences {
    /// The numberings below the folder of the traces.
    pub fn new(logs: &std::path::Path) -> Self {
        Self { root: logs.join("runs"), locks: std::array::from_fn(|_| Mutex::default()) }
    }

    /// Numbers what is new and returns all stretches: the first line of the first one is number 1.
    /// What is returned is on disk.
    pub fn extend(&self, run: RunId, reaches: &[Reach]) -> io::Result<Vec<Stretch>> {
        let _alone = self.locks[run.0 as usize % LOCKS].lock().unwrap_or_else(PoisonError::into_inner);
        let path = self.path(run);
        let mut stretches = match File::open(&path) {
            Ok(mut file) => read(&mut file)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        let known = stretches.len();
        for reach in reaches {
            let have: u64 = stretches.iter().filter(|one| one.job == reach.job).map(|one| one.count).sum();
            if reach.lines > have {
                stretches.push(Stretch { job: reach.job, first: have + 1, count: reach.lines - have, at: reach.at });
            }
        }
        if stretches.len() > known {
            append(&path, known, &stretches[known..])?;
        }
        Ok(stretches)
    }

    /// Forgets a run.
    pub fn remove(&self, run: RunId) -> io::Result<()> {
        match fs::remove_file(self.path(run)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn path(&self, run: RunId) -> PathBuf {
        self.root.join(format!("{}.seq", run.0))
    }
}

fn read(file: &mut File) -> io::Result<Vec<Stretch>> {
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let number = |record: &[u8], i: usize| {
        let mut eight = [0; 8];
        eight.copy_from_slice(&record[i * 8..i * 8 + 8]);
        u64::from_le_bytes(eight)
    };
    // A record that a crash cut short was never told to anybody.
    Ok(bytes
        .chunks_exact(RECORD)
        .map(|record| Stretch {
            job: JobId(number(record, 0) as i64),
            first: number(record, 1),
            count: number(record, 2),
            at: Timestamp(number(record, 3) as i64),
        })
        .collect())
}

fn append(path: &std::path::Path, known: usize, new: &[Stretch]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    // Behind the last whole record, over what a crash may have left.
    let end = (known * RECORD) as u64;
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end))?;
    let mut bytes = Vec::with_capacity(new.len() * RECORD);
    for one in new {
        for number in [one.job.0 as u64, one.first, one.count, one.at.0 as u64] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }
    file.write_all(&bytes)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(job: i64, lines: u64) -> Reach {
        Reach { job: JobId(job), lines, at: Timestamp(lines as i64) }
    }

    fn numbers(stretches: &[Stretch]) -> Vec<(i64, u64)> {
        stretches.iter().flat_map(|s| (s.first..s.first + s.count).map(|line| (s.job.0, line))).collect()
    }

    #[test]
    fn numbers_never_change_and_have_no_gaps() {
        let folder = tempfile::tempdir().unwrap();
        let sequences = Sequences::new(folder.path());
        let run = RunId(7);
        let first = sequences.extend(run, &[reach(1, 2), reach(2, 1)]).unwrap();
        assert_eq!(numbers(&first), [(1, 1), (1, 2), (2, 1)]);
        let again = Sequences::new(folder.path());
        let second = again.extend(run, &[reach(1, 3), reach(2, 1), reach(3, 1)]).unwrap();
        assert_eq!(numbers(&second), [(1, 1), (1, 2), (2, 1), (1, 3), (3, 1)]);
        assert_eq!(again.extend(run, &[]).unwrap(), second);
        again.remove(run).unwrap();
        assert_eq!(again.extend(run, &[]).unwrap(), []);
    }

    #[test]
    fn a_record_cut_by_a_crash_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let sequences = Sequences::new(folder.path());
        sequences.extend(RunId(1), &[reach(1, 2)]).unwrap();
        let path = folder.path().join("runs/1.seq");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(&[9; 13]).unwrap();
        let stretches = sequences.extend(RunId(1), &[reach(1, 5)]).unwrap();
        assert_eq!(numbers(&stretches), [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5)]);
        assert_eq!(fs::metadata(&path).unwrap().len(), 2 * RECORD as u64);
    }

    #[test]
    fn readers_at_the_same_moment_agree() {
        let folder = tempfile::tempdir().unwrap();
        let sequences = Sequences::new(folder.path());
        std::thread::scope(|scope| {
            for lines in 1..=8 {
                let sequences = &sequences;
                scope.spawn(move || sequences.extend(RunId(1), &[reach(1, lines), reach(2, 3)]).unwrap());
            }
        });
        let mut all = numbers(&sequences.extend(RunId(1), &[]).unwrap());
        all.sort_unstable();
        let want: Vec<_> = (1..=8).map(|line| (1, line)).chain((1..=3).map(|line| (2, line))).collect();
        assert_eq!(all, want);
    }
}
