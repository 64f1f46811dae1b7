//! `weir run`: over Ordine's routes, so that it works with an original Ordine server too; against
//! Weir it follows the streams.

use serde_json::{Map, Value, json};

use super::args::RunArgs;
use super::client::{Client, segment};
use super::failure::{Exit, Failure, Outcome};
use super::{follow, output};

/// Runs the command.
pub async fn main(client: &Client, args: RunArgs, json: bool) -> Outcome {
    let doing = format!("run {}", args.pipeline);
    let mut body = Map::new();
    if let Some(path) = &args.input {
        // The server may run elsewhere: a relative path is meant from here.
        let path = std::path::absolute(path)
            .map_err(|error| Failure::usage(&doing, format!("{}: {error}", path.display())))?;
        body.insert("inputPath".into(), path.to_string_lossy().into());
    }
    if let Some(git_ref) = args.git_ref {
        body.insert("ref".into(), git_ref.into());
    }
    if !args.variables.is_empty() {
        let pairs = args.variables.into_iter().map(|pair| (pair.key, Value::from(pair.value)));
        body.insert("variables".into(), Value::Object(pairs.collect()));
    }
    if !args.inputs.is_empty() {
        let pairs = args.inputs.into_iter().map(|pair| (pair.key, Value::from(pair.value)));
        body.insert("inputs".into(), Value::Object(pairs.collect()));
    }
    if !json {
        output::line(format!("Triggering pipeline {}...", output::harmless(&args.pipeline, false)));
    }
    let path = format!("/api/pipelines/{}/run", segment(&args.pipeline));
    let made: Value = client.post(&path, &body, &doing).await?;
    let Some(job) = made["jobId"].as_str().map(str::to_owned) else {
        return Err(Failure::text(Exit::Internal, doing, "the server's answer has no jobId"));
    };
    let run = made["runId"].as_i64();
    if !json {
        output::line(format!("Job created: {}", output::harmless(&job, false)));
    }
    if args.no_follow {
        if json {
            match run {
                Some(run) => output::json(&client.get::<Value>(&format!("/api/v4/weir/runs/{run}"), &doing).await?),
                None => output::json(&json!({"jobId": job})),
            }
        }
        return Ok(());
    }
    match run {
        Some(run) => match follow::run(client, run, json).await {
            // A server, or a proxy before it, without streams.
            Err(failure) if failure.exit == Exit::Refused => follow::poll(client, &job, json).await,
            other => other,
        },
        None => follow::poll(client, &job, json).await,
    }
}
