//! Finding and ending what a suite started and did not end. Every process of a suite carries a mark in its
//! environment, which children inherit even when they detach themselves.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

/// The variable that carries the mark.
pub const MARK: &str = "WEIR_TEST_SUITE";

/// A process that is still there.
#[derive(Debug)]
pub struct Process {
    pid: Pid,
    /// Its command line.
    pub line: String,
}

/// All living processes that carry this mark.
pub fn find(mark: &str) -> Vec<Process> {
    let wanted = format!("{MARK}={mark}");
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
            let environment = fs::read(entry.path().join("environ")).ok()?;
            let marked = environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes());
            // A process that ended but was not waited for has no command line any more.
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            (marked && !line.is_empty()).then_some(Process { pid, line })
        })
        .collect()
}

/// Ends them at once.
pub fn kill(processes: &[Process]) {
    for process in processes {
        // It may have ended by itself meanwhile.
        let _ = kill_process(process.pid, Signal::KILL);
    }
}
