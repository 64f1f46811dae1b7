//! The embedded runner: a process of the same executable that speaks the runner protocol over a
//! Unix socket, and outlives the server.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::random;
use crate::service::Weir;
use crate::store::{StoreError, runners};

/// The socket that the embedded runner speaks over, below the data folder.
pub const SOCKET: &str = "run/weir.sock";

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

pub(super) async fn start(weir: &Arc<Weir>, concurrent: usize) -> Result<(), EmbeddedError> {
    let data = weir.data();
    let token_file = data.join("runner.token");
    let token = token(&token_file)?;
    let hash = random::hash(&token);
    weir.store().write(move |tx| runners::ensure(tx, "embedded runner", &hash)).await?;
    let build = build_id(concurrent)?;
    let mut target = None;
    for n in 1.. {
        let dir = folder(data, n);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&dir)?;
        match runner::pid_of(&dir)? {
            // Its jobs go on in the process that has them.
            Some(pid) if fs::read_to_string(dir.join("build")).is_ok_and(|b| b == build) => {
                tracing::info!(runner.pid = pid, "the embedded runner of the last server goes on");
                target = None;
                break;
            }
            Some(pid) => {
                tracing::info!(runner.pid = pid, "the embedded runner of another build drains");
                runner::terminate(pid)?;
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
    let Some(dir) = target else { return Ok(()) };
    spawn(data, &dir, &token_file, concurrent)?;
    fs::write(dir.join("build"), build)?;
    Ok(())
}

fn spawn(data: &Path, dir: &Path, token_file: &Path, concurrent: usize) -> std::io::Result<()> {
    let log = OpenOptions::new().create(true).append(true).mode(0o600).open(dir.join("runner.log"))?;
    let child = Command::new(std::env::current_exe()?)
        .arg("runner")
        .arg("--socket")
        .arg(data.join(SOCKET))
        .arg("--token-file")
        .arg(token_file)
        .arg("--dir")
        .arg(dir)
        .arg("--concurrent")
        .arg(concurrent.to_string())
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .current_dir("/")
        // Signals from the server's terminal are not meant for it.
        .process_group(0)
        .spawn()?;
    tracing::info!(runner.pid = child.id(), "started the embedded runner");
    // It outlives this process; a zombie is reaped should it end before.
    std::thread::Builder::new().name("runner-wait".into()).spawn(move || {
        let mut child = child;
        match child.wait() {
            Ok(status) => tracing::warn!(%status, "the embedded runner ended"),
            Err(error) => tracing::warn!(%error, "the embedded runner cannot be waited for"),
        }
    })?;
    Ok(())
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
/// how many jobs it takes.
fn build_id(concurrent: usize) -> std::io::Result<String> {
    let exe = fs::metadata(std::env::current_exe()?)?;
    Ok(format!("{}-{}-{}-{concurrent}", env!("CARGO_PKG_VERSION"), exe.len(), exe.mtime_nsec()))
}
