//! Runs of CodeArts Pipeline: what they were started with, and without; retrying them; lists of them.

use app::service::Service as _;
use model::Status;
use serde_json::json;

use super::pipelines::Shop;
use super::*;
use crate::store::pipelines;

/// A pipeline of three stages with four jobs, as `Shop` has it: compile and lint, unit, release.
async fn detail(shop: &Shop, web: &str) -> Value {
    shop.get(&format!("/v5/{}/api/pipelines/{web}/pipeline-runs/detail", shop.project)).await
}

fn texts(list: &Value, of: impl Fn(&Value) -> String) -> Vec<String> {
    list.as_array().unwrap().iter().map(of).collect()
}

#[tokio::test]
async fn bug_what_was_not_chosen_vanished() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let path = format!("/v5/{}/api/pipelines", shop.project);
    shop.post(&format!("{path}/{web}/run"), &json!({"choose_jobs": ["lint", "release"]})).await;
    let whole = detail(&shop, &web).await;
    let stage = |one: &Value| {
        let jobs = texts(&one["jobs"], |job| {
            assert_eq!(job["is_select"], json!(job["status"] != "UNSELECTED"));
            assert_eq!(job["steps"].as_array().unwrap().is_empty(), job["status"] == "UNSELECTED");
            format!("{} {} {}", job["sequence"], job["name"].as_str().unwrap(), job["status"].as_str().unwrap())
        });
        let (name, status) = (one["name"].as_str().unwrap(), one["status"].as_str().unwrap());
        format!("{} {name} {status} {}: {}", one["sequence"], one["is_select"], jobs.join(", "))
    };
    assert_eq!(
        texts(&whole["stages"], stage),
        [
            "0 build QUEUED true: 0 compile UNSELECTED, 1 lint QUEUED",
            "1 Unit Tests UNSELECTED false: 0 unit UNSELECTED",
            "2 部署 INIT true: 0 release INIT",
        ]
    );
    let of_status = |one: &Value| format!("{} {} {}", one["sequence"], one["name"], one["status"]).replace('"', "");
    let expected = ["0 build QUEUED", "1 Unit Tests UNSELECTED", "2 部署 INIT"];
    let latest = shop.post(&format!("{path}/status"), &json!([web])).await;
    assert_eq!(texts(&latest[0]["stage_status_list"], of_status), expected);
    let listed = shop.post(&format!("{path}/list"), &json!({})).await;
    assert_eq!(texts(&listed["pipelines"][0]["latest_run"]["stage_status_list"], of_status), expected);
    let runs = shop.post(&format!("{path}/{web}/pipeline-runs/list"), &json!({})).await;
    let list = &runs["pipeline_runs"][0]["stage_status_list"];
    assert_eq!(texts(list, of_status), expected);
    // Ids are the same wherever a stage is told of.
    assert_eq!(texts(list, |one| one["id"].to_string()), texts(&whole["stages"], |one| one["id"].to_string()));
    let batch = shop.get(&format!("/v3/pipelines/status?pipeline_ids={web}")).await;
    let words = |one: &Value| format!("{} {} {}", one["order"], one["display_name"], one["status"]).replace('"', "");
    assert_eq!(texts(&batch[0]["stages"], words), ["1 build waiting", "2 Unit Tests null", "3 部署 null"]);
    let one = shop.get(&format!("/v3/pipelines/{web}/status")).await;
    let states = texts(&one["states"], |state| {
        let children = texts(&state["children"], |job| format!("{} {}", job["name"], job["status"]));
        format!("{} {}: {}", state["name"], state["status"], children.join(", ")).replace('"', "")
    });
    assert_eq!(
        states,
        ["build waiting: compile null, lint waiting", "Unit Tests null: unit null", "部署 null: release null"]
    );
}

#[tokio::test]
async fn bug_the_description_of_a_run_was_lost() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let run = format!("/v5/{}/api/pipelines/{web}/run", shop.project);
    let long = "好".repeat(1024);
    for (body, told) in [
        (json!({}), Value::Null),
        (json!({"description": null}), Value::Null),
        (json!({"description": "Nightly\nbuild"}), json!("Nightly\nbuild")),
        (json!({"description": long}), json!(long)),
    ] {
        shop.post(&run, &body).await;
        assert_eq!(detail(&shop, &web).await["description"], told);
    }
    for wrong in [json!(5), json!(["x"]), json!({}), json!("好".repeat(1025)), json!("\u{0}")] {
        assert_eq!(shop.refused("POST", &run, &json!({"description": wrong}).to_string()).await.0, 400, "{wrong}");
    }
    let told = detail(&shop, &web).await;
    assert_eq!((&told["run_number"], &told["subject_id"]), (&json!(4), &told["id"]));
}

#[tokio::test]
async fn bug_several_jobs_were_retried_by_halves() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let run = shop.start("web").await;
    for _ in 0..2 {
        let job = shop.world.take().await;
        shop.fail(job).await;
    }
    let one = format!("/v5/{}/api/pipelines/{web}/pipeline-runs/{}", shop.project, run.uid);
    let of = async |name: &str| {
        let jobs = shop.world.jobs(run.id).await;
        jobs.into_iter().find(|job| job.name == name && !job.retried).unwrap()
    };
    let (compile, lint, unit) = (of("compile").await, of("lint").await, of("unit").await);
    assert_eq!((compile.status, lint.status, unit.status), (Status::Failed, Status::Failed, Status::Skipped));
    let count = async || shop.world.jobs(run.id).await.len();
    // The last of them cannot be retried: none is.
    let body = json!({"job_run_ids": [compile.uid, lint.uid, unit.uid]}).to_string();
    assert_eq!(shop.refused("PUT", &format!("{one}/retry"), &body).await, (409, "DEVCP.00000409".into()));
    assert_eq!(count().await, 4);
    // Twice the same is once.
    let body = json!({"job_run_ids": [compile.uid, lint.uid, compile.uid]}).to_string();
    let done = shop.signer.ask(&shop.world, "PUT", &format!("{one}/retry"), &body).await;
    assert_eq!((done.status, count().await), (StatusCode::OK, 6));
    assert_eq!(of("unit").await.status, Status::Created);
}

#[tokio::test]
async fn bug_a_stage_that_never_started_had_ended() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let run = shop.start("web").await;
    let job = shop.world.take().await;
    shop.world.end(job).await;
    shop.world.weir.cancel_run(&shop.world.caller, run.id).await.unwrap();
    let whole = detail(&shop, &web).await;
    for stage in &whole["stages"].as_array().unwrap()[1..] {
        assert_eq!((&stage["start_time"], &stage["end_time"]), (&Value::Null, &Value::Null), "{stage}");
        for job in stage["jobs"].as_array().unwrap() {
            assert_eq!((&job["start_time"], &job["end_time"]), (&Value::Null, &Value::Null), "{job}");
        }
    }
    let latest = shop.post(&format!("/v5/{}/api/pipelines/status", shop.project), &json!([web])).await;
    let stages = latest[0]["stage_status_list"].as_array().unwrap();
    assert!(!stages[0]["end_time"].is_null() && stages[1]["end_time"].is_null() && stages[2]["end_time"].is_null());
}

#[tokio::test]
async fn bug_what_never_ran_was_told_as_completed_after_a_cancel() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let words = |one: &Value, result: &str| format!("{}/{}", one["status"], one[result]).replace('"', "");
    let told = async || {
        let batch = shop.get(&format!("/v3/pipelines/status?pipeline_ids={web}")).await;
        let one = shop.get(&format!("/v3/pipelines/{web}/status")).await;
        assert_eq!(words(&batch[0], "result"), words(&one, "outcome"));
        let stages = texts(&one["states"], |stage| {
            let jobs = texts(&stage["children"], |job| words(job, "outcome"));
            format!("{}: {}", words(stage, "outcome"), jobs.join(" "))
        });
        let of_batch = texts(&batch[0]["stages"], |stage| words(stage, "result"));
        assert!(stages.iter().zip(&of_batch).all(|(one, of_batch)| one.starts_with(&format!("{of_batch}:"))));
        (words(&batch[0], "result"), stages)
    };
    let none = |stages: &[&str]| ("completed/aborted".to_owned(), stages.iter().copied().map(str::to_owned).collect());
    let run = shop.start("web").await;
    shop.world.weir.cancel_run(&shop.world.caller, run.id).await.unwrap();
    assert_eq!(told().await, none(&["null/null: null/null null/null", "null/null: null/null", "null/null: null/null"]));
    // Of a stage that began, what did not begin has no words either.
    let run = shop.start("web").await;
    let job = shop.world.take().await;
    shop.world.weir.cancel_run(&shop.world.caller, run.id).await.unwrap();
    let is_going = shop.world.jobs(run.id).await[0].status.is_running();
    if is_going {
        shop.world.end(job).await;
    }
    let stages = ["completed/aborted: completed/aborted null/null", "null/null: null/null", "null/null: null/null"];
    assert_eq!(told().await, none(&stages));
    // Version 5 has a word for it.
    let latest = shop.post(&format!("/v5/{}/api/pipelines/status", shop.project), &json!([web])).await;
    let of_5 = texts(&latest[0]["stage_status_list"], |stage| stage["status"].to_string());
    assert_eq!(of_5, [r#""CANCELED""#; 3]);
}

#[tokio::test]
async fn bug_who_is_known_by_name_alone_had_no_id() {
    let shop = Shop::new().await;
    let owner = Caller::local("owner");
    let new = NewPipeline {
        key: "own".into(),
        project: Some("shop/web".into()),
        definition: Some("a: {script: x}".into()),
        ..NewPipeline::default()
    };
    let own = shop.world.weir.create_pipeline(&owner, new).await.unwrap().uid.to_string();
    shop.world.weir.start_run(&owner, &"own".parse().unwrap(), NewRun::default()).await.unwrap();
    shop.start("own").await;
    let below = format!("/v5/{}/api/pipelines", shop.project);
    let runs = format!("{below}/{own}/pipeline-runs/list");
    let all = shop.post(&runs, &json!({})).await;
    let started = |name: &str| {
        let mut runs = all["pipeline_runs"].as_array().unwrap().iter();
        runs.find(|run| run["executor_name"] == name).unwrap()["executor_id"].as_str().unwrap().to_owned()
    };
    let (id, ada) = (started("owner"), started("ada"));
    assert!(id.len() == 32 && id != ada && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    for (wanted, numbers) in [(&id, vec![1]), (&ada, vec![2])] {
        let found = shop.post(&runs, &json!({"executor_ids": [wanted]})).await;
        let found: Vec<_> = found["pipeline_runs"].as_array().unwrap().iter().map(|run| &run["run_number"]).collect();
        assert_eq!(found, numbers);
    }
    // It is the same wherever the name is told, and each list finds by it.
    let detail = shop.get(&format!("{below}/{own}/pipeline-runs/detail?pipeline_run_number=1")).await;
    assert_eq!(detail["executor_id"], id);
    let record = shop.get(&format!("/v1/record/{own}/1/record-info")).await;
    assert_eq!(record["result"]["user_id"], id);
    let list = |found: &Value, part: &str| texts(&found[part], |one| one["pipeline_name"].to_string()).len();
    for filter in [json!({"creator_id": id}), json!({"creator_ids": [id]})] {
        let found = shop.post(&format!("{below}/list"), &filter).await;
        assert_eq!((list(&found, "pipelines"), &found["total"]), (1, &json!(1)), "{filter}");
    }
    let simple = shop.post("/v3/pipelines/list", &json!({"creator_ids": [id]})).await;
    assert_eq!((&simple["total"], &simple["result"][0]["creator_id"]), (&json!(1), &json!(id)));
    let jobs = shop.get(&format!("/v1/job/{}/list?creator_id={id}", shop.project)).await;
    assert_eq!((&jobs["total"], &jobs["jobs"][0]["job_creator"]), (&json!(1), &json!(id)));
}

#[tokio::test]
async fn bug_stages_and_jobs_narrowed_a_list_after_it_was_cut() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let first = shop.start("web").await;
    shop.start("web").await;
    let target = format!("/v5/{}/api/pipelines/{web}/pipeline-runs/list", shop.project);
    let told = async |body: Value| {
        let found = shop.post(&target, &body).await;
        let runs = texts(&found["pipeline_runs"], |run| {
            let stages = run["stage_status_list"].as_array().unwrap().iter().enumerate();
            let with_jobs = stages.filter(|(_, stage)| stage.get("jobs").is_some()).map(|(place, stage)| {
                let jobs = texts(&stage["jobs"], |job| job["name"].as_str().unwrap().to_owned());
                format!(" {place}: {}", jobs.join("+"))
            });
            format!("{}{}", run["run_number"], with_jobs.collect::<String>())
        });
        (runs.join(", "), found["total"].as_u64().unwrap())
    };
    let is = |runs: &str, total: u64| (runs.to_owned(), total);
    let compile = shop.world.jobs(first.id).await.remove(0).uid;
    let stage = crate::dialect::codearts::derived("stage", first.uid.as_str(), 0);
    // Without jobs both say nothing.
    assert_eq!(told(json!({"stage_id": stage, "job_id": compile})).await, is("2, 1", 2));
    assert_eq!(told(json!({"show_job_details": true})).await, is("2 2: release, 1 2: release", 2));
    assert_eq!(told(json!({"show_job_details": true, "stage_id": stage})).await, is("2, 1 0: compile+lint", 2));
    let one = json!({"show_job_details": true, "job_id": compile, "stage_id": stage, "limit": 1});
    assert_eq!(told(one).await, is("1 0: compile+lint", 1));
}

#[tokio::test]
async fn bug_lists_of_runs_took_other_words_than_documented() {
    let shop = Shop::new().await;
    let uid = shop.make("one", "a: {script: x}").await;
    shop.start("one").await;
    shop.start("one").await;
    let job = shop.world.take().await;
    // As if the first had ended long after the second was made.
    shop.world.end(job).await;
    let moved = shop.world.weir.store().write(|tx| {
        tx.conn().execute("UPDATE runs SET finished_at = created_at + 60000 WHERE number = 1", [])?;
        Ok(())
    });
    moved.await.unwrap();
    let target = format!("/v5/{}/api/pipelines/{uid}/pipeline-runs/list", shop.project);
    let numbers = async |body: Value| {
        texts(&shop.post(&target, &body).await["pipeline_runs"], |run| run["run_number"].to_string()).join(" ")
    };
    assert_eq!(numbers(json!({"sort_key": "update_time"})).await, "1 2");
    assert_eq!(numbers(json!({"sort_key": "update_time", "sort_dir": "asc"})).await, "2 1");
    assert_eq!(numbers(json!({"sort_key": "start_time"})).await, "2 1");
    assert_eq!(numbers(json!({"trigger_type": ["MR", "Generic", "SubPipeline"]})).await, "");
    assert_eq!(shop.refused("POST", &target, r#"{"trigger_type": ["nope"]}"#).await, (400, "DEVCP.00000001".into()));
    // A time that says where it is means that.
    let made = shop.world.jobs(RunId(1)).await[0].created_at;
    let early = Timestamp(made.0 - 60_000).rfc3339();
    let late = Timestamp(made.0 + 60_000).rfc3339();
    for zone in ["Z", "+00:00"] {
        let body = json!({"start_time": early.replace('Z', zone), "end_time": late.replace('Z', zone)});
        assert_eq!(numbers(body).await, "2 1", "{zone}");
    }
    let wall = clock::zone().wall_clock(Timestamp(made.0 + 60_000)).replace(' ', "T");
    assert_eq!(numbers(json!({"start_time": format!("{wall}-01:00")})).await, "");
}

#[tokio::test]
async fn bug_is_banned_left_out_what_is_not() {
    let shop = Shop::new().await;
    shop.make("off", "a: {script: x}").await;
    let changes = crate::service::pipelines::Changes { disabled: Some(true), ..Default::default() };
    shop.world.weir.change_pipeline(&shop.world.caller, &"off".parse().unwrap(), changes).await.unwrap();
    let list = format!("/v5/{}/api/pipelines/list", shop.project);
    for (body, names) in [
        (json!({"is_banned": true}), "The off, The web"),
        (json!({"is_banned": false}), "The web"),
        (json!({}), "The off, The web"),
    ] {
        let found = shop.post(&list, &body).await;
        assert_eq!(texts(&found["pipelines"], |one| one["name"].as_str().unwrap().to_owned()).join(", "), names);
    }
    assert_eq!(shop.post("/v3/pipelines/list", &json!({"pipeline_name": "off"})).await["total"], 1);
}

#[tokio::test]
async fn bug_a_read_by_post_was_taken_for_a_write() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let run = shop.start("web").await;
    let job = shop.world.jobs(run.id).await.remove(0).uid;
    let step = crate::dialect::codearts::derived("step", job.as_str(), 0);
    let path = format!("/v5/{}/api/pipelines", shop.project);
    let earlier = Timestamp(clock::now().0 - 60_000);
    for (target, body) in [
        (format!("{path}/status"), json!([web])),
        (format!("{path}/list"), json!({})),
        ("/v3/pipelines/list".to_owned(), json!({})),
        (format!("{path}/{web}/pipeline-runs/list"), json!({})),
        (format!("{path}/{web}/pipeline-runs/{}/jobs/{job}/steps/{step}/logs", run.uid), json!({})),
    ] {
        let wire = shop.signer.sign(Wire::new("POST", &target, "", &body.to_string()).at(earlier), SIGNED);
        assert_eq!(shop.world.send(wire.request()).await.status, StatusCode::OK, "{target}");
    }
    let noted = shop.world.weir.store().read(|conn| crate::store::signed_writes::since(conn, Timestamp(0))).await;
    assert_eq!(noted.unwrap().len(), 0, "nothing was written");
}

#[tokio::test]
async fn bug_refusals_said_something_else_than_was_wrong() {
    let shop = Shop::new().await;
    let web = shop.uid("web").await;
    let said = async |target: &str, body: &str| {
        let answer = shop.signer.ask(&shop.world, "POST", target, body).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        answer.json()["error_msg"].as_str().unwrap().to_owned()
    };
    let ids = json!(vec![web.as_str(); 101]).to_string();
    let many = said(&format!("/v5/{}/api/pipelines/status", shop.project), &ids).await;
    assert_eq!(many, "101 ids are given; 100 are asked for at a time");
    let run = shop.start("web").await;
    let job = shop.world.jobs(run.id).await.remove(0).uid;
    let step = crate::dialect::codearts::derived("step", job.as_str(), 0);
    let run = format!("/v5/{}/api/pipelines/{web}/pipeline-runs/{}", shop.project, run.uid);
    let step = format!("{run}/jobs/{job}/steps/{step}");
    let nul = said(&format!("{step}/pass?approval_description=%00"), "").await;
    assert_eq!(nul, "approval_description contains a NUL character");
    let long = said(&format!("{step}/pass?approval_description={}", "x".repeat(1001)), "").await;
    assert_eq!(long, "approval_description has more than 1000 characters");
}

/// Another zone, or a clock that was set, and a day comes back: what was counted of it counts on.
#[tokio::test]
async fn bug_numbers_of_a_day_came_twice() {
    let shop = Shop::new().await;
    let uid = shop.make("one", "a: {script: x}").await;
    let path = format!("/v5/{}/api/pipelines", shop.project);
    let body = json!({"job_id": uid});
    let mut daily: Vec<(i64, i64)> = Vec::new();
    for _ in 0..3 {
        shop.post("/v3/jobs/build", &body).await;
        let records = shop.post(&format!("{path}/{uid}/pipeline-runs/list"), &json!({})).await;
        assert_eq!(records["total"], daily.len() + 1);
        daily.push(newest_numbers(&shop).await);
        // Between the builds it is another day for a moment.
        count_on_another_day(&shop, &uid).await;
    }
    assert_counted(&daily);
}

/// The numbers of a day are names that people write down: those of a run that was deleted are not another's.
#[tokio::test]
async fn bug_numbers_of_deleted_runs_were_given_again() {
    let shop = Shop::new().await;
    let uid = shop.make("one", "a: {script: x}").await;
    let mut daily: Vec<(i64, i64)> = Vec::new();
    for _ in 0..3 {
        shop.post("/v3/jobs/build", &json!({"job_id": uid})).await;
        daily.push(newest_numbers(&shop).await);
        let World { weir, caller, .. } = &shop.world;
        let newest = weir.store().read(|conn| {
            let id = conn.query_row("SELECT max(id) FROM runs", [], |row| row.get(0))?;
            Ok(RunId(id))
        });
        weir.delete_run(caller, newest.await.unwrap()).await.unwrap();
        count_on_another_day(&shop, &uid).await;
    }
    assert_counted(&daily);
}

/// Day and number of the newest run.
async fn newest_numbers(shop: &Shop) -> (i64, i64) {
    let told = shop.world.weir.store().read(|conn| {
        let sql = "SELECT day, day_number FROM runs ORDER BY id DESC LIMIT 1";
        Ok(conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    });
    told.await.unwrap()
}

/// Takes numbers as for a run that is started on a day of 2001.
async fn count_on_another_day(shop: &Shop, uid: &str) {
    let uid = uid.to_owned();
    let taken = shop.world.weir.store().write(move |tx| {
        let pipeline = pipelines::by_uid(tx.conn(), &uid)?.unwrap();
        let now = std::mem::replace(&mut tx.now, Timestamp(1_000_000_000_000));
        let numbers = pipelines::take_numbers(tx, &pipeline)?;
        tx.now = now;
        Ok(numbers)
    });
    assert_eq!(taken.await.unwrap().day, 20_010_909);
}

/// Each has the number after that of the one before, of the same day (of two, if midnight was just then).
fn assert_counted(daily: &[(i64, i64)]) {
    for (i, (day, number)) in daily.iter().enumerate() {
        let before = daily[..i].iter().filter(|(other, _)| other == day).count();
        assert_eq!(*number, before as i64 + 1, "{daily:?}");
    }
}
