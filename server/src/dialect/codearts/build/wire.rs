//! What CodeArts' Build says of jobs, field by field. Numbers that are texts there are texts here.

use model::{Timestamp, Zone};
use serde::Serialize;

use super::state;
use crate::service::builds::{BuildJob, Person};

/// `{"result": …, "status": "success", "error": null}`
#[derive(Debug, Serialize)]
pub struct Envelope<T> {
    /// What was asked for.
    pub result: T,
    /// `success`: what fails answers with another status of HTTP.
    pub status: &'static str,
    /// Always null.
    pub error: Option<String>,
}

impl<T> Envelope<T> {
    /// Around an answer.
    pub fn new(result: T) -> Self {
        Self { result, status: "success", error: None }
    }
}

/// `{"status": "success"}`
#[derive(Debug, Serialize)]
pub struct Done {
    status: &'static str,
}

impl Done {
    /// It is done.
    pub const SUCCESS: Self = Self { status: "success" };
}

/// `{"result": "", "success": true}`
#[derive(Debug, Serialize)]
pub struct Stopped {
    result: &'static str,
    success: bool,
}

impl Stopped {
    /// It is being stopped, or has ended.
    pub const SUCCESS: Self = Self { result: "", success: true };
}

/// A build that was started.
#[derive(Debug, Serialize)]
pub struct Started {
    /// Short name of the run.
    pub octopus_job_name: String,
    /// Counts the builds of the job from 1.
    pub actual_build_number: String,
    /// The day, and the build's number among those of the day.
    pub daily_build_number: String,
}

/// Information on a job.
#[derive(Debug, Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "the contract's fields")]
pub struct JobInfo {
    /// The job.
    pub id: String,
    /// The "build project": the job once more, written otherwise.
    pub project_id: String,
    /// Seconds in which the newest build that ended ran.
    pub build_time: String,
    /// Nothing is charged.
    pub charge_time: &'static str,
    /// Milliseconds since 1970, as a text.
    pub create_time: String,
    /// Milliseconds since 1970.
    pub last_build_time: Option<i64>,
    /// Percent.
    pub health_score: u32,
    /// Where the newest build stands.
    pub running_status: &'static str,
    /// How the newest build that ended did.
    pub last_build_status: Option<&'static str>,
    /// `git`, or `none`.
    pub source_code: &'static str,
    /// Its name.
    pub job_name: String,
    /// Always false.
    pub project_permission_switch: bool,
    /// Whether it starts no builds.
    pub disabled: bool,
    /// Always false: nobody marks favorites here.
    pub favorite: bool,
    /// Always false.
    pub new_build: bool,
    /// What the caller may, by the policy table.
    pub is_copy: bool,
    /// Delete it.
    pub is_delete: bool,
    /// Start it.
    pub is_execute: bool,
    /// Disable it.
    pub is_forbidden: bool,
    /// Change the project's settings.
    pub is_manager: bool,
    /// Change its definition.
    pub is_modify: bool,
    /// See its builds.
    pub is_view: bool,
}

impl JobInfo {
    /// Of a job.
    pub fn new(job: &BuildJob, now: Timestamp) -> Self {
        let took = job.last_ended.as_ref().and_then(|build| build.took(now));
        Self {
            id: job.pipeline.uid.to_string(),
            project_id: dashed(job.pipeline.uid.as_str()),
            build_time: took.map_or_else(|| "0".to_owned(), seconds),
            charge_time: "0",
            create_time: job.pipeline.created_at.0.to_string(),
            last_build_time: job.last.as_ref().map(|build| build.run.created_at.0),
            health_score: job.health,
            running_status: state::running_status(job.last.as_ref()),
            last_build_status: state::last_build_status(job),
            source_code: source_code(job.project.source.as_deref()),
            job_name: job.pipeline.name.clone(),
            project_permission_switch: false,
            disabled: job.pipeline.disabled,
            favorite: false,
            new_build: false,
            is_copy: job.rights.copy,
            is_delete: job.rights.delete,
            is_execute: job.rights.execute,
            is_forbidden: job.rights.forbid,
            is_manager: job.rights.manage,
            is_modify: job.rights.modify,
            is_view: job.rights.view,
        }
    }
}

/// A job in a list.
#[derive(Debug, Serialize)]
#[allow(clippy::struct_excessive_bools, reason = "the contract's fields")]
pub struct ListedJob {
    /// The job.
    pub id: String,
    /// Its name.
    pub job_name: String,
    /// Who made it; null for one whose maker is not known.
    pub job_creator: Option<String>,
    /// The name of who made it.
    pub user_name: Option<String>,
    /// Milliseconds since 1970; null before the first build.
    pub last_build_time: Option<i64>,
    /// Percent.
    pub health_score: u32,
    /// `git`, or `none`.
    pub source_code: &'static str,
    /// `blue`, `red`, `timeout`, `aborted`, `building`, `none`.
    pub last_build_status: &'static str,
    /// Whether nothing is being built.
    pub is_finished: bool,
    /// Whether it starts no builds.
    pub disabled: bool,
    /// Always false.
    pub favorite: bool,
    /// What the caller may, by the policy table.
    pub is_modify: bool,
    /// Delete it.
    pub is_delete: bool,
    /// Start it.
    pub is_execute: bool,
    /// Make another of it.
    pub is_copy: bool,
    /// Disable it.
    pub is_forbidden: bool,
    /// See its builds.
    pub is_view: bool,
    /// Who started the newest build.
    pub last_build_user: Option<String>,
    /// What started the newest build.
    pub trigger_type: Option<&'static str>,
    /// Milliseconds in which the newest build ran, so far; null before it began.
    pub build_time: Option<i64>,
    /// Page of the repository.
    pub scm_web_url: Option<String>,
    /// `git`, or `none`.
    pub scm_type: &'static str,
    /// Always null: repositories have no number here.
    pub repo_id: Option<String>,
    /// The job once more, written otherwise.
    pub build_project_id: String,
    /// `Finished`, `InQueue` or `Running`.
    pub last_job_running_status: &'static str,
    /// Who started the newest build.
    pub last_build_user_id: Option<String>,
}

impl ListedJob {
    /// Of a job.
    pub fn new(job: &BuildJob, now: Timestamp) -> Self {
        let last = job.last.as_ref();
        let running = state::running_status(last);
        let name = |person: &Option<Person>| person.as_ref().map(|person| person.name.clone());
        let uid = |person: &Option<Person>| person.as_ref().map(|person| person.uid.to_string());
        Self {
            id: job.pipeline.uid.to_string(),
            job_name: job.pipeline.name.clone(),
            job_creator: uid(&job.creator),
            user_name: name(&job.creator),
            last_build_time: last.map(|build| build.run.created_at.0),
            health_score: job.health,
            source_code: source_code(job.project.source.as_deref()),
            last_build_status: state::colour(last),
            is_finished: running == "Finished",
            disabled: job.pipeline.disabled,
            favorite: false,
            is_modify: job.rights.modify,
            is_delete: job.rights.delete,
            is_execute: job.rights.execute,
            is_copy: job.rights.copy,
            is_forbidden: job.rights.forbid,
            is_view: job.rights.view,
            last_build_user: name(&job.executor),
            trigger_type: last.map(|build| state::trigger(&build.run)),
            build_time: last.and_then(|build| build.took(now)),
            scm_web_url: web_url(job.project.source.as_deref()),
            scm_type: source_code(job.project.source.as_deref()),
            repo_id: None,
            build_project_id: dashed(job.pipeline.uid.as_str()),
            last_job_running_status: running,
            last_build_user_id: uid(&job.executor),
        }
    }
}

/// A page of a project's jobs.
#[derive(Debug, Serialize)]
pub struct JobList {
    /// The jobs.
    pub jobs: Vec<ListedJob>,
    /// How many there are in all.
    pub total: u64,
}

/// Whether a job is being built.
#[derive(Debug, Serialize)]
pub struct RunningStatus {
    /// The job.
    pub last_job_id: String,
    /// Number of the newest build, as a text; null before the first.
    pub last_build_no: Option<String>,
    /// `Finished`, `InQueue` or `Running`.
    pub last_build_status: &'static str,
    /// Whether the newest build has not ended.
    pub is_running: bool,
}

impl RunningStatus {
    /// Of a job.
    pub fn new(job: &BuildJob) -> Self {
        let word = state::running_status(job.last.as_ref());
        Self {
            last_job_id: job.pipeline.uid.to_string(),
            last_build_no: job.last.as_ref().map(|build| build.run.number.to_string()),
            last_build_status: word,
            is_running: word != "Finished",
        }
    }
}

/// `{"result": true}`: whether a job is being built.
#[derive(Debug, Serialize)]
pub struct JobStatus {
    /// Whether it is.
    pub result: bool,
}

/// A name with dashes, as CodeArts writes those of records and build projects: 36 characters.
pub fn dashed(uid: &str) -> String {
    let part = |from: usize, to: usize| uid.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// The short name of a run.
pub fn octopus(uid: &str) -> String {
    format!("j_{}", uid.get(..8).unwrap_or(uid))
}

/// `27.51`: seconds with two decimals.
fn seconds(milliseconds: i64) -> String {
    let hundredths = milliseconds / 10;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// The kind of a project's source.
pub fn source_code(source: Option<&str>) -> &'static str {
    if source.is_some() { "git" } else { "none" }
}

/// The page of a repository, where its address leads to one.
pub fn web_url(source: Option<&str>) -> Option<String> {
    let mut url = url::Url::parse(source?).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    // Whoever may change the project's settings sees what stands before its host; here nobody does.
    url.set_password(None).ok()?;
    url.set_username("").ok()?;
    let text = url.to_string();
    Some(text.trim_end_matches('/').trim_end_matches(".git").to_owned())
}

/// Whole days before `now`, to the beginning of that day where the server is.
pub fn days_before(zone: Zone, now: Timestamp, days: i64) -> Timestamp {
    let then = Timestamp(now.0 - days * 24 * 3_600_000);
    zone.parse(zone.wall_clock(then).get(..10).unwrap_or_default()).unwrap_or(then)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_shapes_of_the_contract() {
        let uid = "eb9d73c761b34823b476a7c00c493b8a";
        assert_eq!(dashed(uid), "eb9d73c7-61b3-4823-b476-a7c00c493b8a");
        assert_eq!(octopus(uid), "j_eb9d73c7");
    }

    #[test]
    fn seconds_are_a_text_with_two_decimals() {
        for (ms, text) in [(0, "0.00"), (9, "0.00"), (27_519, "27.51"), (3_600_050, "3600.05")] {
            assert_eq!(seconds(ms), text);
        }
    }

    #[test]
    fn only_addresses_that_lead_somewhere_are_pages() {
        let cases = [
            (Some("https://user:secret@git.example.org/shop/web.git"), Some("https://git.example.org/shop/web")),
            (Some("http://git.example.org:8080/web/"), Some("http://git.example.org:8080/web")),
            (Some("ssh://git@host/x"), None),
            (Some("git@host:x.git"), None),
            (Some("/srv/web"), None),
            (None, None),
        ];
        for (source, page) in cases {
            assert_eq!(web_url(source).as_deref(), page, "{source:?}");
        }
    }

    #[test]
    fn days_begin_where_the_server_is() {
        let now = Zone::CHINA.parse("2026-03-05 17:15:02").unwrap();
        assert_eq!(Some(days_before(Zone::CHINA, now, 0)), Zone::CHINA.parse("2026-03-05 00:00:00"));
        assert_eq!(Some(days_before(Zone::CHINA, now, 7)), Zone::CHINA.parse("2026-02-26 00:00:00"));
    }
}
