//! Schedules whose time has come. A run and the time at which its schedule is due next are written in one transaction,
//! so a time is used exactly once, whatever dies in between. Times that passed while nobody was there are made up for
//! by one run. What stands against a run is kept with its schedule and shown.

use model::plan::Variable;
use model::{
    Caller, Cause, Error, ErrorKind, NewRun, PipelineKey, Project, Run, Schedule, ScheduleId, ScheduleOwner, Source,
    Timestamp, Via,
};

use super::{Weir, may_change, next_of, variables};
use crate::auth::Action;
use crate::clock;
use crate::service::access::Standing;
use crate::store::schedules::{self, Stored};
use crate::store::{Scope, Snapshot, StoreError, pipelines, projects};

/// Milliseconds by which a time may be too late before the clock is believed to have been wrong when it was set.
/// As with Vixie's cron, a smaller step back is waited for, so that nothing comes twice.
const WRONG: i64 = 3 * 3600 * 1000;
/// Characters that are kept of what stood against a run.
const REASON: usize = 2000;

/// What a run is started from.
struct Seed {
    schedule: Schedule,
    project: Project,
    key: PipelineKey,
    caller: Caller,
    variables: Vec<Variable>,
}

impl Weir {
    /// The schedules whose time has come, and when the next one after them is due.
    pub async fn due_schedules(&self) -> Result<(Vec<ScheduleId>, Option<Timestamp>), Error> {
        let now = clock::now();
        let look = move |conn: &Snapshot| Ok((schedules::due(conn, now)?, schedules::next_due(conn, now)?));
        Ok(self.store.read(look).await?)
    }

    /// After the clock was set, and at the start: what was planned by a clock that was far ahead is planned anew.
    pub async fn right_schedules(&self) -> Result<(), Error> {
        let now = clock::now();
        let find = move |conn: &Snapshot| {
            let all = schedules::times(conn)?;
            let wrong = all.into_iter().filter_map(|(id, cron, timezone, at)| {
                let next = next_of(&model::ScheduleDraft { cron, timezone, ..Default::default() }, now)?;
                (at.0 > next.0 + WRONG).then_some((id, at, next))
            });
            Ok(wrong.collect::<Vec<_>>())
        };
        for (id, at, next) in self.store.read(find).await? {
            self.store.write(move |tx| schedules::set_next(tx, id, at, next)).await?;
            tracing::info!(schedule = id.0, %at, %next, "a schedule was planned by a clock that was ahead; planned anew");
        }
        Ok(())
    }

    /// Starts the run of a schedule whose time has come, or notes what stands against it. An error is one of the store:
    /// nothing is noted then, and it has to be tried again.
    pub async fn fire_schedule(&self, id: ScheduleId) -> Result<(), Error> {
        let now = clock::now();
        let Some(stored) = self.store.read(move |conn| schedules::get(conn, id)).await? else { return Ok(()) };
        let Some(due) = stored.schedule.next_run_at.filter(|at| *at <= now) else { return Ok(()) };
        // However many times were missed, the next one lies ahead.
        let next = next_of(&stored.schedule.draft, now.max(due));
        let moved = move |tx: &mut crate::store::Tx<'_>| {
            if schedules::fired(tx, id, due, next, None)? {
                Ok(())
            } else {
                let text = "the schedule was changed or started meanwhile";
                Err(Error::conflict(text).about(Cause::Busy).into())
            }
        };
        let Err(error) = self.start_scheduled(stored, moved).await else { return Ok(()) };
        let why: String = error.message.chars().take(REASON).collect();
        let noted = self.store.write(move |tx| schedules::fired(tx, id, due, next, Some(&why))).await?;
        if noted {
            tracing::warn!(schedule = id.0, %error, "a schedule started no run");
        }
        Ok(())
    }

    /// Starts the run of a schedule now; when it is due next stays as it is.
    pub(super) async fn fire_now(&self, caller: &Caller, id: ScheduleId) -> Result<Run, Error> {
        let by = caller.clone();
        let stored = self.store.read(move |conn| may_change(conn, &by, id)).await?;
        let (by, what) = (caller.clone(), stored.schedule.draft.description.clone());
        let project = stored.schedule.project_id;
        let recorded = move |tx: &mut crate::store::Tx<'_>| {
            may_change(tx.conn(), &by, id)?;
            super::record(tx, &by, "schedule.play", project, &what, Vec::new());
            schedules::played(tx, id, None)
        };
        match self.start_scheduled(stored, recorded).await {
            Ok(run) => Ok(run),
            Err(error) => {
                let why: String = error.message.chars().take(REASON).collect();
                self.store.write(move |tx| schedules::played(tx, id, Some(&why))).await?;
                // It is the owner who may not, not the caller.
                let is_owners =
                    !matches!(error.kind, ErrorKind::Internal | ErrorKind::Unavailable | ErrorKind::Conflict);
                Err(if is_owners { Error { kind: ErrorKind::Invalid, ..error } } else { error })
            }
        }
    }

    async fn start_scheduled(
        &self,
        stored: Stored,
        also: impl Fn(&mut crate::store::Tx<'_>) -> Result<(), StoreError> + Clone + Send + 'static,
    ) -> Result<Run, Error> {
        let keys = self.keys();
        let seed = self.store.read(move |conn| {
            let given = variables::open(&keys.ring(), stored.schedule.id, &stored.sealed)?;
            Seed::read(conn, stored.schedule, given)
        });
        let Seed { schedule, project, key, caller, variables } = seed.await?;
        let draft = schedule.draft;
        // By its full name: a tag of the same name is not what was meant, also when the branch is gone.
        let git_ref = Some(draft.git_ref).filter(|name| !name.is_empty());
        // Nor is a commit whose name begins like that of a branch that is not there.
        self.refuse_commit(&project, git_ref.as_deref()).await?;
        let new = NewRun {
            git_ref,
            variables,
            inputs: draft.inputs,
            source: Source::Schedule,
            schedule: Some((schedule.id, draft.description)),
            ..NewRun::default()
        };
        self.make_run_with(&caller, &key, new, also).await
    }
}

impl Seed {
    /// What a schedule starts, as whom; what stands against that is said so that its readers understand it.
    fn read(conn: &Snapshot, schedule: Schedule, variables: Vec<Variable>) -> Result<Self, StoreError> {
        let project = projects::require(conn, schedule.project_id)?;
        let owner = schedule.owner.as_ref().ok_or_else(|| {
            Error::forbidden("its owner is gone: nothing starts until somebody takes the schedule over")
        })?;
        if !owner.is_active {
            return Err(Error::forbidden(format!(
                "its owner {} is deactivated: nothing starts as them until somebody takes the schedule over",
                owner.name
            ))
            .into());
        }
        let caller =
            Caller { user: owner.name.clone(), id: Some(owner.id), via: Via::Schedule(schedule.id), address: None };
        may_start(conn, &caller, owner, &project)?;
        let key = pipeline(conn, &schedule, &project)?;
        Ok(Self { schedule, project, key, caller, variables })
    }
}

fn may_start(conn: &Snapshot, caller: &Caller, owner: &ScheduleOwner, project: &Project) -> Result<(), StoreError> {
    let decision = Standing::of(conn, caller)?.in_project(project, Action::StartRun);
    if decision.allowed {
        return Ok(());
    }
    let text = format!("its owner {} may not start runs of {} any more: {}", owner.name, project.path, decision.why);
    Err(Error::forbidden(text).into())
}

fn pipeline(conn: &Snapshot, schedule: &Schedule, project: &Project) -> Result<PipelineKey, StoreError> {
    if let Some(key) = &schedule.draft.pipeline {
        let found = pipelines::by_key(conn, key)?.filter(|found| found.project_id == project.id);
        let gone = || Error::invalid(format!("its pipeline {key} is not there any more"));
        return Ok(found.ok_or_else(gone)?.key);
    }
    let all = pipelines::list(conn, &Scope::Of(vec![project.id]))?;
    Ok(crate::service::pipelines::meant(&all)?.key.clone())
}
