//! The folders of one job.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::remove::remove_tree;

/// Where the things of one job are. Everything is below the runner's folder, and named by the job's
/// number alone.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The private folder: scripts, file variables, the spool.
    pub private: PathBuf,
    /// The project's folder, where scripts start.
    pub build: PathBuf,
}

impl Places {
    pub(crate) fn new(dir: &Path, job: i64) -> Self {
        let name = job.to_string();
        Self { private: dir.join("jobs").join(&name), build: dir.join("builds").join(&name) }
    }

    /// The folder of temporary files, which goes when the job goes.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.private.join("tmp")
    }

    /// Makes the folders; what an earlier job of the same number left is removed.
    pub(crate) fn create(&self) -> io::Result<()> {
        for folder in [&self.private, &self.build] {
            match make(folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    remove_tree(folder)?;
                    make(folder)?;
                }
                other => other?,
            }
        }
        make(&self.temporary())
    }

    /// Makes the folders again that a script may have deleted.
    pub(crate) fn mend(&self) -> io::Result<()> {
        for folder in [self.private.clone(), self.build.clone(), self.temporary()] {
            if !folder.is_dir() {
                fs::DirBuilder::new().mode(0o700).recursive(true).create(folder)?;
            }
        }
        Ok(())
    }

    /// Writes a file that nobody else may read.
    pub(crate) fn write_private(&self, name: &str, content: &[u8]) -> io::Result<PathBuf> {
        let path = self.private.join(name);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        file.write_all(content)?;
        Ok(path)
    }

    /// The same for what another process may have to read although this one died while it wrote: it is
    /// there whole, or not at all.
    pub(crate) fn write_whole(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let partial = self.write_private(&format!("{name}.partial"), content)?;
        fs::rename(partial, self.private.join(name))
    }

    /// Lets the users of a container's image, whoever they are, read scripts and file variables and
    /// write to the workspace. The folders around stay closed to others on this machine.
    pub(crate) fn open_up(&self) -> io::Result<()> {
        set_mode(&self.private, 0o755)?;
        set_mode(&self.temporary(), 0o1777)?;
        set_mode(&self.build, 0o777)?;
        for entry in fs::read_dir(&self.private)?.flatten() {
            let name = entry.file_name();
            if name.to_str().is_some_and(|name| name.starts_with("file-") || name.as_bytes().ends_with(b".sh")) {
                set_mode(&entry.path(), 0o644)?;
            }
        }
        Ok(())
    }

    /// The file that the log is kept in.
    pub(crate) fn open_spool(&self) -> io::Result<File> {
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(self.private.join("trace"))
    }

    /// Removes everything. Empty folders, the usual case of a small job, go at once; more than that
    /// is done beside.
    pub(crate) async fn remove(&self) {
        let _ = fs::remove_dir(self.temporary());
        let large = fs::remove_dir(&self.build).is_err_and(|error| error.kind() != io::ErrorKind::NotFound)
            || self.temporary().exists();
        let Self { private, build } = self.clone();
        let work = move || {
            for folder in [build, private] {
                match remove_tree(&folder) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        tracing::warn!(folder = %folder.display(), %error, "failed to remove a job's folder");
                    }
                    _ => {}
                }
            }
        };
        if large {
            let _ = tokio::task::spawn_blocking(work).await;
        } else {
            work();
        }
    }
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

fn make(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(folder)
}
