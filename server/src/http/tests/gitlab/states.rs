//! What can be done to runs and jobs, and what stands against it.

use futures_util::future::join_all;

use super::*;

const UNPLAYABLE: &str = "400 Bad request - Unplayable Job";

fn message(text: &str) -> Value {
    json!({"message": text})
}

#[tokio::test]
async fn one_of_fifty_plays_a_job() {
    let town = Town::new().await;
    let (_, _, waiting) = town.fresh_run(town.web()).await;
    let path = format!("/projects/{}/jobs/{waiting}/play", town.web().id);
    let all = join_all((0..50).map(|_| town.api("dev by api", "POST", &path, &Value::Null))).await;
    let (won, lost): (Vec<_>, Vec<_>) = all.iter().partition(|answer| answer.status == StatusCode::OK);
    assert_eq!((won.len(), lost.len()), (1, 49));
    assert_eq!(won[0].json()["id"], waiting.0);
    assert!(lost.iter().all(|answer| refused(answer) == (400, message(UNPLAYABLE))));
}

#[tokio::test]
async fn jobs_do_what_their_state_allows() {
    let town = Town::new().await;
    let root = format!("/projects/{}", town.web().id);
    let (run, build, later) = town.fresh_run(town.web()).await;
    let post = async |path: String, body: Value| town.api("max by api", "POST", &format!("{root}{path}"), &body).await;
    let at = |job: JobId, action: &str| format!("/jobs/{job}/{action}");
    // What waits for a runner, and what waits for somebody.
    assert_eq!(refused(&post(at(build, "play"), json!({})).await), (400, message(UNPLAYABLE)));
    for job in [build, later] {
        let retry = refused(&post(at(job, "retry"), json!({})).await);
        assert_eq!(retry, (403, message("403 Forbidden - Job is not retryable")));
        let erase = refused(&post(at(job, "erase"), json!({})).await);
        assert_eq!(erase, (403, message("403 Forbidden - Job is not erasable!")));
        assert_eq!(post(at(job, "cancel?force=true"), json!({})).await.status.as_u16(), 403);
    }
    let played = post(at(later, "play"), json!({"job_variables_attributes": [{"key": "A", "value": 1}]})).await;
    assert_eq!((played.status.as_u16(), &played.json()["id"]), (200, &json!(later)));
    assert_eq!(played.json()["user"]["username"], "max", "who played it");
    town.finish(run).await;
    // Ended: a retry is another job, and so is playing once more, with the same variables.
    let again = post(at(later, "play"), json!({})).await.json();
    assert_ne!(again["id"], json!(later));
    let second = JobId(again["id"].as_i64().unwrap());
    let World { weir, caller, .. } = &town.world;
    let variables = weir.job(caller, second).await.unwrap().variables;
    assert!(variables.iter().any(|variable| variable.key == "A" && variable.value == "1"), "{variables:?}");
    assert_eq!(
        refused(&post(at(later, "play"), json!({})).await),
        (400, message(UNPLAYABLE)),
        "it has a later attempt"
    );
    let retried = post(at(build, "retry"), json!({})).await;
    assert_eq!(retried.status.as_u16(), 201);
    assert_ne!(retried.json()["id"], json!(build));
    let listed = town.dev(&format!("{root}/pipelines/{run}/jobs")).await;
    assert!(!listed.as_array().unwrap().iter().any(|job| job["id"] == json!(build)));
    let both = town.dev(&format!("{root}/pipelines/{run}/jobs?include_retried=True")).await;
    assert!(both.as_array().unwrap().iter().any(|job| job["id"] == json!(build)));
    assert_eq!(town.dev(&format!("{root}/jobs/{build}")).await["status"], "success");
    // An ended job is canceled without an error and without an effect.
    let canceled = post(at(build, "cancel"), json!({})).await;
    assert_eq!((canceled.status.as_u16(), &canceled.json()["status"]), (201, &json!("success")));
    let canceled = post(format!("/pipelines/{run}/cancel"), json!({})).await;
    assert_eq!((canceled.status.as_u16(), &canceled.json()["status"]), (200, &json!("canceled")));
}

#[tokio::test]
async fn of_a_variable_that_is_given_twice_the_last_one_counts() {
    let town = Town::new().await;
    let (_, _, later) = town.fresh_run(town.web()).await;
    let pair = |value: &str| json!({"key": "A", "value": value});
    let body = json!({"job_variables_attributes": [pair("first"), {"key": "B", "value": "b"}, pair("last")]});
    let path = format!("/projects/{}/jobs/{later}/play", town.web().id);
    let played = town.api("max by api", "POST", &path, &body).await;
    assert_eq!(played.status.as_u16(), 200, "{}", played.text());
    let World { weir, caller, .. } = &town.world;
    let kept = weir.job(caller, later).await.unwrap().variables;
    let kept: Vec<_> = kept.iter().map(|one| (one.key.as_str(), one.value.as_str())).collect();
    assert_eq!(kept, [("A", "last"), ("B", "b")]);
}

#[tokio::test]
async fn what_is_given_is_read_and_told() {
    let town = Town::new().await;
    let root = format!("/projects/{}", town.web().id);
    let (_, _, later) = town.fresh_run(town.web()).await;
    let error = |text: &str| (400, json!({"error": text}));
    let play =
        async |body: Value| refused(&town.api("dev by api", "POST", &format!("{root}/jobs/{later}/play"), &body).await);
    let of = |list: Value| json!({"job_variables_attributes": list});
    assert_eq!(play(of(json!([{"key": "A"}]))).await, error("job_variables_attributes[0][value] is missing"));
    let two = "job_variables_attributes[0][key] is missing, job_variables_attributes[0][value] is missing";
    assert_eq!(play(of(json!([{}]))).await, error(two));
    assert_eq!(play(of(json!("x"))).await, error("job_variables_attributes is invalid"));
    assert_eq!(play(of(json!([1]))).await, error("job_variables_attributes is invalid"));
    assert_eq!(play(json!({"job_inputs": []})).await, error("job_inputs is invalid"));
    let unknown = message("400 Bad request - Unknown input: size");
    assert_eq!(play(json!({"job_inputs": {"size": "1"}})).await, (400, unknown));
    // What python-gitlab makes of variables among the arguments: names without values.
    let lost = format!("{root}/jobs/{later}/play?job_variables_attributes=key&job_variables_attributes=value");
    assert_eq!(town.api("dev by api", "POST", &lost, &json!({})).await.status.as_u16(), 200);
    let start = async |query: &str, body: Value| {
        refused(&town.api("dev by api", "POST", &format!("{root}/pipeline{query}"), &body).await)
    };
    let base = |text: &str| (400, json!({"message": {"base": [text]}}));
    assert_eq!(start("", json!({})).await, error("ref is missing"));
    assert_eq!(start("", json!({"ref": null})).await, error("ref is missing"));
    assert_eq!(start("", json!({"ref": ["main"]})).await, error("ref is invalid"));
    assert_eq!(start("?ref=nowhere", json!({})).await, base("Reference not found"));
    assert_eq!(start("", json!({"ref": "0".repeat(40)})).await, base("Reference not found"));
    assert_eq!(start("", json!({"ref": "main", "variables": {"A": "1"}})).await, error("variables is invalid"));
    assert_eq!(
        start("", json!({"ref": "main", "variables": [{"key": "A"}]})).await,
        error("variables[0][value] is missing")
    );
    let kind = json!({"ref": "main", "variables": [{"key": "A", "value": "", "variable_type": "x"}]});
    assert_eq!(start("", kind).await, error("variables[0][variable_type] does not have a valid value"));
    assert_eq!(start("", json!({"inputs": "x"})).await, error("ref is missing, inputs is invalid"));
    let twice = json!({"ref": "main", "variables": [{"key": "A", "value": "1"}, {"key": "A", "value": "2"}]});
    assert_eq!(start("", twice).await, base("Duplicate variable name: A"));
    let form = "ref=refs/heads/main&variables[][key]=A&variables[][value]=1&variables[][key]=B&variables[][value]=2";
    let path = format!("/api/v4{root}/pipeline");
    let kind = "application/x-www-form-urlencoded";
    let made = town.ask(town.who("dev by api"), "POST", &path, kind, form, false).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.text());
    let id = made.json()["id"].as_i64().unwrap();
    let variables = town.dev(&format!("{root}/pipelines/{id}/variables")).await;
    assert_eq!((&variables[0]["key"], &variables[1]["value"]), (&json!("A"), &json!("2")));
    let long = json!({"name": "x".repeat(256)});
    let renamed = town.api("dev by api", "PUT", &format!("{root}/pipelines/{id}/metadata"), &long).await;
    let text = "Failed to update pipeline - Name is too long (maximum is 255 characters)";
    assert_eq!(refused(&renamed), (400, message(text)));
    let none = town.api("dev by api", "PUT", &format!("{root}/pipelines/{id}/metadata"), &json!({})).await;
    assert_eq!(refused(&none), error("name is missing"));
    let none = town.api("dev by api", "GET", &format!("{root}/pipelines/latest?ref=nowhere"), &Value::Null).await;
    assert_eq!(refused(&none), (403, message("403 Forbidden")));
    let none = town.api("dev by api", "POST", &format!("{root}/ci/lint"), &json!({})).await;
    assert_eq!(refused(&none), error("content is missing"));
}

#[tokio::test]
async fn a_run_is_deleted_by_who_has_seen_how_it_is() {
    let town = Town::new().await;
    let (run, ..) = town.fresh_canceled_run(town.web()).await;
    let path = format!("/projects/{}/pipelines/{run}", town.web().id);
    let stale = ("if-unmodified-since", "Sat, 01 Jan 2000 00:00:00 GMT");
    let refusal = town.with("oda by api", "DELETE", &path, &[stale]).await;
    assert_eq!(refused(&refusal), (412, message("412 Precondition Failed")));
    assert_eq!(town.with("dev by api", "DELETE", &path, &[]).await.status.as_u16(), 403);
    let later = ("if-unmodified-since", "Wed, 01 Jan 2200 00:00:00 GMT");
    assert_eq!(town.with("oda by api", "DELETE", &path, &[later]).await.status.as_u16(), 204);
    let gone = town.api("dev by api", "GET", &path, &Value::Null).await;
    assert_eq!(refused(&gone), (404, message("404 Not found")));
}

#[tokio::test]
async fn a_job_that_is_being_canceled_is_ended_by_force() {
    let town = Town::new().await;
    let (id, job) = (town.web().id, town.running);
    let path = format!("/projects/{id}/jobs/{job}/cancel");
    let canceled = town.api("dev by api", "POST", &path, &json!({})).await;
    assert_eq!(canceled.json()["status"], "canceling");
    assert_eq!(
        town.api("dev by api", "POST", &path, &json!({"force": true})).await.status.as_u16(),
        403,
        "a developer"
    );
    let forced = town.api("max by api", "POST", &format!("{path}?force=True"), &json!({})).await;
    assert_eq!((forced.status.as_u16(), &forced.json()["status"]), (201, &json!("canceled")));
}

#[tokio::test]
async fn a_trace_that_grows_ends_the_wait_for_it() {
    let town = Town::new().await;
    let path = format!("/projects/{}/jobs/{}/trace", town.web().id, town.running);
    let empty = town.api("dev by api", "GET", &path, &Value::Null).await;
    assert_eq!((empty.status.as_u16(), empty.text(), empty.header("content-type")), (200, "", "text/plain"));
    let known = [("if-none-match", empty.header("etag")), ("prefer", "wait=60")];
    assert_eq!(town.with("dev by api", "GET", &path, &known[..1]).await.status, StatusCode::NOT_MODIFIED);
    let grow = async {
        town.world.weir.logs().append(town.running, 0, b"one\ntwo\n").unwrap();
    };
    let (grown, ()) = tokio::join!(town.with("dev by api", "GET", &path, &known), grow);
    assert_eq!(grown.text(), "one\ntwo\n");
    for (query, text) in [("byte_offset=4", "two\n"), ("byte_offset=4&byte_limit=2", "tw"), ("byte_offset=99", "")] {
        let part = town.api("dev by api", "GET", &format!("{path}?{query}"), &Value::Null).await;
        assert_eq!((part.status.as_u16(), part.text()), (200, text), "{query}");
    }
    assert!(empty.header("content-disposition").starts_with("infile; filename="));
}
