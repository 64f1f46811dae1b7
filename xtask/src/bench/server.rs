//! The server under measurement, and what the kernel says about its processes.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::client::Client;
use crate::process::{self, command};

/// A running server with its runner; both end when this is dropped.
#[derive(Debug)]
pub struct Server {
    /// Where it answers.
    pub url: String,
    /// From the start of the process to the first answer.
    pub started_in: Duration,
    weir: PathBuf,
    data: PathBuf,
    child: Child,
    // Kept open: a server whose standard output is closed could not write to it.
    _stdout: BufReader<ChildStdout>,
}

/// What one process uses.
#[derive(Debug, Clone, Copy, Default)]
pub struct Usage {
    /// Resident memory now, in bytes.
    pub resident: u64,
    /// The most resident memory it ever had, in bytes.
    pub peak: u64,
    /// Processor time so far, in clock ticks of 10 ms.
    pub ticks: u64,
    /// Bytes it caused to be written to disk.
    pub written: u64,
}

impl Server {
    /// Starts it on this data folder, two jobs at a time, and waits for its first answer.
    pub fn start(weir: &Path, data: &Path) -> Result<Self> {
        Self::start_as(weir, data, &["--local"])
    }

    /// The same for a server that people log in to, with the administrator `root`.
    pub fn start_team(weir: &Path, data: &Path, options: &[&str]) -> Result<Self> {
        // Commands take a folder that is there.
        fs::create_dir_all(data)?;
        let user = command(weir)
            .args(["user", "create", "root", "--admin", "--data"])
            .arg(data)
            .stderr(Stdio::null())
            .output()?;
        if !user.status.success() {
            bail!("the administrator was not made");
        }
        Self::start_as(weir, data, options)
    }

    /// What a command of administration prints.
    pub fn admin(&self, arguments: &[&str]) -> Result<String> {
        let output = command(&self.weir).args(arguments).arg("--data").arg(&self.data).output()?;
        if !output.status.success() {
            bail!("{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    fn start_as(weir: &Path, data: &Path, options: &[&str]) -> Result<Self> {
        let log = File::create(data.with_extension("log"))?;
        let started = Instant::now();
        let mut child = command(weir)
            .arg("serve")
            .args(options)
            .args(["--listen", "127.0.0.1:0", "--concurrent", "2", "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("failed to start {}", weir.display()))?;
        let mut stdout = BufReader::new(child.stdout.take().context("no standard output")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let url = line.strip_prefix("weir: serving ").and_then(|rest| rest.split_whitespace().next());
        let Some(url) = url.map(str::to_owned) else {
            child.kill()?;
            child.wait()?;
            bail!("the server did not start; see {}", data.with_extension("log").display());
        };
        Client::new(&url).text("/healthz")?;
        Ok(Self {
            url,
            started_in: started.elapsed(),
            weir: weir.to_path_buf(),
            data: data.to_path_buf(),
            child,
            _stdout: stdout,
        })
    }

    /// A client with connections of its own.
    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }

    /// The server process.
    pub fn usage(&self) -> Result<Usage> {
        usage(self.child.id())
    }

    /// The runner process, without the jobs' own.
    pub fn runner_usage(&self) -> Result<Usage> {
        usage(self.runner().context("there is no runner process")?)
    }

    /// Ends the server and the runner, and leaves the data.
    pub fn stop(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        if self.child.try_wait()?.is_some() {
            return Ok(());
        }
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM)?;
        self.child.wait()?;
        process::run(
            command(&self.weir)
                .args(["runner", "stop", "--data"])
                .arg(&self.data)
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )
    }

    /// The runner is the executable's process with `runner` as its first argument and this data folder in the others.
    fn runner(&self) -> Option<u32> {
        let data = self.data.to_string_lossy();
        fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line);
            let mut arguments = line.split('\0');
            let program = arguments.next()?;
            (program.ends_with("weir") && arguments.next()? == "runner" && line.contains(&*data)).then_some(pid)
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` there is nothing left to end; after a failed measurement there is, and its error comes first.
        let _ = self.end();
    }
}

fn usage(pid: u32) -> Result<Usage> {
    let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}"));
    let status = read("status")?;
    let field = |text: &str, name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse::<u64>().ok())
            .unwrap_or(0)
    };
    let stat = read("stat")?;
    // The program's name, in brackets, may hold spaces; user and system time are 12th and 13th after it.
    let times = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks = times.split_whitespace().skip(11).take(2).filter_map(|number| number.parse::<u64>().ok()).sum();
    Ok(Usage {
        resident: field(&status, "VmRSS:") * 1024,
        peak: field(&status, "VmHWM:") * 1024,
        ticks,
        written: field(&read("io").unwrap_or_default(), "write_bytes:"),
    })
}
