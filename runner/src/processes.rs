//! What /proc tells about processes: who descends from whom, and who carries a job's mark.
//!
//! Used by the leader, for its own tree, and at the start of a runner, for what an earlier one left.

use std::{
    collections::{HashMap, HashSet},
    fs, thread,
    time::{Duration, Instant},
};

use memchr::memmem;
use rustix::process::{Pid, Signal, getpid, kill_process};

/// The variable that every process of a job inherits: `<instance>:<job>`.
pub(crate) const MARK: &str = "WEIR_JOB_MARK";

/// Every living descendant of `root`, children before grandchildren.
///
/// The list is a snapshot of something that moves: who needs certainty asks again until nobody is
/// left, and then asks the kernel (`wait` says that there is no child).
pub(crate) fn descendants(root: Pid) -> Vec<Pid> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut next = vec![root];
    while let Some(parent) = next.pop() {
        let Some(children) = children(parent) else {
            // The kernel has no `children` file: fall back to reading everyone's parent.
            return if parent == root { descendants_by_parent(root) } else { continue };
        };
        for child in children {
            if seen.insert(child) {
                found.push(child);
                next.push(child);
            }
        }
    }
    found
}

fn children(parent: Pid) -> Option<Vec<Pid>> {
    let tasks = fs::read_dir(format!("/proc/{parent}/task")).ok()?;
    let mut found = Vec::new();
    let mut readable = false;
    for task in tasks.flatten() {
        if let Ok(text) = fs::read_to_string(task.path().join("children")) {
            readable = true;
            found.extend(text.split_ascii_whitespace().filter_map(parse_pid));
        }
    }
    readable.then_some(found)
}

fn descendants_by_parent(root: Pid) -> Vec<Pid> {
    let mut by_parent: HashMap<Pid, Vec<Pid>> = HashMap::new();
    for pid in all() {
        // "pid (name) state ppid …"; the name may hold anything, so read from the last parenthesis.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let parent =
            stat.rsplit_once(')').and_then(|(_, rest)| rest.split_ascii_whitespace().nth(1)).and_then(parse_pid);
        if let Some(parent) = parent {
            by_parent.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut next = vec![root];
    while let Some(parent) = next.pop() {
        for child in by_parent.remove(&parent).unwrap_or_default() {
            found.push(child);
            next.push(child);
        }
    }
    found
}

fn all() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str().and_then(parse_pid))
}

fn parse_pid(text: &str) -> Option<Pid> {
    text.parse().ok().and_then(Pid::from_raw)
}

/// Every living process, this one excepted, whose mark begins with `prefix`.
///
/// The mark is in the environment that the process was started with; a process that is gone, or a
/// zombie, or someone else's has none that can be read.
pub(crate) fn marked(prefix: &str) -> Vec<Pid> {
    let needle = format!("{MARK}={prefix}");
    let finder = memmem::Finder::new(needle.as_bytes());
    let carries = |pid: &Pid| {
        fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environment| finder.find_iter(&environment).any(|at| at == 0 || environment[at - 1] == 0))
    };
    all().filter(|pid| *pid != getpid()).filter(carries).collect()
}

/// Kills every process whose mark begins with `prefix`, again and again until there is none;
/// gives how many there were, or those that would not go within `limit`.
pub(crate) fn end_marked(prefix: &str, limit: Duration) -> Result<usize, Vec<Pid>> {
    let give_up = Instant::now() + limit;
    let mut ended = HashSet::new();
    let mut pause = Duration::from_millis(1);
    loop {
        let alive = marked(prefix);
        if alive.is_empty() {
            return Ok(ended.len());
        }
        if Instant::now() > give_up {
            return Err(alive);
        }
        signal_all(&alive, Signal::KILL);
        ended.extend(alive);
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Every living process with the users that it acts as: real, effective, saved, and for files. What has ended and was not
/// waited for does not act.
pub(crate) fn users() -> impl Iterator<Item = (Pid, Vec<u32>)> {
    let users_of = |pid: Pid| {
        let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
        if field("State:")?.trim_start().starts_with(['Z', 'X']) {
            return None;
        }
        let users = field("Uid:")?.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect();
        Some((pid, users))
    };
    all().filter_map(users_of)
}

/// Kills every process of a user, again and again until there is none; those that would not go within `limit` are the
/// error. Other than [`end_marked`] it finds who has taken the mark off. `all_at_once` is called for who starts new ones
/// faster than they are found.
pub(crate) fn end_all_of(user: u32, limit: Duration, all_at_once: impl Fn()) -> Result<(), Vec<Pid>> {
    let give_up = Instant::now() + limit;
    let mut pause = Duration::from_millis(1);
    loop {
        let alive: Vec<Pid> = users().filter(|(_, users)| users.contains(&user)).map(|(pid, _)| pid).collect();
        if alive.is_empty() {
            return Ok(());
        }
        if Instant::now() > give_up {
            return Err(alive);
        }
        signal_all(&alive, Signal::KILL);
        all_at_once();
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

/// Sends `signal` to each; one that has gone meanwhile is no error.
pub(crate) fn signal_all(pids: &[Pid], signal: Signal) {
    for pid in pids {
        let _ = kill_process(*pid, signal);
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn sleeper(mark: &str) -> Child {
        Command::new("sleep").arg("1000").env(MARK, mark).stdin(Stdio::null()).spawn().unwrap()
    }

    #[test]
    fn marked_processes_are_found_and_ended_and_others_live() {
        let instance = format!("test{}", std::process::id());
        let (mut mine, mut other) = (sleeper(&format!("{instance}:1")), sleeper(&format!("not-{instance}:1")));
        // The mark can be read once the child has executed its program.
        while marked(&format!("{instance}:")).is_empty() {
            thread::yield_now();
        }
        assert_eq!(end_marked(&format!("{instance}:"), Duration::from_secs(20)), Ok(1));
        assert!(!mine.wait().unwrap().success());
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn both_ways_of_finding_descendants_agree() {
        let mut shell = Command::new("sh").args(["-c", "sleep 1000 & sleep 1000"]).spawn().unwrap();
        let root = Pid::from_raw(i32::try_from(shell.id()).unwrap()).unwrap();
        while descendants(root).len() < 2 {
            thread::yield_now();
        }
        let sorted = |mut pids: Vec<Pid>| {
            pids.sort_by_key(|pid| pid.as_raw_pid());
            pids
        };
        assert_eq!(sorted(descendants(root)), sorted(descendants_by_parent(root)));
        signal_all(&descendants(root), Signal::KILL);
        shell.wait().unwrap();
    }
}
