//! `cargo xtask bench`: the release build as a user would see it, over HTTP and from outside, and the language on its
//! own. Nothing here fails because something is slow: numbers are for reading, in `docs/BENCHMARKS.md`.

mod accounts;
mod client;
mod codearts;
mod gitlab;
mod language;
mod latency;
mod log;
mod memory;
mod page;
mod report;
mod scale;
mod server;
mod throughput;
mod traces;

use std::fs;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, ValueEnum};

use self::report::Report;
use self::server::Server;
use crate::process::say;
use crate::workspace::Workspace;
use crate::{build, setup};

/// What `cargo xtask bench` can be told.
#[derive(Debug, Args)]
pub struct Options {
    /// Only these sections (can be repeated)
    #[arg(long, value_enum)]
    only: Vec<Section>,
    /// A tenth of everything: to see that it works, not to quote
    #[arg(long)]
    quick: bool,
    /// Use target/release/weir as it is
    #[arg(long)]
    no_build: bool,
    /// Seconds of fuzzing in the section `language`, all targets together; 0 leaves it out
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    fuzz_seconds: u64,
}

/// A group of measurements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Short jobs per second
    Throughput,
    /// From a trigger to output and end
    Latency,
    /// One job that prints a gigabyte
    Log,
    /// Memory, processor and writes when nothing happens
    Idle,
    /// Lists, pages and start-up with 100 000 runs stored
    Scale,
    /// Knowing who asks, lists of a large team, and a flood of logins
    Accounts,
    /// GitLab's interface with 100 000 runs stored
    Gitlab,
    /// How many pipelines stand at once, and what a signature costs
    Codearts,
    /// What a browser loads
    Page,
    /// Large definitions, decisions in large runs, and fuzzing; needs no server
    Language,
}

/// Takes one section's numbers.
type Measure = fn(&mut Bench) -> Result<()>;

/// What the sections measure with.
#[derive(Debug)]
struct Bench {
    root: PathBuf,
    target: PathBuf,
    weir: PathBuf,
    site: PathBuf,
    folder: PathBuf,
    quick: bool,
    fuzz_seconds: u64,
    report: Report,
}

impl Bench {
    /// A server on an empty data folder.
    fn fresh(&self, name: &str) -> Result<Server> {
        let data = self.folder.join(name);
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        fs::create_dir_all(&self.folder)?;
        Server::start(&self.weir, &data)
    }

    /// A server that people log in to, on an empty data folder.
    fn fresh_team(&self, name: &str, options: &[&str]) -> Result<Server> {
        let data = self.folder.join(name);
        if data.exists() {
            fs::remove_dir_all(&data)?;
        }
        fs::create_dir_all(&self.folder)?;
        Server::start_team(&self.weir, &data, options)
    }

    /// A tenth when only trying.
    fn amount(&self, full: u64) -> u64 {
        if self.quick { full / 10 } else { full }
    }
}

/// Measures, prints a table and writes `target/bench.json`.
pub fn bench(workspace: &Workspace, options: &Options) -> Result<()> {
    let wants = |section| options.only.is_empty() || options.only.contains(&section);
    let needs_server = options.only.is_empty() || options.only.iter().any(|section| *section != Section::Language);
    if needs_server && !options.no_build {
        setup::tools(setup::BUILD)?;
        build::release(workspace)?;
    }
    let mut bench = Bench {
        root: workspace.root.clone(),
        target: workspace.target.clone(),
        weir: workspace.weir(true),
        site: workspace.site(),
        folder: workspace.target.join("bench"),
        quick: options.quick,
        fuzz_seconds: if options.quick { options.fuzz_seconds / 10 } else { options.fuzz_seconds },
        report: Report::new(workspace, options.quick),
    };
    let sections: [(Section, Measure); 10] = [
        (Section::Throughput, throughput::measure),
        (Section::Latency, latency::measure),
        (Section::Log, log::measure),
        (Section::Idle, memory::measure),
        (Section::Scale, scale::measure),
        (Section::Accounts, accounts::measure),
        (Section::Gitlab, gitlab::measure),
        (Section::Codearts, codearts::measure),
        (Section::Page, page::measure),
        (Section::Language, language::measure),
    ];
    for (section, measure) in sections {
        if wants(section) {
            say!("bench: {section:?}");
            if let Err(error) = measure(&mut bench) {
                say!("bench: {section:?} failed: {error:#}");
                bench.report.failed(&format!("{section:?}"), &format!("{error:#}"));
            }
        }
    }
    println!("{}", bench.report.markdown());
    let path = workspace.target.join("bench.json");
    fs::write(&path, bench.report.json())?;
    say!("bench: results are in {}", workspace.show(&path));
    if bench.folder.exists() {
        fs::remove_dir_all(&bench.folder)?;
    }
    Ok(())
}
