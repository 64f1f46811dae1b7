//! Requests that are held until something changes.

use std::time::Duration;

use tokio::time::timeout;

use super::*;

impl Town {
    /// Whether a request that waits is answered soon after this change, and not before.
    async fn wakes(&self, path: &str, change: (&str, &str, Value)) {
        let who = "gil by api";
        let who = if path.starts_with("/projects/") && !path.contains("triggers") { who } else { "root by api" };
        let before = self.api(who, "GET", path, &Value::Null).await;
        assert_eq!(before.status, StatusCode::OK, "{path}: {}", before.text());
        let headers = [("if-none-match", before.header("etag")), ("prefer", "wait=60")];
        let held = timeout(Duration::from_secs(20), self.with(who, "GET", path, &headers));
        let changed = async {
            self.world.holds(1).await;
            let (method, path, body) = change;
            let answer = self.api("root by api", method, path, &body).await;
            assert!(answer.status.is_success(), "{path}: {}", answer.text());
        };
        let (held, ()) = tokio::join!(held, changed);
        let held = held.unwrap_or_else(|_| panic!("{path} was not told of"));
        assert_eq!(held.status, StatusCode::OK, "{path}");
        assert_ne!(held.header("etag"), before.header("etag"), "{path}");
    }
}

#[tokio::test]
async fn whatever_somebody_does_ends_the_wait_for_it() {
    let town = Town::new().await;
    // The first use of a token is noted beside the request, and would be a change of its own.
    town.api("root by api", "GET", "/user", &Value::Null).await;
    let web = town.web();
    let (root, dev) = (format!("/projects/{}", web.id), town.who("dev by api").user.unwrap());
    let triggers = format!("{root}/triggers");
    let made = town.api("root by api", "POST", &triggers, &json!({"description": "first"})).await.json();
    let first = format!("{triggers}/{}", made["id"]);
    let token = json!({"name": "another", "scopes": ["api"]});
    let member = json!({"user": "gil", "role": "maintainer"});
    for (path, change) in [
        (&*triggers, ("POST", &*triggers, json!({"description": "second"}))),
        (&*first, ("PUT", &*first, json!({"description": "renamed"}))),
        ("/personal_access_tokens", ("POST", "/user/personal_access_tokens", token)),
        ("/users", ("POST", "/weir/users", json!({"name": "new"}))),
        (&format!("/users/{dev}"), ("PUT", "/weir/users/dev", json!({"full_name": "Somebody Else"}))),
        (&*root, ("POST", &format!("/weir/members/{}", web.path), member)),
    ] {
        town.wakes(path, change).await;
    }
}

#[tokio::test]
async fn what_changed_unnoticed_is_told_at_the_end_of_the_wait() {
    let town = Town::new().await;
    let dev = town.who("dev by api").user.unwrap();
    let path = format!("/users/{dev}");
    let before = town.api("root by api", "GET", &path, &Value::Null).await;
    let headers = [("if-none-match", before.header("etag")), ("prefer", "wait=1")];
    let sql = "UPDATE users SET full_name = 'Somebody Else' WHERE id = ?1";
    let unnoticed = async {
        town.world.holds(1).await;
        town.world.write(move |tx| Ok(tx.conn().execute(sql, [dev.0])?)).await;
    };
    let (held, ()) = tokio::join!(town.with("root by api", "GET", &path, &headers), unnoticed);
    assert_eq!((held.status, &held.json()["name"]), (StatusCode::OK, &json!("Somebody Else")));
    // Nothing changed: then it is said so.
    let headers = [("if-none-match", held.header("etag")), ("prefer", "wait=1")];
    assert_eq!(town.with("root by api", "GET", &path, &headers).await.status, StatusCode::NOT_MODIFIED);
}
