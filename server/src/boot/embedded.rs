//! The embedded runner: a process of the same executable that speaks the runner protocol over a
//! Unix socket, and outlives the server.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use runner::{Containers, JobUsers};

use crate::random;
use crate::service::Weir;
use crate::store::{StoreError, runners};

/// The socket that the embedded runner speaks over, below the data folder.
pub const SOCKET: &str = "run/weir.sock";

/// A runner that is killed sooner than this is started again only after it.
const RESPAWN: Duration = Duration::from_secs(1);

/// Why the embedded runner cannot be started; fits after "failed to …: ".
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// Its folder or process.
    #[error("the embedded runner cannot be started: {0}")]
    Io(#[from] std::io::Error),
    /// Its token.
    #[error("the embedded runner cannot be made known: {0}")]
    Store(#[from] StoreError),
}

/// Where a runner process lives: `DATA/runner`, and further ones while older builds drain.
fn folder(data: &Path, n: u32) -> PathBuf {
    if n == 1 { data.join("runner") } else { data.join(format!("runner-{n}")) }
}

/// What the embedded runner is like.
#[derive(Clone, Debug)]
pub struct Embedded {
    /// How many jobs it runs at a time.
    pub concurrent: usize,
    /// What it does with jobs that have an image.
    pub containers: Containers,
    /// Its tags.
    pub tags: Vec<String>,
    /// Who its jobs run as.
    pub job_users: JobUsers,
    /// Where what such jobs reach is; each runner process has a folder in it.
    pub jobs_dir: Option<PathBuf>,
}

pub(super) async fn start(weir: &Arc<Weir>, runner: &Embedded) -> Result<(), EmbeddedError> {
    let data = weir.data();
    let token_file = data.join("runner.token");
    let token = token(&token_file)?;
    let hash = random::hash(&token);
    let tags = runner.tags.clone();
    weir.store().write(move |tx| runners::ensure(tx, "embedded runner", &hash, &tags)).await?;
    let build = build_id(runner)?;
    let mut target = None;
    let mut going_on = None;
    for n in 1.. {
        let dir = folder(data, n);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        match runner::pid_of(&dir)? {
            // Its jobs go on in the process that has them.
            Some(pid) if fs::read_to_string(dir.join("build")).is_ok_and(|b| b == build) => {
                tracing::info!(runner.pid = pid, "the embedded runner of the last server goes on");
                target = None;
                going_on = Some(dir);
                break;
            }
            Some(pid) => {
                tracing::info!(runner.pid = pid, "the embedded runner of another build drains");
                let_finish(&dir, pid)?;
            }
            None => {
                // Also a folder that a dead runner left: the new process clears up what is in it.
                if target.is_none() {
                    target = Some(dir);
                }
                if !folder(data, n + 1).exists() {
                    break;
                }
            }
        }
    }
    let place = match target {
        Some(dir) => {
            let place = Place { data: data.to_owned(), dir, token_file, runner: runner.clone() };
            let child = place.spawn()?;
            fs::write(place.dir.join("build"), build)?;
            watch(place, Some(child));
            return Ok(());
        }
        None => going_on.map(|dir| Place { data: data.to_owned(), dir, token_file, runner: runner.clone() }),
    };
    if let Some(place) = place {
        watch(place, None);
    }
    Ok(())
}

/// Tells every embedded runner to end when its jobs have.
pub(super) fn drain(data: &Path) {
    for n in 1.. {
        let dir = folder(data, n);
        if !dir.exists() {
            return;
        }
        let told = match runner::pid_of(&dir) {
            Ok(Some(pid)) => {
                tracing::info!(runner.pid = pid, "the embedded runner of an earlier server drains");
                let_finish(&dir, pid)
            }
            other => other.map(drop),
        };
        if let Err(error) = told {
            tracing::warn!(%error, "failed to end the embedded runner of an earlier server");
        }
    }
}

/// Tells a runner process to end when its jobs have: once. A second time would end the jobs.
fn let_finish(dir: &Path, pid: u32) -> std::io::Result<()> {
    let told = dir.join("draining");
    if fs::read_to_string(&told).is_ok_and(|text| text.trim() == pid.to_string()) {
        return Ok(());
    }
    runner::terminate(pid)?;
    fs::write(told, format!("{pid}\n"))
}

/// What a runner process is started with.
struct Place {
    data: PathBuf,
    dir: PathBuf,
    token_file: PathBuf,
    runner: Embedded,
}

impl Place {
    fn spawn(&self) -> std::io::Result<Child> {
        let log = OpenOptions::new().create(true).append(true).mode(0o600).open(self.dir.join("runner.log"))?;
        let child = Command::new(std::env::current_exe()?)
            .arg("runner")
            .arg("--socket")
            .arg(self.data.join(SOCKET))
            .arg("--token-file")
            .arg(&self.token_file)
            .arg("--dir")
            .arg(&self.dir)
            .arg("--concurrent")
            .arg(self.runner.concurrent.to_string())
            .arg("--containers")
            .arg(self.runner.containers.to_string())
            .arg("--job-user")
            .arg(self.runner.job_users.to_string())
            .args(self.jobs_dir().iter().flat_map(|dir| [OsStr::new("--jobs-dir"), dir.as_os_str()]))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .current_dir("/")
            // Signals from the server's terminal are not meant for it.
            .process_group(0)
            .spawn()?;
        tracing::info!(runner.pid = child.id(), "started the embedded runner");
        Ok(child)
    }

    fn jobs_dir(&self) -> Option<PathBuf> {
        Some(self.runner.jobs_dir.as_ref()?.join(self.dir.file_name()?))
    }

    /// Whether the last runner process here was killed: one that ends by itself takes its file along.
    fn was_killed(&self) -> bool {
        self.dir.join("runner.pid").exists()
    }
}

/// Starts the runner anew whenever its process is killed, for as long as this server lives; its
/// jobs are then reported by the new one. One that ended because it was told to stays away.
fn watch(place: Place, child: Option<Child>) {
    let mut child = child;
    let watching = move || {
        loop {
            let begun = Instant::now();
            match child.as_mut() {
                Some(child) => drop(child.wait()),
                None => wait_for_other(&place.dir),
            }
            if !place.was_killed() {
                tracing::info!("the embedded runner ended");
                return;
            }
            // One that dies at once again and again must not keep a processor busy.
            if begun.elapsed() < RESPAWN {
                std::thread::sleep(RESPAWN);
            }
            tracing::warn!("the embedded runner was killed and is started again");
            match place.spawn() {
                Ok(new) => child = Some(new),
                Err(error) => {
                    tracing::error!(%error, "failed to start the embedded runner again");
                    return;
                }
            }
        }
    };
    if let Err(error) = std::thread::Builder::new().name("runner-watch".into()).spawn(watching) {
        tracing::error!(%error, "failed to watch the embedded runner");
    }
}

/// Waits for the end of a runner process that is not our child.
fn wait_for_other(dir: &Path) {
    let Ok(Some(pid)) = runner::pid_of(dir) else { return };
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return };
    // A process that is gone already cannot be opened.
    if let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) {
        let mut ended = [PollFd::new(&process, PollFlags::IN)];
        while let Err(rustix::io::Errno::INTR) = poll(&mut ended, None) {}
    }
}

/// The runner's token, made on the first start.
fn token(path: &Path) -> std::io::Result<String> {
    match fs::read_to_string(path) {
        Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let token = random::token("glrt-");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
    writeln!(file, "{token}")?;
    Ok(token)
}

/// What has to be the same for a runner process to go on under a new server: the executable and
/// what it was told to do.
fn build_id(runner: &Embedded) -> std::io::Result<String> {
    let exe = fs::metadata(std::env::current_exe()?)?;
    let jobs_dir = runner.jobs_dir.as_deref().unwrap_or(Path::new("")).display();
    let told = format!("{}-{}-{}-{jobs_dir}", runner.concurrent, runner.containers, runner.job_users);
    Ok(format!("{}-{}-{}-{told}", env!("CARGO_PKG_VERSION"), exe.len(), exe.mtime_nsec()))
}
