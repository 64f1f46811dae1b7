//! Numbered pages of runs and jobs, as GitLab's dialect lists them.

use std::collections::HashMap;

use model::view::RunFilter;
use model::{Caller, Error, Job, JobId, Project, ProjectId, Run, RunId, Status};

use super::{Weir, access};
use crate::auth::Action;
use crate::store::{Scope, Snapshot, StoreError, jobs, ordine, runs};

impl Weir {
    /// A page of the runs that fit, newest first, without their stages, and how many fit in all.
    pub async fn page_of_runs(
        &self,
        caller: &Caller,
        filter: RunFilter,
        offset: u64,
        limit: u32,
    ) -> Result<(Vec<Run>, u64), Error> {
        let caller = caller.clone();
        let page = self.store.read(move |conn| {
            let scope = of_named(conn, &caller, filter.project)?;
            runs::page(conn, &filter, &scope, offset, limit)
        });
        Ok(page.await?)
    }

    /// A page of the jobs in these statuses (all when empty), newest first, with their runs.
    pub async fn page_of_jobs(
        &self,
        caller: &Caller,
        statuses: Vec<Status>,
        project: Option<ProjectId>,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<(Job, Run)>, Error> {
        let caller = caller.clone();
        let page = self.store.read(move |conn| {
            let scope = of_named(conn, &caller, project)?.narrowed(project);
            let mut known: HashMap<RunId, Run> = HashMap::new();
            let mut page = Vec::new();
            for job in jobs::list(conn, &statuses, &scope, None, offset, limit)? {
                let run = match known.get(&job.run_id) {
                    Some(run) => run.clone(),
                    None => runs::require(conn, job.run_id)?,
                };
                known.entry(run.id).or_insert_with(|| run.clone());
                page.push((job, run));
            }
            Ok(page)
        });
        Ok(page.await?)
    }

    /// The project with this path, uid or number, for who shows its own token.
    pub async fn project_named(&self, name: &str) -> Result<Option<ProjectId>, Error> {
        let name = name.to_owned();
        Ok(self.store.read(move |conn| ordine::project_called(conn, &name)).await?)
    }

    /// The project with this path, uid or number, which the caller sees; what they may do there is asked of each thing.
    pub async fn project_called(&self, caller: &Caller, name: &str) -> Result<Project, Error> {
        let (name, caller) = (name.to_owned(), caller.clone());
        let found = self.store.read(move |conn| match ordine::project_called(conn, &name)? {
            Some(id) => access::see_project(conn, &caller, id).map(Some),
            None => Ok(None),
        });
        found.await?.ok_or_else(|| Error::not_found("project"))
    }
}

impl Weir {
    /// Refuses a run that is in another project than the one that it is looked for in, whoever looks.
    pub async fn run_is_in(&self, project: ProjectId, id: RunId) -> Result<(), Error> {
        let found = self.store.read(move |conn| runs::require(conn, id)).await?;
        (found.project_id == project).then_some(()).ok_or_else(|| Error::not_found("run"))
    }

    /// The same of a job.
    pub async fn job_is_in(&self, project: ProjectId, id: JobId) -> Result<(), Error> {
        let found = self.store.read(move |conn| jobs::require(conn, id)).await?;
        (found.job.project_id == project).then_some(()).ok_or_else(|| Error::not_found("job"))
    }
}

/// The projects whose runs a list may have. Of a project that is named, who may not see its runs is told so.
fn of_named(conn: &Snapshot, caller: &Caller, project: Option<ProjectId>) -> Result<Scope, StoreError> {
    if let Some(id) = project {
        access::at_project(conn, caller, Action::ReadRuns, id, "project")?;
    }
    access::scope(conn, caller, Action::ReadRuns)
}
