//! What jobs leave: one archive per job, `<root>/<id / 1000>/<id>/archive.zip`. Knows neither HTTP
//! nor SQL.
//!
//! An archive arrives in a file of its own and is renamed into place once it is whole and durable,
//! so a reader sees all of it or nothing.

mod listing;
mod upload;

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::Stream;
use model::JobId;

pub use listing::{ArchiveError, Entry};
pub use upload::{Received, StoreError};

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
        match fs::remove_dir_all(&incoming) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        DirBuilder::new().recursive(true).mode(0o700).create(&incoming)?;
        Ok(Self { root, uploads: AtomicU64::new(0) })
    }

    /// Takes in an archive of at most `limit` bytes. It is not the job's before [`Received::keep`];
    /// dropped, it is gone.
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

    /// SHA-256 of the archive; `None` when the job has none. Reads the whole file.
    pub fn sha256(&self, job: JobId) -> io::Result<Option<[u8; 32]>> {
        self.file(job)?.map(|(mut file, _)| upload::sha256(&mut file)).transpose()
    }

    /// What is in the archive, by its central directory; `None` when the job has none.
    pub fn entries(&self, job: JobId) -> Result<Option<Vec<Entry>>, ArchiveError> {
        self.file(job)?.map(|(file, size)| listing::entries(file, size)).transpose()
    }

    /// Deletes what the job left.
    pub fn remove(&self, job: JobId) -> io::Result<()> {
        match fs::remove_dir_all(self.folder(job)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn archive(&self, job: JobId) -> PathBuf {
        self.folder(job).join(upload::ARCHIVE)
    }

    /// Made of the number alone: no name ever becomes a path.
    fn folder(&self, job: JobId) -> PathBuf {
        self.root.join((job.0 / 1000).to_string()).join(job.0.to_string())
    }
}

#[cfg(test)]
mod tests;
