//! Runs, which GitLab calls pipelines.

use model::{Run, Status, Timestamp};
use serde::{Deserialize, Serialize};

/// What stands for a commit where there is none.
const NO_COMMIT: &str = "0000000000000000000000000000000000000000";

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
    /// What the run is called; in lists alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Option<String>>,
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
    /// Whole seconds in which a job of it ran; null before it ends or waits for somebody.
    pub duration: Option<i64>,
    /// Whole seconds from creation to start.
    pub queued_duration: Option<i64>,
    /// The mean of its jobs', in percent; only of one run alone.
    pub coverage: Option<String>,
    /// The status in words.
    pub detailed_status: DetailedStatus,
    /// Always false.
    pub archived: bool,
    /// What the run is called; not in the answers of what changes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Option<String>>,
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
    /// `active` or `blocked`.
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

pub(super) fn time(at: Option<Timestamp>) -> Option<String> {
    at.map(Timestamp::rfc3339)
}

impl User {
    /// Somebody who has no account, or whose account was not looked up. `base` is the address that the client uses,
    /// without a slash at its end.
    pub fn new(name: &str, base: &str) -> Self {
        Self {
            id: 0,
            username: name.to_owned(),
            name: name.to_owned(),
            state: "active".into(),
            locked: false,
            avatar_url: None,
            web_url: format!("{base}/{name}"),
        }
    }

    /// Somebody who has one.
    pub fn of(account: &model::User, base: &str) -> Self {
        Self {
            id: account.id.0,
            name: account.full_name.clone(),
            state: if account.is_active { "active" } else { "blocked" }.into(),
            ..Self::new(&account.name, base)
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

/// The page of a run, below the server's address.
pub(super) fn page(run: &Run) -> String {
    format!("/{}/-/pipelines/{}", run.project_path, run.id)
}

/// The branch or tag. A project without a repository has one, which is called as its default branch is.
pub(super) fn ref_of(run: &Run) -> String {
    if run.git_ref.is_empty() { "main".to_owned() } else { run.git_ref.clone() }
}

/// The commit; zeros where there is none.
fn sha_of(run: &Run) -> String {
    if run.sha.is_empty() { NO_COMMIT.to_owned() } else { run.sha.clone() }
}

impl PipelineBasic {
    /// `base` is the address that the client uses, without a slash at its end.
    pub fn new(run: &Run, base: &str) -> Self {
        Self {
            id: run.id.0,
            iid: run.number,
            uid: run.uid.to_string(),
            project_id: run.project_id.0,
            sha: sha_of(run),
            git_ref: ref_of(run),
            status: run.status,
            source: run.source.as_str().into(),
            created_at: run.created_at.rfc3339(),
            updated_at: run.updated_at.rfc3339(),
            web_url: format!("{base}{}", page(run)),
            name: None,
        }
    }

    /// With its name, as lists have it.
    #[must_use]
    pub fn named(self, run: &Run) -> Self {
        Self { name: Some(run.name.clone()), ..self }
    }
}

impl Pipeline {
    /// `base` is the address that the client uses, without a slash at its end.
    pub fn new(run: &Run, base: &str) -> Self {
        let basic = PipelineBasic::new(run, base);
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
            before_sha: NO_COMMIT.to_owned(),
            tag: run.is_tag,
            yaml_errors: None,
            user: User::new(&run.user, base),
            started_at: time(run.started_at),
            finished_at: time(run.finished_at),
            committed_at: None,
            duration: run.ran.map(|milliseconds| milliseconds / 1000),
            queued_duration: queued,
            coverage: None,
            detailed_status: DetailedStatus::new(run.status, run.warnings, page(run)),
            archived: false,
            name: None,
        }
    }

    /// With its name.
    #[must_use]
    pub fn named(self, run: &Run) -> Self {
        Self { name: Some(run.name.clone()), ..self }
    }

    /// With a name in any case: that of its pipeline when it has none. For the command line.
    #[must_use]
    pub fn titled(self, run: &Run) -> Self {
        Self { name: Some(Some(run.name.clone().unwrap_or_else(|| run.pipeline_name.clone()))), ..self }
    }

    /// With the account of who started it.
    #[must_use]
    pub fn by(self, account: Option<&model::User>, base: &str) -> Self {
        match account {
            Some(account) => Self { user: User::of(account, base), ..self },
            None => self,
        }
    }
}
