//! Streams that are open when the right to them goes.

use app::service::Accounts as _;
use model::{Place, ProjectSettings, Role, SessionId, TokenId, TokenScope, UserChanges, UserId, Visibility};

use super::world::{Ground, Town, definition};
use super::*;

/// How somebody loses what they had.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Loss {
    Membership,
    Activity,
    Token,
    Session,
}

/// What is still to come of an answer.
struct Rest {
    body: Body,
    text: String,
}

impl Rest {
    async fn open(town: &Town, path: &str, header: (&str, &str)) -> Self {
        let response = town.world.open(path, &[header]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        Self { body: response.into_body(), text: String::new() }
    }

    /// Reads until what has come is as wanted; false when the stream ends before.
    async fn until(&mut self, is_wanted: impl Fn(&str) -> bool) -> bool {
        while !is_wanted(&self.text) {
            let Some(frame) = self.body.frame().await else { return false };
            // A file that breaks off is an answer that fails.
            let Ok(frame) = frame else { return false };
            if let Ok(data) = frame.into_data() {
                self.text.push_str(&String::from_utf8_lossy(&data));
            }
        }
        true
    }
}

async fn lose(town: &Town, ground: &Ground, loss: Loss, user: (&str, UserId), token: TokenId, session: SessionId) {
    let World { weir, caller, .. } = &town.world;
    match loss {
        Loss::Membership => weir.set_member(caller, Place::Project(ground.id), user.0, None).await.unwrap(),
        Loss::Activity => {
            let changes = UserChanges { is_active: Some(false), ..UserChanges::default() };
            weir.change_user(caller, user.1, changes).await.unwrap();
        }
        Loss::Token => weir.revoke_token(caller, token).await.unwrap(),
        Loss::Session => {
            let by = Caller { user: user.0.into(), id: Some(user.1), ..caller.clone() };
            weir.end_session(&by, Some(session)).await.unwrap();
        }
    }
}

/// Every stream x every way to lose a right.
#[tokio::test]
async fn a_stream_ends_with_the_right_to_it() {
    let town = Town::new().await;
    let web = town.web();
    town.world.weir.logs().append(town.running, 0, b"begun\n").unwrap();
    let lists = ["/live/dashboard", "/live/runs", "/live/pipelines", "/live/environments"];
    let things = [
        format!("/live/runs/{}", web.run),
        format!("/live/jobs/{}", web.job),
        format!("/live/pipelines/{}", web.key),
        format!("/live/jobs/{}/log", town.running),
        format!("/jobs/{}/raw?follow", town.running),
    ];
    let paths = lists.into_iter().map(str::to_owned).chain(things);
    for (n, path) in paths.enumerate() {
        for loss in [Loss::Membership, Loss::Activity, Loss::Token, Loss::Session] {
            let name = format!("u{n}-{loss:?}").to_lowercase();
            let user = town.world.user(&name).await;
            let place = Place::Project(web.id);
            town.world.weir.set_member(&town.world.caller, place, &name, Some(Role::Reporter)).await.unwrap();
            let (session, cookie) = town.world.session(user).await;
            let (token, text) = town.world.token(&name, TokenScope::ReadApi).await;
            let header =
                if loss == Loss::Token { ("private-token", text.as_str()) } else { ("cookie", cookie.1.as_str()) };
            let mut rest = Rest::open(&town, &path, header).await;
            let is_log = path.contains("log") || path.contains("raw");
            let mark = if is_log { "begun".to_owned() } else { web.mark() };
            assert!(rest.until(|text| text.contains(&mark) && text.ends_with('\n')).await, "{path}");
            rest.text.clear();
            lose(&town, web, loss, (&name, user), token, session).await;
            if n < lists.len() && loss == Loss::Membership {
                // Lists go on, without what was lost.
                let is_without = |text: &str| text.contains("event: state") && text.ends_with("\n\n");
                assert!(rest.until(is_without).await, "{path} ended");
                assert!(!rest.text.contains(&mark), "{path} still shows it: {}", rest.text);
            } else {
                assert!(!rest.until(|_| false).await);
                assert!(!rest.text.contains(&mark), "{path} after {loss:?}: {}", rest.text);
            }
        }
    }
}

/// Who came in because a project was open to everybody goes when it is not.
#[tokio::test]
async fn a_stream_ends_when_its_project_is_closed() {
    let town = Town::new().await;
    let open = town.grounds.iter().find(|ground| ground.word == "open").unwrap();
    let paths = [
        format!("/live/runs/{}", open.run),
        format!("/live/jobs/{}", open.job),
        format!("/live/pipelines/{}", open.key),
    ];
    let mut all = Vec::new();
    for path in &paths {
        all.push(Rest::open(&town, path, ("x-nothing", "")).await);
    }
    let mut board = Rest::open(&town, "/live/runs", ("x-nothing", "")).await;
    assert!(board.until(|text| text.contains(&open.mark()) && text.ends_with("\n\n")).await);
    board.text.clear();
    let visibility = Visibility::Private;
    let settings = ProjectSettings {
        visibility,
        public_jobs: true,
        protect_default: false,
        protected: vec![],
        source: None,
        options: model::ProjectOptions::default(),
    };
    town.world.weir.change_project(&town.world.caller, open.id, settings).await.unwrap();
    // At once, and not when everything is asked again after a while.
    let soon = std::time::Duration::from_secs(30);
    for mut rest in all {
        assert_eq!(tokio::time::timeout(soon, rest.until(|_| false)).await, Ok(false));
    }
    assert!(!board.until(|text| text.contains(&open.mark())).await, "nothing is left that anybody may see");
}

/// The stream of a pipeline tells of its runs, which not everybody sees who sees the pipeline.
#[tokio::test]
async fn the_stream_of_a_pipeline_tells_its_runs_to_who_may_see_runs() {
    let town = Town::new().await;
    let shut = town.grounds.iter().find(|ground| ground.word == "shut").unwrap();
    let path = format!("/live/pipelines/{}", shut.key);
    let mut stranger = Rest::open(&town, &path, ("x-nothing", "")).await;
    let root = town.who("root by session").headers[0].1.clone();
    let mut root = Rest::open(&town, &path, ("cookie", &root)).await;
    for rest in [&mut stranger, &mut root] {
        assert!(rest.until(|text| text.contains("event: state") && text.ends_with("\n\n")).await);
    }
    assert!(!stranger.text.contains("\"number\":1,"), "no runs at first: {}", stranger.text);
    town.fresh_run(shut).await;
    let World { weir, caller, .. } = &town.world;
    weir.save_definition(caller, &shut.key, definition(&shut.mark())).await.unwrap();
    for rest in [&mut stranger, &mut root] {
        assert!(rest.until(|text| text.contains("event: pipeline")).await);
    }
    assert!(root.text.contains("event: run"));
    assert!(!stranger.text.contains("event: run"), "{}", stranger.text);
}
