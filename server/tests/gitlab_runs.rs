//! GitLab's API about runs that a runner ran, over a real server: whole answers, what settings of a project do to its
//! jobs, and what is too large.

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};
use support::gitlab::{Team, refused};
use support::{eventually, git, repository};

/// Something of everything.
const DEFINITION: &str = r#"
stages: [build, test, deploy]
build:
  stage: build
  script: ['echo "built for $WHO"', 'mkdir -p out', 'echo hello >out/hello.txt']
  artifacts: {paths: [out], expire_in: 1 day}
unit:
  stage: test
  coverage: '/coverage (\d+\.\d+)%/'
  script:
    - echo "coverage 81.5%"
    - |
      cat >report.xml <<'XML'
      <testsuite name="s">
        <testcase name="adds" classname="Cart" file="cart_test.py" time="0.5"/>
        <testcase name="sums" classname="Cart" time="0.25"><failure message="1 is not 2">why</failure><system-out>said</system-out></testcase>
        <testcase name="later" classname="Cart"><skipped/></testcase>
      </testsuite>
      XML
  artifacts: {reports: {junit: report.xml}}
flaky: {stage: test, allow_failure: true, script: [exit 3]}
child: {stage: test, trigger: {include: child.yml, strategy: depend}}
ship: {stage: deploy, when: manual, environment: {name: production, url: "https://shop.example.org"}, resource_group: live, script: [echo shipped]}
"#;

/// A snapshot of an answer.
macro_rules! shown {
    ($team:expr, $name:literal, $value:expr) => {
        insta::assert_json_snapshot!($name, $team.plain(&$value))
    };
}

/// Starts a run of the project 1, with these fields; its number.
fn start(team: &Team, fields: &Value) -> i64 {
    team.send("POST", "/projects/1/pipeline", fields, 201)["id"].as_i64().unwrap()
}

/// A job of a run by its name.
fn job(team: &Team, run: i64, name: &str) -> Value {
    let jobs = team.get(&format!("/projects/1/pipelines/{run}/jobs"));
    jobs.as_array().unwrap().iter().find(|job| job["name"] == name).cloned().unwrap_or_default()
}

/// Commits a file on `main`.
fn commit(folder: &std::path::Path, file: &str, text: &str) {
    std::fs::write(folder.join(file), text).unwrap();
    git(folder, &["add", "."]);
    git(folder, &["commit", "-qm", "More"]);
}

#[test]
fn a_run_in_all_its_parts() {
    let team = Team::new();
    let source = repository(&[(".gitlab-ci.yml", DEFINITION), ("child.yml", "inner: {script: [echo inner]}\n")]);
    team.project("shop/web", Some(source.path().to_str().unwrap()));
    team.server.admin(&["pipeline", "create", "web", "--project", "shop/web"]);
    let variables = json!([{"key": "WHO", "value": "ada"}, {"key": "NOTE", "value": "x", "variable_type": "file"}]);
    let run = start(&team, &json!({"ref": "main", "variables": variables}));
    let at = format!("/projects/1/pipelines/{run}");
    eventually("the run comes to rest", || (team.get(&at)["status"] == "success").then_some(()));
    shown!(team, "run", team.get(&at));
    shown!(team, "runs", team.get("/projects/1/pipelines?source=parent_pipeline"));
    shown!(team, "jobs", team.get(&format!("{at}/jobs")));
    shown!(team, "bridges", team.get(&format!("{at}/bridges")));
    assert_eq!(team.get(&format!("{at}/trigger_jobs")), team.get(&format!("{at}/bridges")));
    shown!(team, "variables", team.get(&format!("{at}/variables")));
    shown!(team, "test_report", team.get(&format!("{at}/test_report")));
    shown!(team, "test_report_summary", team.get(&format!("{at}/test_report_summary")));
    shown!(team, "lint_of_the_project", team.get("/projects/1/ci/lint?include_jobs=true"));
    let ship = job(&team, run, "ship")["id"].clone();
    team.send("POST", &format!("/projects/1/jobs/{ship}/play"), &json!({}), 200);
    let played = format!("/projects/1/jobs/{ship}");
    eventually("it is shipped", || (team.get(&played)["status"] == "success").then_some(()));
    shown!(team, "environment_with_deployment", team.get("/projects/1/environments/1"));
    shown!(team, "jobs_of_runner", team.get("/runners/1/jobs?per_page=1&sort=asc"));
    // A retried job is where it was, and in no list of its run.
    let old = job(&team, run, "build")["id"].clone();
    let new = team.send("POST", &format!("/projects/1/jobs/{old}/retry"), &json!({}), 201);
    shown!(team, "job_retried", new);
    assert_eq!(team.get(&format!("/projects/1/jobs/{old}"))["status"], "success");
    // What is about the project is the same wherever it stands.
    let scope = team.get("/projects/1")["ci_job_token_scope_enabled"].clone();
    assert_eq!(new["project"], json!({"ci_job_token_scope_enabled": scope}));
}

#[test]
fn settings_of_a_project_reach_its_jobs() {
    let team = Team::new();
    let source = repository(&[(
        ".gitlab-ci.yml",
        "a: {tags: [mine], script: [x]}\nb: {tags: [mine], script: [x], timeout: 11 minutes}\n",
    )]);
    team.project("shop/web", Some(source.path().to_str().unwrap()));
    team.server.admin(&["pipeline", "create", "web", "--project", "shop/web"]);
    let draft = json!({"runner_type": "project_type", "project_id": 1, "tag_list": ["mine"]});
    let token = team.send("POST", "/user/runners", &draft, 201)["token"].clone();
    let take = || {
        let ask = json!({"token": token, "system_id": "s_1", "info": {"features": {}}});
        let (status, payload) = team.ask("", "POST", "/jobs/request", &ask);
        assert_eq!(status, 201, "{payload}");
        payload
    };
    let value = |payload: &Value, name: &str| -> Value {
        let all = payload["variables"].as_array().unwrap();
        all.iter().rfind(|one| one["key"] == name).map_or(Value::Null, |one| one["value"].clone())
    };
    for (timeout, depth) in [(1200, 7), (86_400, 0)] {
        team.send("PUT", "/projects/1", &json!({"build_timeout": timeout, "ci_default_git_depth": depth}), 200);
        start(&team, &json!({"ref": "main"}));
        let (first, second) = (take(), take());
        assert_eq!(first["runner_info"]["timeout"], timeout, "{first}");
        assert_eq!(second["runner_info"]["timeout"], 660, "what the definition says counts more");
        assert_eq!(first["git_info"]["depth"], depth);
        let namespace = team.get("/projects/1")["namespace"]["id"].clone();
        assert_eq!(value(&first, "CI_PROJECT_NAMESPACE_ID"), json!(namespace.to_string()));
        assert_eq!(value(&first, "CI_PROJECT_ID"), "1");
    }
    // A variable of the definition counts more than the setting.
    start(&team, &json!({"ref": "main", "variables": [{"key": "GIT_DEPTH", "value": "3"}]}));
    assert_eq!(take()["git_info"]["depth"], 3);
}

#[test]
fn a_newer_commit_ends_what_older_runs_have_not_begun_unless_the_project_says_otherwise() {
    let team = Team::new();
    // Nobody takes its job.
    let source = repository(&[(".gitlab-ci.yml", "a: {tags: [nobody], script: [x]}\n")]);
    team.project("shop/web", Some(source.path().to_str().unwrap()));
    team.server.admin(&["pipeline", "create", "web", "--project", "shop/web"]);
    let status = |run: i64| team.get(&format!("/projects/1/pipelines/{run}"))["status"].clone();
    let mut last = start(&team, &json!({"ref": "main"}));
    for (setting, left) in [("disabled", "pending"), ("enabled", "canceled"), ("disabled", "pending")] {
        team.send("PUT", "/projects/1", &json!({"auto_cancel_pending_pipelines": setting}), 200);
        assert_eq!(team.get("/projects/1")["auto_cancel_pending_pipelines"], setting);
        commit(source.path(), "more.txt", &format!("{setting} {last}"));
        let next = start(&team, &json!({"ref": "main"}));
        assert_eq!(status(last), left, "{setting}");
        assert_eq!(status(next), "pending", "{setting}");
        last = next;
    }
}

#[test]
fn a_file_that_is_too_large_is_told_as_that() {
    let team = Team::new();
    let source = repository(&[("small.txt", "small\n")]);
    let file = std::fs::File::create(source.path().join("large.bin")).unwrap();
    file.set_len((20 << 20) + 1).unwrap();
    git(source.path(), &["add", "."]);
    git(source.path(), &["commit", "-qm", "Large"]);
    team.project("shop/web", Some(source.path().to_str().unwrap()));
    shown!(team, "commits", team.get("/projects/1/repository/commits"));
    let large = json!({"message": "413 large.bin is larger than 20 MiB"});
    refused(
        &team,
        &[
            ("GET", "/projects/1/repository/files/large.bin?ref=main", Value::Null, 413, large.clone()),
            ("GET", "/projects/1/repository/files/large.bin/raw?ref=main", Value::Null, 413, large),
        ],
    );
    assert_eq!(team.get("/projects/1/repository/files/small.txt?ref=main")["size"], 6);
}

#[test]
fn a_conflict_is_in_the_status_line_and_a_large_body_is_refused() {
    let team = Team::new();
    let address = team.server.url.strip_prefix("http://").unwrap();
    // The first line of an answer, to a request with a body of so many bytes.
    let first_line = |method: &str, path: &str, length: usize| {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
        let head = format!(
            "{method} /api/v4{path} HTTP/1.1\r\nhost: {address}\r\nprivate-token: {}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n",
            team.root
        );
        stream.write_all(head.as_bytes()).unwrap();
        let piece = vec![b' '; 1 << 20];
        for _ in 0..length >> 20 {
            // Whoever is refused early may find that nobody listens any more.
            if stream.write_all(&piece).is_err() {
                break;
            }
        }
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        line.trim().to_owned()
    };
    team.project("shop/web", None);
    for path in ["/projects/1/variables", "/projects/1/pipeline", "/projects/1/ci/lint", "/ci/lint"] {
        assert_eq!(first_line("POST", path, 100 << 20), "HTTP/1.1 413 Payload Too Large", "{path}");
    }
    assert_eq!(team.get("/projects/1/variables"), json!([]), "nothing of it was kept");
    // Where the server is root's, the job is somebody else.
    let open = tempfile::tempdir().unwrap();
    std::fs::set_permissions(open.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let marker = open.path().join("runs.mark");
    let wait = format!("touch {}; sleep 600", marker.display());
    let file = team.server.data.join("wait.yml");
    std::fs::write(&file, json!({"wait": {"script": [wait]}}).to_string()).unwrap();
    team.server.admin(&["pipeline", "create", "web", "--project", "shop/web", "--file", file.to_str().unwrap()]);
    let run = start(&team, &json!({"ref": "main"}));
    eventually("the job runs", || support::exists(&marker));
    assert_eq!(first_line("DELETE", "/runners/1", 0), "HTTP/1.1 409 Conflict: Resource lock");
    // A job that is being canceled may be tried again at once.
    let id = job(&team, run, "wait")["id"].clone();
    team.send("POST", &format!("/projects/1/jobs/{id}/cancel"), &json!({}), 201);
    let next = team.send("POST", &format!("/projects/1/jobs/{id}/retry"), &json!({}), 201);
    assert_ne!(next["id"], id);
    eventually("the first one ends", || {
        (team.get(&format!("/projects/1/jobs/{id}"))["status"] == "canceled").then_some(())
    });
    let twice = json!({"message": "403 Forbidden - Job is not retryable"});
    refused(&team, &[("POST", &format!("/projects/1/jobs/{id}/retry"), json!({}), 403, twice)]);
    team.send("POST", &format!("/projects/1/pipelines/{run}/cancel"), &json!({}), 200);
}

/// Whoever commits the file has a pipeline, as in GitLab.
#[test]
fn a_committed_definition_is_all_that_a_project_needs() {
    let team = Team::new();
    let source = repository(&[(".gitlab-ci.yml", "a: {script: 'true'}"), ("bare/readme", "")]);
    let source = source.path().to_str().unwrap();
    let (one, other) = (team.project("g/one", Some(source)), team.project("h/one", Some(source)));
    let at = |id: i64| format!("/projects/{id}/pipeline");
    // What is not there makes none.
    let unknown = json!({"message": {"base": ["Reference not found"]}});
    refused(&team, &[("POST", &at(one), json!({"ref": "nope"}), 400, unknown)]);
    assert_eq!(team.get("/../../api/pipelines"), json!([]));
    let runs: Vec<Value> = (0..2).map(|_| team.send("POST", &at(one), &json!({"ref": "main"}), 201)).collect();
    assert_eq!([&runs[0]["iid"], &runs[1]["iid"]], [&json!(1), &json!(2)], "there is one pipeline");
    team.send("POST", &at(other), &json!({"ref": "main"}), 201);
    let mut keys: Vec<String> = team
        .get("/../../api/pipelines")
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect();
    keys.sort();
    assert_eq!(keys, ["h-one", "one"]);
    // Where somebody made another one, it is that which runs.
    let made = team.project("g/two", Some(source));
    team.server.admin(&["pipeline", "create", "mine", "--project", "g/two"]);
    team.send("POST", &at(made), &json!({"ref": "main"}), 201);
    assert_eq!(team.get("/../../api/pipelines").as_array().unwrap().len(), 3);
    // And without a definition there is nothing to run.
    let none = team.project("g/none", None);
    let missing = json!({"message": {"base": ["Missing CI config file"]}});
    refused(&team, &[("POST", &at(none), json!({"ref": "main"}), 400, missing)]);
}

#[test]
fn a_run_has_begun_when_its_first_job_has() {
    let team = Team::new();
    let draft = json!({"runner_type": "instance_type", "tag_list": ["mine"]});
    let runner = team.send("POST", "/user/runners", &draft, 201);
    let take = || {
        let ask = json!({"token": runner["token"], "system_id": "s_1", "info": {"features": {}}});
        team.ask("", "POST", "/jobs/request", &ask)
    };
    let managers = format!("/runners/{}/managers", runner["id"]);
    for (at, other) in [
        "{when: manual, allow_failure: false, script: [x]}",
        "{when: delayed, start_in: 1 hour, script: [x]}",
        "{tags: [mine], resource_group: live, script: [x]}",
    ]
    .into_iter()
    .enumerate()
    {
        let text = format!("a: {{tags: [mine], resource_group: live, script: [x]}}\nb: {other}\n");
        let source = repository(&[(".gitlab-ci.yml", &text)]);
        let project = team.project(&format!("shop/web-{at}"), Some(source.path().to_str().unwrap()));
        let root = format!("/projects/{project}");
        let made = team.send("POST", &format!("{root}/pipeline"), &json!({"ref": "main"}), 201);
        assert_eq!(made["started_at"], Value::Null, "{other}");
        let path = format!("{root}/pipelines/{}", made["id"]);
        let (status, job) = take();
        assert_eq!(status, 201, "{job}");
        let begun = team.get(&path);
        assert_eq!((&begun["status"], begun["started_at"].is_string()), (&json!("running"), true), "{other}: {begun}");
        // The process that took it is at work, and was heard of just now.
        let process = team.get(&managers)[0].clone();
        assert_eq!(process["job_execution_status"], "active");
        assert_eq!(process["contacted_at"], team.get(&format!("/runners/{}", runner["id"]))["contacted_at"]);
        let end = json!({"token": job["token"], "state": "success"});
        assert_eq!(team.ask("", "PUT", &format!("/jobs/{}", job["id"]), &end).0, 200);
        assert_eq!(team.get(&path)["started_at"], begun["started_at"], "{other}");
        assert_eq!(team.get(&managers)[0]["job_execution_status"], "idle");
        team.send("POST", &format!("{path}/cancel"), &json!({}), 200);
    }
}
