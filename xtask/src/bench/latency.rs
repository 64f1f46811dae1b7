//! From a trigger to the first byte of output and to the end, one run after the other on an idle server.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Bench, traces};

/// The shell itself says when it ran: its clock is read without starting a process.
const STAMP: &str = "stamp:\n  script: ['echo \"at=$EPOCHREALTIME\"']\n";

/// Three series, so that waiting for one thing does not delay another.
pub fn measure(bench: &mut Bench) -> Result<()> {
    let rounds = bench.amount(300);
    let server = bench.fresh("latency")?;
    let client = server.client();
    client.create_pipeline("stamp", STAMP)?;
    for _ in 0..20 {
        client.wait_for_end(&client.trigger("stamp")?)?;
    }

    let mut accepted = Vec::new();
    let mut printed = Vec::new();
    let mut ended = Vec::new();
    for _ in 0..rounds {
        let clock = wall_clock();
        let start = Instant::now();
        let run = client.trigger("stamp")?;
        accepted.push(start.elapsed());
        client.wait_for_end(&run)?;
        ended.push(start.elapsed());
        let traces = client.wait(&format!("/api/jobs/{}/traces", run.id), |_| true)?;
        let at = stamp(&traces).context("the log has no time stamp")?;
        let since = clock.duration_since(UNIX_EPOCH)?.as_secs_f64();
        printed.push(std::time::Duration::from_secs_f64((at - since).max(0.0)));
    }
    bench.report.percentiles("trigger to its answer", accepted);
    bench.report.percentiles("trigger to the script's first line, by its own clock", printed);
    bench.report.percentiles("trigger to the end, seen by a waiting client", ended);

    let mut seen = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        let run = client.trigger("stamp")?;
        client.wait(&format!("/api/jobs/{}/traces", run.id), |traces| stamp(traces).is_some())?;
        seen.push(start.elapsed());
        client.wait_for_end(&run)?;
    }
    bench.report.percentiles("trigger to the first line, seen by a waiting client", seen);

    // Each of these runs has one job, so the next trace's file is known before it exists.
    let data = bench.folder.join("latency");
    let mut on_disk = Vec::new();
    for _ in 0..rounds {
        let next = traces::next(&data)?;
        let start = Instant::now();
        let run = client.trigger("stamp")?;
        traces::wait_for("at=1", &next)?;
        on_disk.push(start.elapsed());
        client.wait_for_end(&run)?;
    }
    bench.report.percentiles("trigger to the first line on disk", on_disk);
    server.stop()
}

#[expect(clippy::disallowed_methods, reason = "compared with what a shell reads from the same clock")]
fn wall_clock() -> SystemTime {
    SystemTime::now()
}

/// The seconds since 1970 that the script printed.
fn stamp(traces: &Value) -> Option<f64> {
    traces
        .as_array()?
        .iter()
        .filter_map(|line| line["message"].as_str())
        .find_map(|message| message.trim().strip_prefix("at=")?.parse().ok())
}
