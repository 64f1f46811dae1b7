//! Every endpoint's answer as a whole. Times and opaque names are left out.

use super::*;

/// Holds an answer against what it was.
fn same(name: &str, answer: &Answer) {
    let mut settings = insta::Settings::clone_current();
    settings.set_omit_expression(true);
    settings.set_prepend_module_to_snapshot(false);
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "[time]");
    settings.add_filter("\"uid\": \"[0-9a-f]{32}\"", "\"uid\": \"[uid]\"");
    settings.add_filter("\"(duration|queued_duration)\": [0-9.]+", "\"$1\": \"[seconds]\"");
    let body = if answer.body.is_empty() { Value::Null } else { answer.json() };
    settings.bind(|| insta::assert_json_snapshot!(format!("gitlab_{name}"), json!([answer.status.as_u16(), body])));
}

#[tokio::test]
async fn answers_of_what_is_read() {
    let town = Town::new().await;
    let (project, run, job) = (town.web().id, town.web().run, town.web().job);
    let root = format!("/projects/{project}");
    for (name, path) in [
        ("runs", format!("{root}/pipelines?order_by=id&sort=asc&per_page=1")),
        ("run", format!("{root}/pipelines/{run}")),
        ("run_jobs", format!("{root}/pipelines/{run}/jobs")),
        ("run_bridges", format!("{root}/pipelines/{run}/bridges")),
        ("run_test_report", format!("{root}/pipelines/{run}/test_report")),
        ("run_test_report_summary", format!("{root}/pipelines/{run}/test_report_summary")),
        ("jobs", format!("{root}/jobs?scope[]=success&scope[]=failed")),
        ("job", format!("{root}/jobs/{job}")),
        ("job_of_run", format!("{root}/pipelines/{run}/jobs/{job}")),
        ("lint_own", format!("{root}/ci/lint?include_jobs=true")),
    ] {
        same(name, &town.api("dev by api", "GET", &path, &Value::Null).await);
    }
    same(
        "run_latest",
        &town.api("dev by api", "GET", &format!("{root}/pipelines/latest?ref=main"), &Value::Null).await,
    );
    same("job_of_token", &town.api("running job", "GET", "/job", &Value::Null).await);
    same("job_agents", &town.api("running job", "GET", "/job/allowed_agents", &Value::Null).await);
    same("version", &town.api("dev by api", "GET", "/version", &Value::Null).await);
}

#[tokio::test]
async fn answers_of_what_is_changed() {
    let town = Town::new().await;
    let (project, job) = (town.web().id, town.web().job);
    let root = format!("/projects/{project}");
    let post = async |name: &str, path: String, body: Value| {
        let answer = town.api("oda by api", "POST", &path, &body).await;
        same(name, &answer);
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    };
    let variables = json!([{"key": "A", "value": "x"}, {"key": "B", "value": "y", "variable_type": "file"}]);
    let made = post("run_create", format!("{root}/pipeline"), json!({"ref": "main", "variables": variables})).await;
    let run = made["id"].as_i64().unwrap();
    same(
        "run_variables",
        &town.api("oda by api", "GET", &format!("{root}/pipelines/{run}/variables"), &Value::Null).await,
    );
    let path = format!("{root}/pipelines/{run}/metadata");
    same("run_name", &town.api("oda by api", "PUT", &path, &json!({"name": "nightly"})).await);
    let jobs = town.dev(&format!("{root}/pipelines/{run}/jobs")).await;
    let id = |name: &str| jobs.as_array().unwrap().iter().find(|job| job["name"] == name).unwrap()["id"].clone();
    post("job_play", format!("{root}/jobs/{}/play", id("zq-web-later")), json!({})).await;
    post("job_cancel", format!("{root}/jobs/{}/cancel", id("zq-web-build")), json!({})).await;
    post("job_retry", format!("{root}/jobs/{}/retry", id("zq-web-build")), json!({})).await;
    post("run_cancel", format!("{root}/pipelines/{run}/cancel"), json!({})).await;
    post("run_retry", format!("{root}/pipelines/{run}/retry"), json!({})).await;
    post("job_keep", format!("{root}/jobs/{job}/artifacts/keep"), json!({})).await;
    post("job_erase", format!("{root}/jobs/{job}/erase"), json!({})).await;
    post("lint", format!("{root}/ci/lint"), json!({"content": "a: {script: [x]}\n", "include_jobs": "True"})).await;
    post("lint_bad", format!("{root}/ci/lint"), json!({"content": "a: {}\n"})).await;
    post("lint_alone", "/ci/lint".into(), json!({"content": "a: {script: [x]}\n"})).await;
    let gone = town.api("oda by api", "DELETE", &format!("{root}/artifacts"), &Value::Null).await;
    same("artifacts_delete", &gone);
    let gone = town.api("oda by api", "DELETE", &format!("{root}/pipelines/{run}"), &Value::Null).await;
    assert_eq!((gone.status, gone.body.len()), (StatusCode::NO_CONTENT, 0));
}
