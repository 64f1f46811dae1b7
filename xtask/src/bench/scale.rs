//! With 100 000 runs stored: start-up, and the pages that people look at.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::log::mib;
use super::server::Server;
use super::{Bench, throughput};

/// Fills a server by really running everything, restarts it, and asks.
pub fn measure(bench: &mut Bench) -> Result<()> {
    let runs = bench.amount(100_000);
    let server = bench.fresh("scale")?;
    let client = server.client();
    client.create_pipeline("true", "one:\n  script: ['true']\n")?;
    // In portions, or all of them would be queued at once, which is another measurement.
    let portion = runs.div_ceil(20);
    let started = Instant::now();
    for _ in 0..20 {
        throughput::many_runs(&server, portion)?;
    }
    let rate = runs as f64 / started.elapsed().as_secs_f64();
    bench.report.add(format!("the same over {runs} runs"), rate, "jobs/s");
    server.stop()?;

    let data = bench.folder.join("scale");
    let mut starts = Vec::new();
    for _ in 0..10 {
        let server = Server::start(&bench.weir, &data)?;
        starts.push(server.started_in);
        server.stop()?;
    }
    let stored = format!("{runs} runs stored");
    bench.report.percentiles(&format!("start to first answer, {stored}"), starts);

    let server = Server::start(&bench.weir, &data)?;
    let client = server.client();
    let newest = client.wait("/api/jobs?limit=200", |_| true)?;
    let ids: Vec<i64> =
        newest.as_array().context("the list is no array")?.iter().filter_map(|run| run["runId"].as_i64()).collect();
    let run_pages: Vec<String> = ids.iter().map(|id| format!("/runs/{id}")).collect();
    let lists = [
        ("run list page", vec!["/runs".to_owned()]),
        ("run page", run_pages),
        ("list of the last 50 runs over REST", vec!["/api/jobs?limit=50".to_owned()]),
    ];
    for (what, paths) in lists {
        let mut samples: Vec<Duration> = Vec::new();
        for path in paths.iter().cycle().take(220) {
            let started = Instant::now();
            client.text(path)?;
            samples.push(started.elapsed());
        }
        // The first ones fill caches.
        samples.drain(..20);
        bench.report.percentiles(&format!("{what}, {stored}"), samples);
    }
    bench.report.add(format!("server's memory after that, {stored}"), mib(server.usage()?.resident), "MiB");
    server.stop()
}
