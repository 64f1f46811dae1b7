//! Lists of runs and jobs: what they are filtered, ordered and walked by.

use super::*;

fn ids(list: &Value) -> Vec<i64> {
    list.as_array().unwrap().iter().map(|one| one["id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn runs_are_found_by_what_they_are() {
    let town = Town::new().await;
    let root = format!("/projects/{}/pipelines", town.web().id);
    let first = town.web().run.0;
    let all = ids(&town.dev(&root).await);
    assert_eq!((all.len(), all[1]), (2, first), "newest first");
    let (good, running) = (vec![first], vec![all[0]]);
    let midnight = "2020-01-01T00%3A00%3A00Z";
    for (query, wanted) in [
        ("status=success".to_owned(), good.clone()),
        ("status=running".to_owned(), running.clone()),
        ("scope=running".to_owned(), running.clone()),
        ("scope=finished".to_owned(), good.clone()),
        ("scope=finished&status=running".to_owned(), vec![]),
        ("scope=pending".to_owned(), vec![]),
        ("scope=branches".to_owned(), running.clone()),
        ("scope=tags".to_owned(), vec![]),
        ("status=waiting_for_callback".to_owned(), vec![]),
        ("source=api".to_owned(), all.clone()),
        ("source=push".to_owned(), vec![]),
        ("source=merge_request_event".to_owned(), vec![]),
        ("ref=main".to_owned(), all.clone()),
        ("ref=other".to_owned(), vec![]),
        ("username=dev".to_owned(), running.clone()),
        ("username=nobody".to_owned(), vec![]),
        ("name=nightly".to_owned(), vec![]),
        ("sha=0123".to_owned(), vec![]),
        ("yaml_errors=true".to_owned(), vec![]),
        ("yaml_errors=False".to_owned(), all.clone()),
        (format!("updated_after={midnight}"), all.clone()),
        (format!("updated_before={midnight}"), vec![]),
        (format!("created_after={midnight}&created_before=2999-01-01"), all.clone()),
        ("sort=asc".to_owned(), all.iter().rev().copied().collect()),
        ("order_by=updated_at&sort=desc".to_owned(), all.clone()),
        ("order_by=ref&sort=asc".to_owned(), all.iter().rev().copied().collect()),
        ("order_by=status&sort=asc".to_owned(), all.clone()),
        ("per_page=1&page=2".to_owned(), good.clone()),
        ("page=3".to_owned(), vec![]),
        ("pagination=keyset&order_by=id".to_owned(), all.clone()),
        ("unknown=1".to_owned(), all.clone()),
    ] {
        assert_eq!(ids(&town.dev(&format!("{root}?{query}")).await), wanted, "{query}");
    }
    let renamed = town.api("dev by api", "PUT", &format!("{root}/{first}/metadata"), &json!({"name": "nightly"})).await;
    assert_eq!(renamed.json()["name"], "nightly");
    assert_eq!(ids(&town.dev(&format!("{root}?name=nightly")).await), good);
}

#[tokio::test]
async fn wrong_parameters_of_lists_are_told() {
    let town = Town::new().await;
    let project = format!("/projects/{}", town.web().id);
    let ask =
        async |path: &str| refused(&town.api("dev by api", "GET", &format!("{project}{path}"), &Value::Null).await);
    for (name, value, text) in [
        ("scope", "x", "does not have a valid value"),
        ("status", "x", "does not have a valid value"),
        ("source", "x", "does not have a valid value"),
        ("order_by", "x", "does not have a valid value"),
        ("sort", "x", "does not have a valid value"),
        ("page", "0", "does not have a valid value"),
        ("per_page", "-1", "does not have a valid value"),
        ("per_page", "x", "is invalid"),
        ("yaml_errors", "x", "is invalid"),
        ("updated_after", "yesterday", "is invalid"),
        ("created_before", "2026-13-01T00:00:00Z", "is invalid"),
        ("name", "%00", "is invalid"),
        ("ref", "%ff", "is invalid"),
    ] {
        let wrong = (400, json!({"error": format!("{name} {text}")}));
        assert_eq!(ask(&format!("/pipelines?{name}={value}")).await, wrong, "{name}={value}");
    }
    let both = json!({"error": "scope does not have a valid value, sort does not have a valid value"});
    assert_eq!(ask("/pipelines?sort=x&scope=x").await.1, both);
    let scope = (400, json!({"error": "scope does not have a valid value"}));
    let run = town.web().run;
    for path in ["/jobs?scope[]=x", "/jobs?scope=x", "/jobs?scope[0]=success&scope[1]=x"] {
        assert_eq!(ask(path).await, scope, "{path}");
    }
    assert_eq!(ask(&format!("/pipelines/{run}/jobs?scope[]=x")).await, scope);
    assert_eq!(ask(&format!("/pipelines/{run}/bridges?scope=x")).await, scope);
    assert_eq!(
        ask(&format!("/pipelines/{run}/jobs?include_retried=x")).await.1,
        json!({"error": "include_retried is invalid"})
    );
    let keyset = json!({"error": "Keyset pagination is not yet available for this type of request"});
    assert_eq!(ask("/jobs?pagination=keyset&order_by=name").await, (405, keyset.clone()));
    assert_eq!(ask("/jobs?pagination=keyset&sort=asc").await, (405, keyset));
    assert_eq!(ask("/jobs?pagination=keyset&cursor=x").await, (400, json!({"error": "cursor is invalid"})));
    for path in ["/trace?byte_offset=-1", "/trace?byte_limit=0", "/trace?byte_offset=x"] {
        assert_eq!(ask(&format!("/jobs/{}{path}", town.web().job)).await.0, 400, "{path}");
    }
}

#[tokio::test]
async fn jobs_have_scopes_and_are_walked_in_two_ways() {
    let town = Town::new().await;
    let root = format!("/projects/{}/jobs", town.web().id);
    for _ in 0..2 {
        town.fresh_canceled_run(town.web()).await;
    }
    let all = ids(&town.dev(&root).await);
    assert_eq!(all.len(), 8);
    for (query, count) in [
        ("scope[]=canceled", 4),
        ("scope=canceled", 4),
        ("scope%5B%5D=canceled&scope%5B%5D=success", 5),
        ("scope[0]=canceled&scope[1]=success", 5),
        ("scope[]=waiting_for_callback", 0),
        ("ref=main", 8),
        ("ref=none", 0),
    ] {
        assert_eq!(ids(&town.dev(&format!("{root}?{query}")).await).len(), count, "{query}");
    }
    for query in [
        "per_page=3&scope[]=canceled&scope[]=manual&scope[]=running&scope[]=success",
        "per_page=3&pagination=keyset&order_by=id&sort=desc",
    ] {
        let is_keyset = query.contains("keyset");
        let mut path = format!("{root}?{query}");
        let mut walked = Vec::new();
        loop {
            let answer = town.api("dev by api", "GET", &path, &Value::Null).await;
            walked.extend(ids(&answer.json()));
            assert!(answer.header("x-total").is_empty(), "nobody counts them");
            assert_eq!(answer.header("x-page").is_empty(), is_keyset);
            let links: Vec<&str> = answer.header("link").split(", ").collect();
            assert!(!is_keyset || links.len() == 1);
            let Some(next) = links.iter().find_map(|link| link.strip_suffix(">; rel=\"next\"")) else { break };
            path = next.split_once("/api/v4").unwrap().1.to_owned();
        }
        assert_eq!(walked, all, "{query}");
    }
}
