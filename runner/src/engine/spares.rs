//! Folders of jobs that are over, for jobs to come. A small job makes two folders and a few files; a
//! file system that has just deleted thousands of those looks long for a number for the next one, so
//! they are moved on instead of made and deleted.
//!
//! Only what is as good as new is kept: the folders empty but for the runner's own files, and these
//! empty too.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::{places::Places, remove::remove_tree};

/// The runner's own files in a job's private folder that are used again.
const FILES: [&str; 3] = ["job.json", "script.sh", "trace"];

/// As many pairs of folders are kept: more jobs than these seldom end before the next ones begin.
const MOST: usize = 16;

/// The folders that wait for a job.
#[derive(Debug)]
pub(crate) struct Spares {
    dir: PathBuf,
    free: Mutex<Vec<i64>>,
}

impl Spares {
    /// None yet; what an earlier runner kept is removed.
    pub(crate) fn new(dir: &Path) -> Self {
        let dir = dir.join("spare");
        if let Err(error) = remove_tree(&dir)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(folder = %dir.display(), %error, "failed to remove an earlier runner's spare folders");
        }
        Self { dir, free: Mutex::default() }
    }

    /// Makes the folders of a job.
    pub(crate) fn create(&self, places: &Places) -> io::Result<()> {
        let spare = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(number) = spare
            && self.move_to(number, places).is_ok()
        {
            return Ok(());
        }
        places.create(false)
    }

    /// Keeps the folders of a job that is over, or removes them.
    pub(crate) async fn release(&self, places: &Places, job: i64) {
        let room = self.free.lock().unwrap_or_else(PoisonError::into_inner).len() < MOST;
        if room && is_as_new(places).unwrap_or(false) && self.keep(job, places).is_ok() {
            self.free.lock().unwrap_or_else(PoisonError::into_inner).push(job);
        } else {
            places.remove().await;
        }
    }

    /// Renames into the place of an old folder would fail or replace an empty one: both are right.
    fn move_to(&self, number: i64, places: &Places) -> io::Result<()> {
        let [private, build] = self.pair(number);
        fs::rename(build, &places.build)?;
        fs::rename(private, &places.private)
    }

    fn keep(&self, number: i64, places: &Places) -> io::Result<()> {
        let [private, build] = self.pair(number);
        if let Err(error) = fs::rename(&places.private, &private) {
            if error.kind() != io::ErrorKind::NotFound {
                return Err(error);
            }
            fs::create_dir_all(&self.dir)?;
            fs::rename(&places.private, &private)?;
        }
        fs::rename(&places.build, build)
    }

    fn pair(&self, number: i64) -> [PathBuf; 2] {
        [self.dir.join(format!("{number}.private")), self.dir.join(format!("{number}.build"))]
    }
}

/// Empties the runner's own files; whether that is all there is.
fn is_as_new(places: &Places) -> io::Result<bool> {
    let own = |folder: &Path| -> io::Result<bool> {
        let meta = fs::symlink_metadata(folder)?;
        Ok(meta.is_dir() && meta.permissions().mode() & 0o7777 == 0o700)
    };
    let temporary = places.temporary();
    if !own(&places.build)? || !own(&places.private)? || !own(&temporary)? {
        return Ok(false);
    }
    if fs::read_dir(&places.build)?.next().is_some() || fs::read_dir(&temporary)?.next().is_some() {
        return Ok(false);
    }
    for entry in fs::read_dir(&places.private)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == "tmp" {
            continue;
        }
        // A job could have put anything there, or keep its own name for one of the files.
        let meta = entry.metadata()?;
        if !FILES.iter().any(|known| name == *known) || !meta.is_file() || meta.nlink() != 1 {
            return Ok(false);
        }
        if meta.len() > 0 {
            OpenOptions::new().write(true).truncate(true).open(entry.path())?;
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(spares: &Spares, dir: &Path, job: i64) -> Places {
        let places = Places::new(dir, job);
        spares.create(&places).unwrap();
        for name in FILES {
            places.write_private(name, b"of this job").unwrap();
        }
        places
    }

    fn kept(spares: &Spares) -> usize {
        spares.free.lock().unwrap().len()
    }

    #[tokio::test]
    async fn the_next_job_gets_the_folders_empty() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["jobs", "builds"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let spares = Spares::new(dir.path());
        let first = used(&spares, dir.path(), 1);
        let number = fs::metadata(&first.build).unwrap().ino();
        spares.release(&first, 1).await;
        assert!(!first.build.exists() && !first.private.exists());
        let second = Places::new(dir.path(), 2);
        spares.create(&second).unwrap();
        assert_eq!(fs::metadata(&second.build).unwrap().ino(), number);
        for name in FILES {
            assert_eq!(fs::read(second.private.join(name)).unwrap(), b"");
        }
        // A runner that starts again makes its own.
        spares.release(&second, 2).await;
        assert_eq!(kept(&Spares::new(dir.path())), 0);
        assert!(!dir.path().join("spare").exists());
    }

    #[tokio::test]
    async fn what_a_job_has_touched_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["jobs", "builds"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        let spares = Spares::new(dir.path());
        let touch: [fn(&Places); 6] = [
            |places| fs::write(places.build.join("file"), "x").unwrap(),
            |places| fs::write(places.temporary().join("file"), "x").unwrap(),
            |places| fs::write(places.private.join("other"), "x").unwrap(),
            |places| fs::set_permissions(&places.build, fs::Permissions::from_mode(0o777)).unwrap(),
            |places| fs::hard_link(places.private.join("trace"), places.private.join("../mine")).unwrap(),
            |places| {
                fs::remove_dir(&places.build).unwrap();
                std::os::unix::fs::symlink("/", &places.build).unwrap();
            },
        ];
        for (job, touch) in (1..).zip(touch) {
            let places = used(&spares, dir.path(), job);
            touch(&places);
            spares.release(&places, job).await;
            assert!(!places.private.exists() && fs::symlink_metadata(&places.build).is_err(), "{job}");
            assert_eq!(kept(&spares), 0, "{job}");
        }
    }
}
