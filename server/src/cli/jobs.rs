//! `weir jobs …`: Weir's jobs by number; by any other id what Ordine calls a job, which is a run
//! or a hand-made record.

use std::io::IsTerminal as _;

use serde_json::{Value, json};

use super::args::JobsAction;
use super::client::{Client, query, segment};
use super::failure::{Exit, Failure, Outcome};
use super::runs::{field, print_jobs, typed, when};
use super::{follow, output, sse};
use crate::dialect::gitlab::wire::JobObject;

const JOBS: &str = "/api/v4/weir/jobs";

/// Runs the command.
pub async fn main(client: &Client, action: JobsAction, json: bool) -> Outcome {
    match action {
        JobsAction::List { status, project, limit } => list(client, status, project, limit, json).await,
        JobsAction::Get(job) if is_number(&job.id) => {
            let doing = format!("read job {}", job.id);
            let found: Value = client.get(&format!("{JOBS}/{}", job.id), &doing).await?;
            if json {
                output::json(&found);
                return Ok(());
            }
            print_job(&typed(found, &doing)?);
            Ok(())
        }
        JobsAction::Get(job) => {
            let doing = format!("read job {}", job.id);
            let found: Value = client.get(&format!("/api/jobs/{}", segment(&job.id)), &doing).await?;
            if json {
                output::json(&found);
            } else {
                print_record(&found);
            }
            Ok(())
        }
        JobsAction::Logs { job, follow } => logs(client, &job.id, follow, json).await,
        JobsAction::Cancel(job) if is_number(&job.id) => change(client, &job.id, "cancel", &json!({}), json).await,
        JobsAction::Cancel(job) => {
            let doing = format!("cancel job {}", job.id);
            let path = format!("/api/jobs/{}", segment(&job.id));
            let body = json!({"status": "cancelled"});
            let response = client.send(reqwest::Method::PATCH, &path, Some(&body), &doing).await?;
            let response = client.checked(response, &doing).await?;
            let record: Value = response.json().await.map_err(|error| client.unreachable(&doing, &error))?;
            if json {
                output::json(&record);
            } else {
                output::line(format!("job {} is {}", job.id, record["status"].as_str().unwrap_or("cancelled")));
            }
            Ok(())
        }
        JobsAction::Retry(job) => {
            number_only(&job.id, "retry")?;
            change(client, &job.id, "retry", &json!({}), json).await
        }
        JobsAction::Play { job, variables, yes } => {
            number_only(&job.id, "play")?;
            if !yes {
                confirm(client, &job.id).await?;
            }
            let variables: Vec<_> =
                variables.iter().map(|pair| json!({"key": pair.key, "value": pair.value})).collect();
            change(client, &job.id, "play", &json!({"job_variables_attributes": variables}), json).await
        }
        JobsAction::Unschedule(job) => {
            number_only(&job.id, "unschedule")?;
            change(client, &job.id, "unschedule", &json!({}), json).await
        }
        JobsAction::Delete(job) if is_number(&job.id) => {
            let doing = format!("delete job {}", job.id);
            let erased: Value = client.post(&format!("{JOBS}/{}/erase", job.id), &json!({}), &doing).await?;
            if json {
                output::json(&erased);
            } else {
                output::line(format!("the log and the artifacts of job {} are deleted; its record stays", job.id));
            }
            Ok(())
        }
        JobsAction::Delete(job) => {
            let doing = format!("delete job {}", job.id);
            client.delete(&format!("/api/jobs/{}", segment(&job.id)), &doing).await?;
            if json {
                output::json(&json!({"deleted": job.id}));
            } else {
                output::line(format!("job {} is deleted", job.id));
            }
            Ok(())
        }
    }
}

fn is_number(id: &str) -> bool {
    id.len() < 19 && id.parse::<model::JobId>().is_ok()
}

fn number_only(id: &str, verb: &str) -> Outcome {
    if is_number(id) {
        return Ok(());
    }
    let cause = format!("a job is named by its number; a whole run is another command: weir runs {verb}");
    Err(Failure::usage(format!("{verb} job {id}"), cause))
}

async fn list(client: &Client, status: Option<String>, project: Option<String>, limit: u32, json: bool) -> Outcome {
    let limit = limit.clamp(1, 1000).to_string();
    let pairs = [("status", status.as_deref()), ("project", project.as_deref()), ("per_page", Some(limit.as_str()))];
    let jobs: Vec<Value> = client.get(&format!("{JOBS}{}", query(&pairs)), "list the jobs").await?;
    if json {
        output::json(&jobs);
        return Ok(());
    }
    print_jobs(&typed::<Vec<JobObject>>(Value::Array(jobs), "list the jobs")?);
    Ok(())
}

/// Asks what the job wants to have asked before it is played; without anybody to ask it is refused.
async fn confirm(client: &Client, id: &str) -> Outcome {
    let doing = format!("play job {id}");
    let job: Value = client.get(&format!("{JOBS}/{id}"), &doing).await?;
    let job: JobObject = typed(job, &doing)?;
    let Some(question) = &job.manual_confirmation else { return Ok(()) };
    let question = output::harmless(question, false);
    let refused = || Failure::usage(&doing, format!("it asks {question:?}; say `--yes`"));
    if !std::io::stdin().is_terminal() {
        return Err(refused());
    }
    output::note(format!("{question} [y/N]"));
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|_| refused())?;
    if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") { Ok(()) } else { Err(refused()) }
}

async fn change(client: &Client, id: &str, verb: &str, body: &Value, json: bool) -> Outcome {
    let doing = format!("{verb} job {id}");
    let job: Value = client.post(&format!("{JOBS}/{id}/{verb}"), body, &doing).await?;
    if json {
        output::json(&job);
        return Ok(());
    }
    let job: JobObject = typed(job, &doing)?;
    let name = output::harmless(&job.name, false);
    output::line(format!("job {} ({name}) is {}", job.id, output::Paint::stdout().status(job.status)));
    Ok(())
}

async fn logs(client: &Client, id: &str, follow: bool, json: bool) -> Outcome {
    let doing = format!("read the log of job {id}");
    if !is_number(id) {
        return follow::traces(client, id, follow, json, &doing).await;
    }
    if follow && !json {
        return follow::log(client, id, &doing).await;
    }
    let response = client.open(&format!("{JOBS}/{id}/trace"), &doing).await?;
    if json {
        let text = response.text().await.map_err(|error| client.unreachable(&doing, &error))?;
        output::json(&json!({"id": id.parse::<i64>().unwrap_or_default(), "trace": text}));
        return Ok(());
    }
    let terminal = output::is_terminal();
    let mut open = Vec::new();
    let done = sse::pieces(response, |piece| {
        if !terminal {
            // Into a file or a pipe goes exactly what the job wrote.
            output::bytes(piece);
            return;
        }
        open.extend_from_slice(piece);
        while let Some(end) = open.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = open.drain(..=end).collect();
            output::line(follow::shown(&String::from_utf8_lossy(&line)));
        }
    })
    .await;
    if !open.is_empty() {
        output::line(follow::shown(&String::from_utf8_lossy(&open)));
    }
    done.map_err(|error| Failure::text(Exit::Unreachable, doing, error))
}

fn print_job(job: &JobObject) {
    let paint = output::Paint::stdout();
    let name = output::harmless(&job.name, false);
    let mark = paint.word(job.status, output::mark(job.status));
    output::line(format!("{mark} {}  {name}", paint.bold(&format!("job {}", job.id))));
    field("status", &paint.status(job.status));
    if let Some(reason) = &job.failure_reason {
        field("reason", reason);
    }
    field("stage", &output::harmless(&job.stage, false));
    field("run", &job.pipeline.id.to_string());
    field("by", &output::harmless(&job.user.user.username, false));
    if let Some(runner) = &job.runner {
        field("runner", &output::harmless(&runner.description, false));
    }
    field("created", &format!("{} UTC", when(&job.created_at)));
    let milliseconds = |seconds: f64| (seconds * 1000.0) as i64;
    field("queued", &output::duration(job.queued_duration.map(milliseconds)));
    field("duration", &output::duration(job.duration.map(milliseconds)));
    for file in &job.artifacts {
        field("artifact", &format!("{} ({} bytes)", output::harmless(&file.filename, false), file.size));
    }
    field("page", &job.web_url);
}

fn print_record(record: &Value) {
    for name in ["id", "status", "pipelineId", "projectId", "error", "createdAt", "startedAt", "completedAt"] {
        match &record[name] {
            Value::Null => {}
            Value::String(text) => field(name, &output::harmless(text, false)),
            other => field(name, &other.to_string()),
        }
    }
    if !record["result"].is_null() {
        field("result", &serde_json::to_string_pretty(&record["result"]).unwrap_or_default());
    }
}
