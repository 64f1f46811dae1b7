//! Measurements, as a Markdown table and as JSON.

use std::fs;
use std::thread::available_parallelism;
use std::time::Duration;

use serde_json::{Value, json};

use crate::process::{command, output};
use crate::workspace::Workspace;

/// One number.
#[derive(Debug)]
struct Row {
    what: String,
    value: f64,
    unit: &'static str,
}

/// All numbers of one session, and where they were taken.
#[derive(Debug)]
pub struct Report {
    machine: Value,
    rows: Vec<Row>,
    failures: Vec<String>,
}

impl Report {
    /// An empty report that knows the machine.
    pub fn new(workspace: &Workspace, quick: bool) -> Self {
        let said = |program: &str, arguments: &[&str]| {
            output(command(program).args(arguments).current_dir(&workspace.root)).unwrap_or_default()
        };
        Self {
            machine: json!({
                "processor": value_of("/proc/cpuinfo", "model name"),
                "cores": available_parallelism().map_or(0, usize::from),
                "memory": value_of("/proc/meminfo", "MemTotal"),
                "kernel": said("uname", &["-sr"]),
                "rustc": said("rustc", &["--version"]),
                "commit": said("git", &["describe", "--always", "--dirty"]),
                "date": said("date", &["-u", "+%Y-%m-%d"]),
                "quick": quick,
            }),
            rows: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// Adds a number.
    pub fn add(&mut self, what: impl Into<String>, value: f64, unit: &'static str) {
        let what = what.into();
        crate::process::say!("bench: {what}: {} {unit}", rounded(value));
        self.rows.push(Row { what, value, unit });
    }

    /// Adds p50, p95 and p99 in milliseconds.
    pub fn percentiles(&mut self, what: &str, mut samples: Vec<Duration>) {
        samples.sort_unstable();
        for percent in [50, 95, 99] {
            let value = percentile(&samples, percent).as_secs_f64() * 1000.0;
            self.add(format!("{what}, p{percent}"), value, "ms");
        }
    }

    /// Notes a section that could not be measured.
    pub fn failed(&mut self, section: &str, error: &str) {
        self.failures.push(format!("{section}: {error}"));
    }

    /// For people.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for (key, value) in self.machine.as_object().into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            text.push_str(&format!("- {key}: {value}\n"));
        }
        text.push_str("\n| what | value | unit |\n|---|---:|---|\n");
        for row in &self.rows {
            text.push_str(&format!("| {} | {} | {} |\n", row.what, rounded(row.value), row.unit));
        }
        for failure in &self.failures {
            text.push_str(&format!("\nNot measured: {failure}\n"));
        }
        text
    }

    /// For programs.
    pub fn json(&self) -> String {
        let rows: Vec<Value> =
            self.rows.iter().map(|row| json!({"what": row.what, "value": row.value, "unit": row.unit})).collect();
        let whole = json!({"machine": self.machine, "results": rows, "failures": self.failures});
        format!("{whole:#}\n")
    }
}

/// The value that so many percent of the sorted samples do not exceed.
pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

/// Three digits that say something.
fn rounded(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// `key : value` in one of the kernel's files.
fn value_of(path: &str, key: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.trim() == key)
        .map(|(_, value)| value.trim().to_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let samples: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&samples, 50), Duration::from_millis(100));
        assert_eq!(percentile(&samples, 99), Duration::from_millis(198));
        assert_eq!(percentile(&samples[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }
}
