//! CodeArts Build: who may do what with which job, and what is wrong with requests.

use serde_json::json;

use super::*;

const UNKNOWN: &str = "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz";

/// A server with a job of one person's, whose requests are signed.
struct Shop {
    world: World,
    boss: Signer,
    job: String,
    project: String,
}

impl Shop {
    async fn new() -> Self {
        let world = World::public().await;
        let project =
            world.weir.create_project(&world.caller, "shop/web", None, model::Visibility::Private).await.unwrap();
        let definition = "a: {script: x}\nb: {stage: deploy, script: x}\n";
        let new = NewPipeline {
            key: "shop".into(),
            project: Some("shop/web".into()),
            definition: Some(definition.into()),
            ..NewPipeline::default()
        };
        let job = world.weir.create_pipeline(&world.caller, new).await.unwrap().uid.to_string();
        let boss = Signer::of(&world, Some("root"), None).await;
        Self { world, boss, job, project: project.uid.to_string() }
    }

    async fn build(&self, body: Value) -> Answer {
        let mut whole = json!({"job_id": self.job});
        whole.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        self.boss.ask(&self.world, "POST", "/v3/jobs/build", &whole.to_string()).await
    }

    async fn get(&self, path: &str) -> Value {
        let path = path.replace("JOB", &self.job).replace("PROJECT", &self.project);
        self.boss.get(&self.world, &path).await
    }

    async fn refused(&self, signer: &Signer, method: &'static str, path: &str, body: &str) -> (u16, String) {
        let path = path.replace("JOB", &self.job).replace("PROJECT", &self.project);
        let answer = signer.ask(&self.world, method, &path, &body.replace("JOB", &self.job)).await;
        (answer.status.as_u16(), answer.json()["error_code"].as_str().unwrap_or_default().to_owned())
    }

    /// Ends a build whose jobs do what they are told.
    async fn end(&self, ends: &[End]) {
        for end in ends {
            let job = self.world.take().await;
            self.world.weir.end_job(job, end.clone()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_build_is_a_run() {
    let shop = Shop::new().await;
    let started = shop.build(json!({"parameter": [{"name": "A", "value": "x\ny"}, {"name": "N", "value": 5}]})).await;
    assert_eq!(started.status, StatusCode::OK, "{}", started.text());
    let started = started.json();
    let today = clock::zone().day(clock::now()).to_string();
    assert_eq!(started["actual_build_number"], "1");
    assert_eq!(started["daily_build_number"], format!("{today}.1"));
    let run = shop.world.weir.run(&shop.world.caller, RunId(1)).await.unwrap().run;
    assert_eq!(started["octopus_job_name"], format!("j_{}", &run.uid.as_str()[..8]));
    assert_eq!((run.user.as_str(), run.number), ("root", 1), "it shows with who started it");
    let info = shop.get("/v1/job/JOB/info").await;
    assert_eq!(info["result"]["running_status"], "InQueue");
    assert_eq!(info["result"]["last_build_status"], Value::Null);
    assert_eq!(shop.get("/v3/jobs/JOB/status").await, json!({"result": true}));
    let parameters = shop.get("/v1/job/JOB/1/history-parameters").await;
    assert_eq!(parameters["result"], json!([{"name": "A", "value": "x\ny"}, {"name": "N", "value": "5"}]));
    shop.end(&[End::Success, End::Success]).await;
    let details = shop.get("/v3/jobs/JOB/1/history-details").await;
    let steps: Vec<_> = details["build_steps"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!(steps, ["success", "success"]);
    let info = shop.get("/v1/job/JOB/info").await;
    assert_eq!(
        (&info["result"]["health_score"], &info["result"]["last_build_status"]),
        (&json!(100), &json!("success"))
    );
    // What is started elsewhere is a build too.
    shop.world.weir.start_run(&shop.world.caller, &"shop".parse().unwrap(), NewRun::default()).await.unwrap();
    let running = shop.get("/v1/job/JOB/running-status").await;
    assert_eq!(running["result"]["last_build_no"], "2");
    assert_eq!(running["result"]["is_running"], true);
    let history = shop.get("/v3/jobs/JOB/history?offset=0&limit=1&interval=0").await;
    assert_eq!((&history["total"], &history["history_records"][0]["build_number"]), (&json!(2), &json!(2)));
}

#[tokio::test]
async fn health_is_what_became_of_the_last_five() {
    let shop = Shop::new().await;
    let failed = || End::Failed { failure: model::FailureReason::ScriptFailure, exit_code: Some(1), detail: None };
    let timed_out =
        || End::Failed { failure: model::FailureReason::JobExecutionTimeout, exit_code: None, detail: None };
    let mut scores = Vec::new();
    for end in [failed(), End::Success, End::Success, timed_out(), End::Success, End::Success] {
        assert_eq!(shop.build(json!({})).await.status, StatusCode::OK);
        let good = matches!(end, End::Success);
        shop.end(&[end]).await;
        if good {
            shop.end(&[End::Success]).await;
        }
        scores.push(shop.get("/v1/job/JOB/info").await["result"]["health_score"].clone());
    }
    // Of 1, 2, 3, 4 and twice 5 builds.
    assert_eq!(scores, [0, 50, 66, 50, 60, 80]);
    assert_eq!(shop.build(json!({})).await.status, StatusCode::OK);
    let stopped = shop.boss.post(&shop.world, &format!("/v3/jobs/{}/7/stop", shop.job), "").await;
    assert_eq!(stopped, json!({"result": "", "success": true}));
    let info = shop.get("/v1/job/JOB/info").await;
    assert_eq!(
        (&info["result"]["health_score"], &info["result"]["last_build_status"]),
        (&json!(80), &json!("aborted"))
    );
    let page = shop.get("/v3/jobs/JOB/history?offset=0&limit=10&interval=7").await;
    let results: Vec<_> = page["history_records"].as_array().unwrap().iter().map(|one| &one["result"]).collect();
    assert_eq!(results, ["ABORTED", "SUCCESS", "SUCCESS", "TIMEOUT", "SUCCESS", "SUCCESS", "FAILURE"]);
    let jobs = shop.get("/v1/job/PROJECT/list?page_index=0&page_size=10&build_status=aborted").await;
    assert_eq!((&jobs["total"], &jobs["jobs"][0]["last_build_status"]), (&json!(1), &json!("aborted")));
    assert_eq!(shop.get("/v1/job/PROJECT/list?build_status=blue").await["total"], 0);
}

#[tokio::test]
async fn bug_the_time_before_a_retry_was_time_of_execution() {
    const WEEK: i64 = 7 * 24 * 3_600_000;
    let shop = Shop::new().await;
    let failed = End::Failed { failure: model::FailureReason::ScriptFailure, exit_code: Some(1), detail: None };
    assert_eq!(shop.build(json!({})).await.status, StatusCode::OK);
    shop.end(&[End::Success, failed]).await;
    // As if all that had been a week ago, each job for two seconds.
    let moved = shop.world.weir.store().write(|tx| {
        tx.conn().execute("UPDATE runs SET started_at = started_at - ?1, finished_at = finished_at - ?1", [WEEK])?;
        let sql = "UPDATE jobs SET started_at = started_at - ?1, finished_at = started_at - ?1 + 2000";
        tx.conn().execute(sql, [WEEK])?;
        Ok(())
    });
    moved.await.unwrap();
    shop.world.weir.retry_run(&shop.world.caller, RunId(1)).await.unwrap();
    let took = async || {
        let jobs = shop.get("/v1/job/PROJECT/list").await;
        let span = "start_time=2020-01-01%2000%3A00%3A00&end_time=2999-01-01%2000%3A00%3A00";
        let records = shop.get(&format!("/v3/jobs/JOB/build-info-records?{span}")).await;
        let records = &records["result"]["job_build_states"][0];
        let record = shop.get("/v1/record/JOB/1/record-info").await;
        [&jobs["jobs"][0]["build_time"], &records["build_time"], &records["cost_time"], &record["result"]["duration"]]
            .map(|took| took.as_i64().unwrap())
    };
    // The second of the two jobs runs anew; what it took before is gone with that attempt.
    let job = shop.world.take().await;
    let going = took().await;
    assert!(going.iter().all(|took| (2000..WEEK).contains(took)), "{going:?}");
    shop.world.end(job).await;
    let ended = took().await;
    assert!(ended.iter().all(|took| *took == ended[0] && (2000..WEEK).contains(took)), "{ended:?}");
    let info = shop.get("/v1/job/JOB/info").await["result"]["build_time"].take();
    assert_eq!(info, format!("{}.{:02}", ended[0] / 1000, ended[0] / 10 % 100));
}

#[tokio::test]
async fn bad_input_gets_a_clear_error_and_starts_nothing() {
    let shop = Shop::new().await;
    for (body, status, code) in [
        (json!({"job_id": "nothing"}), 400, "CB.00060201"),
        (json!({"job_id": null}), 400, "CB.00060201"),
        (json!({"job_id": 7}), 400, "CB.00060201"),
        (json!({"job_id": UNKNOWN}), 404, "CB.00060404"),
        (json!({"job_id": "f".repeat(32)}), 404, "CB.00060404"),
        (json!({"parameter": [{"name": "A", "value": {}}]}), 400, "CB.00060200"),
        (json!({"parameter": [{"name": "A", "value": []}]}), 400, "CB.00060200"),
        (json!({"parameter": {"A": "x"}}), 400, "CB.00060200"),
        (json!({"parameter": [{"name": "", "value": "x"}]}), 400, "CB.00060200"),
        (json!({"parameter": [{"name": "a\u{0}b", "value": "x"}]}), 400, "CB.00060200"),
        (json!({"parameter": [{"name": "a".repeat(256), "value": "x"}]}), 400, "CB.00060200"),
        (json!({"parameter": [{"name": "A", "value": "\u{0}"}]}), 400, "CB.00060200"),
        (json!({"parameter": [{"name": "A", "value": "x".repeat(128 << 10)}]}), 400, "CB.00060200"),
        (json!({"scm": "main"}), 400, "CB.00060200"),
        (json!({"scm": {"build_tag": 5}}), 400, "CB.00060200"),
        (json!({"scm": {"build_commit_id": "build_commit_id"}}), 400, "CB.00060200"),
        (json!({"scm": {"build_commit_id": "f".repeat(40)}}), 400, "CB.00060200"),
        (json!({"scm": {"build_tag": "v1"}}), 400, "CB.00060200"),
    ] {
        let answer = shop.build(body.clone()).await;
        let short: String = body.to_string().chars().take(100).collect();
        assert_eq!((answer.status.as_u16(), answer.json()["error_code"].as_str()), (status, Some(code)), "{short}");
        assert!(!answer.json()["error_msg"].as_str().unwrap().is_empty(), "{short}");
    }
    for body in ["", "[]", "{", "null", "7"] {
        assert_eq!(shop.refused(&shop.boss, "POST", "/v3/jobs/build", body).await.0, 400, "{body}");
    }
    for (path, status) in [
        ("/v1/job/x/info", 400),
        ("/v1/job/%7Bjob_id%7D/info", 400),
        ("/v1/job/JOB/0/history-parameters", 400),
        ("/v1/job/JOB/99/history-parameters", 404),
        ("/v3/jobs/JOB/history?limit=101", 400),
        ("/v3/jobs/JOB/history?interval=31", 400),
        ("/v3/jobs/JOB/build-info-records?start_time=2020-01-01%2000%3A00%3A00", 400),
        ("/v3/jobs/JOB/build-info-records?start_time=a&end_time=b", 400),
        ("/v3/jobs/JOB/1/real-time-log?offset=-1", 400),
        ("/v3/jobs/JOB/1/real-time-log", 400),
        ("/v3/jobs/JOB/1/real-time-log?offset=0", 404),
        ("/v4/x/download-log", 400),
        ("/v4/ffffffff-ffff-ffff-ffff-ffffffffffff/download-log", 404),
        ("/v1/job/PROJECT/list?build_status=green", 400),
        ("/v3/nothing/jobs", 400),
        ("/v1/job/zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz/list", 404),
    ] {
        assert_eq!(shop.refused(&shop.boss, "GET", path, "").await.0, status, "{path}");
    }
    assert_eq!(shop.get("/v3/jobs/JOB/history?offset=0&limit=10&interval=7").await["total"], 0, "nothing was started");
}

#[tokio::test]
async fn a_job_is_disabled_and_enabled() {
    let shop = Shop::new().await;
    let post = async |path: &str, body: &str| shop.boss.post(&shop.world, &path.replace("JOB", &shop.job), body).await;
    for (off, body, on, back) in [
        ("/v3/jobs/JOB/disable", "", "/v3/jobs/JOB/recover", ""),
        (
            "/v1/job/JOB/disable",
            r#"{"disabled": true, "reason": "x"}"#,
            "/v1/job/JOB/disable",
            r#"{"disabled": false}"#,
        ),
    ] {
        assert_eq!(post(off, body).await, json!({"status": "success"}));
        assert_eq!(shop.get("/v1/job/JOB/info").await["result"]["disabled"], true);
        let refused = shop.build(json!({})).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["error_code"]), (403, &json!("CB.00060403")));
        assert_eq!(post(on, back).await, json!({"status": "success"}));
        assert_eq!(shop.build(json!({})).await.status, StatusCode::OK);
    }
    assert_eq!(shop.refused(&shop.boss, "POST", "/v1/job/JOB/disable", "{}").await.0, 400);
    assert_eq!(shop.refused(&shop.boss, "POST", "/v1/job/JOB/disable", r#"{"disabled": "yes"}"#).await.0, 400);
}

#[tokio::test]
async fn what_others_may_is_in_the_flags_and_holds() {
    let shop = Shop::new().await;
    let world = &shop.world;
    shop.build(json!({"parameter": [{"name": "A", "value": "x"}]})).await;
    let place = model::Place::Project(model::ProjectId(
        world
            .weir
            .projects(&world.caller)
            .await
            .unwrap()
            .iter()
            .find(|one| one.path.as_str() == "shop/web")
            .unwrap()
            .id
            .0,
    ));
    for (user, role, may) in [
        ("gil", Some(model::Role::Guest), [false, false, false]),
        ("dev", Some(model::Role::Developer), [true, false, false]),
        ("max", Some(model::Role::Maintainer), [true, true, true]),
    ] {
        world.user(user).await;
        world.weir.set_member(&world.caller, place.clone(), user, role).await.unwrap();
        let signer = Signer::of(world, Some(user), None).await;
        let info = signer.get(world, &format!("/v1/job/{}/info", shop.job)).await;
        let flags = ["is_execute", "is_modify", "is_forbidden"].map(|name| info["result"][name].as_bool().unwrap());
        assert_eq!(flags, may, "{user}");
        let started = signer.ask(world, "POST", "/v3/jobs/build", &json!({"job_id": shop.job}).to_string()).await;
        assert_eq!(started.status == StatusCode::OK, may[0], "{user}: {}", started.text());
        let parameters = shop.refused(&signer, "GET", "/v1/job/JOB/1/history-parameters", "").await.0;
        assert_eq!(parameters == 200, user == "max", "{user}");
        let details = signer.get(world, &format!("/v3/jobs/{}/1/history-details", shop.job)).await;
        assert_eq!(details["parameters"].is_null(), user != "max", "{user}");
    }
    world.user("eve").await;
    let eve = Signer::of(world, Some("eve"), None).await;
    for (method, path) in [
        ("GET", "/v1/job/JOB/info"),
        ("GET", "/v3/jobs/JOB/1/real-time-log?offset=0"),
        ("GET", "/v1/job/PROJECT/list"),
        ("POST", "/v3/jobs/JOB/1/stop"),
        ("POST", "/v3/jobs/JOB/disable"),
    ] {
        assert_eq!(shop.refused(&eve, method, path, "").await, (404, "CB.00060404".into()), "{path}");
    }
    assert_eq!(shop.refused(&eve, "POST", "/v3/jobs/build", r#"{"job_id": "JOB"}"#).await.0, 404);
}

#[tokio::test]
async fn jobs_are_found_sorted_and_counted() {
    let shop = Shop::new().await;
    for key in ["beta", "Alpha"] {
        let new = NewPipeline {
            key: key.to_lowercase(),
            name: key.into(),
            project: Some("shop/web".into()),
            definition: Some("a: {script: x}".into()),
            ..NewPipeline::default()
        };
        shop.world.weir.create_pipeline(&shop.world.caller, new).await.unwrap();
    }
    shop.build(json!({})).await;
    let names = async |query: &str| {
        let found = shop.get(&format!("/v1/job/PROJECT/list?{query}")).await;
        let names: Vec<String> =
            found["jobs"].as_array().unwrap().iter().map(|one| one["job_name"].as_str().unwrap().to_owned()).collect();
        (names.join(" "), found["total"].as_u64().unwrap())
    };
    assert_eq!(names("search=PH").await, ("Alpha".into(), 1));
    assert_eq!(names("sort_field=create_time&sort_order=desc").await.0, "Alpha beta shop");
    assert_eq!(names("sort_field=last_build_time&sort_order=desc&page_size=1").await, ("shop".into(), 3));
    assert_eq!(names("build_status=none&page_index=1&page_size=1").await.1, 2);
    assert_eq!(names("build_status=building").await.0, "shop");
    assert_eq!(names("page_index=7").await, (String::new(), 3));
    let all = shop.get("/v3/PROJECT/jobs?page_index=0&page_size=100").await;
    assert_eq!((all["total"].as_u64(), all["jobs"].as_array().unwrap().len()), (Some(3), 3));
}

#[tokio::test]
async fn an_answer_that_is_known_is_not_sent_again() {
    let shop = Shop::new().await;
    let path = format!("/v1/job/{}/info", shop.job);
    let first = shop.boss.ask(&shop.world, "GET", &path, "").await;
    let tag = first.header("etag").to_owned();
    assert!(!tag.is_empty() && first.header("content-type").starts_with("application/json"));
    let known = shop.boss.wire("GET", &path, "").with("if-none-match", &tag);
    assert_eq!(shop.world.send(known.request()).await.status, StatusCode::NOT_MODIFIED);
    shop.build(json!({})).await;
    assert_eq!(shop.world.send(known.request()).await.status, StatusCode::OK);
}
