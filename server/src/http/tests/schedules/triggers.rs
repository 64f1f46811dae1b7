//! Triggers over GitLab's API, and what they start.

use model::{Place, Role, TokenScope};

use super::*;

const DEFINITION: &str = "spec: {inputs: {word: {default: none}}}\n---\n\
    a: {script: x, rules: [{if: $CI_PIPELINE_TRIGGERED == \"true\"}]}\n\
    b: {script: x, rules: [{if: '$WHO == \"hook\"'}]}\n\
    c: {script: x, rules: [{if: '\"$[[ inputs.word ]]\" == \"given\"'}]}\n";

#[tokio::test]
async fn triggers_are_made_shown_to_their_owner_and_ended() {
    let (world, repository) = (World::public().await, repository(DEFINITION));
    let project = project(&world, "shop/web", repository.path()).await;
    for (name, role) in [("max", Role::Maintainer), ("mia", Role::Maintainer), ("dev", Role::Developer)] {
        world.user(name).await;
        world.weir.set_member(&world.caller, Place::Project(project), name, Some(role)).await.unwrap();
    }
    let root = format!("/projects/{project}/triggers");
    let max = world.token("max", TokenScope::Api).await.1;
    let missing = world.by(&max, "POST", &root, json!({})).await;
    assert_eq!((missing.status, missing.json()), (StatusCode::BAD_REQUEST, json!({"error": "description is missing"})));
    let made = world.by(&max, "POST", &root, json!({"description": "from the shop"})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let mut made = made.json();
    let (id, token) = (made["id"].as_i64().unwrap(), made["token"].as_str().unwrap().to_owned());
    assert!(token.starts_with("glptt-") && token.len() > 40 && made["created_at"] == made["updated_at"]);
    assert_eq!(made["owner"]["username"], "max");
    for field in ["token", "created_at", "updated_at", "owner"] {
        made[field] = json!("…");
    }
    let expected = json!({
        "id": id, "token": "…", "description": "from the shop", "created_at": "…", "updated_at": "…", "last_used": null,
        "expires_at": null, "owner": "…",
    });
    assert_eq!(made, expected);
    // Two may be described alike. Their owner sees the text again; others, and tokens that only read, see its beginning.
    assert_eq!(
        world.by(&max, "POST", &root, json!({"description": "from the shop"})).await.status,
        StatusCode::CREATED
    );
    let one = format!("{root}/{id}");
    assert_eq!(world.by(&max, "GET", &one, json!({})).await.json()["token"], token.as_str());
    let (mia, reads) = (world.token("mia", TokenScope::Api).await.1, world.token("max", TokenScope::ReadApi).await.1);
    for other in [&mia, &reads] {
        let seen = world.by(other, "GET", &one, json!({})).await;
        assert_eq!((seen.status, &seen.json()["token"]), (StatusCode::OK, &json!("glpt")));
    }
    let list = world.by(&max, "GET", &root, json!({})).await;
    assert_eq!((list.header("x-total"), &list.json()[0]["id"]), ("2", &json!(id)));
    world.weir.rotate_key(&world.caller).await.unwrap();
    assert_eq!(world.by(&max, "GET", &one, json!({})).await.json()["token"], token.as_str());
    // It is used.
    let body = json!({"token": token, "ref": "main", "variables": {}, "inputs": {}});
    let run = world
        .ask(
            &world.router(),
            "POST",
            &format!("/api/v4/projects/{project}/trigger/pipeline"),
            &[("content-type", "application/json")],
            &body.to_string(),
        )
        .await;
    assert_eq!(run.status, StatusCode::CREATED, "{}", run.text());
    assert!(world.by(&max, "GET", &one, json!({})).await.json()["last_used"].is_string());
    let renamed = world.by(&mia, "PUT", &one, json!({"description": "else"})).await;
    assert_eq!(
        (renamed.status, &renamed.json()["description"], &renamed.json()["token"]),
        (StatusCode::OK, &json!("else"), &json!("glpt"))
    );
    let dev = world.token("dev", TokenScope::Api).await.1;
    for (method, path, body) in [
        ("GET", &root, json!({})),
        ("GET", &one, json!({})),
        ("POST", &root, json!({"description": "x"})),
        ("PUT", &one, json!({})),
        ("DELETE", &one, json!({})),
    ] {
        assert_eq!(world.by(&dev, method, path, body).await.status, StatusCode::FORBIDDEN, "{method} {path}");
    }
    for (expires, status) in [("2020-01-01", 400), ("2999-12-31", 201), ("soon", 400)] {
        let answer = world.by(&max, "POST", &root, json!({"description": "x", "expires_at": expires})).await;
        assert_eq!(answer.status.as_u16(), status, "{expires}: {}", answer.text());
    }
    assert_eq!(world.by(&max, "DELETE", &one, json!({})).await.status, StatusCode::NO_CONTENT);
    let gone = world.by(&max, "GET", &one, json!({})).await;
    assert_eq!((gone.status, gone.json()), (StatusCode::NOT_FOUND, json!({"message": "404 Not found"})));
    let used = world
        .ask(
            &world.router(),
            "POST",
            &format!("/api/v4/projects/{project}/trigger/pipeline"),
            &[("content-type", "application/json")],
            &body.to_string(),
        )
        .await;
    assert_eq!((used.status, used.json()), (StatusCode::NOT_FOUND, json!({"message": "404 Not Found"})));
    // A personal token is no trigger, whatever its number.
    let other = world.token("max", TokenScope::Api).await.0;
    assert_eq!(world.by(&max, "DELETE", &format!("{root}/{other}"), json!({})).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_trigger_takes_what_comes_in_any_form() {
    let (world, repository) = (World::new().await, repository(DEFINITION));
    git(repository.path(), &["branch", "feature/x"]);
    let project = project(&world, "me/shop", repository.path()).await;
    let made = world.weir.create_trigger(&world.caller, project, "hook", None).await.unwrap();
    let token = made.text.unwrap();
    let root = format!("/api/v4/projects/{project}");
    let json_body =
        json!({"token": token, "ref": "main", "variables": {"WHO": "hook"}, "inputs": {"word": "given"}}).to_string();
    let form = format!("token={token}&ref=main&variables[WHO]=hook");
    let part =
        |name: &str, value: &str| format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let multipart =
        format!("{}{}{}--b--\r\n", part("token", &token), part("ref", "main"), part("variables[WHO]", "hook"));
    let hook = json!({"token": token, "object_kind": "push"}).to_string();
    let cases = [
        ("/trigger/pipeline", "application/json", json_body, vec!["a", "b", "c"], "main"),
        ("/trigger/pipeline", "application/x-www-form-urlencoded", form, vec!["a", "b"], "main"),
        ("/trigger/pipeline", "multipart/form-data; boundary=b", multipart, vec!["a", "b"], "main"),
        ("/ref/feature/x/trigger/pipeline", "application/json", hook.clone(), vec!["a"], "feature/x"),
        (
            "/ref/feature%2Fx/trigger/pipeline?variables[WHO]=hook",
            "application/json",
            hook.clone(),
            vec!["a", "b"],
            "feature/x",
        ),
        ("/ref/main/trigger/pipeline", "application/json", hook, vec!["a"], "main"),
    ];
    for (path, kind, body, jobs, name) in cases {
        // Whatever else the request shows does not matter.
        let headers = [("content-type", kind), ("private-token", "glpat-wrong")];
        let answer = world.send(request("POST", &format!("{root}{path}"), &headers, body)).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{path} {kind}: {}", answer.text());
        let run = answer.json();
        assert_eq!(
            (&run["source"], &run["ref"], &run["user"]["username"]),
            (&json!("trigger"), &json!(name), &json!("ada"))
        );
        let started = world.jobs(RunId(run["id"].as_i64().unwrap())).await;
        let mut names: Vec<_> = started.iter().map(|job| job.name.clone()).collect();
        names.sort();
        assert_eq!(names, jobs, "{path} {kind}");
    }
    let ask = async |path: &str, body: Value| world.api("POST", &format!("/projects/{project}{path}"), body).await;
    for (path, body, status, expected) in [
        ("/trigger/pipeline", json!({}), 400, json!({"error": "ref is missing, token is missing"})),
        ("/trigger/pipeline", json!({"ref": "main"}), 400, json!({"error": "token is missing"})),
        ("/trigger/pipeline", json!({"ref": "", "token": token}), 400, json!({"error": "ref is empty"})),
        ("/trigger/pipeline", json!({"ref": "main", "token": "glptt-x"}), 404, json!({"message": "404 Not Found"})),
        (
            "/trigger/pipeline",
            json!({"ref": "main", "token": token, "variables": {"A": 1}}),
            400,
            json!({"message": "variables needs to be a map of key-valued strings"}),
        ),
        (
            "/trigger/pipeline",
            json!({"ref": "main", "token": token, "variables": [1]}),
            400,
            json!({"error": "variables is invalid"}),
        ),
        (
            "/trigger/pipeline",
            json!({"ref": "main", "token": token, "inputs": [1]}),
            400,
            json!({"error": "inputs is invalid"}),
        ),
        (
            "/trigger/pipeline",
            json!({"ref": "nope", "token": token}),
            400,
            json!({"message": {"base": ["Reference not found"]}}),
        ),
        ("/ref/main/else", json!({"token": token}), 404, json!({"error": "404 Not Found"})),
        ("/ref/main/trigger/pipeline", json!({}), 400, json!({"error": "token is missing"})),
    ] {
        let answer = ask(path, body.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (status, expected), "{path} {body}");
    }
    let headers = [("content-type", "application/json"), ("x-gitlab-event", "Pipeline Hook")];
    let body = json!({"token": token}).to_string();
    let looped = world.send(request("POST", &format!("{root}/ref/main/trigger/pipeline"), &headers, body)).await;
    assert_eq!(looped.status, StatusCode::FORBIDDEN);
    // It is good in its own project alone.
    let other = world.weir.create_project(&world.caller, "me/other", None, Visibility::Public).await.unwrap().id;
    let answer =
        world.api("POST", &format!("/projects/{other}/trigger/pipeline"), json!({"ref": "main", "token": token})).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::NOT_FOUND, json!({"message": "404 Not Found"})));
}
