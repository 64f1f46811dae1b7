//! `weir plan`: which jobs a run would have, in which order, why not the others, and, asked of a server, how
//! long they took the last time.

use std::collections::HashMap;

use model::plan::{AllowFailure, Plan, TriggerInclude, When};
use model::time::human_duration;
use serde_json::{Value, json};

use super::args::PlanArgs;
use super::client::{Client, query};
use super::failure::{Failure, Outcome};
use super::lint;
use super::output::{self, Paint};
use crate::dialect::gitlab::wire::JobObject;

/// How many past runs are looked at.
const RUNS: &str = "10";

/// Seconds that jobs took the last time they went well, by name.
pub type Durations = HashMap<String, f64>;

/// Runs the command.
pub async fn main(client: &Client, args: PlanArgs, json: bool) -> Outcome {
    let durations = match &args.pipeline {
        Some(key) => last(client, key).await?,
        None => Durations::new(),
    };
    lint::main(args.lint, Some(&durations), json)
}

/// What the last runs of a pipeline tell.
async fn last(client: &Client, key: &str) -> Result<Durations, Failure> {
    let doing = format!("read the last runs of {key}");
    let pairs = [("pipeline", Some(key)), ("per_page", Some(RUNS))];
    let runs: Vec<Value> = client.get(&format!("/api/v4/weir/runs{}", query(&pairs)), &doing).await?;
    let mut durations = Durations::new();
    for run in runs {
        let path = format!("/api/v4/weir/runs/{}/jobs?per_page=100&scope=success", run["id"]);
        let jobs: Vec<JobObject> = client.get(&path, &doing).await?;
        for job in jobs {
            if let Some(seconds) = job.duration {
                durations.entry(job.name).or_insert(seconds);
            }
        }
    }
    Ok(durations)
}

/// The plan as data.
pub fn document(plan: &Plan, durations: &Durations) -> Value {
    let of_stage = |stage: &String| {
        let jobs = plan.jobs.iter().filter(|job| &job.stage == stage);
        jobs.map(|job| {
            let needs = job.needs.as_ref().map(|needs| needs.iter().map(|need| &need.job).collect::<Vec<_>>());
            json!({
                "name": job.name,
                "when": job.when,
                "allow_failure": job.allow_failure.always(),
                "needs": needs,
                "last_duration": durations.get(&job.name),
            })
        })
        .collect::<Vec<_>>()
    };
    let stages: Vec<Value> = plan
        .stages
        .iter()
        .map(|stage| (stage, of_stage(stage)))
        .filter(|(_, jobs)| !jobs.is_empty())
        .map(|(stage, jobs)| json!({"name": stage, "jobs": jobs}))
        .collect();
    let excluded: Vec<Value> = plan
        .excluded
        .iter()
        .map(|job| json!({"name": job.name, "stage": job.stage, "reason": job.reason, "details": job.details}))
        .collect();
    json!({"stages": stages, "excluded": excluded})
}

/// The plan for people.
pub fn print(plan: &Plan, durations: &Durations) {
    let paint = Paint::stdout();
    for stage in &plan.stages {
        let mut jobs = plan.jobs.iter().filter(|job| &job.stage == stage).peekable();
        if jobs.peek().is_none() {
            continue;
        }
        output::line(paint.bold(&output::harmless(stage, false)));
        for job in jobs {
            let mut notes = Vec::new();
            match job.when {
                When::OnSuccess => {}
                When::Manual => notes.push("manual".to_owned()),
                other => notes.push(format!("when: {}", other.as_str())),
            }
            match &job.needs {
                None => {}
                Some(needs) if needs.is_empty() => notes.push("needs nothing, starts at once".to_owned()),
                Some(needs) => {
                    let names: Vec<_> = needs.iter().map(|need| need.job.as_str()).collect();
                    notes.push(format!("needs {}", names.join(", ")));
                }
            }
            match &job.allow_failure {
                AllowFailure::Bool(false) => {}
                AllowFailure::Bool(true) => notes.push("may fail".to_owned()),
                AllowFailure::ExitCodes(codes) => notes.push(format!("may fail with {codes:?}")),
            }
            if let Some(trigger) = &job.trigger {
                let files = trigger.include.iter().map(|include| match include {
                    TriggerInclude::Local { path, .. } => path.clone(),
                    TriggerInclude::Artifact { path, job, .. } => format!("{path} of {job}"),
                });
                notes.push(format!("starts the child pipeline {}", files.collect::<Vec<_>>().join(", ")));
            }
            if !job.tags.is_empty() {
                notes.push(format!("tags {}", job.tags.join(", ")));
            }
            if job.retry.max > 0 {
                let times = if job.retry.max == 1 { "once" } else { "twice" };
                notes.push(format!("retried {times}"));
            }
            if let Some(seconds) = durations.get(&job.name) {
                notes.push(format!("took {} the last time", human_duration((seconds * 1000.0) as i64)));
            }
            let notes = if notes.is_empty() { String::new() } else { format!("  ({})", notes.join("; ")) };
            output::line(format!(
                "  {}{}",
                output::harmless(&job.name, false),
                paint.dim(&output::harmless(&notes, false))
            ));
        }
    }
    if !plan.excluded.is_empty() {
        output::line(paint.bold("not in the run"));
        for job in &plan.excluded {
            let text = format!("  {}: {}", job.name, job.reason);
            output::line(paint.dim(&output::harmless(&text, false)));
            for detail in &job.details {
                output::line(paint.dim(&output::harmless(&format!("    {detail}"), false)));
            }
        }
    }
}
