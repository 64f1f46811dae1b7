//! The data folder: made, protected and locked.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

/// The database, which every data folder has.
pub const DATABASE: &str = "weir.db";

/// Why the data folder cannot be used; fits after "failed to …: ".
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// It cannot be made or written.
    #[error("the data folder {path} cannot be used: {source}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is none, where one was expected.
    #[error(
        "{path} is no data folder: no server was ever started on it. `weir serve --data {path}` makes one, if that is what \
         you want"
    )]
    Missing {
        /// What was named.
        path: PathBuf,
    },
    /// Another server has it.
    #[error("the data folder {path} is in use by another weir (process {pid})")]
    InUse {
        /// The folder.
        path: PathBuf,
        /// That server's process, or "unknown".
        pid: String,
    },
    /// What is in it cannot be opened.
    #[error("the data folder {path} cannot be opened: {source}")]
    Open {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: crate::service::OpenError,
    },
}

/// A data folder that belongs to this process until it ends: the lock goes with the process,
/// however that ends.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder (0700) where it is missing, and locks it.
    pub fn lock(path: &Path) -> Result<Self, DataError> {
        let io = |source| DataError::Io { path: path.to_owned(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io)?;
        let path = path.canonicalize().map_err(io)?;
        // Somebody may have made it before, open to all.
        if fs::metadata(&path).map_err(io)?.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).map_err(io)?;
            tracing::warn!(path = %path.display(), "the data folder was open to others; only its owner reads it from now on");
        }
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("weir.lock"))
            .map_err(io)?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut pid = String::new();
            let _ = lock.read_to_string(&mut pid);
            let pid = if pid.trim().is_empty() { "unknown".to_owned() } else { pid.trim().to_owned() };
            return Err(DataError::InUse { path, pid });
        }
        lock.set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .map_err(io)?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path.join("run")).map_err(io)?;
        Ok(Self { path, _lock: lock })
    }

    /// Refuses a path at which no server ever was, so that a slip of the keyboard makes no folder. An empty one that
    /// somebody made for the server is fine.
    pub fn expect(path: &Path) -> Result<(), DataError> {
        let is_empty = || fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
        if path.join(DATABASE).exists() || is_empty() {
            return Ok(());
        }
        Err(DataError::Missing { path: path.to_owned() })
    }

    /// The folder, as an absolute path without links.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_mistyped_folder_is_none() {
        let outer = tempfile::tempdir().unwrap();
        DataFolder::expect(outer.path()).unwrap();
        let mistyped = outer.path().join("lib/wier");
        assert!(matches!(DataFolder::expect(&mistyped), Err(DataError::Missing { .. })));
        assert!(!outer.path().join("lib").exists());
        fs::write(outer.path().join("notes.txt"), "mine").unwrap();
        assert!(matches!(DataFolder::expect(outer.path()), Err(DataError::Missing { .. })));
        fs::write(outer.path().join(DATABASE), "").unwrap();
        DataFolder::expect(outer.path()).unwrap();
    }

    #[test]
    fn a_folder_has_one_owner_and_is_private() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("deep/data");
        let first = DataFolder::lock(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        match DataFolder::lock(&path) {
            Err(DataError::InUse { pid, .. }) => assert_eq!(pid, std::process::id().to_string()),
            other => panic!("{other:?}"),
        }
        drop(first);
        DataFolder::lock(&path).unwrap();
    }
}
