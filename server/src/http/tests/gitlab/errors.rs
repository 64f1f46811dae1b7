//! Every class of errors of the contract's table that is not about one address: what is busy, what is meant otherwise, too
//! many requests, and faults of the server's own.

use axum::http::header::RETRY_AFTER;
use hyper::ext::ReasonPhrase;

use super::*;
use crate::http::{Public, Routes, Rules, refusals};

#[tokio::test]
async fn what_is_busy_is_a_conflict_that_clients_ask_again_about() {
    let town = Town::new().await;
    let runner = town.dev(&format!("/projects/{}/jobs/{}", town.web().id, town.running)).await["runner"]["id"].clone();
    let path = format!("/api/v4/runners/{runner}");
    let headers = [("private-token", token_of(town.who("root by api")))];
    let response = town.router.clone().oneshot(request("DELETE", &path, &headers, "")).await.unwrap();
    // By this python-gitlab knows what is worth another try (`retry_transient_errors`).
    let phrase = response.extensions().get::<ReasonPhrase>().map(|phrase| phrase.as_bytes().to_vec());
    assert_eq!(phrase.as_deref(), Some(&b"Conflict: Resource lock"[..]));
    let answer = Answer::read(response).await;
    let reason = "1 jobs run on it: pause it, and delete it when they have ended";
    assert_eq!(refused(&answer), (409, json!({"message": "409 Conflict: Resource lock"})));
    assert_eq!(answer.header("x-weir-reason"), reason);
    let still = town.api("root by api", "GET", &path["/api/v4".len()..], &Value::Null).await;
    assert_eq!(still.status, StatusCode::OK);
    town.world.weir.end_job(town.running, End::Success).await.unwrap();
    let gone = town.api("root by api", "DELETE", &path["/api/v4".len()..], &Value::Null).await;
    assert_eq!((gone.status.as_u16(), gone.body.len()), (204, 0));
    // Its jobs stay, and know it by its name.
    let job = town.dev(&format!("/projects/{}/jobs/{}", town.web().id, town.running)).await;
    assert_eq!((&job["status"], &job["runner"]["description"]), (&json!("success"), &json!("test")));
}

#[tokio::test]
async fn a_project_that_is_meant_otherwise_is_not_deleted() {
    let town = Town::new().await;
    let (id, path) = town.fresh_project(town.web()).await;
    let delete = async |query: String| {
        let path = format!("/projects/{id}{query}");
        refused(&town.api("root by api", "DELETE", &path, &Value::Null).await)
    };
    let (status, said) = delete("?full_path=shop/other".into()).await;
    assert_eq!(status, 422);
    assert!(said["message"].as_str().unwrap().starts_with("422 Unprocessable Entity"), "{said}");
    assert_eq!(delete("?full_path[]=x".into()).await, (400, json!({"error": "full_path is invalid"})));
    let here = town.api("root by api", "GET", &format!("/projects/{id}"), &Value::Null).await;
    assert_eq!(here.status, StatusCode::OK);
    let right = form_urlencoded::byte_serialize(path.as_bytes()).collect::<String>();
    assert_eq!(delete(format!("?full_path={right}")).await, (202, json!({"message": "202 Accepted"})));
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_again() {
    let town = Town::new().await;
    let public = Public { rules: Rules::new(2), ..Public::default() };
    let options = Options { owner: "weir".into(), port: PORT, public: Some(public) };
    let state = AppState::new(Arc::clone(&town.world.weir), options, CancellationToken::new());
    let router = super::super::super::router(state);
    let headers = [("private-token", token_of(town.who("dev by api")))];
    let path = format!("/api/v4/projects/{}/jobs", town.web().id);
    for left in ["1", "0"] {
        let answer = town.world.ask(&router, "GET", &path, &headers, "").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!((answer.header("ratelimit-limit"), answer.header("ratelimit-remaining")), ("2", left));
        assert!(!answer.headers.contains_key(RETRY_AFTER));
    }
    let answer = town.world.ask(&router, "GET", &path, &headers, "").await;
    assert_eq!((answer.status.as_u16(), answer.text().trim()), (429, "Retry later"));
    assert!(answer.header("content-type").starts_with("text/plain"));
    for name in ["limit", "observed", "remaining", "reset"] {
        assert!(answer.header(&format!("ratelimit-{name}")).parse::<i64>().is_ok(), "{name}: {:?}", answer.headers);
    }
    assert_eq!(answer.header("ratelimit-name"), "throttle_authenticated_api");
    assert!(httpdate::parse_http_date(answer.header("ratelimit-resettime")).is_ok());
    // A whole number, and none that leaves a client hanging.
    let seconds: u32 = answer.header("retry-after").parse().unwrap();
    assert!((1..=30).contains(&seconds), "{seconds}");
    // Another token of the same user is no way around it.
    let another = town.world.token("dev", model::TokenScope::Api).await.1;
    let refused = town.world.ask(&router, "GET", &path, &[("private-token", another.as_str())], "").await;
    assert_eq!((refused.status.as_u16(), refused.header("ratelimit-name")), (429, "throttle_authenticated_api"));
    // Nobody else is meant, a job that the user started no more than others.
    let others = ["max by api", "running job"].map(|name| (town.who(name).headers[0].0, token_of(town.who(name))));
    for other in others {
        assert_eq!(town.world.ask(&router, "GET", &path, &[other], "").await.status, StatusCode::OK, "{other:?}");
    }
}

/// A handler that falls over.
async fn fall() -> StatusCode {
    panic!("on purpose")
}

#[tokio::test]
async fn faults_of_the_server_are_no_secrets_and_no_details() {
    let town = Town::new().await;
    let fault = (500, json!({"message": "500 Internal Server Error"}));
    // An archive that cannot be opened: it leads to itself.
    let job = town.web().job;
    let folder = town.world.folder.path().join(format!("artifacts/{}/{job}", job.0 / 1000));
    std::fs::create_dir_all(&folder).unwrap();
    let archive = folder.join("archive.zip");
    let _ = std::fs::remove_file(&archive);
    std::os::unix::fs::symlink(&archive, &archive).unwrap();
    for path in ["artifacts", "artifacts/x"] {
        let path = format!("/projects/{}/jobs/{job}/{path}", town.web().id);
        assert_eq!(refused(&town.api("dev by api", "GET", &path, &Value::Null).await), fault, "{path}");
    }
    let routes = refusals::strict_gitlab(Routes::new().get("/fall", fall));
    let router = routes.into_router().with_state(town.world.state.clone());
    let answer = Answer::read(router.oneshot(request("GET", "/fall", &[], "")).await.unwrap()).await;
    assert_eq!(refused(&answer), fault);
}

#[tokio::test]
async fn what_was_revoked_is_told_apart_from_what_never_was() {
    let town = Town::new().await;
    let ask = async |who: &str| refused(&town.api(who, "GET", "/projects", &Value::Null).await);
    let description = "Token was revoked. You have to re-authorize from the user.";
    let revoked = json!({"error": "invalid_token", "error_description": description});
    assert_eq!(ask("revoked token").await, (401, revoked));
    let unknown = ask("token cut off").await;
    assert_eq!((unknown.0, &unknown.1["message"]), (401, &json!("401 Unauthorized")));
    let ended = ask("finished job").await;
    assert_eq!(ended.0, 401);
}

#[tokio::test]
async fn bug_refusals_had_more_in_their_bodies_than_gitlab_says() {
    let town = Town::new().await;
    let root = format!("/projects/{}", town.web().id);
    let plain = |status: u16, text: &str| (status, json!({ "message": format!("{status} {text}") }));
    for (who, method, path, body, wanted) in [
        ("anonymous", "GET", "/user".to_owned(), Value::Null, plain(401, "Unauthorized")),
        ("anonymous", "POST", format!("{root}/pipeline"), json!({"ref": "main"}), plain(401, "Unauthorized")),
        ("wrong token", "GET", "/projects".to_owned(), Value::Null, plain(401, "Unauthorized")),
        ("running job", "GET", "/user".to_owned(), Value::Null, plain(401, "Unauthorized")),
        ("rea by api", "POST", format!("{root}/pipeline"), json!({"ref": "main"}), plain(403, "Forbidden")),
        ("dev by api", "DELETE", root.clone(), Value::Null, plain(403, "Forbidden")),
        ("dev by api", "GET", "/runners/all".to_owned(), Value::Null, plain(403, "Forbidden")),
    ] {
        let answer = if who == "wrong token" {
            town.world.ask(&town.router, method, &format!("/api/v4{path}"), &[("private-token", "glpat-x")], "").await
        } else {
            town.api(who, method, &path, &body).await
        };
        assert_eq!(refused(&answer), wanted, "{who} {method} {path}");
        assert!(!answer.header("x-weir-reason").is_empty(), "{who} {method} {path}: {:?}", answer.headers);
    }
    let masked = json!({"key": "A", "value": "x", "masked": true});
    let answer = town.api("oda by api", "POST", &format!("{root}/variables"), &masked).await;
    assert_eq!(refused(&answer), (400, json!({"message": {"value": ["is invalid"]}})));
    assert!(answer.header("x-weir-reason").contains("mask"), "{:?}", answer.headers);
}
