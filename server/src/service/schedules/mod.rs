//! Schedules: runs that start by the clock, as their owner, with what the owner may when the time comes.

mod check;
mod firing;
mod variables;

use std::collections::HashMap;

use app::service::Schedules;
use async_trait::async_trait;
use model::plan::Variable;
use model::{
    AuditChange, Caller, CronTimes, Error, ProjectId, Run, ScheduleChanges, ScheduleDraft, ScheduleId,
    ScheduleVariableChange, ScheduleView, SchedulesView, Timestamp, Via,
};

use super::access::Standing;
use super::accounts::acting_user;
use super::{LastSeen, Weir, access, audit};
use crate::auth::Action;
use crate::clock;
use crate::scheduler::cron;
use crate::secrets::keys::KeyRing;
use crate::store::schedules::{self, Stored, Wanted};
use crate::store::{Snapshot, StoreError, Tx, projects, runs};

use check::{Checked, checked};

/// How many of the next times are told of an expression.
const SHOWN: usize = 5;
/// Schedules that a project may have.
const MOST: u32 = 5000;

#[async_trait]
impl Schedules for Weir {
    async fn schedules(&self, caller: &Caller, project: Option<ProjectId>) -> Result<SchedulesView, Error> {
        let caller = caller.clone();
        let found = self.store.read(move |conn| {
            let scope = match project {
                Some(id) => {
                    access::at_project(conn, &caller, Action::ReadSchedules, id, "project")?;
                    crate::store::Scope::Of(vec![id])
                }
                None => access::scope_of_page(conn, &caller, Action::ReadSchedules)?,
            };
            let standing = Standing::of(conn, &caller)?;
            let all: HashMap<ProjectId, model::Project> =
                projects::list(conn)?.into_iter().map(|project| (project.id, project)).collect();
            let mut list = Vec::new();
            for schedule in schedules::list(conn, &scope)? {
                let Some(project) = all.get(&schedule.project_id) else { continue };
                let is_own = is_own(&caller, &schedule);
                list.push(ScheduleView {
                    last_run: schedules::last_run(conn, schedule.id)?,
                    variables: None,
                    may_change: standing.in_project(project, changing(is_own)).allowed,
                    is_own,
                    fields: fields_of(&schedule),
                    schedule,
                });
            }
            let may_make = |one: &&model::Project| standing.in_project(one, Action::ChangeOwnSchedule).allowed;
            let mut projects: Vec<_> = all.values().filter(may_make).map(|one| (one.id, one.path.clone())).collect();
            projects.sort_by(|(_, one), (_, other)| one.as_str().cmp(other.as_str()));
            Ok(SchedulesView { seq: runs::seq(conn)?, schedules: list, projects })
        });
        Ok(found.await?)
    }

    async fn schedule(&self, caller: &Caller, id: ScheduleId) -> Result<ScheduleView, Error> {
        let (caller, keys) = (caller.clone(), self.keys());
        Ok(self.store.read(move |conn| seen(conn, &caller, &keys.ring(), id)).await?)
    }

    async fn create_schedule(
        &self,
        caller: &Caller,
        project: ProjectId,
        draft: ScheduleDraft,
        variables: Vec<Variable>,
    ) -> Result<ScheduleView, Error> {
        self.may(caller, Action::ChangeOwnSchedule, project).await?;
        let variables = variables::checked(variables)?;
        let Checked { draft, cron, zone } = self.with_full_ref(project, checked(draft)?).await?;
        let (caller, keys) = (caller.clone(), self.keys());
        let made = self.store.write(move |tx| {
            let keys = keys.ring();
            access::at_project(tx.conn(), &caller, Action::ChangeOwnSchedule, project, "project")?;
            check::pipeline(tx.conn(), project, draft.pipeline.as_ref())?;
            if schedules::count(tx.conn(), project)? >= MOST {
                return Err(Error::conflict(format!("a project has up to {MOST} schedules")).into());
            }
            let owner = acting_user(tx, &caller)?;
            let next = if draft.is_active { cron.next_after(&zone, tx.now) } else { None };
            let sealed = |row| variables::seal(&keys, ScheduleId(row), &variables);
            let id = schedules::insert(tx, project, owner.id, &draft, next, &sealed)?;
            record(tx, &caller, "schedule.create", project, &draft.description, differences(None, &draft));
            seen(tx.conn(), &caller, &keys, id)
        });
        Ok(made.await?)
    }

    async fn change_schedule(
        &self,
        caller: &Caller,
        id: ScheduleId,
        changes: ScheduleChanges,
    ) -> Result<ScheduleView, Error> {
        let by = caller.clone();
        let before = self.store.read(move |conn| may_change(conn, &by, id)).await?;
        let new = changes.variables.clone().map(variables::checked).transpose()?;
        let project = before.schedule.project_id;
        // A short name means what it means now; one that stays stays.
        let full = match &changes.git_ref {
            Some(name) if *name != before.schedule.draft.git_ref => Some(self.full_ref(project, name).await?),
            other => other.clone(),
        };
        let (caller, keys) = (caller.clone(), self.keys());
        let changed = self.store.write(move |tx| {
            let keys = keys.ring();
            let stored = may_change(tx.conn(), &caller, id)?;
            let old = stored.schedule.draft;
            let draft =
                ScheduleDraft { git_ref: full.unwrap_or_else(|| old.git_ref.clone()), ..merged(&old, changes)? };
            let Checked { draft, cron, zone } = checked(draft)?;
            if draft.pipeline != old.pipeline {
                check::pipeline(tx.conn(), project, draft.pipeline.as_ref())?;
            }
            // What was due and when stays, unless somebody said otherwise.
            let is_same = (&draft.cron, &draft.timezone, draft.is_active) == (&old.cron, &old.timezone, old.is_active);
            let next = match (draft.is_active, is_same) {
                (false, _) => None,
                (true, true) => stored.schedule.next_run_at,
                (true, false) => cron.next_after(&zone, tx.now),
            };
            let sealed = new.as_ref().map(|list| variables::seal(&keys, id, list));
            let mut changes = differences(Some(&old), &draft);
            if sealed.is_some() {
                changes.push(audit::change("variables", Some("(kept secret)"), Some("(kept secret)")));
            }
            record(tx, &caller, "schedule.change", project, &draft.description, changes);
            schedules::update(tx, id, &draft, next, sealed.as_deref())?;
            seen(tx.conn(), &caller, &keys, id)
        });
        Ok(changed.await?)
    }

    async fn change_schedule_variable(
        &self,
        caller: &Caller,
        id: ScheduleId,
        change: ScheduleVariableChange,
    ) -> Result<Variable, Error> {
        self.put_schedule_variable(caller, id, change, LastSeen::default()).await
    }

    async fn delete_schedule(&self, caller: &Caller, id: ScheduleId) -> Result<(), Error> {
        self.drop_schedule(caller, id, LastSeen::default()).await
    }

    async fn take_schedule(&self, caller: &Caller, id: ScheduleId) -> Result<(ScheduleView, bool), Error> {
        let (caller, keys) = (caller.clone(), self.keys());
        let taken = self.store.write(move |tx| {
            let keys = keys.ring();
            let schedule = may_change(tx.conn(), &caller, id)?.schedule;
            let is_new = !is_own(&caller, &schedule);
            if is_new {
                let owner = acting_user(tx, &caller)?;
                let before = schedule.owner.as_ref().map(|owner| owner.name.as_str());
                let change = audit::change("owner", before, Some(&owner.name));
                let (project, what) = (schedule.project_id, &schedule.draft.description);
                record(tx, &caller, "schedule.take", project, what, vec![change]);
                schedules::set_owner(tx, id, owner.id)?;
            }
            Ok((seen(tx.conn(), &caller, &keys, id)?, is_new))
        });
        Ok(taken.await?)
    }

    async fn play_schedule(&self, caller: &Caller, id: ScheduleId) -> Result<Run, Error> {
        self.fire_now(caller, id).await
    }

    async fn cron_times(&self, caller: &Caller, text: &str, timezone: &str) -> Result<CronTimes, Error> {
        let by = caller.clone();
        self.store.read(move |conn| access::at_instance(conn, &by, Action::ReadOwnAccount)).await?;
        let draft = ScheduleDraft {
            description: "times".to_owned(),
            cron: text.to_owned(),
            timezone: timezone.to_owned(),
            ..ScheduleDraft::default()
        };
        let Checked { cron, zone, .. } = checked(draft)?;
        Ok(cron.times(&zone, clock::now(), SHOWN))
    }

    fn timezones(&self) -> Vec<String> {
        cron::zones()
    }
}

impl Weir {
    /// Changes a variable of a schedule, unless the schedule changed since it was seen.
    pub async fn put_schedule_variable(
        &self,
        caller: &Caller,
        id: ScheduleId,
        change: ScheduleVariableChange,
        seen: LastSeen,
    ) -> Result<Variable, Error> {
        let (caller, keys) = (caller.clone(), self.keys());
        let changed = self.store.write(move |tx| {
            let keys = keys.ring();
            let stored = may_change(tx.conn(), &caller, id)?;
            seen.holds(stored.schedule.updated_at)?;
            let mut list = variables::open(&keys, id, &stored.sealed)?;
            let (variable, word) = variables::change(&mut list, change)?;
            let list = variables::checked(list)?;
            let kept = Some("(kept secret)");
            let change = audit::change(&format!("variable {} {word}", variable.key), kept, kept);
            let schedule = stored.schedule;
            record(tx, &caller, "schedule.change", schedule.project_id, &schedule.draft.description, vec![change]);
            let sealed = variables::seal(&keys, id, &list);
            schedules::update(tx, id, &schedule.draft, schedule.next_run_at, Some(&sealed))?;
            Ok(variable)
        });
        Ok(changed.await?)
    }

    /// Deletes a schedule, unless it changed since it was seen.
    pub async fn drop_schedule(&self, caller: &Caller, id: ScheduleId, seen: LastSeen) -> Result<(), Error> {
        let caller = caller.clone();
        let deleted = self.store.write(move |tx| {
            let schedule = may_change(tx.conn(), &caller, id)?.schedule;
            seen.holds(schedule.updated_at)?;
            record(tx, &caller, "schedule.delete", schedule.project_id, &schedule.draft.description, Vec::new());
            schedules::delete(tx, id)
        });
        Ok(deleted.await?)
    }

    /// A page of the runs that a schedule started, and how many there are in all.
    pub async fn runs_of_schedule(
        &self,
        caller: &Caller,
        id: ScheduleId,
        wanted: Wanted,
        offset: u64,
        limit: u32,
    ) -> Result<(Vec<Run>, u64), Error> {
        let caller = caller.clone();
        let found = self.store.read(move |conn| {
            let project = schedules::require(conn, id)?.schedule.project_id;
            access::at_project(conn, &caller, Action::ReadSchedules, project, "schedule")?;
            access::at_project(conn, &caller, Action::ReadRuns, project, "schedule")?;
            schedules::runs_of(conn, id, &wanted, offset, limit)
        });
        Ok(found.await?)
    }
}

/// A schedule with its variables, where the caller may see those.
fn seen(conn: &Snapshot, caller: &Caller, keys: &KeyRing, id: ScheduleId) -> Result<ScheduleView, StoreError> {
    let Stored { schedule, sealed } = schedules::require(conn, id)?;
    access::at_project(conn, caller, Action::ReadSchedules, schedule.project_id, "schedule")?;
    let project = projects::require(conn, schedule.project_id)?;
    let standing = Standing::of(conn, caller)?;
    let is_own = is_own(caller, &schedule);
    let reading = if is_own { Action::ReadOwnRunVariables } else { Action::ReadRunVariables };
    let may_read = standing.in_project(&project, reading).allowed;
    Ok(ScheduleView {
        last_run: schedules::last_run(conn, id)?,
        variables: if may_read { Some(variables::open(keys, id, &sealed)?) } else { None },
        may_change: standing.in_project(&project, changing(is_own)).allowed,
        is_own,
        fields: fields_of(&schedule),
        schedule,
    })
}

/// A schedule that the caller may change, play and delete.
fn may_change(conn: &Snapshot, caller: &Caller, id: ScheduleId) -> Result<Stored, StoreError> {
    let stored = schedules::require(conn, id)?;
    let project = stored.schedule.project_id;
    access::at_project(conn, caller, Action::ReadSchedules, project, "schedule")?;
    access::at_project(conn, caller, changing(is_own(caller, &stored.schedule)), project, "schedule")?;
    Ok(stored)
}

fn changing(is_own: bool) -> Action {
    if is_own { Action::ChangeOwnSchedule } else { Action::ChangeSchedule }
}

/// Whether it starts runs as the caller. The owner of a local server has no number, and is one person all the same.
fn is_own(caller: &Caller, schedule: &model::Schedule) -> bool {
    let Some(owner) = &schedule.owner else { return false };
    match caller.id {
        Some(id) => owner.id == id,
        None => caller.via == Via::Local && owner.name.eq_ignore_ascii_case(&caller.user),
    }
}

fn merged(old: &ScheduleDraft, changes: ScheduleChanges) -> Result<ScheduleDraft, Error> {
    let mut inputs = old.inputs.clone();
    for (name, value) in changes.inputs {
        match value {
            Some(value) => drop(inputs.insert(name, value)),
            None => drop(inputs.remove(&name)),
        }
    }
    let old = old.clone();
    Ok(ScheduleDraft {
        description: changes.description.unwrap_or(old.description),
        cron: changes.cron.unwrap_or(old.cron),
        timezone: changes.timezone.unwrap_or(old.timezone),
        git_ref: old.git_ref,
        pipeline: changes.pipeline.map_or(Ok(old.pipeline), |key| check::key(&key))?,
        is_active: changes.is_active.unwrap_or(old.is_active),
        inputs,
    })
}

/// How a field is shown in the audit log.
type Shown = fn(&ScheduleDraft) -> String;

/// What a change of a schedule changes.
fn differences(before: Option<&ScheduleDraft>, after: &ScheduleDraft) -> Vec<AuditChange> {
    let fields: [(&str, Shown); 7] = [
        ("description", |one| one.description.clone()),
        ("cron", |one| one.cron.clone()),
        ("timezone", |one| one.timezone.clone()),
        ("ref", |one| one.git_ref.clone()),
        ("pipeline", |one| one.pipeline.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("active", |one| one.is_active.to_string()),
        ("inputs", |one| serde_json::to_string(&one.inputs).unwrap_or_default()),
    ];
    let changed = fields.into_iter().filter_map(|(field, text)| {
        let (before, after) = (before.map(text), text(after));
        let differs = before.as_ref() != Some(&after);
        differs.then(|| audit::change(field, before.as_deref(), Some(&after)))
    });
    changed.collect()
}

fn record(
    tx: &mut Tx<'_>,
    caller: &Caller,
    action: &'static str,
    project: ProjectId,
    what: &str,
    changes: Vec<AuditChange>,
) {
    audit::of_project(tx, caller, action, project, &format!("schedule {what}"), changes);
}

/// What an expression means; `None` when it cannot be read any more.
fn fields_of(schedule: &model::Schedule) -> Option<model::CronFields> {
    cron::Cron::parse(&schedule.draft.cron).ok().map(|cron| cron.fields())
}

/// When an expression is due next; `None` when it cannot be read any more.
fn next_of(schedule: &ScheduleDraft, after: Timestamp) -> Option<Timestamp> {
    let zone = cron::zone(&schedule.timezone)?;
    cron::Cron::parse(&schedule.cron).ok()?.next_after(&zone, after)
}
