//! GitLab's interface: one job, the jobs of a large run, a list out of 100 000 runs, and starting a run.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;

use super::server::Server;
use super::{Bench, throughput};

/// Clients that ask at the same time, each over a connection of its own.
const CLIENTS: usize = 32;
/// Jobs of the large run.
const JOBS: usize = 200;
/// Jobs of the runs that are started.
const STARTED: usize = 20;

/// Fills a server by really running everything, and asks.
pub fn measure(bench: &mut Bench) -> Result<()> {
    let runs = bench.amount(100_000);
    let server = bench.fresh("gitlab")?;
    let client = server.client();
    client.create_pipeline("true", "one:\n  script: ['true']\n")?;
    let portion = runs.div_ceil(20);
    for _ in 0..20 {
        throughput::many_runs(&server, portion)?;
    }
    let large = manual_jobs(&server, "large", JOBS)?;
    let started = client.post("/api/v4/projects/bench%2Flarge/pipeline", &json!({"ref": "main"}))?;
    let run = started["id"].as_i64().context("the run has no number")?;
    let jobs = format!("/api/v4/projects/{large}/pipelines/{run}/jobs?per_page=100");
    let newest = client.wait(&jobs, |_| true)?;
    let job = newest[0]["id"].as_i64().context("the run has no jobs")?;
    let requests = usize::try_from(bench.amount(20_000))?;
    for (what, path) in [
        ("GET job", format!("/api/v4/projects/{large}/jobs/{job}")),
        ("GET pipeline jobs, 100 of 200", jobs),
        ("list pipelines", "/api/v4/projects/local%2Fdefault/pipelines?per_page=20".to_owned()),
        (
            "list pipelines of a ref and status",
            "/api/v4/projects/local%2Fdefault/pipelines?ref=main&status=success".to_owned(),
        ),
    ] {
        let (samples, rate) = together(&server, &path, requests)?;
        let name = format!("{what}, {runs} runs stored, {CLIENTS} connections");
        bench.report.percentiles(&name, samples);
        bench.report.add(name, rate, "requests/s");
    }
    let small = manual_jobs(&server, "small", STARTED)?;
    let mut samples = Vec::new();
    for _ in 0..bench.amount(500) {
        let begun = Instant::now();
        client.post(&format!("/api/v4/projects/{small}/pipeline"), &json!({"ref": "main"}))?;
        samples.push(begun.elapsed());
    }
    bench.report.percentiles(&format!("POST pipeline to 201, {STARTED} jobs"), samples);
    server.stop()
}

/// A project whose pipeline has so many jobs, none of which runs by itself; its number.
fn manual_jobs(server: &Server, name: &str, count: usize) -> Result<i64> {
    let client = server.client();
    let path = format!("bench/{name}");
    let made = client.post("/api/v4/weir/projects", &json!({"path": path}))?;
    let jobs: Vec<String> = (0..count).map(|n| format!("job {n}: {{when: manual, script: ['true']}}\n")).collect();
    let definition = jobs.concat();
    client.post("/api/pipelines", &json!({"id": name, "projectId": path, "definition": definition}))?;
    made["id"].as_i64().context("the project has no number")
}

/// Asks so many times, all clients at once: how long each took, and how many there were in a second.
fn together(server: &Server, path: &str, requests: usize) -> Result<(Vec<Duration>, f64)> {
    let asked = AtomicUsize::new(0);
    let begun = Instant::now();
    let samples = thread::scope(|scope| -> Result<Vec<Duration>> {
        let ask = || -> Result<Vec<Duration>> {
            let client = server.client();
            let mut samples = Vec::new();
            while asked.fetch_add(1, Ordering::Relaxed) < requests {
                let begun = Instant::now();
                client.text(path)?;
                samples.push(begun.elapsed());
            }
            Ok(samples)
        };
        let all: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(ask)).collect();
        let mut samples = Vec::new();
        for one in all {
            samples.extend(one.join().map_err(|_| anyhow::anyhow!("a client panicked"))??);
        }
        Ok(samples)
    })?;
    let rate = samples.len() as f64 / begun.elapsed().as_secs_f64();
    Ok((samples, rate))
}
