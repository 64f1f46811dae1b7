//! Where caches are kept: one archive per project and key, all of them together no larger than a
//! limit.
//!
//! Several processes may use one store at the same time (a runner that drains and its successor). An
//! archive is written beside its place and renamed into it; who reads an archive has it open, so
//! that a newer one, or its eviction, does no harm. When an archive was used last is its access time.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::fs::{Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, futimens};
use sha2::{Digest, Sha256};

const ARCHIVE: &str = "zip";
const DRAFT: &str = "partial";

/// The caches of a runner.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    dir: PathBuf,
    limit: u64,
}

/// An archive that is being written; it is gone when it is dropped before it is kept.
pub(in crate::engine) struct Draft {
    path: PathBuf,
    // Locked as long as it is written: what nobody holds was left behind.
    file: File,
}

/// What became of a draft.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine) enum Kept {
    /// It is in its place, with so many bytes; so many others had to go.
    Yes { size: u64, evicted: usize },
    /// It is larger than all caches together may be.
    TooLarge { size: u64, limit: u64 },
}

impl Store {
    /// The store in `dir`, which is made when there is something to keep.
    pub(crate) fn new(dir: PathBuf, limit: u64) -> Self {
        Self { dir, limit }
    }

    /// The archive under `key`, if there is one; it counts as used now.
    pub(in crate::engine) fn open(&self, project: i64, key: &str) -> io::Result<Option<File>> {
        let file = match File::open(self.path(project, key)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        let times = Timestamps { last_access: special(UTIME_NOW), last_modification: special(UTIME_OMIT) };
        // A store that may only be read serves as well.
        let _ = futimens(&file, &times);
        Ok(Some(file))
    }

    /// Removes the archive under `key`, if it is still `damaged`.
    pub(in crate::engine) fn discard(&self, project: i64, key: &str, damaged: &File) -> io::Result<()> {
        let path = self.path(project, key);
        let (there, this) = (fs::metadata(&path)?, damaged.metadata()?);
        if (there.dev(), there.ino()) == (this.dev(), this.ino()) { fs::remove_file(path) } else { Ok(()) }
    }

    /// Begins a new archive.
    pub(in crate::engine) fn draft(&self, project: i64) -> io::Result<Draft> {
        let folder = self.folder(project);
        DirBuilder::new().mode(0o700).recursive(true).create(&folder)?;
        let path = folder.join(format!("{}.{DRAFT}", crate::random_hex(8)));
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        file.lock()?;
        Ok(Draft { path, file })
    }

    /// Puts a draft into the place of `key`, then makes room: what was used longest ago goes first.
    pub(in crate::engine) fn keep(&self, draft: Draft, project: i64, key: &str) -> io::Result<Kept> {
        let size = draft.file.metadata()?.len();
        if size > self.limit {
            return Ok(Kept::TooLarge { size, limit: self.limit });
        }
        // Not synchronised: after a crash of the machine the worst is an archive that is found damaged.
        let path = self.path(project, key);
        fs::rename(&draft.path, &path)?;
        Ok(Kept::Yes { size, evicted: self.make_room(&path)? })
    }

    fn make_room(&self, newest: &Path) -> io::Result<usize> {
        let mut kept = Vec::new();
        for project in fs::read_dir(&self.dir)?.flatten() {
            for entry in fs::read_dir(project.path()).into_iter().flatten().flatten() {
                let path = entry.path();
                // Others may be faster in removing it.
                let Ok(meta) = entry.metadata() else { continue };
                match path.extension().and_then(|extension| extension.to_str()) {
                    Some(ARCHIVE) if path != newest => {
                        kept.push(Entry { used: (meta.atime(), meta.atime_nsec()), size: meta.len(), path });
                    }
                    Some(DRAFT) if File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) => {
                        let _ = fs::remove_file(&path);
                    }
                    _ => {}
                }
            }
        }
        let newest = fs::metadata(newest).map_or(0, |meta| meta.len());
        let victims = victims(kept, self.limit.saturating_sub(newest));
        Ok(victims.iter().filter(|victim| fs::remove_file(&victim.path).is_ok()).count())
    }

    fn folder(&self, project: i64) -> PathBuf {
        self.dir.join(project.to_string())
    }

    /// The file of a key: readable as far as that is safe, and different for different keys.
    fn path(&self, project: i64, key: &str) -> PathBuf {
        let safe = |c: char| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '_' };
        let readable: String = key.chars().take(64).map(safe).collect();
        let digest = hex::encode(Sha256::digest(key.as_bytes()));
        self.folder(project).join(format!("{readable}-{}.{ARCHIVE}", &digest[..32]))
    }
}

impl Draft {
    /// What is written to.
    pub(in crate::engine) fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // It has another name when it has been kept.
        let _ = fs::remove_file(&self.path);
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    used: (i64, i64),
    size: u64,
    path: PathBuf,
}

/// What has to go so that the rest is no larger than `limit`: what was used longest ago.
fn victims(mut kept: Vec<Entry>, limit: u64) -> Vec<Entry> {
    kept.sort_by(|a, b| b.used.cmp(&a.used).then_with(|| a.path.cmp(&b.path)));
    let mut total = 0_u64;
    let fits = kept
        .iter()
        .take_while(|entry| {
            total = total.saturating_add(entry.size);
            total <= limit
        })
        .count();
    kept.split_off(fits)
}

fn special(nanoseconds: impl TryInto<i64>) -> Timespec {
    Timespec { tv_sec: 0, tv_nsec: nanoseconds.try_into().unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::FileTimes,
        io::{Read, Write},
        time::{Duration, SystemTime},
    };

    use proptest::prelude::*;

    use super::*;

    fn put(store: &Store, project: i64, key: &str, content: &[u8]) -> Kept {
        let draft = store.draft(project).unwrap();
        draft.file().unwrap().write_all(content).unwrap();
        store.keep(draft, project, key).unwrap()
    }

    fn read(store: &Store, project: i64, key: &str) -> Option<String> {
        let mut text = String::new();
        store.open(project, key).unwrap()?.read_to_string(&mut text).unwrap();
        Some(text)
    }

    /// Lets an archive have been used so many hours after the epoch.
    fn age(store: &Store, project: i64, key: &str, hours: u64) {
        let file = File::options().write(true).open(store.path(project, key)).unwrap();
        file.set_times(FileTimes::new().set_accessed(SystemTime::UNIX_EPOCH + Duration::from_hours(hours))).unwrap();
    }

    #[test]
    fn each_project_has_its_own_keys_and_the_newest_archive_counts() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path().join("made"), 1 << 20);
        assert_eq!(read(&store, 1, "a/b"), None);
        put(&store, 1, "a/b", b"old");
        let mut reader = store.open(1, "a/b").unwrap().unwrap();
        assert_eq!(put(&store, 1, "a/b", b"new"), Kept::Yes { size: 3, evicted: 0 });
        put(&store, 1, "a_b", b"other");
        assert_eq!(read(&store, 1, "a/b").as_deref(), Some("new"));
        assert_eq!(read(&store, 1, "a_b").as_deref(), Some("other"));
        assert_eq!(read(&store, 2, "a/b"), None);
        // Who had the old one still has it.
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "old");
        // A damaged one goes, but not the one that has taken its place.
        store.discard(1, "a/b", &reader).unwrap();
        assert!(read(&store, 1, "a/b").is_some());
        store.discard(1, "a/b", &store.open(1, "a/b").unwrap().unwrap()).unwrap();
        assert_eq!(read(&store, 1, "a/b"), None);
    }

    #[test]
    fn what_was_used_longest_ago_makes_room() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path().to_owned(), 30);
        for (hours, (project, key)) in (1..).zip([(1, "a"), (2, "b"), (1, "c")]) {
            put(&store, project, key, b"0123456789");
            age(&store, project, key, hours);
        }
        // Reading counts as use.
        assert!(read(&store, 1, "a").is_some());
        assert_eq!(put(&store, 3, "d", b"0123456789"), Kept::Yes { size: 10, evicted: 1 });
        let there = |project, key| store.path(project, key).exists();
        assert_eq!([there(1, "a"), there(2, "b"), there(1, "c"), there(3, "d")], [true, false, true, true]);
        assert_eq!(put(&store, 3, "e", &[0; 31]), Kept::TooLarge { size: 31, limit: 30 });
        assert_eq!(put(&store, 3, "d", &[0; 30]), Kept::Yes { size: 30, evicted: 2 });
        let left = fs::read_dir(dir.path()).unwrap().flat_map(|entry| fs::read_dir(entry.unwrap().path()).unwrap());
        assert_eq!(left.count(), 1, "no draft is left");
    }

    #[test]
    fn drafts_of_the_dead_go_and_those_of_the_living_stay() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path().to_owned(), 100);
        let living = store.draft(1).unwrap();
        let dead = dir.path().join(format!("1/dead.{DRAFT}"));
        fs::write(&dead, "half").unwrap();
        put(&store, 2, "a", b"x");
        assert!(!dead.exists() && living.path.exists());
        assert_eq!(store.keep(living, 1, "b").unwrap(), Kept::Yes { size: 0, evicted: 0 });
    }

    proptest! {
        #[test]
        fn the_rest_fits_and_nothing_goes_without_need(
            sizes in proptest::collection::vec((0_i64..20, 0_u64..100), 0..20), limit in 0_u64..500
        ) {
            let entry = |(n, &(used, size)): (usize, &(i64, u64))| Entry {
                used: (used, 0), size, path: n.to_string().into(),
            };
            let all: Vec<Entry> = sizes.iter().enumerate().map(entry).collect();
            let gone = victims(all.clone(), limit);
            let stays: Vec<&Entry> = all.iter().filter(|entry| !gone.contains(entry)).collect();
            let total: u64 = stays.iter().map(|entry| entry.size).sum();
            prop_assert!(total <= limit);
            prop_assert!(stays.iter().all(|stays| gone.iter().all(|gone| gone.used <= stays.used)));
            // The one that went last would not have fitted.
            if let Some(last) = gone.first() {
                prop_assert!(total + last.size > limit);
            }
        }
    }
}
