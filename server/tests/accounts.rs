//! A server that people log in to, with the real executable: the first start, users, tokens, roles, keys, what is
//! recorded, and what happens to those who may no longer.

mod support;

use serde_json::{Value, json};
use support::{Server, eventually, weir};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const HTML: (&str, &str) = ("accept", "text/html");
const PASSWORD: &str = "correct horse battery";

/// Posts a form as a browser without scripts does; the answer's status, where it leads, and the session it gives.
fn post(server: &Server, path: &str, cookie: &str, body: &str) -> (u16, String, Option<String>) {
    let origin = server.url.clone();
    let headers = [FORM, HTML, ("origin", origin.as_str()), ("cookie", cookie)];
    let answer = server.raw("POST", path, &headers, body);
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let session = header("set-cookie").filter(|text| text.starts_with("weir_session="));
    (answer.status().as_u16(), header("location").unwrap_or_default(), session)
}

/// The cookie of a session as a browser sends it back.
fn cookie(set: &str) -> String {
    set.split(';').next().unwrap().to_owned()
}

fn sign_in(server: &Server, name: &str, password: &str) -> Option<String> {
    let (_, _, session) = post(server, "/rpc/session/sign_in", "", &format!("name={name}&password={password}&next=/"));
    session.map(|set| cookie(&set))
}

/// A server with the administrator `root` and their token.
fn team() -> (Server, String) {
    let server = Server::of_a_team(1);
    let link = server.setup.clone().expect("the first start prints a link");
    let key = link.rsplit_once("key=").unwrap().1;
    let body = format!("key={key}&name=root&full_name=&email=&password={PASSWORD}&again={PASSWORD}");
    let (status, to, session) = post(&server, "/rpc/welcome", "", &body);
    assert_eq!(status, 302, "{to}");
    assert!(session.is_some(), "the administrator is signed in: {to}");
    let token = server.admin(&["token", "create", "--user", "root", "--name", "tests"]);
    (server, token)
}

fn user(server: &Server, name: &str) -> String {
    server.admin(&["user", "create", name]);
    server.admin(&["token", "create", "--user", name, "--name", "tests"])
}

fn get(server: &Server, token: &str, path: &str) -> (u16, Value) {
    let (status, text) = server.ask("GET", path, &[("private-token", token)], "");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

fn send(server: &Server, token: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let headers = [("private-token", token), ("content-type", "application/json")];
    let (status, text) = server.ask(method, path, &headers, &body.to_string());
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[test]
fn until_there_is_an_administrator_nothing_else_is_answered() {
    let mut server = Server::of_a_team(1);
    let link = server.setup.clone().expect("the first start prints a link");
    for path in ["/api/v4/version", "/api/jobs", "/live/dashboard", "/api/v4/projects", "/health", "/rpc/dashboard"] {
        assert_eq!(server.ask("GET", path, &[], "").0, 503, "{path}");
    }
    assert_eq!(server.raw("GET", "/runs", &[HTML], "").headers()["location"], "/welcome");
    assert_eq!(server.ask("GET", "/healthz", &[], "").0, 200);
    let (_, page) = server.ask("GET", link.strip_prefix(&server.url).unwrap(), &[HTML], "");
    assert!(page.contains("name=\"password\""), "the link leads to the form");
    let body = |key: &str| format!("key={key}&name=root&full_name=&email=&password={PASSWORD}&again={PASSWORD}");
    assert!(post(&server, "/rpc/welcome", "", &body("wrong")).2.is_none());
    // Another start, another link; the old one is worth nothing.
    server.stop();
    server.start_again();
    let key = |link: &str| link.rsplit_once("key=").unwrap().1.to_owned();
    let second = server.setup.clone().unwrap();
    assert_ne!(key(&link), key(&second));
    assert!(post(&server, "/rpc/welcome", "", &body(&key(&link))).2.is_none());
    let (_, _, session) = post(&server, "/rpc/welcome", "", &body(&key(&second)));
    let set = session.expect("the link makes the administrator");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(set.contains(part) && !set.contains("Secure"), "{set}");
    }
    assert!(post(&server, "/rpc/welcome", "", &body(&key(&second))).2.is_none(), "once");
    assert_eq!(server.ask("GET", "/settings/users", &[HTML, ("cookie", &cookie(&set))], "").0, 200);
    server.stop();
    server.start_again();
    assert_eq!(server.setup, None);
    assert_eq!(server.ask("GET", "/settings/users", &[HTML, ("cookie", &cookie(&set))], "").0, 200, "sessions stay");
}

#[test]
fn passwords_are_set_by_links_checked_and_changed_and_sessions_end() {
    let (server, root) = team();
    let link = server.admin(&["user", "create", "ada", "--email", "ada@example.org"]);
    let key = link.rsplit_once("key=").unwrap().1.to_owned();
    let set = |password: &str| {
        let body = format!("key={key}&password={password}&again={password}");
        post(&server, "/rpc/password", "", &body).2
    };
    assert!(set("short").is_none() && set("ada").is_none());
    assert!(set(&"x".repeat(1 << 20)).is_none(), "a megabyte is no password");
    let first = cookie(&set("first password").expect("the link sets a password"));
    assert!(set("another password").is_none(), "once");
    assert_eq!(sign_in(&server, "ada", "wrong password"), None);
    assert_eq!(sign_in(&server, "nobody", "first password"), None);
    let second = sign_in(&server, "ADA", "first password").expect("names have no case");
    let good = |cookie: &str| server.ask("GET", "/settings/account", &[HTML, ("cookie", cookie)], "").0 == 200;
    assert!(good(&first) && good(&second));
    let body = "old=first+password&password=second+password&again=second+password";
    post(&server, "/rpc/account/password", &second, body);
    assert!(good(&second) && !good(&first), "other sessions end");
    assert_eq!(sign_in(&server, "ada", "first password"), None);
    let third = sign_in(&server, "ada", "second password").unwrap();
    server.admin(&["user", "deactivate", "ada"]);
    assert!(!good(&second) && !good(&third));
    assert_eq!(sign_in(&server, "ada", "second password"), None);
    server.admin(&["user", "activate", "ada"]);
    assert!(!good(&third), "what ended stays so");
    assert!(sign_in(&server, "ada", "second password").is_some());
    // The last administrator stays one.
    let (status, answer) = send(&server, &root, "PUT", "/api/v4/weir/users/root", &json!({"is_active": false}));
    assert_eq!(status, 409, "{answer}");
    assert!(answer.to_string().contains("last administrator"), "{answer}");
    let (status, _) = send(&server, &root, "PUT", "/api/v4/weir/users/root", &json!({"is_admin": false}));
    assert_eq!(status, 409);
}

#[test]
fn bad_names_are_refused_with_the_reason() {
    let (server, root) = team();
    for (name, reason) in [
        ("a\u{0}b", "U+0000"),
        ("<script>", "U+003C"),
        ("аda", "U+0430"),
        ("x", "length"),
        ("weir", "uses itself"),
        ("-rf", "begins with"),
        ("ROOT", "already"),
    ] {
        let (status, answer) = send(&server, &root, "POST", "/api/v4/weir/users", &json!({"name": name}));
        assert!((400..410).contains(&status) && answer.to_string().contains(reason), "{name:?}: {status} {answer}");
    }
    assert_eq!(get(&server, &root, "/api/v4/weir/users").1.as_array().unwrap().len(), 1);
}

#[test]
fn tokens_end_when_they_are_revoked_expired_cut_or_read_only() {
    let (server, root) = team();
    let ada = user(&server, "ada");
    assert_eq!(get(&server, &ada, "/api/v4/user").1["username"], "ada");
    let reading = server.admin(&["token", "create", "--user", "ada", "--name", "r", "--scope", "read_api"]);
    assert_eq!(get(&server, &reading, "/api/v4/user").0, 200);
    let (status, answer) = send(&server, &reading, "POST", "/api/v4/weir/projects", &json!({"path": "ada/x"}));
    assert_eq!((status, &answer["error"]), (403, &json!("insufficient_scope")), "{answer}");
    let last = if ada.ends_with('0') { '1' } else { '0' };
    let other = format!("{}{last}", &ada[..ada.len() - 1]);
    for wrong in [&ada[..20], "glpat-", "x", &other] {
        let (status, answer) = get(&server, wrong, "/api/v4/user");
        assert_eq!((status, &answer["message"]), (401, &json!("401 Unauthorized")), "{wrong}: {answer}");
    }
    let cut = server.raw("GET", "/api/v4/user", &[("private-token", &ada[..20])], "");
    assert!(cut.headers()["x-weir-reason"].to_str().unwrap().contains("cut off"), "{:?}", cut.headers());
    let past = ["token", "create", "--user", "ada", "--name", "old", "--expires", "2020-01-01"];
    let output = weir().args(past).arg("--data").arg(&server.data).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("expired already"));
    // Somebody else's cannot be made, and the owner of one that was given is who acts.
    let (status, _) =
        send(&server, &ada, "POST", "/api/v4/weir/tokens", &json!({"user": "root", "name": "n", "scope": "api"}));
    assert_eq!(status, 403);
    let session = sign_in(&server, "root", PASSWORD).unwrap();
    let id = get(&server, &root, "/api/v4/weir/users").1.as_array().unwrap().len();
    assert_eq!(id, 2);
    let number =
        database(&server).query_row("SELECT id FROM tokens WHERE name = 'r'", [], |row| row.get::<_, i64>(0)).unwrap();
    post(&server, "/rpc/token/revoke", &session, &format!("id={number}&back=/settings/account"));
    assert_eq!(get(&server, &reading, "/api/v4/user").0, 401, "revoked by an administrator");
    server.admin(&["user", "deactivate", "ada"]);
    assert_eq!(get(&server, &ada, "/api/v4/user").0, 401);
    let stored: Vec<String> = {
        let conn = database(&server);
        let mut query = conn.prepare("SELECT hex(token_hash) FROM tokens").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
    };
    assert!(stored.iter().all(|hash| hash.len() == 64 && !ada.contains(&hash.to_lowercase())), "only hashes are kept");
}

fn database(server: &Server) -> rusqlite::Connection {
    rusqlite::Connection::open(server.data.join("weir.db")).unwrap()
}

/// `shop/web` with a pipeline whose job writes a line, and its number.
fn shop(server: &Server, definition: &str) -> i64 {
    let line = server.admin(&["project", "create", "shop/web"]);
    let file = server.data.join("definition.yml");
    std::fs::write(&file, definition).unwrap();
    server.admin(&["pipeline", "create", "shop", "--project", "shop/web", "--file", file.to_str().unwrap()]);
    line.split(' ').next().unwrap().parse().unwrap()
}

fn run(server: &Server, token: &str) -> i64 {
    let (status, answer) = send(server, token, "POST", "/api/pipelines/shop/run", &json!({}));
    assert_eq!(status, 202, "{answer}");
    answer["runId"].as_i64().unwrap()
}

fn ended(server: &Server, token: &str, run: i64) -> Value {
    eventually("the run ends", || {
        let (_, answer) = get(server, token, &format!("/api/v4/weir/runs/{run}"));
        matches!(answer["status"].as_str(), Some("success" | "failed" | "canceled")).then_some(answer)
    })
}

#[test]
fn roles_open_what_they_say_and_hide_the_rest() {
    let (server, root) = team();
    let project = shop(&server, "job: {script: 'echo hello'}\n");
    let number = run(&server, &root);
    ended(&server, &root, number);
    let [guest, reporter, developer, stranger] =
        ["guest", "reporter", "developer", "stranger"].map(|name| user(&server, name));
    for role in ["guest", "reporter", "developer"] {
        server.admin(&["project", "member", "shop/web", role, role]);
    }
    let run_path = format!("/api/v4/projects/{project}/pipelines/{number}");
    for path in [format!("/api/v4/projects/{project}"), run_path.clone(), "/api/pipelines/shop".to_owned()] {
        let hidden = get(&server, &stranger, &path);
        assert_eq!(hidden.0, 404, "{path}");
        assert_eq!(
            hidden.1,
            get(&server, &stranger, &path.replace(&project.to_string(), "9999").replace("shop", "none")).1
        );
    }
    assert_eq!(get(&server, &stranger, "/api/v4/projects").1, json!([]));
    assert_eq!(get(&server, &stranger, "/api/pipelines").1, json!([]));
    assert_eq!(get(&server, &guest, &format!("/api/v4/projects/{project}")).0, 200);
    // Runs of a project are for whoever sees it, as long as its setting says so.
    assert_eq!(get(&server, &reporter, &run_path).0, 200);
    let (status, answer) = send(&server, &reporter, "POST", "/api/pipelines/shop/run", &json!({}));
    assert_eq!(status, 403, "{answer}");
    assert!(answer.to_string().contains("developer (30)"), "{answer}");
    let second = run(&server, &developer);
    assert_eq!(ended(&server, &developer, second)["user"]["username"], "developer");
    assert_eq!(
        send(&server, &developer, "DELETE", &format!("/api/v4/projects/{project}/pipelines/{second}"), &Value::Null).0,
        403
    );
    let (status, _) = get(&server, &developer, &format!("/api/v4/projects/{project}/variables"));
    assert_eq!(status, 403);
    // The same from the command line, from the same table.
    let may = server.admin(&["project", "may", "shop/web", "--user", "reporter"]);
    assert!(
        may.contains("yes  read logs") && may.contains("no   start a run: it takes the role developer (30)"),
        "{may}"
    );
    let nobody = server.admin(&["project", "may", "shop/web", "--user", ""]);
    assert!(nobody.contains("no   see the project"), "{nobody}");
    // Who loses a role sees nothing any more, an open stream included.
    let stream = server.raw("GET", &format!("/live/runs/{number}"), &[("private-token", &reporter)], "");
    assert_eq!(stream.status().as_u16(), 200);
    let reading = std::thread::spawn(move || {
        use std::io::Read as _;
        let mut stream = stream;
        let mut all = Vec::new();
        // Breaking off is an end, too.
        let _ = stream.read_to_end(&mut all);
        all.len()
    });
    server.admin(&["project", "member", "shop/web", "reporter", "none"]);
    assert!(reading.join().unwrap() > 0, "the stream ended");
    assert_eq!(get(&server, &reporter, &run_path).0, 404);
}

#[test]
fn a_jobs_token_opens_its_own_project_while_the_job_runs() {
    let (server, root) = team();
    let definition = "job: {script: ['echo \"TOKEN=$CI_JOB_TOKEN\" | tr a-z A-Z', 'printf %s \"$CI_JOB_TOKEN\" > \"$HOLD/token\"', 'until test -e \"$HOLD/go\"; do sleep 0.05; done']}\n";
    let hold = tempfile::tempdir().unwrap();
    // Where the server is root's, the job is somebody else.
    std::fs::set_permissions(hold.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let project = shop(&server, definition);
    server.admin(&["project", "create", "other/secret"]);
    let body = json!({"variables": {"HOLD": hold.path()}});
    let (status, answer) = send(&server, &root, "POST", "/api/pipelines/shop/run", &body);
    assert_eq!(status, 202, "{answer}");
    let number = answer["runId"].as_i64().unwrap();
    let token = eventually("the job tells its token", || {
        std::fs::read_to_string(hold.path().join("token")).ok().filter(|text| !text.is_empty())
    });
    let ask = |path: &str| server.ask("GET", path, &[("job-token", &token)], "").0;
    assert_eq!(ask(&format!("/api/v4/projects/{project}/pipelines/{number}/jobs")), 200);
    assert_eq!(ask("/api/v4/projects/other%2Fsecret"), 404, "another project, even of an administrator's job");
    assert_eq!(ask("/api/v4/user"), 401);
    assert_eq!(ask("/api/v4/weir/users"), 401);
    std::fs::write(hold.path().join("go"), "").unwrap();
    ended(&server, &root, number);
    assert_eq!(ask(&format!("/api/v4/projects/{project}/pipelines/{number}/jobs")), 401, "the job has ended");
}

#[test]
fn triggers_start_runs_of_their_project_and_do_nothing_else() {
    let (server, root) = team();
    let repository = support::repository(&[(
        ".gitlab-ci.yml",
        "job: {script: 'cat \"$TRIGGER_PAYLOAD\"; echo \"[$GREETING] [$CI_PIPELINE_SOURCE]\"'}\n",
    )]);
    let line = server.admin(&["project", "create", "shop/web", "--source", repository.path().to_str().unwrap()]);
    let project = line.split(' ').next().unwrap();
    server.admin(&["pipeline", "create", "shop", "--project", "shop/web"]);
    let session = sign_in(&server, "root", PASSWORD).unwrap();
    let page = "/projects/shop/web?tab=tokens";
    let body = format!("kind=trigger&name=from+outside&scope=api&project={project}&role=&expires=&back={page}");
    let (status, to, _) = post(&server, "/rpc/token/create", &session, &body);
    assert_eq!(status, 302, "{to}");
    let (_, shown) = server.ask("GET", &to, &[HTML, ("cookie", &session)], "");
    let token = shown.split("glptt-").nth(1).map(|rest| format!("glptt-{}", &rest[..64])).expect("shown once");
    assert!(!server.ask("GET", &to, &[HTML, ("cookie", &session)], "").1.contains(&token), "and never again");
    let start = |project: &str, token: &str| {
        let body = format!("token={token}&ref=main&variables[GREETING]=hi");
        let (status, text) =
            server.ask("POST", &format!("/api/v4/projects/{project}/trigger/pipeline"), &[FORM], &body);
        (status, serde_json::from_str::<Value>(&text).unwrap_or_default())
    };
    let (status, answer) = start(project, &token);
    assert_eq!((status, &answer["source"]), (201, &json!("trigger")), "{answer}");
    let number = answer["id"].as_i64().unwrap();
    assert_eq!(ended(&server, &root, number)["status"], "success");
    let (_, jobs) = get(&server, &root, &format!("/api/v4/projects/{project}/pipelines/{number}/jobs"));
    let log = server
        .ask(
            "GET",
            &format!("/api/v4/projects/{project}/jobs/{}/trace", jobs[0]["id"]),
            &[("private-token", &root)],
            "",
        )
        .1;
    assert!(log.contains("[hi] [trigger]") && log.contains("\"ref\":\"main\"") && !log.contains(&token), "{log}");
    assert_eq!(start(project, &format!("{}x", &token[..token.len() - 1])).0, 404);
    server.admin(&["project", "create", "other/secret"]);
    assert_eq!(start("other%2Fsecret", &token).0, 404);
    assert_eq!(get(&server, &token, "/api/v4/projects").1, json!([]));
}

#[test]
fn what_is_done_is_recorded_without_secrets_and_exported_as_text() {
    let (server, root) = team();
    let project = shop(&server, "job: {script: 'true'}\n");
    let body = json!({"key": "PASSWORD", "value": "hunter2-and-more", "masked": true});
    assert_eq!(send(&server, &root, "POST", &format!("/api/v4/projects/{project}/variables"), &body).0, 201);
    user(&server, "ada");
    assert_eq!(sign_in(&server, "ada", "guessed password"), None);
    server.admin(&["project", "member", "shop/web", "ada", "developer"]);
    let (status, lines) = server.ask("GET", "/audit.jsonl", &[("private-token", &root)], "");
    assert_eq!(status, 200);
    let entries: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let has = |action: &str, target: &str| {
        entries.iter().any(|one| one["action"] == action && one["target"].as_str().unwrap().contains(target))
    };
    assert!(has("user.create", "administrator root") && has("project.create", "shop/web"), "{lines}");
    assert!(has("variable.create", "PASSWORD of shop/web") && has("login.failed", "ada"), "{lines}");
    assert!(has("member.set", "ada") && has("token.create", "tests of ada"), "{lines}");
    assert!(!lines.contains("hunter2") && !lines.contains("guessed"), "{lines}");
    let (_, csv) = server.ask("GET", "/audit.csv?action=member.", &[("private-token", &root)], "");
    assert!(csv.starts_with("id,time,user,") && csv.contains("role:  -> developer"), "{csv}");
    let ada = server.admin(&["token", "create", "--user", "ada", "--name", "more"]);
    assert_eq!(server.ask("GET", "/audit.jsonl", &[("private-token", &ada)], "").0, 403);
    assert_eq!(server.ask("GET", &format!("/audit.csv?project={project}"), &[("private-token", &ada)], "").0, 403);
    let changed = database(&server).execute("DELETE FROM audit", []);
    assert!(changed.unwrap_err().to_string().contains("append-only"));
}

#[test]
fn a_value_that_leaked_is_blanked_and_who_looked_is_told() {
    let (server, root) = team();
    let secret = "tr0ub4dor-and-3-more";
    let project = shop(&server, &format!("job: {{script: 'echo before {secret} after'}}\n"));
    let number = run(&server, &root);
    ended(&server, &root, number);
    let (_, jobs) = get(&server, &root, &format!("/api/v4/projects/{project}/pipelines/{number}/jobs"));
    let trace = format!("/api/v4/projects/{project}/jobs/{}/trace", jobs[0]["id"]);
    let ada = user(&server, "ada");
    server.admin(&["project", "member", "shop/web", "ada", "reporter"]);
    assert!(server.ask("GET", &trace, &[("private-token", &ada)], "").1.contains(secret));
    eventually("the view is noted", || {
        let count: i64 = database(&server).query_row("SELECT count(*) FROM trace_views", [], |row| row.get(0)).unwrap();
        (count > 0).then_some(())
    });
    let session = sign_in(&server, "root", PASSWORD).unwrap();
    let back = "/projects/shop/web?tab=redact";
    let (status, to, _) =
        post(&server, "/rpc/project/redact", &session, &format!("id={project}&value={secret}&back={back}"));
    assert_eq!(status, 302, "{to}");
    let (_, page) = server.ask("GET", &to, &[HTML, ("cookie", &session)], "");
    assert!(page.contains("ada") && !page.contains(secret), "who had looked is told");
    let log = server.ask("GET", &trace, &[("private-token", &ada)], "").1;
    assert!(
        !log.contains(secret) && log.contains("before [REDACTED]") && log.contains("were blanked by root"),
        "{log}"
    );
}

#[test]
fn the_key_of_the_secrets_changes_while_the_server_runs() {
    let (mut server, root) = team();
    let project = shop(&server, "job: {script: 'test \"$KEPT\" = kept-value-one'}\n");
    let body = json!({"key": "KEPT", "value": "kept-value-one"});
    assert_eq!(send(&server, &root, "POST", &format!("/api/v4/projects/{project}/variables"), &body).0, 201);
    let keys = server.admin(&["aksk", "create", "--user", "root", "--project", "shop/web"]);
    assert_eq!(keys.split(' ').map(str::len).collect::<Vec<_>>(), [20, 64, 32], "AK SK PROJECT_ID");
    let before = std::fs::read_to_string(server.data.join("secret.key")).unwrap();
    let told = server.admin(&["key", "rotate"]);
    assert!(told.starts_with("2 secrets are sealed"), "{told}");
    let after = std::fs::read_to_string(server.data.join("secret.key")).unwrap();
    assert_ne!(before, after);
    let number = run(&server, &root);
    assert_eq!(ended(&server, &root, number)["status"], "success");
    server.stop();
    server.start_again();
    let number = run(&server, &root);
    assert_eq!(ended(&server, &root, number)["status"], "success", "and after another start");
}

#[test]
fn a_project_goes_with_its_running_jobs_and_all_that_is_its() {
    let (server, root) = team();
    let project = shop(&server, "job: {script: 'sleep 600'}\n");
    let number = run(&server, &root);
    eventually("the job runs", || {
        (get(&server, &root, &format!("/api/v4/weir/runs/{number}")).1["status"] == "running").then_some(())
    });
    let session = sign_in(&server, "root", PASSWORD).unwrap();
    let (status, to, _) =
        post(&server, "/rpc/project/delete", &session, &format!("id={project}&path=shop/web&typed=shop/web"));
    assert_eq!(status, 302, "{to}");
    assert_eq!(get(&server, &root, &format!("/api/v4/projects/{project}")).0, 404);
    assert_eq!(get(&server, &root, &format!("/api/v4/weir/runs/{number}")).0, 404);
    assert_eq!(get(&server, &root, "/api/pipelines").1, json!([]));
    assert!(support::processes_with(&format!("CI_PIPELINE_URL={}/runs/{number}", server.url)).is_empty());
}

#[test]
fn runners_of_other_machines_take_what_they_may() {
    let (server, root) = team();
    shop(&server, "job: {script: 'true', tags: [special]}\n");
    let token = server.admin(&["runner", "create", "--name", "far", "--tags", "special", "--project", "shop/web"]);
    assert!(token.starts_with("glrt-"), "{token}");
    let file = server.data.join("far.token");
    std::fs::write(&file, &token).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut far = weir()
        .args(["runner", "--url", &server.url, "--token-file"])
        .arg(&file)
        .arg("--dir")
        .arg(dir.path().join("runner"))
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let number = run(&server, &root);
    assert_eq!(ended(&server, &root, number)["status"], "success");
    let (_, runners) = get(&server, &root, "/api/v4/runners/all");
    let far_id = runners.as_array().unwrap().iter().find(|one| one["description"] == "far").unwrap()["id"].clone();
    let (status, paused) = send(&server, &root, "PUT", &format!("/api/v4/runners/{far_id}"), &json!({"paused": true}));
    assert_eq!((status, &paused["paused"]), (200, &json!(true)), "{paused}");
    let waiting = run(&server, &root);
    eventually("it says why it waits", || {
        let (_, jobs) = get(&server, &root, &format!("/api/v4/weir/runs/{waiting}/jobs"));
        let (_, why) = get(&server, &root, &format!("/api/v4/weir/jobs/{}/why", jobs[0]["id"]));
        why.to_string().contains("no runner has them all").then_some(())
    });
    let (_, fresh) =
        send(&server, &root, "POST", &format!("/api/v4/runners/{far_id}/reset_authentication_token"), &Value::Null);
    assert!(fresh["token"].as_str().unwrap().starts_with("glrt-") && fresh["token"] != json!(token));
    support::signal(far.id(), "TERM");
    far.wait().unwrap();
}

#[test]
fn explanations_show_kept_values_only_to_who_may_read_them() {
    let (server, root) = team();
    let definition = "a: {script: 'true', rules: [{if: '$PROD == \"x\"'}]}\nb: {script: 'true'}\n";
    let project = shop(&server, definition);
    let body = json!({"key": "PROD", "value": "prod-password"});
    assert_eq!(send(&server, &root, "POST", &format!("/api/v4/projects/{project}/variables"), &body).0, 201);
    let developer = user(&server, "dev");
    server.admin(&["project", "member", "shop/web", "dev", "developer"]);
    let guess = json!({"text": "a:\n  script: [x]\n  rules:\n    - if: $PROD =~ /^prod/\n", "of": "shop"}).to_string();
    for (token, shown) in [(&root, true), (&developer, false)] {
        let headers = [("private-token", token.as_str()), ("content-type", "application/json")];
        let (_, page) = server.ask("GET", "/rpc/pipeline?key=shop", &headers, "");
        assert_eq!(page.contains("prod-password"), shown, "{page}");
        let (_, lint) = server.ask("POST", "/rpc/lint", &headers, &guess);
        assert!(!lint.contains("prod-password"), "never shown: {lint}");
        assert_eq!(lint.contains("\"plan\":[{"), shown, "letter by letter: {lint}");
    }
}

#[test]
fn nobody_gets_more_than_they_were_given() {
    let (server, root) = team();
    let project = shop(&server, "job: {script: 'true'}\n");
    let maintainer = user(&server, "mia");
    server.admin(&["project", "member", "shop/web", "mia", "maintainer"]);
    let session = sign_in(&server, "root", PASSWORD).unwrap();
    // A user is no owner by their name.
    let named = user(&server, "shop");
    assert_eq!(get(&server, &named, &format!("/api/v4/projects/{project}")).0, 404);
    for path in ["shop/more", "mine/first", "local/default", "Shop/web"] {
        let (status, answer) = send(&server, &named, "POST", "/api/v4/weir/projects", &json!({"path": path}));
        assert_eq!(status, 403, "{path}: {answer}");
    }
    let (status, answer) = send(&server, &root, "POST", "/api/v4/weir/projects", &json!({"path": "Shop/other"}));
    assert_eq!(status, 409, "{answer}");
    // A project's token makes no others, and a trigger is given another text by its owner alone.
    let make = |cookie: &str, kind: &str| {
        let page = "/projects/shop/web?tab=tokens";
        let body = format!("kind={kind}&name={kind}&scope=api&project={project}&role=maintainer&expires=&back={page}");
        let (_, to, _) = post(&server, "/rpc/token/create", cookie, &body);
        server.ask("GET", &to, &[HTML, ("cookie", cookie)], "").1
    };
    let page = make(&session, "project");
    let bot = page.split("glpat-").nth(1).map(|rest| format!("glpat-{}", &rest[..64])).unwrap();
    assert_eq!(get(&server, &bot, &format!("/api/v4/projects/{project}/variables")).0, 200);
    let (status, answer) = send(&server, &bot, "POST", "/api/v4/weir/tokens", &json!({"name": "x", "scope": "api"}));
    assert_eq!(status, 403, "{answer}");
    make(&session, "trigger");
    let number: i64 =
        database(&server).query_row("SELECT id FROM tokens WHERE kind = 'trigger'", [], |row| row.get(0)).unwrap();
    let headers = [("private-token", maintainer.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let (status, answer) = server.ask("POST", "/rpc/token/rotate", &headers, &format!("id={number}"));
    assert_eq!(status, 403, "{answer}");
    // A maintainer makes no owner, and takes nothing from one.
    let set = |token: &str, user: &str, role: &str| {
        send(&server, token, "POST", "/api/v4/weir/members/shop/web", &json!({"user": user, "role": role})).0
    };
    assert_eq!((set(&maintainer, "shop", "owner"), set(&maintainer, "shop", "guest")), (403, 204));
    server.admin(&["project", "member", "shop/web", "shop", "owner"]);
    assert_eq!(set(&maintainer, "shop", "guest"), 403);
}

#[test]
fn sources_tell_no_passwords_and_lead_nowhere_inside() {
    let (server, root) = team();
    let with = |token: &str, path: &str, source: &str| {
        send(&server, token, "POST", "/api/v4/weir/projects", &json!({"path": path, "source": source}))
    };
    let (status, answer) = with(&root, "a/b", "https://user:hunter2pass@127.0.0.1:1/x.git");
    assert!(
        status == 400 && answer.to_string().contains("password") && !answer.to_string().contains("hunter2"),
        "{answer}"
    );
    let mia = user(&server, "mia");
    server.admin(&["project", "create", "shop/web"]);
    server.admin(&["project", "member", "shop", "mia", "maintainer"]);
    for source in ["http://127.0.0.1:1/x.git", "/etc", "ssh://10.0.0.1/x", "git@localhost:x.git", "http://[::1]/x"] {
        let (status, answer) = with(&mia, "shop/inside", source);
        assert_eq!(status, 403, "{source}: {answer}");
    }
}

#[test]
fn memberships_end_with_their_namespace() {
    let (server, root) = team();
    let project = server.admin(&["project", "create", "eph/one"]);
    let carol = user(&server, "carol");
    server.admin(&["project", "member", "eph", "carol", "owner"]);
    let id = project.split(' ').next().unwrap();
    let session = sign_in(&server, "root", PASSWORD).unwrap();
    post(&server, "/rpc/project/delete", &session, &format!("id={id}&path=eph/one&typed=eph/one"));
    assert_eq!(get(&server, &root, &format!("/api/v4/projects/{id}")).0, 404);
    server.admin(&["project", "create", "eph/two"]);
    assert_eq!(get(&server, &carol, "/api/v4/projects").1, json!([]));
}

#[test]
fn a_key_that_does_not_open_what_is_stored_stops_the_start() {
    let (mut server, root) = team();
    let project = shop(&server, "job: {script: 'true'}\n");
    let body = json!({"key": "KEPT", "value": "kept-value-one"});
    assert_eq!(send(&server, &root, "POST", &format!("/api/v4/projects/{project}/variables"), &body).0, 201);
    server.stop();
    let file = server.data.join("secret.key");
    let right = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
    let output =
        weir().args(["serve", "--no-runner", "--listen", "127.0.0.1:0", "--data"]).arg(&server.data).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("1 stored secrets were sealed with other keys"), "{said}");
    std::fs::write(&file, right).unwrap();
    server.start_again();
    assert_eq!(get(&server, &root, &format!("/api/v4/projects/{project}/variables")).1[0]["value"], "kept-value-one");
}
