//! Administrators and keys, where two things happen at once or nearly.

use app::service::Accounts as _;
use model::{CiVariableDraft, ErrorKind, NewUser, UserChanges, VariableOwner};

use super::*;

/// The second rotation's key must not drop the first one's before everything is sealed with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_that_are_rotated_at_once_lose_nothing() {
    let world = World::public().await;
    let World { weir, caller, .. } = &world;
    for n in 0..20 {
        let draft =
            CiVariableDraft { key: format!("K{n}"), value: Some(format!("value {n}")), ..CiVariableDraft::default() };
        weir.save_ci_variable(caller, VariableOwner::Instance, None, draft).await.unwrap();
    }
    let rotations: Vec<_> = (0..8)
        .map(|_| {
            let (weir, caller) = (Arc::clone(weir), caller.clone());
            tokio::spawn(async move { weir.rotate_key(&caller).await })
        })
        .collect();
    for rotation in rotations {
        rotation.await.unwrap().unwrap();
    }
    // What is in the file opens it, too.
    for weir in [Arc::clone(weir), Arc::new(Weir::open(world.folder.path()).unwrap())] {
        let view = weir.ci_variables(caller, VariableOwner::Instance).await.unwrap();
        assert_eq!(view.variables.len(), 20);
        assert!(
            view.variables.iter().all(|one| one.draft.value.as_ref().is_some_and(|text| text.starts_with("value ")))
        );
    }
}

#[tokio::test]
async fn an_administrator_who_cannot_come_in_is_nobody_to_leave_the_server_to() {
    let world = World::public().await;
    let World { weir, caller, .. } = &world;
    let late = NewUser { name: "late".into(), full_name: String::new(), email: None, is_admin: true };
    let late = weir.create_user(caller, late).await.unwrap().0.id;
    let root = weir.user_called(caller, "root").await.unwrap().id;
    // Their link was never used.
    world.write(move |tx| crate::store::users::insert_link(tx, late, &[1; 32], model::Timestamp(1))).await;
    let away = UserChanges { is_active: Some(false), ..UserChanges::default() };
    let refused = weir.change_user(caller, root, away.clone()).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    assert!(refused.message.contains("root is the last administrator who can sign in"), "{refused}");
    let common = UserChanges { is_admin: Some(false), ..UserChanges::default() };
    assert!(weir.change_user(caller, root, common).await.is_err());
    weir.change_user(caller, late, away).await.unwrap();
}

/// Their user alone turns them over, and administrators; the old pair opens nothing from then on.
#[tokio::test]
async fn keys_are_made_anew_by_their_user_and_by_administrators() {
    let world = World::public().await;
    let (_, root) = world.token("root", model::TokenScope::Api).await;
    let (_, ada) = (world.user("ada").await, world.token("ada", model::TokenScope::Api).await.1);
    let (_, bob) = (world.user("bob").await, world.token("bob", model::TokenScope::Api).await.1);
    let project = world.weir.default_project(&world.caller).await.unwrap();
    let path = project.path.as_str();
    let first = world.weir.create_access_key(&world.caller, Some("ada"), Some(path)).await.unwrap();
    let router = world.router();
    let rotate = async |token: &str, access: &str| {
        let path = format!("/api/v4/weir/access_keys/{access}/rotate");
        let headers = [("private-token", token), ("content-type", "application/json")];
        world.ask(&router, "POST", &path, &headers, "{}").await
    };
    let access = first.key.access;
    assert_eq!(rotate(&bob, &access).await.status, StatusCode::NOT_FOUND);
    let turned = rotate(&ada, &access).await;
    assert_eq!(turned.status, StatusCode::CREATED, "{}", turned.text());
    let second = turned.json();
    assert_eq!((&second["id"], &second["project_id"]), (&first.key.id.0.into(), &project.uid.as_str().into()));
    assert!(second["access"] != access.as_str() && second["secret"] != first.secret.as_str(), "{second}");
    assert_eq!(rotate(&ada, &access).await.status, StatusCode::NOT_FOUND, "it has ended");
    assert!(world.weir.signing_key(&access).await.unwrap().is_none());
    let access = second["access"].as_str().unwrap();
    let opened = world.weir.signing_key(access).await.unwrap().unwrap();
    assert_eq!(opened.secret.as_str(), second["secret"].as_str().unwrap(), "it is sealed in its place");
    assert_eq!(rotate(&root, access).await.status, StatusCode::CREATED);
    let filter = model::AuditFilter { action: Some("access_key.rotate".into()), ..model::AuditFilter::default() };
    assert_eq!(world.weir.audit(&world.caller, filter).await.unwrap().entries.len(), 2);
}

/// Requests name a project: who makes keys before there is one gets that of everything without a project.
#[tokio::test]
async fn keys_can_be_made_before_there_is_a_project() {
    let world = World::public().await;
    let (_, root) = world.token("root", model::TokenScope::Api).await;
    let (_, ada) = (world.user("ada").await, world.token("ada", model::TokenScope::Api).await.1);
    let router = world.router();
    let ask = async |token: &str| {
        let headers = [("private-token", token), ("content-type", "application/json")];
        world.ask(&router, "POST", "/api/v4/weir/access_keys", &headers, "{}").await
    };
    // Not everybody may make that project.
    assert_eq!(ask(&ada).await.status, StatusCode::FORBIDDEN);
    let made = ask(&root).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let project = world.weir.default_project(&world.caller).await.unwrap();
    assert_eq!(made.json()["project_id"], project.uid.as_str());
}

/// What is told with a pair, its user has to see; whoever made the pair may see more.
#[tokio::test]
async fn bug_keys_came_with_a_project_that_their_user_does_not_see() {
    let world = World::public().await;
    let (_, root) = world.token("root", model::TokenScope::Api).await;
    world.user("ada").await;
    let make = |path, visibility| world.weir.create_project(&world.caller, path, None, visibility);
    let hidden = make("shop/web", model::Visibility::Private).await.unwrap();
    let router = world.router();
    let ask = async |path: &str, body: &str| {
        let headers = [("private-token", root.as_str()), ("content-type", "application/json")];
        let made = world.ask(&router, "POST", path, &headers, body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
        made.json()
    };
    let of_ada = async || ask("/api/v4/weir/access_keys", r#"{"user": "ada"}"#).await;
    let pair = of_ada().await;
    assert_eq!(pair["project_id"], serde_json::Value::Null);
    assert_eq!(ask("/api/v4/weir/access_keys", "{}").await["project_id"], hidden.uid.as_str());
    let open = make("open/pub", model::Visibility::Public).await.unwrap();
    assert_eq!(of_ada().await["project_id"], open.uid.as_str());
    let rotate = format!("/api/v4/weir/access_keys/{}/rotate", pair["access"].as_str().unwrap());
    assert_eq!(ask(&rotate, "{}").await["project_id"], open.uid.as_str());
}
