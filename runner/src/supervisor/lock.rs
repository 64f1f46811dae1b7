//! The runner's folder: one process uses it, and it has a name of its own.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use rustix::fs::{FlockOperation, flock};

use super::RunnerError;

const NAME_FILE: &str = ".runner_system_id";

/// The right to use a folder; given up when dropped, or when the process dies.
#[derive(Debug)]
pub(crate) struct Lock {
    dir: PathBuf,
    instance: String,
    _file: File,
}

impl Lock {
    /// Makes the folder if need be and takes it; writes this process's number into `runner.pid`.
    pub(crate) fn take(dir: &Path) -> Result<Self, RunnerError> {
        let failed = |source| RunnerError::Folder { path: dir.to_owned(), source };
        for folder in [dir.to_owned(), dir.join("jobs"), dir.join("builds")] {
            DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let dir = dir.canonicalize().map_err(failed)?;
        if dir.to_str().is_none() {
            return Err(failed(io::Error::new(io::ErrorKind::InvalidInput, "its path is not UTF-8")));
        }
        let file = private().write(true).create(true).truncate(false).open(dir.join("runner.lock")).map_err(failed)?;
        let mut attempts = 0;
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                // Who only looks whether there is a runner holds the lock for a moment.
                Err(rustix::io::Errno::WOULDBLOCK) if attempts < 20 => {
                    attempts += 1;
                    thread::sleep(Duration::from_millis(5));
                }
                Err(rustix::io::Errno::WOULDBLOCK) => return Err(RunnerError::Locked(dir)),
                Err(error) => return Err(failed(error.into())),
            }
        }
        let instance = instance(&dir).map_err(failed)?;
        let mut pid = private().write(true).create(true).truncate(true).open(dir.join("runner.pid")).map_err(failed)?;
        writeln!(pid, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { dir, instance, _file: file })
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// What the protocol calls the system's id; it marks the processes of jobs too.
    pub(crate) fn instance(&self) -> &str {
        &self.instance
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.dir.join("runner.pid"));
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

/// The name of the runner in `dir`, if it has one.
pub(crate) fn instance_of(dir: &Path) -> Option<String> {
    let text = fs::read_to_string(dir.join(NAME_FILE)).ok()?;
    let name = text.trim();
    let known = name.len() == 14 && name.starts_with("r_") && name[2..].bytes().all(|b| b.is_ascii_hexdigit());
    known.then(|| name.to_owned())
}

fn instance(dir: &Path) -> io::Result<String> {
    let path = dir.join(NAME_FILE);
    if let Some(name) = instance_of(dir) {
        return Ok(name);
    }
    let made = format!("r_{}", crate::random_hex(6));
    let mut file = private().write(true).create(true).truncate(true).open(&path)?;
    writeln!(file, "{made}")?;
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_runner_at_a_time_and_keeps_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(&dir.path().join("new/folder")).unwrap();
        let pid = fs::read_to_string(first.dir().join("runner.pid")).unwrap();
        assert_eq!(pid.trim(), std::process::id().to_string());
        assert!(matches!(Lock::take(first.dir()), Err(RunnerError::Locked(_))));
        let (path, name) = (first.dir().to_owned(), first.instance().to_owned());
        drop(first);
        assert_eq!(Lock::take(&path).unwrap().instance(), name);
    }
}
