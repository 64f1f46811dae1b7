//! CodeArts Pipeline, one operation after the other.

use futures_util::future::join_all;
use model::{Status, Visibility};
use serde_json::json;

use super::*;

const STAGES: &str = "\
stages: [build, Unit Tests, 部署]
compile: {stage: build, script: make}
lint: {stage: build, script: x, allow_failure: true}
unit: {stage: Unit Tests, script: x}
release: {stage: 部署, script: x, when: manual, allow_failure: false}
";

/// A server with a project, a pipeline of three stages in it, and somebody who may do everything there.
pub struct Shop {
    pub world: World,
    pub signer: Signer,
    pub project: String,
}

impl Shop {
    pub async fn new() -> Self {
        let world = World::new().await;
        let made = world.weir.create_project(&world.caller, "shop/web", None, Visibility::Private).await.unwrap();
        let signer = Signer::of(&world, None, None).await;
        let shop = Self { world, signer, project: made.uid.to_string() };
        shop.make("web", STAGES).await;
        shop
    }

    pub async fn make(&self, key: &str, definition: &str) -> String {
        let new = NewPipeline {
            key: key.into(),
            name: format!("The {key}"),
            project: Some("shop/web".into()),
            definition: Some(definition.into()),
            ..NewPipeline::default()
        };
        self.world.weir.create_pipeline(&self.world.caller, new).await.unwrap().uid.to_string()
    }

    pub async fn uid(&self, key: &str) -> String {
        let key: PipelineKey = key.parse().unwrap();
        self.world.weir.read_pipeline_only(&self.world.caller, &key).await.unwrap().uid.to_string()
    }

    pub async fn start(&self, key: &str) -> Run {
        let key: PipelineKey = key.parse().unwrap();
        self.world.weir.start_run(&self.world.caller, &key, NewRun::default()).await.unwrap()
    }

    pub async fn fail(&self, job: JobId) {
        let end = End::Failed { failure: model::FailureReason::ScriptFailure, exit_code: Some(2), detail: None };
        self.world.weir.end_job(job, end).await.unwrap();
    }

    pub async fn get(&self, target: &str) -> Value {
        self.signer.get(&self.world, target).await
    }

    pub async fn post(&self, target: &str, body: &Value) -> Value {
        self.signer.post(&self.world, target, &body.to_string()).await
    }

    /// Status and code of a refusal.
    pub async fn refused(&self, method: &'static str, target: &str, body: &str) -> (u16, String) {
        let answer = self.signer.ask(&self.world, method, target, body).await;
        assert!(!answer.status.is_success(), "{target} {body}: {}", answer.text());
        let said = answer.json();
        assert!(!said["error_msg"].as_str().unwrap().is_empty());
        (answer.status.as_u16(), said["error_code"].as_str().unwrap().to_owned())
    }

    /// Ids and times as the words that they are known by.
    pub fn tidy(&self, value: &Value, known: &[(&str, &str)]) -> String {
        let mut text = serde_json::to_string_pretty(value).unwrap();
        for (uid, name) in known.iter().chain(&[(self.project.as_str(), "PROJECT")]) {
            text = text.replace(uid, name);
        }
        let wall = regex::Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d").unwrap();
        let ms = regex::Regex::new(r"\b1[7-9]\d{11}\b|\b2\d{12}\b").unwrap();
        let hex = regex::Regex::new(r"\b[0-9a-f]{32}\b").unwrap();
        let day = regex::Regex::new(r"\b20\d{6}\.").unwrap();
        let elapsed = regex::Regex::new(r#""elapsed_time": "\d+""#).unwrap();
        let text = wall.replace_all(&text, "WALL").into_owned();
        let text = ms.replace_all(&text, "0").into_owned();
        let text = hex.replace_all(&text, "ID").into_owned();
        let text = elapsed.replace_all(&text, r#""elapsed_time": "MS""#).into_owned();
        day.replace_all(&text, "DAY.").into_owned()
    }
}

#[tokio::test]
async fn many_pipelines_at_once() {
    let shop = Shop::new().await;
    let (web, never, done) =
        (shop.uid("web").await, shop.make("never", "a: {script: x}").await, shop.make("done", "a: {script: x}").await);
    shop.start("done").await;
    let job = shop.world.take().await;
    shop.world.end(job).await;
    shop.start("web").await;
    let compile = shop.world.take().await;
    shop.world.end(compile).await;
    let lint = shop.world.take().await;
    shop.fail(lint).await;
    let unknown = "z".repeat(32);
    let target = format!("/v3/pipelines/status?pipeline_ids={web}%2C{never}%2C{unknown}%2C{done}%2C{web}");
    let all = shop.get(&target).await;
    insta::assert_snapshot!("batch", shop.tidy(&all, &[(&web, "WEB"), (&done, "DONE")]));
    // The comma may come as it is.
    assert_eq!(shop.get(&target.replace("%2C", ",")).await, all);
    let none = shop.get(&format!("/v3/pipelines/status?pipeline_ids={unknown}%2C{never}")).await;
    assert_eq!(none, json!([]));
    let bad = [
        String::new(),
        "?pipeline_ids=".into(),
        format!("?pipeline_ids={web},"),
        format!("?pipeline_ids={web},,{done}"),
        format!("?pipeline_ids={}", &web[1..]),
        format!("?pipeline_ids={}", web.to_uppercase()),
        format!("?pipeline_ids={web}%20,{done}"),
        format!("?pipeline_ids={web}&pipeline_ids={done}"),
        format!("?pipeline_ids={}", vec![web.as_str(); 101].join(",")),
        format!("?pipeline_ids={}", "x".repeat(3301)),
    ];
    for query in &bad {
        let refused = shop.refused("GET", &format!("/v3/pipelines/status{query}"), "").await;
        assert_eq!(refused, (400, "DEVCP.00000001".to_owned()), "{query}");
    }
    let hundred = format!("/v3/pipelines/status?pipeline_ids={}", vec![web.as_str(); 100].join("%2C"));
    assert_eq!(shop.get(&hundred).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_hundred_pipelines_come_from_one_snapshot_and_only_when_something_is_new() {
    let shop = Shop::new().await;
    let mut uids = Vec::new();
    for n in 0..100 {
        uids.push(shop.make(&format!("p{n}"), "a: {script: x}").await);
        shop.start(&format!("p{n}")).await;
    }
    uids.reverse();
    let target = format!("/v3/pipelines/status?pipeline_ids={}", uids.join("%2C"));
    let answer = shop.signer.ask(&shop.world, "GET", &target, "").await;
    let all = answer.json();
    let ids: Vec<&str> = all.as_array().unwrap().iter().map(|one| one["pipeline_id"].as_str().unwrap()).collect();
    assert_eq!(ids, uids.iter().map(String::as_str).collect::<Vec<_>>(), "in the order of the question");
    let tag = answer.header("etag").to_owned();
    let again = |prefer: &str| {
        let wire = shop.signer.wire("GET", &target, "").with("if-none-match", &tag).with("prefer", prefer);
        shop.world.send(wire.request())
    };
    assert_eq!(again("").await.status, StatusCode::NOT_MODIFIED);
    let (held, _) = tokio::join!(again("wait=60"), shop.world.take());
    assert_eq!((held.status, held.json()[99]["status"].clone()), (StatusCode::OK, "running".into()));
}

#[tokio::test]
async fn version_five_tells_the_same_in_its_own_words() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let run = shop.start("web").await;
    let lint = loop {
        let job = shop.world.take().await;
        let name = shop.world.weir.job(&shop.world.caller, job).await.unwrap().job.name;
        if name == "lint" {
            break job;
        }
        shop.world.end(job).await;
    };
    shop.fail(lint).await;
    let unit = shop.world.take().await;
    shop.world.end(unit).await;
    let path = format!("/v5/{}/api/pipelines", shop.project);
    let uid = run.uid.to_string();
    let known = [(web.as_str(), "WEB"), (uid.as_str(), "RUN")];
    let latest = shop.post(&format!("{path}/status"), &json!([web, "0".repeat(32)])).await;
    insta::assert_snapshot!("latest", shop.tidy(&latest, &known));
    let detail = shop.get(&format!("{path}/{web}/pipeline-runs/detail?pipeline_run_id={uid}")).await;
    insta::assert_snapshot!("detail", shop.tidy(&detail, &known));
    assert_eq!(shop.get(&format!("{path}/{web}/pipeline-runs/detail?pipeline_run_number=1")).await["id"], uid);
    assert_eq!(shop.get(&format!("{path}/{web}/pipeline-runs/detail")).await["id"], uid);
    let one = shop.get(&format!("/v3/pipelines/{web}/status")).await;
    insta::assert_snapshot!("one", shop.tidy(&one, &known));
    assert_eq!(shop.get(&format!("/v3/pipelines/{web}/status?build_id=1")).await, one);
    let runs = shop.post(&format!("{path}/{web}/pipeline-runs/list"), &json!({})).await;
    insta::assert_snapshot!("runs", shop.tidy(&runs, &known));
    let list = shop.post(&format!("{path}/list"), &json!({"name": "WEB"})).await;
    insta::assert_snapshot!("list", shop.tidy(&list, &known));
    let simple = shop.post("/v3/pipelines/list", &json!({"project_ids": shop.project})).await;
    insta::assert_snapshot!("simple", shop.tidy(&simple, &known));
    let never = shop.make("never", "a: {script: x}").await;
    for (target, code) in [
        (format!("/v3/pipelines/{never}/status"), 404),
        (format!("/v3/pipelines/{web}/status?build_id=2"), 404),
        (format!("/v3/pipelines/{web}/status?build_id=0"), 400),
        (format!("/v3/pipelines/{web}/status?build_id=12345678901"), 400),
        (format!("/v3/pipelines/{}/status", "x".repeat(32)), 404),
        ("/v3/pipelines/%7Bpipeline_id%7D/status".to_owned(), 400),
        (format!("{path}/{web}/pipeline-runs/detail?pipeline_run_id={}", "0".repeat(32)), 404),
        (format!("{path}/{never}/pipeline-runs/detail?pipeline_run_id={uid}"), 404),
        (format!("{path}/{web}/pipeline-runs/detail?pipeline_run_number=x"), 400),
        (format!("/v5/{}/api/pipelines/{web}/pipeline-runs/detail", "0".repeat(32)), 404),
        ("/v5/%7Bproject_id%7D/api/pipelines/list".to_owned(), 404),
    ] {
        assert_eq!(shop.refused("GET", &target, "").await.0, code, "{target}");
    }
    for body in ["[]", "{}", "", "[1]", "[\"x\"]", "\"x\""] {
        assert_eq!(shop.refused("POST", &format!("{path}/status"), body).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn lists_are_narrowed_sorted_and_cut() {
    let shop = Shop::new().await;
    for key in ["b", "a", "c"] {
        shop.make(key, "x: {script: x}").await;
    }
    shop.start("a").await;
    let job = shop.world.take().await;
    shop.fail(job).await;
    let list = format!("/v5/{}/api/pipelines/list", shop.project);
    let names = async |body: Value| {
        let found = shop.post(&list, &body).await;
        let names = found["pipelines"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned());
        (names.collect::<Vec<_>>().join(" "), found["total"].as_u64().unwrap())
    };
    let of = |text: &str, total: u64| (text.to_owned(), total);
    assert_eq!(names(json!({})).await, of("The c The a The b The web", 4));
    assert_eq!(names(json!({"sort_key": "name"})).await, of("The a The b The c The web", 4));
    assert_eq!(names(json!({"sort_key": "name", "sort_dir": "desc", "limit": 1, "offset": 1})).await, of("The c", 4));
    assert_eq!(names(json!({"status": ["FAILED"]})).await, of("The a", 1));
    assert_eq!(names(json!({"status": ["COMPLETED", "PAUSED"]})).await, of("", 0));
    assert_eq!(names(json!({"name": "the b"})).await, of("The b", 1));
    assert_eq!(names(json!({"component_id": "x"})).await, of("", 0));
    assert_eq!(names(json!({"is_banned": true})).await.1, 4);
    assert_eq!(names(json!({"start_time": "2020-01-01 00:00:00", "end_time": "2020-01-02"})).await, of("", 0));
    assert_eq!(names(json!({"include_pipeline_id": shop.uid("b").await, "component_id": ""})).await, of("The b", 1));
    let me =
        shop.post(&list, &json!({"status": ["FAILED"]})).await["pipelines"][0]["latest_run"]["executor_id"].clone();
    assert_eq!(names(json!({"executor_ids": [me]})).await, of("The a", 1));
    assert_eq!(names(json!({"creator_id": me, "limit": 100, "sort_key": "name"})).await.1, 4);
    for body in [
        json!({"status": ["SUCCESS"]}),
        json!({"status": "FAILED"}),
        json!({"limit": -1}),
        json!({"limit": "x"}),
        json!({"sort_key": "colour"}),
        json!({"sort_dir": "up"}),
        json!({"start_time": "yesterday"}),
        json!({"project_ids": ["x"]}),
        json!({"name": 5}),
        json!([]),
    ] {
        assert_eq!(shop.refused("POST", &list, &body.to_string()).await, (400, "DEVCP.00000001".into()), "{body}");
    }
    let simple = async |body: Value| shop.post("/v3/pipelines/list", &body).await["total"].as_u64().unwrap();
    assert_eq!(simple(json!({})).await, 5, "and the one of another project");
    assert_eq!(simple(json!({"pipeline_name": "the", "status": "completed", "outcome": "error"})).await, 1);
    assert_eq!(simple(json!({"outcome": "success"})).await, 0);
    assert_eq!(shop.refused("POST", "/v3/pipelines/list", "{\"status\": \"done\"}").await.0, 400);
    let a = shop.uid("a").await;
    let runs = format!("/v5/{}/api/pipelines/{a}/pipeline-runs/list", shop.project);
    shop.start("a").await;
    let numbers = async |body: Value| {
        let found = shop.post(&runs, &body).await;
        let numbers = found["pipeline_runs"].as_array().unwrap().iter().map(|one| one["run_number"].as_i64().unwrap());
        (numbers.collect::<Vec<_>>(), found["total"].as_u64().unwrap())
    };
    assert_eq!(numbers(json!({})).await, (vec![2, 1], 2));
    assert_eq!(numbers(json!({"sort_dir": "asc", "sort_key": "start_time", "limit": 1})).await, (vec![1], 2));
    assert_eq!(numbers(json!({"status": ["RUNNING"]})).await, (vec![2], 1));
    assert_eq!(numbers(json!({"trigger_type": ["Scheduler"]})).await, (vec![], 0));
    assert_eq!(numbers(json!({"trigger_type": ["Manual", "Push"], "executor_ids": [me]})).await, (vec![2, 1], 2));
    assert_eq!(numbers(json!({"executor_ids": ["nobody"]})).await, (vec![], 0));
    assert_eq!(shop.refused("POST", &runs, "{\"sort_key\": \"colour\"}").await.0, 400);
}

#[tokio::test]
async fn what_is_started_here_is_seen_everywhere() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let mut dashboard = Listener::open(&shop.world, "/live/dashboard", None).await;
    assert_eq!(dashboard.expect("state").await.data["active"], json!([]));
    let body = json!({"build_params": [
        {"name": "TEXT", "value": "你好\n\"there\""}, {"name": "NUMBER", "value": 5}, {"name": "TRUTH", "value": true},
    ]});
    let started = shop.post(&format!("/v3/pipelines/{web}/start"), &body).await;
    assert_eq!(started, json!({"pipeline_id": web, "build_id": "1"}));
    let told = dashboard.expect("state").await.data["active"][0].clone();
    assert_eq!((&told["user"], &told["number"], &told["pipeline_name"]), (&json!("ada"), &json!(1), &json!("The web")));
    let page = shop.world.get(&format!("/runs/{}", told["id"])).await;
    for shown in ["TEXT", "你好", "NUMBER", "TRUTH", "ada"] {
        assert!(page.text().contains(shown), "{shown} is not on the page of the run");
    }
    let one = shop.get(&format!("/v3/pipelines/{web}/status")).await;
    let given: Vec<&str> =
        one["parameters"].as_array().unwrap().iter().map(|one| one["value"].as_str().unwrap()).collect();
    assert_eq!((given, one["executor"].clone()), (vec!["你好\n\"there\"", "5", "true"], "ada".into()));
    let list = shop.world.weir.runs(&shop.world.caller, model::view::RunFilter::default()).await.unwrap();
    assert_eq!(list.runs[0].pipeline_name, "The web");
    // And the other way round.
    shop.start("web").await;
    assert_eq!(shop.get(&format!("/v3/pipelines/{web}/status")).await["build_id"], "2");
    let run = format!("/v5/{}/api/pipelines/{web}/run", shop.project);
    let third = shop.post(&run, &json!({"sources": [], "variables": [{"name": "A", "value": "b"}]})).await;
    assert_eq!(third["pipeline_run_id"].as_str().unwrap().len(), 32);
}

#[tokio::test]
async fn bad_parameters_start_nothing() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let start = format!("/v3/pipelines/{web}/start");
    for body in [
        "{",
        "[]",
        "7",
        "{\"build_params\": {}}",
        "{\"build_params\": [7]}",
        "{\"build_params\": [{\"value\": \"x\"}]}",
        "{\"build_params\": [{\"name\": \"A\", \"value\": {}}]}",
        "{\"build_params\": [{\"name\": \"A\", \"value\": [1]}]}",
        "{\"build_params\": [{\"name\": \"A\"}]}",
        "{\"build_params\": [{\"name\": \"\", \"value\": \"x\"}]}",
        "{\"build_params\": [{\"name\": \"A\\u0000\", \"value\": \"x\"}]}",
        "{\"build_params\": [{\"name\": \"A\", \"value\": \"\\u0000\"}]}",
    ] {
        assert_eq!(shop.refused("POST", &start, body).await, (400, "DEVCP.00000001".into()), "{body}");
    }
    let long = |length: usize| json!({"build_params": [{"name": "A", "value": "x".repeat(length)}]}).to_string();
    // One more byte than a process can get: `A=`, the value, and a NUL.
    let most = (128 << 10) - 3;
    assert_eq!(shop.refused("POST", &start, &long(most + 1)).await, (400, "DEVCP.00000001".into()));
    assert_eq!(
        shop.world.weir.runs(&shop.world.caller, model::view::RunFilter::default()).await.unwrap().runs.len(),
        0
    );
    assert_eq!(shop.signer.post(&shop.world, &start, &long(most)).await["build_id"], "1");
    // No body at all is none of them.
    assert_eq!(shop.signer.post(&shop.world, &start, "").await["build_id"], "2");
    assert_eq!(shop.refused("POST", &format!("/v3/pipelines/{}/start", "0".repeat(32)), "{}").await.0, 404);
    let run = format!("/v5/{}/api/pipelines/{web}/run", shop.project);
    for body in [
        json!({"choose_jobs": ["nothing"]}),
        json!({"choose_jobs": "unit"}),
        json!({"sources": {}}),
        json!({"variables": {}}),
    ] {
        assert_eq!(shop.refused("POST", &run, &body.to_string()).await.0, 400, "{body}");
    }
    let tag = json!({"sources": [{"params": {"build_params": {"build_type": "tag"}}}]});
    assert_eq!(shop.refused("POST", &run, &tag.to_string()).await.0, 400);
}

#[tokio::test]
async fn two_hundred_starts_at_once_have_numbers_of_their_own() {
    let shop = Shop::new().await;
    let uid = shop.make("one", "a: {script: x}").await;
    let target = format!("/v3/pipelines/{uid}/start");
    // As a script in a hurry sends them: within one second all are signed the same.
    let wire = shop.signer.wire("POST", &target, "{}");
    let router = shop.world.router();
    let asked = (0..200).map(|_| {
        let (router, request) = (router.clone(), wire.request());
        async move {
            Answer::read(router.oneshot(request).await.unwrap()).await.json()["build_id"].as_str().map(str::to_owned)
        }
    });
    let mut numbers: Vec<u64> = join_all(asked).await.into_iter().map(|one| one.unwrap().parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=200).collect::<Vec<_>>());
    // Each counts among those of its day too (of two, if midnight was just then).
    let days: Vec<(i64, i64, i64)> = shop
        .world
        .weir
        .store()
        .read(|conn| {
            let mut query = conn.prepare("SELECT number, day, day_number FROM runs ORDER BY number")?;
            Ok(query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?)
        })
        .await
        .unwrap();
    for pair in days.windows(2) {
        let follows = if pair[0].1 == pair[1].1 { pair[1].2 == pair[0].2 + 1 } else { pair[1].2 == 1 };
        assert!(follows, "{pair:?}");
    }
    let noted =
        shop.world.weir.store().read(|conn| crate::store::signed_writes::since(conn, Timestamp(0))).await.unwrap();
    assert_eq!(noted.len(), 1, "one signature, written down once");
}

#[tokio::test]
async fn a_write_is_not_taken_again_not_even_by_the_next_server() {
    let shop = Shop::new().await;
    let uid = shop.make("one", "a: {script: x}").await;
    let earlier = Timestamp(clock::now().0 - 60_000);
    let wire = Wire::new("POST", &format!("/v3/pipelines/{uid}/start"), "", "{}").at(earlier);
    let wire = shop.signer.sign(wire, SIGNED);
    assert_eq!(shop.world.send(wire.request()).await.status, StatusCode::OK);
    // As if that had been a while ago.
    let seen = shop.world.weir.store().write(|tx| {
        tx.conn().execute("UPDATE signed_writes SET seen_at = seen_at - 10000", [])?;
        Ok(())
    });
    seen.await.unwrap();
    let folder = shop.world.folder;
    drop((shop.world.weir, shop.world.state));
    let weir = Arc::new(Weir::open(folder.path()).unwrap());
    weir.begin_local("ada").await.unwrap();
    let options = Options { owner: "ada".into(), port: PORT, public: None };
    let state = AppState::new(Arc::clone(&weir), options, CancellationToken::new());
    let world = World { weir, caller: Caller::local("ada"), state, folder };
    let again = world.send(wire.request()).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
    assert!(again.json()["error_msg"].as_str().unwrap().ends_with("this request was answered before"));
    let other = Signer { ..shop.signer.clone() };
    assert_eq!(other.post(&world, &format!("/v3/pipelines/{uid}/start"), "{}").await["build_id"], "2");
}

#[tokio::test]
async fn a_disabled_pipeline_starts_nothing() {
    let shop = Shop::new().await;
    let uid = shop.make("one", "a: {script: x}").await;
    let key: PipelineKey = "one".parse().unwrap();
    let run = shop.start("one").await;
    let job = shop.world.take().await;
    shop.fail(job).await;
    let switch = async |disabled: bool| {
        let changes = crate::service::pipelines::Changes { disabled: Some(disabled), ..Default::default() };
        shop.world.weir.change_pipeline(&shop.world.caller, &key, changes).await.unwrap();
    };
    switch(true).await;
    let one = format!("/v5/{}/api/pipelines/{uid}", shop.project);
    for (method, target) in [
        ("POST", format!("/v3/pipelines/{uid}/start")),
        ("POST", format!("{one}/run")),
        ("PUT", format!("{one}/pipeline-runs/{}/retry", run.uid)),
    ] {
        assert_eq!(shop.refused(method, &target, "{}").await, (403, "DEVCP.00000403".into()), "{target}");
    }
    assert!(shop.world.weir.start_run(&shop.world.caller, &key, NewRun::default()).await.is_err());
    let banned = shop.post(&format!("/v5/{}/api/pipelines/list", shop.project), &json!({"name": "one"})).await;
    assert_eq!((banned["total"].clone(), banned["pipelines"][0]["banned"].clone()), (1.into(), true.into()));
    switch(false).await;
    assert_eq!(shop.signer.post(&shop.world, &format!("/v3/pipelines/{uid}/start"), "{}").await["build_id"], "2");
}

#[tokio::test]
async fn runs_are_stopped_and_retried() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let run = shop.start("web").await;
    let one = format!("/v5/{}/api/pipelines/{web}/pipeline-runs/{}", shop.project, run.uid);
    let success = json!({"success": true});
    assert_eq!(shop.signer.post(&shop.world, &format!("{one}/stop"), "").await, success);
    assert_eq!(shop.refused("POST", &format!("{one}/stop"), "").await, (409, "DEVCP.00000409".into()));
    let status = async || shop.world.weir.run(&shop.world.caller, run.id).await.unwrap();
    assert_eq!(status().await.run.status, Status::Canceled);
    let retried = shop.signer.ask(&shop.world, "PUT", &format!("{one}/retry"), "{}").await;
    assert_eq!(retried.json(), success);
    assert!(!status().await.run.status.is_complete());
    let stopped = shop.signer.post(&shop.world, &format!("/v3/pipelines/{web}/stop?build_id=1"), "").await;
    assert_eq!(stopped, json!({"pipeline_id": web, "pipeline_name": "The web"}));
    let compile = status().await.jobs.into_iter().find(|job| job.name == "compile" && !job.retried).unwrap();
    let named = json!({"job_run_ids": [compile.uid]}).to_string();
    assert_eq!(shop.signer.ask(&shop.world, "PUT", &format!("{one}/retry"), &named).await.json(), success);
    let again = status().await.jobs.into_iter().filter(|job| job.name == "compile").count();
    assert_eq!(again, 3);
    for (body, code) in [
        ("{\"job_run_ids\": [\"x\"]}".to_owned(), 400),
        (format!("{{\"job_run_ids\": [\"{}\"]}}", "0".repeat(32)), 404),
    ] {
        assert_eq!(shop.refused("PUT", &format!("{one}/retry"), &body).await.0, code, "{body}");
    }
    for (target, code) in
        [("/stop", 400), ("/stop?build_id=", 400), ("/stop?build_id=x", 400), ("/stop?build_id=99", 404)]
    {
        assert_eq!(shop.refused("POST", &format!("/v3/pipelines/{web}{target}"), "").await.0, code, "{target}");
    }
    let other = shop.make("other", "a: {script: x}").await;
    let foreign = format!("/v5/{}/api/pipelines/{other}/pipeline-runs/{}/stop", shop.project, run.uid);
    assert_eq!(shop.refused("POST", &foreign, "").await.0, 404);
}

#[tokio::test]
async fn somebody_passes_or_refuses_a_review() {
    let shop = Shop::new().await;
    let uid = shop.make("ask", "stages: [ask, go]\nok: {stage: ask, script: x, when: manual, allow_failure: false}\ngo: {stage: go, script: x}\n").await;
    let review = async |run: &Run| {
        let detail = shop
            .get(&format!("/v5/{}/api/pipelines/{uid}/pipeline-runs/detail?pipeline_run_id={}", shop.project, run.uid))
            .await;
        assert_eq!(detail["status"], "SUSPEND");
        let job = detail["stages"][0]["jobs"][0].clone();
        assert_eq!(
            (job["status"].clone(), job["steps"][0]["task"].clone()),
            ("SUSPEND".into(), "official_devcloud_checkpoint".into())
        );
        let (id, step) = (job["id"].as_str().unwrap().to_owned(), job["steps"][0]["id"].as_str().unwrap().to_owned());
        format!("/v5/{}/api/pipelines/{uid}/pipeline-runs/{}/jobs/{id}/steps/{step}", shop.project, run.uid)
    };
    let run = shop.start("ask").await;
    let step = review(&run).await;
    let wrong = format!("{}{}", &step[..step.len() - 32], "0".repeat(32));
    assert_eq!(shop.refused("POST", &format!("{wrong}/pass"), "").await.0, 404);
    let passed = shop.signer.post(&shop.world, &format!("{step}/pass?approval_description=looks%20good%2B"), "").await;
    assert_eq!(passed, json!({"success": true}));
    assert_eq!(shop.refused("POST", &format!("{step}/pass"), "").await, (409, "DEVCP.00000409".into()));
    assert_eq!(shop.refused("POST", &format!("{step}/refuse"), "").await.0, 409);
    let job = shop.world.take().await;
    shop.world.end(job).await;
    let run = shop.start("ask").await;
    let step = review(&run).await;
    let refused = shop.signer.post(&shop.world, &format!("{step}/refuse?approval_description=not%20today"), "").await;
    assert_eq!(refused, json!({"success": true}));
    let view = shop.world.weir.run(&shop.world.caller, run.id).await.unwrap();
    assert_eq!(view.run.status, Status::Canceled);
    assert_eq!(view.jobs[0].reason.to_string(), "was refused by ada: not today");
    assert_eq!(view.jobs[1].status, Status::Skipped);
    let filter = model::AuditFilter::default();
    let log = shop.world.weir.audit(&shop.world.caller, filter).await.unwrap();
    let entry = log.entries.iter().find(|entry| entry.action == "job.refuse").unwrap();
    assert_eq!(entry.changes[0].after.as_deref(), Some("not today"));
}

#[tokio::test]
async fn logs_are_read_in_parts() {
    let shop = Shop::new().await;
    let uid = shop.make("one", "a: {script: x}").await;
    let run = shop.start("one").await;
    let job = shop.world.take().await;
    let text = (1..=5).map(|n| format!("line {n} 你好")).collect::<Vec<_>>().join("\n") + "\n";
    shop.world.weir.logs().append(job, 0, text.as_bytes()).unwrap();
    let of_run = shop.world.jobs(run.id).await.remove(0);
    let step = crate::dialect::codearts::derived("step", of_run.uid.as_str(), 0);
    let target = format!(
        "/v5/{}/api/pipelines/{uid}/pipeline-runs/{}/jobs/{}/steps/{step}/logs",
        shop.project, run.uid, of_run.uid
    );
    let read = async |body: Value| {
        let page = shop.post(&target, &body).await;
        assert_eq!(page["step_run_id"], step);
        let text = |name: &str| page[name].as_str().unwrap().to_owned();
        let lines = text("log").replace(" 你好\n", "").replace("line ", "");
        (lines, text("start_offset"), text("end_offset"), page["has_more"].as_bool().unwrap())
    };
    let is = |lines: &str, start: &str, end: &str, more: bool| (lines.into(), start.into(), end.into(), more);
    assert_eq!(read(json!({"limit": 2, "sort": "asc"})).await, is("12", "0", "2", true));
    assert_eq!(read(json!({"limit": 2, "sort": "asc", "start_offset": 2})).await, is("34", "2", "4", true));
    assert_eq!(read(json!({"limit": 2, "sort": "asc", "start_offset": "4"})).await, is("5", "4", "5", false));
    assert_eq!(read(json!({"limit": 9, "sort": "asc", "start_offset": 5})).await, is("", "5", "5", false));
    assert_eq!(read(json!({"limit": 2, "sort": "desc"})).await, is("45", "3", "5", true));
    assert_eq!(read(json!({"limit": 9, "sort": "desc", "end_offset": 3})).await, is("123", "0", "3", false));
    assert_eq!(read(json!({"limit": 0, "sort": ""})).await, is("12345", "0", "5", false));
    // Whoever puts both offsets of an answer into the next request gets the next page, until there is none.
    for (sort, pages) in [("asc", ["12", "34", "5"]), ("desc", ["45", "23", "1"])] {
        let mut body = json!({"limit": 2, "sort": sort});
        for (n, lines) in pages.iter().enumerate() {
            let page = read(body.clone()).await;
            assert_eq!((page.0.as_str(), page.3), (*lines, n < 2), "bug: the same page for ever; {sort}");
            (body["start_offset"], body["end_offset"]) = (page.1.into(), page.2.into());
        }
        assert_eq!(read(body).await.0, "", "{sort}");
    }
    assert_eq!(read(json!({"limit": 2, "sort": "asc", "start_offset": 0, "end_offset": 0})).await.0, "12");
    assert_eq!(read(json!({"limit": 2, "sort": "desc", "start_offset": 0, "end_offset": 0})).await.0, "45");
    assert_eq!(read(json!({"limit": 2, "sort": "asc", "end_offset": 2})).await.0, "34");
    for body in [json!({"sort": "up"}), json!({"limit": "x"}), json!({"start_offset": -1})] {
        assert_eq!(shop.refused("POST", &target, &body.to_string()).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn a_part_of_a_pipeline_can_be_chosen() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let run = format!("/v5/{}/api/pipelines/{web}/run", shop.project);
    let jobs = async |body: Value| {
        let made = shop.post(&run, &body).await["pipeline_run_id"].as_str().unwrap().to_owned();
        let id = shop.world.weir.run_by_uid(&shop.world.caller, &made).await.unwrap();
        shop.world.jobs(id).await.into_iter().map(|job| job.name).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(jobs(json!({"choose_jobs": ["unit"]})).await, "unit");
    assert_eq!(jobs(json!({"choose_stages": ["build", "2"], "choose_jobs": []})).await, "compile lint release");
    assert_eq!(jobs(json!({"choose_stages": null})).await, "compile lint unit release");
}
