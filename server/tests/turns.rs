//! Jobs whose turn does not come at once: delayed ones, those that share a resource group, those that a schedule starts,
//! and those that a newer commit or another job's failure ends. With the real server and runner.

mod support;

use std::path::Path;

use model::view::RunView;
use model::{Reason, RunId, Status};
use serde_json::json;
use support::{Server, eventually, git, job, statuses};

#[test]
fn a_delayed_job_starts_by_itself_even_after_a_restart() {
    let mut server = Server::start(2);
    server.pipeline("later", "one: {script: 'true', when: delayed, start_in: 2 seconds}\n");
    let run = server.run("later");
    let view = server.view(run);
    let waiting = job(&view, "one");
    assert!(
        matches!(waiting.reason, Reason::WaitsForTime { at: Some(_) }) || waiting.status != Status::Scheduled,
        "{:?}",
        waiting.reason
    );
    assert_eq!(view.run.status, Status::Scheduled);
    server.kill();
    server.start_again();
    let view = server.ended(run);
    let done = job(&view, "one");
    assert_eq!(done.status, Status::Success);
    assert!(done.started_at.unwrap().since(done.created_at) >= 2000);
}

/// Moves all times that a stopped server has kept, which is to it as if somebody had set the clock the other way.
fn set_clock(server: &Server, by: i64) {
    let store = rusqlite::Connection::open(server.data.join("weir.db")).unwrap();
    let columns =
        "SELECT tables.name, columns.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
        WHERE tables.type = 'table' AND tables.name IN ('runs', 'jobs', 'stages', 'sessions', 'tokens', 'schedules')
        AND columns.name LIKE '%\\_at' ESCAPE '\\'";
    let mut asked = store.prepare(columns).unwrap();
    let found: Vec<(String, String)> =
        asked.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    assert!(found.len() > 8, "{found:?}");
    for (table, column) in found {
        store.execute(&format!("UPDATE {table} SET {column} = {column} - ?1"), [by]).unwrap();
    }
}

#[test]
fn a_clock_that_jumps_by_an_hour_either_way_ends_no_job_and_makes_no_time_negative() {
    const HOUR: i64 = 3_600_000;
    let mut server = Server::start(2);
    let gates = ["first", "second"].map(|name| server.data.join(name));
    let wait = |gate: &Path| format!("until test -e {}; do sleep 0.02; done", gate.display());
    server.pipeline(
        "p",
        &format!(
            "one: {{script: '{}'}}\ntwo: {{script: '{}'}}\nlater: {{script: 'true', when: delayed, start_in: 90 minutes}}\n",
            wait(&gates[0]),
            wait(&gates[1])
        ),
    );
    let run = server.run("p");
    let both = |view: &RunView| ["one", "two"].iter().all(|name| job(view, name).status == Status::Running);
    server.until(run, "both run", both);
    // Back: what has happened seems to be yet to come.
    server.stop();
    set_clock(&server, -HOUR);
    server.start_again();
    std::fs::write(&gates[0], "").unwrap();
    let view = server.until(run, "one ends", |view| job(view, "one").status.is_complete());
    let one = job(&view, "one");
    assert_eq!((one.status, one.duration(model::Timestamp(0))), (Status::Success, Some(0)));
    assert_eq!((job(&view, "two").status, job(&view, "later").status), (Status::Running, Status::Scheduled));
    let shown = server.get(&format!("/api/v4/weir/jobs/{}", one.id));
    assert_eq!((&shown["duration"], &shown["status"]), (&json!(0.0), &json!("success")), "{shown}");
    assert!(server.text(&format!("/jobs/{}", one.id)).contains("one"));
    // Forward, past where it was: a running job is not taken for one that runs too long, and what was due meanwhile
    // comes at once.
    server.stop();
    set_clock(&server, 3 * HOUR);
    server.start_again();
    let view = server.until(run, "what was due comes", |view| job(view, "later").status == Status::Success);
    assert_eq!(job(&view, "two").status, Status::Running);
    std::fs::write(&gates[1], "").unwrap();
    let view = server.ended(run);
    assert_eq!(view.run.status, Status::Success, "{:?}", statuses(&view));
    assert!(job(&view, "two").duration(model::Timestamp(0)).unwrap() >= 2 * HOUR, "as the clock has it");
}

#[test]
fn a_delayed_job_is_played_now_or_waits_for_somebody() {
    let server = Server::start(2);
    server.pipeline("later", "one: {script: 'true', when: delayed, start_in: 1 week}\n");
    let run = server.run("later");
    let id = job(&server.view(run), "one").id;
    let (status, answer) = server.form("/rpc/job/unschedule", &format!("id={id}"));
    assert_eq!(status, 200, "{answer}");
    let view = server.view(run);
    assert_eq!((job(&view, "one").status, view.run.status), (Status::Manual, Status::Manual));
    let (status, answer) = server.form("/rpc/job/unschedule", &format!("id={id}"));
    assert!(status == 409 && answer.contains("only a scheduled job"), "{status} {answer}");
    server.form("/rpc/job/play", &format!("id={id}"));
    assert_eq!(job(&server.ended(run), "one").status, Status::Success);
    let again = server.run("later");
    let id = job(&server.view(again), "one").id;
    server.form("/rpc/job/play", &format!("id={id}"));
    assert_eq!(job(&server.ended(again), "one").status, Status::Success);
}

#[test]
fn of_the_jobs_of_a_resource_group_one_runs() {
    let server = Server::start(4);
    let gate = server.data.join("gate");
    let script = format!("until test -e {}; do sleep 0.02; done", gate.display());
    server.pipeline(
        "deploy",
        &format!(
            "variables: {{TO: live}}\none: {{script: '{script}', resource_group: \"$TO\"}}\nfree: {{script: 'true'}}\n"
        ),
    );
    let (first, second) = (server.run("deploy"), server.run("deploy"));
    server.until(first, "the first has the group", |view| job(view, "one").status == Status::Running);
    let view = server.until(second, "the second waits", |view| {
        job(view, "free").status == Status::Success && job(view, "one").status == Status::WaitingForResource
    });
    let waiting = job(&view, "one");
    let Reason::WaitsForResource { group, holder, .. } = &waiting.reason else { panic!("{:?}", waiting.reason) };
    assert_eq!((group.as_str(), holder.clone()), ("live", Some(format!("one (run {first})"))));
    assert_eq!(waiting.resource_group.as_deref(), Some("live"));
    std::fs::write(gate, "").unwrap();
    for run in [first, second] {
        let view = server.ended(run);
        assert_eq!(view.run.status, Status::Success, "{:?}", statuses(&view));
    }
    let (one, two) = (job(&server.view(first), "one").clone(), job(&server.view(second), "one").clone());
    assert!(one.finished_at <= two.started_at);
}

/// The queue behind a lock is told of every new holder, on the page and over the API as in `weir why`.
#[test]
fn who_waits_for_a_resource_names_the_holder_of_now() {
    let server = Server::start(4);
    let gate = |run: &str| server.data.join(format!("gate-{run}"));
    let script = format!("until test -e {}; do sleep 0.02; done", gate("$CI_PIPELINE_IID").display());
    server.pipeline("deploy", &format!("one: {{script: '{script}', resource_group: live}}\n"));
    let runs = [1, 2, 3].map(|_| server.run("deploy"));
    let holder = |run: RunId| match &job(&server.view(run), "one").reason {
        Reason::WaitsForResource { holder, .. } => holder.clone(),
        other => panic!("{other:?}"),
    };
    let wanted = |run: RunId| Some(format!("one (run {run})"));
    server.until(runs[0], "the first has it", |view| job(view, "one").status == Status::Running);
    assert_eq!((holder(runs[1]), holder(runs[2])), (wanted(runs[0]), wanted(runs[0])));
    std::fs::write(gate("1"), "").unwrap();
    server.until(runs[1], "the second has it", |view| job(view, "one").status == Status::Running);
    assert_eq!(holder(runs[2]), wanted(runs[1]));
    let id = job(&server.view(runs[2]), "one").id;
    let why = server.get(&format!("/api/v4/weir/jobs/{id}/why"));
    let answer = why["answer"].as_str().unwrap();
    assert!(answer.contains(&format!("one (run {})", runs[1])), "{why}");
    // Canceled is as good as ended.
    let (status, answer) = server.form("/rpc/run/cancel", &format!("id={}", runs[1]));
    assert_eq!(status, 200, "{answer}");
    server.until(runs[2], "the third has it", |view| job(view, "one").status == Status::Running);
    std::fs::write(gate("3"), "").unwrap();
    assert_eq!(server.ended(runs[2]).run.status, Status::Success);
}

/// Who is next in line need not have come to its job yet: nobody has the group then, and a new mode gives it away at once.
#[test]
fn a_resource_group_that_goes_to_a_job_behind_a_gate_is_given_on_by_a_new_mode() {
    let server = Server::start(2);
    server.pipeline(
        "gated",
        "stages: [a, b]
gate: {stage: a, script: 'true', when: manual, allow_failure: false}
deploy: {stage: b, script: 'true', resource_group: live}
",
    );
    let first = server.run("gated");
    let project = server.view(first).run.project_id;
    let mode = |mode: &str| {
        let path = format!("/api/v4/projects/{project}/resource_groups/live?process_mode={mode}");
        assert_eq!(server.send("PUT", &path, &json!({})).0, 200);
    };
    mode("oldest_first");
    let second = server.run("gated");
    let gate = job(&server.view(second), "gate").id;
    server.form("/rpc/job/play", &format!("id={gate}"));
    let view = server.until(second, "it waits", |view| job(view, "deploy").status == Status::WaitingForResource);
    let waiting = job(&view, "deploy");
    let told = waiting.reason.to_string();
    assert_eq!(
        told,
        format!("waits until deploy (run {first}) has had the resource group live, which goes to it first")
    );
    let why = server.get(&format!("/api/v4/weir/jobs/{}/why", waiting.id));
    let behind = &why["because"][0];
    assert!(behind["answer"].as_str().unwrap().contains("stage a"), "{why}");
    mode("newest_ready_first");
    assert_eq!(server.ended(second).run.status, Status::Success);
}

#[test]
fn the_mode_of_a_resource_group_is_set_by_json_a_form_or_the_query() {
    let server = Server::start(1);
    let view = server.run_to_end("deploy", "one: {script: 'true', resource_group: live}\n");
    let path = format!("/api/v4/projects/{}/resource_groups/live", view.run.project_id);
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    for (query, kind, body, mode) in [
        ("", json, r#"{"process_mode": "oldest_first"}"#, "oldest_first"),
        ("", form, "process_mode=newest_first", "newest_first"),
        ("?process_mode=unordered", json, "", "unordered"),
        ("", form, "", "unordered"),
    ] {
        let (status, answer) = server.ask("PUT", &format!("{path}{query}"), &[("Content-Type", kind)], body);
        assert!(status == 200 && answer.contains(mode), "{body}: {status} {answer}");
    }
    let (status, answer) = server.ask("PUT", &path, &[("Content-Type", form)], "process_mode=best_first");
    assert!(status == 400 && answer.contains("process_mode does not have a valid value"), "{status} {answer}");
}

#[test]
fn a_newer_commit_ends_what_may_be_interrupted() {
    let server = Server::start(2);
    let repository = tempfile::tempdir().unwrap();
    git(repository.path(), &["init", "-q", "-b", "main"]);
    commit(repository.path(), "long: {script: 'sleep 600', interruptible: true}\n");
    server.project("me/shop", repository.path(), "shop");
    let old = server.run("shop");
    server.until(old, "it runs", |view| job(view, "long").status == Status::Running);
    // The same commit again ends nothing.
    let same = server.run("shop");
    server.until(same, "it runs too", |view| job(view, "long").status == Status::Running);
    assert_eq!(job(&server.view(old), "long").status, Status::Running);
    commit(repository.path(), "long: {script: 'true', interruptible: true}\n");
    let new = server.run("shop");
    for run in [old, same] {
        let view = server.ended(run);
        let ended = job(&view, "long");
        let Reason::OutdatedBy { newer } = &ended.reason else { panic!("{:?}", ended.reason) };
        assert!(ended.status == Status::Canceled && newer.contains(&new.to_string()), "{newer}");
    }
    assert_eq!(server.ended(new).run.status, Status::Success);
}

#[test]
fn a_failure_may_end_the_rest_of_the_run() {
    let server = Server::start(2);
    let view = server.run_to_end(
        "strict",
        "workflow: {auto_cancel: {on_job_failure: all}}\n\
         long: {script: 'sleep 600'}\n\
         breaks: {script: 'exit 1'}\n\
         later: {stage: deploy, script: 'true'}\n",
    );
    assert_eq!(view.run.status, Status::Failed);
    for name in ["long", "later"] {
        let ended = job(&view, name);
        assert_eq!(ended.status, Status::Canceled, "{name}");
        assert_eq!(ended.reason, Reason::CanceledAfterFailure { job: "breaks".into() });
    }
}

#[test]
fn instances_of_a_job_know_which_they_are_and_includes_come_from_the_commit() {
    let server = Server::start(2);
    let repository = tempfile::tempdir().unwrap();
    git(repository.path(), &["init", "-q", "-b", "main"]);
    std::fs::create_dir(repository.path().join("ci")).unwrap();
    std::fs::write(
        repository.path().join("ci/jobs.yml"),
        "spec: {inputs: {word: {default: hello}}}\n---\n\
         part: {parallel: 2, script: ['echo \"$CI_NODE_INDEX of $CI_NODE_TOTAL: $[[ inputs.word ]]\"']}\n",
    )
    .unwrap();
    commit(
        repository.path(),
        "spec: {inputs: {word: {}}}\n---\n\
         include: {local: ci/jobs.yml, inputs: {word: \"$[[ inputs.word ]]\"}}\n\
         docs: {script: 'true', rules: [{exists: ['ci/*.yml']}]}\n\
         none: {script: 'true', rules: [{exists: ['*.nothing']}]}\n",
    );
    server.project("me/shop", repository.path(), "shop");
    // A text that is not saved yet is looked through with the same files.
    for (of, good) in [(json!("shop"), true), (json!(null), false)] {
        let body = json!({ "text": "include: {local: ci/jobs.yml}\n", "of": of });
        let (status, answer) = server.send("POST", "/rpc/lint", &body);
        assert_eq!((status, answer["diagnostics"].as_array().unwrap().is_empty()), (200, good), "{answer}");
    }
    let (status, answer) = server.send("POST", "/api/pipelines/shop/run", &json!({}));
    assert!(status == 400 && answer["error"].as_str().unwrap().contains("word"), "{status} {answer}");
    let (status, answer) = server.send("POST", "/api/pipelines/shop/run", &json!({ "inputs": { "word": "hi" } }));
    assert_eq!(status, 202, "{answer}");
    let view = server.ended(RunId(answer["runId"].as_i64().unwrap()));
    let names: Vec<_> = view.jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names, ["part 1/2", "part 2/2", "docs"]);
    assert!(server.trace(job(&view, "part 2/2")).contains("2 of 2: hi"));
}

#[test]
fn artifacts_go_when_their_time_is_over() {
    let server = Server::start(2);
    let artifacts =
        |when: &str| format!("{{script: 'echo x > file', artifacts: {{paths: [file], expire_in: {when}}}}}");
    let view = server.run_to_end("files", &format!("soon: {}\nlate: {}\n", artifacts("1 sec"), artifacts("never")));
    // Those of the latest good run are kept beyond their time.
    let latest = server.ended(server.run("files"));
    let view = server.until(view.run.id, "the one is gone", |view| job(view, "soon").artifacts.is_empty());
    assert_eq!(job(&server.view(latest.run.id), "soon").artifacts.len(), 1);
    assert_eq!(job(&view, "late").artifacts.len(), 1);
}

#[test]
fn artifacts_without_a_time_have_thirty_days_or_what_the_server_says() {
    let mut server = Server::start(2);
    let definition = "make: {script: 'echo x > file', artifacts: {paths: [file]}}
use: {stage: deploy, script: cat file, when: manual, needs: [make]}
";
    let expiry = |view: &RunView| job(view, "make").artifacts[0].expires_at;
    let first = server.run_to_end("files", definition);
    let made = job(&first, "make");
    let end = expiry(&first).unwrap().0 - 30 * 86_400_000;
    assert!((made.started_at.unwrap().0..=made.finished_at.unwrap().0).contains(&end), "{end} {made:?}");
    let serve_with = |server: &mut Server, text: &str| {
        server.stop();
        server.arguments = vec!["--artifacts-expire-in".into(), text.into()];
        server.start_again();
    };
    serve_with(&mut server, "never");
    let second = server.ended(server.run("files"));
    assert_eq!(expiry(&second), None);
    serve_with(&mut server, "1 second");
    let third = server.ended(server.run("files"));
    assert!(expiry(&third).is_some(), "that of the latest stays beyond its time");
    server.ended(server.run("files"));
    let third = server.until(third.run.id, "there is a later one", |view| job(view, "make").artifacts.is_empty());
    for kept in [&first, &second] {
        assert_eq!(expiry(&server.view(kept.run.id)), expiry(kept), "what was said then holds");
    }
    // A job that needs them is told, and does not begin without.
    server.form("/rpc/job/play", &format!("id={}", job(&third, "use").id));
    let third = server.until(third.run.id, "it fails", |view| job(view, "use").status == Status::Failed);
    assert_eq!(job(&third, "use").failure_reason, Some(model::FailureReason::MissingDependencyFailure));
}

#[test]
fn a_job_whose_artifacts_are_gone_does_not_start() {
    let server = Server::start(2);
    let definition = "stages: [one, two]
make: {stage: one, script: 'echo x > file', artifacts: {paths: [file]}}
none: {stage: one, script: 'true', artifacts: {paths: [nothing]}}
use: {stage: two, script: cat file, when: manual, needs: [make, none]}
";
    let view = server.run_to_end("gone", definition);
    let (make, use_it) = (job(&view, "make").id, job(&view, "use").id);
    let (status, answer) = server.send("POST", &format!("/api/v4/weir/jobs/{make}/erase"), &json!({}));
    assert_eq!(status, 201, "{answer}");
    server.form("/rpc/job/play", &format!("id={use_it}"));
    let view = server.until(view.run.id, "it fails", |view| job(view, "use").status == Status::Failed);
    let failed = job(&view, "use");
    assert_eq!(failed.failure_reason, Some(model::FailureReason::MissingDependencyFailure));
    assert!(failed.reason.to_string().contains("of make"), "{}", failed.reason);
}

#[test]
fn what_a_schedule_missed_is_made_up_for_once_by_whoever_starts_next() {
    let mut server = Server::start(2);
    let script =
        "test \"$CI_PIPELINE_SOURCE-$CI_PIPELINE_SCHEDULED-$CI_PIPELINE_SCHEDULE_DESCRIPTION\" = schedule-true-nightly";
    server.pipeline(
        "clock",
        &format!(
            "variables: {{MODE: slow}}\n\
             one:\n  script:\n    - {script}\n    - test \"$MODE\" = full\n    - grep -q 'a; b' \"$CONFIG\"\n\
             \x20 rules: [{{if: '$MODE == \"full\"'}}]\n"
        ),
    );
    let project = server.get("/api/v4/projects")[0]["id"].as_i64().unwrap();
    let root = format!("/api/v4/projects/{project}/pipeline_schedules");
    let body = json!({"description": "nightly", "ref": "", "cron": "0 2 * * *", "cron_timezone": "Europe/Berlin"});
    let (status, made) = server.send("POST", &root, &body);
    assert_eq!(status, 201, "{made}");
    let one = format!("{root}/{}", made["id"]);
    for (key, value, kind) in [("MODE", "full", "env_var"), ("CONFIG", "a; b", "file")] {
        let body = json!({"key": key, "value": value, "variable_type": kind});
        assert_eq!(server.send("POST", &format!("{one}/variables"), &body).0, 201);
    }
    server.kill();
    // Three days pass.
    let database = rusqlite::Connection::open(server.data.join("weir.db")).unwrap();
    let moved = database.execute("UPDATE schedules SET next_run_at = next_run_at - 3 * 86400000", []).unwrap();
    assert_eq!(moved, 1);
    drop(database);
    server.start_again();
    let runs = format!("{one}/pipelines");
    let run = eventually("the schedule fires", || server.get(&runs)[0]["id"].as_i64());
    server.kill();
    server.start_again();
    let view = server.ended(RunId(run));
    assert_eq!((view.run.status, view.run.schedule.map(|id| id.0)), (Status::Success, made["id"].as_i64()));
    assert_eq!(server.get(&runs).as_array().unwrap().len(), 1, "it was made up for once");
    assert_eq!(server.get(&one)["next_run_at"], made["next_run_at"]);
}

fn commit(repository: &Path, definition: &str) {
    std::fs::write(repository.join(".gitlab-ci.yml"), definition).unwrap();
    git(repository, &["add", "."]);
    git(repository, &["commit", "-qm", "definition"]);
}
