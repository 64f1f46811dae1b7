//! The folders of one job.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, chown, fchown},
    path::{Path, PathBuf},
};

use rustix::process::getegid;

use super::{hands::command_of, remove::remove_tree};
use crate::users::JobUser;

/// Where the things of one job are, all named by the job's number alone.
///
/// Where jobs are of the runner's user, everything is below the runner's folder. Where they have users of their own, what
/// jobs reach is apart from what only the runner does:
///
/// ```text
/// APART/ID        the runner's: the job's group may pass, and nobody else
/// APART/ID/hand   scripts and file variables: the runner's, the job's group reads
/// APART/ID/own    the job's user's: the project's folder, temporary files, a home
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Places {
    /// The runner's folder for the job: the spool, archives on their way.
    pub private: PathBuf,
    /// Scripts and file variables.
    pub hand: PathBuf,
    /// The project's folder, where scripts start.
    pub build: PathBuf,
    temporary: PathBuf,
    apart: Option<Apart>,
}

/// What is different where jobs have users.
#[derive(Clone, Debug)]
struct Apart {
    guard: PathBuf,
    own: PathBuf,
    /// None when all that is to be done is to remove it.
    user: Option<JobUser>,
}

impl Places {
    /// Those of a job of the runner's own user.
    pub(crate) fn new(dir: &Path, job: i64) -> Self {
        let name = job.to_string();
        let private = dir.join("jobs").join(&name);
        Self {
            hand: private.clone(),
            temporary: private.join("tmp"),
            private,
            build: dir.join("builds").join(&name),
            apart: None,
        }
    }

    /// Those of a job of `user`, below `apart`.
    pub(crate) fn apart(dir: &Path, apart: &Path, job: i64, user: Option<JobUser>) -> Self {
        let guard = apart.join(job.to_string());
        let own = guard.join("own");
        Self {
            private: dir.join("jobs").join(job.to_string()),
            hand: guard.join("hand"),
            build: own.join("project"),
            temporary: own.join("tmp"),
            apart: Some(Apart { guard, own, user }),
        }
    }

    /// The job's user, if it is not the runner's.
    pub(crate) fn user(&self) -> Option<&JobUser> {
        self.apart.as_ref()?.user.as_ref()
    }

    /// The folder of temporary files, which goes when the job goes.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.temporary.clone()
    }

    /// The folder that the project's folder is in.
    pub(crate) fn builds(&self) -> PathBuf {
        self.build.parent().unwrap_or(&self.build).to_owned()
    }

    /// The home of a job whose user has none.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.apart.as_ref().map(|apart| apart.own.join("home"))
    }

    /// Where archives of caches are unfolded first: on the file system of the project's folder, and out of its way.
    pub(crate) fn staging(&self) -> PathBuf {
        match &self.apart {
            Some(_) => self.temporary.join(".weir-cache"),
            None => self.private.join("cache"),
        }
    }

    /// Makes the folders; what an earlier job of the same number left is removed. With `contained` the job may run in a
    /// container: its folders are the runner's to mount, so the job cannot put links in their place.
    pub(crate) fn create(&self, contained: bool) -> io::Result<()> {
        let Some(apart) = &self.apart else {
            for folder in [&self.private, &self.build] {
                make_anew(folder)?;
            }
            return make(&self.temporary);
        };
        let user = apart.user.as_ref().ok_or(io::ErrorKind::InvalidInput)?;
        make_anew(&self.private)?;
        make_anew(&apart.guard)?;
        let theirs = |folder: &Path| make(folder).and_then(|()| chown(folder, Some(user.uid), Some(user.gid)));
        let ours = |folder: &Path, mode| {
            chown(folder, None, Some(user.gid))?;
            set_mode(folder, mode)
        };
        make(&self.hand)?;
        ours(&self.hand, 0o750)?;
        make(&apart.own)?;
        for folder in [&self.build, &self.temporary, &apart.own.join("home")] {
            theirs(folder)?;
        }
        if contained {
            ours(&apart.own, 0o710)?;
        } else {
            chown(&apart.own, Some(user.uid), Some(user.gid))?;
        }
        // The last: now the job can come in.
        ours(&apart.guard, 0o710)
    }

    /// Makes the folders again that a script may have deleted.
    pub(crate) fn mend(&self) -> io::Result<()> {
        let Some(user) = self.user() else {
            for folder in [&self.private, &self.build, &self.temporary] {
                if !folder.is_dir() {
                    fs::DirBuilder::new().mode(0o700).recursive(true).create(folder)?;
                }
            }
            return Ok(());
        };
        // Where a link is in their place, the job shall have it so.
        let gone = [&self.build, &self.temporary].into_iter().filter(|folder| fs::symlink_metadata(folder).is_err());
        for folder in gone {
            let made = command_of(user, "mkdir", "").args(["-m", "700", "--"]).arg(folder).status()?;
            if !made.success() {
                return Err(io::Error::other(format!("{} could not be made again", folder.display())));
            }
        }
        Ok(())
    }

    /// Closes what the job had: nobody comes in any more, whoever has its user next.
    pub(crate) fn close(&self) {
        if let Some(Apart { guard, .. }) = &self.apart
            && let Err(error) = shut(guard)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::error!(folder = %guard.display(), %error, "failed to close a job's folder");
        }
    }

    /// Writes a file that the job may read, and nobody else.
    pub(crate) fn write_hand(&self, name: &str, content: &[u8]) -> io::Result<PathBuf> {
        let path = self.hand.join(name);
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
        if let Some(user) = self.user() {
            fchown(&file, Some(user.uid), Some(user.gid))?;
        }
        file.write_all(content)?;
        Ok(path)
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
        set_mode(&self.hand, 0o755)?;
        set_mode(&self.temporary, 0o1777)?;
        set_mode(&self.build, 0o777)?;
        for entry in fs::read_dir(&self.hand)?.flatten() {
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
        let _ = fs::remove_dir(&self.temporary);
        let large = fs::remove_dir(&self.build).is_err_and(|error| error.kind() != io::ErrorKind::NotFound)
            || self.temporary.exists();
        let first = self.apart.as_ref().map_or(&self.build, |apart| &apart.guard).clone();
        let private = self.private.clone();
        let work = move || {
            for folder in [first, private] {
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

/// Lets nobody into a folder but its owner.
pub(crate) fn shut(folder: &Path) -> io::Result<()> {
    set_mode(folder, 0o700)?;
    chown(folder, None, Some(getegid().as_raw()))
}

fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

fn make_anew(folder: &Path) -> io::Result<()> {
    match make(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            remove_tree(folder)?;
            make(folder)
        }
        other => other,
    }
}

fn make(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(folder)
}
