//! How long large definitions and large runs take: `cargo run --release -p pipeline --example speed`, with
//! `-- --json` as one document for `cargo xtask bench`.

mod schedule;

use std::time::{Duration, Instant};

use model::plan::Variable;
use pipeline::{Context, bench};
use serde_json::json;

/// How often each thing is done, where nothing else decides it.
const RUNS: usize = 20;

/// Times of one thing.
struct Measured {
    what: String,
    /// What the median should stay under, in milliseconds.
    target: Option<u32>,
    times: Vec<Duration>,
}

impl Measured {
    fn new(what: impl Into<String>, target: Option<u32>, mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self { what: what.into(), target, times }
    }

    /// Does it so often.
    fn repeat(what: impl Into<String>, target: Option<u32>, mut run: impl FnMut() -> Duration) -> Self {
        Self::new(what, target, (0..RUNS).map(|_| run()).collect())
    }

    fn median(&self) -> f64 {
        milliseconds(self.times.get(self.times.len() / 2))
    }

    fn worst(&self) -> f64 {
        milliseconds(self.times.last())
    }
}

fn milliseconds(time: Option<&Duration>) -> f64 {
    time.map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

fn main() {
    let mut all = definitions();
    all.extend(schedule::measure());
    if std::env::args().any(|argument| argument == "--json") {
        let rows: Vec<_> = all
            .iter()
            .map(|one| {
                json!({
                    "what": one.what,
                    "target_ms": one.target,
                    "p50_ms": one.median(),
                    "worst_ms": one.worst(),
                    "runs": one.times.len(),
                })
            })
            .collect();
        println!("{}", json!({ "results": rows }));
        return;
    }
    for one in all {
        let target = one.target.map(|target| format!(" (target {target} ms)")).unwrap_or_default();
        let runs = one.times.len();
        println!("{}{target}: median {:.3} ms, worst {:.3} ms of {runs}", one.what, one.median(), one.worst());
    }
}

/// Texts to plans, or to findings.
fn definitions() -> Vec<Measured> {
    let mut context = Context::default();
    context.predefined = vec![Variable::new("CI_COMMIT_BRANCH", "main"), Variable::new("CI_PIPELINE_SOURCE", "push")];
    let texts = [
        ("1 000 jobs with extends, rules and matrix", 50, bench::many_jobs(1_000)),
        ("2 MB of scripts", 300, bench::large_file()),
        ("2 MB of small jobs", 300, bench::small_jobs()),
        ("2 MB of jobs with mistakes", 300, bench::small_jobs().replace("script:", "scirpt:")),
        ("2 MB of variables that lead to each other", 300, bench::variables()),
        ("2 MB of needs", 300, bench::needs(false)),
        ("2 MB of needs that are not there", 300, bench::needs(true)),
        ("2 MB of jobs that extend", 300, bench::extends()),
        ("2 MB of conditions", 300, bench::conditions()),
    ];
    texts
        .into_iter()
        .map(|(name, target, text)| {
            let outcome = pipeline::plan(&text, &context);
            let became = match outcome.plan {
                Some(plan) => format!("{} jobs planned", plan.jobs.len()),
                None => format!("refused with {} findings", outcome.diagnostics.len()),
            };
            Measured::repeat(format!("{name}: {became}"), Some(target), || {
                let start = Instant::now();
                let outcome = pipeline::plan(&text, &context);
                let time = start.elapsed();
                drop(outcome);
                time
            })
        })
        .collect()
}
