//! Who is let in.

use super::super::super::rate::Rules;
use super::super::super::{Peer, Public};
use super::*;
use app::service::Accounts as _;
use model::{Place, Role, TokenDraft, TokenKind, TokenScope, Visibility};

const WHO: &str = "/v3/projects?name=cn-north-4";

/// A 401 in the contract's words, with the id of the request that the header has too.
fn assert_refused(answer: &Answer, says: &str) {
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{says}: {}", answer.text());
    let body = answer.json();
    assert_eq!(body["error_code"], "APIGW.0301", "{says}");
    let text = body["error_msg"].as_str().unwrap();
    assert!(text.starts_with("Incorrect IAM authentication information: ") && text.contains(says), "{says}: {text}");
    assert_eq!(body["request_id"], answer.header("x-request-id"));
    assert_eq!(answer.header("content-type"), "application/json;charset=UTF-8");
}

#[tokio::test]
async fn a_signed_request_is_its_users() {
    let world = World::public().await;
    world.user("ada").await;
    let make = |path, visibility| world.weir.create_project(&world.caller, path, None, visibility);
    let web = make("shop/web", Visibility::Private).await.unwrap();
    make("shop/api", Visibility::Private).await.unwrap();
    let root = Signer::of(&world, Some("root"), Some("shop/web")).await;
    let found = root.get(&world, WHO).await;
    let ids: Vec<_> = found["projects"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    assert_eq!(ids, [root.project.as_str()], "a pair opens its own project alone");
    let all = Signer::of(&world, Some("root"), None).await;
    // The SDK takes one and no more: the oldest.
    let first = all.get(&world, WHO).await;
    assert_eq!((first["projects"].as_array().unwrap().len(), &first["projects"][0]["name"]), (1, &"shop/web".into()));
    let token = world.token("root", TokenScope::ReadApi).await.1;
    let seen = world.get_with(WHO, &[("x-auth-token", &token)]).await.json();
    assert_eq!(seen["projects"].as_array().unwrap().len(), 2);
    let named = all.get(&world, "/v3/projects?name=api").await;
    assert_eq!(named["projects"][0]["name"], "shop/api");
    let ada = Signer::of(&world, Some("ada"), None).await;
    assert_eq!(ada.get(&world, WHO).await["projects"], serde_json::json!([]), "she sees none");
    // What is everybody's comes after what is her own, however old it is.
    let open = make("open/pub", Visibility::Public).await.unwrap();
    assert_eq!(ada.get(&world, WHO).await["projects"][0]["id"], open.uid.as_str());
    world.weir.set_member(&world.caller, Place::Project(web.id), "ada", Some(Role::Guest)).await.unwrap();
    let only = ada.get(&world, WHO).await;
    assert_eq!((only["projects"].as_array().unwrap().len(), &only["projects"][0]["name"]), (1, &"shop/web".into()));
    let told = world.weir.unnamed_project(&world.caller, Some("ada")).await.unwrap();
    assert_eq!(told.map(|project| project.id), Some(web.id), "whoever makes the pair is told the same");
    // The use of a pair is noted.
    let keys = world.weir.account(&Caller { user: "ada".into(), ..world.caller.clone() }).await.unwrap().access_keys;
    assert_eq!(keys.len(), 1);
}

#[tokio::test]
async fn whatever_differs_from_what_was_signed_is_refused() {
    let world = World::new().await;
    let signer = Signer::of(&world, None, None).await;
    let good = || Wire::new("GET", "/v3/projects?name=a%20b", "p", "");
    assert_eq!(world.send(signer.sign(good(), SIGNED).request()).await.status, StatusCode::OK);
    let unsigned = "verify aksk signature fail";
    let wrong = Signer { secret: signer.secret.replace('a', "b") + "c", ..signer.clone() };
    let unknown = Signer { access: "NOBODY".into(), ..signer.clone() };
    let now = clock::now().0;
    let off = |minutes: i64| signer.sign(good().at(Timestamp(now + minutes * 60_000)), SIGNED);
    let few = "content-type;host;user-agent";
    let mut plus = signer.sign(good(), SIGNED);
    plus.target = plus.target.replace("%20", "+");
    let mut body = signer.wire("GET", WHO, "{\"a\": 1}");
    body.body = b"{\"a\": 2}".to_vec();
    let mut longer = signer.sign(good(), SIGNED);
    longer.target.push_str("&more=1");
    let mut method = signer.sign(good(), SIGNED);
    method.method = "HEAD";
    let authorization = |from: &str, to: &str| {
        let signed = signer.sign(good(), SIGNED);
        let value = signed.header("authorization").replace(from, to);
        signed.with("authorization", &value)
    };
    let cases = [
        ("wrong key", wrong.sign(good(), SIGNED), unsigned),
        ("unknown key", unknown.sign(good(), SIGNED), "Get secretKey failed,ak:NOBODY,err:ak not exist"),
        ("stale", off(-16), "more than 15 minutes off"),
        ("from the future", off(16), "more than 15 minutes off"),
        ("no date", signer.sign(good(), SIGNED).with("x-sdk-date", "yesterday"), "YYYYMMDDTHHMMSSZ"),
        ("a header is missing", signer.sign(good(), SIGNED).without("user-agent"), "user-agent"),
        ("a header is another", signer.sign(good(), SIGNED).with("content-type", "text/plain"), unsigned),
        ("a name is added", authorization("x-sdk-date,", "x-sdk-date;x-more,"), "x-more"),
        ("the date is not signed", signer.sign(good(), few), "x-sdk-date is not signed"),
        ("the host is not signed", signer.sign(good(), "content-type;user-agent;x-sdk-date"), "host is not signed"),
        ("a plus for a space", plus, unsigned),
        ("another body", body, unsigned),
        ("a longer query", longer, unsigned),
        ("another host", signer.sign(good(), SIGNED).with("host", "proxy.example:80"), unsigned),
        ("another project", signer.sign(good(), SIGNED).with("x-project-id", "q"), unsigned),
        ("another algorithm", authorization("SDK-HMAC-SHA256", "SDK-HMAC-SM3"), "Authorization header"),
        ("derived keys", authorization("SDK-HMAC-SHA256", "V11-HMAC-SHA256"), "Authorization header"),
        ("no signature", authorization(", Signature=", ", Sig="), "Authorization header"),
    ];
    for (name, wire, says) in cases {
        println!("{name}");
        assert_refused(&world.send(wire.request()).await, says);
    }
    // HEAD has no body to say it in.
    assert_eq!(world.send(method.request()).await.status, StatusCode::UNAUTHORIZED);
    // What is not signed may be added, and a proxy's answer to `Accept` is its own.
    let more = signer.sign(good(), SIGNED).with("accept", "*/*").with("via", "1.1 proxy");
    assert_eq!(world.send(more.request()).await.status, StatusCode::OK);
    // Neither too early nor too late.
    assert_eq!(world.send(off(14).request()).await.status, StatusCode::OK);
    assert_eq!(world.send(off(-14).request()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_signature_is_refused_whatever_stands_beside() {
    let world = World::public().await;
    let token = world.token("root", TokenScope::Api).await.1;
    let signer = Signer::of(&world, Some("root"), None).await;
    let by_token = |token: &str| Wire::new("GET", WHO, "", "").with("x-auth-token", token);
    assert_eq!(world.send(by_token(&token).request()).await.status, StatusCode::OK);
    assert_refused(&world.send(by_token("glpat-none").request()).await, "decrypt token fail");
    assert_refused(&world.send(by_token("a b").request()).await, "decrypt token fail");
    assert_refused(&world.send(by_token("").request()).await, "neither a signature nor a token");
    assert_refused(&world.send(Wire::new("GET", WHO, "", "").request()).await, "neither a signature nor a token");
    let signed = "content-type;host;user-agent;x-auth-token;x-project-id;x-sdk-date";
    let both = signer.sign(by_token("of-the-cloud"), signed);
    assert_eq!(world.send(both.request()).await.status, StatusCode::OK, "the signature is what counts");
    let wrong = Signer { secret: "x".into(), ..signer.clone() }.sign(by_token(&token), signed);
    assert_refused(&world.send(wrong.request()).await, "verify aksk signature fail");
    // Whoever loses the account loses the pair.
    let keys = world.weir.store().read(crate::store::access_keys::sealed).await.unwrap();
    world.weir.revoke_access_key(&world.caller, model::AccessKeyId(keys[0].0)).await.unwrap();
    assert_refused(&signer.ask(&world, "GET", WHO, "").await, "ak not exist");
}

#[tokio::test]
async fn a_server_of_one_person_wants_a_signature_too_and_a_token_will_do() {
    let world = World::new().await;
    assert_refused(&world.get(WHO).await, "neither a signature nor a token");
    let draft = TokenDraft {
        kind: TokenKind::Personal,
        name: "t".into(),
        scope: TokenScope::Api,
        user: None,
        project: None,
        role: None,
        expires_at: None,
        description: None,
    };
    let token = world.weir.create_token(&world.caller, draft).await.unwrap().secret;
    assert_eq!(world.get_with(WHO, &[("x-auth-token", &token)]).await.status, StatusCode::OK);
    // A session or a token of GitLab's header is none here.
    assert_refused(&world.get_with(WHO, &[("private-token", &token)]).await, "neither a signature nor a token");
    let socket = super::super::super::socket_router(world.state.clone());
    let own = Answer::read(socket.oneshot(request("GET", WHO, &[], "")).await.unwrap()).await;
    assert_eq!(own.status, StatusCode::OK);
}

#[tokio::test]
async fn no_key_is_locked_and_nobody_else_is_slowed_down() {
    let mut world = World::public().await;
    let rules = Rules { anonymous: super::super::super::Rule { name: "a", per_minute: 30 }, ..Rules::new(0) };
    let options = Options { owner: "weir".into(), port: PORT, public: Some(Public { rules, ..Public::default() }) };
    world.state = AppState::new(Arc::clone(&world.weir), options, CancellationToken::new());
    let router = world.router();
    let signer = Signer::of(&world, Some("root"), None).await;
    let ask = async |signer: &Signer, host: u8| {
        let mut request = signer.wire("GET", WHO, "").request();
        request.extensions_mut().insert(Peer { address: Some([10, 0, 0, host].into()), is_secure: false });
        Answer::read(router.clone().oneshot(request).await.unwrap()).await
    };
    let wrong = Signer { secret: "x".into(), ..signer.clone() };
    let mut refused = None;
    for _ in 0..31 {
        let answer = ask(&wrong, 1).await;
        if answer.status != StatusCode::UNAUTHORIZED {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("too many wrong ones");
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(refused.json()["error_code"], "APIGW.0308");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
    // The right key is as good as before, from there and from elsewhere.
    assert_eq!(ask(&signer, 1).await.status, StatusCode::OK);
    assert_eq!(ask(&signer, 2).await.status, StatusCode::OK);
}

#[tokio::test]
async fn nothing_is_read_of_strangers_and_large_bodies_are_refused() {
    let world = World::new().await;
    let signer = Signer::of(&world, None, None).await;
    let large = "x".repeat((12 << 20) + 1);
    let answer = world.send(signer.wire("GET", WHO, &large).request()).await;
    assert_eq!(
        (answer.status, answer.json()["error_code"].clone()),
        (StatusCode::PAYLOAD_TOO_LARGE, "APIG.0201".into())
    );
    let unknown = Signer { access: "NOBODY".into(), ..signer };
    let answer = world.send(unknown.wire("GET", WHO, &large).request()).await;
    assert_refused(&answer, "ak not exist");
}

#[tokio::test]
async fn bug_a_write_was_taken_twice_with_another_body_that_was_not_signed() {
    let world = World::new().await;
    let signer = Signer::of(&world, None, None).await;
    let body = serde_json::json!({"job_id": "z".repeat(32)}).to_string();
    let wire = Wire::new("POST", "/v3/jobs/build", &signer.project, &body);
    // An equal one is the client's own, and is looked at: there is no such job.
    let signed = signer.sign(wire.clone(), SIGNED);
    for _ in 0..2 {
        assert_eq!(world.send(signed.request()).await.status, StatusCode::NOT_FOUND);
    }
    let wire = wire.with("x-sdk-content-sha256", "UNSIGNED-PAYLOAD");
    let signed = signer.sign(wire, &format!("{SIGNED};x-sdk-content-sha256"));
    assert_eq!(world.send(signed.request()).await.status, StatusCode::NOT_FOUND);
    for body in [body.replace('z', "y"), body] {
        let again = Wire { body: body.into_bytes(), ..signed.clone() };
        assert_refused(&world.send(again.request()).await, "answered before");
    }
}

#[tokio::test]
async fn who_signs_without_an_sdk_has_each_write_taken_once() {
    let world = World::new().await;
    let signer = Signer::of(&world, None, None).await;
    let body = serde_json::json!({"job_id": "z".repeat(32)}).to_string();
    let wire = Wire::new("POST", "/v3/jobs/build", &signer.project, &body);
    // One that says so and does not sign it is none.
    let without = "content-type;host;x-project-id;x-sdk-date";
    for signed in [signer.sign(wire.clone().with("user-agent", "curl/8.5.0"), SIGNED), signer.sign(wire, without)] {
        assert_eq!(world.send(signed.request()).await.status, StatusCode::NOT_FOUND);
        assert_refused(&world.send(signed.request()).await, "answered before");
    }
}

#[tokio::test]
async fn bug_a_root_that_is_written_otherwise_was_a_page() {
    let world = World::public().await;
    let signer = Signer::of(&world, Some("root"), None).await;
    for path in [
        "/v1/",
        "/v2/",
        "/v3/",
        "/v4/",
        "/v5/",
        "/v6/",
        "/v1",
        "/v1//",
        "//v3/projects",
        "//v3/pipelines/status",
        "//v1/job/x/info",
        "///v5/",
        "//v6",
        "/%76%31/job",
        "/v%33/projects",
        "/%76%35",
        "/v1%2Fjob",
    ] {
        let html = request("GET", path, &[("accept", "text/html")], "");
        let signed = signer.wire("GET", path, "");
        for asked in [html, signed.request(), request("POST", path, &[("accept", "text/html")], "x=1")] {
            let answer = world.send(asked).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {}", answer.text());
            let said = answer.json();
            assert_eq!(said["error_code"], "APIG.0101", "{path}");
            assert!(!said["error_msg"].as_str().unwrap().is_empty() && !answer.header("x-request-id").is_empty());
        }
    }
}
