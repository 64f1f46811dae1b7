//! The language and the scheduler's decisions, without a server: how long definitions take, what a large run does
//! next, and a bounded search for texts that break something.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::Bench;
use super::report::Report;
use crate::process::{cargo, command, output, say, show, succeeds};

/// The fuzz targets of `pipeline/fuzz`.
const TARGETS: [&str; 3] = ["definition", "expression", "glob"];
/// How long one input may take, in seconds, before it counts as a find.
const INPUT_TIMEOUT: u32 = 10;

/// Runs the example `speed`, which measures, and the fuzz targets for a while.
pub fn measure(bench: &mut Bench) -> Result<()> {
    let mut example = cargo();
    example.args(["run", "--release", "--quiet", "-p", "pipeline", "--example", "speed", "--", "--json"]);
    let document: Value = serde_json::from_str(&output(example.current_dir(&bench.root))?)
        .context("the example `speed` printed no JSON")?;
    add_speed(&mut bench.report, &document)?;
    if bench.fuzz_seconds > 0 {
        fuzz(bench)?;
    }
    Ok(())
}

/// The rows of the example's document.
fn add_speed(report: &mut Report, document: &Value) -> Result<()> {
    for row in document["results"].as_array().context("the example `speed` printed no results")? {
        let what = row["what"].as_str().context("a result has no name")?;
        let target = row["target_ms"].as_u64().map(|target| format!(" (target {target} ms)")).unwrap_or_default();
        let time = |key: &str| row[key].as_f64().with_context(|| format!("{what} has no `{key}`"));
        report.add(format!("{what}, p50{target}"), time("p50_ms")?, "ms");
        report.add(format!("{what}, worst of {}", row["runs"]), time("worst_ms")?, "ms");
    }
    Ok(())
}

/// Each target for its share of the time; building them is not counted.
fn fuzz(bench: &mut Bench) -> Result<()> {
    if !succeeds(nightly(&bench.root).args(["fuzz", "--version"])) {
        bench.report.failed("Fuzzing", "it needs a nightly toolchain and `cargo install cargo-fuzz`");
        return Ok(());
    }
    let seconds = (bench.fuzz_seconds / TARGETS.len() as u64).max(1);
    for target in TARGETS {
        say!("bench: fuzzing `{target}` for {seconds} s");
        let folder = bench.root.join("pipeline/fuzz");
        let corpus = folder.join("corpus").join(target);
        fs::create_dir_all(&corpus)?;
        let mut run = nightly(&folder);
        run.args(["fuzz", "run", target, "--target-dir"]).arg(bench.target.join("fuzz")).arg(&corpus);
        run.args(seeds(&bench.root, target)).arg("--");
        run.arg(format!("-max_total_time={seconds}")).arg(format!("-timeout={INPUT_TIMEOUT}"));
        run.arg(format!("-dict={}", folder.join("dictionaries").join(format!("{target}.dict")).display()));
        // Its own name for a find, or cargo-fuzz and libFuzzer would choose.
        let finds = folder.join("artifacts").join(target);
        fs::create_dir_all(&finds)?;
        run.arg(format!("-artifact_prefix={}/", finds.display())).args(["-max_len=8192", "-print_final_stats=1"]);
        let shown = show(&run);
        let ended = run.output().with_context(|| format!("failed to start {shown}"))?;
        let said = String::from_utf8_lossy(&ended.stderr);
        let inputs = executed(&said);
        let Some(inputs) = inputs else { bail!("{shown} ended with {}: {}", ended.status, last_lines(&said)) };
        bench.report.add(format!("fuzzing `{target}`, inputs in {seconds} s"), inputs as f64, "inputs");
        let found = !ended.status.success();
        bench.report.add(format!("fuzzing `{target}`, finds"), f64::from(u8::from(found)), "");
        if found {
            bench
                .report
                .failed("Fuzzing", &format!("`{target}` found something: see pipeline/fuzz/artifacts/{target}"));
        }
    }
    Ok(())
}

/// Cargo of the nightly toolchain, which only rustup's proxy gives.
fn nightly(folder: &Path) -> Command {
    let mut cargo = command("cargo");
    cargo.arg("+nightly").current_dir(folder);
    cargo
}

/// Where inputs are to begin with: those of the tests, and the shared cases where they are.
fn seeds(root: &Path, target: &str) -> Vec<PathBuf> {
    let mut folders = vec![root.join("pipeline/tests/fuzz").join(target)];
    if target == "definition" {
        folders.extend(["ci-yaml", "ci-schema"].map(|cases| root.join("../shared/cases").join(cases)));
    }
    folders.retain(|folder| folder.is_dir());
    folders
}

/// How many inputs libFuzzer says it has tried.
fn executed(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))?.trim().parse().ok()
}

fn last_lines(said: &str) -> String {
    let lines: Vec<&str> = said.trim_end().lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_libfuzzer_says() {
        let said = "#2 INITED\nDone 9 runs\nstat::number_of_executed_units: 143841\nstat::peak_rss_mb: 501\n";
        assert_eq!(executed(said), Some(143_841));
        assert_eq!(executed("error: no such target"), None);
        assert_eq!(last_lines("1\n2\n3\n4\n5\n6\n"), "2\n3\n4\n5\n6");
    }
}
