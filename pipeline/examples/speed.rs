//! How long large definitions take: `cargo run --release -p pipeline --example speed`.

use std::time::Instant;

use model::plan::Variable;
use pipeline::{Context, bench};

fn main() {
    let mut context = Context::default();
    context.predefined = vec![Variable::new("CI_COMMIT_BRANCH", "main"), Variable::new("CI_PIPELINE_SOURCE", "push")];
    for (name, text) in [
        ("1 000 jobs", bench::many_jobs(1_000)),
        ("2 MB of script", bench::large_file()),
        ("2 MB of jobs", bench::small_jobs()),
    ] {
        let mut times = Vec::new();
        let mut jobs = 0;
        for _ in 0..20 {
            let start = Instant::now();
            let outcome = pipeline::plan(&text, &context);
            times.push(start.elapsed());
            jobs = outcome.plan.map_or(0, |plan| plan.jobs.len());
        }
        times.sort();
        println!("{name}: {} bytes, {jobs} jobs, median {:?}, worst {:?}", text.len(), times[10], times[19]);
    }
}
