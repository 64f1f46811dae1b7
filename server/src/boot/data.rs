//! The data folder: made, protected and locked.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::process::geteuid;
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

/// The database, which every data folder has.
pub const DATABASE: &str = "weir.db";

/// Why the data folder cannot be used; fits after "failed to …: ".
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// It cannot be made or written.
    #[error("the data folder {path} cannot be used: {error}{remedy}")]
    Io {
        /// The folder.
        path: PathBuf,
        /// Why.
        error: io::Error,
        /// What to do about it, where that is known.
        remedy: Remedy,
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
    #[error("the data folder {path} cannot be opened: {error}{remedy}")]
    Open {
        /// The folder.
        path: PathBuf,
        /// Why.
        error: crate::service::OpenError,
        /// What to do about it, where that is known.
        remedy: Remedy,
    },
}

/// Who would have to open the folder, or to give back what is in it; empty when that is not why. Fits after the cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remedy(Option<String>);

impl Remedy {
    /// Looks at who owns the folder and what every server has in it.
    pub fn of(data: &Path) -> Self {
        let Ok(owner) = fs::metadata(data).map(|found| found.uid()) else { return Self(None) };
        let us = geteuid().as_raw();
        if owner != us {
            return Self(Some(format!(
                "the folder belongs to the user {owner}, and this is {us}: start weir as {owner}"
            )));
        }
        // Not every log of every job: two levels have all that is written at a start.
        let entries = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let below = |path: PathBuf| entries(&path).chain(std::iter::once(path.clone())).collect::<Vec<_>>();
        let foreign = entries(data).flat_map(below).find_map(|path| {
            let uid = fs::symlink_metadata(&path).ok()?.uid();
            (uid != owner).then_some((path, uid))
        });
        Self(foreign.map(|(path, uid)| {
            format!(
                "{} belongs to the user {uid}; as root, `chown -R --reference={data} {data}` gives all of the folder to its \
                 owner",
                path.display(),
                data = data.display()
            )
        }))
    }
}

impl std::fmt::Display for Remedy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.as_ref().map_or(Ok(()), |text| write!(f, "; {text}"))
    }
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
        let io = |error| DataError::Io { path: path.to_owned(), error, remedy: Remedy::of(path) };
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

    /// Lets root be the owner of a folder that belongs to somebody else, in this thread and those that it starts: what
    /// a command makes there is the owner's, or the owner's server could not use it. There is no way back.
    pub fn act_as_owner(path: &Path) -> Result<(), DataError> {
        let Ok(found) = fs::metadata(path) else { return Ok(()) };
        if !geteuid().is_root() || found.uid() == 0 {
            return Ok(());
        }
        let (user, group) = (rustix::fs::Uid::from_raw(found.uid()), rustix::fs::Gid::from_raw(found.gid()));
        let switched = set_thread_groups(&[])
            .and_then(|()| set_thread_res_gid(group, group, group))
            .and_then(|()| set_thread_res_uid(user, user, user));
        switched.map_err(|error| DataError::Io { path: path.to_owned(), error: error.into(), remedy: Remedy::of(path) })
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
    fn what_somebody_else_has_in_the_folder_is_named_with_the_remedy() {
        let outer = tempfile::tempdir().unwrap();
        let data = outer.path().join("data");
        fs::create_dir_all(data.join("artifacts/incoming")).unwrap();
        assert_eq!(Remedy::of(&data).to_string(), "");
        if !geteuid().is_root() {
            return;
        }
        std::os::unix::fs::chown(data.join("artifacts/incoming"), Some(4711), None).unwrap();
        let text = Remedy::of(&data).to_string();
        let shown = data.display();
        assert!(text.starts_with(&format!("; {shown}/artifacts/incoming belongs to the user 4711")), "{text}");
        assert!(text.contains(&format!("`chown -R --reference={shown} {shown}`")), "{text}");
        std::os::unix::fs::chown(&data, Some(4711), None).unwrap();
        assert!(Remedy::of(&data).to_string().ends_with("this is 0: start weir as 4711"));
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
