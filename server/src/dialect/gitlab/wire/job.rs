//! Jobs.

use model::plan::report_format;
use model::{Job, Run, Status, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::run::{PipelineBasic, User, ref_of, time};
use super::user;
use crate::service::details::{JobDetails, JobRunner};
use crate::store::runs::CommitDetails;

/// One attempt at a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobObject {
    /// Number.
    pub id: i64,
    /// Where it stands.
    pub status: Status,
    /// Its stage.
    pub stage: String,
    /// Its name.
    pub name: String,
    /// Branch or tag.
    #[serde(rename = "ref")]
    pub git_ref: String,
    /// Whether the ref is a tag.
    pub tag: bool,
    /// In percent.
    pub coverage: Option<f64>,
    /// Whether its failure is ignored.
    pub allow_failure: bool,
    /// When it was made.
    pub created_at: String,
    /// When a runner took it.
    pub started_at: Option<String>,
    /// When it ended.
    pub finished_at: Option<String>,
    /// When its log and artifacts were erased.
    pub erased_at: Option<String>,
    /// Seconds, to the end or to now.
    pub duration: Option<f64>,
    /// Seconds it was pending.
    pub queued_duration: Option<f64>,
    /// Who started it.
    pub user: JobUser,
    /// What it works on; null without a repository.
    pub commit: Option<Commit>,
    /// Its run.
    pub pipeline: PipelineBasic,
    /// Why it failed; absent unless it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure_reason: Option<String>,
    /// Its page.
    pub web_url: String,
    /// Settings of the project.
    pub project: JobProject,
    /// The archive; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifacts_file: Option<ArtifactsFile>,
    /// Every file it left.
    pub artifacts: Vec<Artifact>,
    /// Who ran it.
    pub runner: Option<Runner>,
    /// Always null.
    pub runner_manager: Option<String>,
    /// When the first of them is deleted; null when all are kept.
    pub artifacts_expire_at: Option<String>,
    /// Always false.
    pub archived: bool,
    /// What started the run.
    pub source: String,
    /// Which runners may take it.
    pub tag_list: Vec<String>,
    /// What a person is asked before playing it; Weir's addition, absent unless there is a question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual_confirmation: Option<String>,
}

/// A person, as jobs show them: with what GitLab's profiles have and Weir's have not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobUser {
    /// What everybody sees.
    #[serde(flatten)]
    pub user: User,
    /// When the account was made; null when there is none.
    #[serde(default)]
    pub created_at: Option<String>,
    /// Whether they stand for a project's token.
    #[serde(default)]
    pub bot: bool,
    /// Always the same.
    #[serde(flatten, skip_deserializing)]
    pub profile: Profile,
}

/// The empty profile that everybody has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Profile {
    bio: &'static str,
    location: Option<&'static str>,
    linkedin: &'static str,
    twitter: &'static str,
    discord: &'static str,
    website_url: &'static str,
    github: &'static str,
    organization: Option<&'static str>,
    job_title: &'static str,
    pronouns: Option<&'static str>,
    work_information: Option<&'static str>,
    followers: u32,
    following: u32,
    local_time: Option<&'static str>,
}

/// A commit, as far as a run remembers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Commit {
    /// 40 hexadecimal digits.
    pub id: String,
    /// The first eight.
    pub short_id: String,
    /// When it was committed.
    pub created_at: Option<String>,
    /// The commits before it.
    #[serde(default)]
    pub parent_ids: Vec<String>,
    /// First line of the message.
    pub title: String,
    /// The whole message.
    pub message: String,
    /// Who wrote it.
    pub author_name: String,
    /// Their address.
    pub author_email: String,
    /// When.
    pub authored_date: Option<String>,
    /// Who committed it.
    pub committer_name: String,
    /// Their address.
    pub committer_email: String,
    /// When.
    pub committed_date: Option<String>,
    /// Always empty.
    #[serde(default)]
    pub trailers: Map<String, Value>,
    /// Always empty.
    #[serde(default)]
    pub extended_trailers: Map<String, Value>,
    /// Where GitLab has its page.
    #[serde(default)]
    pub web_url: String,
}

impl Commit {
    fn new(run: &Run, details: &CommitDetails, base: &str) -> Self {
        let at = |text: &str| Timestamp::parse(text).map(Timestamp::rfc3339);
        let (author, author_email) = person(&details.author);
        // Runs that did not note who committed were mostly written and committed by one.
        let by = if details.committer.is_empty() { &details.author } else { &details.committer };
        let (committer, committer_email) = person(by);
        let committed = at(&details.timestamp);
        Self {
            id: run.sha.clone(),
            short_id: run.sha.chars().take(8).collect(),
            created_at: committed.clone(),
            parent_ids: details.parents.clone(),
            title: run.commit_title.clone(),
            message: if details.message.is_empty() { run.commit_title.clone() } else { details.message.clone() },
            author_name: author,
            author_email,
            authored_date: at(&details.authored_at).or_else(|| committed.clone()),
            committer_name: committer,
            committer_email,
            committed_date: committed,
            trailers: Map::new(),
            extended_trailers: Map::new(),
            web_url: format!("{base}/{}/-/commit/{}", run.project_path, run.sha),
        }
    }
}

/// The name and the address of `Name <address>`.
fn person(text: &str) -> (String, String) {
    let (name, address) = text.rsplit_once('<').unwrap_or((text, ""));
    (name.trim().to_owned(), address.trim_end_matches('>').to_owned())
}

/// Settings of a job's project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobProject {
    /// Always true, as the project has it: the token of a job is good for its own project alone.
    pub ci_job_token_scope_enabled: bool,
}

/// The archive of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArtifactsFile {
    /// Name.
    pub filename: String,
    /// Bytes.
    pub size: u64,
}

/// A file that a job left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Artifact {
    /// `archive` or the type of a report.
    pub file_type: String,
    /// Bytes.
    pub size: u64,
    /// Name.
    pub filename: String,
    /// `zip`, `gzip`, `raw` or null.
    pub file_format: Option<String>,
}

/// Who ran a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Runner {
    /// Number; 0 where it is not known any more.
    pub id: i64,
    /// Name.
    pub description: String,
    /// Always null.
    #[serde(default)]
    pub ip_address: Option<String>,
    /// Whether it takes jobs.
    pub active: bool,
    /// Whether it takes none for now.
    pub paused: bool,
    /// Whether it is for all projects.
    pub is_shared: bool,
    /// `instance_type` or `project_type`.
    pub runner_type: String,
    /// Always null.
    #[serde(default)]
    pub name: Option<String>,
    /// Whether it was heard of lately.
    #[serde(default)]
    pub online: bool,
    /// Who made it; null for the server's own.
    #[serde(default)]
    pub created_by: Option<Value>,
    /// When it was made; null where it is not known any more.
    #[serde(default)]
    pub created_at: Option<String>,
    /// `online` or `offline`.
    #[serde(default)]
    pub status: String,
    /// `active` or `idle`.
    #[serde(default)]
    pub job_execution_status: String,
}

impl Runner {
    /// One of which only the name is left.
    fn gone(name: &str) -> Self {
        Self {
            id: 0,
            description: name.to_owned(),
            ip_address: None,
            active: false,
            paused: true,
            is_shared: true,
            runner_type: "instance_type".into(),
            name: None,
            online: false,
            created_by: None,
            created_at: None,
            status: "offline".into(),
            job_execution_status: "idle".into(),
        }
    }

    fn new(runner: &JobRunner, base: &str) -> Self {
        Self {
            id: runner.id.0,
            created_by: runner.creator.as_ref().map(|one| user::basic(one, base)),
            active: !runner.paused,
            paused: runner.paused,
            is_shared: !runner.is_of_project,
            runner_type: if runner.is_of_project { "project_type" } else { "instance_type" }.into(),
            online: runner.is_online,
            created_at: Some(runner.created_at.rfc3339()),
            status: if runner.is_online { "online" } else { "offline" }.into(),
            job_execution_status: if runner.running > 0 { "active" } else { "idle" }.into(),
            ..Self::gone(&runner.name)
        }
    }
}

fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

impl JobObject {
    /// With all that is known. `base` is the address that the client uses, without a slash at its end.
    pub fn whole(details: &JobDetails, base: &str, now: Timestamp) -> Self {
        let JobDetails { job, run, user, commit, runner, log } = details;
        let mut object = Self::new(job, run, base, now);
        if let Some(account) = user {
            object.user.user = User::of(account, base);
            object.user.created_at = Some(account.created_at.rfc3339());
            object.user.bot = account.is_bot;
        }
        if !run.sha.is_empty() {
            object.commit = Some(Commit::new(run, commit, base));
        }
        if let Some(runner) = runner {
            object.runner = Some(Runner::new(runner, base));
        }
        if let Some(bytes) = log {
            object.artifacts.push(Artifact {
                file_type: "trace".into(),
                size: *bytes,
                filename: "job.log".into(),
                file_format: None,
            });
        }
        object
    }

    /// What job and run say themselves.
    pub fn new(job: &Job, run: &Run, base: &str, now: Timestamp) -> Self {
        let archive = job.artifacts.iter().find(|file| file.kind == "archive");
        let queue_end = job.started_at.or(job.finished_at).unwrap_or(now);
        let commit = (!run.sha.is_empty()).then(|| Commit::new(run, &CommitDetails::default(), base));
        Self {
            id: job.id.0,
            status: job.status,
            stage: job.stage.clone(),
            name: job.name.clone(),
            git_ref: ref_of(run),
            tag: run.is_tag,
            coverage: job.coverage,
            allow_failure: job.allow_failure,
            created_at: job.created_at.rfc3339(),
            started_at: time(job.started_at),
            finished_at: time(job.finished_at),
            erased_at: time(job.erased_at),
            duration: job.duration(now).map(seconds),
            queued_duration: job.queued_at.map(|at| seconds(queue_end.since(at))),
            user: JobUser {
                user: User::new(&job.user, base),
                created_at: None,
                bot: false,
                profile: Profile::default(),
            },
            commit,
            pipeline: PipelineBasic::new(run, base),
            failure_reason: job
                .failure_reason
                .filter(|_| job.status == Status::Failed)
                .map(|reason| reason.as_str().to_owned()),
            web_url: format!("{base}/{}/-/jobs/{}", run.project_path, job.id),
            project: JobProject { ci_job_token_scope_enabled: true },
            artifacts_file: archive.map(|file| ArtifactsFile { filename: file.filename.clone(), size: file.size }),
            artifacts: job
                .artifacts
                .iter()
                .map(|file| Artifact {
                    file_type: file.kind.clone(),
                    size: file.size,
                    filename: file.filename.clone(),
                    file_format: match file.kind.as_str() {
                        "archive" => Some("zip".into()),
                        kind => Some(report_format(kind).into()),
                    },
                })
                .collect(),
            runner: job.runner.as_deref().map(Runner::gone),
            runner_manager: None,
            artifacts_expire_at: time(
                job.artifacts.iter().filter_map(|one| one.expires_at).min().or(job.artifacts_expired_at),
            ),
            archived: false,
            source: run.source.as_str().into(),
            tag_list: job.tags.clone(),
            manual_confirmation: job.confirmation.clone(),
        }
    }
}

/// A job that starts a child run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BridgeObject {
    /// What it has in common with every job.
    #[serde(flatten)]
    pub job: Map<String, Value>,
    /// The run that it started.
    pub downstream_pipeline: Option<PipelineBasic>,
}

impl BridgeObject {
    /// `base` is the address that the client uses, without a slash at its end.
    pub fn new(job: JobObject, child: Option<&Run>, base: &str) -> Self {
        // What needs a runner is not there.
        const ABSENT: &[&str] =
            &["artifacts", "artifacts_file", "artifacts_expire_at", "runner", "runner_manager", "tag_list"];
        let mut job = match serde_json::to_value(job) {
            Ok(Value::Object(job)) => job,
            _ => Map::new(),
        };
        job.retain(|name, _| !ABSENT.contains(&name.as_str()));
        Self { job, downstream_pipeline: child.map(|run| PipelineBasic::new(run, base)) }
    }
}
