//! Records: what may be in them, what they are called, and on what condition they are deleted.

use super::*;

#[tokio::test]
async fn a_value_that_cannot_be_masked_is_invalid_whatever_stands_against_it() {
    let town = Town::new().await;
    let path = format!("/projects/{}/variables", town.web().id);
    for value in ["short", "two\nlines of it", "with spaces in it", "only[certain]letters", "12345678", "password"] {
        let body = json!({"key": "SECRET", "value": value, "masked": true});
        let answer = town.api("max by api", "POST", &path, &body).await;
        assert_eq!(refused(&answer), (400, json!({"message": {"value": ["is invalid"]}})), "{value}");
        assert!(!answer.header("x-weir-reason").is_empty(), "{value}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_key_or_a_description_is_said_in_gitlabs_words() {
    let town = Town::new().await;
    let root = format!("/projects/{}", town.web().id);
    let problem = |field: &str, text: &str| (400, json!({"message": {field: [text]}}));
    let (long, too_long) = ("x".repeat(256), "is too long (maximum is 255 characters)");
    for (key, text) in
        [("", "can't be blank"), ("A-B", "can contain only letters, digits and '_'."), (&*long, too_long)]
    {
        let answer =
            town.api("max by api", "POST", &format!("{root}/variables"), &json!({"key": key, "value": "x"})).await;
        assert_eq!(refused(&answer), problem("key", text), "{key}");
    }
    let made = town.api("max by api", "POST", &format!("{root}/triggers"), &json!({"description": "x"})).await.json();
    let one = format!("{root}/triggers/{}", made["id"]);
    for (description, text) in [(" ", "can't be blank"), (&*long, too_long)] {
        for (method, path) in [("POST", &format!("{root}/triggers")), ("PUT", &one)] {
            let answer = town.api("max by api", method, path, &json!({"description": description})).await;
            assert_eq!(refused(&answer), problem("description", text), "{method} {description}");
        }
    }
}

#[tokio::test]
async fn nothing_is_deleted_that_changed_after_the_client_read_it() {
    let town = Town::new().await;
    let web = town.web();
    let made = async |path: &str, body: Value| {
        let answer = town.api("root by api", "POST", path, &body).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.text());
        answer.json()["id"].to_string()
    };
    let environments = format!("/projects/{}/environments", web.id);
    let environment = format!("{environments}/{}", made(&environments, json!({"name": "place"})).await);
    made(&format!("{environment}/stop"), json!({"force": true})).await;
    let triggers = format!("/projects/{}/triggers", web.id);
    let token = made("/user/personal_access_tokens", json!({"name": "x", "scopes": ["api"]})).await;
    let variable = town.fresh_variable(model::VariableOwner::Project(web.id)).await.1;
    let old = ("if-unmodified-since", "Sat, 01 Jan 2000 00:00:00 GMT");
    let later = ("if-unmodified-since", "Wed, 01 Jan 2200 00:00:00 GMT");
    for path in [
        environment,
        format!("{triggers}/{}", made(&triggers, json!({"description": "x"})).await),
        format!("/projects/{}/variables/{variable}", web.id),
        format!("/projects/{}/pipeline_schedules/{}", web.id, town.fresh_schedule(web).await),
        format!("/runners/{}", town.fresh_runner(web).await),
        format!("/projects/{}", town.fresh_project(web).await.0),
        format!("/personal_access_tokens/{token}"),
        "/personal_access_tokens/self".to_owned(),
    ] {
        let refusal = refused(&town.with("root by api", "DELETE", &path, &[old]).await);
        assert_eq!(refusal, (412, json!({"message": "412 Precondition Failed"})), "{path}");
        let deleted = town.with("root by api", "DELETE", &path, &[later]).await;
        assert!(deleted.status.is_success(), "{path}: {} {}", deleted.status, deleted.text());
    }
}

#[tokio::test]
async fn a_runner_has_changed_when_somebody_changed_it() {
    let town = Town::new().await;
    let path = format!("/runners/{}", town.old_runner().await);
    let changed = town.api("root by api", "PUT", &path, &json!({"description": "other"})).await;
    assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
    assert_eq!(town.with("root by api", "DELETE", &path, &[MINUTE]).await.status.as_u16(), 412);
}

/// A time after that of what [`Town::old_runner`] makes.
const MINUTE: (&str, &str) = ("if-unmodified-since", "Thu, 01 Jan 1970 00:01:00 GMT");

impl Town {
    /// A runner that nobody has changed for long.
    async fn old_runner(&self) -> model::RunnerId {
        let id = self.fresh_runner(self.web()).await;
        let sql = "UPDATE runners SET created_at = 1000 WHERE id = ?1";
        self.world.write(move |tx| Ok(tx.conn().execute(sql, [id.0])?)).await;
        id
    }
}

#[tokio::test]
async fn bug_a_runner_with_another_token_or_project_had_not_changed() {
    let town = Town::new().await;
    let id = town.old_runner().await;
    let other = town.fresh_project(town.web()).await.0;
    for (method, path, body) in [
        ("POST", format!("/runners/{id}/reset_authentication_token"), Value::Null),
        ("POST", format!("/projects/{other}/runners"), json!({"runner_id": id})),
        ("DELETE", format!("/projects/{other}/runners/{id}"), Value::Null),
    ] {
        let done = town.api("root by api", method, &path, &body).await;
        assert!(done.status.is_success(), "{path}: {}", done.text());
        let deleted = town.with("root by api", "DELETE", &format!("/runners/{id}"), &[MINUTE]).await;
        assert_eq!(deleted.status.as_u16(), 412, "{method} {path}");
        let sql = "UPDATE runners SET updated_at = NULL WHERE id = ?1";
        town.world.write(move |tx| Ok(tx.conn().execute(sql, [id.0])?)).await;
    }
}

#[tokio::test]
async fn bug_lent_runners_and_variables_of_schedules_went_whatever_was_known_of_them() {
    let town = Town::new().await;
    let web = town.web();
    let (runner, other) = (town.fresh_runner(web).await, town.fresh_project(web).await.0);
    let lent = format!("/projects/{other}/runners");
    let variables = format!("/projects/{}/pipeline_schedules/{}/variables", web.id, town.fresh_schedule(web).await);
    for (list, body, one) in [
        (&lent, json!({"runner_id": runner}), runner.to_string()),
        (&variables, json!({"key": "K", "value": "v"}), "K".to_owned()),
    ] {
        let made = town.api("root by api", "POST", list, &body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{list}: {}", made.text());
        let path = format!("{list}/{one}");
        let refusal = refused(&town.with("root by api", "DELETE", &path, &[MINUTE]).await);
        assert_eq!(refusal, (412, json!({"message": "412 Precondition Failed"})), "{path}");
        let gone = town.with("root by api", "DELETE", &path, &[]).await;
        assert!(gone.status.is_success(), "{path}: {}", gone.text());
    }
}

#[tokio::test]
async fn bug_what_changed_while_it_was_about_to_be_deleted_was_deleted() {
    let town = Town::new().await;
    let id = town.old_runner().await;
    let path = format!("/runners/{id}");
    let (go, gone) = std::sync::mpsc::channel();
    let changed = town.world.write(move |tx| {
        gone.recv().unwrap();
        Ok(tx.conn().execute("UPDATE runners SET updated_at = ?2 WHERE id = ?1", (id.0, tx.now.0))?)
    });
    // Whoever reads meanwhile finds it as it was.
    let read = async {
        let shown = town.api("root by api", "GET", &path, &Value::Null).await;
        go.send(()).unwrap();
        shown.status
    };
    let (_, deleted, shown) = tokio::join!(changed, town.with("root by api", "DELETE", &path, &[MINUTE]), read);
    assert_eq!((deleted.status.as_u16(), shown), (412, StatusCode::OK));
}

#[tokio::test]
async fn paths_mean_the_same_in_any_case() {
    let town = Town::new().await;
    let web = town.web();
    let path = web.path.as_str().to_owned();
    let encoded = |path: &str| path.replace('/', "%2F");
    assert_eq!(town.dev(&format!("/projects/{}", encoded(&path.to_uppercase()))).await["id"], json!(web.id));
    let group = town.dev(&format!("/groups/{}", encoded(&web.group))).await;
    assert_eq!(town.dev(&format!("/groups/{}", encoded(&web.group.to_uppercase()))).await["id"], group["id"]);
}

#[tokio::test]
async fn projects_are_found_by_when_something_happened_in_them() {
    let town = Town::new().await;
    let count = async |query: &str| town.dev(&format!("/projects?{query}")).await.as_array().unwrap().len();
    let all = count("").await;
    assert!(all > 0);
    assert_eq!(count("last_activity_after=2000-01-01").await, all);
    assert_eq!(count("last_activity_after=2200-01-01").await, 0);
    assert_eq!(count("last_activity_before=2000-01-01").await, 0);
}
