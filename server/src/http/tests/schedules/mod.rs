//! Schedules and triggers, over GitLab's API and when their time comes. With real repositories and the real store.

mod firing;
mod people;
mod rest;
mod triggers;

use std::path::Path;

use app::service::{Accounts as _, Schedules as _};
use model::plan::Variable;
use model::{ProjectId, ScheduleDraft, ScheduleId, ScheduleView, Timestamp, Visibility};
use serde_json::{Value, json};

use super::*;
use crate::clock;

const HOUR: i64 = 3_600_000;

/// A repository with this definition on `main`.
pub(super) fn repository(definition: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    git(folder.path(), &["init", "-q", "-b", "main"]);
    commit(folder.path(), definition);
    folder
}

pub(super) fn commit(folder: &Path, definition: &str) {
    std::fs::write(folder.join(".gitlab-ci.yml"), definition).unwrap();
    git(folder, &["add", "."]);
    git(folder, &["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "commit", "-q", "-m", "change"]);
}

pub(super) fn git(folder: &Path, arguments: &[&str]) {
    let done = std::process::Command::new("git").arg("-C").arg(folder).args(arguments).output().unwrap();
    assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A project over a repository, with a pipeline of its own definition.
pub(super) async fn project(world: &World, path: &str, source: &Path) -> ProjectId {
    let source = source.to_str().unwrap();
    let made = world.weir.create_project(&world.caller, path, Some(source), Visibility::Private).await.unwrap();
    let key = path.replace('/', "-");
    let new = NewPipeline { key, project: Some(path.into()), ..NewPipeline::default() };
    world.weir.create_pipeline(&world.caller, new).await.unwrap();
    made.id
}

fn nightly() -> ScheduleDraft {
    ScheduleDraft {
        description: "nightly".into(),
        cron: "0 2 * * *".into(),
        timezone: "Europe/Berlin".into(),
        git_ref: "main".into(),
        ..ScheduleDraft::default()
    }
}

async fn schedule(world: &World, caller: &Caller, project: ProjectId, draft: ScheduleDraft) -> ScheduleId {
    world.weir.create_schedule(caller, project, draft, Vec::new()).await.unwrap().schedule.id
}

/// As if it had been due at that time.
async fn due_at(world: &World, id: ScheduleId, at: Timestamp) {
    world
        .write(move |tx| {
            tx.conn().execute("UPDATE schedules SET next_run_at = ?2 WHERE id = ?1", (id.0, at.0))?;
            tx.wake_timer();
            Ok(())
        })
        .await;
}

async fn seen(world: &World, id: ScheduleId) -> ScheduleView {
    world.weir.schedule(&world.caller, id).await.unwrap()
}

async fn runs(world: &World) -> Vec<Run> {
    world.weir.runs(&world.caller, model::view::RunFilter::default()).await.unwrap().runs
}

/// Starts what is due, as the loop of the server does; when the next is due.
async fn fire_due(weir: &Weir) -> Option<Timestamp> {
    loop {
        let (due, next) = weir.due_schedules().await.unwrap();
        if due.is_empty() {
            return next;
        }
        for id in due {
            weir.fire_schedule(id).await.unwrap();
        }
    }
}

/// What stood against its last run.
async fn failure(world: &World, id: ScheduleId) -> String {
    let view = seen(world, id).await;
    view.schedule.failure.map(|failure| failure.message).unwrap_or_default()
}

impl World {
    async fn api(&self, method: &str, path: &str, body: Value) -> Answer {
        let headers = [("content-type", "application/json")];
        self.send(request(method, &format!("/api/v4{path}"), &headers, body.to_string())).await
    }

    /// The same by a token.
    async fn by(&self, token: &str, method: &str, path: &str, body: Value) -> Answer {
        let headers = [("content-type", "application/json"), ("private-token", token)];
        self.ask(&self.router(), method, &format!("/api/v4{path}"), &headers, &body.to_string()).await
    }
}
