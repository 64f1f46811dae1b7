//! The runner process: one folder, one server, several jobs at a time.
//!
//! It asks for a job with a request that the server holds, and has at most one such request open. It
//! outlives the server: jobs go on, their logs grow on disk, and everything is handed over when the
//! server is back. What an earlier runner process in the same folder left behind is ended and
//! reported first.

mod alive;
mod config;
mod job;
mod lock;
mod recover;
mod report;

use std::{
    collections::BTreeMap,
    io,
    ops::ControlFlow,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{Semaphore, watch},
};
use tokio_util::task::TaskTracker;

use crate::{
    client::{Asked, Backoff, Client, ClientError, Endpoint, EndpointError},
    control::{Control, Level},
    engine::{Leaders, Settings, Shell, Spares, Store, passed},
    protocol::{ClientFeatures, ClientInfo, Secret},
    users::{Users, UsersError},
};
pub use alive::{pid_of, terminate};
pub use config::{CACHE_LIMIT, RunnerConfig, own_leader};
pub(crate) use lock::{Lock, instance_of};

/// Leaders that are started before there is a job for them.
const PREPARED: usize = 2;
/// How often it is looked for users of jobs, when others have them.
const USERS_AGAIN: Duration = Duration::from_secs(1);
/// A request that the server answers with nothing sooner than this was not held.
const NOT_HELD: Duration = Duration::from_secs(1);

/// How the runner is to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// Not yet.
    #[default]
    No,
    /// Take no new job, let those that run end.
    Drain,
    /// End the running jobs too.
    Now,
}

/// Why the runner could not run.
#[derive(Debug, thiserror::Error)]
pub enum RunnerError {
    /// The folder is another runner's.
    #[error("another runner uses {0}")]
    Locked(PathBuf),
    /// The folder cannot be used.
    #[error("failed to use {path}: {source}")]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The server's address is none.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// Jobs cannot be another user's.
    #[error(transparent)]
    Users(#[from] UsersError),
    /// There is neither `bash` nor `sh`.
    #[error("there is neither bash nor sh in PATH")]
    NoShell,
    /// The operating system refused something.
    #[error("failed to start: {0}")]
    Start(#[source] io::Error),
}

/// Runs a runner to its end on a runtime of its own, obeying SIGTERM and SIGINT: the first drains, the
/// second ends the jobs.
pub fn runner_main(config: RunnerConfig) -> Result<(), RunnerError> {
    // One thread: a job is waiting, here, and the machine's processors are for the scripts.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(RunnerError::Start)?;
    runtime.block_on(async {
        let stop = stop_on_signals().map_err(RunnerError::Start)?;
        run(config, stop).await
    })
}

/// What the signals of this process say.
pub fn stop_on_signals() -> io::Result<watch::Receiver<Stop>> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    // A terminal that goes away says nothing about the jobs: caught, the signal does not end the runner.
    let mut hang_up = signal(SignalKind::hangup())?;
    let (tell, told) = watch::channel(Stop::No);
    tokio::spawn(async move {
        for stop in [Stop::Drain, Stop::Now] {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            tell.send_replace(stop);
        }
        // Who listens must not see the sender go.
        while hang_up.recv().await.is_some() {}
    });
    Ok(told)
}

/// What all jobs of this process share.
struct Shared {
    client: Client,
    settings: Settings,
    leaders: Leaders,
    spares: Spares,
    /// None: jobs are the runner's own user's.
    users: Option<Users>,
    /// The jobs in hand, unreported ones included.
    jobs: Mutex<BTreeMap<i64, Control>>,
    stop: watch::Receiver<Stop>,
}

impl Shared {
    fn jobs(&self) -> MutexGuard<'_, BTreeMap<i64, Control>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs a runner until `stop` says otherwise and the jobs in hand have ended.
pub async fn run(config: RunnerConfig, mut stop: watch::Receiver<Stop>) -> Result<(), RunnerError> {
    let lock = Lock::take(&config.dir)?;
    let shell = Shell::find().ok_or(RunnerError::NoShell)?;
    let info = info(&shell, config.containers.engine().is_some());
    let concurrent = config.concurrent.max(1);
    let ControlFlow::Continue(users) = find_users(&config, concurrent, &mut stop).await? else { return Ok(()) };
    let apart = match &users {
        Some(users) => users.folder(lock.dir(), config.jobs_dir.as_deref(), &config.leader)?,
        None => None,
    };
    let mirrors = matches!(config.endpoint, Endpoint::Unix(_)) && users.is_none();
    let settings = Settings {
        // Scripts get absolute paths whatever the runner was started with.
        dir: lock.dir().to_owned(),
        apart,
        instance: lock.instance().to_owned(),
        grace: config.grace,
        default_timeout: config.default_timeout,
        log_limit: config.log_limit.unwrap_or(u64::MAX),
        unpack_limit: config.unpack_limit,
        containers: config.containers,
        caches: Store::new(config.cache_dir.unwrap_or_else(|| lock.dir().join("cache")), config.cache_limit),
        shell,
        environment: passed().into_iter().chain([short_token(&config.token)]).collect(),
    };
    let shared = Arc::new(Shared {
        client: Client::new(&config.endpoint, config.token, lock.instance().to_owned(), info)?.with_mirrors(mirrors),
        leaders: Leaders::new(config.leader),
        spares: Spares::new(&settings.dir),
        users,
        settings,
        jobs: Mutex::default(),
        stop: stop.clone(),
    });
    let tasks = TaskTracker::new();
    recover::recover(&shared, &tasks).await;
    shared.leaders.prepare(concurrent.min(PREPARED)).map_err(RunnerError::Start)?;
    tracing::info!(dir = %config.dir.display(), concurrent, "the runner takes jobs");
    take_jobs(&shared, &tasks, concurrent, stop.clone()).await;
    tracing::info!(jobs = tasks.len(), "the runner takes no more jobs");
    tasks.close();
    tokio::select! {
        () = tasks.wait() => {}
        () = stopped(&mut stop, Stop::Now) => {
            for control in shared.jobs().values() {
                control.raise(Level::Stop);
            }
            // Their ends are still reported, for a while if the server is away; what is not will be
            // by the next runner in this folder.
            let _ = tokio::time::timeout(Duration::from_secs(15), tasks.wait()).await;
        }
    }
    drop(lock);
    Ok(())
}

/// Who jobs run as. A runner that ends has its users until its jobs have; then this one takes its place. It breaks off
/// when the runner is to end before.
async fn find_users(
    config: &RunnerConfig,
    concurrent: usize,
    stop: &mut watch::Receiver<Stop>,
) -> Result<ControlFlow<(), Option<Users>>, RunnerError> {
    let mut told = false;
    loop {
        match Users::find(&config.job_users, concurrent) {
            Ok(users) => return Ok(ControlFlow::Continue(users)),
            Err(error @ UsersError::TooFew { .. }) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(%error, "waiting for users of jobs");
                }
            }
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = stopped(stop, Stop::Drain) => return Ok(ControlFlow::Break(())),
            () = tokio::time::sleep(USERS_AGAIN) => {}
        }
    }
}

/// Waits until the runner is to end at least like this. Whoever could say so and is gone says nothing.
async fn stopped(stop: &mut watch::Receiver<Stop>, how: Stop) {
    if stop.wait_for(|stop| *stop >= how).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Asks for jobs as long as there are free slots.
async fn take_jobs(shared: &Arc<Shared>, tasks: &TaskTracker, concurrent: usize, mut stop: watch::Receiver<Stop>) {
    let slots = Arc::new(Semaphore::new(concurrent));
    let mut backoff = shared.client.backoff();
    let mut refused = Backoff::new(Duration::from_secs(1), Duration::from_mins(1));
    let mut unheld = Backoff::new(Duration::from_millis(100), Duration::from_secs(3));
    let mut last_update = String::new();
    let mut ask = async || {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let in_hand = shared.jobs().keys().copied().collect();
        let asked_at = Instant::now();
        match shared.client.request_job(&last_update, in_hand).await {
            Ok(Asked::Job(job)) => {
                backoff.reset();
                refused.reset();
                unheld.reset();
                job::start(shared, tasks, *job, slot);
            }
            Ok(Asked::Nothing(version)) => {
                backoff.reset();
                refused.reset();
                let changed = version.is_some_and(|version| {
                    let changed = version != last_update;
                    last_update = version;
                    changed
                });
                // A server that does not hold requests must not be asked without a break.
                if changed || asked_at.elapsed() > NOT_HELD {
                    unheld.reset();
                } else {
                    drop(slot);
                    unheld.pause(None).await;
                }
            }
            Err(ClientError::Away { text, retry_after, .. }) => {
                tracing::debug!(error = text, "waiting for the server");
                backoff.pause(retry_after).await;
            }
            Err(error @ ClientError::Refused { status: 409, .. }) => {
                tracing::debug!(%error, "another runner was faster");
                backoff.pause(None).await;
            }
            Err(error) => {
                tracing::warn!(%error, "the server refused to give a job");
                refused.pause(None).await;
            }
        }
    };
    loop {
        // A request that is dropped here may just have been answered with a job: the server learns
        // from the next runner's list of jobs that nobody has it.
        tokio::select! {
            biased;
            () = stopped(&mut stop, Stop::Drain) => return,
            () = ask() => {}
        }
    }
}

/// What tells runners apart without giving their tokens away, as GitLab's runner has it: the first
/// characters behind the prefix.
fn short_token(token: &Secret) -> (String, String) {
    let token = token.reveal();
    let short = token.strip_prefix("glrt-").unwrap_or(token).chars().take(9).collect();
    ("CI_RUNNER_SHORT_TOKEN".to_owned(), short)
}

/// What this runner is and can do.
fn info(shell: &Shell, containers: bool) -> ClientInfo {
    ClientInfo {
        name: "weir-runner".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        revision: String::new(),
        platform: std::env::consts::OS.to_owned(),
        architecture: crate::architecture().to_owned(),
        executor: if containers { "docker" } else { "shell" }.to_owned(),
        shell: shell.name().to_owned(),
        features: ClientFeatures {
            variables: true,
            image: containers,
            services: containers,
            service_variables: containers,
            service_multiple_aliases: containers,
            image_executor_opts: containers,
            service_executor_opts: containers,
            artifacts: true,
            cache: true,
            fallback_cache_keys: true,
            shared: true,
            upload_multiple_artifacts: true,
            upload_raw_artifacts: true,
            refspecs: true,
            masking: true,
            raw_variables: true,
            artifacts_exclude: true,
            multi_build_steps: true,
            trace_reset: true,
            trace_checksum: true,
            trace_size: true,
            cancelable: true,
            return_exit_code: true,
            cancel_gracefully: true,
            ..ClientFeatures::default()
        },
    }
}
