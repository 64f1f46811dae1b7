//! `weir runs …` and `weir why`.

use model::Status;
use model::view::Why;
use serde_json::Value;

use super::args::RunsAction;
use super::client::{Client, query, segment};
use super::failure::{Exit, Failure, Outcome};
use super::{follow, output};
use crate::dialect::gitlab::wire::{JobObject, Pipeline};

const RUNS: &str = "/api/v4/weir/runs";

/// Runs the command.
pub async fn main(client: &Client, action: RunsAction, json: bool) -> Outcome {
    match action {
        RunsAction::List { status, project, pipeline, limit } => {
            let limit = limit.clamp(1, 200).to_string();
            let query = query(&[
                ("status", status.as_deref()),
                ("project", project.as_deref()),
                ("pipeline", pipeline.as_deref()),
                ("per_page", Some(&limit)),
            ]);
            let runs: Vec<Value> = client.get(&format!("{RUNS}{query}"), "list the runs").await?;
            if json {
                output::json(&runs);
                return Ok(());
            }
            print_list(&typed::<Vec<Pipeline>>(Value::Array(runs), "list the runs")?);
            Ok(())
        }
        RunsAction::Get(run) => {
            let doing = format!("read run {}", run.id);
            let found: Value = client.get(&format!("{RUNS}/{}", segment(&run.id)), &doing).await?;
            if json {
                output::json(&found);
                return Ok(());
            }
            let jobs: Vec<JobObject> =
                client.get(&format!("{RUNS}/{}/jobs?per_page=100", segment(&run.id)), &doing).await?;
            print_run(&typed(found, &doing)?, &jobs);
            Ok(())
        }
        RunsAction::Cancel(run) => change(client, &run.id, "cancel", json).await,
        RunsAction::Retry(run) => change(client, &run.id, "retry", json).await,
        RunsAction::Watch(run) => follow::watch(client, &run.id, json).await,
    }
}

/// Reads a value as what it should be.
pub fn typed<T: serde::de::DeserializeOwned>(value: Value, doing: &str) -> Result<T, Failure> {
    serde_json::from_value(value).map_err(|error| {
        Failure::text(Exit::Internal, doing, format!("the server's answer is not as expected: {error}"))
    })
}

async fn change(client: &Client, id: &str, verb: &str, json: bool) -> Outcome {
    let doing = format!("{verb} run {id}");
    let run: Value = client.post(&format!("{RUNS}/{}/{verb}", segment(id)), &serde_json::json!({}), &doing).await?;
    if json {
        output::json(&run);
        return Ok(());
    }
    let run: Pipeline = typed(run, &doing)?;
    output::line(format!("run {} is {}", run.id, output::Paint::stdout().status(run.status)));
    Ok(())
}

fn print_list(runs: &[Pipeline]) {
    if runs.is_empty() {
        output::note("no runs");
        return;
    }
    let paint = output::Paint::stdout();
    let rows = runs
        .iter()
        .map(|run| {
            vec![
                run.id.to_string(),
                format!("{} {}", output::mark(run.status), status_word(run)),
                format!(
                    "{} #{}",
                    output::harmless(run.name.as_ref().and_then(Option::as_deref).unwrap_or("-"), false),
                    run.iid
                ),
                output::harmless(if run.git_ref.is_empty() { "-" } else { &run.git_ref }, false),
                output::seconds(run.duration),
                when(&run.created_at),
                run.uid.clone(),
            ]
        })
        .collect();
    let text = output::table(&["id", "status", "run", "ref", "duration", "created (UTC)", "uid"], rows, &[0]);
    let mut lines = text.lines();
    if let Some(head) = lines.next() {
        output::line(paint.dim(head));
    }
    // Colours come last: they have a width of their own that a table would count.
    for (line, run) in lines.zip(runs) {
        let word = format!("{} {}", output::mark(run.status), status_word(run));
        output::line(line.replacen(&word, &paint.word(run.status, &word), 1));
    }
}

fn status_word(run: &Pipeline) -> &str {
    if run.detailed_status.group == "success-with-warnings" { "success (warnings)" } else { run.status.as_str() }
}

/// Prints a run and its jobs.
fn print_run(run: &Pipeline, jobs: &[JobObject]) {
    let paint = output::Paint::stdout();
    let name = output::harmless(run.name.as_ref().and_then(Option::as_deref).unwrap_or("-"), false);
    output::line(format!(
        "{} {}  {} #{}",
        paint.word(run.status, output::mark(run.status)),
        paint.bold(&format!("run {}", run.id)),
        name,
        run.iid
    ));
    field("status", &paint.word(run.status, status_word(run)));
    field("uid", &run.uid);
    // Without a repository there is no commit, which GitLab's objects write as zeros.
    if run.sha.bytes().any(|digit| digit != b'0') {
        field("ref", &format!("{} {}", output::harmless(&run.git_ref, false), run.sha.get(..8).unwrap_or("")));
    }
    field("by", &output::harmless(&run.user.username, false));
    field("created", &format!("{} UTC", when(&run.created_at)));
    field("duration", &output::seconds(run.duration));
    field("page", &run.web_url);
    output::line("");
    print_jobs(jobs);
}

/// One line of an object.
pub fn field(name: &str, value: &str) {
    output::line(format!("  {} {value}", output::Paint::stdout().dim(&format!("{name:<10}"))));
}

/// `2026-03-05 09:15:02`
pub fn when(rfc3339: &str) -> String {
    model::Timestamp::parse(rfc3339).map_or_else(|| rfc3339.to_owned(), model::Timestamp::human)
}

/// Prints jobs as a table.
pub fn print_jobs(jobs: &[JobObject]) {
    if jobs.is_empty() {
        output::note("no jobs");
        return;
    }
    let paint = output::Paint::stdout();
    let word = |job: &JobObject| {
        let allowed = job.status == Status::Failed && job.allow_failure;
        format!("{} {}{}", output::mark(job.status), job.status, if allowed { " (allowed)" } else { "" })
    };
    let rows = jobs
        .iter()
        .map(|job| {
            vec![
                job.id.to_string(),
                word(job),
                output::harmless(&job.name, false),
                output::harmless(&job.stage, false),
                job.pipeline.id.to_string(),
                output::duration(job.duration.map(|seconds| (seconds * 1000.0) as i64)),
                job.failure_reason.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let text = output::table(&["id", "status", "job", "stage", "run", "duration", ""], rows, &[0, 4]);
    let mut lines = text.lines();
    if let Some(head) = lines.next() {
        output::line(paint.dim(head));
    }
    for (line, job) in lines.zip(jobs) {
        let word = word(job);
        output::line(line.replacen(&word, &paint.word(job.status, &word), 1));
    }
}

/// `weir why JOB_OR_RUN`: a bare number is a job, a uid is a run.
pub async fn why(client: &Client, id: &str, json: bool) -> Outcome {
    let doing = format!("explain {id}");
    let is_uid = id.parse::<model::Uid>().is_ok();
    let (kind, number) = match id.split_once(['/', ':']) {
        Some(("run" | "runs", number)) => ("runs", number),
        Some(("job" | "jobs", number)) => ("jobs", number),
        _ if is_uid => ("runs", id),
        _ => ("jobs", id),
    };
    let why: Value = client.get(&format!("/api/v4/weir/{kind}/{}/why", segment(number)), &doing).await?;
    if json {
        output::json(&why);
        return Ok(());
    }
    print_why(&typed(why, &doing)?, 0);
    Ok(())
}

fn print_why(why: &Why, depth: usize) {
    let paint = output::Paint::stdout();
    let lead = if depth == 0 { String::new() } else { format!("{}└─ ", "   ".repeat(depth - 1)) };
    output::line(format!(
        "{lead}{} {} {}: {}",
        paint.word(why.status, output::mark(why.status)),
        paint.bold(&output::harmless(&why.subject, false)),
        paint.status(why.status),
        output::harmless(&why.answer, false)
    ));
    for one in &why.because {
        print_why(one, depth + 1);
    }
}
