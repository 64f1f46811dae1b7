//! What Weir costs when nothing happens: on an empty server, with 10 000 runs stored, and with 1 000 schedules beside
//! them.

use std::thread;

use anyhow::Result;

use super::log::{OBSERVED, mib};
use super::server::Server;
use super::{Bench, throughput};

/// Idle, filled, idle again, and once more after a restart.
pub fn measure(bench: &mut Bench) -> Result<()> {
    let server = bench.fresh("idle")?;
    server.client().create_pipeline("true", "one:\n  script: ['true']\n")?;
    throughput::many_runs(&server, 10)?;
    observe(bench, &server, "idle")?;
    let runs = bench.amount(10_000);
    throughput::many_runs(&server, runs)?;
    observe(bench, &server, &format!("idle after {runs} runs"))?;
    let schedules = bench.amount(1000);
    server.client().create_schedules(schedules)?;
    observe(bench, &server, &format!("idle with {runs} runs and {schedules} schedules"))?;
    let data = bench.folder.join("idle");
    server.stop()?;
    let server = Server::start(&bench.weir, &data)?;
    observe(bench, &server, &format!("idle, restarted with {runs} runs and {schedules} schedules"))?;
    server.stop()
}

fn observe(bench: &mut Bench, server: &Server, state: &str) -> Result<()> {
    let both = || anyhow::Ok([server.usage()?, server.runner_usage()?]);
    // Work that a finished run leaves behind (log compression, say) is not idleness; it has this long to end.
    thread::sleep(OBSERVED / 2);
    let before = both()?;
    thread::sleep(OBSERVED);
    let after = both()?;
    bench.report.add(format!("server's memory, {state}"), mib(after[0].resident), "MiB");
    bench.report.add(format!("runner's memory, {state}"), mib(after[1].resident), "MiB");
    let total = |value: fn(&super::server::Usage) -> u64| {
        after.iter().map(value).sum::<u64>() - before.iter().map(value).sum::<u64>()
    };
    // A tick is 10 ms.
    let busy = total(|usage| usage.ticks) as f64 / OBSERVED.as_secs_f64();
    bench.report.add(format!("processor time of both, {state}"), busy, "% of a core");
    let written = total(|usage| usage.written) as f64;
    bench.report.add(format!("written to disk by both in {} s, {state}", OBSERVED.as_secs()), written, "bytes");
    Ok(())
}
