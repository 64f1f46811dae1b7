//! Jobs without a server: the same engine, for `weir exec`.
//!
//! A job gets a copy of the folder that it is run from (what git knows or does not ignore, else all),
//! not the folder itself: jobs are as isolated from each other, and from what lies around, as on a
//! server. Its log goes to a callback, its archives to files, from where later jobs get them. Caches
//! work as they do for a server's jobs.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    control::Control,
    engine::{
        ARCHIVES, Containers, End, Exchange, JobOutcome, Leaders, Places, ReportCheck, Settings, Shell, Sources, Store,
        Work, execute, passed, remove_left_of,
    },
    protocol::JobPayload,
    supervisor::{CACHE_LIMIT, Lock, RunnerError, instance_of, own_leader},
    trace::Log,
};

/// Runs jobs in a folder of its own.
pub struct LocalRunner {
    settings: Settings,
    leaders: Leaders,
    check: Option<ReportCheck>,
    _lock: Lock,
}

/// An archive, or a report, that a job left. Archives are asked for by name, reports have the format
/// that the payload named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFile {
    /// The name that a [`Dependency`](crate::protocol::Dependency) asks for it by.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes.
    pub size: u64,
}

impl LocalRunner {
    /// A runner that keeps everything in `dir`, which it makes and which nobody else uses meanwhile.
    pub fn new(dir: &Path) -> Result<Self, RunnerError> {
        Self::with_leader(dir, own_leader())
    }

    /// The same, with another command for [`leader_main`](crate::leader_main).
    pub fn with_leader(dir: &Path, leader: Vec<std::ffi::OsString>) -> Result<Self, RunnerError> {
        let lock = Lock::take(dir)?;
        let settings = Settings {
            dir: lock.dir().to_owned(),
            apart: None,
            instance: lock.instance().to_owned(),
            grace: Duration::from_secs(10),
            default_timeout: Duration::from_hours(1),
            log_limit: u64::MAX,
            unpack_limit: 16 << 30,
            containers: Containers::default(),
            caches: Store::new(lock.dir().join("cache"), CACHE_LIMIT),
            shell: Shell::find().ok_or(RunnerError::NoShell)?,
            environment: passed(),
        };
        Ok(Self { settings, leaders: Leaders::new(leader), check: None, _lock: lock })
    }

    /// Keeps caches in `dir`, which other runners may use too, and no more than `limit` bytes of them.
    /// Without this they are kept in the runner's folder.
    pub fn keep_caches(&mut self, dir: PathBuf, limit: u64) {
        self.settings.caches = Store::new(dir, limit);
    }

    /// Says what becomes of jobs that ask for a container. Without this they are refused.
    pub fn use_containers(&mut self, containers: Containers) {
        self.settings.containers = containers;
    }

    /// Looks at every report before it is kept; one that is refused fails its job, as it would on a server.
    pub fn check_reports(&mut self, check: ReportCheck) {
        self.check = Some(check);
    }

    /// Removes the containers that a runner in `dir` left behind whose process was killed; before `dir`
    /// is removed, which knows their name.
    pub async fn remove_left(&self, dir: &Path) -> std::io::Result<()> {
        let Some(instance) = instance_of(dir) else { return Ok(()) };
        remove_left_of(&self.settings.containers, &self.settings.shell, &instance).await
    }

    /// Runs one job; several may run at the same time. `folder` is what the job finds in its
    /// workspace; none means what the payload's `git_info` says. Everything that the log gets, with
    /// secrets replaced, goes to `sink`. Dependencies are found by number and file name among what
    /// earlier jobs of this runner left.
    pub async fn run(
        &self,
        job: &JobPayload,
        folder: Option<&Path>,
        sink: impl FnMut(&[u8]) + Send + 'static,
        control: &Control,
    ) -> JobOutcome {
        let places = Places::new(&self.settings.dir, job.id);
        let log = Log::callback(Box::new(sink), self.settings.log_limit);
        let end = match places.create(false) {
            Ok(()) => {
                let exchange = Exchange::Folder { dir: self.artifacts(), check: self.check.clone() };
                execute(&Work {
                    job,
                    places: &places,
                    settings: &self.settings,
                    leaders: &self.leaders,
                    log: &log,
                    control,
                    exchange: &exchange,
                    sources: folder.map_or(Sources::Payload, |folder| Sources::Folder(folder.to_owned())),
                })
                .await
            }
            Err(error) => {
                let end = End::System(format!("failed to make the job's folder: {error}"));
                log.line(&end.line().unwrap_or_default());
                end
            }
        };
        log.close();
        places.remove().await;
        end.outcome()
    }

    /// The archives that the job with this number left: what other jobs may depend on.
    pub fn files(&self, job: i64) -> Vec<LocalFile> {
        self.of_kind(ARCHIVES, job).collect()
    }

    /// The reports that the job with this number left, with their kinds (`junit`, `dotenv`, …).
    pub fn reports(&self, job: i64) -> Vec<(String, LocalFile)> {
        let kinds = fs::read_dir(self.artifacts()).into_iter().flatten().flatten();
        let kinds = kinds.filter_map(|entry| entry.file_name().into_string().ok()).filter(|kind| kind != ARCHIVES);
        kinds
            .flat_map(|kind| self.of_kind(&kind, job).map(move |file| (kind.clone(), file)).collect::<Vec<_>>())
            .collect()
    }

    fn of_kind(&self, kind: &str, job: i64) -> impl Iterator<Item = LocalFile> + use<> {
        let folder = self.artifacts().join(kind).join(job.to_string());
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some(LocalFile { name, size: entry.metadata().ok()?.len(), path: entry.path() })
        })
    }

    fn artifacts(&self) -> PathBuf {
        self.settings.dir.join("artifacts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_may_be_a_task_of_its_own() {
        fn is_send<T: Send>(_: &T) {}
        fn check(runner: &LocalRunner, job: &JobPayload, control: &Control) {
            is_send(&runner.run(job, None, |_| {}, control));
        }
        let _ = check;
    }
}
