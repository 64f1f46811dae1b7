//! What CodeArts' interface asks that no other does: things by their uid, counts of runs by day, many pipelines at once.

mod cards;
mod runs;

use model::{Caller, Error, Pipeline, Project, ProjectId, RunId};

use super::access::{self, Standing};
use super::{Weir, projects::shown};
use crate::auth::Action;
use crate::store::pipelines;
use crate::store::{projects, runs as stored};

pub use crate::store::codearts::{Brief, Part, Span, Wanted};
pub use crate::store::pipelines::Numbers;
pub use cards::{Card, Cards};
pub use runs::{Detail, RunsOf, Which};

impl Weir {
    /// The project that has this uid.
    pub async fn project_of_uid(&self, caller: &Caller, uid: &str) -> Result<Project, Error> {
        let (caller, uid) = (caller.clone(), uid.to_owned());
        let found = self.store.read(move |conn| {
            let project = projects::by_uid(conn, &uid)?.ok_or_else(|| Error::not_found("project"))?;
            access::at_project(conn, &caller, Action::ReadProject, project.id, "project")?;
            Ok(shown(&Standing::of(conn, &caller)?, project))
        });
        Ok(found.await?)
    }

    /// The pipeline that has this uid, and its project.
    pub async fn pipeline_of_uid(&self, caller: &Caller, uid: &str) -> Result<(Pipeline, Project), Error> {
        let (caller, uid) = (caller.clone(), uid.to_owned());
        let found = self.store.read(move |conn| {
            let pipeline = pipelines::by_uid(conn, &uid)?.ok_or_else(|| Error::not_found("pipeline"))?;
            access::at_project(conn, &caller, Action::ReadProject, pipeline.project_id, "pipeline")?;
            let project = projects::require(conn, pipeline.project_id)?;
            Ok((pipeline, shown(&Standing::of(conn, &caller)?, project)))
        });
        Ok(found.await?)
    }

    /// What counts a run: of its pipeline's, and of those of its day.
    pub async fn numbers_of_run(&self, caller: &Caller, id: RunId) -> Result<Numbers, Error> {
        let caller = caller.clone();
        let found = self.store.read(move |conn| {
            let project = stored::require(conn, id)?.project_id;
            access::at_project(conn, &caller, Action::ReadRuns, project, "run")?;
            stored::numbers(conn, id)
        });
        Ok(found.await?)
    }

    /// Which of these actions the caller may do in a project.
    pub async fn rights<const N: usize>(
        &self,
        caller: &Caller,
        project: ProjectId,
        actions: [Action; N],
    ) -> Result<[bool; N], Error> {
        let caller = caller.clone();
        let found = self.store.read(move |conn| {
            let standing = Standing::of(conn, &caller)?;
            let project = projects::require(conn, project)?;
            Ok(actions.map(|action| standing.in_project(&project, action).allowed))
        });
        Ok(found.await?)
    }
}
