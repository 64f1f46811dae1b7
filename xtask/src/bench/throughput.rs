//! Short jobs per second: two at a time, one line of `true`, from the first trigger until the last end is durable.

use std::process::Stdio;
use std::thread;
use std::time::Instant;

use anyhow::Result;

use super::Bench;
use super::client::{Client, Run};
use super::server::Server;
use crate::process::{self, command};

const TRUE: &str = "one:\n  script: ['true']\n";

/// As many runs of one job, and as one run of many jobs; the shell alone for comparison.
pub fn measure(bench: &mut Bench) -> Result<()> {
    let runs = bench.amount(2000);
    let server = bench.fresh("throughput")?;
    server.client().create_pipeline("true", TRUE)?;
    // Processes that run for the first time are slower, whoever starts them.
    many_runs(&server, 50)?;
    let rate = many_runs(&server, runs)?;
    bench.report.add(format!("runs of one `true` job, {runs} of them"), rate, "jobs/s");

    let jobs = bench.amount(500);
    server.client().create_pipeline("wide", &wide(jobs))?;
    let started = Instant::now();
    let run = server.client().trigger("wide")?;
    server.client().wait_for_end(&run)?;
    let rate = jobs as f64 / started.elapsed().as_secs_f64();
    bench.report.add(format!("one run of {jobs} `true` jobs"), rate, "jobs/s");
    server.stop()?;

    let rate = shell_alone(runs)?;
    bench.report.add("`xargs -P2 sh -c true`, for comparison", rate, "jobs/s");
    Ok(())
}

/// Triggers from two connections and waits until nothing is left to do. Returns jobs per second.
pub fn many_runs(server: &Server, runs: u64) -> Result<f64> {
    let started = Instant::now();
    let last = thread::scope(|scope| {
        let lanes = [runs / 2, runs - runs / 2].map(|count| {
            scope.spawn(move || -> Result<Option<Run>> {
                let client = server.client();
                let mut last = None;
                for _ in 0..count {
                    last = Some(client.trigger("true")?);
                }
                Ok(last)
            })
        });
        let mut ids = Vec::new();
        for lane in lanes {
            let last = lane.join().map_err(|_| anyhow::anyhow!("a triggering thread panicked"))??;
            ids.extend(last);
        }
        anyhow::Ok(ids)
    })?;
    let client = server.client();
    for run in last {
        client.wait_for_end(&run)?;
    }
    client.wait_until_idle()?;
    Ok(runs as f64 / started.elapsed().as_secs_f64())
}

/// Triggers some pipelines in turn, and waits until nothing is left to do.
pub fn spread(client: &Client, pipelines: &[String], runs: u64) -> Result<()> {
    for pipeline in pipelines.iter().cycle().take(usize::try_from(runs)?) {
        client.trigger(pipeline)?;
    }
    client.wait_until_idle()
}

fn wide(jobs: u64) -> String {
    let mut definition = String::new();
    for number in 0..jobs {
        definition.push_str(&format!("job {number}:\n  script: ['true']\n"));
    }
    definition
}

fn shell_alone(times: u64) -> Result<f64> {
    let started = Instant::now();
    process::run(command("sh").arg("-c").arg(format!("seq {times} | xargs -P2 -n1 sh -c true")).stdin(Stdio::null()))?;
    Ok(times as f64 / started.elapsed().as_secs_f64())
}
