//! Rows 15 and 18: who acts as whom, and what is found where.

use super::*;

/// Row 15: who acts is who asks.
#[tokio::test]
async fn nobody_acts_as_somebody_else() {
    let town = Town::new().await;
    let (web, dev) = (town.web(), town.who("dev by api"));
    let mut headers: Vec<(&str, &str)> = dev.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    headers.extend([
        ("sudo", "root"),
        ("x-forwarded-user", "root"),
        ("x-remote-user", "root"),
        ("x-weir-user", "root"),
        ("content-type", JSON),
    ]);
    let body = json!({"user": "root", "user_id": 1, "actor": "root", "startedBy": "root", "sudo": "root"}).to_string();
    let path = format!("/api/pipelines/{}/run?sudo=root&user=root", web.key);
    let started = town.world.ask(&town.router, "POST", &path, &headers, &body).await;
    assert_eq!(started.status, StatusCode::ACCEPTED, "{}", started.text());
    let run = RunId(started.json()["runId"].as_i64().unwrap());
    let view = town.world.weir.run(&town.world.caller, run).await.unwrap();
    assert_eq!(view.run.user, "dev");
    assert!(view.jobs.iter().all(|job| job.user == "dev"));
    headers.pop();
    headers.push(("content-type", FORM));
    let form = format!("key={}&user=root&sudo=root", web.key);
    let started = town.world.ask(&town.router, "POST", "/rpc/pipeline/run?sudo=root", &headers, &form).await;
    assert!(started.status.is_success() || started.status.is_redirection(), "{}", started.status);
    let newest = town.world.weir.runs(&town.world.caller, model::view::RunFilter::default()).await.unwrap();
    assert_eq!((newest.runs[0].user.as_str(), newest.runs[0].id > run), ("dev", true));
    // A token beside a login is who asks, and must be good.
    let root = town.who("root by session").headers[0].1.clone();
    let both = [("cookie", root.as_str()), headers[0]];
    let me = town.world.ask(&town.router, "GET", "/api/v4/user", &both, "").await;
    assert_eq!(me.json()["username"], "dev");
    let audit = town.world.weir.audit(&town.world.caller, model::AuditFilter::default()).await.unwrap();
    let of_run: Vec<_> = audit.entries.iter().filter(|entry| entry.action == "run.start").take(2).collect();
    assert!(of_run.iter().all(|entry| entry.user.as_deref() == Some("dev")), "{of_run:?}");
}

/// Row 15: of a job's token nothing is left when its user loses the right, or is sent away.
#[tokio::test]
async fn the_token_of_a_job_may_what_its_user_may() {
    let town = Town::new().await;
    let (web, job) = (town.web(), town.who("running job"));
    let path = format!("/api/v4/projects/{}/pipelines/{}/jobs", web.id, web.run);
    assert_eq!(get(&town, job, &path).await.status, StatusCode::OK);
    let World { weir, caller, .. } = &town.world;
    weir.set_member(caller, Place::Project(web.id), "dev", Some(Role::Guest)).await.unwrap();
    let settings = ProjectSettings {
        visibility: Visibility::Private,
        public_jobs: false,
        protect_default: false,
        protected: Vec::new(),
        source: None,
        options: model::ProjectOptions::default(),
    };
    weir.change_project(caller, web.id, settings).await.unwrap();
    assert_eq!(get(&town, job, &path).await.status, StatusCode::FORBIDDEN);
    weir.set_member(caller, Place::Project(web.id), "dev", None).await.unwrap();
    assert_eq!(get(&town, job, &path).await.status, StatusCode::NOT_FOUND);
    weir.set_member(caller, Place::Project(web.id), "dev", Some(Role::Developer)).await.unwrap();
    // What was asked before is asked again later: of who was sent away meanwhile, too.
    let as_job = weir
        .caller_of_job(&crate::auth::token::Token::presented(&job.headers[0].1).unwrap(), None)
        .await
        .unwrap()
        .unwrap();
    assert!(weir.may(&as_job, Action::ReadRuns, web.id).await.is_ok());
    let changes = model::UserChanges { is_active: Some(false), ..Default::default() };
    weir.change_user(caller, job.user.unwrap(), changes).await.unwrap();
    assert_eq!(get(&town, job, &path).await.status, StatusCode::UNAUTHORIZED);
    let refused = weir.may(&as_job, Action::ReadRuns, web.id).await.unwrap_err();
    assert_eq!(refused.kind, model::ErrorKind::Unauthorized);
}

/// Row 18: what is in another project is not there, also below a project that one has.
#[tokio::test]
async fn a_thing_is_found_in_its_own_project_only() {
    let town = Town::new().await;
    let web = town.web();
    for other in &town.grounds[1..] {
        let root = format!("/api/v4/projects/{}", web.id);
        for (there, nowhere) in [
            (format!("{root}/pipelines/{}", other.run), format!("{root}/pipelines/987654")),
            (format!("{root}/pipelines/{}/jobs", other.run), format!("{root}/pipelines/987654/jobs")),
            (format!("{root}/jobs/{}", other.job), format!("{root}/jobs/987654")),
            (format!("{root}/jobs/{}/trace", other.job), format!("{root}/jobs/987654/trace")),
            (format!("{root}/environments/{}", other.environment), format!("{root}/environments/987654")),
            (format!("{root}/resource_groups/{}-lock", other.mark()), format!("{root}/resource_groups/none")),
        ] {
            for name in ["oda by api", "root by api"] {
                let (a, b) = (get(&town, town.who(name), &there).await, get(&town, town.who(name), &nowhere).await);
                assert_eq!((a.status, a.text()), (StatusCode::NOT_FOUND, b.text()), "{there} as {name}");
            }
        }
        // A variable of another owner, by its number.
        let (id, _) = town.fresh_variable(VariableOwner::Project(other.id)).await;
        let form = format!("project={}&id={id}", web.id);
        let answer = town.ask(town.who("oda by api"), "POST", "/rpc/variable/delete", FORM, &form, false).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
}
