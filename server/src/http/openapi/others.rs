//! What stands beside the dialects: the runner protocol, streams, files, health, and the document itself.

use super::words::{Operation, Shape};

/// All of them, by area.
pub(super) fn operations() -> Vec<Operation> {
    let mut all = runners();
    all.extend(streams());
    all.extend(files());
    all.extend(server());
    all
}

/// The protocol of GitLab Runner: runners and jobs are known by their own tokens.
fn runners() -> Vec<Operation> {
    let runner = |method, path: &str, scheme| {
        let operation = Operation::new(Shape::Gitlab, "Runners", method, format!("/api/v4{path}"));
        operation.public().known_by(scheme).refuses(&[400, 429])
    };
    let job = |method, path: &str| {
        runner(method, &format!("/jobs/{{id}}{path}"), "jobToken").at("id", "int 1.. = 40", "Number of the job.")
    };
    vec![
        runner("POST", "/jobs/request", "runnerToken")
            .named("runner_request", "A job for this runner")
            .about("Held for a while when `last_update` is the queue's version and nothing is to be done.")
            .body("JobRequest")
            .gives(201, "JobPayload", "A job.")
            .empty(204, "Nothing to do; `X-GitLab-Last-Update` has the queue's version.")
            .refuses(&[415, 422]),
        job("PUT", "")
            .named("runner_update", "How a job stands, and how it ended")
            .body("JobUpdate")
            .gives(200, "Status", "Its status; `Job-Status` says whether it shall stop.")
            .refuses(&[409, 412, 415, 422]),
        job("PATCH", "/trace")
            .named("runner_trace", "Appends to the log")
            .header("Content-Range", "text = 0-4", "Where the piece begins: exactly where the log ends.")
            .empty(202, "It was appended; `Range` says up to where the log goes.")
            .refuses(&[413, 416]),
        job("POST", "/artifacts")
            .named("runner_upload", "Takes in an archive or a report")
            .query("artifact_type", "text := archive", "What it is.")
            .query("artifact_format", "text := zip", "How it is packed.")
            .about("A `multipart/form-data` body whose part `file` is the file.")
            .gives(201, "Created", "It was taken in.")
            .refuses(&[413]),
        job("GET", "/artifacts")
            .named("runner_download", "The archive of another job of the same run")
            .gives_as(200, "application/zip", "The archive.")
            .refuses(&[404]),
        job("POST", "/watch")
            .named("runner_watch", "Held until the job shall stop")
            .empty(200, "It shall; see `Job-Status`.")
            .empty(204, "Nothing happened."),
        runner("POST", "/runners/verify", "runnerToken")
            .named("runner_verify", "Whether a runner's token is good")
            .body("RunnerToVerify")
            .gives(200, "VerifiedRunner", "It is.")
            .refuses(&[415, 422]),
        runner("POST", "/runners", "runnerToken")
            .named("runner_register", "There is no registration by a shared token")
            .refuses(&[410]),
    ]
}

fn streams() -> Vec<Operation> {
    let stream = |path: &str, about: &str| {
        Operation::new(Shape::Own, "Streams", "GET", path).about(about).gives_as(
            200,
            "text/event-stream",
            "Server-Sent Events, until the client goes or `end` comes.",
        )
    };
    let list = "Event `state`: the whole list, anew whenever it has changed.";
    let object = "First the event `state`, the whole object, whose id is its sequence number; then one event for each \
                  change. `Last-Event-ID` resumes without gap or repeat. `end` says that nothing comes any more.";
    let resumed = |path: &str| {
        stream(path, object).header("Last-Event-ID", "int 0..", "The last id that was seen.").refuses(&[404])
    };
    vec![
        stream("/live/dashboard", list).named("live_dashboard", "The dashboard"),
        stream("/live/runs", list)
            .named("live_runs", "A list of runs")
            .query("pipeline", "text", "Key of a pipeline; further filters are those of the page of runs.")
            .refuses(&[400]),
        stream("/live/pipelines", list).named("live_pipelines", "All pipelines"),
        stream("/live/environments", list).named("live_environments", "All environments"),
        resumed("/live/runs/{id}").named("live_run", "A run with its jobs").at("id", "text = 12", "Number of the run."),
        resumed("/live/jobs/{id}").named("live_job", "A job").at("id", "text = 40", "Number of the job."),
        resumed("/live/pipelines/{key}").named("live_pipeline", "A pipeline with its last runs").at(
            "key",
            "text 1..255 = pipe_check_dao",
            "Key of the pipeline.",
        ),
        resumed("/live/jobs/{id}/log")
            .named("live_log", "A log as it grows")
            .about("Events `chunk`, whose id is the byte behind it; `reset` when the log is told anew; `end`.")
            .at("id", "text = 40", "Number of the job.")
            .query("offset", "int 0..", "The byte to begin at.")
            .query("line", "int 1..", "Or the line.")
            .gives_as(400, "text/plain", "A parameter is no number."),
    ]
}

fn files() -> Vec<Operation> {
    let file = |path: &str| Operation::new(Shape::Own, "Files", "GET", path);
    let audit = |path: &str| {
        file(path)
            .signed()
            .query("project", "text", "Number of a project: of that only.")
            .query("namespace", "text = shop", "Path of a namespace: of that and all in it only.")
            .query("user", "text", "Who did it.")
            .query("action", "text", "What was done, such as `run.start`.")
            .query("target", "text", "On what.")
            .query("since", "text = 2026-01-02", "A day, or a time.")
            .query("until", "text = 2026-01-31", "A day, to its end, or a time.")
            .refuses(&[400, 404])
    };
    vec![
        file("/jobs/{id}/raw")
            .named("job_raw", "A log as plain text, in ranges, or live")
            .at("id", "text = 40", "Number of the job.")
            .query("follow", "text = 1", "Goes on until the job ends; `0`, `false` and `no` do not.")
            .query("offset", "int 0.. := 0", "With `follow`: the byte to begin at.")
            .header("Range", "text = bytes=0-99", "A range of bytes.")
            .gives_as(200, "text/plain", "The log.")
            .gives_as(206, "text/plain", "The range.")
            .gives_as(416, "text/plain", "The log does not go so far.")
            .gives_as(400, "text/plain", "A parameter is no number.")
            .refuses(&[404]),
        file("/jobs/{id}/artifacts/{name}")
            .named("job_artifact", "A file that a job left")
            .at("id", "text = 40", "Number of the job.")
            .at("name", "text = artifacts.zip", "Its name.")
            .header("Range", "text = bytes=0-99", "A range of bytes.")
            .gives_as(200, "application/zip", "The file. Reports are `application/octet-stream`.")
            .gives_as(206, "application/zip", "The range.")
            .gives_as(416, "application/zip", "The file does not go so far.")
            .refuses(&[404]),
        audit("/audit.csv").named("audit_csv", "The audit log as a table").gives_as(
            200,
            "text/csv",
            "One line for each entry, newest first.",
        ),
        audit("/audit.jsonl").named("audit_jsonl", "The audit log, an `AuditEntry` on each line").gives_as(
            200,
            "application/x-ndjson",
            "One line for each entry, newest first.",
        ),
    ]
}

fn server() -> Vec<Operation> {
    let server = |path: &str| Operation::new(Shape::Own, "Server", "GET", path).public();
    vec![
        server("/healthz").named("alive", "Whether the process answers").gives_as(200, "text/plain", "It does."),
        server("/readyz").named("ready", "Whether the database takes writes").gives_as(
            200,
            "text/plain",
            "It does, and the server is not about to end.",
        ),
        server("/openapi.json")
            .named("openapi", "This document")
            .header("If-None-Match", "text", "The version that the client has.")
            .gives(200, "object", "The document.")
            .empty(304, "The client has it already.")
            .with(&["ETag"]),
    ]
}
