//! Where a build stands, in the words of CodeArts' Build: of the table of all words, those that a build needs.

use model::{Job, JobKind, Run, Status, Zone};

pub use crate::dialect::codearts::state::build_type;

use crate::dialect::codearts::state as words;
use crate::service::builds::{BuildJob, BuildState};
use crate::store::builds::Build;

/// `running_status` of a job's newest build.
pub fn running_status(build: Option<&Build>) -> &'static str {
    words::running_status(build.map(|build| build.run.status))
}

/// `last_build_status` of a job's information: how its newest build that ended did.
pub fn last_build_status(job: &BuildJob) -> Option<&'static str> {
    let build = job.last_ended.as_ref()?;
    words::last_build_status(build.run.status, build.timed_out)
}

/// `last_build_status` in lists of jobs, by the newest build.
pub fn colour(build: Option<&Build>) -> &'static str {
    words::colour(build.map(|build| build.run.status), build.is_some_and(|build| build.timed_out))
}

/// The state that a colour means, for a filter.
pub fn of_colour(word: &str) -> Option<BuildState> {
    match word {
        "none" => Some(BuildState::None),
        "building" => Some(BuildState::Building),
        "blue" => Some(BuildState::Good),
        "red" => Some(BuildState::Failed),
        "timeout" => Some(BuildState::TimedOut),
        "aborted" => Some(BuildState::Aborted),
        _ => None,
    }
}

/// `result` and `state` of a build in histories; `None` before its end.
pub fn result(build: &Build) -> Option<&'static str> {
    words::build_result(build.run.status, build.timed_out)
}

/// `status` of a build's record.
pub fn record_status(build: &Build) -> Option<&'static str> {
    match build.run.status {
        Status::Running | Status::Canceling => Some("RUNNING"),
        _ => result(build),
    }
}

/// `status` of a step: the steps of a build are its jobs. Empty when it did not run.
pub fn step_status(job: &Job) -> &'static str {
    match job.status {
        Status::Success => "success",
        Status::Failed => "error",
        Status::Canceled if job.started_at.is_some() => "error",
        Status::Running | Status::Canceling => "running",
        _ => "",
    }
}

/// What started a build.
pub fn trigger(run: &Run) -> &'static str {
    match run.source.as_str() {
        "schedule" => "SCHEDULE",
        "push" => "PUSH",
        "trigger" | "pipeline" | "parent_pipeline" => "TRIGGER",
        _ => "MANUAL",
    }
}

/// The branch that a build is of.
pub fn branch(run: &Run) -> Option<String> {
    (build_type(run) == Some("branch")).then(|| run.git_ref.clone())
}

/// Why a build failed: the first of its jobs that made it fail.
pub fn failure(build: &Build, jobs: &[Job]) -> Option<String> {
    if build.run.status != Status::Failed {
        return None;
    }
    let failed = jobs.iter().find(|job| job.status == Status::Failed && !job.allow_failure)?;
    let why = failed.failure_reason.map_or("unknown_failure", model::FailureReason::as_str);
    Some(format!("{}: {why}", failed.name))
}

/// The steps of a build: jobs that start other runs are none.
pub fn steps(jobs: &[Job]) -> impl Iterator<Item = &Job> {
    jobs.iter().filter(|job| job.kind == JobKind::Build)
}

/// `2020-12-30T17:33:27+08:00`: the time on the wall, and where the wall is.
pub fn zoned(zone: Zone, at: model::Timestamp) -> String {
    format!("{}{zone}", zone.wall_clock(at).replace(' ', "T"))
}

/// `2022-10-11T08:28:42.000+00:00`, as records have it.
pub fn utc(at: model::Timestamp) -> String {
    at.rfc3339().replace('Z', "+00:00")
}

#[cfg(test)]
mod tests {
    use model::Timestamp;

    use super::*;
    use crate::dialect::codearts::build::samples::build;

    #[test]
    fn every_status_has_its_words() {
        // Status, timed out: running status, colour, result, status of the record.
        let rows = [
            (Status::Created, false, "InQueue", "building", None, None),
            (Status::WaitingForResource, false, "InQueue", "building", None, None),
            (Status::Preparing, false, "InQueue", "building", None, None),
            (Status::Pending, false, "InQueue", "building", None, None),
            (Status::Scheduled, false, "InQueue", "building", None, None),
            (Status::Manual, false, "InQueue", "building", None, None),
            (Status::Running, false, "Running", "building", None, Some("RUNNING")),
            (Status::Canceling, false, "Running", "building", None, Some("RUNNING")),
            (Status::Success, false, "Finished", "blue", Some("SUCCESS"), Some("SUCCESS")),
            (Status::Failed, false, "Finished", "red", Some("FAILURE"), Some("FAILURE")),
            (Status::Failed, true, "Finished", "timeout", Some("TIMEOUT"), Some("TIMEOUT")),
            (Status::Canceled, false, "Finished", "aborted", Some("ABORTED"), Some("ABORTED")),
            (Status::Skipped, false, "Finished", "none", None, None),
        ];
        for (status, timed_out, running, list, history, record) in rows {
            let one = build(status, timed_out);
            let said = (running_status(Some(&one)), colour(Some(&one)), result(&one), record_status(&one));
            assert_eq!(said, (running, list, history, record), "{status}");
            assert_eq!(of_colour(list), Some(BuildState::of(Some(&one))));
        }
        assert_eq!((running_status(None), colour(None)), ("Finished", "none"));
        assert_eq!(of_colour("green"), None);
    }

    #[test]
    fn a_commit_that_was_named_is_no_branch() {
        let mut one = build(Status::Success, false);
        assert_eq!((build_type(&one.run), branch(&one.run).as_deref()), (Some("branch"), Some("main")));
        one.run.is_tag = true;
        assert_eq!((build_type(&one.run), branch(&one.run)), (Some("tag"), None));
        one.run.is_tag = false;
        one.run.git_ref = one.run.sha[..8].to_uppercase();
        assert_eq!(build_type(&one.run), Some("branch"), "one that is called so");
        one.run.is_commit = true;
        assert_eq!((build_type(&one.run), branch(&one.run)), (Some("commit"), None));
        (one.run.git_ref, one.run.sha) = (String::new(), String::new());
        assert_eq!(build_type(&one.run), None);
    }

    #[test]
    fn times_are_written_as_each_address_does() {
        let at = Timestamp(1_609_320_807_123);
        assert_eq!(zoned(Zone::CHINA, at), "2020-12-30T17:33:27+08:00");
        assert_eq!(utc(at), "2020-12-30T09:33:27.123+00:00");
    }
}
