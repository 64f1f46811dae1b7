//! Traces as files: `traces/<id / 1000>/<id>.log` somewhere in the data folder, looked at without asking the server.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// Where the next job's trace will be: one after the newest.
pub fn next(data: &Path) -> Result<PathBuf> {
    let (newest, folder) = newest(data).context("there is no trace in the data folder")?;
    let id = newest + 1;
    Ok(folder.join((id / 1000).to_string()).join(format!("{id}.log")))
}

/// Waits until the file holds this text, looking five thousand times a second. What the runner says first does not count.
pub fn wait_for(text: &str, trace: &Path) -> Result<()> {
    let started = Instant::now();
    while !fs::read_to_string(trace).is_ok_and(|lines| lines.contains(text)) {
        if started.elapsed() > Duration::from_secs(10) {
            bail!("{text} was not written to {}", trace.display());
        }
        thread::sleep(Duration::from_micros(200));
    }
    Ok(())
}

/// The highest job id with a trace, and the folder of all traces.
fn newest(data: &Path) -> Option<(u64, PathBuf)> {
    fs::read_dir(data).ok()?.flatten().filter_map(|entry| Some((highest(&entry.path())?, entry.path()))).max()
}

/// The highest number that names a file two levels down.
fn highest(folder: &Path) -> Option<u64> {
    let thousands = fs::read_dir(folder).ok()?.flatten();
    let last = thousands.filter_map(|entry| number(&entry.path())).max()?;
    let files = fs::read_dir(folder.join(last.to_string())).ok()?.flatten();
    files.filter_map(|entry| number(&entry.path().with_extension(""))).max()
}

fn number(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_on_across_folders() {
        let data = std::env::temp_dir().join(format!("weir-traces-{}", std::process::id()));
        for (folder, id) in [("0", 7), ("0", 999), ("1", 1000)] {
            fs::create_dir_all(data.join("logs").join(folder)).unwrap();
            fs::write(data.join("logs").join(folder).join(format!("{id}.log")), "").unwrap();
        }
        fs::create_dir_all(data.join("run")).unwrap();
        assert_eq!(next(&data).unwrap(), data.join("logs/1/1001.log"));
        fs::remove_dir_all(&data).unwrap();
    }
}
