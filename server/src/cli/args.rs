//! The command line as types. Names and flags are those of `docs`; scripts rely on them.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand};
use model::Source;

mod admin;

pub use admin::{AkskAction, KeyAction, ProjectAction, TokenAction, UserAction};

use super::pair::{KeyValue, ProjectFolder};
use crate::outbound::prefix::Prefix;

/// One binary that runs your pipelines.
#[derive(Debug, Parser)]
#[command(name = "weir", version, disable_help_subcommand = true, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Cli {
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Environment:
  WEIR_URL      the server to talk to; else ORDINE_API_URL; default http://127.0.0.1:9433
  WEIR_TOKEN    the token to send; else ORDINE_TOKEN
  NO_COLOR      no colours; there are none anyway when the output is no terminal

Exit codes:
  0 done   1 the run, lint or check failed   2 wrong usage   3 the server refused
  4 the server could not be reached          5 internal error";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the dashboard, the API and the embedded runner
    Serve(ServeArgs),
    /// Start a run of a pipeline and follow its log until the end
    Run(RunArgs),
    /// Run the pipeline of this folder here, without a server
    Exec(ExecArgs),
    /// Check a pipeline definition
    Lint(LintArgs),
    /// Check a pipeline definition and show which jobs a run would have
    Plan(PlanArgs),
    /// List the pipelines
    #[command(visible_alias = "ls")]
    Pipelines {
        /// The same
        #[command(subcommand)]
        action: Option<PipelinesAction>,
    },
    /// List, read, cancel, retry and watch runs
    Runs {
        /// What to do
        #[command(subcommand)]
        action: RunsAction,
    },
    /// List, read, cancel, retry, play and delete jobs
    Jobs {
        /// What to do
        #[command(subcommand)]
        action: JobsAction,
    },
    /// Explain why a job or run is in its state
    Why {
        /// A job's number or a run's uid; `run/12` and `job/40` say which kind is meant
        #[arg(value_name = "JOB_OR_RUN")]
        id: String,
    },
    /// Make projects, give roles in them, ask what somebody may
    Project {
        /// What to do
        #[command(subcommand)]
        action: ProjectAction,
    },
    /// Make pipelines
    Pipeline {
        /// What to do
        #[command(subcommand)]
        action: PipelineAction,
    },
    /// Make, list, activate and deactivate users
    User {
        /// What to do
        #[command(subcommand)]
        action: UserAction,
    },
    /// Make pairs of keys that requests of Huawei's SDKs are signed with
    Aksk {
        /// What to do
        #[command(subcommand)]
        action: AkskAction,
    },
    /// Change the key that secrets are sealed with
    Key {
        /// What to do
        #[command(subcommand)]
        action: KeyAction,
    },
    /// Make access tokens
    Token {
        /// What to do
        #[command(subcommand)]
        action: TokenAction,
    },
    /// Take jobs from a server and run them
    Runner(RunnerArgs),
    /// Hold the processes of one job (started by the runner)
    #[command(hide = true)]
    Leader {
        /// Passed on as they are
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        rest: Vec<std::ffi::OsString>,
    },
}

/// `weir pipelines list`, as Ordine's own command line has it.
#[derive(Debug, Subcommand)]
pub enum PipelinesAction {
    /// List the pipelines
    #[command(visible_alias = "ls")]
    List,
}

/// Flags of `weir serve`. Absent ones are taken from the environment (`WEIR_DATA` …), then from
/// the configuration file.
#[derive(Clone, Debug, Default, Args)]
pub struct ServeArgs {
    /// Folder for everything the server keeps [default: $XDG_DATA_HOME/weir] [env: WEIR_DATA]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Address to listen on; port 0 picks one [default: 127.0.0.1:9433] [env: WEIR_LISTEN]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// One-person mode: no login, only on a loopback address [env: WEIR_LOCAL]
    #[arg(long)]
    pub local: bool,
    /// The address under which people reach the server [env: WEIR_EXTERNAL_URL]
    #[arg(long, value_name = "URL")]
    pub external_url: Option<String>,
    /// Certificate to speak https with, and those that signed it (PEM); read again when it changes [env:
    /// WEIR_TLS_CERT]
    #[arg(long, value_name = "FILE")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate (PEM), that nobody else can read [env: WEIR_TLS_KEY]
    #[arg(long, value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Proxy that is believed when it says whom it speaks for: an address, a network, or loopback; may
    /// be given several times [default: none] [env: WEIR_TRUSTED_PROXY, comma separated]
    #[arg(long, value_name = "CIDR", value_delimiter = ',')]
    pub trusted_proxy: Option<Vec<String>>,
    /// Requests per minute of a user or a token; 0 for no limit [default: 60000] [env: WEIR_RATE_LIMIT]
    #[arg(long, value_name = "N")]
    pub rate_limit: Option<u32>,
    /// How many jobs the embedded runner runs at a time [default: one per processor] [env: WEIR_CONCURRENT]
    #[arg(long, value_name = "N")]
    pub concurrent: Option<usize>,
    /// Start no embedded runner [env: WEIR_NO_RUNNER]
    #[arg(long)]
    pub no_runner: bool,
    /// What runs jobs with an image: auto (Docker or Podman, whichever there is), docker, podman or a
    /// program; off refuses them, ignore runs them without [default: off] [env: WEIR_CONTAINERS]
    #[arg(long, value_name = "ENGINE")]
    pub containers: Option<String>,
    /// Who jobs of the embedded runner run as, which takes root: auto (numbers that nobody has, another one for each job that
    /// runs), a user, numbers such as 70000-70031, or same for the server's own user [default: auto as root without --local,
    /// else same] [env: WEIR_JOB_USER]
    #[arg(long, value_name = "USER")]
    pub job_user: Option<String>,
    /// Folder of what such jobs reach [default: beside the data folder] [env: WEIR_JOBS_DIR]
    #[arg(long, value_name = "DIR")]
    pub jobs_dir: Option<PathBuf>,
    /// Tags of the embedded runner: it takes jobs whose tags are all among these [env: WEIR_RUNNER_TAGS]
    #[arg(long, value_name = "TAG,…", value_delimiter = ',')]
    pub runner_tags: Option<Vec<String>>,
    /// What addresses of files begin with that definitions may include from other servers; may be
    /// given several times [default: none] [env: WEIR_INCLUDE_REMOTE, comma separated]
    #[arg(long, value_name = "URL")]
    pub include_remote: Option<Vec<String>>,
    /// How much a job's log may have, such as 100MB [default: 16GiB] [env: WEIR_LOG_LIMIT]
    #[arg(long, value_name = "SIZE")]
    pub log_limit: Option<String>,
    /// How much a job's archive of artifacts may have [default: 100MiB] [env: WEIR_ARTIFACTS_LIMIT]
    #[arg(long, value_name = "SIZE")]
    pub artifacts_limit: Option<String>,
    /// How long artifacts are kept whose job does not say it, or never for as long as the run
    /// [default: 30 days] [env: WEIR_ARTIFACTS_EXPIRE_IN]
    #[arg(long, value_name = "TIME")]
    pub artifacts_expire_in: Option<String>,
    /// Where CodeArts' interface is, for the times that it writes and the days that it counts: UTC, Asia/Shanghai or a
    /// distance such as +02:00 [default: Asia/Shanghai] [env: WEIR_CODEARTS_ZONE]
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub codearts_zone: Option<String>,
    /// Configuration file (TOML) [env: WEIR_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Make the demo pipeline and start it, unless it is there
    #[arg(long, hide = true)]
    pub demo: bool,
}

/// Arguments of `weir run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The pipeline's key
    pub pipeline: String,
    /// Path handed to the jobs as INPUT_PATH
    #[arg(short, long, value_name = "PATH")]
    pub input: Option<PathBuf>,
    /// Branch, tag or commit to run
    #[arg(long = "ref", value_name = "REF")]
    pub git_ref: Option<String>,
    /// Variable of the run
    #[arg(short, long = "variable", value_name = "K=V")]
    pub variables: Vec<KeyValue>,
    /// Value of an input of the definition (`spec:inputs`)
    #[arg(long = "with", value_name = "NAME=VALUE")]
    pub inputs: Vec<KeyValue>,
    /// Start the run and return at once
    #[arg(long)]
    pub no_follow: bool,
}

/// Arguments of `weir exec`.
#[derive(Debug, Args)]
pub struct ExecArgs {
    /// The definition [default: .gitlab-ci.yml]
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// What the run is for
    #[command(flatten)]
    pub event: EventArgs,
    /// Variable of the run
    #[arg(short, long = "variable", value_name = "K=V")]
    pub variables: Vec<KeyValue>,
    /// Value of an input of the definition (`spec:inputs`)
    #[arg(long = "with", value_name = "NAME=VALUE")]
    pub inputs: Vec<KeyValue>,
    /// What runs jobs with an image: auto (Docker or Podman, whichever there is), docker, podman or a
    /// program; off refuses them, ignore runs them without
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    pub containers: runner::Containers,
    /// Files of others that the definition includes
    #[command(flatten)]
    pub includes: IncludeArgs,
    /// Only these jobs and what they need
    #[arg(value_name = "JOB")]
    pub jobs: Vec<String>,
}

/// What a definition is taken for: unless they say otherwise a push of what is checked out.
#[derive(Clone, Debug, Default, Args)]
pub struct EventArgs {
    /// Branch to take the definition for
    #[arg(long, value_name = "B")]
    pub branch: Option<String>,
    /// Tag to take it for
    #[arg(long, value_name = "TAG", conflicts_with = "branch")]
    pub tag: Option<String>,
    /// What starts the run, as `CI_PIPELINE_SOURCE` has it: push, web, api, trigger, schedule, … [default: push]
    #[arg(long, value_name = "SOURCE", value_parser = PossibleValuesParser::new(Source::OF_GITLAB), hide_possible_values = true)]
    pub source: Option<String>,
}

/// Where the files of others are that a definition includes.
#[derive(Debug, Args)]
pub struct IncludeArgs {
    /// What addresses of files begin with that it may include from other servers; may be given several
    /// times
    #[arg(long, value_name = "URL")]
    pub include_remote: Vec<Prefix>,
    /// The folder that stands for another project whose files it includes, a clone of it for instance; may
    /// be given several times
    #[arg(long, value_name = "PROJECT=FOLDER")]
    pub include_project: Vec<ProjectFolder>,
}

/// Arguments of `weir lint`.
#[derive(Debug, Args)]
pub struct LintArgs {
    /// The definition, relative to the folder [default: .gitlab-ci.yml]
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// What the run would be for
    #[command(flatten)]
    pub event: EventArgs,
    /// Variable of the run
    #[arg(short, long = "variable", value_name = "K=V")]
    pub variables: Vec<KeyValue>,
    /// Value of an input of the definition (`spec:inputs`)
    #[arg(long = "with", value_name = "NAME=VALUE")]
    pub inputs: Vec<KeyValue>,
    /// Files of others that the definition includes
    #[command(flatten)]
    pub includes: IncludeArgs,
    /// The project's folder [default: the current one]
    pub folder: Option<PathBuf>,
}

/// Arguments of `weir plan`.
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// What is planned
    #[command(flatten)]
    pub lint: LintArgs,
    /// Ask the server how long the jobs of this pipeline took the last time
    #[arg(long, value_name = "KEY")]
    pub pipeline: Option<String>,
}

/// `weir runs …`
#[derive(Debug, Subcommand)]
pub enum RunsAction {
    /// List runs, newest first
    #[command(visible_alias = "ls")]
    List {
        /// Only runs in this status
        #[arg(short, long)]
        status: Option<String>,
        /// Only runs of this project (path or number)
        #[arg(long, value_name = "P")]
        project: Option<String>,
        /// Only runs of this pipeline
        #[arg(long, value_name = "KEY")]
        pipeline: Option<String>,
        /// At most this many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
    /// Show a run
    Get(RunId),
    /// Cancel every job of a run that has not ended
    Cancel(RunId),
    /// Run the failed and canceled jobs of a run again
    Retry(RunId),
    /// Watch a run until it ends
    Watch(RunId),
}

/// Which run.
#[derive(Debug, Args)]
pub struct RunId {
    /// The run's number or uid
    pub id: String,
}

/// `weir jobs …`
#[derive(Debug, Subcommand)]
pub enum JobsAction {
    /// List jobs, newest first
    #[command(visible_alias = "ls")]
    List {
        /// Only jobs in this status
        #[arg(short, long)]
        status: Option<String>,
        /// Only jobs of this project (path or number)
        #[arg(long, value_name = "P")]
        project: Option<String>,
        /// At most this many
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
    },
    /// Show a job
    Get(JobId),
    /// Print a job's log
    Logs {
        /// Which job
        #[command(flatten)]
        job: JobId,
        /// Go on until the job ends
        #[arg(short, long)]
        follow: bool,
    },
    /// Cancel a job
    Cancel(JobId),
    /// Run a finished job again
    Retry(JobId),
    /// Start a manual job
    Play {
        /// Which job
        #[command(flatten)]
        job: JobId,
        /// Variable of this job alone
        #[arg(short, long = "variable", value_name = "K=V")]
        variables: Vec<KeyValue>,
        /// Answer the question that the job may have (`manual_confirmation`)
        #[arg(short, long)]
        yes: bool,
    },
    /// Let a delayed job wait for somebody instead of its time
    Unschedule(JobId),
    /// Delete a job's log and artifacts; of a run or a hand-made job (by its id) everything
    Delete(JobId),
}

/// Which job.
#[derive(Debug, Args)]
pub struct JobId {
    /// The job's number, or the id that `weir run` or POST /api/jobs gave
    pub id: String,
}

/// `weir pipeline …`
#[derive(Debug, Subcommand)]
pub enum PipelineAction {
    /// Make a pipeline; prints "KEY UID"
    Create {
        /// The name by which scripts call it, such as pipe_check_dao
        key: String,
        /// The project's path
        #[arg(long, value_name = "PATH")]
        project: String,
        /// A .gitlab-ci.yml; without it the project's own definition is used
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// What people read
        #[arg(long, value_name = "N")]
        name: Option<String>,
        /// The server's folder [default: as for serve]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
}

/// Arguments of `weir runner`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct RunnerArgs {
    /// End an embedded runner instead
    #[command(subcommand)]
    pub action: Option<RunnerAction>,
    /// The server's address
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// File with the runner's token
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Folder of this runner alone
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// A server's data folder on this machine, instead of an address and a token
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// The server's Unix socket
    #[arg(long, value_name = "PATH", hide = true)]
    pub socket: Option<PathBuf>,
    /// How many jobs at a time [default: one per processor]
    #[arg(long, value_name = "N")]
    pub concurrent: Option<usize>,
    /// What runs jobs with an image: auto, docker, podman or a program; off refuses them, ignore runs
    /// them without [default: off]
    #[arg(long, value_name = "ENGINE")]
    pub containers: Option<runner::Containers>,
    /// Who jobs run as, which takes root: auto (numbers that nobody has, another one for each job that runs), a user, numbers
    /// such as 70000-70031, or same for this runner's own user [default: auto as root, else same]
    #[arg(long, value_name = "USER")]
    pub job_user: Option<runner::JobUsers>,
    /// Folder of what such jobs reach [default: beside --dir]
    #[arg(long, value_name = "DIR")]
    pub jobs_dir: Option<PathBuf>,
}

/// `weir runner …`
#[derive(Debug, Subcommand)]
pub enum RunnerAction {
    /// Make a runner for another machine; prints only its token
    Create {
        /// What it is called
        #[arg(long, value_name = "N")]
        name: String,
        /// It takes jobs whose tags are all among these
        #[arg(long, value_name = "TAG,…", value_delimiter = ',')]
        tags: Vec<String>,
        /// It takes no jobs without tags
        #[arg(long, requires = "tags")]
        tagged_only: bool,
        /// It takes jobs of protected refs alone
        #[arg(long)]
        protected: bool,
        /// It takes jobs of this project alone
        #[arg(long, value_name = "PATH")]
        project: Option<String>,
        /// The server's folder [default: as for serve]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// End an embedded runner that is still there; its jobs finish first
    Stop {
        /// The server's folder [default: as for serve]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
        /// End its running jobs too, as runner_system_failure
        #[arg(long)]
        now: bool,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn help_of_every_command() {
        let mut all = String::new();
        let mut pending = vec![(String::from("weir"), Cli::command())];
        while let Some((name, mut command)) = pending.pop() {
            all.push_str(&format!("$ {name} --help\n{}\n", command.render_help()));
            for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()).collect::<Vec<_>>().iter().rev() {
                pending.push((format!("{name} {}", sub.get_name()), (*sub).clone()));
            }
        }
        insta::assert_snapshot!("help", all);
    }
}
