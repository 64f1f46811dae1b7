//! One job that prints a gigabyte: how fast it is taken in, what memory that costs, how soon a page shows it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::Bench;
use super::client::{Client, Run};

/// A line of a compiler's length, as fast as two processes can make it. `yes` is ended by a signal, which is no failure here.
fn definition(bytes: u64) -> String {
    let line = "[12:34:56] cc -O2 -Wall -Wextra -c src/module/component/file.c -o build/module/component/file.o";
    format!("print:\n  script: [\"yes '{line}' | head -c {bytes} || true\"]\n")
}

/// On a server that did nothing else, so that its peak of memory is this log's.
pub fn measure(bench: &mut Bench) -> Result<()> {
    let bytes = bench.amount(1_000_000_000);
    let server = bench.fresh("log")?;
    let client = server.client();
    client.create_pipeline("print", &definition(bytes))?;
    let started = Instant::now();
    let run = client.trigger("print")?;
    let status = client.wait_for_end(&run)?;
    let took = started.elapsed().as_secs_f64();
    ensure!(status == "completed", "the job ended as {status}");
    bench.report.add(format!("log of one job, {} MB", bytes / 1_000_000), bytes as f64 / 1e6 / took, "MB/s");
    bench.report.add("server's peak memory during it", mib(server.usage()?.peak), "MiB");
    bench.report.add("runner's peak memory during it", mib(server.runner_usage()?.peak), "MiB");

    let job = job_page(&client, &run)?;
    let mut pages = Vec::new();
    for _ in 0..20 {
        let started = Instant::now();
        client.text(&job)?;
        pages.push(started.elapsed());
    }
    bench.report.percentiles("first screen of that log as a page", pages);
    server.stop()
}

/// The address of the run's only job, as its page links it.
fn job_page(client: &Client, run: &Run) -> Result<String> {
    let page = client.text(&format!("/runs/{}", run.number))?;
    let link = page.split("/jobs/").nth(1).context("the run's page links no job")?;
    let id: String = link.chars().take_while(char::is_ascii_alphanumeric).collect();
    Ok(format!("/jobs/{id}"))
}

pub(super) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// How long a condition on numbers is observed.
pub(super) const OBSERVED: Duration = Duration::from_secs(10);
