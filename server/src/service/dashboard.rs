//! The dashboard: is all well?

use model::view::{Dashboard, PipelineHealth, RunFilter};
use model::{Caller, Error, Status};

use super::runs::add_given;
use super::{Weir, access};
use crate::auth::Action;
use crate::store::{jobs, pipelines, runs};

/// How many runs each part shows.
const SHOWN: u32 = 12;
/// How many past runs a pipeline shows.
const MARKS: u32 = 10;

impl Weir {
    pub(super) async fn read_dashboard(&self, caller: &Caller) -> Result<Dashboard, Error> {
        let caller = caller.clone();
        let runners_online = self.heartbeats.runners_online();
        let dashboard = self.store.read(move |conn| {
            let scope = access::scope_of_page(conn, &caller, Action::ReadRuns)?;
            let of = |statuses: &[Status]| {
                let filter = RunFilter { status: statuses.to_vec(), limit: Some(SHOWN), ..RunFilter::default() };
                runs::list(conn, &filter, &scope).map(|mut found| {
                    found.truncate(SHOWN as usize);
                    found
                })
            };
            let mut health = Vec::new();
            for mut pipeline in pipelines::list(conn, &scope)? {
                pipeline.definition = None;
                let last = runs::marks(conn, pipeline.id, MARKS)?;
                let broken =
                    last.iter().find(|mark| mark.status.is_final()).is_some_and(|m| m.status == Status::Failed);
                let last_good = if broken { runs::last_good(conn, pipeline.id)? } else { None };
                health.push(PipelineHealth { pipeline, last, last_good });
            }
            let (queued_jobs, running_jobs) = jobs::load(conn, &scope)?;
            // A run whose child waits for somebody runs, and yet waits.
            let below = runs::waiting_below(conn)?;
            let mut blocked = of(&[Status::Manual, Status::Scheduled])?;
            for id in &below {
                let run = runs::require(conn, *id)?;
                if scope.holds(run.project_id) {
                    blocked.push(run);
                }
            }
            blocked.sort_by_key(|run| std::cmp::Reverse(run.id));
            blocked.truncate(SHOWN as usize);
            let mut dashboard = Dashboard {
                seq: runs::seq(conn)?,
                active: of(&[
                    Status::Created,
                    Status::Pending,
                    Status::Preparing,
                    Status::WaitingForResource,
                    Status::Running,
                    Status::Canceling,
                ])?,
                blocked,
                recent: of(&[Status::Success, Status::Failed, Status::Canceled, Status::Skipped])?,
                pipelines: health,
                queued_jobs,
                running_jobs,
                runners_online,
            };
            dashboard.active.retain(|run| !below.contains(&run.id));
            let Dashboard { active, blocked, recent, .. } = &mut dashboard;
            add_given(conn, &caller, active.iter_mut().chain(blocked).chain(recent).collect())?;
            Ok(dashboard)
        });
        Ok(dashboard.await?)
    }
}
