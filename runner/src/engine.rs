//! Runs one job: workspace, sources, caches, dependencies' artifacts, the script in a shell under a
//! leader, or in a container, `after_script`, caches again, artifacts; says how it ended.
//!
//! The engine does not know whether a server or a person at a terminal wants the job: what it writes
//! goes to a `Log`, what it is told comes through a `Control`, files go through an `Exchange`.
//!
//! Each job has a workspace of its own, new or as good as new: no job sees what another left. Its private folder beside the workspace holds the scripts, file variables and `TMPDIR`.

mod archive;
mod artifacts;
mod cache;
mod containers;
mod duration;
mod environment;
mod exchange;
mod expand;
mod globs;
mod halt;
mod hands;
mod job;
mod leaders;
mod outcome;
mod places;
mod remove;
mod script;
mod selection;
mod session;
mod sources;
mod spares;

use std::{path::PathBuf, time::Duration};

pub(crate) use cache::Store;
pub use containers::Containers;
pub(crate) use containers::{remove_left, remove_left_of};
pub(crate) use environment::{passed, truth};
pub use exchange::ReportCheck;
pub(crate) use exchange::{ARCHIVES, Exchange};
#[cfg(test)]
pub(crate) use hands::command_of;
pub(crate) use hands::{end_all_at_once, hands_main, reach};
pub(crate) use job::{Work, execute};
pub(crate) use leaders::Leaders;
pub use outcome::JobOutcome;
pub(crate) use outcome::{End, known_reason};
pub(crate) use places::{Places, shut};
pub(crate) use remove::remove_tree;
pub(crate) use script::Shell;
pub(crate) use sources::Sources;
pub(crate) use spares::Spares;

use crate::users::JobUser;

/// What holds for every job of a runner.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The folder that jobs' folders are made in.
    pub dir: PathBuf,
    /// The folder of what jobs reach, where they have users of their own.
    pub apart: Option<PathBuf>,
    /// Identifies the folder in the marks of processes.
    pub instance: String,
    /// Time between TERM and KILL.
    pub grace: Duration,
    /// For jobs that do not name one.
    pub default_timeout: Duration,
    /// Bytes of one job's log.
    pub log_limit: u64,
    /// Bytes that the archives of one dependency may unfold to.
    pub unpack_limit: u64,
    /// What becomes of jobs that ask for a container.
    pub containers: Containers,
    /// What is kept between jobs.
    pub caches: Store,
    /// The shell of scripts.
    pub shell: Shell,
    /// What jobs get of the runner's own environment.
    pub environment: Vec<(String, String)>,
}

impl Settings {
    /// The folders of a job, of this user where jobs have users.
    pub(crate) fn places(&self, job: i64, user: Option<JobUser>) -> Places {
        match &self.apart {
            Some(apart) => Places::apart(&self.dir, apart, job, user),
            None => Places::new(&self.dir, job),
        }
    }
}

#[cfg(test)]
impl Settings {
    /// A runner in `dir` that has never run.
    fn for_tests(dir: &std::path::Path) -> Self {
        Self {
            dir: dir.to_owned(),
            apart: None,
            instance: "i".to_owned(),
            grace: Duration::ZERO,
            default_timeout: Duration::ZERO,
            log_limit: 0,
            unpack_limit: 0,
            containers: Containers::Refuse,
            caches: Store::new(dir.to_owned(), 0),
            shell: Shell { path: "sh".to_owned(), bash: false },
            environment: vec![("PATH".to_owned(), "/bin".to_owned()), ("HOME".to_owned(), "/root".to_owned())],
        }
    }
}
