//! The command line as scripts use it: exit codes, stdout, stderr; against the real server, against
//! a data folder without one, and against a server that speaks only Ordine's first contract.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use support::{Server, weir};

fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (status.code().unwrap_or(-1), text(stdout), text(stderr))
}

fn json_of(command: &mut Command) -> Value {
    let (code, out, err) = run(command.arg("--json"));
    assert_eq!(code, 0, "{err}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

#[test]
fn serve_refuses_what_is_not_safe_or_not_possible() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let serve = |arguments: &[&str]| {
        let (code, out, err) = run(weir().args(["serve", "--data"]).arg(&data).args(arguments));
        assert_eq!(out, "");
        (code, err)
    };
    let (code, err) = serve(&["--local", "--tls-cert", "/c", "--tls-key", "/k"]);
    assert_eq!((code, err.contains("needs no certificate")), (2, true), "{err}");
    let (code, err) = serve(&["--external-url", "https://ci.example.org/weir"]);
    assert_eq!((code, err.contains("no path")), (2, true), "{err}");
    let (code, err) = serve(&["--local", "--listen", "0.0.0.0:0"]);
    assert_eq!(code, 2);
    assert!(err.contains("use a loopback address"), "{err}");
    let (code, err) = serve(&["--local", "--listen", "nowhere"]);
    assert_eq!((code, err.contains("\"nowhere\" is no address")), (2, true), "{err}");
    assert!(!data.exists(), "a refused start leaves nothing behind");

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, err) = serve(&["--local", "--listen", &address]);
    assert_eq!(code, 1);
    assert!(err.contains(&format!("{address} is already in use")), "{err}");

    let database = rusqlite::Connection::open(data.join("weir.db")).unwrap();
    database.pragma_update(None, "user_version", 999).unwrap();
    drop(database);
    let (code, err) = serve(&["--local", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 1);
    assert!(err.contains("newer version"), "{err}");
}

#[test]
fn one_folder_has_one_server() {
    let server = Server::start(1);
    let (code, _, err) = run(weir().args(["serve", "--local", "--listen", "127.0.0.1:0", "--data"]).arg(&server.data));
    assert_eq!(code, 1);
    assert!(err.contains("is in use by another weir"), "{err}");
}

#[test]
fn administration_works_with_and_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let file = folder.path().join("ci.yml");
    std::fs::write(&file, "a: {script: [echo hello]}\n").unwrap();
    let admin = |arguments: &[&str]| run(weir().args(arguments).arg("--data").arg(&data));

    let (code, out, err) = admin(&["project", "create", "team/shop"]);
    assert_eq!(code, 0, "{err}");
    let words: Vec<&str> = out.split_whitespace().collect();
    assert_eq!(words[..2], ["1", "team/shop"]);
    assert!(words[2].parse::<model::Uid>().is_ok(), "{out}");
    let path = file.to_str().unwrap();
    let (code, out, err) = admin(&["pipeline", "create", "pipe_shop", "--project", "team/shop", "--file", path]);
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("pipe_shop ") && out.trim_end().len() == "pipe_shop ".len() + 32, "{out}");
    let (code, out, _) = admin(&["token", "create", "--user", "ada", "--name", "laptop", "--expires", "2999-12-31"]);
    assert_eq!((code, out.starts_with("glpat-")), (0, true));
    assert_eq!(admin(&["project", "create", "team/shop"]).0, 3, "the path is taken");
    assert_eq!(admin(&["project", "create", "no-slash"]).0, 3);
    assert_eq!(admin(&["pipeline", "create", "x", "--project", "team/gone", "--file", path]).0, 3);
    assert_eq!(admin(&["pipeline", "create", "x", "--project", "team/shop", "--file", "/gone.yml"]).0, 2);

    let server = Server::start(1);
    let through = |arguments: &[&str]| run(weir().args(arguments).arg("--data").arg(&server.data));
    let (code, out, err) = through(&["project", "create", "team/shop"]);
    assert_eq!((code, out.starts_with("1 team/shop ")), (0, true), "{err}");
    let (code, _, err) = through(&["pipeline", "create", "pipe_shop", "--project", "team/shop", "--file", path]);
    assert_eq!(code, 0, "{err}");
    let pipelines = server.get("/api/pipelines");
    assert_eq!((&pipelines[0]["id"], &pipelines[0]["projectId"]), (&json!("pipe_shop"), &json!("team/shop")));
    let (code, token, _) = through(&["token", "create", "--user", "ada", "--name", "n", "--scope", "read_api"]);
    assert_eq!(code, 0);
    let mut start = weir();
    start.args(["run", "pipe_shop"]).env("WEIR_URL", &server.url).env("WEIR_TOKEN", token.trim());
    let (code, _, err) = run(&mut start);
    assert_eq!((code, err.contains("may only read")), (3, true), "{err}");
}

#[test]
fn a_path_of_a_project_is_a_path_whatever_is_in_it() {
    let server = Server::start(1);
    server.admin(&["project", "create", "shop/web"]);
    server.admin(&["user", "create", "ada"]);
    // What is behind these signs would be no part of the path.
    for path in ["shop/web?x=1", "shop/web#x", "shop/web%2F", "shop/we b"] {
        let member = ["project", "member", path, "ada", "owner", "--data"];
        let (code, out, err) = run(weir().args(member).arg(&server.data));
        assert!(code == 3 && out.is_empty(), "{path}: {code} {out} {err}");
        let (code, _, err) = run(weir().args(["project", "may", path, "--data"]).arg(&server.data));
        assert_eq!(code, 3, "{path}: {err}");
    }
    assert_eq!(server.admin(&["project", "member", "/shop/web", "ada", "guest"]), "ada is guest at /shop/web");
    let may = |arguments: &[&str]| server.admin(&[&["project", "may", "--user", "ada"], arguments].concat());
    assert!(may(&["shop/web"]).contains("yes  see the project") && may(&[]).contains("no   make, change"));
}

/// A terminal obeys what it is shown.
#[test]
fn what_is_refused_is_repeated_without_what_a_terminal_obeys() {
    let server = Server::start(1);
    let (code, _, err) = run(weir().args(["user", "create", "ada\x1b[2J", "--data"]).arg(&server.data));
    assert!(code != 0 && err.contains("ada\\u{1b}[2J") && !err.contains('\x1b'), "{code} {err:?}");
    let (code, _, err) = run(weir().args(["user", "ada\x1b[2J"]));
    assert!(code == 2 && !err.contains('\x1b') && err.lines().count() > 1, "{code} {err:?}");
}

#[test]
fn a_mistyped_folder_is_refused_and_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let mistyped = folder.path().join("lib/wier");
    for arguments in [
        &["user", "list"][..],
        &["user", "create", "root", "--admin"],
        &["token", "create", "--user", "root", "--name", "x"],
        &["project", "create", "shop/web"],
        &["key", "rotate"],
    ] {
        let (code, out, err) = run(weir().args(arguments).arg("--data").arg(&mistyped));
        assert_eq!((code, out.as_str()), (1, ""), "{arguments:?}: {err}");
        assert!(err.contains("is no data folder: no server was ever started on it"), "{err}");
    }
    assert!(!folder.path().join("lib").exists());
    // One that was made for the server, and that it has not been started on yet, is one.
    let (code, out, err) = run(weir().args(["user", "create", "root", "--admin", "--data"]).arg(folder.path()));
    assert!(code == 0 && out.contains("/password?key="), "{err}");
}

/// What one command as root made was root's, and kept the server of that folder's user from starting.
#[test]
fn commands_of_root_leave_the_folder_to_its_owner() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return eprintln!("left out: only root opens folders of others");
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    chown(&data, Some(4711), Some(4712)).unwrap();
    let definition = folder.path().join("ci.yml");
    std::fs::write(&definition, "a: {script: 'true'}").unwrap();
    std::fs::set_permissions(&definition, std::fs::Permissions::from_mode(0o600)).unwrap();
    for arguments in [
        &["user", "create", "root", "--admin"][..],
        &["user", "list"],
        &["project", "create", "shop/web"],
        &["project", "member", "shop/web", "root", "owner"],
        &["pipeline", "create", "web", "--project", "shop/web", "--file", definition.to_str().unwrap()],
        &["token", "create", "--user", "root", "--name", "x"],
        &["aksk", "create", "--user", "root", "--project", "shop/web"],
        &["key", "rotate"],
        &["user", "list"],
    ] {
        let (code, _, err) = run(weir().args(arguments).arg("--data").arg(&data));
        assert_eq!(code, 0, "{arguments:?}: {err}");
        let mut folders = vec![data.clone()];
        while let Some(path) = folders.pop() {
            let found = std::fs::symlink_metadata(&path).unwrap();
            assert_eq!((found.uid(), found.gid()), (4711, 4712), "{arguments:?} made {}", path.display());
            if found.is_dir() {
                folders.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
        }
    }
    // What was spoilt before is named, with what to do.
    chown(data.join("artifacts/incoming"), Some(0), None).unwrap();
    std::fs::set_permissions(data.join("artifacts/incoming"), std::fs::Permissions::from_mode(0o700)).unwrap();
    let (code, _, err) = run(weir().args(["user", "list", "--data"]).arg(&data));
    assert_eq!(code, 1);
    assert!(err.contains("artifacts/incoming belongs to the user 0; as root, `chown -R --reference="), "{err}");
    assert_eq!(err.matches("Permission denied").count(), 1, "a cause is told once: {err}");
}

#[test]
fn runs_and_jobs_are_the_gitlab_dialects_objects() {
    let server = Server::start(2);
    server.pipeline(
        "pipe",
        "stages: [a, b]\none: {stage: a, script: ['echo said $WHO']}\ngate: {stage: b, when: manual, script: ['echo played $X']}\n",
    );
    let cli = |arguments: &[&str]| {
        let mut command = weir();
        command.args(arguments).env("WEIR_URL", &server.url);
        command
    };
    let made = json_of(&mut cli(&["run", "pipe", "--no-follow", "-v", "WHO=me"]));
    assert_eq!(made["uid"].as_str().map(str::len), Some(32));
    let id = made["id"].to_string();
    let ended = json_of(&mut cli(&["runs", "watch", &id]));
    assert_eq!((&ended["status"], &ended["uid"]), (&json!("success"), &made["uid"]));
    let jobs = json_of(&mut cli(&["jobs", "list"]));
    let job = |name: &str| jobs.as_array().unwrap().iter().find(|job| job["name"] == name).unwrap().clone();
    assert_eq!((&job("one")["status"], &job("gate")["status"]), (&json!("success"), &json!("manual")));
    assert_eq!(job("one")["pipeline"]["id"], made["id"]);
    let one = job("one")["id"].to_string();
    let (_, log, _) = run(&mut cli(&["jobs", "logs", &one]));
    assert!(log.contains("said me"), "{log}");
    let manual = json_of(&mut cli(&["jobs", "list", "-s", "manual"]));
    assert_eq!(manual.as_array().map(Vec::len), Some(1));

    let gate = job("gate")["id"].to_string();
    assert_eq!(run(&mut cli(&["jobs", "play", &one])).0, 3, "only a manual job can be played");
    let played = json_of(&mut cli(&["jobs", "play", &gate, "-v", "X=now"]));
    assert_eq!(played["id"].to_string(), gate);
    let (code, log, _) = run(&mut cli(&["jobs", "logs", "-f", &gate]));
    assert!(code == 0 && log.contains("played now"), "{log}");
    let again = json_of(&mut cli(&["jobs", "retry", &one]));
    assert_ne!(again["id"].to_string(), one);
    assert_eq!(run(&mut cli(&["jobs", "retry", &one])).0, 3, "it was retried already");
    assert_eq!(json_of(&mut cli(&["jobs", "cancel", &one]))["id"].to_string(), one, "an ended job stays as it is");
    assert!(json_of(&mut cli(&["jobs", "delete", &one]))["erased_at"].is_string());
    assert_eq!(run(&mut cli(&["jobs", "logs", &one])), (0, String::new(), String::new()));
    assert_eq!(run(&mut cli(&["jobs", "delete", &one])).0, 3, "it is erased already");
    assert_eq!(json_of(&mut cli(&["why", &format!("run/{id}")]))["subject"], format!("run {id}"));
    assert_eq!(run(&mut cli(&["jobs", "get", "999"])).0, 3);
    assert_eq!(run(&mut cli(&["jobs", "list", "-s", "green"])).0, 3);
}

/// A server on one address, so that it can come back there.
fn serve_at(data: &Path, address: &str) -> (Child, String) {
    let mut child = weir()
        .args(["serve", "--local", "--listen", address, "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.strip_prefix("weir: serving ").and_then(|rest| rest.split(' ').next()).unwrap_or(&line).to_owned();
    (child, url)
}

#[test]
fn a_follower_survives_kill_9_of_the_server_and_shows_every_line_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("ci.yml");
    std::fs::write(&file, "count:\n  script:\n    - for i in $(seq 60); do echo \"n $i\"; sleep 0.05; done\n").unwrap();
    let (mut first, url) = serve_at(&data, "127.0.0.1:0");
    let address = url.strip_prefix("http://").unwrap();
    let made = run(weir().env("WEIR_URL", &url).args(["project", "create", "a/b"]));
    assert_eq!(made.0, 0, "{}", made.2);
    let pipeline = ["pipeline", "create", "count", "--project", "a/b", "--file", file.to_str().unwrap()];
    assert_eq!(run(weir().env("WEIR_URL", &url).args(pipeline)).0, 0);
    let mut follower = weir()
        .env("WEIR_URL", &url)
        .args(["run", "count"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(follower.stdout.take().unwrap());
    let mut lines = Vec::new();
    while !lines.iter().any(|line| line == "n 5") {
        let mut line = String::new();
        assert_ne!(out.read_line(&mut line).unwrap(), 0, "{lines:?}");
        lines.push(line.trim_end().to_owned());
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let (mut second, _) = serve_at(&data, address);
    lines.extend(out.lines().map(Result::unwrap));
    let code = follower.wait().unwrap().code();
    support::signal(second.id(), "TERM");
    second.wait().unwrap();
    run(weir().args(["runner", "stop", "--now", "--data"]).arg(&data));
    assert_eq!(code, Some(0), "{lines:?}");
    let said: Vec<&String> = lines.iter().filter(|line| line.starts_with("n ")).collect();
    assert_eq!(said, (1..=60).map(|i| format!("n {i}")).collect::<Vec<_>>().iter().collect::<Vec<_>>());
}

/// A server with Ordine's own words and habits: no streams, no `after`, lines newest first, `done`,
/// and one poll that fails.
fn ordine(end: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let polls = AtomicUsize::new(0);
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                head.push(byte[0]);
            }
            let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            let mut body = vec![0; length.and_then(|text| text.parse().ok()).unwrap_or(0)];
            stream.read_exact(&mut body).unwrap();
            let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let (status, answer) = match path.as_str() {
                "/api/pipelines/pipe%2f1/run" => (202, json!({"jobId": "j 1"})),
                "/api/jobs/j%201" => match polls.fetch_add(1, Ordering::SeqCst) {
                    0 => (200, json!({"id": "j 1", "status": "running"})),
                    1 => (500, json!({"error": "hiccup"})),
                    _ => (200, json!({"id": "j 1", "status": end, "error": "it broke"})),
                },
                path if path.starts_with("/api/jobs/j%201/traces") => {
                    let known = if polls.load(Ordering::SeqCst) < 2 { 2 } else { 4 };
                    let line = |id: i32| json!({"id": id, "level": "info", "message": format!("line {id}")});
                    (200, (1..=known).rev().map(line).collect())
                }
                _ => (404, json!({"error": "not found"})),
            };
            let answer = answer.to_string();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
                answer.len()
            );
        }
    });
    address
}

#[test]
fn an_original_ordine_server_is_followed_by_polling() {
    let on = |end: &'static str| {
        run(weir().env("ORDINE_API_URL", format!("http://{}", ordine(end))).args(["run", "pipe/1", "-i", "here"]))
    };
    let (done, failed, cancelled) = std::thread::scope(|scope| {
        let runs = ["done", "failed", "cancelled"].map(|end| scope.spawn(move || on(end)));
        runs.map(|run| run.join().unwrap()).into()
    });
    assert_eq!(done.0, 0, "{}", done.2);
    assert!(done.1.starts_with("Triggering pipeline pipe/1...\nJob created: j 1\n"), "{}", done.1);
    let lines: Vec<&str> = done.1.lines().filter(|line| line.starts_with("line")).collect();
    assert_eq!(lines, ["line 1", "line 2", "line 3", "line 4"]);
    assert_eq!(failed.0, 1);
    assert!(failed.2.contains("it broke"), "{}", failed.2);
    assert_eq!(cancelled.0, 1);
}

#[test]
fn wrong_usage_and_absent_servers_have_their_codes_and_words() {
    let (code, out, err) = run(weir().args(["jobs", "lsit"]));
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with("weir: failed to read the command line: "), "{err}");
    let (code, _, err) = run(weir().env("WEIR_URL", "http://127.0.0.1:9").arg("ls"));
    assert_eq!(code, 4);
    let words = "weir: failed to list the pipelines: cannot reach the server at http://127.0.0.1:9: ";
    assert!(err.starts_with(words), "{err}");
    assert_eq!(run(weir().env("WEIR_URL", "ftp://x").arg("ls")).0, 2);
    assert_eq!(run(weir().args(["run", "p", "-v", "1=2"])).0, 2);
    let (code, out, _) = run(weir().arg("--version"));
    assert_eq!((code, out), (0, format!("weir {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn exec_hands_artifacts_on_and_says_how_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let exec = |definition: &str, arguments: &[&str]| {
        std::fs::write(folder.path().join(".gitlab-ci.yml"), definition).unwrap();
        run(weir().arg("exec").args(arguments).current_dir(folder.path()))
    };
    let good = "stages: [a, b]\nmake: {stage: a, script: ['echo $WHO > out'], artifacts: {paths: [out]}}\nuse: {stage: b, script: ['cat out']}\n";
    let (code, out, err) = exec(good, &["-v", "WHO=somebody"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("use  | somebody"), "{out}");
    assert!(!folder.path().join("out").exists(), "a job works on a copy");
    let (code, out, _) = exec("a: {script: ['exit 3']}\n", &[]);
    assert_eq!((code, out.contains("ended with exit code 3")), (1, true), "{out}");
    let (code, _, err) = exec("a: {scirpt: ['x']}\n", &[]);
    assert_eq!((code, err.contains("did you mean `script`?")), (1, true), "{err}");
    let (code, _, err) = exec(good, &["nobody"]);
    assert_eq!((code, err.contains("the jobs are make, use")), (2, true), "{err}");
    let (code, out, _) = exec("gate: {script: [echo x], when: manual, allow_failure: false}\n", &[]);
    assert_eq!((code, out.contains("manual")), (1, true), "{out}");
    let (code, out, _) = exec("gate: {script: [echo x], when: manual, allow_failure: false}\n", &["gate", "--json"]);
    assert_eq!((code, serde_json::from_str::<Value>(&out).unwrap()["status"].clone()), (0, json!("success")));
}

/// A folder with a definition, and `weir` in it.
fn folder_of(definition: &str) -> (tempfile::TempDir, impl Fn(&[&str]) -> (i32, String, String)) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".gitlab-ci.yml"), definition).unwrap();
    let path = folder.path().to_owned();
    (folder, move |arguments: &[&str]| run(weir().args(arguments).current_dir(&path)))
}

#[test]
fn exec_refuses_reports_as_a_server_does() {
    let (_folder, weir) = folder_of(
        "stages: [a, b]
make:
  stage: a
  script: ['printf \"GOOD=1\\nno line\\n\" > v.env']
  retry: {max: 2, when: runner_system_failure}
  artifacts: {reports: {dotenv: v.env}}
use: {stage: b, script: ['echo \"[$GOOD]\"']}
",
    );
    let (code, out, err) = weir(&["exec", "--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 1, "{out}{err}");
    let make = &told["jobs"][0];
    assert_eq!((&make["status"], &make["attempts"]), (&json!("failed"), &json!(1)), "{told}");
    assert_eq!(make["reason"]["failure"], "script_failure", "{told}");
    let detail = make["reason"]["detail"].as_str().unwrap();
    assert!(detail.contains("the report dotenv is not valid: line 2"), "{detail}");
    assert_eq!(told["jobs"][1]["status"], "skipped");
}

#[test]
fn exec_tells_rules_and_scripts_the_same_as_a_server() {
    let (_folder, weir) = folder_of(
        r#"workflow: {name: "Build $CI_COMMIT_BRANCH"}
ship:
  image: ignored
  timeout: 10 minutes
  when: manual
  environment: {name: review/$CI_COMMIT_BRANCH, url: "https://$WHERE.example.org"}
  variables: {WHERE: here}
  script:
    - echo "[$CI_PIPELINE_IID] [$CI_PIPELINE_NAME] [$CI_JOB_TIMEOUT] [$CI_JOB_MANUAL] [$CI_JOB_IMAGE]"
    - echo "[$CI_ENVIRONMENT_URL] [$CI_ENVIRONMENT_SLUG]"
    - test -n "$CI_PIPELINE_CREATED_AT" && test -n "$CI_JOB_STARTED_AT" && test -n "${GITLAB_USER_EMAIL+set}"
  rules:
    - if: $CI_PIPELINE_IID == "1" && $CI_PIPELINE_NAME == "Build main" && $CI_JOB_TIMEOUT == "600"
        && $CI_JOB_MANUAL == "true" && $CI_JOB_IMAGE == "ignored" && $CI_PIPELINE_CREATED_AT =~ /^20/
        && $CI_ENVIRONMENT_URL == "https://here.example.org" && $CI_ENVIRONMENT_TIER == "development"
        && $GITLAB_USER_EMAIL != null && $CI_JOB_ID == null
plain: {script: 'true', rules: [{if: $CI_JOB_TIMEOUT == "3600" && $CI_JOB_MANUAL == null && $CI_JOB_IMAGE == null}]}
"#,
    );
    let (code, out, err) = weir(&["plan"]);
    assert!(code == 0 && out.contains("ship  (manual") && out.contains("plain"), "{out}{err}");
    let (code, out, err) = weir(&["exec", "--containers", "ignore", "ship"]);
    assert_eq!(code, 0, "{out}{err}");
    assert!(out.contains("[1] [Build main] [600] [true] [ignored]"), "{out}");
    assert!(out.contains("[https://here.example.org] [review-main-"), "{out}");
}

#[test]
fn exec_asks_of_the_jobs_that_are_wanted_only_what_it_can_do() {
    let (_folder, weir) = folder_of(
        "stages: [a, b, c]
later: {stage: a, when: delayed, start_in: 1 week, script: 'echo later'}
lock: {stage: c, resource_group: live, script: 'true'}
needs-it: {stage: c, needs: [later], script: 'echo done'}
one: {stage: b, script: 'echo one'}
",
    );
    let (code, out, err) = weir(&["exec", "one"]);
    assert!(code == 0 && out.contains("one") && !out.contains("later"), "{out}{err}");
    let (code, _, err) = weir(&["exec", "needs-it"]);
    assert!(code == 1 && err.contains("`later` asks for `start_in`") && err.contains("name the job"), "{err}");
    let (code, out, err) = weir(&["exec", "later", "needs-it"]);
    assert!(code == 0 && out.contains("done"), "{out}{err}");
    let (code, _, err) = weir(&["exec"]);
    assert!(code == 1 && err.contains("`lock` asks for `resource_group`"), "{err}");
    assert!(err.contains(":3:18") && err.contains("lock: {stage: c, resource_group: live"), "at the keyword: {err}");
}

/// The name that a person gave, in everything that is said of the file.
#[test]
fn findings_are_in_the_file_that_was_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |text: &str| std::fs::write(folder.path().join("bad.yml"), text).unwrap();
    let here = |arguments: &[&str]| run(weir().args(arguments).current_dir(folder.path()));
    write("a:\n  scirpt: x\n");
    let (server, mut stopped) = (Server::start(1), Server::start(1));
    stopped.stop();
    // Without a server that has the folder, and with one.
    for data in [stopped.data.to_str().unwrap(), server.data.to_str().unwrap()] {
        let (code, _, err) = here(&["project", "create", "me/x", "--data", data]);
        assert_eq!(code, 0, "{err}");
        let create = ["pipeline", "create", "wrong", "--project", "me/x", "--file", "bad.yml", "--data", data];
        let (code, _, err) = here(&create);
        assert!(code == 3 && err.contains("bad.yml:2") && !err.contains(".gitlab-ci.yml"), "{code} {err}");
    }
    write("a: {script: x, environment: '$NAME', variables: {NAME: '<no name>'}}\n");
    let (code, _, err) = here(&["lint", "-f", "bad.yml"]);
    assert!(code == 1 && err.contains("bad.yml:1:1") && !err.contains(".gitlab-ci.yml"), "{code} {err}");
    write("a: {script: x, when: delayed, start_in: 1 h}\n");
    let (code, _, err) = here(&["exec", "-f", "bad.yml"]);
    assert!(code == 1 && err.contains("bad.yml:1:31") && !err.contains(".gitlab-ci.yml"), "{code} {err}");
}

#[test]
fn a_definition_with_files_of_other_projects_is_checked_with_copies_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let tools = support::repository(&[("build.yml", "build: {script: make}\n"), ("docs/readme.md", "")]);
    let definition = "include: [{project: acme/tools, ref: main, file: build.yml}]
docs: {script: make docs, rules: [{exists: {project: acme/tools, paths: ['docs/*.md']}}]}
";
    std::fs::write(folder.path().join(".gitlab-ci.yml"), definition).unwrap();
    let (code, _, err) = run(weir().arg("lint").arg(folder.path()));
    assert!(code == 1 && err.contains("`--include-project acme/tools=FOLDER`"), "{err}");
    let copy = format!("acme/tools={}", tools.path().display());
    let (code, out, err) = run(weir().args(["lint", "--include-project", &copy]).arg(folder.path()));
    assert!(code == 0 && out.contains("valid, 2 jobs"), "{out}{err}");
    let (code, _, err) = run(weir().args(["lint", "--include-project", "tools"]).arg(folder.path()));
    assert!(code == 2 && err.contains("GROUP/NAME=FOLDER"), "{code} {err}");
}

#[test]
fn a_plan_tells_how_long_jobs_took_the_last_time_and_why_others_are_left_out() {
    let server = Server::start(1);
    let definition = "one: {script: 'true'}\ntwo: {script: x, rules: [{if: '$A == \"b\" && $C =~ /dd/'}]}\n";
    server.pipeline("known", definition);
    server.ended(server.run("known"));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ci.yml");
    std::fs::write(&file, definition).unwrap();
    let plan =
        |arguments: &[&str]| run(weir().env("WEIR_URL", &server.url).args(["plan", "-f"]).arg(&file).args(arguments));
    let (code, out, err) = plan(&["--pipeline", "known"]);
    assert!(code == 0 && out.contains("the last time"), "{out}{err}");
    assert!(out.contains("$A is not set") && out.contains("$C is not set"), "{out}");
    let (code, out, _) = plan(&[]);
    assert!(code == 0 && !out.contains("the last time"), "{out}");
}

#[test]
fn inputs_and_questions_are_answered_on_the_command_line() {
    let server = Server::start(1);
    let definition = "spec: {inputs: {who: {}}}
---
one: {script: 'echo \"hello $[[ inputs.who ]]\"'}
ask: {script: 'true', when: manual, manual_confirmation: 'Really?'}
";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ci.yml");
    std::fs::write(&file, definition).unwrap();
    let (code, _, err) = run(weir().args(["lint", "-f"]).arg(&file));
    assert!(code == 1 && err.contains("`who`"), "{err}");
    let (code, out, err) = run(weir().args(["exec", "--with", "who=you", "-f"]).arg(&file).arg("one"));
    assert!(code == 0 && out.contains("hello you"), "{out}{err}");
    // A definition that asks for something can be kept; a run of it has to give it.
    server.pipeline("in", definition);
    let (status, answer) = server.send("POST", "/api/pipelines/in/run", &json!({}));
    assert!(status == 400 && answer["error"].as_str().unwrap().contains("`who`"), "{answer}");
    let weir_run = |arguments: &[&str]| {
        run(weir().env("WEIR_URL", &server.url).args(["run", "in", "--no-follow"]).args(arguments))
    };
    let (code, _, err) = weir_run(&[]);
    assert!(code == 3 && err.contains("`who`"), "{code} {err}");
    let (code, out, err) = weir_run(&["--with", "who=all"]);
    assert!(code == 0, "{out}{err}");
    server.pipeline("ask", "ask: {script: 'true', when: manual, manual_confirmation: 'Really?'}\n");
    let view = server.view(server.run("ask"));
    let id = support::job(&view, "ask").id.to_string();
    let play =
        |arguments: &[&str]| run(weir().env("WEIR_URL", &server.url).args(["jobs", "play", &id]).args(arguments));
    let (code, _, err) = play(&[]);
    assert!(code == 2 && err.contains("Really?") && err.contains("--yes"), "{code} {err}");
    let (code, out, err) = play(&["--yes"]);
    assert!(code == 0, "{out}{err}");
}

#[test]
fn a_refused_run_shows_the_line_and_a_caret_like_lint() {
    let server = Server::start(1);
    let repository = support::repository(&[(".gitlab-ci.yml", "test:\n  scirpt: make\n  stage: nowhere\n")]);
    server.project("team/wrong", repository.path(), "wrong");
    let (code, _, err) = run(weir().env("WEIR_URL", &server.url).args(["run", "wrong", "--no-follow"]));
    assert_eq!(code, 3, "{err}");
    let (_, _, lint) = run(weir().args(["lint"]).arg(repository.path()));
    for shown in ["2 |   scirpt: make", "^^^^^^", "did you mean `script`?", "nowhere"] {
        assert!(lint.contains(shown) && err.contains(shown), "{shown}: lint\n{lint}\nrun\n{err}");
    }
}
