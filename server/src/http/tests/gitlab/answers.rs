//! The answer of every route as a whole, a snapshot each: a route without one fails here. Times, numbers and opaque
//! names are left out. What needs a repository is shown where there is one (`server/tests/gitlab_*.rs`).

use std::collections::BTreeSet;
use std::path::Path;

use super::super::access::Line;
use super::super::access::requests::{Names, Wanted};
use super::order::routes;
use super::*;
use crate::http::openapi;

/// Routes that are about a repository, and the snapshots that they have elsewhere.
const ELSEWHERE: [(&str, &str); 6] = [
    ("GET /api/v4/projects/{project}/repository/branches", "gitlab_things__branches"),
    ("GET /api/v4/projects/{project}/repository/branches/{*branch}", "gitlab_things__branch"),
    ("GET /api/v4/projects/{project}/repository/tags", "gitlab_things__tags"),
    ("GET /api/v4/projects/{project}/repository/commits", "gitlab_runs__commits"),
    ("GET /api/v4/projects/{project}/repository/commits/{sha}", "gitlab_things__commit"),
    ("GET /api/v4/projects/{project}/repository/files/{*path}?ref=main", "gitlab_things__file"),
];

/// Headers that are part of the contract.
const HEADERS: [&str; 10] = [
    "content-type",
    "content-disposition",
    "etag",
    "x-page",
    "x-per-page",
    "x-next-page",
    "x-prev-page",
    "x-total",
    "x-total-pages",
    "link",
];

/// `GET /api/v4/projects/{project}/jobs` as a name: `get_projects_project_jobs`.
fn name(route: &str) -> String {
    let words = route.replacen("/api/v4", "", 1).to_lowercase();
    let words = words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

/// Holds an answer against what it was.
fn same(folder: &str, name: &str, answer: &Answer) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path(format!("snapshots/{folder}"));
    for (found, shown) in [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "[time]"),
        (r#""\d{4}-\d\d-\d\d""#, "\"[date]\""),
        ("\"[0-9a-f]{32}\"", "\"[uid]\""),
        (r"(gl[a-z]+-)[0-9a-f]{64}", "$1[secret]"),
        (r#""duration": [0-9.]+"#, "\"duration\": \"[seconds]\""),
        // Of a run that waited for less than a second, there is none; and use is noted beside the request.
        (r#""queued_duration": (null|[0-9.]+)"#, "\"queued_duration\": \"[seconds, or null]\""),
        (
            r#""(last_used_at|\w+_sign_in_at|last_activity_on)": (null|"\[(time|date)\]")"#,
            "\"$1\": \"[time, or null]\"",
        ),
        (r"_bot_[0-9a-f]{12}", "_bot_[name]"),
        (r#""(id|iid|\w+_id)": [1-9]\d*"#, "\"$1\": \"[number]\""),
        (r"/(projects|pipelines|jobs|groups|runners|pipeline_schedules)/\d+", "/$1/[number]"),
        (r"filename=\\?.\d+\.log", "filename=[number].log"),
        ("cursor=[0-9a-f]+", "cursor=[cursor]"),
        (r"(?i)(fresh|made)([-_ ])\d+", "$1$2[number]"),
    ] {
        settings.add_filter(found, shown);
    }
    let headers = HEADERS.iter().filter(|name| answer.headers.contains_key(**name));
    let of = |name: &&str| match *name {
        "etag" => "[tag]".to_owned(),
        name => answer.header(name).to_owned(),
    };
    let headers: serde_json::Map<_, _> = headers.map(|name| ((*name).to_owned(), of(name).into())).collect();
    let whole = json!({"status": answer.status.as_u16(), "headers": headers, "body": body_of(answer)});
    settings.bind(|| insta::assert_json_snapshot!(name, whole));
}

/// JSON, a text, or that there are bytes.
fn body_of(answer: &Answer) -> Value {
    match std::str::from_utf8(&answer.body) {
        Ok("") => Value::Null,
        Ok(text) => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
        Err(_) => "[bytes]".into(),
    }
}

/// What a good request needs that [`Names`] has not.
async fn wanted(town: &Town, line: &Line, who: &str) -> Wanted {
    let (ground, who) = (town.web(), town.who(who));
    let names = Names::of(town, ground).with_token_of(town, who).await;
    let names = if line.method == "GET" { names } else { names.used_up(town, ground, who, &line.route).await };
    let request = names.request(town, ground, &line.route);
    let with = |body: Value| Wanted { body: body.to_string(), ..names.request(town, ground, &line.route) };
    let trigger = || token_of(town.who("trigger"));
    let lent = async || {
        let runner = town.fresh_runner(&town.grounds[1]).await;
        let runners = format!("/projects/{}/runners", ground.id);
        (runner, runners)
    };
    match line.route.as_str() {
        route if route.ends_with("/trigger/pipeline") => with(json!({"ref": "main", "token": trigger()})),
        route if route.ends_with("/ref/{*path}") => Wanted {
            path: format!("/api/v4/projects/{}/ref/main/trigger/pipeline", ground.id),
            ..with(json!({"token": trigger()}))
        },
        "POST /api/v4/projects/{project}/runners" => with(json!({"runner_id": lent().await.0})),
        "DELETE /api/v4/projects/{project}/runners/{runner}" => {
            let (runner, runners) = lent().await;
            town.api("root by api", "POST", &runners, &json!({"runner_id": runner})).await;
            Wanted { path: format!("/api/v4{runners}/{runner}"), ..request }
        }
        // Only what left something is erased.
        route if route.ends_with("/jobs/{job}/erase") => {
            let ground = &town.grounds[if route.contains("pipelines") { 1 } else { 2 }];
            Wanted { path: Names::of(town, ground).request(town, ground, &line.route).path, ..request }
        }
        "POST /api/v4/projects/{project}/pipeline" => {
            with(json!({"ref": "main", "variables": [{"key": "A", "value": "x"}]}))
        }
        _ => request,
    }
}

#[tokio::test]
async fn every_route_answers_as_it_did() {
    let town = Town::new().await;
    let (mut reading, mut changing): (Vec<_>, Vec<_>) = routes().into_iter().partition(|line| line.method == "GET");
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots");
    for (route, name) in ELSEWHERE {
        assert!(reading.iter().any(|line| line.route == route), "{route} is not served any more");
        assert!(tests.join(format!("{name}.snap")).exists(), "{route} has no snapshot {name}");
    }
    reading.retain(|line| ELSEWHERE.iter().all(|(route, _)| line.route != *route));
    let names: BTreeSet<String> = reading.iter().chain(&changing).map(|line| name(&line.route)).collect();
    let mut differ = Vec::new();
    // First what is there, then what changes it; and last what takes all of it away.
    changing.sort_by_key(|line| (line.method == "DELETE", line.path == "/api/v4/projects/{project}/artifacts"));
    for line in reading.into_iter().chain(changing) {
        let who = if line.path.starts_with("/api/v4/job") { "running job" } else { "root by api" };
        let asked = wanted(&town, &line, who).await;
        // Their own token is used up by some.
        let is_own = line.path.contains("/personal_access_tokens/self");
        let who = if is_own { town.with_another_token(town.who(who)).await } else { town.who(who).clone() };
        let answer = town.ask(&who, &line.method, &asked.path, asked.kind, &asked.body, false).await;
        assert!(answer.status.is_success(), "{} {}: {} {}", line.route, asked.path, answer.status, answer.text());
        let (path, body) = (line.path.split('?').next().unwrap(), body_of(&answer));
        differ.extend(openapi::tests::problems_of(&line.method, path, answer.status.as_u16(), &body));
        same("routes", &name(&line.route), &answer);
    }
    assert_eq!(differ, Vec::<String>::new(), "answers that the document describes otherwise");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/tests/gitlab/snapshots/routes");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: BTreeSet<String> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "snap"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let gone: Vec<_> = files.difference(&names).collect();
    assert!(gone.is_empty(), "snapshots of routes that are served no more: {gone:?}");
}

#[tokio::test]
async fn answers_that_depend_on_what_is_asked() {
    let town = Town::new().await;
    let root = format!("/projects/{}", town.web().id);
    let variables = json!([{"key": "A", "value": "x"}, {"key": "B", "value": "y", "variable_type": "file"}]);
    let body = json!({"ref": "main", "variables": variables});
    let made = town.api("oda by api", "POST", &format!("{root}/pipeline"), &body).await.json();
    for (name, method, path, body) in [
        ("variables_of_a_run", "GET", format!("{root}/pipelines/{}/variables", made["id"]), Value::Null),
        ("lint_of_the_project_with_jobs", "GET", format!("{root}/ci/lint?include_jobs=true"), Value::Null),
        (
            "lint_with_jobs",
            "POST",
            format!("{root}/ci/lint"),
            json!({"content": "a: {script: [x]}\n", "include_jobs": "True"}),
        ),
        ("lint_of_what_is_wrong", "POST", format!("{root}/ci/lint"), json!({"content": "a: {}\n"})),
        ("jobs_by_scope", "GET", format!("{root}/jobs?scope[]=success&scope[]=failed"), Value::Null),
        ("jobs_by_keyset", "GET", format!("{root}/jobs?pagination=keyset&per_page=1"), Value::Null),
        ("projects_shortly", "GET", "/projects?simple=true&per_page=2&page=2&order_by=id&sort=asc".into(), Value::Null),
    ] {
        same("variants", name, &town.api("oda by api", method, &path, &body).await);
    }
}
