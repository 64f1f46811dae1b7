//! Who may what, and as whom a schedule acts.

use model::{Place, Role, TokenScope, UserChanges};

use super::*;

struct Team {
    world: World,
    project: ProjectId,
    _repository: TempDir,
}

impl Team {
    /// A server that people log in to, with a developer, another one, a maintainer, a reporter and a stranger.
    async fn new() -> Self {
        let (world, repository) = (World::public().await, repository("a: {script: x}\n"));
        let project = project(&world, "shop/web", repository.path()).await;
        for (name, role) in [
            ("dev", Some(Role::Developer)),
            ("eve", Some(Role::Developer)),
            ("max", Some(Role::Maintainer)),
            ("rea", Some(Role::Reporter)),
            ("sam", None),
        ] {
            world.user(name).await;
            world.weir.set_member(&world.caller, Place::Project(project), name, role).await.unwrap();
        }
        Self { world, project, _repository: repository }
    }

    async fn token(&self, name: &str) -> String {
        self.world.token(name, TokenScope::Api).await.1
    }

    fn root(&self) -> String {
        format!("/projects/{}/pipeline_schedules", self.project)
    }

    /// A schedule of the developer's.
    async fn made(&self, token: &str) -> ScheduleId {
        let body = json!({"description": "nightly", "ref": "main", "cron": "0 2 * * *"});
        let made = self.world.by(token, "POST", &self.root(), body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        ScheduleId(made.json()["id"].as_i64().unwrap())
    }

    async fn fire(&self, id: ScheduleId) -> String {
        due_at(&self.world, id, Timestamp(clock::now().0 - 1)).await;
        fire_due(&self.world.weir).await;
        failure(&self.world, id).await
    }
}

#[tokio::test]
async fn own_schedules_are_developers_and_those_of_others_maintainers() {
    let team = Team::new().await;
    let (dev, eve, max, rea, sam) = (
        team.token("dev").await,
        team.token("eve").await,
        team.token("max").await,
        team.token("rea").await,
        team.token("sam").await,
    );
    let id = team.made(&dev).await;
    let (world, one) = (&team.world, format!("{}/{id}", team.root()));
    world.by(&dev, "POST", &format!("{one}/variables"), json!({"key": "SECRET", "value": "s3cr3t"})).await;
    // Who reads sees neither variables nor how to change it.
    for token in [&eve, &rea] {
        let seen = world.by(token, "GET", &one, json!({})).await;
        assert_eq!((seen.status, seen.json().get("variables")), (StatusCode::OK, None));
        assert!(!seen.text().contains("s3cr3t"));
        let variable = world.by(token, "GET", &format!("{one}/variables/SECRET"), json!({})).await;
        assert_eq!((variable.status, &variable.json()["message"]), (StatusCode::FORBIDDEN, &json!("403 Forbidden")));
        for (method, path, body) in [
            ("PUT", "", json!({"active": false})),
            ("DELETE", "", json!({})),
            ("POST", "/play", json!({})),
            ("POST", "/take_ownership", json!({})),
            ("POST", "/variables", json!({"key": "A", "value": "b"})),
            ("PUT", "/variables/SECRET", json!({"value": "b"})),
            ("DELETE", "/variables/SECRET", json!({})),
        ] {
            let refused = world.by(token, method, &format!("{one}{path}"), body).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{method} {path}: {}", refused.text());
        }
    }
    assert_eq!(
        world.by(&rea, "POST", &team.root(), json!({"description": "d", "ref": "main", "cron": "@daily"})).await.status,
        StatusCode::FORBIDDEN
    );
    let hidden = world.by(&sam, "GET", &one, json!({})).await;
    assert_eq!((hidden.status, hidden.json()), (StatusCode::NOT_FOUND, json!({"message": "404 Project Not Found"})));
    // A token that may only read sees what its user sees, and changes nothing.
    let reads = world.token("dev", TokenScope::ReadApi).await.1;
    assert_eq!(world.by(&reads, "GET", &one, json!({})).await.json()["variables"][0]["value"], "s3cr3t");
    assert_eq!(world.by(&reads, "POST", &format!("{one}/play"), json!({})).await.status, StatusCode::FORBIDDEN);
    // The owner changes it, and a maintainer, who may take it over as well.
    assert_eq!(world.by(&dev, "PUT", &one, json!({"description": "own"})).await.status, StatusCode::OK);
    assert_eq!(world.by(&max, "PUT", &one, json!({"description": "max'"})).await.status, StatusCode::OK);
    assert_eq!(world.by(&max, "GET", &one, json!({})).await.json()["variables"][0]["key"], "SECRET");
    assert_eq!(world.by(&dev, "POST", &format!("{one}/take_ownership"), json!({})).await.status, StatusCode::OK);
    let taken = world.by(&max, "POST", &format!("{one}/take_ownership"), json!({})).await;
    assert_eq!((taken.status, &taken.json()["owner"]["username"]), (StatusCode::CREATED, &json!("max")));
    assert!(taken.json()["variables"].is_array());
    let again = world.by(&max, "POST", &format!("{one}/take_ownership"), json!({})).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(world.by(&dev, "PUT", &one, json!({"description": "own"})).await.status, StatusCode::FORBIDDEN);
    // A maintainer plays what runs as somebody else.
    let of_dev = team.made(&dev).await;
    let played = world.by(&max, "POST", &format!("{}/{of_dev}/play", team.root()), json!({})).await;
    assert_eq!(played.status, StatusCode::CREATED, "{}", played.text());
    assert_eq!(runs(world).await[0].user, "dev");
}

#[tokio::test]
async fn a_schedule_may_what_its_owner_may_when_its_time_comes() {
    let team = Team::new().await;
    let (dev, max) = (team.token("dev").await, team.token("max").await);
    let id = team.made(&dev).await;
    let World { weir, caller, .. } = &team.world;
    assert_eq!(team.fire(id).await, "");
    assert_eq!(runs(&team.world).await[0].user, "dev");
    weir.set_member(caller, Place::Project(team.project), "dev", Some(Role::Reporter)).await.unwrap();
    let lost = team.fire(id).await;
    assert!(
        lost.contains("its owner dev may not start runs of shop/web any more") && lost.contains("developer"),
        "{lost}"
    );
    weir.set_member(caller, Place::Project(team.project), "dev", None).await.unwrap();
    assert!(team.fire(id).await.contains("may not start runs of shop/web"));
    weir.set_member(caller, Place::Project(team.project), "dev", Some(Role::Developer)).await.unwrap();
    assert_eq!(team.fire(id).await, "");
    let user = weir.store().read(|conn| crate::store::users::by_name(conn, "dev")).await.unwrap().unwrap().id;
    let gone = UserChanges { is_active: Some(false), ..UserChanges::default() };
    weir.change_user(caller, user, gone).await.unwrap();
    let why = team.fire(id).await;
    assert!(why.contains("its owner dev is deactivated"), "{why}");
    let one = format!("{}/{id}", team.root());
    let shown = team.world.by(&max, "GET", &one, json!({})).await.json();
    assert_eq!((&shown["owner"]["state"], &shown["failure"]["message"]), (&json!("blocked"), &json!(why)));
    // Played by a maintainer it is the owner's affair as well.
    let played = team.world.by(&max, "POST", &format!("{one}/play"), json!({})).await;
    assert_eq!((played.status, &played.json()["message"]["base"][0]), (StatusCode::BAD_REQUEST, &json!(why)));
    assert_eq!(runs(&team.world).await.len(), 2);
    // Whoever takes it over mends it.
    assert_eq!(
        team.world.by(&max, "POST", &format!("{one}/take_ownership"), json!({})).await.json()["failure"],
        json!(null)
    );
    assert_eq!(team.fire(id).await, "");
    assert_eq!(runs(&team.world).await[0].user, "max");
}

#[tokio::test]
async fn protected_refs_are_not_started_by_the_clock_of_who_may_not() {
    let team = Team::new().await;
    let dev = team.token("dev").await;
    let id = team.made(&dev).await;
    let World { weir, caller, .. } = &team.world;
    let project = weir
        .store()
        .read({
            let id = team.project;
            move |conn| crate::store::projects::require(conn, id)
        })
        .await
        .unwrap();
    let settings = model::ProjectSettings {
        visibility: project.visibility,
        public_jobs: project.public_jobs,
        protect_default: true,
        protected: vec![model::ProtectedRef { is_tag: false, pattern: "main".into() }],
        source: project.source.clone(),
        options: project.options.clone(),
    };
    weir.change_project(caller, team.project, settings).await.unwrap();
    let why = team.fire(id).await;
    assert!(why.contains("protected") && why.contains("maintainer"), "{why}");
    assert!(runs(&team.world).await.is_empty());
}

#[tokio::test]
async fn a_project_takes_its_schedules_along() {
    let team = Team::new().await;
    let dev = team.token("dev").await;
    let id = team.made(&dev).await;
    team.world.weir.delete_project(&team.world.caller, team.project).await.unwrap();
    assert!(team.world.weir.schedule(&team.world.caller, id).await.is_err());
    assert_eq!(fire_due(&team.world.weir).await, None);
}
