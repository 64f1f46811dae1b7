//! Every answer, as it is on the wire. Types count here: a number that is a text there is a text.

use insta::assert_json_snapshot;
use model::plan::Variable;
use model::{FailureReason, Status, Timestamp, Zone};

use super::records::{BuildInfoRecords, History, HistoryDetails, LogText, RecordInfo, parameters};
use super::samples::{MADE, ada, build, job, pipeline, project, step};
use super::wire::{Done, Envelope, JobInfo, JobList, JobStatus, ListedJob, RunningStatus, Started, Stopped};
use crate::service::builds::{BuildDetails, BuildPage};
use crate::store::builds::Build;
use crate::store::runs::CommitDetails;

/// A minute after the job was made.
const NOW: Timestamp = Timestamp(MADE.0 + 60_000);

fn commit() -> CommitDetails {
    CommitDetails {
        message: "Sell more\n\nMuch more.\n".into(),
        author: "Ada <ada@example.org>".into(),
        timestamp: "2024-06-05T15:00:00+08:00".into(),
        default_branch: "main".into(),
        ..CommitDetails::default()
    }
}

fn page(builds: Vec<Build>) -> BuildPage {
    let builds: Vec<_> = builds.into_iter().map(|build| (build, ada(), commit())).collect();
    BuildPage { project: project(), total: builds.len() as u64, builds, health: 50 }
}

fn details(build: Build) -> BuildDetails {
    let secret = Variable { masked: true, ..Variable::new("TOKEN", "glpat-secret") };
    BuildDetails {
        pipeline: pipeline(),
        project: project(),
        jobs: vec![
            step("compile", Status::Success, None),
            step("test", Status::Failed, Some(FailureReason::ScriptFailure)),
            step("ship", Status::Skipped, None),
        ],
        build,
        executor: ada(),
        commit: commit(),
        parameters: Some(vec![Variable::new("codeBranch", "master\n\u{4f60}\u{597d}"), secret]),
    }
}

#[test]
fn a_job_has_22_fields() {
    let said = |last: Option<Build>| serde_json::to_value(Envelope::new(JobInfo::new(&job(last), NOW))).unwrap();
    let finished = said(Some(build(Status::Success, false)));
    assert_eq!(finished["result"].as_object().unwrap().len(), 22);
    assert_json_snapshot!("info_finished", finished);
    assert_json_snapshot!("info_never_built", said(None));
    let mut running = job(Some(build(Status::Running, false)));
    running.last_ended = Some(build(Status::Failed, true));
    assert_json_snapshot!("info_running", Envelope::new(JobInfo::new(&running, NOW)));
}

#[test]
fn jobs_in_lists() {
    let jobs = [Some(build(Status::Failed, false)), Some(build(Status::Pending, false)), None];
    let jobs: Vec<ListedJob> = jobs.into_iter().map(|last| ListedJob::new(&job(last), NOW)).collect();
    assert_json_snapshot!("jobs", JobList { total: jobs.len() as u64, jobs });
}

#[test]
fn whether_a_job_is_being_built() {
    let said = |last: Option<Build>| Envelope::new(RunningStatus::new(&job(last)));
    assert_json_snapshot!("running_status_running", said(Some(build(Status::Running, false))));
    assert_json_snapshot!("running_status_finished", said(Some(build(Status::Canceled, false))));
    assert_json_snapshot!("running_status_never_built", said(None));
    assert_json_snapshot!("status", JobStatus { result: true });
}

#[test]
fn what_was_done() {
    let started = Started {
        octopus_job_name: "j_9d6169b9".into(),
        actual_build_number: "20".into(),
        daily_build_number: build(Status::Created, false).numbers.daily(),
    };
    assert_json_snapshot!("started", started);
    assert_json_snapshot!("stopped", Stopped::SUCCESS);
    assert_json_snapshot!("done", Done::SUCCESS);
}

#[test]
fn histories() {
    let builds = || vec![build(Status::Running, false), build(Status::Failed, true), build(Status::Skipped, false)];
    let zone = Zone::CHINA;
    assert_json_snapshot!("history", History::new(pipeline().uid.as_str(), &page(builds()), zone));
    assert_json_snapshot!("records", Envelope::new(BuildInfoRecords::new(&page(builds()), 0, 2, NOW)));
    let mut bare = build(Status::Success, false);
    (bare.run.sha, bare.run.git_ref) = (String::new(), String::new());
    let mut without = page(vec![bare]);
    without.project.source = None;
    without.builds[0].2 = CommitDetails::default();
    assert_json_snapshot!("records_without_a_repository", Envelope::new(BuildInfoRecords::new(&without, 3, 10, NOW)));
}

#[test]
fn one_build() {
    let failed = details(build(Status::Failed, false));
    assert_json_snapshot!("record", Envelope::new(RecordInfo::new(&failed, NOW)));
    assert_json_snapshot!("history_details", HistoryDetails::new(&failed, NOW));
    let mut tag = details(build(Status::Pending, false));
    (tag.build.run.git_ref, tag.build.run.is_tag) = ("v1".into(), true);
    tag.parameters = None;
    tag.jobs.truncate(1);
    assert_json_snapshot!("record_of_a_tag", Envelope::new(RecordInfo::new(&tag, NOW)));
    assert_json_snapshot!("history_details_without_parameters", HistoryDetails::new(&tag, NOW));
}

#[test]
fn secrets_are_no_parameters() {
    let all = details(build(Status::Success, false)).parameters.unwrap();
    let shown = serde_json::to_string(&parameters(&all)).unwrap();
    assert!(shown.contains("codeBranch") && !shown.contains("TOKEN") && !shown.contains("glpat"));
    assert_json_snapshot!("parameters", Envelope::new(parameters(&all)));
    let whole = serde_json::to_string(&HistoryDetails::new(&details(build(Status::Success, false)), NOW)).unwrap();
    assert!(!whole.contains("glpat"));
}

#[test]
fn a_piece_of_a_log() {
    let text = LogText { has_more_data: true, offset: 126_548, content: "x\n".into(), current_offset: 121_768 };
    assert_json_snapshot!("log", Envelope::new(text));
}
