//! The audit log as people get it.

use app::service::Accounts as _;
use model::{AuditEntry, Place, Role, TokenScope, Visibility};

use super::*;
use crate::service::pipelines::Changes;

fn entries(answer: &Answer) -> Vec<AuditEntry> {
    answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_audit_log_of_a_namespace_has_what_is_below_it_and_nothing_else() {
    let world = World::public().await;
    let World { weir, caller, .. } = &world;
    let mut made = Vec::new();
    for path in ["shop/web", "shop/deep/api", "other/x", "shopping/y"] {
        made.push(weir.create_project(caller, path, None, Visibility::Private).await.unwrap().id);
    }
    world.user("ada").await;
    world.user("bob").await;
    let shop = || Place::Namespace("shop".into());
    weir.set_member(caller, shop(), "ada", Some(Role::Owner)).await.unwrap();
    weir.set_member(caller, shop(), "bob", Some(Role::Maintainer)).await.unwrap();
    weir.set_member(caller, Place::Namespace("other".into()), "bob", Some(Role::Owner)).await.unwrap();
    weir.delete_project(caller, made[0]).await.unwrap();
    let router = world.router();
    let (_, ada) = world.token("ada", TokenScope::ReadApi).await;
    let (_, bob) = world.token("bob", TokenScope::ReadApi).await;
    let get = async |token: &str, path: &str| {
        world.ask(&router, "GET", path, &[("private-token", token), ("accept", "text/html")], "").await
    };
    let log = entries(&get(&ada, "/audit.jsonl?namespace=shop").await);
    let said: Vec<_> = log.iter().map(|one| format!("{} {}", one.action, one.target)).collect();
    let expected = [
        "project.delete project shop/web",
        "member.set user bob of shop",
        "member.set user ada of shop",
        "project.create project shop/deep/api",
        "project.create project shop/web",
    ];
    assert_eq!(said, expected, "what is gone stays in it");
    let deep = entries(&get(&ada, "/audit.jsonl?namespace=shop/deep").await);
    assert_eq!(deep.len(), 1);
    let page = get(&ada, "/projects/shop?kind=namespace&tab=audit&action=member").await;
    assert!(page.status == StatusCode::OK && page.text().contains("user bob of shop"), "{}", page.text());
    assert!(
        !page.text().contains("user bob of other")
            && page.text().contains("/audit.csv?action=member&amp;namespace=shop")
    );
    assert!(page.text().contains("name=\"kind\" value=\"namespace\""), "the filter stays here");
    for (token, path, status) in [
        (&bob, "/audit.jsonl?namespace=shop", StatusCode::FORBIDDEN),
        (&bob, "/audit.csv?namespace=shopping", StatusCode::NOT_FOUND),
        (&bob, "/audit.csv?namespace=nowhere", StatusCode::NOT_FOUND),
        (&ada, "/audit.csv", StatusCode::FORBIDDEN),
        (&bob, "/projects/shop?kind=namespace&tab=audit", StatusCode::NOT_FOUND),
    ] {
        assert_eq!(get(token, path).await.status, status, "{path}");
    }
}

/// Before and after, and of a text that somebody may have written a password into, which one it was.
#[tokio::test]
async fn what_changes_of_a_pipeline_is_recorded_without_its_text() {
    let world = World::new().await;
    let key: PipelineKey = "p".parse().unwrap();
    let definition = "a:\n  script: deploy --password hunter2\n".to_owned();
    for changes in [
        Changes { definition: Some(definition.clone()), ..Changes::default() },
        Changes { name: Some("Nightly".into()), definition: Some(definition), ..Changes::default() },
    ] {
        world.weir.change_pipeline(&world.caller, &key, changes).await.unwrap();
    }
    let log = entries(&world.get("/audit.jsonl?action=pipeline.change").await);
    let changed = |entry: &AuditEntry| -> Vec<String> {
        let text = |side: &Option<String>| side.clone().unwrap_or_default();
        entry
            .changes
            .iter()
            .map(|one| format!("{}: {} -> {}", one.field, text(&one.before), text(&one.after)))
            .collect()
    };
    assert_eq!(changed(&log[0]), ["name: p -> Nightly"]);
    let of_text = changed(&log[1]);
    assert!(of_text.len() == 1 && of_text[0].starts_with("definition: 3 lines, sha256 "), "{of_text:?}");
    assert!(of_text[0].contains(" -> 2 lines, sha256 ") && !format!("{log:?}").contains("hunter2"), "{of_text:?}");
}
