//! Set-up, build, test, benchmarks: everything that is not the product. `cargo xtask --help` lists the tasks.

mod audit;
mod bench;
mod build;
mod process;
mod screenshots;
mod serve;
mod setup;
mod site;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Builds, serves, tests and measures Weir. Whatever a task has to install it names first.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Builds everything and serves http://127.0.0.1:9433 with a demo project
    Serve(serve::Options),
    /// Runs every test: lints, Rust, real clients, a real browser
    Test(test::Options),
    /// Builds the site and the executable with the site embedded
    Build(build::Options),
    /// Builds only the site (WASM, style sheet, public files) into target/site
    Site,
    /// Measures a release build over HTTP, as a user would see it
    Bench(bench::Options),
    /// Takes pictures of every page: light, dark, and 390 pixels wide
    Screenshots(screenshots::Options),
    /// Checks licences, duplicate and unused dependencies; installs the checkers, which takes minutes
    Audit,
    /// Checks the house rules that no compiler knows
    Tidy,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match perform(arguments.task) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: failed: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all was well; an error is for what could not even be tried.
fn perform(task: Task) -> Result<bool> {
    let workspace = Workspace::find()?;
    match task {
        Task::Serve(options) => serve::serve(&workspace, &options).map(|()| true),
        Task::Test(options) => test::test(&workspace, &options),
        Task::Build(options) => build::build(&workspace, &options).map(|()| true),
        Task::Site => site::build(&workspace).map(|()| true),
        Task::Bench(options) => bench::bench(&workspace, &options).map(|()| true),
        Task::Screenshots(options) => screenshots::take(&workspace, &options).map(|()| true),
        Task::Audit => audit::audit(&workspace),
        Task::Tidy => test::tidy::check(&workspace),
    }
}
