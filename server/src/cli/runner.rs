//! `weir runner`: takes jobs and runs them; `weir runner stop` ends an embedded one; the hidden
//! leader holds the processes of one job.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use runner::supervisor::{RunnerConfig, runner_main};
use runner::{Endpoint, JobUsers, protocol::Secret};
use serde_json::json;

use super::args::{RunnerAction, RunnerArgs};
use super::config::data_folder;
use super::failure::{Exit, Failure, Outcome};
use super::output;
use crate::boot;

/// The leader's whole life.
pub fn leader() -> ExitCode {
    runner::leader_main()
}

/// Runs the command.
pub fn main(args: RunnerArgs, json: bool) -> Outcome {
    match args.action {
        Some(create @ RunnerAction::Create { .. }) => super::wait(super::admin::runner(create, json)),
        Some(RunnerAction::Stop { data, now }) => stop(data.as_deref(), now, json),
        None => work(args),
    }
}

const DOING: &str = "run the runner";

fn work(args: RunnerArgs) -> Outcome {
    super::serve::log_to_stderr();
    let usage = |cause: &str| Failure::usage(DOING, cause);
    let endpoint = match (args.socket, args.url) {
        (Some(socket), None) => Endpoint::Unix(socket),
        (None, Some(url)) => Endpoint::Http(url),
        (Some(_), Some(_)) => return Err(usage("--socket and --url exclude each other")),
        (None, None) => match args.data.as_deref() {
            Some(data) => Endpoint::Unix(data_folder(Some(data))?.join(boot::SOCKET)),
            None => return Err(usage("name the server with --url URL, or its data folder with --data DIR")),
        },
    };
    let token_file = match (&args.token_file, &args.data) {
        (Some(file), _) => file.clone(),
        (None, Some(data)) => data_folder(Some(data))?.join("runner.token"),
        (None, None) => return Err(usage("the runner needs its token: --token-file FILE")),
    };
    let token = std::fs::read_to_string(&token_file)
        .map_err(|error| Failure::text(Exit::Usage, DOING, format!("{}: {error}", token_file.display())))?;
    let dir = match args.dir {
        Some(dir) => dir,
        None => data_folder(args.data.as_deref())?.join("runner"),
    };
    let mut config = RunnerConfig::new(endpoint, Secret::new(token.trim()), dir);
    if let Some(concurrent) = args.concurrent {
        config.concurrent = concurrent.max(1);
    }
    if let Some(containers) = args.containers {
        config.containers = containers;
    }
    config.job_users = args.job_user.unwrap_or_else(JobUsers::usual);
    config.jobs_dir = args.jobs_dir;
    runner_main(config).map_err(|error| Failure::new(Exit::Failed, DOING, error))
}

/// How long a runner has to end its jobs when it is told to end them now.
const PATIENCE: Duration = Duration::from_mins(1);

/// TERM lets the jobs finish; twice ends them. Waits until the process is gone.
fn stop(data: Option<&Path>, now: bool, json: bool) -> Outcome {
    let doing = "stop the runner";
    let data = data_folder(data)?;
    let mut stopped = Vec::new();
    for dir in folders(&data) {
        let found = runner::pid_of(&dir).map_err(|error| Failure::new(Exit::Failed, doing, error))?;
        let Some(pid) = found else { continue };
        let signal = || runner::terminate(pid).map_err(|error| Failure::new(Exit::Failed, doing, error));
        signal()?;
        if now {
            // The second must not melt into the first.
            std::thread::sleep(Duration::from_millis(100));
            if still(&dir, pid) {
                signal()?;
            }
        }
        let begun = std::time::Instant::now();
        let mut told = false;
        while still(&dir, pid) {
            if now && begun.elapsed() > PATIENCE {
                return Err(Failure::text(Exit::Failed, doing, format!("process {pid} does not end")));
            }
            if !now && !told && begun.elapsed() > Duration::from_secs(2) {
                told = true;
                output::note(format!("process {pid} lets its jobs finish; `weir runner stop --now` ends them"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        stopped.push(pid);
    }
    if json {
        output::json(&json!({"stopped": stopped}));
    } else if stopped.is_empty() {
        output::line(format!("no runner is there for {}", data.display()));
    } else {
        for pid in stopped {
            output::line(format!("runner process {pid} has ended"));
        }
    }
    Ok(())
}

fn still(dir: &Path, pid: u32) -> bool {
    matches!(runner::pid_of(dir), Ok(Some(found)) if found == pid)
}

/// The folders that embedded runners live in.
fn folders(data: &Path) -> Vec<PathBuf> {
    let numbered = (2..).map(|n| data.join(format!("runner-{n}"))).take_while(|dir| dir.exists());
    std::iter::once(data.join("runner")).chain(numbered).collect()
}
