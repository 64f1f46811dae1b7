use axum::routing::get;

use app::service::Accounts as _;
use model::{TokenDraft, TokenKind, TokenScope};

use super::super::finish;
use super::super::limits::TooSlow;
use super::*;

#[tokio::test]
async fn a_page_allows_its_own_scripts_and_nothing_else() {
    let world = World::new().await;
    let page = world.get("/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-type").starts_with("text/html"));
    let policy = page.header("content-security-policy");
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap();
    assert!(nonce.len() >= 16);
    let scripts = page.text().matches("<script").count();
    assert!(scripts > 0);
    assert!(page.text().matches(&format!("nonce=\"{nonce}\"")).count() >= scripts, "{}", page.text());
    for part in ["script-src 'self' 'nonce-", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"));
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
    assert!(!page.header("x-request-id").is_empty());
    let other = world.get("/").await;
    assert_ne!(other.header("content-security-policy"), policy, "a nonce is used once");
}

#[tokio::test]
async fn below_the_interfaces_every_refusal_is_json() {
    let world = World::new().await;
    let unknown = ["/api", "/api/", "//api/x", "/api//jobs", "/api/nope", "/api/v4/nope", "/v1/x", "/v5/a/b", "/v6"];
    for path in unknown {
        for method in ["GET", "POST", "DELETE"] {
            let answer = world.send(request(method, path, &[("accept", "text/html")], "")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{method} {path}");
            let body = answer.json();
            if path.starts_with("/v") {
                assert_eq!(body["error_code"], "APIG.0101", "{method} {path}");
                assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8");
            } else {
                assert!(body["error"].is_string(), "{method} {path}");
            }
            assert_eq!(answer.header("cache-control"), "max-age=0, private, must-revalidate");
        }
    }
    let wrong = world.get("/api/v4/jobs/request").await;
    assert_eq!(wrong.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(wrong.header("allow"), "POST");
    wrong.json();
    let json = [("content-type", "application/json")];
    let malformed = world.send(request("POST", "/api/v4/jobs/request", &json, "{")).await;
    assert_eq!(malformed.status, StatusCode::BAD_REQUEST);
    malformed.json();
    let large = world.send(request("POST", "/api/v4/jobs/request", &json, vec![b' '; 2 << 20])).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    large.json();
}

#[tokio::test]
async fn a_theme_that_was_chosen_holds_for_pages_without_scripts_too() {
    let world = World::new().await;
    let form = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
    let chosen = world.send(request("POST", "/rpc/prefs/theme", &form, "value=dark&back=%2F")).await;
    let cookie = chosen.header("set-cookie").split(';').next().unwrap().to_owned();
    for path in ["/", "/projects", "/docs", "/docs/language", "/docs/adr/0009-containers", "/docs/api", "/docs/nothing"]
    {
        let dark = world.send(request("GET", path, &[("cookie", &cookie)], "")).await;
        assert!(dark.text().contains("data-theme=\"dark\""), "{path}");
        assert!(world.get(path).await.text().contains("data-theme=\"auto\""), "{path}");
    }
    assert_eq!(world.get("/docs/nothing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused_in_the_words_of_the_pages() {
    let world = World::new().await;
    let answer = world.send(request("POST", "/rpc/pipeline/save", &[("content-length", "9000000")], "x")).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.json()["kind"], "too_large");
}

#[tokio::test]
async fn addresses_that_are_none_are_404() {
    let world = World::new().await;
    let page = world.get("/no/such/page").await;
    assert_eq!(page.status, StatusCode::NOT_FOUND);
    assert!(page.header("content-type").starts_with("text/html"));
    for path in ["/pkg/0123/weir.js", "/pkg/weir.js", "/jobs/1/raw", "/jobs/x/raw", "/jobs/1/artifacts/a.zip"] {
        assert_eq!(world.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/live/runs/1", "/live/jobs/1", "/live/jobs/1/log", "/live/pipelines/x", "/live/runs/../1"] {
        assert_eq!(world.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(world.send(request("POST", "/no/such/page", &[], "")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn foreign_pages_are_kept_away() {
    let world = World::new().await;
    for path in ["/", "/healthz", "/api/jobs", "/live/dashboard", "/rpc/dashboard"] {
        let foreign = Request::builder().uri(path).header("host", "evil.example").body(Body::empty()).unwrap();
        let answer = world.send(foreign).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        answer.json();
    }
    let stream = world.get_with("/live/dashboard", &[("origin", "http://evil.example")]).await;
    assert_eq!(stream.status, StatusCode::FORBIDDEN);
    let change = request("POST", "/api/v4/jobs/request", &[("sec-fetch-site", "cross-site")], "{}");
    assert_eq!(world.send(change).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_token_that_is_given_must_be_good() {
    let world = World::new().await;
    let run = world.start().await;
    let job = world.jobs(run.id).await[0].id;
    let path = format!("/jobs/{job}/raw");
    assert_eq!(world.get(&path).await.status, StatusCode::OK);
    for headers in [[("private-token", "glpat-no")], [("authorization", "Bearer glpat-no")]] {
        let refused = world.get_with(&path, &headers).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        refused.json();
    }
    let draft = TokenDraft {
        kind: TokenKind::Personal,
        name: "t".into(),
        scope: TokenScope::ReadApi,
        user: Some("bob".into()),
        project: None,
        role: None,
        expires_at: None,
        description: None,
    };
    let token = world.weir.create_token(&world.caller, draft).await.unwrap().secret;
    let answer = world.get_with(&path, &[("authorization", &format!("bearer {token}"))]).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(world.get_with("/", &[("private-token", "glpat-no")]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn health_is_told() {
    let world = World::new().await;
    assert_eq!(world.get("/healthz").await.text(), "ok\n");
    assert_eq!(world.get("/readyz").await.text(), "ok\n");
    world.state.stop.cancel();
    assert_eq!(world.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
}

/// A route that no real one is like.
fn panicking(world: &World) -> Router {
    let routes = Router::new().route("/panic", get(async || -> &'static str { panic!("secret") }));
    finish(routes, world.state.clone())
}

#[tokio::test]
async fn a_request_is_held_until_something_changes_or_the_server_ends() {
    let world = World::new().await;
    world.start().await;
    let ask = async |tag: &str, prefer: &str| {
        world.get_with("/api/jobs", &[("if-none-match", tag), ("prefer", prefer)]).await
    };
    let first = ask("", "wait=60").await;
    assert_eq!(first.status, StatusCode::OK);
    let tag = first.header("etag").to_owned();
    assert_eq!(ask(&tag, "").await.status, StatusCode::NOT_MODIFIED);
    let (held, _) = tokio::join!(ask(&tag, "wait=60"), world.take());
    assert_eq!(held.status, StatusCode::OK);
    assert_ne!(held.header("etag"), tag);
    let tag = held.header("etag").to_owned();
    let (ended, ()) = tokio::join!(ask(&tag, "wait=60"), async { world.state.stop.cancel() });
    assert_eq!(ended.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn a_panic_is_a_500_without_its_text() {
    let world = World::new().await;
    let answer = Answer::read(panicking(&world).oneshot(request("GET", "/panic", &[], "")).await.unwrap()).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!answer.text().contains("secret"));
}

#[tokio::test]
async fn request_ids_come_back_when_they_are_harmless() {
    let world = World::new().await;
    assert_eq!(world.get_with("/healthz", &[("x-request-id", "abc-1")]).await.header("x-request-id"), "abc-1");
    let own = world.get_with("/healthz", &[("x-request-id", "a b\"c")]).await;
    assert_ne!(own.header("x-request-id"), "a b\"c");
}

/// A server function told what it could not read as a fault of the server.
#[tokio::test]
async fn bodies_that_cannot_be_read_are_no_faults_of_ours() {
    let world = World::public().await;
    let router = world.router();
    let ask = async |body: Body| {
        let form = [("content-type", "application/x-www-form-urlencoded")];
        let asked = router.clone().oneshot(request("POST", "/rpc/session/sign_in", &form, body)).await.unwrap();
        Answer::read(asked).await
    };
    let odd = ask(Body::from(&b"name=\xff\xfe"[..])).await;
    assert_eq!((odd.status, odd.json()["kind"].as_str()), (StatusCode::BAD_REQUEST, Some("invalid")), "{}", odd.text());
    let drips = futures_util::stream::iter([Ok("name=a"), Err(axum::Error::new(TooSlow))]);
    let slow = ask(Body::from_stream(drips)).await;
    assert_eq!(slow.status, StatusCode::REQUEST_TIMEOUT, "{}", slow.text());
    let broken = futures_util::stream::iter([Ok("name=a"), Err(std::io::Error::other("gone"))]);
    assert_eq!(ask(Body::from_stream(broken)).await.status, StatusCode::BAD_REQUEST);
    let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 1 << 20]));
    let large = ask(Body::from_stream(endless)).await;
    assert_eq!((large.status, large.json()["kind"].as_str()), (StatusCode::PAYLOAD_TOO_LARGE, Some("too_large")));
}

/// Another thread went on with the page, and did not know whose it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn pages_that_are_asked_for_at_once_have_their_titles() {
    let world = Arc::new(World::new().await);
    let asked: Vec<_> = (0..200)
        .map(|n| {
            let world = Arc::clone(&world);
            let path = ["/projects", "/runners", "/schedules", "/settings/variables"][n % 4];
            tokio::spawn(async move { world.get_with(path, &[("accept", "text/html")]).await })
        })
        .collect();
    for one in asked {
        let page = one.await.unwrap();
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.text().contains(" · Weir</title>"), "{}", &page.text()[..600]);
    }
}
