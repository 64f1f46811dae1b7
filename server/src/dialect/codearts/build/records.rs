//! What CodeArts' Build says of builds, field by field.

use std::collections::BTreeMap;

use model::{Job, Timestamp, Zone};
use serde::Serialize;

use super::state;
use super::wire::{dashed, octopus, source_code, web_url};
use crate::service::builds::{BuildDetails, BuildPage, Person};
use crate::store::builds::Build;
use crate::store::runs::CommitDetails;

/// A build in the history of its job.
#[derive(Debug, Serialize)]
pub struct HistoryRecord {
    /// The record of the build.
    pub record_id: String,
    /// The job.
    pub job_id: String,
    /// Counts the builds of the job.
    pub build_number: i64,
    /// When its first job started; null before.
    pub start_time: Option<String>,
    /// When it ended; null before.
    pub end_time: Option<String>,
    /// `SUCCESS`, `FAILURE`, `TIMEOUT`, `ABORTED`; null before its end.
    pub result: Option<&'static str>,
}

/// A page of them.
#[derive(Debug, Serialize)]
pub struct History {
    /// Newest first.
    pub history_records: Vec<HistoryRecord>,
    /// How many there are in all.
    pub total: u64,
}

impl History {
    /// Of a page of a job's builds.
    pub fn new(job: &str, page: &BuildPage, zone: Zone) -> Self {
        let record = |build: &Build| HistoryRecord {
            record_id: dashed(build.run.uid.as_str()),
            job_id: job.to_owned(),
            build_number: build.run.number,
            start_time: build.run.started_at.map(|at| state::zoned(zone, at)),
            end_time: ended(build).map(|at| state::zoned(zone, at)),
            result: state::result(build),
        };
        let records = page.builds.iter().map(|(build, _, _)| record(build));
        Self { history_records: records.collect(), total: page.total }
    }
}

/// When a build ended: one that goes on once more has not.
fn ended(build: &Build) -> Option<Timestamp> {
    build.run.finished_at.filter(|_| build.run.status.is_complete())
}

/// A build in the list of records.
#[derive(Debug, Serialize)]
pub struct BuildInfoRecord {
    /// Counts the builds of the job.
    pub number: i64,
    /// Milliseconds; null before it began.
    pub build_time: Option<i64>,
    /// Milliseconds since 1970; null before it began.
    pub start_time: Option<i64>,
    /// `Finished`, `InQueue` or `Running`.
    pub job_running_status: &'static str,
    /// `SUCCESS`, `FAILURE`, `TIMEOUT`, `ABORTED`; null before its end.
    pub state: Option<&'static str>,
    /// Who started it.
    pub user_id: String,
    /// The name to sign in with.
    pub executor: String,
    /// What people call them.
    pub nickname: String,
    /// The day, and the build's number among those of the day.
    pub daily_build_number: String,
    /// What started it.
    pub trigger_type: &'static str,
    /// Milliseconds; null before it began.
    pub cost_time: Option<i64>,
    /// Commit; null without a repository.
    pub commit_id: Option<String>,
    /// More of the commit.
    pub commit_info: Option<CommitInfo>,
    /// `branch`, `tag`, `commit`; null without a repository.
    pub build_type: Option<&'static str>,
    /// The branch.
    pub code_branch: Option<String>,
    /// `git`, or `none`.
    pub scm_type: &'static str,
    /// Page of the repository.
    pub scm_web_url: Option<String>,
    /// Always null: how a server of repositories names its pages is not known.
    pub commit_detail_url: Option<String>,
}

/// A commit.
#[derive(Debug, Serialize)]
pub struct CommitInfo {
    /// 40 hexadecimal digits.
    pub commit_id: String,
    /// When it was committed.
    pub created_at: Option<String>,
}

/// A page of records. What is a number is a text.
#[derive(Debug, Serialize)]
pub struct BuildInfoRecords {
    /// Percent.
    pub health_score: String,
    /// The page, from 0.
    pub page_index: String,
    /// How many pages there are.
    pub total_page: String,
    /// How many records there are.
    pub total_record: String,
    /// The records, newest first.
    pub job_build_states: Vec<BuildInfoRecord>,
}

impl BuildInfoRecords {
    /// Of a page of a job's builds.
    pub fn new(page: &BuildPage, index: u64, size: u32, now: Timestamp) -> Self {
        let source = page.project.source.as_deref();
        let record = |(build, person, commit): &(Build, Person, CommitDetails)| {
            let took = build.took(now);
            let sha = Some(build.run.sha.clone()).filter(|sha| !sha.is_empty());
            BuildInfoRecord {
                number: build.run.number,
                build_time: took,
                start_time: build.run.started_at.map(|at| at.0),
                job_running_status: state::running_status(Some(build)),
                state: state::result(build),
                user_id: person.uid.to_string(),
                executor: person.name.clone(),
                nickname: person.full_name.clone(),
                daily_build_number: build.numbers.daily(),
                trigger_type: state::trigger(&build.run),
                cost_time: took,
                commit_info: sha.clone().map(|commit_id| CommitInfo { commit_id, created_at: committed(commit) }),
                commit_id: sha,
                build_type: state::build_type(&build.run),
                code_branch: state::branch(&build.run),
                scm_type: source_code(source),
                scm_web_url: web_url(source),
                commit_detail_url: None,
            }
        };
        Self {
            health_score: page.health.to_string(),
            page_index: index.to_string(),
            total_page: page.total.div_ceil(u64::from(size.max(1))).to_string(),
            total_record: page.total.to_string(),
            job_build_states: page.builds.iter().map(record).collect(),
        }
    }
}

fn committed(commit: &CommitDetails) -> Option<String> {
    Timestamp::parse(&commit.timestamp).map(state::utc)
}

/// A build's record.
#[derive(Debug, Serialize)]
pub struct RecordInfo {
    /// The record.
    pub id: String,
    /// The "build project": the job, written otherwise.
    pub build_project_id: String,
    /// The record once more.
    pub build_record_id: String,
    /// Always null: what another build started is not among a job's builds.
    pub parent_record_id: Option<String>,
    /// The project.
    pub devcloud_project_id: String,
    /// The job.
    pub codeci_job_id: String,
    /// Who started it.
    pub user_id: String,
    /// Counts the builds of the job.
    pub build_no: i64,
    /// The day, and the build's number among those of the day.
    pub daily_build_num: String,
    /// Short name of the run.
    pub execution_id: String,
    /// The last part of the repository's address.
    pub repo_name: Option<String>,
    /// Always null: repositories have no number here.
    pub repo_id: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The tag.
    pub tag: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// Its message.
    pub commit_message: Option<String>,
    /// When it was committed.
    pub commit_create_time: Option<String>,
    /// What started the build.
    pub trigger_type: &'static str,
    /// `branch`, `tag`, `commit`; null without a repository.
    pub build_type: Option<&'static str>,
    /// `RUNNING`, `SUCCESS`, `FAILURE`, `TIMEOUT`, `ABORTED`; null before it began.
    pub status: Option<&'static str>,
    /// Always null: there are no tenants.
    pub domain_id: Option<String>,
    /// When the build was made.
    pub create_time: String,
    /// When the first of its jobs was offered to runners.
    pub schedule_time: Option<String>,
    /// The same.
    pub queued_time: Option<String>,
    /// When a runner took the first of its jobs.
    pub start_time: Option<String>,
    /// The same.
    pub runnable_time: Option<String>,
    /// When it ended.
    pub finish_time: Option<String>,
    /// Milliseconds; null before it began.
    pub duration: Option<i64>,
    /// Always null.
    pub record_status: Option<String>,
    /// Always 0.
    pub use_private_slave: u8,
    /// Always null: there are no regions.
    pub region: Option<String>,
    /// Which job made it fail, and why.
    pub err_msg: Option<String>,
    /// Always `YAML`.
    pub build_config_type: &'static str,
}

impl RecordInfo {
    /// Of a build.
    pub fn new(details: &BuildDetails, now: Timestamp) -> Self {
        let (build, run) = (&details.build, &details.build.run);
        let sha = Some(run.sha.clone()).filter(|sha| !sha.is_empty());
        let queued = details.jobs.iter().filter_map(|job| job.queued_at).min().map(state::utc);
        let started = run.started_at.map(state::utc);
        Self {
            id: dashed(run.uid.as_str()),
            build_project_id: dashed(details.pipeline.uid.as_str()),
            build_record_id: dashed(run.uid.as_str()),
            parent_record_id: None,
            devcloud_project_id: details.project.uid.to_string(),
            codeci_job_id: details.pipeline.uid.to_string(),
            user_id: details.executor.uid.to_string(),
            build_no: run.number,
            daily_build_num: build.numbers.daily(),
            execution_id: octopus(run.uid.as_str()),
            repo_name: details.project.source.as_deref().and_then(repo_name),
            repo_id: None,
            branch: state::branch(run),
            tag: run.is_tag.then(|| run.git_ref.clone()),
            commit_message: sha.as_ref().map(|_| details.commit.message.trim_end().to_owned()),
            commit_create_time: committed(&details.commit),
            commit: sha,
            trigger_type: state::trigger(run),
            build_type: state::build_type(run),
            status: state::record_status(build),
            domain_id: None,
            create_time: state::utc(run.created_at),
            schedule_time: queued.clone(),
            queued_time: queued,
            start_time: started.clone(),
            runnable_time: started,
            finish_time: ended(build).map(state::utc),
            duration: build.took(now),
            record_status: None,
            use_private_slave: 0,
            region: None,
            err_msg: state::failure(build, &details.jobs),
            build_config_type: "YAML",
        }
    }
}

/// The last part of a repository's address, without `.git`.
fn repo_name(source: &str) -> Option<String> {
    let last = source.trim_end_matches('/').rsplit(['/', ':']).next()?;
    Some(last.trim_end_matches(".git").to_owned()).filter(|name| !name.is_empty())
}

/// A build with its steps.
#[derive(Debug, Serialize)]
pub struct HistoryDetails {
    /// Name of the job.
    pub job_name: String,
    /// Counts the builds of the job.
    pub build_number: i64,
    /// The project.
    pub project_id: String,
    /// Its path.
    pub project_name: String,
    /// What it was started with, secrets as stars; null for who may not see that.
    pub parameters: Option<BTreeMap<String, String>>,
    /// The jobs of the run.
    pub build_steps: Vec<Step>,
}

/// A step of a build.
#[derive(Debug, Serialize)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// `success`, `error`, `running`; empty when it did not run.
    pub status: &'static str,
    /// Milliseconds; 0 before it began.
    pub build_time: i64,
}

/// What stands for a secret value.
const STARS: &str = "******";

impl HistoryDetails {
    /// Of a build.
    pub fn new(details: &BuildDetails, now: Timestamp) -> Self {
        let step = |job: &Job| Step {
            name: job.name.clone(),
            status: state::step_status(job),
            build_time: job.duration(now).unwrap_or(0),
        };
        let parameters = details.parameters.as_ref().map(|all| {
            let shown = |masked: bool, value: &str| if masked { STARS.to_owned() } else { value.to_owned() };
            all.iter().map(|one| (one.key.clone(), shown(one.masked, &one.value))).collect()
        });
        Self {
            job_name: details.pipeline.name.clone(),
            build_number: details.build.run.number,
            project_id: details.project.uid.to_string(),
            project_name: details.project.path.to_string(),
            parameters,
            build_steps: state::steps(&details.jobs).map(step).collect(),
        }
    }
}

/// What a build was started with.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Parameter {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// All that is no secret.
pub fn parameters(all: &[model::plan::Variable]) -> Vec<Parameter> {
    let shown = all.iter().filter(|one| !one.masked);
    shown.map(|one| Parameter { name: one.key.clone(), value: one.value.clone() }).collect()
}

/// A piece of a build's log.
#[derive(Debug, Serialize)]
pub struct LogText {
    /// Whether there is more, or may be.
    pub has_more_data: bool,
    /// Where the next piece begins: the offset to ask for next.
    pub offset: u64,
    /// The text.
    pub content: String,
    /// Where this piece begins.
    pub current_offset: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_called_by_the_end_of_their_address() {
        let cases = [
            ("https://host/shop/web.git", Some("web")),
            ("git@host:web.git", Some("web")),
            ("/srv/repos/web/", Some("web")),
            ("/", None),
        ];
        for (source, name) in cases {
            assert_eq!(repo_name(source).as_deref(), name, "{source}");
        }
    }
}
