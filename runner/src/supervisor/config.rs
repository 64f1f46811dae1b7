//! What a runner is told when it starts.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use crate::{client::Endpoint, engine::Containers, protocol::Secret, users::JobUsers};

/// What a runner needs to know.
#[derive(Clone, Debug)]
pub struct RunnerConfig {
    /// Where the server is.
    pub endpoint: Endpoint,
    /// The runner's token.
    pub token: Secret,
    /// The folder that belongs to this runner alone; made when it is not there.
    pub dir: PathBuf,
    /// How many jobs run at the same time.
    pub concurrent: usize,
    /// The command that runs [`leader_main`](crate::leader_main): program and arguments.
    pub leader: Vec<OsString>,
    /// Time between TERM and KILL when a job is ended.
    pub grace: Duration,
    /// The timeout of jobs that do not name one.
    pub default_timeout: Duration,
    /// The most bytes of one job's log; none is no limit.
    pub log_limit: Option<u64>,
    /// The most bytes that one archive may unfold to.
    pub unpack_limit: u64,
    /// Where caches are kept; none is a folder below `dir`. Runners may share one.
    pub cache_dir: Option<PathBuf>,
    /// The most bytes of all caches together: those that were used longest ago make room.
    pub cache_limit: u64,
    /// What becomes of jobs that ask for a container.
    pub containers: Containers,
    /// Who jobs run as.
    pub job_users: JobUsers,
    /// The folder of what such jobs reach; none is one beside `dir`, or below `/var/lib` where others cannot get there.
    pub jobs_dir: Option<PathBuf>,
}

/// [`RunnerConfig::cache_limit`] unless something else is wanted.
pub const CACHE_LIMIT: u64 = 10 << 30;

impl RunnerConfig {
    /// A runner with the usual limits; `leader` is this very executable with the argument `leader`.
    pub fn new(endpoint: Endpoint, token: Secret, dir: PathBuf) -> Self {
        Self {
            endpoint,
            token,
            dir,
            concurrent: std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
            leader: own_leader(),
            grace: Duration::from_secs(10),
            default_timeout: Duration::from_hours(1),
            log_limit: None,
            unpack_limit: 16 << 30,
            cache_dir: None,
            cache_limit: CACHE_LIMIT,
            containers: Containers::default(),
            job_users: JobUsers::default(),
            jobs_dir: None,
        }
    }
}

/// The command of a leader that is this executable; it stays right when the file is replaced.
pub fn own_leader() -> Vec<OsString> {
    vec!["/proc/self/exe".into(), "leader".into()]
}
