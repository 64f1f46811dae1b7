//! Browsers' sessions and logins over the wire.

use model::TokenScope;

use super::*;
use crate::http::{Public, Rules, Site};

/// The session that an answer gives a browser to keep.
fn kept(answer: &Answer) -> Option<String> {
    let all = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    all.map(str::to_owned).find(|text| text.starts_with("weir_session="))
}

/// The server prolongs a session with each use; so does the browser, or it would be over in the middle of work.
#[tokio::test]
async fn a_page_that_is_opened_keeps_the_session_of_its_browser() {
    let world = World::public().await;
    let ada = world.user("ada").await;
    let (_, (name, value)) = world.session(ada).await;
    let router = world.router();
    let page = [(name, value.as_str()), ("accept", "text/html")];
    let answer = world.ask(&router, "GET", "/settings/account", &page, "").await;
    let set = kept(&answer).expect("the page renews it");
    assert_eq!((answer.status, set.split(';').next().unwrap()), (StatusCode::OK, value.as_str()));
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=1209600"] {
        assert!(set.contains(part) && !set.contains("Secure"), "{set}");
    }
    // What scripts and held requests ask may be answered when somebody else is signed in.
    let other = [(name, value.as_str()), ("accept", "application/json")];
    for path in ["/api/v4/user", "/rpc/dashboard", "/live/dashboard"] {
        assert_eq!(kept(&world.ask(&router, "GET", path, &other, "").await), None, "{path}");
    }
    // Neither who came by a token nor who is nobody gets a session.
    let (_, token) = world.token("ada", TokenScope::Api).await;
    for headers in [
        vec![(name, value.as_str()), ("accept", "text/html"), ("private-token", token.as_str())],
        vec![("accept", "text/html")],
        vec![(name, "weir_session=0123"), ("accept", "text/html")],
    ] {
        assert_eq!(kept(&world.ask(&router, "GET", "/login", &headers, "").await), None, "{headers:?}");
    }
    // Who leaves has left.
    let origin = format!("http://localhost:{PORT}");
    let leave = [
        (name, value.as_str()),
        ("accept", "text/html"),
        ("origin", origin.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let answer = world.ask(&router, "POST", "/rpc/session/sign_out", &leave, "").await;
    let set = kept(&answer).expect("it is taken away");
    assert!(set.starts_with("weir_session=;") && set.contains("Max-Age=0"), "{set}");
    assert_eq!(kept(&world.ask(&router, "GET", "/login", &page, "").await), None);
}

/// Who came by https is not to be heard by anybody, whatever brought them here.
#[tokio::test]
async fn a_session_and_its_browser_keep_to_https_where_the_server_has_it() {
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (external, is_secure, secure, strict) in [
        (None, false, false, false),
        (None, true, true, true),
        // The proxy does not say how it was reached.
        (Some("https://ci.example"), false, true, false),
        (Some("https://ci.example"), true, true, true),
        // Nobody is kept away from where the links lead.
        (Some("http://ci.example"), true, true, false),
    ] {
        let mut world = World::public().await;
        let public = Public { external: external.and_then(Site::of_url), rules: Rules::new(0), ..Public::default() };
        let options = Options { owner: "weir".into(), port: PORT, public: Some(public) };
        world.state = AppState::new(Arc::clone(&world.weir), options, CancellationToken::new());
        let ada = world.user("ada").await;
        let (_, (name, value)) = world.session(ada).await;
        let ask = async |method: &str, path: &str, headers: &[(&str, &str)]| {
            let mut request = request(method, path, headers, "");
            let peer = crate::http::Peer { address: Some([192, 0, 2, 7].into()), is_secure };
            request.extensions_mut().insert(peer);
            Answer::read(world.router().oneshot(request).await.unwrap()).await
        };
        let page = ask("GET", "/settings/account", &[(name, value.as_str()), ("accept", "text/html")]).await;
        let left = ask("POST", "/rpc/session/sign_out", &[(name, value.as_str()), form]).await;
        for answer in [&page, &left] {
            let set = kept(answer).expect("a cookie");
            assert_eq!(set.contains("; Secure"), secure, "{external:?} {is_secure}: {set}");
            let said = answer.header("strict-transport-security");
            assert_eq!(said, if strict { "max-age=31536000" } else { "" }, "{external:?} {is_secure}");
        }
    }
}

#[tokio::test]
async fn a_login_too_many_says_when_the_next_one_is_worth_it() {
    let world = World::public().await;
    world.user("ada").await;
    let router = world.router();
    let form = ("content-type", "application/x-www-form-urlencoded");
    let body = "name=ada&password=wrong-password&next=/";
    let mut tries = 0;
    let refused = loop {
        let answer = world.ask(&router, "POST", "/rpc/session/sign_in", &[form], body).await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            break answer;
        }
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.text());
        tries += 1;
        assert!(tries <= 20, "nobody is refused");
    };
    let seconds: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    assert_eq!(refused.json()["retry_after"], seconds);
    // A form is led back to its page at once, which says the same.
    let plain = [form, ("accept", "text/html")];
    let led = world.ask(&router, "POST", "/rpc/session/sign_in", &plain, body).await;
    assert_eq!((led.status, led.header("retry-after")), (StatusCode::FOUND, ""));
    let page = world.ask(&router, "GET", led.header("location"), &[("accept", "text/html")], "").await;
    assert!(page.text().contains("too many attempts to sign in: try again in"), "{}", page.text());
}

/// Runners' tokens are too long to be guessed; whoever tries all the same is slowed down like others.
#[tokio::test]
async fn wrong_tokens_of_runners_are_counted_and_good_ones_are_not() {
    let world = World::public().await;
    let draft = model::RunnerDraft { name: "far".into(), run_untagged: true, ..model::RunnerDraft::default() };
    let (_, token) = app::service::Accounts::create_runner(&*world.weir, &world.caller, None, draft).await.unwrap();
    let router = world.router();
    let peer = crate::http::Peer { address: Some([192, 0, 2, 7].into()), is_secure: false };
    let ask = async |path: &str, token: &str| {
        let body = serde_json::json!({"token": token, "system_id": "s"}).to_string();
        let mut request = request("POST", path, &[("content-type", "application/json")], body);
        request.extensions_mut().insert(peer);
        Answer::read(router.clone().oneshot(request).await.unwrap()).await
    };
    let mut tries = 0;
    let refused = loop {
        let answer = ask("/api/v4/jobs/request", "glrt-wrong").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            break answer;
        }
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        tries += 1;
        assert!(tries <= 80, "nobody counts");
    };
    assert_eq!(refused.header("ratelimit-name"), "throttle_runner_address");
    assert!(!refused.header("retry-after").is_empty() && !refused.header("ratelimit-resettime").is_empty());
    for _ in 0..40 {
        assert_eq!(ask("/api/v4/jobs/request", &token).await.status, StatusCode::NO_CONTENT);
        assert_eq!(ask("/api/v4/runners/verify", &token).await.status, StatusCode::OK);
    }
    // People of the same address sign in as ever; and tokens of jobs count with those of runners.
    let from_there = async |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        let mut request = request(method, path, headers, body.to_owned());
        request.extensions_mut().insert(peer);
        Answer::read(router.clone().oneshot(request).await.unwrap()).await.status
    };
    let form = ("content-type", "application/x-www-form-urlencoded");
    let wrong = "name=ada&password=wrong-password&next=/";
    assert_eq!(from_there("POST", "/rpc/session/sign_in", &[form], wrong).await, StatusCode::UNAUTHORIZED);
    let of_person = [("private-token", "glpat-wrong")];
    assert_eq!(from_there("GET", "/api/v4/user", &of_person, "").await, StatusCode::UNAUTHORIZED);
    let of_job = [("job-token", "glcbt-wrong")];
    assert_eq!(from_there("GET", "/api/v4/job", &of_job, "").await, StatusCode::TOO_MANY_REQUESTS);
}
