//! Jobs.

use model::plan::report_format;
use model::{Job, Run, Status, Timestamp};
use serde::{Deserialize, Serialize};

use super::run::{PipelineBasic, User, time};

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
    pub user: User,
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
    /// Never yet.
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

/// A commit, as far as a run remembers it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Commit {
    /// 40 hexadecimal digits.
    pub id: String,
    /// The first eight.
    pub short_id: String,
    /// First line of the message.
    pub title: String,
    /// The same.
    pub message: String,
}

/// Settings of a job's project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobProject {
    /// Always false.
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
    /// Always true.
    pub active: bool,
    /// Always false.
    pub paused: bool,
    /// Always true.
    pub is_shared: bool,
    /// `instance_type`.
    pub runner_type: String,
}

fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

impl JobObject {
    /// `base` is the address that the client uses, without a slash at its end.
    pub fn new(job: &Job, run: &Run, base: &str, now: Timestamp) -> Self {
        let archive = job.artifacts.iter().find(|file| file.kind == "archive");
        let queue_end = job.started_at.or(job.finished_at).unwrap_or(now);
        let commit = (!run.sha.is_empty()).then(|| Commit {
            id: run.sha.clone(),
            short_id: run.sha.chars().take(8).collect(),
            title: run.commit_title.clone(),
            message: run.commit_title.clone(),
        });
        Self {
            id: job.id.0,
            status: job.status,
            stage: job.stage.clone(),
            name: job.name.clone(),
            git_ref: run.git_ref.clone(),
            tag: run.is_tag,
            coverage: job.coverage,
            allow_failure: job.allow_failure,
            created_at: job.created_at.rfc3339(),
            started_at: time(job.started_at),
            finished_at: time(job.finished_at),
            erased_at: time(job.erased_at),
            duration: job.duration(now).map(seconds),
            queued_duration: job.queued_at.map(|at| seconds(queue_end.since(at))),
            user: User::new(&job.user, base),
            commit,
            pipeline: PipelineBasic::new(run, base),
            failure_reason: job
                .failure_reason
                .filter(|_| job.status == Status::Failed)
                .map(|reason| reason.as_str().to_owned()),
            web_url: format!("{base}/jobs/{}", job.id),
            project: JobProject::default(),
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
            runner: job.runner.as_ref().map(|name| Runner {
                id: 0,
                description: name.clone(),
                active: true,
                paused: false,
                is_shared: true,
                runner_type: "instance_type".into(),
            }),
            runner_manager: None,
            artifacts_expire_at: job.artifacts.iter().filter_map(|one| one.expires_at).min().map(Timestamp::rfc3339),
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
    pub job: serde_json::Map<String, serde_json::Value>,
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
            Ok(serde_json::Value::Object(job)) => job,
            _ => serde_json::Map::new(),
        };
        job.retain(|name, _| !ABSENT.contains(&name.as_str()));
        Self { job, downstream_pipeline: child.map(|run| PipelineBasic::new(run, base)) }
    }
}
