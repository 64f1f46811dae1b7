//! Running one suite: its output on the terminal, each line with the suite's name, and whole in a file.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::counts::{Counter, Counts};
use super::leftovers::{self, MARK};
use crate::process::{say, show};
use crate::workspace::Workspace;

/// Commands that belong together, run one after the other.
#[derive(Debug)]
pub struct Suite {
    name: &'static str,
    commands: Vec<Command>,
    counter: Option<Counter>,
    limit: Duration,
}

impl Suite {
    /// A suite whose every command counts as one test.
    pub fn new(name: &'static str, commands: Vec<Command>) -> Self {
        Self { name, commands, counter: None, limit: Duration::from_mins(40) }
    }

    /// Reads the number of tests from the output instead.
    pub fn counted_by(mut self, counter: Counter) -> Self {
        self.counter = Some(counter);
        self
    }

    /// How long one command may take before it is ended and counts as failed.
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }
}

/// What became of a suite.
#[derive(Debug)]
pub struct Outcome {
    /// Its name.
    pub name: &'static str,
    /// Tests passed.
    pub passed: u64,
    /// Tests failed; a command that fails without naming a test counts as one.
    pub failed: u64,
    /// How long it took.
    pub took: Duration,
    /// Where its output is.
    pub log: PathBuf,
}

/// Runs suites and keeps their output.
#[derive(Debug)]
pub struct Runner {
    logs: PathBuf,
}

impl Runner {
    /// Output goes to `target/test`.
    pub fn new(workspace: &Workspace) -> Result<Self> {
        let logs = workspace.target.join("test");
        fs::create_dir_all(&logs).with_context(|| format!("failed to create {}", logs.display()))?;
        Ok(Self { logs })
    }

    /// Runs all commands of the suite, also when one of them fails.
    pub fn run(&self, mut suite: Suite) -> Outcome {
        say!("{}: started", suite.name);
        let log = self.logs.join(suite.name).with_extension("log");
        let started = Instant::now();
        let mark = format!("{}-{}", suite.name, std::process::id());
        let mut total = Counts::default();
        match File::create(&log) {
            Ok(mut file) => {
                for command in &mut suite.commands {
                    let counts = run(suite.name, &mark, suite.limit, suite.counter, command, &mut file);
                    total.passed += counts.passed;
                    total.failed += counts.failed;
                }
            }
            Err(error) => {
                say!("{}: failed to create {}: {error}", suite.name, log.display());
                total.failed += 1;
            }
        }
        let left = leftovers::find(&mark);
        for process in &left {
            say!("{}: left a process behind: {}", suite.name, process.line);
        }
        total.failed += left.len() as u64;
        leftovers::kill(&left);
        let took = started.elapsed();
        let word = if total.failed == 0 { "passed" } else { "FAILED" };
        say!("{}: {word} after {:.0} s", suite.name, took.as_secs_f64());
        Outcome { name: suite.name, passed: total.passed, failed: total.failed, took, log }
    }
}

/// Runs one command; its counts come from the counter, or are one test.
fn run(
    name: &'static str,
    mark: &str,
    limit: Duration,
    counter: Option<Counter>,
    command: &mut Command,
    log: &mut File,
) -> Counts {
    let line = show(command);
    let (succeeded, output) = match capture(name, mark, limit, command, log) {
        Ok(result) => result,
        Err(error) => {
            say!("{name}: {line}: {error:#}");
            return Counts { passed: 0, failed: 1 };
        }
    };
    let mut counts = match counter {
        Some(counter) => counter(&output),
        None => Counts { passed: u64::from(succeeded), failed: 0 },
    };
    if !succeeded && counts.failed == 0 {
        say!("{name}: {line} failed");
        counts.failed = 1;
    }
    counts
}

/// Whether it succeeded, and what it printed.
fn capture(
    name: &'static str,
    mark: &str,
    limit: Duration,
    command: &mut Command,
    log: &mut File,
) -> Result<(bool, String)> {
    let (reader, writer) = io::pipe()?;
    writeln!(log, "$ {}", show(command))?;
    let mut child = command
        .env(MARK, mark)
        .env("CARGO_TERM_COLOR", "never")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()?;
    // The command keeps the pipe's writing end; it must go, or the reader would wait for ever.
    command.stdout(Stdio::null()).stderr(Stdio::null());

    let (done, finished) = mpsc::channel();
    let mut copy = log.try_clone()?;
    thread::spawn(move || done.send(tee(name, reader, &mut copy)));
    let succeeded = wait(name, mark, limit, &mut child)?;
    // Normally the output ends with the process; a process left behind may hold it open.
    if let Ok(output) = finished.recv_timeout(Duration::from_secs(5)) {
        return Ok((succeeded, output?));
    }
    let left = leftovers::find(mark);
    for process in &left {
        say!("{name}: left a process behind: {}", process.line);
    }
    leftovers::kill(&left);
    let output = finished.recv_timeout(Duration::from_secs(5)).context("its output does not end")??;
    Ok((false, output))
}

fn wait(name: &str, mark: &str, limit: Duration, child: &mut Child) -> Result<bool> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if started.elapsed() > limit {
            say!("{name}: not done after {} s: ended", limit.as_secs());
            leftovers::kill(&leftovers::find(mark));
            child.kill()?;
            child.wait()?;
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

/// Copies lines to the terminal and the log, and returns them all.
fn tee(name: &str, reader: impl Read, log: &mut File) -> io::Result<String> {
    let mut reader = BufReader::new(reader);
    let mut all = String::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(all);
        }
        log.write_all(&line)?;
        let text = String::from_utf8_lossy(&line);
        eprintln!("{name:<8} | {}", text.trim_end());
        all.push_str(&text);
    }
}
