//! Native states in CodeArts' words (contracts/codearts.md, section 10): one table, and nothing else knows these words.
//!
//! The contract has no row for some native states. Waiting for a resource, for a time or for preparations is waiting for a
//! runner, and a job that is being canceled still runs.

use model::{FailureReason, Job, Run, Stage, Status};

/// `status` and `result` of the interfaces of version 3; the second is `outcome` in some.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// Where it stands.
    pub status: Option<&'static str>,
    /// How it ended.
    pub result: Option<&'static str>,
}

/// Of what did not run.
pub const NONE: Words = Words { status: None, result: None };

/// A run, in version 3.
pub fn of_run(status: Status) -> Words {
    use Status as S;
    let (status, result) = match status {
        S::Created | S::WaitingForResource | S::Preparing | S::Pending | S::Scheduled => ("waiting", None),
        S::Running | S::Canceling => ("running", None),
        S::Manual => ("verifying", None),
        S::Success => ("completed", Some("success")),
        S::Failed => ("completed", Some("error")),
        S::Canceled | S::Skipped => ("completed", Some("aborted")),
    };
    Words { status: Some(status), result }
}

/// A stage or a job, in version 3: what did not run has no words, also when it was canceled before it `began`.
pub fn of_part(status: Status, began: bool) -> Words {
    match status {
        Status::Created | Status::Skipped => NONE,
        Status::Canceled if !began => NONE,
        status => of_run(status),
    }
}

/// A job, in version 3.
pub fn of_job(job: &Job) -> Words {
    let status = if is_ignored(job) { Status::Success } else { job.status };
    of_part(status, job.started_at.is_some())
}

/// A run, in version 5.
pub fn of_run_5(status: Status) -> &'static str {
    use Status as S;
    match status {
        S::Manual => "SUSPEND",
        S::Success => "COMPLETED",
        S::Failed => "FAILED",
        S::Canceled => "CANCELED",
        S::Skipped => "IGNORED",
        _ => "RUNNING",
    }
}

/// The native states that [`of_run_5`] calls so; `None` for a word that is none of its, nothing for one that is documented
/// and never given.
pub fn runs_called_5(word: &str) -> Option<Vec<Status>> {
    match word {
        "PAUSED" => Some(Vec::new()),
        word => Some(Status::ALL.iter().copied().filter(|status| of_run_5(*status) == word).collect())
            .filter(|found: &Vec<Status>| !found.is_empty()),
    }
}

/// A stage or a job that the run was started without, in version 5.
pub const UNSELECTED: &str = "UNSELECTED";

/// A stage, in version 5.
pub fn of_stage_5(stage: &Stage) -> &'static str {
    if stage.status == Status::Success && stage.warnings { "IGNORED" } else { of_part_5(stage.status) }
}

/// A job, in version 5.
pub fn of_job_5(job: &Job) -> &'static str {
    if is_ignored(job) { "IGNORED" } else { of_part_5(job.status) }
}

fn of_part_5(status: Status) -> &'static str {
    use Status as S;
    match status {
        S::Created => "INIT",
        S::WaitingForResource | S::Preparing | S::Pending | S::Scheduled => "QUEUED",
        S::Running | S::Canceling => "RUNNING",
        S::Manual => "SUSPEND",
        S::Success => "COMPLETED",
        S::Failed => "FAILED",
        S::Canceled => "CANCELED",
        S::Skipped => "SKIPPED",
    }
}

/// The one step of a job, in version 5, which has four words only; `None` before it begins.
pub fn of_step_5(job: &Job) -> Option<&'static str> {
    match job.status {
        Status::Running | Status::Canceling => Some("RUNNING"),
        Status::Success => Some("COMPLETED"),
        Status::Failed => Some("FAILED"),
        Status::Canceled => Some("CANCELED"),
        _ => None,
    }
}

fn is_ignored(job: &Job) -> bool {
    job.status == Status::Failed && job.allow_failure
}

/// Whether the failure of a run with these jobs is one of time: some ran into their limit, and none failed otherwise.
pub fn is_timeout<'j>(jobs: impl IntoIterator<Item = &'j Job>) -> bool {
    let failed = jobs.into_iter().filter(|job| !job.retried && job.status == Status::Failed && !job.allow_failure);
    let mut reasons = failed.map(|job| job.failure_reason == Some(FailureReason::JobExecutionTimeout)).peekable();
    reasons.peek().is_some() && reasons.all(|is_timeout| is_timeout)
}

/// `running_status` of a build job, by its last run; `None`: it never ran.
pub fn running_status(last: Option<Status>) -> &'static str {
    use Status as S;
    match last {
        Some(S::Created | S::WaitingForResource | S::Preparing | S::Pending | S::Scheduled | S::Manual) => "InQueue",
        Some(S::Running | S::Canceling) => "Running",
        Some(S::Success | S::Failed | S::Canceled | S::Skipped) | None => "Finished",
    }
}

/// Whether a build job is at rest.
pub fn is_finished(last: Option<Status>) -> bool {
    running_status(last) == "Finished"
}

/// `last_build_status` of a build job's information, of the last run that has one: unfinished runs have none, and whoever
/// asks looks at the one before.
pub fn last_build_status(status: Status, timed_out: bool) -> Option<&'static str> {
    match status {
        Status::Success => Some("success"),
        Status::Failed if timed_out => Some("timeout"),
        Status::Failed => Some("failure"),
        Status::Canceled => Some("aborted"),
        _ => None,
    }
}

/// `last_build_status` in lists of build jobs: a colour.
pub fn colour(last: Option<Status>, timed_out: bool) -> &'static str {
    match last {
        None | Some(Status::Skipped) => "none",
        Some(Status::Success) => "blue",
        Some(Status::Failed) if timed_out => "timeout",
        Some(Status::Failed) => "red",
        Some(Status::Canceled) => "aborted",
        Some(_) => "building",
    }
}

/// `result`, `status`, `state` and `build_result` of a record of a build.
pub fn build_result(status: Status, timed_out: bool) -> Option<&'static str> {
    match status {
        Status::Success => Some("SUCCESS"),
        Status::Failed if timed_out => Some("TIMEOUT"),
        Status::Failed => Some("FAILURE"),
        Status::Canceled => Some("ABORTED"),
        _ => None,
    }
}

/// What a run is of; `None` without a repository.
pub fn build_type(run: &Run) -> Option<&'static str> {
    if run.sha.is_empty() {
        None
    } else if run.is_tag {
        Some("tag")
    } else if run.is_commit {
        Some("commit")
    } else {
        Some("branch")
    }
}

/// `dsl_method` of a stage, by what its name says it is for.
pub fn dsl_method(stage: &str) -> &'static str {
    let name = stage.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    if has(&["deploy", "release", "publish", "部署", "发布"]) {
        "deploy"
    } else if has(&["test", "lint", "check", "verify", "测试", "检查"]) {
        "test"
    } else {
        "build"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the contract, row by row: native state; version 3 of a run, of a stage; version 5 of a run, of a
    /// stage; a build job's `running_status`, `last_build_status`, colour; a record's result.
    #[test]
    fn every_row_of_the_table() {
        use Status as S;
        let rows = [
            (S::Created, "waiting -", "- -", "RUNNING", "INIT", "InQueue - building -"),
            (S::Pending, "waiting -", "waiting -", "RUNNING", "QUEUED", "InQueue - building -"),
            (S::WaitingForResource, "waiting -", "waiting -", "RUNNING", "QUEUED", "InQueue - building -"),
            (S::Preparing, "waiting -", "waiting -", "RUNNING", "QUEUED", "InQueue - building -"),
            (S::Scheduled, "waiting -", "waiting -", "RUNNING", "QUEUED", "InQueue - building -"),
            (S::Running, "running -", "running -", "RUNNING", "RUNNING", "Running - building -"),
            (S::Canceling, "running -", "running -", "RUNNING", "RUNNING", "Running - building -"),
            (S::Manual, "verifying -", "verifying -", "SUSPEND", "SUSPEND", "InQueue - building -"),
            (
                S::Success,
                "completed success",
                "completed success",
                "COMPLETED",
                "COMPLETED",
                "Finished success blue SUCCESS",
            ),
            (S::Failed, "completed error", "completed error", "FAILED", "FAILED", "Finished failure red FAILURE"),
            (
                S::Canceled,
                "completed aborted",
                "completed aborted",
                "CANCELED",
                "CANCELED",
                "Finished aborted aborted ABORTED",
            ),
            (S::Skipped, "completed aborted", "- -", "IGNORED", "SKIPPED", "Finished - none -"),
        ];
        assert_eq!(rows.len(), Status::ALL.len());
        let words = |words: Words| format!("{} {}", words.status.unwrap_or("-"), words.result.unwrap_or("-"));
        for (status, run, part, run_5, part_5, build) in rows {
            assert_eq!(words(of_run(status)), run, "{status}");
            assert_eq!(words(of_part(status, true)), part, "{status}");
            let before = if status == S::Canceled { "- -" } else { part };
            assert_eq!(words(of_part(status, false)), before, "{status} before it began");
            assert_eq!((of_run_5(status), of_part_5(status)), (run_5, part_5), "{status}");
            let (last, result) = (last_build_status(status, false), build_result(status, false));
            let said =
                [running_status(Some(status)), last.unwrap_or("-"), colour(Some(status), false), result.unwrap_or("-")];
            assert_eq!(said.join(" "), build, "{status}");
            assert_eq!(is_finished(Some(status)), build.starts_with("Finished"), "{status}");
        }
    }

    #[test]
    fn what_the_table_says_besides() {
        let failed = Status::Failed;
        assert_eq!((last_build_status(failed, true), colour(Some(failed), true)), (Some("timeout"), "timeout"));
        assert_eq!(build_result(failed, true), Some("TIMEOUT"));
        assert_eq!((running_status(None), colour(None, false), is_finished(None)), ("Finished", "none", true));
        let warned = Stage { name: "a".into(), status: Status::Success, warnings: true };
        assert_eq!((of_stage_5(&warned), of_part(warned.status, true).result), ("IGNORED", Some("success")));
        assert_eq!(runs_called_5("SUSPEND"), Some(vec![Status::Manual]));
        assert_eq!((runs_called_5("PAUSED"), runs_called_5("completed")), (Some(Vec::new()), None));
    }

    #[test]
    fn a_stage_is_of_the_kind_that_its_name_says() {
        let kinds = ["compile", "unit-test", "Deploy to staging", "部署", "单元测试", "x"].map(dsl_method);
        assert_eq!(kinds, ["build", "test", "deploy", "deploy", "test", "build"]);
    }
}
