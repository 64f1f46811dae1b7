//! `cargo xtask test`: every suite, a summary, and one line of counts at the very end.

mod counts;
mod leftovers;
mod suite;
pub mod tidy;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};

use self::suite::{Outcome, Suite};
use crate::process::{cargo, command, find, say};
use crate::workspace::Workspace;
use crate::{build, setup, site};

/// What `cargo xtask test` can be told.
#[derive(Debug, Args)]
pub struct Options {
    /// Only these parts (can be repeated)
    #[arg(long, value_enum)]
    only: Vec<Part>,
}

/// A part of the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Format, clippy, house rules
    Lint,
    /// Unit and integration tests
    Rust,
    /// Scripts that drive the server with curl and the command line
    Clients,
    /// Pages in Chromium, with and without JavaScript
    E2e,
}

/// Runs the wanted suites. Whatever fails, the others still run, unless there is no server to run them with.
pub fn test(workspace: &Workspace, options: &Options) -> Result<bool> {
    let wants = |part| options.only.is_empty() || options.only.contains(&part);
    let needs_server = wants(Part::Rust) || wants(Part::Clients) || wants(Part::E2e);
    setup::tools(setup::BUILD)?;
    setup::tools(setup::RUN)?;
    if wants(Part::Lint) {
        setup::components()?;
    }
    let programs = if wants(Part::Clients) { Some(client_programs(workspace)?) } else { None };
    let node = if wants(Part::E2e) {
        setup::tools(setup::BROWSER)?;
        Some(setup::node_packages(&workspace.root, &workspace.target)?)
    } else {
        None
    };
    if needs_server {
        site::setup()?;
    }
    site::ensure_folder(workspace)?;

    let runner = suite::Runner::new(workspace)?;
    let mut outcomes = Vec::new();
    // The site is compiled in a target folder of its own, so it can be built while clippy works.
    thread::scope(|scope| {
        let site = needs_server.then(|| scope.spawn(|| runner.run(site_suite(workspace))));
        if wants(Part::Lint) {
            for suite in lints(workspace) {
                outcomes.push(runner.run(suite));
            }
        }
        outcomes.extend(site.and_then(|lane| lane.join().ok()));
    });
    if needs_server {
        let built = runner.run(Suite::new("build", vec![build::development(workspace)]));
        let usable = built.failed == 0;
        outcomes.push(built);
        if usable {
            if wants(Part::Rust) {
                outcomes.push(runner.run(rust(workspace)));
            }
            outcomes.extend(side_by_side(
                &runner,
                programs.map(|programs| clients(workspace, &programs)).transpose()?,
                node.map(|node| browser(workspace, &node)).transpose()?,
            ));
        } else {
            say!("the tests that need the server were not run");
        }
    }
    Ok(summarise(workspace, &outcomes))
}

/// Two suites that mostly wait for something.
fn side_by_side(runner: &suite::Runner, one: Option<Suite>, two: Option<Suite>) -> Vec<Outcome> {
    thread::scope(|scope| {
        let lanes = [one, two].map(|suite| suite.map(|suite| scope.spawn(|| runner.run(suite))));
        lanes.into_iter().flatten().filter_map(|lane| lane.join().ok()).collect()
    })
}

fn lints(workspace: &Workspace) -> Vec<Suite> {
    let clippy = |selection: &[&str]| {
        let mut cargo = in_root(cargo(), workspace);
        cargo.arg("clippy").args(selection).args(["--", "-D", "warnings"]);
        cargo
    };
    let mut format = in_root(cargo(), workspace);
    format.args(["fmt", "--all", "--check"]);
    let everything = &["--workspace", "--exclude", "frontend", "--all-targets"];
    vec![
        Suite::new("format", vec![format]),
        Suite::new("tidy", vec![myself("tidy")]),
        // The second shows the browser's side of `app` to clippy.
        Suite::new("clippy", vec![clippy(everything), clippy(&["--package", "frontend"])]),
    ]
}

fn site_suite(_: &Workspace) -> Suite {
    Suite::new("site", vec![myself("site")])
}

fn rust(workspace: &Workspace) -> Suite {
    let nextest = find("cargo-nextest").is_some();
    let tests = |selection: &[&str]| {
        let mut cargo = in_root(cargo(), workspace);
        if nextest {
            cargo.args(["nextest", "run", "--no-fail-fast", "--no-tests=pass"]);
        } else {
            cargo.args(["test", "--no-fail-fast"]);
        }
        // A snapshot that differs is a failure here, never a new file.
        cargo.args(selection).env("INSTA_UPDATE", "no");
        cargo
    };
    let selections: [&[&str]; 2] = [build::SELECTION, &["--package", "xtask"]];
    Suite::new("rust", selections.map(tests).into())
        .counted_by(if nextest { counts::nextest } else { counts::cargo_test })
        .limit(Duration::from_mins(25))
}

/// What the scripts of the clients start, each in the variable by which they find it.
type Programs = Vec<(&'static str, PathBuf)>;

fn client_programs(workspace: &Workspace) -> Result<Programs> {
    let (root, target) = (&workspace.root, &workspace.target);
    let mut programs = vec![("NODE", setup::node_packages(root, target)?)];
    for environment in setup::PYTHON {
        programs.push((environment.variable, setup::python_packages(root, target, environment)?));
    }
    Ok(programs)
}

fn clients(workspace: &Workspace, programs: &Programs) -> Result<Suite> {
    let folder = workspace.root.join("end2end/contract");
    let scripts = files(&folder, ".sh")?;
    let commands = scripts.iter().map(|script| {
        let mut bash = command("bash");
        bash.arg(script)
            .current_dir(&folder)
            .env("WEIR_BIN", workspace.weir(false))
            .envs(programs.iter().map(|(variable, program)| (variable, program)));
        bash
    });
    Ok(Suite::new("clients", commands.collect()).counted_by(counts::tap).limit(Duration::from_mins(15)))
}

fn browser(workspace: &Workspace, node: &Path) -> Result<Suite> {
    let folder = workspace.root.join("end2end");
    let mut node = command(node);
    node.args(["--test", "--test-reporter=spec"])
        .args(files(&folder.join("specs"), ".spec.mjs")?)
        .current_dir(&folder)
        .env("WEIR_BIN", workspace.weir(false));
    Ok(Suite::new("e2e", vec![node]).counted_by(counts::node).limit(Duration::from_mins(15)))
}

/// The files of a folder that end so, in order.
fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("failed to read {}", folder.display()))? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Prints the table and the closing line; true if nothing failed.
fn summarise(workspace: &Workspace, outcomes: &[Outcome]) -> bool {
    let passed: u64 = outcomes.iter().map(|outcome| outcome.passed).sum();
    let failed: u64 = outcomes.iter().map(|outcome| outcome.failed).sum();
    println!("\n{:<10} {:>7} {:>7} {:>8}", "suite", "passed", "failed", "seconds");
    for outcome in outcomes {
        let hint = if outcome.failed > 0 { format!("   see {}", workspace.show(&outcome.log)) } else { String::new() };
        println!(
            "{:<10} {:>7} {:>7} {:>8.0}{hint}",
            outcome.name,
            outcome.passed,
            outcome.failed,
            outcome.took.as_secs_f64()
        );
    }
    println!("\n{passed} passed, {failed} failed");
    failed == 0
}

fn in_root(mut command: Command, workspace: &Workspace) -> Command {
    command.current_dir(&workspace.root);
    command
}

/// Another task of this program, so that its output is kept like every suite's.
fn myself(task: &str) -> Command {
    let mut command = command(env::current_exe().unwrap_or_else(|_| "xtask".into()));
    command.arg(task);
    command
}
