//! Below `/api`: Ordine's dialect.

use super::words::{Operation, Shape};

fn ordine(method: &'static str, path: &str) -> Operation {
    Operation::new(Shape::Ordine, "Ordine", method, path).refuses(&[400])
}

/// All of them, in the order of the routes.
pub(super) fn operations() -> Vec<Operation> {
    let mut all = jobs();
    all.extend(pipelines());
    all.extend(steps());
    all.push(
        ordine("GET", "/health")
            .named("health", "Whether the process lives, as Ordine says it")
            .gives(200, "Health", "It does.")
            .public(),
    );
    all
}

fn jobs() -> Vec<Operation> {
    let job = |method, path: &str| {
        ordine(method, &format!("/api/jobs/{{id}}{path}"))
            .at("id", "text 1..255 = 65e51f36bbcc9585de6e3f9036e09a2b", "A run's uid or number, or a script's own id.")
            .refuses(&[404])
    };
    vec![
        ordine("GET", "/api/jobs")
            .named("ordine_jobs", "Jobs, newest first")
            .query("status", "pending|running|completed|failed|cancelled|queued|done|canceled", "Only those.")
            .query("projectId", "text", "Only of this project.")
            .query("pipelineId", "text", "Only of this pipeline.")
            .query("cursor", "text = 12.3", "`x-next-cursor` of the page before.")
            .query("limit", "int 1..1000 := 1000", "At most so many.")
            .gives(200, "[OrdineJob]", "The jobs.")
            .fresh()
            .with(&["X-Total-Count", "X-Next-Cursor", "Link"]),
        ordine("POST", "/api/jobs")
            .named("ordine_job_create", "Makes a record of one's own; no runner ever takes it")
            .body("JobToCreate")
            .gives(201, "OrdineJob", "The job.")
            .with(&["Location"])
            .refuses(&[409]),
        job("GET", "").named("ordine_job", "A job").gives(200, "OrdineJob", "The job.").fresh(),
        job("PATCH", "")
            .named("ordine_job_change", "Moves a record of one's own, or cancels a run")
            .about("Cancelling answers when the processes are gone.")
            .body("JobToChange")
            .gives(200, "OrdineJob", "The job.")
            .refuses(&[409]),
        job("DELETE", "")
            .named("ordine_job_delete", "Deletes a job; the processes of a live run end first")
            .empty(204, "It is gone.")
            .refuses(&[409]),
        job("GET", "/traces")
            .named("ordine_traces", "Lines of a job's log, ascending")
            .query("after", "int 0.. := 0", "Only lines behind this one.")
            .query("limit", "int 1..10000 := 10000", "At most so many.")
            .gives(200, "[Trace]", "The lines.")
            .fresh()
            .with(&["X-Total-Count", "X-Next-Cursor", "Link"]),
        job("GET", "/agent-runs").named("ordine_agent_runs", "No agents run here").gives(
            200,
            "[object]",
            "Always empty.",
        ),
        job("GET", "/agent-runs/{run}/spans")
            .named("ordine_spans", "No agents run here")
            .at("run", "text = 1", "A number.")
            .gives(200, "[object]", "Always empty."),
    ]
}

fn pipelines() -> Vec<Operation> {
    let one = |method, path: &str| {
        ordine(method, &format!("/api/pipelines/{{id}}{path}"))
            .at("id", "text 1..255 = pipe_check_dao", "The pipeline's key or uid.")
            .refuses(&[404])
    };
    vec![
        ordine("GET", "/api/pipelines")
            .named("ordine_pipelines", "Pipelines")
            .query("projectId", "text", "Only of this project.")
            .gives(200, "[OrdinePipeline]", "All of them.")
            .fresh()
            .with(&["X-Total-Count"]),
        stored(ordine("POST", "/api/pipelines").named("ordine_pipeline_create", "Makes a pipeline"), "PipelineToStore")
            .gives(201, "OrdinePipeline", "The pipeline.")
            .with(&["Location"]),
        stored(
            ordine("PUT", "/api/pipelines").named("ordine_pipelines_put", "Makes or replaces a pipeline"),
            "PipelineToStore",
        )
        .gives(200, "OrdinePipeline", "It was replaced.")
        .gives(201, "OrdinePipeline", "It was made."),
        one("GET", "").named("ordine_pipeline", "A pipeline").gives(200, "OrdinePipeline", "The pipeline.").fresh(),
        stored(one("PUT", "").named("ordine_pipeline_put", "Makes or replaces a pipeline"), "PipelineToStore")
            .gives(200, "OrdinePipeline", "It was replaced.")
            .gives(201, "OrdinePipeline", "It was made."),
        stored(
            one("PATCH", "").named("ordine_pipeline_change", "Changes a pipeline; what is absent stays"),
            "PipelineToStore",
        )
        .gives(200, "OrdinePipeline", "The pipeline."),
        one("DELETE", "")
            .named("ordine_pipeline_delete", "Deletes a pipeline; its jobs stay readable")
            .empty(204, "It is gone.")
            .refuses(&[409]),
        one("POST", "/run")
            .named("ordine_run", "Starts a run")
            .optional_body("RunToStart")
            .gives(202, "StartedRun", "It was started.")
            .refuses(&[409]),
    ]
}

fn stored(operation: Operation, schema: &str) -> Operation {
    operation.body(schema).refuses(&[404, 409])
}

fn steps() -> Vec<Operation> {
    let one = |method| {
        ordine(method, "/api/operations/{id}").at("id", "text 1..255 = op_list", "The operation's id.").refuses(&[404])
    };
    vec![
        ordine("GET", "/api/operations")
            .named("ordine_operations", "Steps that nodes point at")
            .gives(200, "[Operation]", "All of them.")
            .fresh()
            .with(&["X-Total-Count"]),
        stored(ordine("POST", "/api/operations").named("ordine_operation_create", "Makes a step"), "OperationToStore")
            .gives(201, "Operation", "The step.")
            .with(&["Location"]),
        stored(
            ordine("PUT", "/api/operations").named("ordine_operations_put", "Makes or replaces a step"),
            "OperationToStore",
        )
        .gives(200, "Operation", "It was replaced.")
        .gives(201, "Operation", "It was made."),
        one("GET").named("ordine_operation", "A step").gives(200, "Operation", "The step.").fresh(),
        stored(one("PUT").named("ordine_operation_put", "Makes or replaces a step"), "OperationToStore")
            .gives(200, "Operation", "It was replaced.")
            .gives(201, "Operation", "It was made."),
        stored(
            one("PATCH").named("ordine_operation_change", "Changes a step; what is absent stays"),
            "OperationToStore",
        )
        .gives(200, "Operation", "The step."),
        one("DELETE").named("ordine_operation_delete", "Deletes a step").empty(204, "It is gone.").refuses(&[409]),
    ]
}
