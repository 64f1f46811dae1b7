//! Numbered pages of runs and jobs, as GitLab's dialect lists them.

use std::collections::HashMap;

use model::{Caller, Error, Job, JobId, JobKind, Project, ProjectId, Run, RunId};

use super::{Weir, access};
use crate::auth::Action;
use crate::store::jobs::JobList;
use crate::store::run_pages::{self, RunList};
use crate::store::{Scope, Snapshot, StoreError, jobs, projects, runs};

impl Weir {
    /// A page of runs, without their stages, and how many there are in all, as far as they are counted.
    pub async fn page_of_runs(
        &self,
        caller: &Caller,
        list: RunList,
        offset: u64,
        limit: u32,
    ) -> Result<(Vec<Run>, u64), Error> {
        let caller = caller.clone();
        let page = self.store.read(move |conn| {
            let scope = of_named(conn, &caller, list.filter.project)?;
            run_pages::page(conn, &list, &scope, offset, limit)
        });
        Ok(page.await?)
    }

    /// The names of the branches or tags that a project has now, as far as its repository was fetched.
    pub async fn refs_of(&self, caller: &Caller, project: &Project, tags: bool) -> Result<Vec<String>, Error> {
        let (caller, id) = (caller.clone(), project.id);
        self.store.read(move |conn| access::at_project(conn, &caller, Action::ReadRuns, id, "project")).await?;
        match project.source {
            Some(_) => self.sources.refs(project.id, tags).await,
            // A project without a repository has one, that has no name.
            None => Ok(if tags { Vec::new() } else { vec![String::new()] }),
        }
    }

    /// A page of jobs, newest first, with their runs.
    pub async fn page_of_jobs(
        &self,
        caller: &Caller,
        list: JobList,
        offset: u64,
        limit: u32,
    ) -> Result<Vec<(Job, Run)>, Error> {
        let caller = caller.clone();
        let page = self.store.read(move |conn| {
            let scope = of_named(conn, &caller, list.project)?.narrowed(list.project);
            with_runs(conn, jobs::list(conn, &list, &scope, offset, limit)?)
        });
        Ok(page.await?)
    }

    /// The jobs of a run, of this kind alone where one is named, newest first; earlier attempts on demand. Bridges come
    /// with the run that they started.
    pub async fn jobs_of_run(
        &self,
        caller: &Caller,
        id: RunId,
        kind: Option<JobKind>,
        retried: bool,
    ) -> Result<(Run, Vec<Job>), Error> {
        let caller = caller.clone();
        let found = self.store.read(move |conn| {
            let run = runs::require(conn, id)?;
            access::at_project(conn, &caller, Action::ReadRuns, run.project_id, "run")?;
            let mut of_run = jobs::of_run(conn, id)?;
            of_run.retain(|job| (retried || !job.retried) && kind.is_none_or(|kind| job.kind == kind));
            of_run.sort_by_key(|job| std::cmp::Reverse(job.id));
            Ok((run, of_run))
        });
        Ok(found.await?)
    }

    /// The runs that these jobs started, as far as they are there and the caller may see them.
    pub async fn children_of(&self, caller: &Caller, of: Vec<RunId>) -> Result<HashMap<RunId, Run>, Error> {
        let caller = caller.clone();
        let found = self.store.read(move |conn| {
            let scope = access::scope(conn, &caller, Action::ReadRuns)?;
            let mut found = HashMap::new();
            for id in of {
                if let Some(run) = runs::get(conn, id)?.filter(|run| scope.holds(run.project_id)) {
                    found.insert(id, run);
                }
            }
            Ok(found)
        });
        Ok(found.await?)
    }

    /// The project with this path, uid or number, for who shows its own token.
    pub async fn project_named(&self, name: &str) -> Result<Option<ProjectId>, Error> {
        let name = name.to_owned();
        Ok(self.store.read(move |conn| projects::called(conn, &name)).await?)
    }

    /// The project with this path, uid or number, which the caller sees; what they may do there is asked of each thing.
    pub async fn project_called(&self, caller: &Caller, name: &str) -> Result<Project, Error> {
        let (name, caller) = (name.to_owned(), caller.clone());
        let found = self.store.read(move |conn| match projects::called(conn, &name)? {
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

    /// The run of a job, for who names both.
    pub async fn run_of_job(&self, id: JobId) -> Result<RunId, Error> {
        Ok(self.store.glance(move |conn| Ok(jobs::require(conn, id)?.job.run_id)).await?)
    }

    /// The same of a job.
    pub async fn job_is_in(&self, project: ProjectId, id: JobId) -> Result<(), Error> {
        let found = self.store.read(move |conn| jobs::require(conn, id)).await?;
        (found.job.project_id == project).then_some(()).ok_or_else(|| Error::not_found("job"))
    }
}

/// Jobs with their runs, each of which is looked up once.
fn with_runs(conn: &Snapshot, found: Vec<Job>) -> Result<Vec<(Job, Run)>, StoreError> {
    let mut known: HashMap<RunId, Run> = HashMap::new();
    let mut all = Vec::with_capacity(found.len());
    for job in found {
        let run = match known.get(&job.run_id) {
            Some(run) => run.clone(),
            None => runs::require(conn, job.run_id)?,
        };
        known.entry(run.id).or_insert_with(|| run.clone());
        all.push((job, run));
    }
    Ok(all)
}

/// The projects whose runs a list may have. Of a project that is named, who may not see its runs is told so.
fn of_named(conn: &Snapshot, caller: &Caller, project: Option<ProjectId>) -> Result<Scope, StoreError> {
    if let Some(id) = project {
        access::at_project(conn, caller, Action::ReadRuns, id, "project")?;
    }
    access::scope(conn, caller, Action::ReadRuns)
}
