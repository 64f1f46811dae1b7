//! `weir serve`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

use model::Caller;
use runner::{JobUsers, UsersError};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use super::args::ServeArgs;
use super::config::{self, Settings};
use super::failure::{Exit, Failure, Outcome};
use super::output;
use crate::boot;
use crate::http::{AppState, Listeners, Options, Public, Rules, Site, Tls, serve};
use crate::outbound::RemoteIncludes;
use crate::service::Served;

const DOING: &str = "serve";

/// Runs the command.
pub fn main(args: &ServeArgs, json: bool) -> Outcome {
    let settings = config::resolve(args, |name| std::env::var(name).ok())?;
    if settings.local && settings.tls.is_some() {
        return Err(Failure::usage(DOING, "--local is for this machine alone and needs no certificate"));
    }
    if settings.local && !settings.listen.ip().is_loopback() {
        let cause = format!("--local trusts everybody who reaches {}; use a loopback address", settings.listen);
        return Err(Failure::usage(DOING, cause));
    }
    log_to_stderr();
    let jobs_dir = jobs_dir(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Internal, DOING, error))?;
    let result = runtime.block_on(run(&settings, jobs_dir, args.demo, json));
    // What still waits (held requests of a client that went away) does not keep the process.
    runtime.shutdown_background();
    result
}

/// Log lines go to stderr; `WEIR_LOG` says which.
pub fn log_to_stderr() {
    let filter = EnvFilter::try_from_env("WEIR_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let paint = output::Paint::stderr();
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(paint.is_on());
    // Set already in a test that runs several commands.
    let _ = subscriber.try_init();
}

/// The folder of what jobs of other users reach; none when jobs are this very user's. Whatever stands against them is told
/// here, and not by the runner to nobody.
fn jobs_dir(settings: &Settings) -> Result<Option<PathBuf>, Failure> {
    if !settings.runner {
        return Ok(None);
    }
    let found = settings.job_users.prepare(settings.concurrent, &settings.data, settings.jobs_dir.as_deref());
    found.map_err(|error| {
        let hint = match &error {
            UsersError::Folder { .. } | UsersError::Claim { .. } => {
                "; --jobs-dir names another folder, --no-runner leaves jobs to other runners, and --job-user same runs them as \
                 this user, who can read all that the server has"
            }
            _ => "",
        };
        Failure::usage(DOING, format!("{error}{hint}"))
    })
}

async fn run(settings: &Settings, jobs_dir: Option<PathBuf>, demo: bool, json: bool) -> Outcome {
    let failed = |error: &dyn std::fmt::Display| Failure::text(Exit::Failed, DOING, error);
    let caller = Caller::local(super::admin::owner());
    let (folder, weir) = boot::open(&settings.data).map_err(|error| failed(&error))?;
    let listeners =
        Listeners::bind(settings.listen, &folder.path().join(boot::SOCKET)).await.map_err(|error| failed(&error))?;
    let address = listeners.address().map_err(|error| failed(&error))?;
    let listeners = match &settings.tls {
        Some(files) => {
            let tls = Tls::read(&files.certificate, &files.key).map_err(|error| failed(&error))?;
            listeners.with_tls(tls)
        }
        None => listeners,
    };
    let scheme = if settings.tls.is_some() { "https" } else { "http" };
    let here = format!("{scheme}://{}", reachable(address));
    match settings.external_url.as_deref() {
        Some(url) => weir.set_configured_url(url),
        None => weir.set_external_url(&here),
    }
    if settings.tls.is_none() {
        weir.set_sources_url(&here);
    }
    let stop = CancellationToken::new();
    let public = (!settings.local).then(|| Public {
        external: settings.external_url.as_deref().and_then(Site::of_url),
        proxies: settings.proxies.clone(),
        rules: Rules::new(settings.rate_limit),
    });
    let options = Options { owner: caller.user.clone(), port: address.port(), public };
    if settings.local {
        weir.begin_local(&caller.user).await.map_err(|error| failed(&error))?;
    }
    let first_start = if settings.local { None } else { weir.first_start().await.map_err(|error| failed(&error))? };
    let state = AppState::new(weir.clone(), options, stop.clone());
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| failed(&error))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| failed(&error))?;
    crate::clock::set_zone(settings.codearts_zone);
    weir.set_served(Served::by(&settings.containers));
    weir.set_limits(settings.limits);
    weir.set_remote_includes(RemoteIncludes::of(settings.include_remote.clone()));
    boot::finish(&weir).await;
    let serving = tokio::spawn(serve(listeners, state));
    if settings.runner {
        if jobs_dir.is_none() && !settings.local {
            tracing::warn!(
                "jobs of the embedded runner run as this user: whoever may change a pipeline can act as an administrator; \
                 as root, --job-user gives jobs users of their own; with --no-runner, runners of other users and machines \
                 take the jobs (weir runner create)"
            );
        }
        let job_users = if jobs_dir.is_some() { settings.job_users.clone() } else { JobUsers::Same };
        let runner = boot::Embedded {
            concurrent: settings.concurrent,
            containers: settings.containers.clone(),
            tags: settings.runner_tags.clone(),
            job_users,
            jobs_dir,
        };
        boot::start_runner(&weir, &runner).await.map_err(|error| failed(&error))?;
    } else {
        boot::drain_runners(folder.path());
    }
    let children = tokio::spawn(boot::keep_children(weir.clone(), stop.clone()));
    let timing = tokio::spawn(boot::keep_time(weir.clone(), stop.clone()));
    let firing = tokio::spawn(boot::keep_schedules(weir.clone(), stop.clone()));
    let sweeping = tokio::spawn(boot::keep_swept(weir.clone(), stop.clone()));
    if demo {
        fill_demo(&weir, &caller).await;
    }
    let known = Address::tell(folder.path(), &here);
    let link = first_start.map(|path| format!("{}{path}", weir.external_url()));
    if let Some(link) = &link {
        output::note(format!("weir: there is no administrator yet; this link makes one, once:\n{link}"));
    }
    let url = format!("{scheme}://{address}");
    if json {
        let mut told = serde_json::json!({"url": url, "data": folder.path()});
        if let Some(link) = link {
            told["setup"] = link.into();
        }
        output::line(told);
    } else {
        output::line(format!("weir: serving {url} (data {})", folder.path().display()));
    }
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    drop(known);
    tracing::info!("stopping; running jobs go on");
    stop.cancel();
    let _ = tokio::join!(serving, timing, firing, sweeping, children);
    Ok(())
}

/// An address that a browser on this machine can open: a server that listens on all of them is on this one, too.
fn reachable(address: SocketAddr) -> SocketAddr {
    let here = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(here, address.port())
}

async fn fill_demo(weir: &crate::service::Weir, caller: &Caller) {
    // A server without its demo is still a server.
    if let Err(error) = boot::fill_demo(weir, caller).await {
        tracing::warn!(%error, "failed to make the demo");
    }
}

/// Where the server of a data folder answers, told in a file of the folder while it runs.
struct Address(PathBuf);

impl Address {
    fn tell(data: &Path, address: &str) -> Self {
        let path = address_file(data);
        if let Err(error) = std::fs::write(&path, format!("{address}\n")) {
            tracing::warn!(%error, "failed to write the server's address");
        }
        Self(path)
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        // A file that stays is only believed while the folder is locked.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The file that says where the folder's server answers.
pub fn address_file(data: &Path) -> PathBuf {
    data.join("run/address")
}
