//! Runners and their tokens.

use model::{AuditChange, Caller, Error, ProjectId, RunnerDraft, RunnerId, RunnerView};

use crate::auth::Action;
use crate::auth::token::{Kind, Token};
use crate::service::{Weir, access, audit};
use crate::store::runners::{self, Runner};
use crate::store::{Snapshot, StoreError, Tx, projects};

/// Tags of a runner.
const TAGS: usize = 50;

impl Weir {
    pub(super) async fn list_runners(
        &self,
        caller: &Caller,
        project: Option<ProjectId>,
    ) -> Result<Vec<RunnerView>, Error> {
        let (caller, online) = (caller.clone(), self.heartbeats().online());
        let list = self.store().read(move |conn| {
            allowed(conn, &caller, project, false)?;
            runners::list(conn, project)?.into_iter().map(|runner| view(conn, runner, &online)).collect()
        });
        Ok(list.await?)
    }

    /// One of them.
    pub async fn runner(&self, caller: &Caller, id: RunnerId) -> Result<RunnerView, Error> {
        let (caller, online) = (caller.clone(), self.heartbeats().online());
        let found = self.store().read(move |conn| {
            let runner = managed(conn, &caller, id, false)?;
            view(conn, runner, &online)
        });
        Ok(found.await?)
    }

    pub(super) async fn make_runner(
        &self,
        caller: &Caller,
        project: Option<ProjectId>,
        draft: RunnerDraft,
    ) -> Result<(RunnerView, String), Error> {
        let draft = checked(draft)?;
        let text = Token::fresh(Kind::Runner);
        let secret = text.reveal().to_owned();
        let caller = caller.clone();
        let made = self.store().write(move |tx| {
            allowed(tx.conn(), &caller, project, true)?;
            let runner = runners::insert(tx, &draft, project, &text.hash(), &caller.user)?;
            record(tx, &caller, "runner.create", &runner, Vec::new());
            view(tx.conn(), runner, &[])
        });
        Ok((made.await?, secret))
    }

    pub(super) async fn put_runner(
        &self,
        caller: &Caller,
        id: RunnerId,
        draft: RunnerDraft,
    ) -> Result<RunnerView, Error> {
        let draft = checked(draft)?;
        let (caller, online) = (caller.clone(), self.heartbeats().online());
        let changed = self.store().write(move |tx| {
            let before = managed(tx.conn(), &caller, id, true)?;
            let fields = [
                ("name", before.name.clone(), draft.name.clone()),
                ("tags", before.tags.join(", "), draft.tags.join(", ")),
                ("run_untagged", before.run_untagged.to_string(), draft.run_untagged.to_string()),
                ("paused", before.paused.to_string(), draft.paused.to_string()),
                ("protected", before.protected.to_string(), draft.protected.to_string()),
            ];
            let changed = fields.iter().filter(|(_, before, after)| before != after);
            let changes =
                changed.map(|(field, before, after)| audit::change(field, Some(before), Some(after))).collect();
            record(tx, &caller, "runner.change", &before, changes);
            runners::update(tx, id, &draft)?;
            view(tx.conn(), runners::require(tx.conn(), id)?, &online)
        });
        Ok(changed.await?)
    }

    pub(super) async fn turn_runner(&self, caller: &Caller, id: RunnerId) -> Result<String, Error> {
        let text = Token::fresh(Kind::Runner);
        let secret = text.reveal().to_owned();
        let caller = caller.clone();
        let turned = self.store().write(move |tx| {
            let runner = managed(tx.conn(), &caller, id, true)?;
            if runner.created_by.is_none() {
                return Err(Error::conflict("the server keeps the token of its own runner itself").into());
            }
            record(tx, &caller, "runner.rotate", &runner, Vec::new());
            runners::set_token(tx, id, &text.hash())
        });
        turned.await?;
        Ok(secret)
    }

    pub(super) async fn drop_runner(&self, caller: &Caller, id: RunnerId) -> Result<(), Error> {
        let caller = caller.clone();
        let dropped = self.store().write(move |tx| {
            let runner = managed(tx.conn(), &caller, id, true)?;
            let running = runners::running(tx.conn(), id)?;
            if running > 0 {
                let text = format!("{running} jobs run on it: pause it, and delete it when they have ended");
                return Err(Error::conflict(text).into());
            }
            record(tx, &caller, "runner.delete", &runner, Vec::new());
            runners::delete(tx, id)
        });
        Ok(dropped.await?)
    }
}

fn checked(mut draft: RunnerDraft) -> Result<RunnerDraft, Error> {
    draft.name = draft.name.trim().to_owned();
    if draft.name.is_empty() || draft.name.chars().count() > 255 || draft.name.chars().any(char::is_control) {
        return Err(Error::invalid("a runner's name has 1 to 255 characters and no control characters"));
    }
    draft.tags = draft.tags.iter().map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect();
    draft.tags.dedup();
    if draft.tags.len() > TAGS || draft.tags.iter().any(|tag| tag.len() > 255 || tag.chars().any(char::is_control)) {
        return Err(Error::invalid(format!("a runner has at most {TAGS} tags of 255 bytes on one line each")));
    }
    if draft.tags.is_empty() && !draft.run_untagged {
        return Err(Error::invalid("a runner without tags that takes no jobs without tags would never have work"));
    }
    Ok(draft)
}

fn view(conn: &Snapshot, runner: Runner, online: &[RunnerId]) -> Result<RunnerView, StoreError> {
    let project = match runner.project {
        Some(id) => projects::get(conn, id)?.map(|project| (project.id, project.path)),
        None => None,
    };
    Ok(RunnerView {
        id: runner.id,
        draft: RunnerDraft {
            name: runner.name,
            tags: runner.tags,
            run_untagged: runner.run_untagged,
            paused: runner.paused,
            protected: runner.protected,
        },
        project,
        created_by: runner.created_by,
        created_at: runner.created_at,
        is_online: online.contains(&runner.id),
        running: runners::running(conn, runner.id)?,
    })
}

/// Refuses who may not see or change the runners of the server, or of a project.
fn allowed(conn: &Snapshot, caller: &Caller, project: Option<ProjectId>, change: bool) -> Result<(), StoreError> {
    if let Some(id) = project {
        let action = if change { Action::ManageRunners } else { Action::ReadRunners };
        return access::at_project(conn, caller, action, id, "project");
    }
    let action = if change { Action::ManageInstanceRunners } else { Action::ReadInstanceRunners };
    access::at_instance(conn, caller, action)
}

/// A runner that the caller may see or change; others are not there.
fn managed(conn: &Snapshot, caller: &Caller, id: RunnerId, change: bool) -> Result<Runner, StoreError> {
    let runner = runners::require(conn, id)?;
    match allowed(conn, caller, runner.project, change) {
        Err(StoreError::Refused(error)) if error.kind == model::ErrorKind::NotFound => {
            Err(Error::not_found("runner").into())
        }
        other => other.map(|()| runner),
    }
}

fn record(tx: &mut Tx<'_>, caller: &Caller, action: &'static str, runner: &Runner, changes: Vec<AuditChange>) {
    let target = format!("runner {} {}", runner.id, runner.name);
    match runner.project {
        Some(id) => audit::of_project(tx, caller, action, id, &target, changes),
        None => audit::of_instance(tx, caller, action, &target, changes),
    }
}
