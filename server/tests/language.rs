//! The examples of `docs/language.md` are run: on a real server with its runner, in a repository that has what they
//! call. Whatever waits for a person or a time is played.

#[path = "../../pipeline/tests/common/examples.rs"]
mod examples;
mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use model::plan::{Access, When};
use model::view::RunView;
use model::{Reason, RunId, Status};
use serde_json::json;
use support::{Server, eventually, git, job, repository, statuses, weir};

/// What the examples call besides `make`: all of them do nothing well, but for the one that writes a definition.
const PROGRAMS: &[&str] = &["deploy", "download", "flaky", "lint", "prepare"];
const NOTHING: &str = "#!/bin/sh\nexit 0\n";
const GENERATE: &str = "#!/bin/sh\necho \"made: {script: 'true'}\"\n";

/// The examples of the page, each with the line that it begins in.
fn page() -> Vec<(usize, String)> {
    examples::of(&std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/language.md")).unwrap())
}

/// The repository that the page speaks of.
fn shop() -> tempfile::TempDir {
    let deploy = "spec:\n  inputs:\n    environment:\n    replicas: {type: number, default: 1}\n---\n\
                  deploy-$[[ inputs.environment ]]: {script: ./deploy}\n";
    let folder = repository(&[
        ("ci/build.yml", "build: {stage: build, script: make}\n"),
        ("ci/deploy.yml", deploy),
        ("src/main", "\n"),
        ("deploy.yml", "\n"),
        ("bin/make", NOTHING),
        ("generate", GENERATE),
    ]);
    for name in PROGRAMS {
        std::fs::write(folder.path().join(name), NOTHING).unwrap();
    }
    for name in PROGRAMS.iter().chain(&["bin/make", "generate"]) {
        std::fs::set_permissions(folder.path().join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    git(folder.path(), &["add", "."]);
    git(folder.path(), &["commit", "-qm", "Programs"]);
    folder
}

fn create_project(server: &Server, path: &str, source: &Path) {
    let arguments = ["project", "create", path, "--source", source.to_str().unwrap(), "--data"];
    let output = weir().args(arguments).arg(&server.data).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Plays what does not start by itself, until nothing is left to do.
fn played(server: &Server, run: RunId) -> RunView {
    eventually("the run ends", || {
        let view = server.view(run);
        let waiting = |status: Status| matches!(status, Status::Manual | Status::Scheduled);
        let to_play: Vec<_> = view.jobs.iter().filter(|job| !job.retried && waiting(job.status)).collect();
        for job in &to_play {
            server.form("/rpc/job/play", &format!("id={}", job.id));
        }
        let at_rest = to_play.is_empty() && view.jobs.iter().all(|job| job.status.is_final() || skipped(job.status));
        at_rest.then_some(view)
    })
}

fn skipped(status: Status) -> bool {
    status == Status::Skipped
}

/// Starts a run with a variable of its own.
fn run_with(server: &Server, key: &str, variables: &serde_json::Value) -> RunId {
    let body = json!({ "variables": variables });
    let (status, answer) = server.send("POST", &format!("/api/pipelines/{key}/run"), &body);
    assert_eq!(status, 202, "{answer}");
    RunId(answer["runId"].as_i64().unwrap())
}

#[test]
fn a_child_gets_to_know_what_forward_says() {
    let server = Server::start(4);
    let parent = "variables: {OWN: file}
plain: {trigger: {include: child.yml, strategy: depend}}
all: {trigger: {include: child.yml, strategy: mirror, forward: {pipeline_variables: true}}}
none: {trigger: {include: child.yml, strategy: depend, forward: {yaml_variables: false}}}
";
    let child = "say: {script: 'echo \"[$OWN] [$GIVEN] [$CI_PIPELINE_SOURCE]\"'}\n";
    let repository = repository(&[(".gitlab-ci.yml", parent), ("child.yml", child)]);
    server.project("me/shop", repository.path(), "shop");
    let view = server.ended(run_with(&server, "shop", &json!({ "GIVEN": "run" })));
    assert_eq!(view.run.status, Status::Success, "{:?}", statuses(&view));
    for (bridge, told) in [("plain", "[file] []"), ("all", "[file] [run]"), ("none", "[] []")] {
        let child = server.view(job(&view, bridge).child.unwrap());
        let log = server.trace(job(&child, "say"));
        assert!(log.contains(&format!("{told} [parent_pipeline]")), "{bridge}: {log}");
    }
}

#[test]
fn what_a_rule_says_of_time_and_what_a_job_shows_reach_the_run() {
    let server = Server::start(2);
    server.pipeline(
        "words",
        "later: {script: 'true', rules: [{if: $CI, when: delayed, start_in: 1 week}]}
shown: {script: 'echo x > f', artifacts: {paths: [f], expose_as: the file, access: maintainer}}
tier: {script: 'echo \"[$CI_ENVIRONMENT_TIER]\"', environment: {name: prod, deployment_tier: staging}}
",
    );
    let run = server.run("words");
    let done = |view: &RunView, name: &str| job(view, name).status == Status::Success;
    let view = server.until(run, "two end", |view| done(view, "shown") && done(view, "tier"));
    let later = job(&view, "later");
    assert_eq!(later.status, Status::Scheduled);
    assert!(matches!(later.reason, Reason::WaitsForTime { at: Some(_) }), "{:?}", later.reason);
    let file = &job(&view, "shown").artifacts[0];
    assert_eq!((file.exposed_as.as_deref(), file.access), (Some("the file"), Access::Maintainer));
    assert!(server.trace(job(&view, "tier")).contains("[staging]"));
}

/// What is said of a definition, in one line each.
fn said(findings: &[serde_json::Value], place: impl Fn(&serde_json::Value) -> String) -> Vec<String> {
    let one = |found: &serde_json::Value| {
        format!("{} {} ({})", place(found), found["message"].as_str().unwrap(), found["hint"].as_str().unwrap_or("-"))
    };
    let mut all: Vec<String> = findings.iter().map(one).collect();
    all.sort();
    all
}

#[test]
fn the_editor_the_run_form_and_the_command_line_say_the_same() {
    let server = Server::start(1);
    let child = "spec: {inputs: {size: {default: small}}}\n---\nx: {script: 'true'}\n";
    let wrong = "variables:
  A: $B
  B: $A
build:
  scirpt: make
  rules:
    - if: >
        $CI_COMMIT_BRANCH == \"main\" &&
        $X = 1
test: {script: make, needs: [biuld], environment: {name: live, on_stop: nobody}}
";
    let odd = "variables: {ON: yes, NOTHING: }
build: {stage: build, script: make, rules: [{if: '$CI_JOB_ID'}, {when: always}], cache: {key: x}}
start:
  trigger:
    include:
      - local: child.yml
        inputs: {sise: large}
";
    let left_out = "a: {script: make, rules: [{if: $CI_COMMIT_BRANCH == \"dev\"}]}\n";
    for (i, (text, valid)) in [(wrong, false), (odd, true), (left_out, true)].into_iter().enumerate() {
        let repository = repository(&[(".gitlab-ci.yml", text), ("child.yml", child)]);
        let key = format!("shop{i}");
        server.project(&format!("me/{key}"), repository.path(), &key);
        let output =
            weir().args(["--json", "lint", "--source", "web"]).current_dir(repository.path()).output().unwrap();
        let lint: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(lint["status"] == "ok", valid, "{lint}");
        let of = |name: &str| lint[name].as_array().unwrap().clone();
        let flat = |one: &serde_json::Value| format!("{}:{}", one["line"], one["column"]);
        let wanted = said(&[of("errors"), of("warnings")].concat(), flat);
        assert!(!wanted.is_empty());
        let spanned = |one: &serde_json::Value| format!("{}:{}", one["span"]["line"], one["span"]["column"]);
        let (status, editor) = server.send("POST", "/rpc/lint", &json!({ "text": text, "of": key }));
        assert_eq!(status, 200, "{editor}");
        assert_eq!(said(editor["diagnostics"].as_array().unwrap(), spanned), wanted, "the editor");
        let (status, form) = server.form("/rpc/pipeline/plan", &format!("key={key}"));
        let form: serde_json::Value = serde_json::from_str(&form).unwrap();
        assert_eq!(status, 200, "{form}");
        assert_eq!(said(form["diagnostics"].as_array().unwrap(), spanned), wanted, "the run form");
    }
}

#[test]
fn every_example_of_the_page_runs() {
    let (shop, scratch) = (shop(), tempfile::tempdir().unwrap());
    let mut server = Server::start(4);
    server.stop();
    server.arguments = ["--containers", "ignore", "--runner-tags", "linux,gpu"].map(str::to_owned).to_vec();
    server.start_again();
    for path in ["me/shop", "tools/settings"] {
        create_project(&server, path, shop.path());
    }
    // The examples' programs are found, and what one of them sets for git is set nowhere else.
    let variables = json!({
        "PATH": "$CI_PROJECT_DIR/bin:/usr/local/bin:/usr/bin:/bin",
        "GIT_CONFIG_GLOBAL": scratch.path().join("gitconfig"),
    });
    let started: Vec<(usize, RunId, String)> = page()
        .into_iter()
        .map(|(line, text)| {
            let key = format!("line-{line}");
            let body = json!({ "id": key, "name": key, "projectId": "me/shop", "definition": text });
            let (status, answer) = server.send("POST", "/api/pipelines", &body);
            assert_eq!(status, 201, "line {line}: {answer}");
            (line, run_with(&server, &key, &variables), text)
        })
        .collect();
    assert!(started.len() > 30, "{} examples", started.len());
    for (line, run, text) in started {
        let view = played(&server, run);
        let log = || view.jobs.iter().map(|job| server.trace(job)).collect::<String>();
        assert_eq!(view.run.status, Status::Success, "line {line}: {:?}\n{}", statuses(&view), log());
        // What is for failures alone is skipped.
        let plan = pipeline::plan(&text, &pipeline::Context::default()).plan;
        for job in view.jobs.iter().filter(|job| job.status != Status::Success) {
            let planned = plan.as_ref().and_then(|plan| plan.jobs.iter().find(|one| one.name == job.name));
            let for_failures = planned.is_some_and(|one| one.when == When::OnFailure);
            assert!(skipped(job.status) && for_failures, "line {line}: {} is {}", job.name, job.status);
        }
    }
}

#[test]
fn a_valid_definition_without_a_run_has_no_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(".gitlab-ci.yml"), "a: {stage: .pre, script: [x]}\n").unwrap();
    for command in ["lint", "plan"] {
        let said = weir().arg(command).arg(folder.path()).output().unwrap();
        let err = String::from_utf8(said.stderr).unwrap();
        assert_eq!((said.status.code(), said.stdout.as_slice()), (Some(0), &[][..]), "{err}");
        assert!(err.starts_with("warning: no run can be made"), "{err}");
    }
}
