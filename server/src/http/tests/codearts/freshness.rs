//! Tags of answers: they change with what is told, and not with the time that passes.

use serde_json::json;

use super::pipelines::Shop;
use super::*;
use crate::service::pipelines::Changes;

async fn tag(shop: &Shop, method: &'static str, target: &str, body: &str) -> String {
    let answer = shop.signer.ask(&shop.world, method, target, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{target}: {}", answer.text());
    let tag = answer.header("etag").to_owned();
    assert!(!tag.is_empty(), "{target}");
    tag
}

/// What an answer costs who has it already.
async fn again(shop: &Shop, method: &'static str, target: &str, body: &str, tag: &str) -> StatusCode {
    let wire = shop.signer.wire(method, target, body).with("if-none-match", tag);
    shop.world.send(wire.request()).await.status
}

#[tokio::test]
async fn bug_the_tags_of_a_running_build_changed_with_the_clock() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let run = shop.start("web").await;
    let job = shop.world.take().await;
    let asked = [
        format!("/v1/job/{web}/info"),
        format!("/v1/job/{}/list", shop.project),
        format!("/v3/{}/jobs", shop.project),
        format!("/v4/jobs/{web}/1/record-info"),
        format!("/v3/jobs/{web}/1/history-details"),
        format!("/v1/record/{web}/list?start_time=2020-01-01%2000%3A00%3A00&end_time=2100-01-01%2000%3A00%3A00"),
        format!("/v5/{}/api/pipelines/{web}/pipeline-runs/detail", shop.project),
        format!("/v3/pipelines/{web}/status"),
    ];
    let mut tags = Vec::new();
    for target in &asked {
        tags.push(tag(&shop, "GET", target, "").await);
    }
    // A moment later by the clock.
    let before = clock::now();
    while clock::now() == before {
        tokio::task::yield_now().await;
    }
    for (target, tag) in asked.iter().zip(&tags) {
        assert_eq!(again(&shop, "GET", target, "", tag).await, StatusCode::NOT_MODIFIED, "{target}");
    }
    shop.fail(job).await;
    shop.world.weir.cancel_run(&shop.world.caller, run.id).await.unwrap();
    for (target, tag) in asked.iter().zip(&tags) {
        assert_eq!(again(&shop, "GET", target, "", tag).await, StatusCode::OK, "{target}");
    }
}

#[tokio::test]
async fn bug_the_tag_of_a_run_kept_quiet_about_its_pipeline() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    shop.start("web").await;
    let target = format!("/v5/{}/api/pipelines/{web}/pipeline-runs/detail", shop.project);
    let known = tag(&shop, "GET", &target, "").await;
    assert_eq!(again(&shop, "GET", &target, "", &known).await, StatusCode::NOT_MODIFIED);
    let changes = Changes { name: Some("Another".into()), ..Changes::default() };
    shop.world.weir.change_pipeline(&shop.world.caller, &"web".parse().unwrap(), changes).await.unwrap();
    let wire = shop.signer.wire("GET", &target, "").with("if-none-match", &known);
    let answer = shop.world.send(wire.request()).await;
    assert_eq!((answer.status, answer.json()["name"].clone()), (StatusCode::OK, json!("Another")));
}

#[tokio::test]
async fn bug_lists_and_logs_had_no_tag() {
    let shop = Shop::new().await;
    let uid = shop.make("one", "a: {script: x}").await;
    let run = shop.start("one").await;
    let job = shop.world.take().await;
    shop.world.weir.logs().append(job, 0, b"one\n").unwrap();
    let of_run = shop.world.jobs(run.id).await.remove(0).uid;
    let step = crate::dialect::codearts::derived("step", of_run.as_str(), 0);
    let record = run.uid.as_str();
    let record =
        format!("{}-{}-{}-{}-{}", &record[..8], &record[8..12], &record[12..16], &record[16..20], &record[20..]);
    let path = format!("/v5/{}/api/pipelines", shop.project);
    let asked = [
        ("POST", format!("{path}/list")),
        ("POST", "/v3/pipelines/list".to_owned()),
        ("POST", format!("{path}/{uid}/pipeline-runs/list")),
        ("POST", format!("{path}/{uid}/pipeline-runs/{}/jobs/{of_run}/steps/{step}/logs", run.uid)),
        ("GET", format!("/v4/{record}/download-log")),
        ("GET", format!("/v1/log/{record}/download-log?log_level=debug&compress=true")),
    ];
    let mut tags = Vec::new();
    for (method, target) in &asked {
        let known = tag(&shop, method, target, "").await;
        assert_eq!(again(&shop, method, target, "", &known).await, StatusCode::NOT_MODIFIED, "{target}");
        tags.push(known);
    }
    assert_ne!(tags[4], tags[5], "packed it is something else");
    shop.world.weir.logs().append(job, 4, b"two\n").unwrap();
    shop.start("one").await;
    for ((method, target), known) in asked.iter().zip(&tags) {
        let is_simple = target.starts_with("/v3/");
        let status = again(&shop, method, target, "", known).await;
        // The simple list has no more than when the latest run began, by the second.
        assert!(status == StatusCode::OK || is_simple, "{target}");
    }
    let whole = shop.signer.ask(&shop.world, "GET", &asked[4].1, "").await;
    assert_eq!((whole.text(), whole.header("content-length")), ("one\ntwo\n", "8"));
}
