//! A job and builds for the tests of the wire.

use model::{
    FailureReason, Job, JobId, Pipeline, PipelineId, Project, ProjectId, Protection, Reason, Run, RunId, Seq, Source,
    Status, Timestamp, Uid, Visibility,
};

use crate::service::builds::{BuildJob, Person, Rights};
use crate::store::builds::Build;
use crate::store::pipelines::Numbers;

/// 2024-06-05 08:00:58 UTC.
pub const MADE: Timestamp = Timestamp(1_717_574_458_000);

fn uid(text: &str) -> Uid {
    text.parse().unwrap()
}

/// The pipeline of the job.
pub fn pipeline() -> Pipeline {
    Pipeline {
        id: PipelineId(3),
        uid: uid("901878212b1a49be9c1a1054c272762a"),
        key: "shop".parse().unwrap(),
        project_id: ProjectId(1),
        project_path: "shop/web".parse().unwrap(),
        name: "Shop".into(),
        description: String::new(),
        definition: None,
        disabled: false,
        creator: Some("ada".into()),
        created_at: MADE,
        updated_at: MADE,
        version: Seq(3),
    }
}

/// Its project.
pub fn project() -> Project {
    Project {
        id: ProjectId(1),
        uid: uid("6ecbc5bac7c8442fb3d2563d53c13582"),
        path: "shop/web".parse().unwrap(),
        source: Some("https://git.example.org/shop/web.git".into()),
        visibility: Visibility::Private,
        public_jobs: true,
        protection: Protection::default(),
        namespace_id: 1,
        options: model::ProjectOptions::default(),
        updated_at: MADE,
        created_at: MADE,
        version: Seq(1),
    }
}

/// A build in that status.
pub fn build(status: Status, timed_out: bool) -> Build {
    let after = |ms: i64| Timestamp(MADE.0 + ms);
    let begun =
        !matches!(status, Status::Created | Status::Pending | Status::Manual | Status::Scheduled | Status::Skipped);
    let run = Run {
        id: RunId(12),
        uid: uid("9d6169b9022d458c9dc848cc94cc4083"),
        project_id: ProjectId(1),
        project_path: "shop/web".parse().unwrap(),
        pipeline_id: Some(PipelineId(3)),
        pipeline_key: "shop".parse().unwrap(),
        pipeline_name: "Shop".into(),
        number: 20,
        status,
        warnings: false,
        source: Source::Api,
        git_ref: "main".into(),
        is_tag: false,
        is_commit: false,
        sha: "ffe2ee8b44a0b2683df86b44f8ec27d71baeae86".into(),
        commit_title: "Sell more".into(),
        user: "ada".into(),
        input_path: None,
        external_project: None,
        created_at: after(10_000),
        started_at: begun.then(|| after(12_000)),
        finished_at: status.is_complete().then(|| after(39_510)),
        stages: Vec::new(),
        name: None,
        parent: None,
        schedule: None,
        updated_at: after(39_510),
        ran: (begun && status.is_complete()).then_some(27_510),
        given: None,
        version: Seq(9),
    };
    let stretches = run.started_at.filter(|_| !status.is_complete()).map(|begin| (begin, None));
    let numbers = Numbers { number: 20, day: 20_240_605, of_day: 2 };
    Build { run, numbers, timed_out, stretches: stretches.into_iter().collect() }
}

/// Somebody.
pub fn ada() -> Person {
    Person { name: "ada".into(), full_name: "Ada Lovelace".into(), uid: uid("ae22fd035f354cfa8d82a3f1c8940446") }
}

/// The job, whose newest build is this one.
pub fn job(last: Option<Build>) -> BuildJob {
    let last_ended = last.clone().filter(|build| build.run.status.is_final());
    BuildJob {
        pipeline: pipeline(),
        project: project(),
        executor: last.as_ref().map(|_| ada()),
        last,
        last_ended,
        creator: Some(ada()),
        health: 74,
        rights: Rights {
            execute: true,
            modify: false,
            delete: false,
            copy: false,
            forbid: false,
            manage: false,
            view: true,
        },
    }
}

/// A step of a build.
pub fn step(name: &str, status: Status, failure: Option<FailureReason>) -> Job {
    Job {
        id: JobId(40),
        uid: uid("eb9d73c761b34823b476a7c00c493b8a"),
        run_id: RunId(12),
        project_id: ProjectId(1),
        name: name.into(),
        stage: "test".into(),
        stage_index: 0,
        status,
        reason: Reason::RetriedBy { user: "ada".into() },
        when: model::plan::When::OnSuccess,
        allow_failure: false,
        needs: None,
        attempt: 1,
        retried: false,
        failure_reason: failure,
        exit_code: None,
        user: "ada".into(),
        runner: None,
        timeout: 3600,
        created_at: Timestamp(MADE.0 + 10_000),
        queued_at: Some(Timestamp(MADE.0 + 11_000)),
        started_at: status.is_final().then_some(Timestamp(MADE.0 + 12_000)),
        finished_at: status.is_final().then_some(Timestamp(MADE.0 + 20_366)),
        artifacts: Vec::new(),
        artifacts_expired_at: None,
        erased_at: None,
        resource_group: None,
        kind: model::JobKind::Build,
        child: None,
        tags: Vec::new(),
        environment: None,
        confirmation: None,
        coverage: None,
        tests: None,
        version: Seq(9),
    }
}
