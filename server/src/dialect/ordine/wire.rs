//! The records as Ordine's scripts read them. Every field is always there, null when empty.

use model::{Reason, Run, Status, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::service::DEFAULT_PROJECT;
use crate::service::ordine::{Brief, Entry, Given, Handmade, Operation, State, TraceLine};

/// A job.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Job {
    id: String,
    title: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    parent_job_id: Option<String>,
    pipeline_id: Option<String>,
    project_id: Option<String>,
    input_path: Option<String>,
    status: &'static str,
    result: Option<Value>,
    error: Option<String>,
    created_at: String,
    updated_at: String,
    started_at: Option<String>,
    completed_at: Option<String>,
    /// Number of the run; null for a hand-made job.
    run_id: Option<i64>,
}

impl From<&Entry> for Job {
    fn from(entry: &Entry) -> Self {
        match entry {
            Entry::Run(run, jobs) => Self::of_run(run, jobs),
            Entry::Handmade(job) => Self::of_handmade(job),
        }
    }
}

impl Job {
    fn of_run(run: &Run, jobs: &[Brief]) -> Self {
        let state = State::of(run.status);
        // A cancelled run whose processes are still being stopped has not ended yet.
        let ended = run.status.is_complete();
        let completed = run.finished_at.filter(|_| ended);
        let updated = [run.started_at, completed].into_iter().flatten().fold(run.created_at, Timestamp::max);
        let own_project = (run.project_path.as_str() != DEFAULT_PROJECT).then(|| run.project_path.to_string());
        Self {
            id: run.uid.to_string(),
            title: Some(format!("{} #{}", run.pipeline_name, run.number)),
            kind: Some("pipeline_run".into()),
            parent_job_id: None,
            pipeline_id: Some(run.pipeline_key.to_string()),
            project_id: run.external_project.clone().or(own_project),
            input_path: run.input_path.clone(),
            status: state.as_str(),
            result: ended.then(|| result(run, jobs)),
            error: (state == State::Failed).then(|| error(jobs)),
            created_at: run.created_at.rfc3339(),
            updated_at: updated.rfc3339(),
            started_at: run.started_at.map(Timestamp::rfc3339),
            completed_at: completed.map(Timestamp::rfc3339),
            run_id: Some(run.id.0),
        }
    }

    fn of_handmade(job: &Handmade) -> Self {
        Self {
            id: job.id.clone(),
            title: job.title.clone(),
            kind: job.kind.clone(),
            parent_job_id: job.parent.clone(),
            pipeline_id: job.pipeline.clone(),
            project_id: job.project.clone(),
            input_path: job.input_path.clone(),
            status: job.state.as_str(),
            result: job.result.clone(),
            error: job.error.clone(),
            created_at: job.created_at.rfc3339(),
            updated_at: job.updated_at.rfc3339(),
            started_at: job.started_at.map(Timestamp::rfc3339),
            completed_at: job.completed_at.map(Timestamp::rfc3339),
            run_id: None,
        }
    }
}

fn result(run: &Run, jobs: &[Brief]) -> Value {
    let count = |status: Status| jobs.iter().filter(|job| job.status == status).count();
    let parts: Vec<String> = [
        (count(Status::Success), "completed"),
        (count(Status::Failed), "failed"),
        (count(Status::Canceled), "cancelled"),
        (count(Status::Skipped), "skipped"),
        (count(Status::Manual), "not started"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    let of_job = |job: &Brief| {
        // Scripts that ended well have ended with 0.
        let exit_code = job.exit_code.or((job.status == Status::Success).then_some(0));
        json!({
            "id": job.id, "name": job.name, "stage": job.stage, "status": job.status, "exitCode": exit_code,
            "startedAt": job.started_at.map(Timestamp::rfc3339), "completedAt": job.finished_at.map(Timestamp::rfc3339),
        })
    };
    json!({
        "summary": format!("{} {}: {}", jobs.len(), if jobs.len() == 1 { "job" } else { "jobs" }, parts.join(", ")),
        "status": run.status,
        "warnings": run.warnings,
        "jobs": jobs.iter().map(of_job).collect::<Vec<_>>(),
    })
}

/// Never empty: which jobs failed, and why.
fn error(jobs: &[Brief]) -> String {
    let failed: Vec<String> = jobs
        .iter()
        .filter(|job| job.status == Status::Failed && !job.allow_failure)
        .map(|job| match &job.reason {
            reason @ Reason::Failed { .. } => format!("job {} {reason}", job.name),
            _ => format!("job {} failed", job.name),
        })
        .collect();
    match failed.len() {
        0 => "the run failed".into(),
        n if n > 5 => format!("{}; and {} more", failed[..5].join("; "), n - 5),
        _ => failed.join("; "),
    }
}

/// One line of a log.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace<'a> {
    id: u64,
    job_id: &'a str,
    level: &'static str,
    /// Both outputs come by one pipe (ADR 7).
    stream: &'static str,
    step: &'a str,
    message: String,
    created_at: String,
}

impl<'a> Trace<'a> {
    /// The line, as plain text.
    pub fn new(job_id: &'a str, line: &'a TraceLine) -> Self {
        let message = model::text::plain(&line.text);
        Self {
            id: line.id,
            job_id,
            level: level(&message),
            stream: "combined",
            step: &line.step,
            message,
            created_at: line.at.rfc3339(),
        }
    }
}

/// Jobs write one stream; lines that say themselves what they are keep that.
fn level(message: &str) -> &'static str {
    let word = message.trim_start().split([' ', ':']).next().unwrap_or_default();
    match word {
        "ERROR" => "error",
        "WARNING" | "WARN" => "warn",
        "DEBUG" => "debug",
        _ => "info",
    }
}

/// A pipeline.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pipeline {
    id: String,
    uid: String,
    name: String,
    description: String,
    project_id: Option<String>,
    tags: Vec<String>,
    nodes: Value,
    edges: Value,
    timeout_ms: Value,
    definition: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<Given> for Pipeline {
    fn from(given: Given) -> Self {
        let Given { pipeline, origin } = given;
        let part = |name: &str| origin.graph.as_ref().map(|graph| graph[name].clone()).filter(|part| !part.is_null());
        let own_project =
            (pipeline.project_path.as_str() != DEFAULT_PROJECT).then(|| pipeline.project_path.to_string());
        Self {
            id: pipeline.key.to_string(),
            uid: pipeline.uid.to_string(),
            name: pipeline.name,
            description: pipeline.description,
            nodes: part("nodes").unwrap_or_else(|| json!([])),
            edges: part("edges").unwrap_or_else(|| json!([])),
            timeout_ms: part("timeoutMs").unwrap_or(Value::Null),
            project_id: origin.project.or(own_project),
            tags: origin.tags,
            definition: pipeline.definition,
            created_at: pipeline.created_at.rfc3339(),
            updated_at: pipeline.updated_at.rfc3339(),
        }
    }
}

/// An operation: what was given, with the fields that are ours.
pub fn operation(op: &Operation) -> Value {
    let mut record = if op.body.is_object() { op.body.clone() } else { json!({}) };
    record["id"] = op.id.clone().into();
    record["name"] = op.name.clone().into();
    record["description"] = op.description.clone().into();
    record["createdAt"] = op.created_at.rfc3339().into();
    record["updatedAt"] = op.updated_at.rfc3339().into();
    record
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_say_what_they_are_keep_that() {
        assert_eq!(level("ERROR: Job failed: exit code 1"), "error");
        assert_eq!(level("WARNING: no files"), "warn");
        assert_eq!(level("errors: 0"), "info");
        assert_eq!(level(""), "info");
    }
}
