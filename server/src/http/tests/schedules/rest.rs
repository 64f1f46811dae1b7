//! GitLab's words for schedules: codes, fields, refusals.

use super::*;

const DEFINITION: &str = "a: {script: x}\n";

#[tokio::test]
async fn a_schedule_is_made_changed_and_deleted() {
    let (world, repository) = (World::new().await, repository(DEFINITION));
    let id = project(&world, "me/shop", repository.path()).await;
    let root = format!("/projects/{id}/pipeline_schedules");
    let body = json!({"description": "nightly", "ref": "main", "cron": "0 2 * * *"});
    let made = world.api("POST", &root, body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let mut made = made.json();
    let number = made["id"].as_i64().unwrap();
    assert!(made["next_run_at"].as_str().unwrap().ends_with("T02:00:00.000Z"), "{made}");
    assert_eq!(made["owner"]["username"], "ada");
    for field in ["next_run_at", "created_at", "updated_at", "owner"] {
        made[field] = json!("…");
    }
    let expected = json!({
        "id": number, "description": "nightly", "ref": "refs/heads/main", "cron": "0 2 * * *", "cron_timezone": "UTC",
        "next_run_at": "…", "active": true, "created_at": "…", "updated_at": "…", "owner": "…", "inputs": [],
        "last_pipeline": null, "variables": [], "pipeline_key": null, "failure": null,
    });
    assert_eq!(made, expected);
    // In lists it is shorter; the newest comes first.
    let second = json!({"description": "b", "ref": "refs/heads/main", "cron": "@daily", "active": "false",
        "cron_timezone": "europe/berlin", "inputs": [{"name": "size", "value": 3}]});
    let second = world.api("POST", &root, second).await.json();
    assert_eq!((&second["next_run_at"], &second["active"]), (&Value::Null, &json!(false)));
    assert_eq!((&second["cron_timezone"], &second["ref"]), (&json!("Europe/Berlin"), &json!("refs/heads/main")));
    assert_eq!(second["inputs"], json!([{"name": "size", "value": 3}]));
    let list = world.api("GET", &root, json!({})).await;
    assert_eq!(list.header("x-total"), "2");
    let list = list.json();
    assert_eq!((&list[0]["id"], &list[1]["id"]), (&second["id"], &json!(number)));
    assert!(list[1].get("variables").is_none() && list[1].get("last_pipeline").is_none());
    for (scope, count) in [("active", 1), ("inactive", 1)] {
        let some = world.api("GET", &format!("{root}?scope={scope}"), json!({})).await.json();
        assert_eq!(some.as_array().unwrap().len(), count, "{scope}");
    }
    // What is not said stays; the command line says everything as text.
    let one = format!("{root}/{number}");
    let changed = world.api("PUT", &one, json!({"active": "False"})).await;
    assert_eq!(changed.status, StatusCode::OK);
    let changed = changed.json();
    assert_eq!(
        (&changed["active"], &changed["next_run_at"], &changed["cron"]),
        (&json!(false), &Value::Null, &json!("0 2 * * *"))
    );
    let changed = world
        .api("PUT", &format!("{one}?cron=30+3+*+*+*"), json!({"active": true, "cron_timezone": "Asia/Tokyo"}))
        .await;
    assert!(changed.json()["next_run_at"].as_str().unwrap().ends_with("T18:30:00.000Z"), "{}", changed.text());
    let path = format!("/projects/{id}/pipeline_schedules/{}", second["id"]);
    let inputs = json!({"inputs": [{"name": "size", "destroy": true}, {"name": "word", "value": "x"}]});
    assert_eq!(world.api("PUT", &path, inputs).await.json()["inputs"], json!([{"name": "word", "value": "x"}]));
    let got = world.api("GET", &one, json!({})).await;
    assert_eq!((got.json()["description"].as_str(), got.header("etag").is_empty()), (Some("nightly"), false));
    let tag = got.header("etag").to_owned();
    let same = world.get_with(&format!("/api/v4{one}"), &[("if-none-match", &tag)]).await;
    assert_eq!(same.status, StatusCode::NOT_MODIFIED);
    let early = [("if-unmodified-since", "Thu, 01 Jan 2015 00:00:00 GMT")];
    let refused = world.send(request("DELETE", &format!("/api/v4{one}"), &early, "")).await;
    assert_eq!(refused.status, StatusCode::PRECONDITION_FAILED);
    assert_eq!(world.api("DELETE", &one, json!({})).await.status, StatusCode::NO_CONTENT);
    let gone = world.api("GET", &one, json!({})).await;
    assert_eq!(
        (gone.status, gone.json()),
        (StatusCode::NOT_FOUND, json!({"message": "404 Pipeline Schedule Not Found"}))
    );
}

#[tokio::test]
async fn what_is_wrong_is_said_in_gitlabs_words() {
    let (world, repository) = (World::new().await, repository(DEFINITION));
    git(repository.path(), &["branch", "both"]);
    git(repository.path(), &["tag", "both"]);
    git(repository.path(), &["tag", "v1"]);
    let id = project(&world, "me/shop", repository.path()).await;
    let root = format!("/projects/{id}/pipeline_schedules");
    let with = |change: Value| {
        let mut body = json!({"description": "d", "ref": "main", "cron": "0 2 * * *"});
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let problem = |field: &str, text: &str| json!({"message": {field: [text]}});
    let cases = [
        (json!({}), json!({"error": "description is missing, ref is missing, cron is missing"})),
        (with(json!({"cron": null})), json!({"error": "cron is missing"})),
        (with(json!({"ref": " "})), json!({"error": "ref is empty"})),
        (with(json!({"ref": ["a"]})), json!({"error": "ref is invalid"})),
        (with(json!({"description": ""})), problem("description", "can't be blank")),
        (with(json!({"cron": "unknown-cron"})), problem("cron", "syntax is invalid")),
        (with(json!({"cron": "* * * * * *"})), problem("cron", "syntax is invalid")),
        (with(json!({"cron": ""})), problem("cron", "syntax is invalid")),
        (with(json!({"cron": "0 0 30 2 *"})), problem("cron", "never comes: no month has such a day")),
        (with(json!({"cron_timezone": "Mars/Olympus"})), problem("cron_timezone", "syntax is invalid")),
        (with(json!({"cron_timezone": ""})), problem("cron_timezone", "syntax is invalid")),
        (with(json!({"ref": "both"})), problem("ref", "is ambiguous")),
        (with(json!({"ref": "a b"})), problem("ref", "up to 1024 bytes without spaces")),
        (with(json!({"active": "perhaps"})), json!({"error": "active is invalid"})),
        (with(json!({"inputs": "x"})), json!({"error": "inputs is invalid"})),
        (with(json!({"inputs": [{"name": "x"}]})), json!({"error": "inputs[0][value] is missing"})),
        (with(json!({"inputs": [{"value": "x"}]})), json!({"error": "inputs[0][name] is missing"})),
        (with(json!({"inputs": {"x": {"y": 1}}})), problem("inputs", "x is a text, a number, a switch or a list")),
        (with(json!({"pipeline_key": "p"})), problem("pipeline", "the project has no pipeline p")),
        (with(json!({"description": "x".repeat(1001)})), problem("description", "up to 1000 characters on one line")),
    ];
    for (body, expected) in cases {
        let answer = world.api("POST", &root, body.clone()).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::BAD_REQUEST, expected), "{body}");
    }
    for (name, full) in [("v1", "refs/tags/v1"), ("refs/heads/both", "refs/heads/both"), ("later", "later")] {
        let made = world.api("POST", &root, with(json!({ "ref": name }))).await;
        assert_eq!(made.json()["ref"], full, "{name}");
    }
    let number = world.api("GET", &root, json!({})).await.json()[0]["id"].clone();
    let one = format!("{root}/{number}");
    for (body, expected) in [
        (json!({"cron": "x"}), problem("cron", "syntax is invalid")),
        (json!({"description": " "}), problem("description", "can't be blank")),
        (json!({"ref": ""}), json!({"error": "ref is empty"})),
        (json!({"ref": "both"}), problem("ref", "is ambiguous")),
    ] {
        let answer = world.api("PUT", &one, body.clone()).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::BAD_REQUEST, expected), "{body}");
    }
    for (path, status, expected) in [
        ("?scope=x", StatusCode::BAD_REQUEST, json!({"error": "scope does not have a valid value"})),
        ("?page=0", StatusCode::BAD_REQUEST, json!({"error": "page does not have a valid value"})),
        ("/x", StatusCode::BAD_REQUEST, json!({"error": "pipeline_schedule_id is invalid"})),
        ("/99", StatusCode::NOT_FOUND, json!({"message": "404 Pipeline Schedule Not Found"})),
        ("/99/pipelines", StatusCode::NOT_FOUND, json!({"message": "404 Pipeline Schedule Not Found"})),
    ] {
        let answer = world.api("GET", &format!("{root}{path}"), json!({})).await;
        assert_eq!((answer.status, answer.json()), (status, expected), "{path}");
    }
    for query in ["scope=x", "status=x", "sort=x"] {
        let answer = world.api("GET", &format!("{one}/pipelines?{query}"), json!({})).await;
        let name = query.split('=').next().unwrap();
        assert_eq!(answer.json(), json!({"error": format!("{name} does not have a valid value")}));
    }
    let answer = world.api("GET", &format!("{one}/pipelines?updated_after=yesterday"), json!({})).await;
    assert_eq!(answer.json(), json!({"error": "updated_after is invalid"}));
    // Another project has none of these.
    let other = world.weir.create_project(&world.caller, "me/other", None, Visibility::Private).await.unwrap().id;
    let answer = world.api("GET", &format!("/projects/{other}/pipeline_schedules/{number}"), json!({})).await;
    assert_eq!(answer.json(), json!({"message": "404 Pipeline Schedule Not Found"}));
}

#[tokio::test]
async fn a_schedule_has_variables() {
    let (world, repository) = (World::new().await, repository(DEFINITION));
    let id = project(&world, "me/shop", repository.path()).await;
    let schedule = schedule(&world, &world.caller, id, nightly()).await;
    let one = format!("/projects/{id}/pipeline_schedules/{schedule}");
    let root = format!("{one}/variables");
    let made = world.api("POST", &root, json!({"key": "MODE", "value": "full"})).await;
    let mode = json!({"variable_type": "env_var", "key": "MODE", "value": "full", "raw": false});
    assert_eq!((made.status, made.json()), (StatusCode::CREATED, mode.clone()));
    let again = world.api("POST", &root, json!({"key": "MODE", "value": "x"})).await;
    assert_eq!(
        (again.status, again.json()),
        (StatusCode::BAD_REQUEST, json!({"message": {"key": ["has already been taken"]}}))
    );
    let file = world.api("POST", &root, json!({"key": "CONFIG", "value": "a: b\n", "variable_type": "file"})).await;
    assert_eq!(file.json()["variable_type"], "file");
    let shown = world.api("GET", &one, json!({})).await.json();
    assert_eq!(shown["variables"], json!([mode, file.json()]));
    // python-gitlab sends key and value with every change.
    let changed = world.api("PUT", &format!("{root}/MODE"), json!({"key": "MODE", "value": "fast"})).await;
    assert_eq!((changed.status, &changed.json()["value"]), (StatusCode::OK, &json!("fast")));
    let changed = world.api("PUT", &format!("{root}/MODE"), json!({"variable_type": "file"})).await.json();
    assert_eq!((&changed["value"], &changed["variable_type"]), (&json!("fast"), &json!("file")));
    assert_eq!(world.api("GET", &format!("{root}/MODE"), json!({})).await.json(), changed);
    let gone = world.api("DELETE", &format!("{root}/MODE"), json!({})).await;
    assert_eq!((gone.status, gone.json()), (StatusCode::ACCEPTED, changed));
    let missing = json!({"message": "404 Pipeline Schedule Variable Not Found"});
    for method in ["GET", "PUT", "DELETE"] {
        let answer = world.api(method, &format!("{root}/MODE"), json!({})).await;
        assert_eq!((answer.status, answer.json()), (StatusCode::NOT_FOUND, missing.clone()), "{method}");
    }
    for (body, expected) in [
        (json!({}), json!({"error": "key is missing, value is missing"})),
        (json!({"key": "K"}), json!({"error": "value is missing"})),
        (
            json!({"key": "K", "value": "v", "variable_type": "x"}),
            json!({"error": "variable_type does not have a valid value"}),
        ),
        (json!({"key": "K", "value": ["v"]}), json!({"error": "value is invalid"})),
    ] {
        assert_eq!(world.api("POST", &root, body).await.json(), expected);
    }
    for key in ["A-B", "", "1A", "ä"] {
        let answer = world.api("POST", &root, json!({"key": key, "value": "v"})).await;
        assert!(
            answer.status == StatusCode::BAD_REQUEST && answer.json()["message"]["key"].is_array(),
            "{key}: {}",
            answer.text()
        );
    }
    let long = world.api("POST", &root, json!({"key": "K", "value": "x".repeat(10_001)})).await;
    assert!(long.json()["message"]["value"].is_array(), "{}", long.text());
    // In the database they are sealed, and open with a fresh key.
    let stored = move |conn: &crate::store::Snapshot| {
        let sql = "SELECT variables FROM schedules WHERE id = ?1";
        Ok(conn.query_row(sql, [schedule.0], |row| row.get::<_, String>(0))?)
    };
    let before = world.weir.store().read(stored).await.unwrap();
    assert!(before.starts_with("v1:") && !before.contains("CONFIG"), "{before}");
    world.weir.rotate_key(&world.caller).await.unwrap();
    assert_ne!(world.weir.store().read(stored).await.unwrap(), before);
    assert_eq!(seen(&world, schedule).await.variables.unwrap()[0].value, "a: b\n");
}

#[tokio::test]
async fn playing_answers_with_the_schedule_and_leaves_its_time() {
    let (world, repository) = (World::new().await, repository("a: {script: x, rules: [{if: $GO == \"1\"}]}\n"));
    let id = project(&world, "me/shop", repository.path()).await;
    let rests = ScheduleDraft { is_active: false, ..nightly() };
    let (active, rests) =
        (schedule(&world, &world.caller, id, nightly()).await, schedule(&world, &world.caller, id, rests).await);
    let path = format!("/projects/{id}/pipeline_schedules/{active}/variables");
    let go = world.api("POST", &path, json!({"key": "GO", "value": "1"})).await;
    assert_eq!(go.status, StatusCode::CREATED);
    let before = seen(&world, active).await.schedule;
    let played = world.api("POST", &format!("/projects/{id}/pipeline_schedules/{active}/play"), json!({})).await;
    assert_eq!(played.status, StatusCode::CREATED, "{}", played.text());
    let played = played.json();
    assert_eq!((&played["message"], &played["id"]), (&json!("201 Created"), &json!(active.0)));
    assert_eq!(
        (&played["last_pipeline"]["source"], &played["last_pipeline"]["ref"]),
        (&json!("schedule"), &json!("main"))
    );
    assert_eq!(seen(&world, active).await.schedule.next_run_at, before.next_run_at);
    let of = world.api("GET", &format!("/projects/{id}/pipeline_schedules/{active}/pipelines"), json!({})).await;
    assert_eq!((of.header("x-total"), &of.json()[0]["id"]), ("1", &played["last_pipeline"]["id"]));
    // One that rests can be played; what stands against a run is said, and kept.
    let path = format!("/projects/{id}/pipeline_schedules/{rests}/play");
    let refused = world.api("POST", &path, json!({})).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(!failure(&world, rests).await.is_empty());
    commit(repository.path(), DEFINITION);
    assert_eq!(world.api("POST", &path, json!({})).await.status, StatusCode::CREATED);
    assert_eq!((failure(&world, rests).await.as_str(), seen(&world, rests).await.schedule.next_run_at), ("", None));
    // The oldest comes first, unless somebody wants it otherwise.
    for _ in 0..2 {
        world.api("POST", &path, json!({})).await;
    }
    let of = format!("/projects/{id}/pipeline_schedules/{rests}/pipelines");
    let ids = |answer: &Answer| {
        answer.json().as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let (up, down) =
        (world.api("GET", &of, json!({})).await, world.api("GET", &format!("{of}?sort=desc"), json!({})).await);
    let (up, mut down) = (ids(&up), ids(&down));
    assert!(up.len() == 3 && up.is_sorted());
    down.reverse();
    assert_eq!(up, down);
    for (query, count) in [
        ("status=pending", 3),
        ("scope=finished", 0),
        ("scope=branches", 1),
        ("scope=tags", 0),
        ("created_before=2020-01-01T00:00:00Z", 0),
        ("updated_after=2020-01-01T00%3A00%3A00Z", 3),
        ("per_page=2", 2),
    ] {
        assert_eq!(ids(&world.api("GET", &format!("{of}?{query}"), json!({})).await).len(), count, "{query}");
    }
}
