//! What is kept between jobs: restored after the sources are there, saved after the script. Nothing
//! that goes wrong here fails a job, and all of it is said in the log.

mod key;
mod store;

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{
    archive::{ArchiveError, Level, move_into, unzip, zip},
    environment::Environment,
    halt::{Halt, in_thread},
    job::{Watch, Work},
    outcome::End,
    selection::{Selected, Selection},
};
use crate::protocol::{Cache, JobPayload};
use key::{Policy, clean, clean_fallback, is_due};
use store::Kept;
pub(crate) use store::Store;

/// One of a job's caches.
pub(super) struct JobCache {
    cache: Cache,
    /// None when it came to nothing.
    key: Option<String>,
    /// Further keys to restore from, in order.
    fallbacks: Vec<String>,
    selection: Selection,
    policy: Option<Policy>,
    level: Level,
    project: i64,
    /// What the files were when they had been restored from the very archive that would be written.
    restored: Option<Fingerprint>,
}

/// Tells whether any of a set of files has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fingerprint(u64);

/// The caches of a job that name something to keep.
pub(super) fn caches(job: &JobPayload, environment: &Environment) -> Vec<JobCache> {
    let fallback = environment.get("CACHE_FALLBACK_KEY").and_then(clean_fallback);
    let of = |cache: &Cache| {
        let default = format!("{}/{}", job.job_info.name, job.git_info.git_ref);
        let raw = if cache.key.is_empty() { default } else { environment.expand(&cache.key) };
        let key = clean(&raw);
        let own = cache.fallback_keys.iter().filter_map(|key| clean(&environment.expand(key)));
        JobCache {
            fallbacks: own.chain(fallback.clone()).filter(|one| Some(one) != key.as_ref()).collect(),
            key,
            selection: Selection::new(&cache.paths, &[], cache.untracked, environment),
            policy: Policy::named(&environment.expand(&cache.policy)),
            // Such archives stay on this machine: time is worth more than room.
            level: environment.get("CACHE_COMPRESSION_LEVEL").and_then(Level::named).unwrap_or(Level::Fastest),
            project: job.job_info.project_id,
            restored: None,
            cache: cache.clone(),
        }
    };
    job.cache.iter().map(of).filter(|cache| !cache.selection.is_empty()).collect()
}

impl JobCache {
    /// Restores it under its key, or the first of the others that there is.
    pub(super) async fn restore(&mut self, work: &Work<'_>, watch: &Watch<'_>) -> Result<(), End> {
        let log = work.log;
        let Some(key) = self.key.clone() else {
            log.notice("Skipping cache extraction due to empty cache key");
            return Ok(());
        };
        match self.policy {
            None => {
                log.warning(&format!("{key}: {:?} is no cache policy; the cache is left alone", self.cache.policy));
                return Ok(());
            }
            Some(Policy { pull: false, .. }) => {
                log.notice(&format!("Not downloading cache {key} due to policy"));
                return Ok(());
            }
            Some(_) => {}
        }
        for one in std::iter::once(&key).chain(&self.fallbacks) {
            log.notice(&format!("Checking cache for {one}..."));
            let unfold = Unfold {
                store: work.settings.caches.clone(),
                project: self.project,
                key: one.clone(),
                staging: work.places.private.join("cache"),
                root: work.places.build.clone(),
                limit: work.settings.unpack_limit,
            };
            match in_thread(move |halt| unfold.run(halt), watch.broken()).await? {
                Ok(true) => {
                    log.notice("Successfully extracted cache");
                    if *one == key {
                        self.restored = self.look(work, watch).await?;
                    }
                    return Ok(());
                }
                Ok(false) => log.line("there is no such cache"),
                Err(error) => log.warning(&error),
            }
            log.line("Failed to extract cache");
        }
        Ok(())
    }

    /// Whether it is saved after a script that ended so.
    pub(super) fn is_due(&self, success: bool) -> bool {
        is_due(&self.cache, success)
    }

    /// Saves it under its key.
    pub(super) async fn save(&self, work: &Work<'_>, watch: &Watch<'_>) -> Result<(), End> {
        let log = work.log;
        let Some(key) = self.key.clone() else {
            log.notice("Skipping cache archiving due to empty cache key");
            return Ok(());
        };
        match self.policy {
            None => return Ok(()),
            Some(Policy { push: false, .. }) => {
                log.notice(&format!("Not uploading cache {key} due to policy"));
                return Ok(());
            }
            Some(_) => {}
        }
        log.notice(&format!("Creating cache {key}..."));
        let (selection, root) = (self.selection.clone(), work.places.build.clone());
        let selected = in_thread(move |_| Ok(selection.collect(&root)), watch.broken()).await?;
        let selected = match selected {
            Ok(selected) => selected,
            Err(error) => {
                log.warning(&error);
                return Ok(());
            }
        };
        selected.report(log);
        if selected.files.is_empty() {
            log.line("There is nothing to keep");
            return Ok(());
        }
        let (store, project, level) = (work.settings.caches.clone(), self.project, self.level);
        let (root, restored) = (work.places.build.clone(), self.restored);
        let pack = move |halt: &Halt| {
            if restored.is_some_and(|before| before == Fingerprint::of(&root, &selected)) {
                return Ok(None);
            }
            pack(&store, project, &key, &root, &selected, level, halt).map(Some)
        };
        match in_thread(pack, watch.broken()).await? {
            Ok(None) => log.line("Archive is up to date!"),
            Ok(Some(Kept::Yes { size, evicted })) => {
                if evicted > 0 {
                    log.line(&format!("{evicted} caches that were used longest ago have made room for this one"));
                }
                log.notice(&format!("Created cache ({size} bytes)"));
            }
            Ok(Some(Kept::TooLarge { size, limit })) => {
                log.warning(&format!("the cache has {size} bytes, all caches together may have {limit}: not kept"));
            }
            Err(error) => {
                log.warning(&error);
                log.line("Failed to create cache");
            }
        }
        Ok(())
    }

    /// What the files are now; none when nothing will be saved.
    async fn look(&self, work: &Work<'_>, watch: &Watch<'_>) -> Result<Option<Fingerprint>, End> {
        if !self.policy.is_some_and(|policy| policy.push) {
            return Ok(None);
        }
        let (selection, root) = (self.selection.clone(), work.places.build.clone());
        let look = in_thread(move |_| Ok(Fingerprint::of(&root, &selection.collect(&root))), watch.broken()).await?;
        Ok(look.ok())
    }
}

impl Fingerprint {
    fn of(root: &Path, selected: &Selected) -> Self {
        let mut hasher = DefaultHasher::new();
        for file in &selected.files {
            file.hash(&mut hasher);
            if let Ok(meta) = fs::symlink_metadata(root.join(file)) {
                (meta.ino(), meta.mode(), meta.len()).hash(&mut hasher);
                // Restoring sets the first back, so that a change is seen that comes within the same tick
                // of the clock; the second cannot be set back by a script.
                (meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()).hash(&mut hasher);
            }
        }
        Self(hasher.finish())
    }
}

struct Unfold {
    store: Store,
    project: i64,
    key: String,
    staging: PathBuf,
    root: PathBuf,
    limit: u64,
}

impl Unfold {
    /// Unfolds the archive beside the workspace first: a damaged one leaves nothing there.
    fn run(self, halt: &Halt) -> Result<bool, String> {
        let opened = self.store.open(self.project, &self.key);
        let Some(archive) = opened.map_err(|error| format!("failed to open the cache: {error}"))? else {
            return Ok(false);
        };
        let again = archive.try_clone().map_err(|error| error.to_string())?;
        let _ = fs::remove_dir_all(&self.staging);
        let unfolded = fs::create_dir(&self.staging)
            .map_err(ArchiveError::from)
            .and_then(|()| unzip(archive, &self.staging, self.limit, halt));
        let moved = unfolded.and_then(|_| {
            halt.check()?;
            move_into(&self.staging, &self.root)
        });
        let _ = fs::remove_dir_all(&self.staging);
        moved.map(|()| true).map_err(|error| {
            if error.is_damage() {
                let _ = self.store.discard(self.project, &self.key, &again);
                return format!("the cache cannot be used and has been removed: {error}");
            }
            format!("failed to restore the cache: {error}")
        })
    }
}

fn pack(
    store: &Store,
    project: i64,
    key: &str,
    root: &Path,
    selected: &Selected,
    level: Level,
    halt: &Halt,
) -> Result<Kept, String> {
    let packed = || {
        let draft = store.draft(project)?;
        zip(root, &selected.files, draft.file()?, level, halt)?;
        halt.check()?;
        Ok::<_, ArchiveError>(store.keep(draft, project, key)?)
    };
    packed().map_err(|error| format!("failed to keep the cache: {error}"))
}
