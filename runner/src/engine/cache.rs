//! What is kept between jobs: restored after the sources are there, saved after the script. Nothing
//! that goes wrong here fails a job, and all of it is said in the log.

mod key;
mod store;

use super::{
    archive::Level,
    environment::Environment,
    hands::{Done, Form, Pack, Task},
    job::{Watch, Work},
    outcome::End,
    selection::{Line, Selection},
};
use crate::{
    protocol::{Cache, JobPayload},
    trace::Log,
};
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
    /// What the files looked like when they had been restored from the very archive that would be written.
    restored: Option<u64>,
}

/// The caches of a job that name something to keep.
pub(super) fn caches(job: &JobPayload, environment: &Environment, log: &Log) -> Vec<JobCache> {
    let fallback = environment.get("CACHE_FALLBACK_KEY").and_then(|key| clean_fallback(&log.masked(key)));
    let of = |cache: &Cache| {
        let default = format!("{}/{}", job.job_info.name, job.git_info.git_ref);
        let raw = if cache.key.is_empty() { default } else { environment.name(&cache.key, log) };
        let key = clean(&raw);
        let own = cache.fallback_keys.iter().filter_map(|key| clean(&environment.name(key, log)));
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
            match self.unfold(one, work, watch).await? {
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
        let store = &work.settings.caches;
        let unkept = |error: &dyn std::fmt::Display| {
            log.warning(&format!("failed to keep the cache: {error}"));
            log.line("Failed to create cache");
        };
        let drafted = store.draft(self.project).and_then(|draft| Ok((draft.file()?, draft)));
        let (file, draft) = match drafted {
            Ok(drafted) => drafted,
            Err(error) => {
                unkept(&error);
                return Ok(());
            }
        };
        let task = Task::Pack {
            root: work.places.build.clone(),
            selection: self.selection.clone(),
            form: Form::Zip,
            level: self.level,
            unless: self.restored,
        };
        let packed = match work.hands().work(task, Some(file), watch.broken()).await? {
            Ok(Done::Packed(packed)) => packed,
            Ok(other) => {
                unkept(&format!("{other:?} is no answer"));
                return Ok(());
            }
            Err(trouble) => {
                unkept(&trouble.text);
                return Ok(());
            }
        };
        Line::tell(&packed.report, log);
        match packed.end {
            Ok(Pack::Nothing) => log.line("There is nothing to keep"),
            Ok(Pack::Unchanged) => log.line("Archive is up to date!"),
            Err(error) => unkept(&error),
            Ok(Pack::Whole(_)) => match store.keep(draft, self.project, &key) {
                Ok(Kept::Yes { size, evicted }) => {
                    if evicted > 0 {
                        log.line(&format!("{evicted} caches that were used longest ago have made room for this one"));
                    }
                    log.notice(&format!("Created cache ({size} bytes)"));
                }
                Ok(Kept::TooLarge { size, limit }) => {
                    log.warning(&format!("the cache has {size} bytes, all caches together may have {limit}: not kept"));
                }
                Err(error) => unkept(&error),
            },
        }
        Ok(())
    }

    /// What the files look like now; none when nothing will be saved.
    async fn look(&self, work: &Work<'_>, watch: &Watch<'_>) -> Result<Option<u64>, End> {
        if !self.policy.is_some_and(|policy| policy.push) {
            return Ok(None);
        }
        let task = Task::Look { root: work.places.build.clone(), selection: self.selection.clone() };
        Ok(match work.hands().work(task, None, watch.broken()).await? {
            Ok(Done::Seen(look)) => Some(look),
            _ => None,
        })
    }

    /// Unfolds what is kept under a key, beside the workspace first: a damaged archive leaves nothing there. False when
    /// there is none.
    async fn unfold(&self, key: &str, work: &Work<'_>, watch: &Watch<'_>) -> Result<Result<bool, String>, End> {
        let store = &work.settings.caches;
        let archive = match store.open(self.project, key) {
            Ok(Some(archive)) => archive,
            Ok(None) => return Ok(Ok(false)),
            Err(error) => return Ok(Err(format!("failed to open the cache: {error}"))),
        };
        let again = match archive.try_clone() {
            Ok(again) => again,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let task = Task::Unfold {
            root: work.places.build.clone(),
            staging: Some(work.places.staging()),
            limit: work.settings.unpack_limit,
        };
        Ok(match work.hands().work(task, Some(archive), watch.broken()).await? {
            Ok(_) => Ok(true),
            Err(trouble) if trouble.is_damage => {
                let _ = store.discard(self.project, key, &again);
                Err(format!("the cache cannot be used and has been removed: {}", trouble.text))
            }
            Err(trouble) => Err(format!("failed to restore the cache: {}", trouble.text)),
        })
    }
}
