//! The objects as they stand on the wire: `model` in GitLab's words. Absent values are null, not
//! left out, except where GitLab leaves them out itself. The command line reads the same types.

use model::{Job, Project, Run, Status, Timestamp};
use serde::{Deserialize, Serialize};

/// A run, as GitLab's pipeline object; `uid` is Weir's addition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PipelineBasic {
    /// Number of the run.
    pub id: i64,
    /// Counts the runs of the pipeline.
    pub iid: i64,
    /// Opaque name.
    pub uid: String,
    /// The project.
    pub project_id: i64,
    /// Commit, 40 hexadecimal digits.
    pub sha: String,
    /// Branch or tag.
    #[serde(rename = "ref")]
    pub git_ref: String,
    /// Computed from the jobs.
    pub status: Status,
    /// What started it.
    pub source: String,
    /// When it was made.
    pub created_at: String,
    /// When its status changed last.
    pub updated_at: String,
    /// Its page.
    pub web_url: String,
    /// The definition's name.
    pub name: Option<String>,
}

/// The whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Number of the run.
    pub id: i64,
    /// Counts the runs of the pipeline.
    pub iid: i64,
    /// Opaque name.
    pub uid: String,
    /// The project.
    pub project_id: i64,
    /// Commit, 40 hexadecimal digits.
    pub sha: String,
    /// Branch or tag.
    #[serde(rename = "ref")]
    pub git_ref: String,
    /// Computed from the jobs.
    pub status: Status,
    /// What started it.
    pub source: String,
    /// When it was made.
    pub created_at: String,
    /// When its status changed last.
    pub updated_at: String,
    /// Its page.
    pub web_url: String,
    /// The commit before; zeros.
    pub before_sha: String,
    /// Whether the ref is a tag.
    pub tag: bool,
    /// Always null: a definition with errors makes no run.
    pub yaml_errors: Option<String>,
    /// Who started it.
    pub user: User,
    /// First change to running.
    pub started_at: Option<String>,
    /// When it ended.
    pub finished_at: Option<String>,
    /// Always null.
    pub committed_at: Option<String>,
    /// Whole seconds.
    pub duration: Option<i64>,
    /// Whole seconds from creation to start.
    pub queued_duration: Option<i64>,
    /// Not computed yet.
    pub coverage: Option<String>,
    /// The status in words.
    pub detailed_status: DetailedStatus,
    /// Always false.
    pub archived: bool,
    /// The definition's name.
    pub name: Option<String>,
}

/// A person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Number.
    pub id: i64,
    /// Login name.
    pub username: String,
    /// Name for people.
    pub name: String,
    /// `active`.
    pub state: String,
    /// Always false.
    pub locked: bool,
    /// Always null.
    pub avatar_url: Option<String>,
    /// The person's page.
    pub web_url: String,
}

/// A status in words and pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DetailedStatus {
    /// Name of the picture.
    pub icon: String,
    /// One word.
    pub text: String,
    /// A few words.
    pub label: String,
    /// The word for style sheets.
    pub group: String,
    /// The words shown on hover.
    pub tooltip: String,
    /// Always true.
    pub has_details: bool,
    /// Path of the page.
    pub details_path: Option<String>,
    /// Always null.
    pub illustration: Option<String>,
    /// Path of a picture.
    pub favicon: String,
}

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
    /// Not computed yet.
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

/// A project, in the smallest set that works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProjectObject {
    /// Number.
    pub id: i64,
    /// Opaque name; Weir's addition.
    pub uid: String,
    /// Last part of the path.
    pub name: String,
    /// The same.
    pub path: String,
    /// Spaced path.
    pub name_with_namespace: String,
    /// `namespace/name`.
    pub path_with_namespace: String,
    /// Empty.
    pub description: Option<String>,
    /// `main`, for want of a better answer.
    pub default_branch: String,
    /// `private`.
    pub visibility: String,
    /// When it was made.
    pub created_at: String,
    /// The same.
    pub last_activity_at: String,
    /// Its page.
    pub web_url: String,
    /// Folder or URL that its pipelines work on.
    pub http_url_to_repo: Option<String>,
    /// Always false.
    pub archived: bool,
    /// Whether there is no source.
    pub empty_repo: bool,
    /// Empty.
    pub topics: Vec<String>,
    /// Where it lies.
    pub namespace: Namespace,
}

/// Where a project lies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Namespace {
    /// Number; that of the project.
    pub id: i64,
    /// Path.
    pub name: String,
    /// Path.
    pub path: String,
    /// `group`.
    pub kind: String,
    /// Path.
    pub full_path: String,
}

fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(Timestamp::rfc3339)
}

fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}

impl User {
    /// `base` is the address that the client uses, without a slash at its end.
    pub fn new(name: &str, base: &str) -> Self {
        Self {
            id: 1,
            username: name.to_owned(),
            name: name.to_owned(),
            state: "active".into(),
            locked: false,
            avatar_url: None,
            web_url: format!("{base}/{name}"),
        }
    }
}

impl DetailedStatus {
    fn new(status: Status, warnings: bool, path: String) -> Self {
        let (icon, text, label, group) = match status {
            Status::Created => ("created", "Created", "created", "created"),
            Status::WaitingForResource => ("pending", "Waiting", "waiting for resource", "waiting-for-resource"),
            Status::Preparing => ("preparing", "Preparing", "preparing", "preparing"),
            Status::Pending => ("pending", "Pending", "pending", "pending"),
            Status::Running => ("running", "Running", "running", "running"),
            Status::Success if warnings => ("warning", "Warning", "passed with warnings", "success-with-warnings"),
            Status::Success => ("success", "Passed", "passed", "success"),
            Status::Failed => ("failed", "Failed", "failed", "failed"),
            Status::Canceling => ("canceled", "Canceling", "canceling", "canceling"),
            Status::Canceled => ("canceled", "Canceled", "canceled", "canceled"),
            Status::Skipped => ("skipped", "Skipped", "skipped", "skipped"),
            Status::Manual => ("manual", "Blocked", "waiting for manual action", "manual"),
            Status::Scheduled => ("scheduled", "Delayed", "waiting for delayed job", "scheduled"),
        };
        Self {
            icon: format!("status_{icon}"),
            text: text.into(),
            label: label.into(),
            group: group.into(),
            tooltip: label.into(),
            has_details: true,
            details_path: Some(path),
            illustration: None,
            favicon: format!("/assets/ci_favicons/{icon}.png"),
        }
    }
}

fn updated_at(run: &Run) -> Timestamp {
    [run.finished_at, run.started_at].into_iter().flatten().fold(run.created_at, Timestamp::max)
}

impl PipelineBasic {
    /// `base` is the address that the client uses, without a slash at its end.
    pub fn new(run: &Run, base: &str) -> Self {
        Self {
            id: run.id.0,
            iid: run.number,
            uid: run.uid.to_string(),
            project_id: run.project_id.0,
            sha: run.sha.clone(),
            git_ref: run.git_ref.clone(),
            status: run.status,
            source: run.source.as_str().into(),
            created_at: run.created_at.rfc3339(),
            updated_at: updated_at(run).rfc3339(),
            web_url: format!("{base}/runs/{}", run.id),
            name: Some(run.pipeline_name.clone()),
        }
    }
}

impl Pipeline {
    /// `base` is the address that the client uses, without a slash at its end.
    pub fn new(run: &Run, base: &str) -> Self {
        let basic = PipelineBasic::new(run, base);
        let ended = run.started_at.zip(run.finished_at).filter(|_| run.status.is_complete());
        let queued = run.started_at.map(|start| start.since(run.created_at) / 1000).filter(|s| *s > 0);
        Self {
            id: basic.id,
            iid: basic.iid,
            uid: basic.uid,
            project_id: basic.project_id,
            sha: basic.sha,
            git_ref: basic.git_ref,
            status: basic.status,
            source: basic.source,
            created_at: basic.created_at,
            updated_at: basic.updated_at,
            web_url: basic.web_url,
            before_sha: "0".repeat(40),
            tag: run.is_tag,
            yaml_errors: None,
            user: User::new(&run.user, base),
            started_at: time(run.started_at),
            finished_at: time(run.finished_at),
            committed_at: None,
            duration: ended.map(|(start, end)| end.since(start) / 1000),
            queued_duration: queued,
            coverage: None,
            detailed_status: DetailedStatus::new(run.status, run.warnings, format!("/runs/{}", run.id)),
            archived: false,
            name: basic.name,
        }
    }
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
            coverage: None,
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
                        "metadata" => Some("gzip".into()),
                        _ => None,
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
            artifacts_expire_at: None,
            archived: false,
            source: run.source.as_str().into(),
            tag_list: Vec::new(),
        }
    }
}

impl ProjectObject {
    /// `base` is the address that the client uses, without a slash at its end.
    pub fn new(project: &Project, base: &str) -> Self {
        let (namespace, name) = (project.path.namespace(), project.path.name());
        Self {
            id: project.id.0,
            uid: project.uid.to_string(),
            name: name.into(),
            path: name.into(),
            name_with_namespace: project.path.as_str().replace('/', " / "),
            path_with_namespace: project.path.to_string(),
            description: None,
            default_branch: "main".into(),
            visibility: "private".into(),
            created_at: project.created_at.rfc3339(),
            last_activity_at: project.created_at.rfc3339(),
            web_url: format!("{base}/projects/{}", project.path),
            http_url_to_repo: project.source.clone(),
            archived: false,
            empty_repo: project.source.is_none(),
            topics: Vec::new(),
            namespace: Namespace {
                id: project.id.0,
                name: namespace.into(),
                path: namespace.into(),
                kind: "group".into(),
                full_path: namespace.into(),
            },
        }
    }
}
