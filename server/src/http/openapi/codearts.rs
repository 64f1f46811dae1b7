//! CodeArts' interface: the vendor's own documents describe it field by field, these are its addresses and what is in them.

use super::words::{Field, Operation, Shape};

/// A tag of the document.
const TAG: &str = "CodeArts";

/// What answers are made of.
pub(super) const ANSWERS: &[(&str, &str, &[Field])] = &[
    (
        "CodeartsProjects",
        "Projects.",
        &[("projects", "[CodeartsProject]", ""), ("links", "object", "The server's own address.")],
    ),
    (
        "CodeartsProject",
        "A project.",
        &[
            ("id", "text = 958a367001a24870a1002349e2e35914", "Its uid."),
            ("name", "text = shop/web", "Its path."),
            ("enabled", "bool", "Always true."),
            ("is_domain", "bool", "Always false."),
            ("description", "text", "Always empty."),
            ("domain_id", "text?", "Always null."),
            ("parent_id", "text?", "Always null."),
            ("links", "object", "Always empty."),
        ],
    ),
    (
        "CodeartsStates",
        "How a pipeline stands, in version 3.",
        &[
            ("pipeline_id", UID, "Its uid."),
            ("pipeline_name", "text = Shop", ""),
            ("build_id", "text = 25", "Number of its latest run, as a text."),
            ("status", STATUS, ""),
            ("result", RESULT, "Null until it has ended."),
            ("executor", "text = ada", "Who started it."),
            ("start_time", WALL, "Where the server is."),
            ("end_time", WALL_OR_NOT, "Null until it has ended."),
            ("detail_url", "text", "The page of the run."),
            ("modify_url", "text", "The page of the pipeline."),
            ("stages", "[CodeartsStageState]", ""),
        ],
    ),
    (
        "CodeartsStageState",
        "How a stage stands, in version 3; one that did not run has neither status nor result.",
        &[
            ("name", "text = unit-tests", "Its name as one word."),
            ("display_name", "text = Unit tests", "Its name."),
            ("order", "int 1.. = 1", "Its place, from 1."),
            ("dsl_method", "build|test|deploy", "What it is for, by its name."),
            ("status", "waiting|running|verifying|completed?", ""),
            ("result", RESULT, ""),
            ("parameters", "object?", "Always null."),
        ],
    ),
    (
        "CodeartsLatestRun",
        "A run without its jobs, in version 5.",
        &[
            ("pipeline_id", UID, "The pipeline's uid."),
            ("pipeline_run_id", UID, "The run's uid."),
            ("executor_id", "text?", "Uid of who started it."),
            ("executor_name", "text = ada", "Who started it."),
            ("stage_status_list", "[CodeartsStageStatus]", ""),
            ("status", RUN, "`RUNNING`, `SUSPEND`, `COMPLETED`, `FAILED`, `CANCELED` or `IGNORED`."),
            ("run_number", "int 1.. = 25", ""),
            ("trigger_type", "text = Manual", "`Manual`, `Scheduler` or `Push`."),
            ("build_params", "object", "Branch or tag and commit; nulls without a repository."),
            ("artifact_params", "object", "Always nulls."),
            ("start_time", "ms", ""),
            ("end_time", "int?", "Null until it has ended."),
            ("modify_url", "text", "The page of the pipeline."),
            ("detail_url", "text", "The page of the run."),
            // Lists of runs have more of each stage when `show_job_details` is set.
        ],
    ),
    (
        "CodeartsStageStatus",
        "How a stage stands, in version 5.",
        &[
            ("id?", UID, "Absent in the status of many pipelines."),
            ("name", "text = build", ""),
            ("sequence", "int 0.. = 0", "Its place, from 0."),
            ("status", PART, "As of a run; or `INIT`, `QUEUED`, `SKIPPED`."),
            ("start_time", WALL_OR_NOT, ""),
            ("end_time", WALL_OR_NOT, ""),
            ("jobs?", "[object]", "With `show_job_details`."),
        ],
    ),
    (
        "CodeartsRuns",
        "Runs of a pipeline.",
        &[
            ("offset", "int 0.. = 0", ""),
            ("limit", "int 1..100 = 10", ""),
            ("total", "int 0.. = 1", "How many there are in all."),
            ("pipeline_runs", "[CodeartsLatestRun]", ""),
        ],
    ),
    (
        "CodeartsPipelines",
        "Pipelines of a project.",
        &[
            ("offset", "int 0.. = 0", ""),
            ("limit", "int 1..100 = 10", ""),
            ("total", "int 0.. = 1", "How many there are in all."),
            ("current_system_time", "ms", ""),
            ("highest_confidentiality", "object?", "Always null."),
            ("number_of_hidden_data", "int", "Always 0."),
            ("pipelines", "[object]", "Each with its `latest_run`."),
        ],
    ),
    (
        "CodeartsSimpleList",
        "Pipelines.",
        &[
            ("offset", "int 0.. = 0", ""),
            ("limit", "int 1..100 = 10", ""),
            ("total", "int 0.. = 1", "How many there are in all."),
            ("result", "[object]", "Each with who made it and who started it last."),
        ],
    ),
    (
        "CodeartsStartedRun",
        "A run that was started.",
        &[("pipeline_id", UID, ""), ("build_id", "text = 26", "Its number, as a text.")],
    ),
    (
        "CodeartsRunId",
        "A run that was started.",
        &[("pipeline_run_id", UID, "Its uid."), ("error_msg", "text?", "Always null.")],
    ),
    (
        "CodeartsStoppedRun",
        "A run that is being stopped.",
        &[("pipeline_id", UID, ""), ("pipeline_name", "text = Shop", "")],
    ),
    ("CodeartsSuccess", "It was done.", &[("success", "bool = true", "Always true.")]),
    (
        "CodeartsLog",
        "A part of a job's log. Offsets are lines, as texts.",
        &[
            ("has_more", "bool", "Whether there is more in that direction."),
            ("start_offset", "text = 0", "How many lines stand before it."),
            ("end_offset", "text = 120", "How many lines there are up to its end."),
            ("log", "text", ""),
            ("step_run_id", UID, ""),
        ],
    ),
];

const UID: &str = "text = bfbc13d216c344ab9905716a0c88f9c6";
const WALL: &str = "text = 2026-03-05 17:15:02";
const WALL_OR_NOT: &str = "text? = 2026-03-05 17:15:02";
const STATUS: &str = "waiting|running|verifying|completed";
const RESULT: &str = "success|error|aborted?";
const RUN: &str = "text = COMPLETED";
const PART: &str = "text = COMPLETED";

pub(super) fn operations() -> Vec<Operation> {
    let pipeline = |method, path: &str| of_pipeline(method, format!("/v3/pipelines/{{pipeline_id}}{path}"));
    let five = |method, path: &str| {
        codearts(method, format!("/v5/{{project_id}}/api/pipelines{path}")).at("project_id", UID, "The project's uid.")
    };
    let one = |method, path: &str| of_pipeline_after(five(method, &format!("/{{pipeline_id}}{path}")));
    let run = |method, path: &str| {
        one(method, &format!("/pipeline-runs/{{pipeline_run_id}}{path}")).at("pipeline_run_id", UID, "The run's uid.")
    };
    let step = |path: &str| {
        run("POST", &format!("/jobs/{{job_run_id}}/steps/{{step_run_id}}{path}"))
            .at("job_run_id", UID, "The job's uid.")
            .at("step_run_id", UID, "Its one step, as the run's detail has it.")
    };
    vec![
        codearts("GET", "/v3/pipelines/status")
            .named("codearts_pipelines_status", "How many pipelines stand")
            .query("pipeline_ids", "text 32..3300", "Up to 100 uids, with commas.")
            .gives(200, "[CodeartsStates]", "Those that have run, each once, in the order of the question.")
            .fresh()
            .refuses(&[400]),
        codearts("POST", "/v3/pipelines/list")
            .named("codearts_pipelines_simple", "Pipelines, with who started them last")
            .optional_body("object")
            .gives(200, "CodeartsSimpleList", "A part of those that fit.")
            .fresh(),
        pipeline("GET", "/status")
            .named("codearts_pipeline_status", "A run with its stages and jobs")
            .query("build_id", "text 1..10", "Its number; the latest when absent.")
            .gives(200, "object", "The run.")
            .fresh()
            .refuses(&[400]),
        pipeline("POST", "/start")
            .named("codearts_pipeline_start", "Starts a run")
            .optional_body("object")
            .gives(200, "CodeartsStartedRun", "It was started.")
            .refuses(&[409]),
        pipeline("POST", "/stop")
            .named("codearts_pipeline_stop", "Stops a run")
            .query("build_id", "text 1..10", "Its number.")
            .gives(200, "CodeartsStoppedRun", "Its jobs are being stopped.")
            .refuses(&[400, 409]),
        five("POST", "/status")
            .named("codearts_latest", "How many pipelines of a project stand")
            .body("[text]")
            .gives(200, "[CodeartsLatestRun]", "Those that have run, each once, in the order of the question.")
            .fresh()
            .refuses(&[404]),
        five("POST", "/list")
            .named("codearts_pipelines", "Pipelines of a project")
            .optional_body("object")
            .gives(200, "CodeartsPipelines", "A part of those that fit.")
            .fresh()
            .refuses(&[404]),
        one("POST", "/run")
            .named("codearts_run", "Starts a run")
            .optional_body("object")
            .gives(200, "CodeartsRunId", "It was started.")
            .refuses(&[409]),
        one("POST", "/pipeline-runs/list")
            .named("codearts_runs", "Runs of a pipeline")
            .optional_body("object")
            .gives(200, "CodeartsRuns", "A part of those that fit.")
            .fresh(),
        one("GET", "/pipeline-runs/detail")
            .named("codearts_run_detail", "A run with its stages, jobs and steps")
            .query("pipeline_run_id", UID, "Its uid.")
            .query("pipeline_run_number", "text = 25", "Its number; without either the latest.")
            .gives(200, "object", "The run.")
            .fresh()
            .refuses(&[400]),
        run("POST", "/stop")
            .named("codearts_run_stop", "Stops a run")
            .gives(200, "CodeartsSuccess", "Its jobs are being stopped.")
            .refuses(&[400, 409]),
        run("PUT", "/retry")
            .named("codearts_run_retry", "Runs again what failed or was canceled, or the jobs that are named")
            .optional_body("object")
            .gives(200, "CodeartsSuccess", "It was done.")
            .refuses(&[409]),
        step("/pass")
            .named("codearts_review_pass", "Plays a manual job")
            .query("approval_description", "text 0..1000", "For the audit log.")
            .gives(200, "CodeartsSuccess", "It was done.")
            .refuses(&[400, 409]),
        step("/refuse")
            .named("codearts_review_refuse", "Refuses a manual job: it is canceled, and what comes after it is skipped")
            .query("approval_description", "text 0..1000", "Why.")
            .gives(200, "CodeartsSuccess", "It was done.")
            .refuses(&[400, 409]),
        step("/logs")
            .named("codearts_step_log", "A part of a job's log")
            .optional_body("object")
            .gives(200, "CodeartsLog", "Lines.")
            .fresh(),
        codearts("GET", "/v3/projects")
            .named("codearts_projects", "The project of a pair of keys, as the SDKs look it up")
            .query("name", "text = cn-north-4", "The region's name.")
            .gives(200, "CodeartsProjects", "The pair's own project, else those that the caller sees.")
            .fresh(),
    ]
}

fn of_pipeline(method: &'static str, path: String) -> Operation {
    of_pipeline_after(codearts(method, path))
}

fn of_pipeline_after(operation: Operation) -> Operation {
    operation.at("pipeline_id", UID, "The pipeline's uid.").refuses(&[404])
}

/// An operation of this interface, which nobody asks without a signature or a token.
pub(super) fn codearts(method: &'static str, path: impl Into<String>) -> Operation {
    Operation::new(Shape::Codearts, TAG, method, path).known_by_any(&["codeartsSignature", "codeartsToken"])
}
