//! What jobs leave: one archive per job, `<root>/<id / 1000>/<id>/archive.zip`. Knows neither HTTP
//! nor SQL.
//!
//! An archive arrives in a file of its own and is renamed into place once it is whole and durable,
//! so a reader sees all of it or nothing.

mod listing;
mod search;
mod upload;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::Stream;
use model::JobId;

pub use listing::{ArchiveError, Entry};
pub use search::Wanted;
pub use upload::{Received, StoreError};

/// The kind of what `artifacts:paths` makes; the others are reports.
pub const ARCHIVE: &str = "archive";

/// All artifacts of this server.
#[derive(Debug)]
pub struct Artifacts {
    root: PathBuf,
    uploads: AtomicU64,
}

impl Artifacts {
    /// Opens the folder, making it when missing. What an interrupted upload left is removed.
    pub fn open(root: PathBuf) -> io::Result<Self> {
        let incoming = root.join("incoming");
        DirBuilder::new().recursive(true).mode(0o700).create(&incoming)?;
        for left in fs::read_dir(&incoming)? {
            fs::remove_file(left?.path())?;
        }
        Ok(Self { root, uploads: AtomicU64::new(0) })
    }

    /// Takes in an archive of at most `limit` bytes. It is not the job's before [`Received::keep`];
    /// dropped, it is gone.
    ///
    /// Which of the job's files it becomes is known when it is kept: a runner may say it after the file.
    pub async fn receive<S, E>(&self, job: JobId, limit: u64, body: S) -> Result<Received, StoreError>
    where
        S: Stream<Item = Result<Bytes, E>>,
        E: std::fmt::Display,
    {
        let number = self.uploads.fetch_add(1, Ordering::Relaxed);
        let part = self.root.join("incoming").join(format!("{}-{number}.part", job.0));
        upload::receive(part, self.folder(job), limit, body).await
    }

    /// The archive for reading and its size; `None` when the job has none.
    pub fn file(&self, job: JobId) -> io::Result<Option<(File, u64)>> {
        match File::open(self.archive(job)) {
            Ok(file) => {
                let size = file.metadata()?.len();
                Ok(Some((file, size)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// SHA-256 of the archive or a report; `None` when the job has none. Reads the whole file.
    pub fn sha256(&self, job: JobId, kind: &str) -> io::Result<Option<[u8; 32]>> {
        let file = if kind == ARCHIVE { self.file(job)?.map(|(file, _)| file) } else { self.report(job, kind)? };
        file.map(|mut file| upload::sha256(&mut file)).transpose()
    }

    /// What is in the archive, by its central directory; `None` when the job has none.
    pub fn entries(&self, job: JobId) -> Result<Option<Vec<Entry>>, ArchiveError> {
        self.file(job)?.map(|(file, size)| listing::entries(file, size)).transpose()
    }

    /// The content of a file in the archive, at most `limit` bytes of it; `None` when the archive has
    /// no such file, or the job no archive. Links are no files.
    pub fn read_entry(&self, job: JobId, path: &str, limit: u64) -> Result<Option<Vec<u8>>, ArchiveError> {
        self.file(job)?.map_or(Ok(None), |(file, size)| listing::read(file, size, path, limit))
    }

    /// How long a file in the archive says it is; `None` when there is no such file. Links and folders are none.
    pub fn size_of_entry(&self, job: JobId, path: &str) -> Result<Option<u64>, ArchiveError> {
        self.file(job)?.map_or(Ok(None), |(file, size)| listing::size_of(file, size, path))
    }

    /// Gives a part of a file in the archive piece by piece, until `give` wants no more. A file that is not as long
    /// as it says is an error.
    pub fn pour_entry(
        &self,
        job: JobId,
        path: &str,
        range: Range<u64>,
        give: &mut dyn FnMut(Vec<u8>) -> bool,
    ) -> Result<(), ArchiveError> {
        let (file, size) = self.file(job)?.ok_or(ArchiveError::Broken)?;
        listing::pour(file, size, path, range, give)
    }

    /// A report of a job for reading; `None` when it has none of this kind.
    pub fn report(&self, job: JobId, kind: &str) -> io::Result<Option<File>> {
        match File::open(self.folder(job).join(file_of(kind))) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes what the job left.
    pub fn remove(&self, job: JobId) -> io::Result<()> {
        match fs::remove_dir_all(self.folder(job)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn archive(&self, job: JobId) -> PathBuf {
        self.folder(job).join(file_of(ARCHIVE))
    }

    /// Made of the number alone: no name ever becomes a path.
    fn folder(&self, job: JobId) -> PathBuf {
        self.root.join((job.0 / 1000).to_string()).join(job.0.to_string())
    }
}

/// The name on the disk of the archive or a report. Kinds are words of the language: whoever calls has
/// checked that this job was asked for it.
fn file_of(kind: &str) -> String {
    let kind: String = kind.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    if kind == ARCHIVE { format!("{kind}.zip") } else { kind }
}

#[cfg(test)]
mod tests;
