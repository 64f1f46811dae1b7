//! What holds for every address of the dialect.

use app::service::Accounts as _;

use super::*;
use crate::http::{Peer, Proxies, Public, Rules};

#[tokio::test]
async fn addresses_verbs_and_formats_that_are_none() {
    let town = Town::new().await;
    let web = town.web().id;
    let ask = async |method: &str, path: &str| refused(&town.api("dev by api", method, path, &Value::Null).await);
    for path in ["/nope", "/projects/1/nope", "/projects/1/pipelines/1/nope", "/version.json", "/a.b.c"] {
        assert_eq!(ask("GET", path).await, (404, json!({"error": "404 Not Found"})), "{path}");
    }
    for (method, path) in [("POST", "/version"), ("PATCH", "/user"), ("DELETE", "/projects/1/jobs")] {
        assert_eq!(ask(method, path).await, (405, json!({"error": "405 Not Allowed"})), "{method} {path}");
    }
    let xml = json!({"error": "The requested format 'xml' is not supported."});
    for path in ["/version.xml", &format!("/projects/{web}/pipelines.xml"), &format!("/projects/{web}/jobs/1.xml")] {
        assert_eq!(ask("GET", path).await, (406, xml.clone()), "{path}");
    }
}

#[tokio::test]
async fn who_asks_comes_before_what_and_what_before_where() {
    let town = Town::new().await;
    let secret = town.grounds.iter().find(|ground| ground.word == "secret").unwrap();
    let (web, hidden) = (town.web().id, secret.id);
    let get = async |who: &str, path: String| refused(&town.api(who, "GET", &path, &Value::Null).await);
    let unauthorized = get("anonymous", "/user".into()).await;
    assert_eq!((unauthorized.0, &unauthorized.1["message"]), (401, &json!("401 Unauthorized")));
    // A bad token is bad where nobody needs one, too; and before the parameters.
    let bad = town.world.ask(&town.router, "GET", "/api/v4/projects?page=0", &[("private-token", "glpat-x")], "").await;
    assert_eq!((bad.status.as_u16(), &bad.json()["message"]), (401, &json!("401 Unauthorized")));
    // Parameters before the project, the project before what is in it, and that before the role.
    let page = json!({"error": "page does not have a valid value, per_page is invalid"});
    let not_found = json!({"message": "404 Project Not Found"});
    assert_eq!(get("dev by api", format!("/projects/{web}/jobs/x")).await.1, json!({"error": "job_id is invalid"}));
    assert_eq!(get("sam by api", format!("/projects/{hidden}/jobs/x")).await.1, json!({"error": "job_id is invalid"}));
    assert_eq!(
        get("sam by api", format!("/projects/{hidden}/pipelines/y")).await.1,
        json!({"error": "pipeline_id is invalid"})
    );
    assert_eq!(get("sam by api", format!("/projects/{hidden}/jobs/1")).await, (404, not_found.clone()));
    assert_eq!(get("sam by api", "/projects/987654/jobs/1".into()).await, (404, not_found.clone()));
    assert_eq!(get("anonymous", format!("/projects/{hidden}/jobs")).await, (404, not_found));
    assert_eq!(get("dev by api", "/projects?page=0&per_page=x".into()).await, (400, page));
    let record = json!({"message": "404 Not found"});
    assert_eq!(get("dev by api", format!("/projects/{web}/jobs/987654")).await, (404, record.clone()));
    assert_eq!(get("dev by api", format!("/projects/{web}/jobs/99999999999999999999")).await, (404, record));
    let guest = get("gil by api", format!("/projects/{web}/variables")).await;
    assert_eq!((guest.0, &guest.1["message"]), (403, &json!("403 Forbidden")));
    // What may only read is told so, whatever it would write to.
    let reader = town.api("oda by read_api", "POST", "/projects/987654/variables", &json!({})).await;
    let scope = refused(&reader);
    assert_eq!((scope.0, &scope.1["error"], &scope.1["scope"]), (403, &json!("insufficient_scope"), &json!("api")));
    let nobody = town.api("anonymous", "POST", "/projects/987654/variables", &json!({})).await;
    assert_eq!(nobody.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn bodies_are_read_as_clients_write_them() {
    let town = Town::new().await;
    let path = format!("/projects/{}/variables", town.web().id);
    let send = async |kind: &str, query: &str, body: &str| {
        let path = format!("/api/v4{path}{query}");
        town.ask(town.who("max by api"), "POST", &path, kind, body, false).await
    };
    let json = "application/json";
    let made = send(json, "?protected=True", r#"{"key": "A", "value": "v", "raw": "TRUE", "masked": "no"}"#).await;
    assert_eq!(
        (made.status.as_u16(), &made.json()["protected"], &made.json()["raw"]),
        (201, &true.into(), &true.into())
    );
    let form = send("application/x-www-form-urlencoded", "", "key=B&value=a+b%2Fc").await;
    assert_eq!((form.status.as_u16(), &form.json()["value"]), (201, &json!("a b/c")));
    let parts = "--b\r\ncontent-disposition: form-data; name=\"key\"\r\n\r\nC\r\n--b\r\n\
                 content-disposition: form-data; name=\"value\"\r\n\r\nx\r\n--b--\r\n";
    assert_eq!(send("multipart/form-data; boundary=b", "", parts).await.status.as_u16(), 201);
    // Whatever type a body has that is none; and one without a type is JSON.
    assert_eq!(send(json, "?key=D&value=x", "").await.status.as_u16(), 201);
    assert_eq!(send("", "", r#"{"key": "E", "value": "x"}"#).await.status.as_u16(), 201);
    for (body, starts) in [("{", "Problem parsing JSON"), ("[1]", "body is invalid"), ("nul", "Problem parsing JSON")] {
        let refused = send(json, "", body).await;
        assert_eq!(refused.status.as_u16(), 400, "{body}");
        assert!(refused.json()["error"].as_str().unwrap().starts_with(starts), "{}", refused.text());
    }
    let wrong = send(json, "", r#"{"key": "F", "value": "x", "masked": "perhaps"}"#).await;
    assert_eq!(refused(&wrong), (400, json!({"error": "masked is invalid"})));
    for query in ["?key=%00", "?key=%ff&value=x"] {
        assert_eq!(refused(&send(json, query, "").await), (400, json!({"error": "key is invalid"})), "{query}");
    }
}

#[tokio::test]
async fn a_body_of_a_hundred_megabytes_is_refused_and_not_kept() {
    let town = Town::new().await;
    let path = format!("/api/v4/projects/{}/variables", town.web().id);
    // More than is ever read of it.
    let piece = bytes::Bytes::from(vec![b' '; 1 << 20]);
    let pieces = futures_util::stream::iter((0..100).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
    for kind in ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b"] {
        let headers = [("private-token", token_of(town.who("max by api"))), ("content-type", kind)];
        let answer = town.world.send(request("POST", &path, &headers, Body::from_stream(pieces.clone()))).await;
        assert!(matches!(answer.status.as_u16(), 400 | 413), "{kind}: {}", answer.status);
        assert!(answer.json()["error"].is_string(), "{kind}: {}", answer.text());
    }
}

#[tokio::test]
async fn every_answer_has_its_headers() {
    let town = Town::new().await;
    let web = town.web();
    for (method, path) in [
        ("GET", format!("/projects/{}", web.id)),
        ("HEAD", format!("/projects/{}/pipelines/{}", web.id, web.run)),
        ("GET", "/nope".to_owned()),
        ("POST", format!("/projects/{}/jobs/{}/retry", web.id, web.job)),
    ] {
        let answer = town.with("dev by api", method, &path, &[("x-request-id", "abc-1")]).await;
        assert_eq!(answer.header("cache-control"), "max-age=0, private, must-revalidate", "{method} {path}");
        assert_eq!(answer.header("x-request-id"), "abc-1", "{method} {path}");
        assert_eq!(method == "HEAD", answer.body.is_empty(), "{method} {path}");
        assert!(answer.header("content-type").starts_with("application/json"), "{method} {path}");
    }
}

#[tokio::test]
async fn addresses_in_answers_are_those_that_the_client_uses() {
    let town = Town::new().await;
    let path = format!("/api/v4/projects/{}/pipelines", town.web().id);
    let proxies = Proxies::parse(&["10.0.0.7"]).unwrap();
    let public = Public { rules: Rules::new(0), proxies, ..Public::default() };
    let options = Options { owner: "weir".into(), port: PORT, public: Some(public) };
    let state = AppState::new(Arc::clone(&town.world.weir), options, CancellationToken::new());
    let router = super::super::super::router(state);
    let ask = async |peer: [u8; 4], headers: &[(&str, &str)]| {
        let mut builder = Request::builder().uri(format!("{path}?per_page=1&y%5B%5D=finished&x=a%20b"));
        builder = builder.header("private-token", token_of(town.who("dev by api")));
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let mut request = builder.body(Body::empty()).unwrap();
        request.extensions_mut().insert(Peer { address: Some(peer.into()), is_secure: false });
        let answer = Answer::read(router.clone().oneshot(request).await.unwrap()).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        answer.header("link").to_owned()
    };
    let forwarded = [("host", "inside:1234"), ("x-forwarded-host", "ci.local"), ("x-forwarded-proto", "https")];
    let plain = ask([10, 0, 0, 8], &forwarded).await;
    assert!(plain.contains(&format!("<http://inside:1234{path}?")), "{plain}");
    assert!(plain.contains("y%5B%5D=finished&x=a%20b&page=1&per_page=1>; rel=\"first\""), "{plain}");
    let behind = ask([10, 0, 0, 7], &forwarded).await;
    assert!(behind.contains(&format!("<https://ci.local{path}?")), "{behind}");
    town.world.weir.set_configured_url("https://house.example/ci/");
    let told = ask([10, 0, 0, 8], &forwarded).await;
    assert!(told.contains(&format!("<https://house.example/ci{path}?")), "{told}");
}

#[tokio::test]
async fn tokens_come_in_every_place_and_end() {
    let town = Town::new().await;
    let token = token_of(town.who("dev by api")).to_owned();
    let user = async |path: &str, headers: &[(&str, &str)]| {
        town.world.ask(&town.router, "GET", &format!("/api/v4/user{path}"), headers, "").await
    };
    let bearer = format!("Bearer {token}");
    for (path, headers) in [
        (String::new(), vec![("private-token", token.as_str())]),
        (String::new(), vec![("authorization", bearer.as_str())]),
        (format!("?private_token={token}"), vec![]),
        (format!("?access_token={token}"), vec![]),
    ] {
        let answer = user(&path, &headers).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["username"]), (200, &json!("dev")), "{path} {headers:?}");
    }
    // In a body too, whatever its type, and first of all: before what else the body says.
    let path = format!("/api/v4/projects/{}/variables", town.web().id);
    let token = token_of(town.who("max by api"));
    let json = |name: &str, token: &str| json!({name: token, "key": format!("IN_{name}"), "value": "x"}).to_string();
    let form = format!("private_token={token}&key=FORM&value=x");
    let parts =
        |name: &str, text: &str| format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
    let parts = [parts("key", "PARTS"), parts("value", "x"), parts("private_token", token)].concat() + "--b--\r\n";
    let bad = json("private_token", "glpat-wrong");
    for (kind, body, status) in [
        ("application/json", json("private_token", token), 201),
        ("application/json", json("access_token", token), 201),
        ("application/x-www-form-urlencoded", form, 201),
        ("multipart/form-data; boundary=b", parts, 201),
        ("application/json", bad, 401),
        ("application/json", json!({"private_token": ["x"], "key": "A"}).to_string(), 401),
        ("application/json", "{\"private_token\": ".into(), 401),
    ] {
        let answer = town.world.ask(&town.router, "POST", &path, &[("content-type", kind)], &body).await;
        assert_eq!(answer.status.as_u16(), status, "{kind} {body}: {}", answer.text());
    }
    // A header says more than a body.
    let headers = [("private-token", token_of(town.who("gil by api"))), ("content-type", "application/json")];
    let answer = town.world.ask(&town.router, "POST", &path, &headers, &json("private_token", token)).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    let expired = town.who("expired token").headers[0].1.as_str();
    let ended = user("", &[("private-token", expired)]).await;
    let description = "Token is expired. You can either do re-authorization or token refresh.";
    assert_eq!(refused(&ended), (401, json!({"error": "invalid_token", "error_description": description})));
}

#[tokio::test]
async fn the_token_of_a_job_calls_what_is_listed() {
    let town = Town::new().await;
    let (id, run, job) = (town.web().id, town.web().run, town.web().job);
    let get = async |path: &str| town.api("running job", "GET", path, &Value::Null).await.status.as_u16();
    for path in ["pipelines", &format!("pipelines/{run}"), &format!("pipelines/{run}/jobs"), "jobs", "environments"] {
        assert_eq!(get(&format!("/projects/{id}/{path}")).await, 200, "{path}");
    }
    for path in
        [String::new(), format!("/jobs/{job}"), format!("/jobs/{job}/trace"), format!("/pipelines/{run}/test_report")]
    {
        assert_eq!(get(&format!("/projects/{id}{path}")).await, 401, "{path}");
    }
    for path in ["/user", "/version", "/runners/all"] {
        assert_eq!(get(path).await, 401, "{path}");
    }
    for action in ["play", "retry", "cancel", "erase"] {
        let path = format!("/projects/{id}/jobs/{job}/{action}");
        assert_eq!(town.api("running job", "POST", &path, &json!({})).await.status.as_u16(), 401, "{action}");
    }
    let parameter = format!("/api/v4/projects/{id}/jobs?job_token={}", token_of(town.who("running job")));
    assert_eq!(town.world.ask(&town.router, "GET", &parameter, &[], "").await.status, StatusCode::OK);
}

#[tokio::test]
async fn administrators_act_as_others() {
    let town = Town::new().await;
    let me = async |who: &str, path: &str, headers: &[(&str, &str)]| {
        town.with(who, "GET", &format!("/user{path}"), headers).await
    };
    let dev = town.who("dev by api").user.unwrap();
    for (path, whom) in [("", Some("dev")), ("?sudo=dev", None), ("?sudo=DEV", None)] {
        let headers: Vec<(&str, &str)> = whom.iter().map(|whom| ("sudo", *whom)).collect();
        let answer = me("root by api", path, &headers).await;
        assert_eq!((&answer.json()["username"], &answer.json()["is_admin"]), (&json!("dev"), &Value::Null), "{path}");
    }
    assert_eq!(me("root by api", &format!("?sudo={dev}"), &[]).await.json()["username"], "dev");
    // The other's rights, and no more.
    let settings = town.with("root by api", "GET", "/weir/users?sudo=dev", &[]).await;
    assert_eq!(settings.status, StatusCode::FORBIDDEN);
    let refusal = json!({"message": "403 Forbidden - Must be admin to use sudo"});
    for who in ["dev by api", "oda by api", "dev by session"] {
        assert_eq!(refused(&me(who, "?sudo=root", &[]).await), (403, refusal.clone()), "{who}");
        assert_eq!(refused(&me(who, "?sudo=nobody", &[]).await), (403, refusal.clone()), "{who}");
    }
    let unknown = json!({"message": "404 User with ID or username 'none' Not Found"});
    assert_eq!(refused(&me("root by api", "?sudo=none", &[]).await), (404, unknown));
    assert_eq!(me("anonymous", "?sudo=root", &[]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(me("running job", "?sudo=root", &[]).await.status, StatusCode::UNAUTHORIZED);
    // What was done is in the log with the token that did it.
    let path = format!("/projects/{}/pipelines/{}/cancel?sudo=dev", town.web().id, town.web().run);
    assert_eq!(town.with("root by api", "POST", &path, &[]).await.status, StatusCode::OK);
    let audit = town.world.weir.audit(&town.world.caller, model::AuditFilter::default()).await.unwrap();
    let entry = audit.entries.iter().find(|entry| entry.action == "run.cancel").unwrap();
    assert_eq!((entry.user.as_deref(), entry.via.starts_with("token ")), (Some("dev"), true), "{entry:?}");
}

#[tokio::test]
async fn administrators_act_as_others_whom_the_body_names() {
    let town = Town::new().await;
    let path = "/api/v4/user/personal_access_tokens";
    let send = async |who: &str, kind: &str, body: &str| town.ask(town.who(who), "POST", path, kind, body, false).await;
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    let dev = json!(town.who("dev by api").user.unwrap());
    for (kind, body) in [
        (json, r#"{"sudo": "dev", "name": "a", "scopes": ["api"]}"#),
        (json, &*format!(r#"{{"sudo": {dev}, "name": "b", "scopes": ["api"]}}"#)),
        (form, "sudo=dev&name=c&scopes[]=api"),
    ] {
        let made = send("root by api", kind, body).await;
        assert_eq!((made.status.as_u16(), &made.json()["user_id"]), (201, &dev), "{body}: {}", made.text());
    }
    // Nobody acts as themselves who meant another.
    let invalid = send("root by api", json, r#"{"sudo": ["dev"], "name": "d", "scopes": ["api"]}"#).await;
    assert_eq!(refused(&invalid), (400, json!({"error": "sudo is invalid"})));
    let unknown = send("root by api", json, r#"{"sudo": "jürgen", "name": "d", "scopes": ["api"]}"#).await;
    let text = "404 User with ID or username 'jürgen' Not Found";
    assert_eq!(refused(&unknown), (404, json!({"message": text})));
    let header = town.with("root by api", "GET", "/user", &[("sudo", "jürgen")]).await;
    assert_eq!(refused(&header), (404, json!({"message": text})));
    let other = send("dev by api", json, r#"{"sudo": "root", "name": "e", "scopes": ["api"]}"#).await;
    assert_eq!(refused(&other), (403, json!({"message": "403 Forbidden - Must be admin to use sudo"})));
    // The token may stand there, too.
    let token = token_of(town.who("root by api"));
    let body = json!({"private_token": token, "sudo": "dev", "name": "f", "scopes": ["api"]}).to_string();
    let made = send("anonymous", json, &body).await;
    assert_eq!((made.status.as_u16(), &made.json()["user_id"]), (201, &dev), "{}", made.text());
}

#[tokio::test]
async fn bug_links_left_out_the_path_below_which_a_proxy_serves() {
    let town = Town::new().await;
    let proxies = Proxies::parse(&["10.0.0.0/8"]).unwrap();
    let public = Public { rules: Rules::new(0), proxies, ..Public::default() };
    let options = Options { owner: "weir".into(), port: PORT, public: Some(public) };
    let state = AppState::new(Arc::clone(&town.world.weir), options, CancellationToken::new());
    let trusting = super::super::super::router(state);
    let path = format!("/api/v4/projects/{}/pipelines?per_page=1", town.web().id);
    let headers = [("private-token", token_of(town.who("dev by api"))), ("x-forwarded-prefix", "/ci/")];
    for (router, base) in [(&trusting, "http://localhost:9433/ci/"), (&town.router, "http://localhost:9433/")] {
        let answer = town.world.ask(router, "GET", &path, &headers, "").await;
        let begins = |text: &str| text.starts_with(base) && text[base.len()..].split('/').next() != Some("ci");
        for link in answer.header("link").split(", ") {
            assert!(begins(&link[1..]) && link[1 + base.len()..].starts_with("api/v4/projects/"), "{link}");
        }
        assert!(begins(answer.json()[0]["web_url"].as_str().unwrap()), "{}", answer.text());
    }
}
