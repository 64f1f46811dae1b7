//! The real executable on port 0 in a temporary folder, asked over HTTP.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod gitlab;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use model::view::RunView;
use model::{Job, RunId, Status};
use serde_json::{Value, json};

/// How long a condition may take: generous, since the machine may be busy; never waited for in full
/// when all is well.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// The executable under test.
pub fn weir() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weir"));
    for name in
        ["WEIR_URL", "WEIR_TOKEN", "ORDINE_API_URL", "ORDINE_TOKEN", "WEIR_DATA", "WEIR_CONFIG", "WEIR_INCLUDE_REMOTE"]
    {
        command.env_remove(name);
    }
    command
}

/// A server process over a data folder that lives as long as this value.
pub struct Server {
    child: Option<Child>,
    pub url: String,
    pub data: PathBuf,
    concurrent: usize,
    /// Where it listens.
    pub listen: String,
    /// Further arguments of `weir serve`, for the next start.
    pub arguments: Vec<String>,
    /// Whether it is a server of one person.
    pub local: bool,
    /// The link that makes the administrator, if the server printed one.
    pub setup: Option<String>,
    http: reqwest::blocking::Client,
    _folder: tempfile::TempDir,
}

impl Server {
    /// Starts a server whose runner runs up to `concurrent` jobs at a time.
    pub fn start(concurrent: usize) -> Self {
        Self::new(concurrent, true, &[])
    }

    /// Starts a server that people log in to.
    pub fn of_a_team(concurrent: usize) -> Self {
        Self::new(concurrent, false, &[])
    }

    /// The first, with these arguments.
    pub fn start_with(concurrent: usize, arguments: &[&str]) -> Self {
        Self::new(concurrent, true, arguments)
    }

    /// The same with these arguments, and an administrator, whose token is given.
    pub fn with_administrator(concurrent: usize, arguments: &[&str]) -> (Self, String) {
        let mut server = Self::new(concurrent, false, arguments);
        let token = server.admin(&["token", "create", "--user", "root", "--name", "tests"]);
        let headers = std::iter::once((
            reqwest::header::HeaderName::from_static("private-token"),
            reqwest::header::HeaderValue::from_str(&token).unwrap(),
        ));
        let client = reqwest::blocking::Client::builder().timeout(PATIENCE).default_headers(headers.collect());
        server.http = client.build().unwrap();
        (server, token)
    }

    fn new(concurrent: usize, local: bool, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Jobs of other users have their folders beside the data.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        let mut server = Self {
            child: None,
            url: String::new(),
            data: folder.path().join("data"),
            concurrent,
            listen: "127.0.0.1:0".to_owned(),
            arguments: arguments.iter().map(|&one| one.to_owned()).collect(),
            local,
            setup: None,
            http: reqwest::blocking::Client::builder().timeout(PATIENCE).build().unwrap(),
            _folder: folder,
        };
        server.start_again();
        server
    }

    /// Starts the server anew over the same folder.
    pub fn start_again(&mut self) {
        assert!(self.child.is_none(), "the server runs already");
        let mut child = weir()
            .args(["--json", "serve", "--listen", &self.listen, "--concurrent", &self.concurrent.to_string()])
            .args(self.local.then_some("--local"))
            .arg("--data")
            .arg(&self.data)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("the server said {line:?}"));
        told["url"].as_str().unwrap().clone_into(&mut self.url);
        self.setup = told["setup"].as_str().map(str::to_owned);
        self.child = Some(child);
    }

    /// As a power cut: SIGKILL, no goodbye.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("the server runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// SIGTERM; returns how long it took to end.
    pub fn stop(&mut self) -> Duration {
        let mut child = self.child.take().expect("the server runs");
        let begin = Instant::now();
        signal(child.id(), "TERM");
        child.wait().unwrap();
        begin.elapsed()
    }

    /// The process id of the server.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the server runs").id()
    }

    /// The process id of the embedded runner.
    pub fn runner_pid(&self) -> u32 {
        let dir = self.data.join("runner");
        eventually("the runner is there", || runner::pid_of(&dir).unwrap())
    }

    /// Runs a command of administration on the server's machine; what it printed.
    pub fn admin(&self, arguments: &[&str]) -> String {
        let output = weir().args(arguments).arg("--data").arg(&self.data).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A request with these headers: status and body.
    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let answer = self.raw(method, path, headers, body);
        (answer.status().as_u16(), answer.text().unwrap())
    }

    /// A request with these headers; redirects are not followed.
    pub fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> reqwest::blocking::Response {
        let client = reqwest::blocking::Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none());
        let mut request = client.build().unwrap().request(method.parse().unwrap(), format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body.to_owned()).send().unwrap()
    }

    pub fn get(&self, path: &str) -> Value {
        let response = self.http.get(format!("{}{path}", self.url)).send().unwrap();
        assert!(response.status().is_success(), "GET {path}: {}", response.status());
        response.json().unwrap()
    }

    pub fn text(&self, path: &str) -> String {
        let response = self.http.get(format!("{}{path}", self.url)).send().unwrap();
        assert!(response.status().is_success(), "GET {path}: {}", response.status());
        String::from_utf8_lossy(&response.bytes().unwrap()).into_owned()
    }

    pub fn bytes(&self, path: &str) -> Vec<u8> {
        let response = self.http.get(format!("{}{path}", self.url)).send().unwrap();
        assert!(response.status().is_success(), "GET {path}: {}", response.status());
        response.bytes().unwrap().to_vec()
    }

    pub fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let method = method.parse().unwrap();
        let response = self.http.request(method, format!("{}{path}", self.url)).json(body).send().unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_slice(&response.bytes().unwrap()).unwrap_or(Value::Null))
    }

    /// Calls a server function as a page does; the answer's status and text.
    pub fn form(&self, path: &str, body: &str) -> (u16, String) {
        let request = self.http.post(format!("{}{path}", self.url)).header("Accept", "application/json");
        let request = request.header("Content-Type", "application/x-www-form-urlencoded").body(body.to_owned());
        let response = request.send().unwrap();
        (response.status().as_u16(), response.text().unwrap())
    }

    /// Makes a project over a repository, and a pipeline of its own definition.
    pub fn project(&self, path: &str, repository: &Path, key: &str) {
        let source = repository.to_str().unwrap();
        for arguments in
            [vec!["project", "create", path, "--source", source], vec!["pipeline", "create", key, "--project", path]]
        {
            let output = weir().args(&arguments).arg("--data").arg(&self.data).output().unwrap();
            assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }

    /// What stands in the environment of a run's processes, and of nobody else's: other tests have
    /// servers with a run of the same number.
    pub fn mark(&self, run: RunId) -> String {
        format!("CI_PIPELINE_URL={}/runs/{run}", self.url)
    }

    /// Makes a pipeline of this definition.
    pub fn pipeline(&self, key: &str, definition: &str) {
        let body = json!({ "id": key, "name": key, "definition": definition });
        let (status, answer) = self.send("POST", "/api/pipelines", &body);
        assert_eq!(status, 201, "{answer}");
    }

    /// Starts a run and returns its number.
    pub fn run(&self, key: &str) -> RunId {
        let (status, answer) = self.send("POST", &format!("/api/pipelines/{key}/run"), &json!({}));
        assert_eq!(status, 202, "{answer}");
        RunId(answer["runId"].as_i64().unwrap())
    }

    /// The whole state of a run: the first event of its stream.
    pub fn view(&self, id: RunId) -> RunView {
        let response = self.http.get(format!("{}/live/runs/{id}", self.url)).send().unwrap();
        assert!(response.status().is_success());
        let mut data = String::new();
        for line in BufReader::new(response).lines() {
            let line = line.unwrap();
            match line.strip_prefix("data:") {
                Some(text) => data.push_str(text.trim_start()),
                None if line.is_empty() && !data.is_empty() => break,
                None => {}
            }
        }
        serde_json::from_str(&data).unwrap_or_else(|error| panic!("{error}: {data}"))
    }

    /// Waits until the run is at rest, and returns it.
    pub fn ended(&self, id: RunId) -> RunView {
        self.until(id, "the run ends", |view| view.run.status.is_complete())
    }

    /// Waits for a condition on a run.
    pub fn until(&self, id: RunId, what: &str, holds: impl Fn(&RunView) -> bool) -> RunView {
        eventually(what, || Some(self.view(id)).filter(|view| holds(view)))
    }

    /// A job's whole trace.
    pub fn trace(&self, job: &Job) -> String {
        self.text(&format!("/jobs/{}/raw", job.id))
    }

    /// Runs a pipeline of this definition to its end.
    pub fn run_to_end(&self, key: &str, definition: &str) -> RunView {
        self.pipeline(key, definition);
        let run = self.run(key);
        self.ended(run)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            signal(child.id(), "TERM");
            let _ = child.wait();
        }
        let _ = weir().args(["runner", "stop", "--now", "--data"]).arg(&self.data).stdout(Stdio::null()).status();
    }
}

/// A repository with one commit of these files on `main`.
pub fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    git(folder.path(), &["init", "-q", "-b", "main"]);
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-qm", "Files"]);
    folder
}

/// Runs git in a folder, as somebody.
pub fn git(folder: &Path, arguments: &[&str]) {
    let author = ["-c", "user.name=ada", "-c", "user.email=ada@example.org"];
    let output = Command::new("git").arg("-C").arg(folder).args(author).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The job of this name, its latest attempt.
pub fn job<'v>(view: &'v RunView, name: &str) -> &'v Job {
    view.jobs.iter().find(|job| job.name == name && !job.retried).unwrap_or_else(|| panic!("no job {name}"))
}

/// All of a run's jobs with their statuses, for messages and comparisons.
pub fn statuses(view: &RunView) -> Vec<(String, Status)> {
    view.jobs.iter().map(|job| (job.name.clone(), job.status)).collect()
}

/// Asks again until there is an answer.
pub fn eventually<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(begin.elapsed() < PATIENCE, "never happened: {what}");
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

pub fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Processes whose environment has this text: what a job started, wherever it went.
pub fn processes_with(mark: &str) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(environment) = std::fs::read(entry.path().join("environ")) else { continue };
        if environment.split(|b| *b == 0).any(|pair| pair == mark.as_bytes()) {
            let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            found.push((pid, name.trim().to_owned()));
        }
    }
    found
}

/// Whether a file is there; for conditions that a job tells by a file.
pub fn exists(path: &Path) -> Option<()> {
    path.exists().then_some(())
}
