//! What the integration tests share.
#![expect(dead_code, reason = "each test uses a part of it")]

pub mod coordinator;
pub mod podman;

use std::{
    ffi::OsString,
    path::Path,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use runner::{
    Control, JobOutcome,
    local::LocalRunner,
    protocol::{JobPayload, Step, Variable},
};

pub const HELPER: &str = env!("CARGO_BIN_EXE_runner-helper");

pub fn leader() -> Vec<OsString> {
    vec![HELPER.into(), "leader".into()]
}

/// A job of these commands.
pub fn job(id: i64, script: &[&str]) -> JobPayload {
    JobPayload {
        id,
        token: "glcbt-the-token-of-the-job".into(),
        steps: vec![step("script", script)],
        ..JobPayload::default()
    }
}

pub fn step(name: &str, script: &[&str]) -> Step {
    let script = script.iter().map(|&line| line.to_owned()).collect();
    let when = if name == "after_script" { "always" } else { "on_success" };
    Step { name: name.to_owned(), script, when: when.to_owned(), ..Step::default() }
}

pub fn masked(key: &str, value: &str) -> Variable {
    Variable { masked: true, ..Variable::plain(key, value) }
}

/// A log that can be looked at while it grows.
#[derive(Clone, Default)]
pub struct Screen(Arc<Mutex<Vec<u8>>>);

impl Screen {
    pub fn sink(&self) -> impl FnMut(&[u8]) + Send + 'static {
        let bytes = Arc::clone(&self.0);
        move |new| bytes.lock().unwrap().extend_from_slice(new)
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }
}

/// A local runner in a folder of its own.
pub struct Bench {
    pub dir: tempfile::TempDir,
    pub runner: LocalRunner,
}

impl Bench {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let runner = LocalRunner::with_leader(&dir.path().join("runner"), leader()).unwrap();
        Self { dir, runner }
    }

    pub async fn run(&self, job: &JobPayload) -> (JobOutcome, String) {
        let screen = Screen::default();
        let outcome = self.runner.run(job, None, screen.sink(), &Control::new()).await;
        self.assert_clean();
        (outcome, screen.text())
    }

    /// No folder, and no process, of a job is left.
    pub fn assert_clean(&self) {
        for folder in ["jobs", "builds"] {
            let left: Vec<_> = std::fs::read_dir(self.dir.path().join("runner").join(folder)).unwrap().collect();
            assert!(left.is_empty(), "{left:?}");
        }
        let left = marked(&self.dir.path().join("runner"));
        assert!(left.is_empty(), "{left:?}");
    }
}

/// The processes of jobs of the runner in `dir`.
pub fn marked(dir: &Path) -> Vec<String> {
    let name = std::fs::read_to_string(dir.join(".runner_system_id")).unwrap();
    let needle = format!("WEIR_JOB_MARK={}:", name.trim());
    let processes = std::fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    processes
        .filter(|path| {
            std::fs::read(path.join("environ"))
                .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|e| e.starts_with(needle.as_bytes())))
        })
        .map(|path| format!("{} {:?}", path.display(), std::fs::read_to_string(path.join("cmdline"))))
        .collect()
}

pub fn is_alive(pid: i32) -> bool {
    // A zombie is not alive: it has no memory, so no command line.
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

/// The processes that this one started.
pub fn children(pid: u32) -> Vec<i32> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

pub fn signal(pid: i32, signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), signal).unwrap();
}

/// Waits for a condition; the limit is there to end a test that has failed.
pub fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_mins(1);
    while !condition() {
        assert!(Instant::now() < limit, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// The same for asynchronous tests.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_mins(1);
    while !condition() {
        assert!(Instant::now() < limit, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
