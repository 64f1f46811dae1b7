//! CI/CD variables: who gets them, what beats what, and where their values never are. With the real server
//! and runner.

mod support;

use std::os::unix::fs::PermissionsExt as _;
use std::process::{Output, Stdio};

use model::Status;
use serde_json::{Value, json};
use support::{Server, job, repository, statuses, weir};

const SECRET: &str = "Wv7-tangerine.q9";

fn keep(server: &Server, path: &str, body: &Value) {
    let (status, answer) = server.send("POST", path, body);
    assert_eq!(status, 201, "{path}: {answer}");
}

#[test]
fn jobs_get_what_is_kept_for_them_and_the_nearest_owner_wins() {
    let server = Server::start(1);
    let definition = "variables: {A: definition, B: definition}
one:
  script: ['echo \"[$A] [$B] [$C] [$D] [$E]\"', 'cat \"$FILE\"', 'echo \"[$ONLY]\"']
  environment: {name: live/eu}
two: {script: 'echo \"[$ONLY]\"'}
three: {script: 'true', rules: [{if: '$C == \"namespace\"'}]}
four: {script: 'true', rules: [{if: '$C == \"instance\"'}]}
";
    let repository = repository(&[(".gitlab-ci.yml", definition)]);
    server.project("me/shop", repository.path(), "shop");
    keep(&server, "/api/v4/admin/ci/variables", &json!({ "key": "A", "value": "instance" }));
    keep(&server, "/api/v4/admin/ci/variables", &json!({ "key": "C", "value": "instance" }));
    keep(&server, "/api/v4/groups/me/variables", &json!({ "key": "C", "value": "namespace" }));
    let own = "/api/v4/projects/me%2Fshop/variables";
    keep(&server, own, &json!({ "key": "D", "value": "of $A" }));
    keep(&server, own, &json!({ "key": "E", "value": "of $A", "raw": true }));
    keep(&server, own, &json!({ "key": "FILE", "value": "in a\nfile\n", "variable_type": "file" }));
    keep(&server, own, &json!({ "key": "ONLY", "value": "everywhere" }));
    keep(&server, own, &json!({ "key": "ONLY", "value": "live", "environment_scope": "live/*" }));
    let (status, answer) = server.send("POST", "/api/pipelines/shop/run", &json!({ "variables": { "B": "run" } }));
    assert_eq!(status, 202, "{answer}");
    let view = server.ended(model::RunId(answer["runId"].as_i64().unwrap()));
    assert_eq!(view.run.status, Status::Success, "{:?}", statuses(&view));
    let log = server.trace(job(&view, "one"));
    assert!(log.contains("[instance] [run] [namespace] [of instance] [of $A]"), "{log}");
    assert!(log.contains("in a\nfile") && log.contains("[live]"), "{log}");
    assert!(server.trace(job(&view, "two")).contains("[everywhere]"));
    let names: Vec<_> = view.jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names, ["one", "two", "three"], "rules see them too");
}

#[test]
fn a_masked_value_is_in_no_log_whatever_form_it_takes() {
    let server = Server::start(1);
    let definition = "one:
  script:
    - echo \"plain $TOKEN\"
    - printf %s \"$TOKEN\" | base64
    - printf 'user:%s' \"$TOKEN\" | base64
    - printf '%s' \"$TOKEN\" | cut -c1-5 | tr -d '\\n'; printf '%s\\n' \"$TOKEN\" | cut -c6-
    - for part in $(printf %s \"$TOKEN\" | sed 's/./& /g'); do printf %s \"$part\"; sleep 0.01; done; echo
    - echo the end
  environment: {name: at/$TOKEN}
";
    let (status, answer) =
        server.send("POST", "/api/pipelines", &json!({ "id": "p", "name": "p", "definition": "a: {script: x}\n" }));
    assert_eq!(status, 201, "{answer}");
    let project = server.get("/api/v4/projects")[0]["id"].clone();
    let path = format!("/api/v4/projects/{project}/variables");
    keep(&server, &path, &json!({ "key": "TOKEN", "value": SECRET, "masked_and_hidden": true }));
    let (status, answer) = server.send("PATCH", "/api/pipelines/p", &json!({ "definition": definition }));
    assert_eq!(status, 200, "{answer}");
    // No keyword gets a secret: the name keeps its reference, which no environment may have.
    let run = server.run("p");
    let view = server.ended(run);
    assert_eq!(job(&view, "one").environment.as_deref(), Some("at/$TOKEN"));
    let log = server.trace(job(&view, "one"));
    assert!(log.contains("plain [MASKED]") && log.contains("the end"), "{log}");
    let encoded = ["V3Y3LXRhbmdlcmluZS5xO", "XdjctdGFuZ2VyaW5lLnE5"];
    for form in [SECRET, encoded[0], encoded[1]] {
        assert!(!log.contains(form), "{form}: {log}");
    }
    // Nor is it answered, or kept anywhere in the clear.
    for asked in [path.clone(), format!("{path}/TOKEN")] {
        let answer = server.get(&asked).to_string();
        assert!(!answer.contains(SECRET) && answer.contains("TOKEN"), "{answer}");
    }
    for name in ["weir.db", "weir.db-wal"] {
        let bytes = std::fs::read(server.data.join(name)).unwrap_or_default();
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{name}");
    }
    // A hidden one stays masked and hidden; its value may be replaced.
    let (status, answer) = server.send("PUT", &format!("{path}/TOKEN"), &json!({ "masked": false }));
    assert!(status == 400 && answer.to_string().contains("hidden"), "{status} {answer}");
    let (status, answer) = server.send("PUT", &format!("{path}/TOKEN"), &json!({ "value": "another-Secret.1" }));
    assert!(status == 200 && answer["value"].is_null() && answer["hidden"] == true, "{status} {answer}");
    let (status, _) = server.send("DELETE", &format!("{path}/TOKEN"), &json!({}));
    assert_eq!(status, 204);
    assert_eq!(server.get(&path).as_array().unwrap().len(), 0);
}

/// Runners of others put variables into names as they are, and cut them down to what comes after the last slash.
#[test]
fn a_masked_value_is_in_no_name_of_a_file_whatever_runner_sends_it() {
    let mut server = Server::start(1);
    server.pipeline("p", "one: {script: 'true', artifacts: {name: 'n-$TOKEN', paths: [a]}}\n");
    let project = server.get("/api/v4/projects")[0]["id"].clone();
    let path = format!("/api/v4/projects/{project}/variables");
    keep(&server, &path, &json!({ "key": "TOKEN", "value": SECRET, "masked": true }));
    keep(&server, &path, &json!({ "key": "PATH_LIKE", "value": "s3cr3t/Value+one=Q~z", "masked": true }));
    server.stop();
    server.arguments = vec!["--no-runner".into()];
    server.start_again();
    let draft = json!({ "runner_type": "instance_type" });
    let (_, runner) = server.send("POST", "/api/v4/user/runners", &draft);
    let given = [format!("n-{SECRET}.zip"), "Value+one=Q~z.zip".to_owned(), "of-glrt-0123456789abcdef.zip".to_owned()];
    for (name, shown) in given.iter().zip(["n-[MASKED].zip", "[MASKED].zip", "of-[MASKED]"]) {
        let run = server.run("p");
        let (status, taken) = server.send("POST", "/api/v4/jobs/request", &json!({ "token": runner["token"] }));
        assert_eq!(status, 201, "{taken}");
        let file = format!(
            "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\nPK\x05\x06{}\r\n--b--\r\n",
            "\0".repeat(18)
        );
        let headers =
            [("job-token", taken["token"].as_str().unwrap()), ("content-type", "multipart/form-data; boundary=b")];
        let to = format!("/api/v4/jobs/{}/artifacts?artifact_type=archive&artifact_format=zip", taken["id"]);
        let (status, said) = server.ask("POST", &to, &headers, &file);
        assert_eq!(status, 201, "{said}");
        assert_eq!(server.view(run).jobs[0].artifacts[0].filename, shown);
    }
}

/// By what the job itself reports, and by what an earlier one did.
#[test]
fn bug_a_masked_value_was_in_the_address_of_an_environment() {
    let server = Server::start(1);
    let definition = "stages: [one, two]
own:
  stage: one
  script: ['echo \"HOST=$TOKEN.example.org\" > e.env', 'echo \"a: {script: x}\" > child.yml']
  artifacts: {paths: [child.yml], reports: {dotenv: e.env}}
  environment: {name: own, url: 'https://$HOST/$CI_ENVIRONMENT_SLUG/$MISSING'}
other:
  stage: two
  script: ['test \"$HOST\" = \"$TOKEN.example.org\"']
  environment: {name: other, url: 'https://$HOST/'}
bridge:
  stage: two
  trigger: {include: [{artifact: child.yml, job: own}]}
  environment: {name: bridge, url: 'https://$HOST/'}
";
    server.pipeline("p", definition);
    let project = server.get("/api/v4/projects")[0]["id"].clone();
    let path = format!("/api/v4/projects/{project}/variables");
    keep(&server, &path, &json!({ "key": "TOKEN", "value": SECRET, "masked": true }));
    let run = server.run("p");
    let view = server.ended(run);
    assert_eq!(view.run.status, Status::Success, "{:?}", statuses(&view));
    let listed = server.get(&format!("/api/v4/projects/{project}/environments"));
    let address =
        |name: &str| listed.as_array().unwrap().iter().find(|one| one["name"] == name).unwrap()["external_url"].clone();
    assert_eq!(address("own"), "https://[MASKED].example.org/own/$MISSING");
    assert_eq!(["other", "bridge"].map(address), ["https://[MASKED].example.org/"; 2]);
}

#[test]
fn protected_variables_are_for_the_default_branch() {
    let server = Server::start(1);
    let definition = "one: {script: 'echo \"[$KEY] [$CI_COMMIT_REF_PROTECTED]\"'}\n";
    let repository = repository(&[(".gitlab-ci.yml", definition)]);
    support::git(repository.path(), &["branch", "topic"]);
    server.project("me/shop", repository.path(), "shop");
    let path = "/api/v4/projects/me%2Fshop/variables";
    keep(&server, path, &json!({ "key": "KEY", "value": "for main", "protected": true }));
    for (branch, wanted) in [("main", "[for main] [true]"), ("topic", "[] [false]")] {
        let (status, answer) = server.send("POST", "/api/pipelines/shop/run", &json!({ "ref": branch }));
        assert_eq!(status, 202, "{answer}");
        let view = server.ended(model::RunId(answer["runId"].as_i64().unwrap()));
        let log = server.trace(job(&view, "one"));
        assert!(log.contains(wanted), "{branch}: {log}");
    }
}

#[test]
fn bad_variables_are_refused_with_the_field_and_lose_nothing() {
    let server = Server::start(1);
    let path = "/api/v4/admin/ci/variables";
    keep(&server, path, &json!({ "key": "GOOD", "value": "kept" }));
    for (body, wanted) in [
        (json!({ "value": "x" }), "key is missing"),
        (json!({ "key": "A" }), "value is missing"),
        (json!({ "key": "A-B", "value": "x" }), "letters"),
        (json!({ "key": "GOOD", "value": "x" }), "already been taken"),
        (json!({ "key": "A", "value": "short", "masked": true }), "cannot be masked"),
        (json!({ "key": "A", "value": "password", "masked": true }), "cannot be masked"),
        (json!({ "key": "A", "value": "two words of it", "masked": true }), "cannot be masked"),
        (json!({ "key": "A", "value": "x".repeat(10_001) }), "10000"),
        (json!({ "key": "A", "value": "nul\u{0}" }), "value is invalid"),
        (json!({ "key": "A", "value": "x", "variable_type": "socket" }), "variable_type"),
        (json!({ "key": "A", "value": "x", "masked": "perhaps" }), "masked is invalid"),
        (json!({ "key": "A", "value": ["x"] }), "value is invalid"),
    ] {
        let answer = server.raw("POST", path, &[("content-type", "application/json")], &body.to_string());
        let reason = answer.headers().get("x-weir-reason").map(|text| text.to_str().unwrap().to_owned());
        let (status, said) = (answer.status().as_u16(), answer.text().unwrap());
        assert!(status == 400 && format!("{said} {reason:?}").contains(wanted), "{body}: {status} {said} {reason:?}");
    }
    let (status, answer) = server.send("GET", "/api/v4/groups/none/variables", &json!({}));
    assert_eq!(status, 404, "{answer}");
    let (status, answer) = server.send("GET", &format!("{path}/NONE"), &json!({}));
    assert_eq!((status, &answer["message"]), (404, &json!("404 InstanceVariable Not Found")));
    let left = server.get(path);
    assert_eq!((left.as_array().unwrap().len(), &left[0]["value"]), (1, &json!("kept")), "{left}");
}

#[test]
fn a_server_does_not_start_without_the_key_of_its_secrets() {
    let mut server = Server::start(1);
    keep(&server, "/api/v4/admin/ci/variables", &json!({ "key": "A", "value": "kept" }));
    let key = server.data.join("secret.key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    server.stop();
    let refused = || {
        let output = weir()
            .args(["serve", "--local", "--listen", "127.0.0.1:0", "--data"])
            .arg(&server.data)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = refused();
    assert!(said.contains("secret.key") && said.contains("chmod 600"), "{said}");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let elsewhere = server.data.join("run/elsewhere.key");
    std::fs::rename(&key, &elsewhere).unwrap();
    let said = refused();
    assert!(said.contains("secret.key") && said.contains("missing"), "{said}");
    assert!(!key.exists(), "no fresh key in its place");
    std::fs::rename(&elsewhere, &key).unwrap();
    server.start_again();
    assert_eq!(server.get("/api/v4/admin/ci/variables/A")["value"], "kept");
}

#[test]
fn a_copy_of_the_folder_without_its_key_or_with_anothers_starts_nothing_and_changes_nothing() {
    let mut server = Server::start(1);
    keep(&server, "/api/v4/admin/ci/variables", &json!({ "key": "A", "value": SECRET }));
    server.admin(&["runner", "stop", "--now"]);
    server.stop();
    let copy = server.data.with_file_name("copy");
    std::fs::create_dir(&copy).unwrap();
    for name in ["weir.db", "weir.db-wal", "weir.db-shm", "runner.token"] {
        if server.data.join(name).exists() {
            std::fs::copy(server.data.join(name), copy.join(name)).unwrap();
        }
    }
    let refused = || {
        let output = weir()
            .args(["serve", "--local", "--no-runner", "--listen", "127.0.0.1:0", "--data"])
            .arg(&copy)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(!output.status.success());
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = refused();
    assert!(said.contains("secret.key") && said.contains("is missing"), "{said}");
    let key = copy.join("secret.key");
    assert!(!key.exists(), "no fresh key for what another one sealed");
    let other = Server::start(1);
    std::fs::copy(other.data.join("secret.key"), &key).unwrap();
    let said = refused();
    assert!(said.contains("sealed with other keys"), "{said}");
    // With its own key it is a server like the first.
    std::fs::copy(server.data.join("secret.key"), &key).unwrap();
    server.data = copy;
    server.start_again();
    assert_eq!(server.get("/api/v4/admin/ci/variables/A")["value"], SECRET);
}

#[test]
fn keys_are_rotated_with_one_command() {
    let server = Server::start(1);
    server.admin(&["project", "create", "shop/web"]);
    server.admin(&["user", "create", "ada"]);
    let create = ["aksk", "create", "--user", "ada", "--project", "shop/web"];
    let pair = server.admin(&create);
    let old: Vec<&str> = pair.split_whitespace().collect();
    let rotate = |user: &str| {
        let command = ["aksk", "rotate", old[0], "--user", user, "--data"];
        let Output { status, stdout, .. } =
            weir().args(command).arg(&server.data).stdin(Stdio::null()).output().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap())
    };
    server.admin(&["user", "create", "bob"]);
    assert_eq!(rotate("bob"), (Some(3), String::new()), "it is not his");
    let (code, out) = rotate("ada");
    assert_eq!(code, Some(0));
    let new: Vec<&str> = out.split_whitespace().collect();
    assert!(new[0] != old[0] && new[1] != old[1] && new[2] == old[2], "{out}");
    assert_eq!(new.iter().map(|text| text.len()).collect::<Vec<_>>(), [20, 64, 32]);
    assert_eq!(rotate("ada").0, Some(3), "the old one is gone");
}
