//! What happens when the time has come.

use super::*;
use crate::boot;

/// A run for a schedule that says who it is; another for whatever else starts it.
const DEFINITION: &str = "variables: {MODE: slow}\n\
    night: {script: x, rules: [{if: '$CI_PIPELINE_SOURCE == \"schedule\" && $CI_PIPELINE_SCHEDULE_DESCRIPTION == \"nightly\" && $MODE == \"full\" && $CI_PIPELINE_SCHEDULED == \"true\"'}]}\n\
    day: {script: x, rules: [{if: '$CI_PIPELINE_SOURCE != \"schedule\" && $CI_PIPELINE_SCHEDULED == null'}]}\n";

#[tokio::test]
async fn a_schedule_that_is_due_starts_one_run_and_says_who_it_is() {
    let (world, repository) = (World::new().await, repository(DEFINITION));
    let project = project(&world, "me/shop", repository.path()).await;
    let full = vec![Variable::new("MODE", "full")];
    let made = world.weir.create_schedule(&world.caller, project, nightly(), full).await.unwrap();
    let id = made.schedule.id;
    assert_eq!(fire_due(&world.weir).await, made.schedule.next_run_at);
    assert!(runs(&world).await.is_empty());
    // Missed on three days, which is made up for once.
    let now = clock::now();
    due_at(&world, id, Timestamp(now.0 - 72 * HOUR)).await;
    let next = fire_due(&world.weir).await;
    assert_eq!(next, made.schedule.next_run_at);
    let all = runs(&world).await;
    assert_eq!(all.len(), 1, "{all:?}");
    let run = &all[0];
    assert_eq!(
        (run.source, run.schedule, run.git_ref.as_str(), run.user.as_str()),
        (model::Source::Schedule, Some(id), "main", "ada")
    );
    let jobs = world.jobs(run.id).await;
    assert_eq!(jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>(), ["night"]);
    let view = seen(&world, id).await;
    assert_eq!((view.last_run.map(|run| run.id), view.schedule.failure), (Some(run.id), None));
    // Nothing is due now, however often one looks.
    assert_eq!(fire_due(&world.weir).await, next);
    assert_eq!(runs(&world).await.len(), 1);
    // Jobs get to know it too, and the audit log who acted.
    let text = job_payload(&world).await;
    assert!(text.contains("CI_PIPELINE_SCHEDULE_DESCRIPTION") && text.contains("\"nightly\""), "{text}");
    let audit = world.weir.audit(&world.caller, model::AuditFilter::default()).await.unwrap();
    let started = audit.entries.iter().find(|entry| entry.action == "run.start").unwrap();
    assert_eq!((started.via.as_str(), started.user.as_deref()), (format!("schedule {id}").as_str(), Some("ada")));
}

/// What a runner that asks for a job is given.
async fn job_payload(world: &World) -> String {
    let token = "glrt-test";
    let hash = crate::random::hash(token);
    world.write(move |tx| runners::ensure(tx, "asks", &hash, &[])).await;
    let body = json!({"token": token, "system_id": "s", "info": {"features": {}}}).to_string();
    let headers = [("content-type", "application/json")];
    let answer = world.send(request("POST", "/api/v4/jobs/request", &headers, body)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
    answer.text().to_owned()
}

#[tokio::test]
async fn a_time_is_used_once_whoever_looks() {
    let (world, repository) = (World::new().await, repository("a: {script: x}\n"));
    let project = project(&world, "me/shop", repository.path()).await;
    let mut all = Vec::new();
    for _ in 0..3 {
        all.push(schedule(&world, &world.caller, project, nightly()).await);
    }
    for id in &all {
        due_at(&world, *id, Timestamp(clock::now().0 - 1)).await;
    }
    let looks = (0..4).map(|_| {
        let weir = Arc::clone(&world.weir);
        tokio::spawn(async move { fire_due(&weir).await })
    });
    for look in looks.collect::<Vec<_>>() {
        look.await.unwrap();
    }
    let started = runs(&world).await;
    assert_eq!(started.len(), 3, "{started:?}");
    for id in all {
        assert_eq!(started.iter().filter(|run| run.schedule == Some(id)).count(), 1);
        assert_eq!(failure(&world, id).await, "");
    }
}

#[tokio::test]
async fn the_alarm_rings_for_what_is_committed_while_it_waits() {
    let (world, repository) = (World::new().await, repository("a: {script: x}\n"));
    let project = project(&world, "me/shop", repository.path()).await;
    let id = schedule(&world, &world.caller, project, nightly()).await;
    let stop = CancellationToken::new();
    let keeping = tokio::spawn(boot::keep_schedules(Arc::clone(&world.weir), stop.clone()));
    let mut changes = world.weir.bus().watch();
    // It waits for the night; now it has to wait for a moment only.
    due_at(&world, id, Timestamp(clock::now().0 + 50)).await;
    while runs(&world).await.is_empty() {
        changes.changed().await.unwrap();
    }
    assert!(seen(&world, id).await.schedule.next_run_at.unwrap() > clock::now());
    stop.cancel();
    keeping.await.unwrap();
    assert_eq!(runs(&world).await.len(), 1);
}

#[tokio::test]
async fn a_repository_that_does_not_answer_keeps_nobody_waiting() {
    let (world, repository) = (World::new().await, repository("a: {script: x}\n"));
    let good = project(&world, "me/shop", repository.path()).await;
    // It takes connections, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let source = format!("git://{}/silent", silent.local_addr().unwrap());
    let bad =
        world.weir.create_project(&world.caller, "me/silent", Some(&source), Visibility::Private).await.unwrap().id;
    let new = NewPipeline { key: "silent".into(), project: Some("me/silent".into()), ..NewPipeline::default() };
    world.weir.create_pipeline(&world.caller, new).await.unwrap();
    let of_silent = ScheduleDraft { git_ref: String::new(), ..nightly() };
    let hangs = schedule(&world, &world.caller, bad, of_silent).await;
    let id = schedule(&world, &world.caller, good, nightly()).await;
    let stop = CancellationToken::new();
    let keeping = tokio::spawn(boot::keep_schedules(Arc::clone(&world.weir), stop.clone()));
    let mut changes = world.weir.bus().watch();
    due_at(&world, hangs, Timestamp(clock::now().0 - 1)).await;
    let _held =
        tokio::task::spawn_blocking(move || silent.accept().map(|(held, _)| (silent, held))).await.unwrap().unwrap();
    due_at(&world, id, Timestamp(clock::now().0 - 1)).await;
    while runs(&world).await.is_empty() {
        changes.changed().await.unwrap();
    }
    assert_eq!(runs(&world).await[0].schedule, Some(id));
    // Neither does it keep the server from ending; nothing of it is noted then.
    stop.cancel();
    keeping.await.unwrap();
    assert_eq!(failure(&world, hangs).await, "");
    assert!(seen(&world, hangs).await.schedule.next_run_at.unwrap() < clock::now());
}

#[tokio::test]
async fn a_clock_that_goes_back_repeats_nothing_and_one_that_was_wrong_is_forgotten() {
    let (world, repository) = (World::new().await, repository("a: {script: x}\n"));
    let project = project(&world, "me/shop", repository.path()).await;
    let often = ScheduleDraft { cron: "*/10 * * * *".into(), timezone: "UTC".into(), ..nightly() };
    let id = schedule(&world, &world.caller, project, often).await;
    let now = clock::now();
    // The clock was put back by an hour after it had been due: its next time stays.
    let ahead = Timestamp(now.0 + HOUR);
    due_at(&world, id, ahead).await;
    world.weir.right_schedules().await.unwrap();
    assert_eq!(seen(&world, id).await.schedule.next_run_at, Some(ahead));
    assert_eq!(fire_due(&world.weir).await, Some(ahead));
    // It was put forward by an hour: what was due meanwhile is made up for once.
    due_at(&world, id, Timestamp(now.0 - HOUR)).await;
    fire_due(&world.weir).await;
    assert_eq!(runs(&world).await.len(), 1);
    // It showed another year for a while.
    due_at(&world, id, Timestamp(now.0 + 10_000 * HOUR)).await;
    world.weir.right_schedules().await.unwrap();
    let next = seen(&world, id).await.schedule.next_run_at.unwrap();
    assert!(next > now && next.since(now) <= 11 * 60_000, "{next}");
}

#[tokio::test]
async fn what_stands_against_a_run_is_kept_and_the_next_time_comes() {
    let (world, repository) = (World::new().await, repository("a: {script: x}\n"));
    git(repository.path(), &["branch", "short-lived"]);
    let project = project(&world, "me/shop", repository.path()).await;
    let of_branch = ScheduleDraft { git_ref: "short-lived".into(), ..nightly() };
    let own = ScheduleDraft { pipeline: Some("extra".parse().unwrap()), ..nightly() };
    let extra = NewPipeline {
        key: "extra".into(),
        project: Some("me/shop".into()),
        definition: Some("b: {script: x}\n".into()),
        ..NewPipeline::default()
    };
    world.weir.create_pipeline(&world.caller, extra).await.unwrap();
    let (main, of_branch, own) = (
        schedule(&world, &world.caller, project, nightly()).await,
        schedule(&world, &world.caller, project, of_branch).await,
        schedule(&world, &world.caller, project, own).await,
    );
    let fire = async |id| {
        due_at(&world, id, Timestamp(clock::now().0 - 1)).await;
        fire_due(&world.weir).await;
        assert!(seen(&world, id).await.schedule.next_run_at.unwrap() > clock::now());
        failure(&world, id).await
    };
    for id in [main, of_branch, own] {
        assert_eq!(fire(id).await, "");
    }
    let newest = runs(&world).await;
    assert_eq!(
        (newest.len(), newest[0].pipeline_key.as_str(), newest[1].git_ref.as_str()),
        (3, "extra", "short-lived")
    );
    // The branch is gone, the definition broken, the pipeline deleted, and a rule lets nothing in.
    git(repository.path(), &["branch", "-D", "short-lived"]);
    let gone = fire(of_branch).await;
    assert!(gone.contains("there is no branch") || gone.contains("Reference not found"), "{gone}");
    commit(repository.path(), "a: {scrip: x}\n");
    let broken = fire(main).await;
    assert!(!broken.is_empty() && broken.contains("scrip"), "{broken}");
    world.weir.delete_pipeline(&world.caller, &"extra".parse().unwrap()).await.unwrap();
    assert!(fire(own).await.contains("its pipeline extra is not there any more"));
    commit(repository.path(), "a: {script: x, rules: [{when: never}]}\n");
    let nothing = fire(main).await;
    assert!(!nothing.is_empty());
    // The API says it, and a run that starts takes it away.
    let shown = world.api("GET", &format!("/projects/{project}/pipeline_schedules/{main}"), json!({})).await.json();
    assert_eq!(shown["failure"]["message"], nothing.as_str());
    commit(repository.path(), "a: {script: x}\n");
    assert_eq!(fire(main).await, "");
    assert_eq!(runs(&world).await.len(), 4);
}

#[tokio::test]
async fn tags_are_meant_when_they_are_named_so() {
    let (world, repository) = (World::new().await, repository("a: {script: x}\n"));
    git(repository.path(), &["tag", "same"]);
    commit(repository.path(), "a: {script: x}\nb: {script: x}\n");
    git(repository.path(), &["branch", "same"]);
    let project = project(&world, "me/shop", repository.path()).await;
    for (full, jobs) in [("refs/tags/same", 1), ("refs/heads/same", 2), ("", 2)] {
        let id = schedule(&world, &world.caller, project, ScheduleDraft { git_ref: full.into(), ..nightly() }).await;
        let run = world.weir.play_schedule(&world.caller, id).await.unwrap();
        let name = if full.is_empty() { "main" } else { "same" };
        assert_eq!((run.git_ref.as_str(), run.is_tag), (name, full.contains("tags")), "{full}");
        assert_eq!(world.jobs(run.id).await.len(), jobs, "{full}");
    }
    // With the branch gone, the tag is still another thing.
    let of_branch = ScheduleDraft { git_ref: "refs/heads/same".into(), ..nightly() };
    let id = schedule(&world, &world.caller, project, of_branch).await;
    git(repository.path(), &["branch", "-D", "same"]);
    assert!(world.weir.play_schedule(&world.caller, id).await.is_err());
}

#[tokio::test]
async fn a_thousand_schedules_are_one_alarm() {
    let (world, repository) = (World::new().await, repository("a: {script: x}\n"));
    let project = project(&world, "me/shop", repository.path()).await;
    let id = schedule(&world, &world.caller, project, nightly()).await;
    world
        .write(move |tx| {
            tx.conn().execute_batch(&format!(
                "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
                 INSERT INTO schedules (project_id, owner_id, description, git_ref, cron, timezone, is_active, inputs, next_run_at,
                     created_at, updated_at, version)
                 SELECT project_id, owner_id, description || i, git_ref, cron, timezone, 1, inputs, next_run_at, created_at,
                     updated_at, version FROM schedules, n WHERE id = {id}"
            ))?;
            Ok(())
        })
        .await;
    let seq = world.weir.bus().seq();
    let next = seen(&world, id).await.schedule.next_run_at;
    let stop = CancellationToken::new();
    let keeping = tokio::spawn(boot::keep_schedules(Arc::clone(&world.weir), stop.clone()));
    world.weir.right_schedules().await.unwrap();
    assert_eq!(fire_due(&world.weir).await, next);
    stop.cancel();
    keeping.await.unwrap();
    assert_eq!(world.weir.bus().seq(), seq, "nothing is written while nothing is due");
}
