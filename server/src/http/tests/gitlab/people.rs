//! People, their projects and what they look after, in the fields that clients read.

use app::service::Accounts as _;
use model::RunnerDraft;

use super::*;

#[tokio::test]
async fn bug_everybody_was_told_whether_they_are_an_administrator() {
    let town = Town::new().await;
    let me = async |who: &str| town.api(who, "GET", "/user", &Value::Null).await.json();
    assert_eq!(me("root by api").await["is_admin"], true);
    let dev = me("dev by api").await;
    assert!(dev.get("is_admin").is_none() && dev["email"].is_string(), "{dev}");
    // Administrators see it of others.
    let (shown, seen) = (format!("/users/{}", dev["id"]), async |who: &str, path: &str| {
        town.api(who, "GET", path, &Value::Null).await.json()
    });
    assert_eq!(seen("root by api", &shown).await["is_admin"], false);
    assert!(seen("dev by api", &shown).await.get("is_admin").is_none());
}

#[tokio::test]
async fn bug_nobody_had_a_namespace_that_projects_are_made_in() {
    let town = Town::new().await;
    let me = async |who: &str| town.api(who, "GET", "/user", &Value::Null).await.json()["namespace_id"].clone();
    let make = async |who: &str, path: &str, namespace: &Value| {
        town.api(who, "POST", "/projects", &json!({"path": path, "namespace_id": namespace})).await
    };
    let before = me("root by api").await;
    assert!(before.is_i64(), "{before}");
    let made = make("root by api", "one", &before).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    assert_eq!(made.json()["path_with_namespace"], "root/one");
    // It is there now, by a number of its own; the one from before still means it.
    let now = me("root by api").await;
    assert_eq!(now, made.json()["namespace"]["id"]);
    for (path, number) in [("two", &now), ("three", &before)] {
        assert_eq!(make("root by api", path, number).await.json()["namespace"]["id"], now, "{path}");
    }
    // Who may not make projects there has one too, and is told so.
    let of_dev = me("dev by api").await;
    assert!(of_dev.is_i64() && of_dev != now, "{of_dev}");
    assert_eq!(refused(&make("dev by api", "one", &of_dev).await), (403, json!({"message": "403 Forbidden"})));
    let of_users = town.api("root by api", "GET", "/users?username=dev", &Value::Null).await.json();
    assert_eq!(of_users[0]["namespace_id"], of_dev);
    for none in [json!(1_073_741_824), json!(2_000_000_000), json!(4711), json!(-1)] {
        let answer = refused(&make("root by api", "x", &none).await);
        assert_eq!(answer, (400, json!({"message": {"namespace": ["is not valid"]}})), "{none}");
    }
    let wrong = json!({"error": "namespace_id is invalid"});
    assert_eq!(refused(&make("root by api", "x", &json!("zz")).await), (400, wrong));
}

#[tokio::test]
async fn bug_projects_that_were_made_on_the_data_folder_were_nobodys() {
    let town = Town::new().await;
    let weir = &town.world.weir;
    let made = weir.create_project(&Caller::local("weir"), "zq-web/alone", None, model::Visibility::Private).await;
    let path = format!("/projects/{}", made.unwrap().id);
    let project = town.api("root by api", "GET", &path, &Value::Null).await.json();
    let root = town.api("root by api", "GET", "/user", &Value::Null).await.json();
    assert_eq!((&project["creator_id"], &project["owner"]["username"]), (&root["id"], &json!("root")));
}

#[tokio::test]
async fn bug_simple_projects_lacked_where_they_are() {
    let town = Town::new().await;
    let list = async |query: &str| {
        let path = format!("/projects?order_by=id&search={}{query}", town.web().path.rsplit('/').next().unwrap());
        town.dev(&path).await[0].clone()
    };
    let (simple, whole) = (list("&simple=true").await, list("").await);
    for field in [
        "id",
        "description",
        "name",
        "name_with_namespace",
        "path",
        "path_with_namespace",
        "created_at",
        "default_branch",
        "tag_list",
        "topics",
        "ssh_url_to_repo",
        "http_url_to_repo",
        "web_url",
        "readme_url",
        "forks_count",
        "avatar_url",
        "star_count",
        "last_activity_at",
        "namespace",
    ] {
        assert_eq!(simple.get(field).unwrap_or_else(|| panic!("{field}: {simple}")), &whole[field], "{field}");
    }
    assert!(simple.get("permissions").is_none() && simple.get("owner").is_none(), "{simple}");
}

#[tokio::test]
async fn bug_the_runner_of_a_job_was_nobodys() {
    let town = Town::new().await;
    let World { weir, caller, .. } = &town.world;
    let job = format!("/projects/{}/jobs/{}", town.web().id, town.running);
    let of_server = town.dev(&job).await["runner"].clone();
    assert_eq!(of_server["created_by"], Value::Null, "the server's own");
    let draft = RunnerDraft { name: "made".into(), run_untagged: true, ..RunnerDraft::default() };
    let root = weir.user_called(caller, "root").await.unwrap();
    let by = Caller { id: Some(root.id), user: root.name, ..caller.clone() };
    let (runner, _) = weir.create_runner(&by, None, draft).await.unwrap();
    let (id, job_id) = (runner.id.0, town.running.0);
    let sql = "UPDATE jobs SET runner_id = ?2 WHERE id = ?1";
    town.world.write(move |tx| Ok(tx.conn().execute(sql, (job_id, id))?)).await;
    let alone = town.api("root by api", "GET", &format!("/runners/{id}"), &Value::Null).await.json();
    let shown = town.dev(&job).await["runner"].clone();
    assert_eq!(shown["created_by"], alone["created_by"]);
    assert_eq!(shown["created_by"]["username"], "root");
    let listed = town.dev(&format!("/projects/{}/jobs", town.web().id)).await;
    let listed = listed.as_array().unwrap().iter().find(|one| one["id"] == job_id).unwrap();
    assert_eq!(listed["runner"]["created_by"], alone["created_by"]);
}

#[tokio::test]
async fn bug_wrong_settings_of_projects_were_taken() {
    let town = Town::new().await;
    let path = format!("/projects/{}", town.web().id);
    for name in ["", " "] {
        let answer = town.api("oda by api", "PUT", &path, &json!({ "name": name })).await;
        assert_eq!(refused(&answer), (400, json!({"message": {"name": ["can't be blank"]}})), "{name:?}");
    }
    for (level, good) in [("10", true), ("40", true), ("50", true), ("31", false), ("0", false), ("-1", false)] {
        let answer = town.api("dev by api", "GET", &format!("/projects?min_access_level={level}"), &Value::Null).await;
        if good {
            assert_eq!(answer.status, StatusCode::OK, "{level}");
        } else {
            let text = json!({"error": "min_access_level does not have a valid value"});
            assert_eq!(refused(&answer), (400, text), "{level}");
        }
    }
}

#[tokio::test]
async fn bug_a_deployment_did_not_say_where_to() {
    let town = Town::new().await;
    let path = format!("/projects/{}/environments", town.web().id);
    let one = town.dev(&format!("{path}/{}", town.web().environment)).await;
    let of = &one["last_deployment"]["environment"];
    for field in ["id", "name", "slug", "external_url", "created_at", "updated_at", "tier", "state"] {
        assert_eq!(of.get(field).unwrap_or_else(|| panic!("{field}: {one}")), &one[field], "{field}");
    }
    assert!(of.get("last_deployment").is_none(), "{one}");
}
