//! An archive on its way in.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::pin::pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt;
use tokio::task::spawn_blocking;

/// Why an archive was not taken; fits after "failed to store the artifacts: ".
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It is larger than allowed.
    #[error("the archive is larger than {limit} bytes")]
    TooLarge {
        /// What is allowed.
        limit: u64,
    },
    /// The sender went away or broke off.
    #[error("the upload broke off: {0}")]
    Broken(String),
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// Another fault of the file system.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(error),
        }
    }
}

/// A whole archive that is durable but not yet the job's.
#[derive(Debug)]
pub struct Received {
    /// Bytes.
    pub size: u64,
    /// SHA-256 of them.
    pub sha256: [u8; 32],
    part: Part,
    folder: PathBuf,
}

impl Received {
    /// Makes it the job's archive or report, in place of an earlier one. Blocks on the disk.
    pub fn keep(self, kind: &str) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        fs::rename(&self.part.0, self.folder.join(super::file_of(kind)))?;
        File::open(&self.folder)?.sync_all()
    }

    /// What arrived, before it is kept.
    pub fn open(&self) -> io::Result<File> {
        File::open(&self.part.0)
    }
}

/// Removes the file of an upload that came to nothing. After a rename there is nothing to remove.
#[derive(Debug)]
struct Part(PathBuf);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

pub(super) async fn receive<S, E>(part: PathBuf, folder: PathBuf, limit: u64, body: S) -> Result<Received, StoreError>
where
    S: Stream<Item = Result<Bytes, E>>,
    E: std::fmt::Display,
{
    let mut file = tokio::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part).await?;
    let part = Part(part);
    let mut body = pin!(body);
    let mut hash = Sha256::new();
    let mut size = 0;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| StoreError::Broken(error.to_string()))?;
        size += piece.len() as u64;
        if size > limit {
            return Err(StoreError::TooLarge { limit });
        }
        hash.update(&piece);
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    file.sync_all().await?;
    Ok(Received { size, sha256: hash.finalize().into(), part, folder })
}

pub(super) fn sha256(file: &mut File) -> io::Result<[u8; 32]> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash.finalize().into()),
            n => hash.update(&buffer[..n]),
        }
    }
}

impl Received {
    /// [`Received::keep`] for async callers.
    pub async fn keep_async(self, kind: String) -> io::Result<()> {
        spawn_blocking(move || self.keep(&kind)).await.map_err(io::Error::other)?
    }
}
