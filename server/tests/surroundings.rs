//! Where jobs run and what they find there: environments, tags, images, resource groups, the name of the
//! run, variables of the server, files of other projects; with the real server and runner.

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Reason, Status};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use support::{Server, git, job, repository, statuses, weir};

#[test]
fn an_environment_is_deployed_to_redeployed_and_taken_down() {
    let server = Server::start(2);
    let definition = "stages: [deploy, stop]
up:
  stage: deploy
  script: ['echo ADDRESS=http://127.0.0.1:1/app > e.env', 'echo \"[$CI_ENVIRONMENT_NAME] [$CI_ENVIRONMENT_SLUG] [$CI_ENVIRONMENT_TIER] [$CI_ENVIRONMENT_ACTION] [$CI_ENVIRONMENT_URL]\"']
  artifacts: {reports: {dotenv: e.env}}
  environment: {name: review/$TOPIC, url: $ADDRESS/$CI_ENVIRONMENT_SLUG, on_stop: down}
  variables: {TOPIC: cart}
down:
  stage: stop
  when: manual
  script: 'echo \"[$CI_ENVIRONMENT_ACTION]\"'
  environment: {name: review/$TOPIC, action: stop}
  variables: {TOPIC: cart, GIT_STRATEGY: none}
";
    let view = server.run_to_end("review", definition);
    assert_eq!(view.run.status, Status::Success, "{:?}", statuses(&view));
    let up = job(&view, "up");
    let project = up.project_id;
    let listed = server.get(&format!("/api/v4/projects/{project}/environments"));
    let one = &listed[0];
    assert_eq!(
        (&one["name"], &one["state"], &one["tier"]),
        (&json!("review/cart"), &json!("available"), &json!("development"))
    );
    let slug = one["slug"].as_str().unwrap();
    assert_eq!(one["external_url"], format!("http://127.0.0.1:1/app/{slug}"), "{one}");
    let log = server.trace(up);
    assert!(log.contains(&format!("[review/cart] [{slug}] [development] [start] [$ADDRESS/{slug}]")), "{log}");
    let path = format!("/api/v4/projects/{project}/environments/{}", one["id"]);
    assert_eq!(server.get(&path)["last_deployment"]["deployable"]["id"], up.id.0);
    let (status, answer) = server.send("POST", &format!("{path}/stop"), &json!({}));
    assert_eq!(status, 200, "{answer}");
    let view = server.until(view.run.id, "the job takes it down", |view| job(view, "down").status == Status::Success);
    assert!(server.trace(job(&view, "down")).contains("[stop]"));
    assert_eq!(server.get(&path)["state"], "stopped");
    let (status, answer) = server.send("POST", &format!("{path}/stop"), &json!({}));
    assert_eq!((status, &answer["state"]), (200, &json!("stopped")), "what is stopped stays so: {answer}");
    let again = server.run("review");
    server.ended(again);
    assert_eq!(server.get(&path)["state"], "available");
}

#[test]
fn a_job_with_tags_waits_for_a_runner_that_has_them_all() {
    let mut server = Server::start(2);
    server.pipeline(
        "tagged",
        "variables: {OS: linux}\none: {script: 'true', tags: [\"$OS\", big]}\ntwo: {script: 'true'}\n",
    );
    let run = server.run("tagged");
    let view = server.until(run, "the other job runs", |view| job(view, "two").status == Status::Success);
    let one = job(&view, "one");
    assert_eq!(one.status, Status::Pending);
    assert_eq!(one.reason, Reason::WaitsForTags { tags: vec!["linux".into(), "big".into()] });
    let why = server.get(&format!("/api/v4/weir/jobs/{}/why", one.id)).to_string();
    assert!(why.contains("linux, big") && why.contains("no runner has them all"), "{why}");
    server.stop();
    server.arguments = vec!["--runner-tags".into(), "big,linux,more".into()];
    server.start_again();
    assert_eq!(server.ended(run).run.status, Status::Success);
}

#[test]
fn a_run_has_the_name_that_its_definition_gives_it() {
    let server = Server::start(2);
    let definition = "workflow: {name: 'Ship $WHAT ($CI_PIPELINE_SOURCE)'}
variables: {WHAT: it}
one: {script: 'echo \"[$CI_PIPELINE_NAME]\"'}
";
    let view = server.run_to_end("named", definition);
    assert_eq!(view.run.name.as_deref(), Some("Ship it (api)"));
    assert!(server.trace(job(&view, "one")).contains("[Ship it (api)]"));
}

#[test]
fn jobs_with_an_image_are_refused_before_the_run_starts() {
    let server = Server::start(1);
    server.send(
        "POST",
        "/api/pipelines",
        &json!({ "id": "boxed", "name": "boxed", "definition": "a: {script: 'true'}\n" }),
    );
    let body = json!({ "definition": "stages: [test]\nbuild:\n  image: alpine\n  script: make\n" });
    let (status, answer) = server.send("PATCH", "/api/pipelines/boxed", &body);
    assert!(status == 400 && answer.to_string().contains("--containers auto"), "{status} {answer}");
}

/// At the keyword, wherever the job has it from, and once where many jobs have it from one place.
#[test]
fn what_cannot_be_served_is_told_at_its_keyword() {
    let server = Server::start(1);
    let places = |definition: &str| -> Vec<(String, u64, u64)> {
        let (status, lint) = server.send("POST", "/rpc/lint", &json!({ "text": definition }));
        assert_eq!(status, 200, "{lint}");
        let found = lint["diagnostics"].as_array().unwrap().iter().filter(|one| one["severity"] == "error");
        let place = |one: &serde_json::Value| {
            let number = |key: &str| one["span"][key].as_u64().unwrap();
            (one["source_line"].as_str().unwrap().trim().to_owned(), number("line"), number("column"))
        };
        found.map(place).collect()
    };
    let own = "build:\n  script: make\n  services: [db]\n  image: alpine\n";
    assert_eq!(places(own), [("image: alpine".into(), 4, 3), ("services: [db]".into(), 3, 3)]);
    let shared =
        "default:\n  image: alpine\n.box: {script: make, services: [db]}\na: {extends: .box}\nb: {extends: .box}\n";
    let services = ".box: {script: make, services: [db]}";
    assert_eq!(places(shared), [("image: alpine".into(), 2, 3), (services.into(), 3, 22)]);
    let name = "a:\n  script: make\n  environment:\n    name: a<b\n";
    assert_eq!(places(name), [("name: a<b".into(), 4, 11)]);
}

#[test]
fn a_job_with_an_image_is_run_by_the_program_that_the_setting_names() {
    let engine = tempfile::tempdir().unwrap();
    let program = engine.path().join("engine");
    // Says yes to everything, notes the image, and runs the script on this machine.
    let text = r#"#!/bin/bash
case "$1 $2" in
    "run --rm")
        echo "$*" >> "$(dirname "$0")/asked"
        while [ "$1" != --env-file ]; do shift; done
        while IFS= read -r line; do export "$line"; done < "$2"
        exec "${@: -6}" ;;
esac
"#;
    std::fs::write(&program, text).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut server = Server::start(1);
    server.stop();
    server.arguments = vec!["--containers".into(), program.to_str().unwrap().into()];
    server.start_again();
    let definition = "one: {image: 'registry.example/$NAME:1', variables: {NAME: tools}, script: 'echo in it'}\n";
    let view = server.run_to_end("boxed", definition);
    let log = server.trace(job(&view, "one"));
    assert!(view.run.status == Status::Success && log.contains("in it"), "{log}");
    let asked = std::fs::read_to_string(engine.path().join("asked")).unwrap();
    assert!(asked.contains("registry.example/tools:1"), "{asked}");
}

#[test]
fn a_resource_group_gives_way_to_the_newest_run_when_told_so() {
    let server = Server::start(4);
    let gate = server.data.join("gate");
    let script = format!("until test -e {}; do sleep 0.02; done", gate.display());
    server.pipeline("deploy", &format!("one: {{script: '{script}', resource_group: live}}\n"));
    let first = server.run("deploy");
    let view = server.until(first, "the first has it", |view| job(view, "one").status == Status::Running);
    let path = format!("/api/v4/projects/{}/resource_groups/live", view.run.project_id);
    assert_eq!(server.get(&path)["process_mode"], "unordered");
    let (status, answer) = server.send("PUT", &path, &json!({ "process_mode": "newest_first" }));
    assert!(status == 200 && answer["process_mode"] == "newest_first", "{status} {answer}");
    let (status, answer) = server.send("PUT", &path, &json!({ "process_mode": "fastest" }));
    assert_eq!(status, 400, "{answer}");
    let (second, third) = (server.run("deploy"), server.run("deploy"));
    for run in [second, third] {
        server.until(run, "it waits", |view| job(view, "one").status == Status::WaitingForResource);
    }
    let upcoming = server.get(&format!("{path}/upcoming_jobs"));
    assert_eq!(upcoming[0]["pipeline"]["id"], third.0, "{upcoming}");
    std::fs::write(gate, "").unwrap();
    let (two, three) = (server.ended(second), server.ended(third));
    assert!(job(&three, "one").finished_at <= job(&two, "one").started_at, "the newest comes first");
}

#[test]
fn definitions_include_files_of_other_projects() {
    let server = Server::start(1);
    let templates = repository(&[("jobs/test.yml", "unit: {script: 'echo from the other project'}\n")]);
    server.project("me/templates", templates.path(), "templates");
    let definition = "include: [{project: me/templates, file: /jobs/test.yml, ref: main}]\n";
    let shop = repository(&[(".gitlab-ci.yml", definition)]);
    server.project("me/shop", shop.path(), "shop");
    let view = server.ended(server.run("shop"));
    assert!(server.trace(job(&view, "unit")).contains("from the other project"));
    for (included, problem) in [
        ("{project: me/none, file: x.yml}", "there is no project me/none"),
        ("{project: me/templates, file: x.yml}", "x.yml"),
        ("{project: me/templates, file: jobs/test.yml, ref: gone}", "gone"),
    ] {
        let body = json!({ "id": "p", "name": "p", "definition": format!("include: [{included}]\n") });
        let (status, answer) = server.send("POST", "/api/pipelines", &body);
        assert!(status == 400 && answer.to_string().contains(problem), "{status} {answer}");
    }
    let exists = "a: {script: x, rules: [{exists: {paths: ['d/*'], project: me/none}}]}\nb: {script: x}\n";
    let (status, answer) =
        server.send("POST", "/api/pipelines", &json!({ "id": "p", "name": "p", "definition": exists }));
    assert!(status == 400 && answer.to_string().contains("there is no project me/none"), "{status} {answer}");
}

/// A server whose every file is `text`, but for `/ci/away.yml`, which is elsewhere.
fn file_server(text: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let lines = BufReader::new(&stream).lines().map_while(Result::ok);
            let head: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
            let answer = if head.first().is_some_and(|line| line.contains("/ci/away.yml")) {
                "302 Found\r\nlocation: /other/far.yml\r\ncontent-length: 0\r\n\r\n".to_owned()
            } else {
                format!("200 OK\r\ncontent-type: text/yaml\r\ncontent-length: {}\r\n\r\n{text}", text.len())
            };
            let _ = (&stream).write_all(format!("HTTP/1.1 {answer}").as_bytes());
        }
    });
    address
}

#[test]
fn definitions_include_files_of_other_servers_that_are_listed() {
    let text = "far: {script: 'echo from the other server'}\n";
    let base = format!("http://{}", file_server(text));
    let listed = format!("{base}/ci/");
    let mut server = Server::start(1);
    server.stop();
    server.arguments = vec!["--include-remote".into(), listed.clone()];
    server.start_again();
    let integrity = format!("sha256-{}", STANDARD.encode(Sha256::digest(text)));
    let include = |url: &str, integrity: &str| format!("include: [{{remote: '{url}', integrity: '{integrity}'}}]\n");
    let definition = include(&format!("{listed}far.yml"), &integrity);
    let view = server.run_to_end("far", &definition);
    assert!(server.trace(job(&view, "far")).contains("from the other server"));
    let other = format!("sha256-{}", STANDARD.encode(Sha256::digest("other")));
    for (definition, problem) in [
        (include(&format!("{base}/other/far.yml"), &integrity), "list of remote files (`include_remote`"),
        (include("http://169.254.169.254/far.yml", &integrity), "list of remote files (`include_remote`"),
        (include(&format!("{listed}../other/far.yml"), &integrity), "its address is refused"),
        (include(&format!("{listed}away.yml"), &integrity), "it redirects to a file of 127.0.0.1"),
        (include(&format!("{listed}far.yml"), &other), &format!("its digest is {integrity}")),
        (format!("include: '{listed}far.yml'\n"), "it needs `integrity`"),
    ] {
        let (status, answer) =
            server.send("POST", "/api/pipelines", &json!({ "id": "p", "name": "p", "definition": definition }));
        assert!(status == 400 && answer.to_string().contains(problem), "{definition} {status} {answer}");
    }
    let folder = repository(&[(".gitlab-ci.yml", &definition)]);
    let lint = |more: &[&str]| {
        let output = weir().arg("lint").arg(folder.path()).args(more).output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = lint(&[]);
    assert!(code == Some(1) && said.contains("`--include-remote URL`"), "{said}");
    assert_eq!(lint(&["--include-remote", &listed]), (Some(0), String::new()));
}

#[test]
fn jobs_find_the_variables_of_the_server() {
    let server = Server::start(1);
    let definition = "one:
  stage: test
  script: env
  parallel: 2
  image: {name: ignored}
  tags: [big]
";
    let repository = repository(&[(".gitlab-ci.yml", definition)]);
    git(repository.path(), &["commit", "-q", "--allow-empty", "-m", "Add the cart", "-m", "It was missing."]);
    let mut server = server;
    server.stop();
    server.arguments = ["--containers", "ignore", "--runner-tags", "big"].map(str::to_owned).to_vec();
    server.start_again();
    server.project("me/shop", repository.path(), "shop");
    let run = server.run("shop");
    let view = server.ended(run);
    let one = job(&view, "one 2/2");
    let log = server.trace(one);
    let value =
        |name: &str| log.lines().find_map(|line| line.split_once('=').filter(|(key, _)| *key == name)?.1.into());
    let address = server.url.strip_prefix("http://").unwrap();
    let sha = view.run.sha.as_str();
    for (name, wanted) in [
        ("CI", "true"),
        ("GITLAB_CI", "true"),
        ("CI_PIPELINE_SOURCE", "api"),
        ("CI_PIPELINE_ID", &run.to_string()),
        ("CI_PIPELINE_IID", "1"),
        ("CI_PIPELINE_URL", &format!("{}/runs/{run}", server.url)),
        ("CI_COMMIT_SHA", sha),
        ("CI_COMMIT_SHORT_SHA", &sha[..8]),
        ("CI_COMMIT_BEFORE_SHA", &"0".repeat(40)),
        ("CI_COMMIT_BRANCH", "main"),
        ("CI_COMMIT_REF_NAME", "main"),
        ("CI_COMMIT_REF_SLUG", "main"),
        ("CI_COMMIT_REF_PROTECTED", "true"),
        ("CI_COMMIT_TITLE", "Add the cart"),
        ("CI_COMMIT_DESCRIPTION", "It was missing."),
        ("CI_COMMIT_AUTHOR", "ada <ada@example.org>"),
        ("CI_DEFAULT_BRANCH", "main"),
        ("CI_CONFIG_PATH", ".gitlab-ci.yml"),
        ("CI_PROJECT_ID", &view.run.project_id.to_string()),
        ("CI_PROJECT_NAME", "shop"),
        ("CI_PROJECT_TITLE", "shop"),
        ("CI_PROJECT_DESCRIPTION", ""),
        ("CI_PROJECT_PATH", "me/shop"),
        ("CI_PROJECT_PATH_SLUG", "me-shop"),
        ("CI_PROJECT_NAMESPACE", "me"),
        ("CI_PROJECT_ROOT_NAMESPACE", "me"),
        ("CI_PROJECT_VISIBILITY", "private"),
        ("CI_SERVER", "yes"),
        ("CI_SERVER_NAME", "Weir"),
        ("CI_SERVER_URL", &server.url),
        ("CI_SERVER_HOST", "127.0.0.1"),
        ("CI_SERVER_PORT", address.split(':').nth(1).unwrap()),
        ("CI_SERVER_PROTOCOL", "http"),
        ("CI_SERVER_FQDN", address),
        ("CI_API_V4_URL", &format!("{}/api/v4", server.url)),
        ("CI_JOB_ID", &one.id.to_string()),
        ("CI_JOB_NAME", "one 2/2"),
        ("CI_JOB_NAME_SLUG", "one-2-2"),
        ("CI_JOB_GROUP_NAME", "one"),
        ("CI_JOB_STAGE", "test"),
        ("CI_JOB_URL", &format!("{}/jobs/{}", server.url, one.id)),
        ("CI_JOB_IMAGE", "ignored"),
        ("CI_JOB_STATUS", "running"),
        ("CI_JOB_TIMEOUT", "3600"),
        ("CI_NODE_INDEX", "2"),
        ("CI_NODE_TOTAL", "2"),
        ("CI_RUNNER_DESCRIPTION", "embedded runner"),
        ("CI_RUNNER_TAGS", "[\"big\"]"),
        ("CI_RUNNER_ID", "1"),
        ("CI_SHARED_ENVIRONMENT", "true"),
        ("GITLAB_USER_ID", "1"),
    ] {
        assert_eq!(value(name), Some(wanted), "{name}\n{log}");
    }
    for name in [
        "CI_PIPELINE_CREATED_AT",
        "CI_COMMIT_MESSAGE",
        "CI_COMMIT_TIMESTAMP",
        "CI_PROJECT_URL",
        "CI_PROJECT_NAMESPACE_ID",
        "CI_SERVER_VERSION",
        "CI_JOB_TOKEN",
        "CI_JOB_STARTED_AT",
        "CI_PROJECT_DIR",
        "CI_BUILDS_DIR",
        "CI_CONCURRENT_ID",
        "CI_RUNNER_SHORT_TOKEN",
        "CI_RUNNER_VERSION",
        "CI_REPOSITORY_URL",
        "GITLAB_USER_LOGIN",
        "GITLAB_USER_NAME",
        "GITLAB_USER_EMAIL",
    ] {
        assert!(value(name).is_some(), "{name}\n{log}");
    }
}

#[test]
fn values_of_variables_lead_to_values_as_far_as_they_go() {
    let server = Server::start(1);
    let definition = "variables: {APP: web, IMAGE: '$REG/$APP', FULL: '%IMAGE%:v1', CMD: 'pull $FULL', REG: r.io}
one: {script: 'echo \"[$CMD] [$BRANCH]\"', variables: {BRANCH: 'of $CI_JOB_NAME, $$5'}}
";
    let view = server.run_to_end("nested", definition);
    let log = server.trace(job(&view, "one"));
    assert!(log.contains("[pull r.io/web:v1] [of one, $5]"), "{log}");
}

#[test]
fn a_run_for_a_bare_commit_has_no_branch() {
    let server = Server::start(1);
    let repository =
        repository(&[(".gitlab-ci.yml", "one: {script: 'echo \"[$CI_COMMIT_BRANCH] [$CI_COMMIT_SHA]\"'}\n")]);
    server.project("me/shop", repository.path(), "shop");
    let sha = server.ended(server.run("shop")).run.sha;
    let (status, answer) = server.send("POST", "/api/pipelines/shop/run", &json!({ "ref": sha }));
    assert_eq!(status, 202, "{answer}");
    let view = server.ended(model::RunId(answer["runId"].as_i64().unwrap()));
    let log = server.trace(job(&view, "one"));
    assert!(log.contains(&format!("[] [{sha}]")), "{log}");
}

#[test]
fn jobs_that_only_look_at_an_environment_deploy_nothing() {
    let server = Server::start(2);
    let definition = "one: {script: 'true', environment: {name: live, action: prepare}}
two: {script: 'true', environment: {name: live, action: verify}}
three: {script: 'echo \"[$CI_ENVIRONMENT_ACTION]\"', environment: {name: live, action: access}}
";
    let view = server.run_to_end("look", definition);
    assert!(server.trace(job(&view, "three")).contains("[access]"));
    let path = format!("/api/v4/projects/{}/environments", view.run.project_id);
    let listed = server.get(&path);
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["state"]), (1, &json!("available")), "{listed}");
    let one = server.get(&format!("{path}/{}", listed[0]["id"]));
    assert!(one["last_deployment"].is_null(), "{one}");
}

#[test]
fn a_run_for_a_tag_knows_the_tag_and_fetches_as_deep_as_it_is_told() {
    let server = Server::start(1);
    let definition = "variables: {GIT_DEPTH: 2}
one:
  script: ['echo \"[$CI_COMMIT_TAG] [$CI_COMMIT_TAG_MESSAGE] [$CI_COMMIT_BRANCH] [$CI_JOB_MANUAL]\"', 'git rev-list --count HEAD', 'echo \"is $(git describe --tags)\"']
two: {script: 'echo \"[$CI_JOB_MANUAL]\"', when: manual}
";
    let repository = repository(&[(".gitlab-ci.yml", definition)]);
    for message in ["second", "third"] {
        git(repository.path(), &["commit", "-q", "--allow-empty", "-m", message]);
    }
    git(repository.path(), &["tag", "-a", "v1", "-m", "Release one"]);
    server.project("me/shop", repository.path(), "shop");
    let (status, answer) = server.send("POST", "/api/pipelines/shop/run", &json!({ "ref": "v1" }));
    assert_eq!(status, 202, "{answer}");
    let run = model::RunId(answer["runId"].as_i64().unwrap());
    let view = server.until(run, "the first ends", |view| job(view, "one").status == Status::Success);
    let log = server.trace(job(&view, "one"));
    assert!(log.contains("[v1] [Release one] [] []") && log.lines().any(|line| line == "2"), "{log}");
    // Scripts find the ref of their run under its name.
    assert!(log.contains("is v1\n"), "{log}");
    let definition = "one: {script: ['test \"$(git rev-parse origin/$CI_COMMIT_BRANCH)\" = $CI_COMMIT_SHA']}\n";
    std::fs::write(repository.path().join(".gitlab-ci.yml"), definition).unwrap();
    git(repository.path(), &["commit", "-qam", "of a branch"]);
    let of_branch = server.ended(server.run("shop"));
    assert_eq!(of_branch.run.status, Status::Success, "{}", server.trace(job(&of_branch, "one")));
    server.form("/rpc/job/play", &format!("id={}", job(&view, "two").id));
    let view = server.until(run, "the second ends", |view| job(view, "two").status == Status::Success);
    assert!(server.trace(job(&view, "two")).contains("[true]"));
}

#[test]
fn a_definition_may_ask_for_the_number_of_its_run_and_each_run_gets_its_own() {
    let server = Server::start(2);
    let numbered = |n: i64| {
        format!(
            "run{n}: {{script: 'true', when: manual, rules: [{{if: '$CI_PIPELINE_IID == \"{n}\"', when: manual}}]}}"
        )
    };
    let jobs = (1..=8).map(numbered).collect::<Vec<_>>().join("\n");
    let dated =
        "dated: {script: 'true', when: manual, rules: [{if: '$CI_PIPELINE_CREATED_AT =~ /^20/', when: manual}]}\n";
    let repository =
        repository(&[(".gitlab-ci.yml", "include: jobs.yml\n"), ("numbered.yml", &format!("{jobs}\n{dated}"))]);
    std::os::unix::fs::symlink("numbered.yml", repository.path().join("jobs.yml")).unwrap();
    git(repository.path(), &["add", "."]);
    git(repository.path(), &["commit", "-qm", "a link"]);
    server.project("team/numbered", repository.path(), "numbered");
    let starting: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| server.run("numbered"))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for id in starting {
        let view = server.view(id);
        let names: Vec<&str> = view.jobs.iter().map(|job| job.name.as_str()).collect();
        assert_eq!(names, [format!("run{}", view.run.number).as_str(), "dated"]);
    }
}
