//! What became of a job's builds.

use model::plan::Variable;
use model::{Caller, Error, Job, Pipeline, Project, Timestamp};

use super::{Person, Standing, Weir, access, health, person, visible};
use crate::auth::Action;
use crate::service::projects::shown;
use crate::store::builds::{self, Build, Span};
use crate::store::runs::CommitDetails;
use crate::store::{Snapshot, StoreError, jobs, runs};

/// A page of a job's builds, newest first.
#[derive(Clone, Debug)]
pub struct BuildPage {
    /// The job's project, as the caller sees it.
    pub project: Project,
    /// The builds, each with who started it and what is known of its commit.
    pub builds: Vec<(Build, Person, CommitDetails)>,
    /// How many there are in all.
    pub total: u64,
    /// Percent of the newest builds that went well.
    pub health: u32,
}

/// A build with all that is told of it.
#[derive(Clone, Debug)]
pub struct BuildDetails {
    /// The job.
    pub pipeline: Pipeline,
    /// Its project, as the caller sees it.
    pub project: Project,
    /// The build.
    pub build: Build,
    /// Who started it.
    pub executor: Person,
    /// What is known of its commit.
    pub commit: CommitDetails,
    /// The latest attempts at its jobs, in the order of the definition.
    pub jobs: Vec<Job>,
    /// What it was started with, for who may see that.
    pub parameters: Option<Vec<Variable>>,
}

impl Weir {
    /// The builds of a job that were started within a time.
    pub async fn builds(
        &self,
        caller: &Caller,
        uid: &str,
        (from, to): (Timestamp, Timestamp),
        offset: u64,
        limit: u32,
    ) -> Result<BuildPage, Error> {
        let (uid, caller) = (uid.to_owned(), caller.clone());
        let found = self.store.read(move |conn| {
            let (pipeline, project) = visible(conn, &caller, &uid, Action::ReadRuns)?;
            let (found, total) = builds::page(conn, pipeline.id, Span { from, to }, offset, limit)?;
            let told = |build: Build| {
                let (executor, commit) = (person(conn, &build.run.user)?, runs::commit(conn, &build.run)?.details);
                Ok((build, executor, commit))
            };
            Ok(BuildPage {
                project: shown(&Standing::of(conn, &caller)?, project),
                builds: found.into_iter().map(told).collect::<Result<_, StoreError>>()?,
                total,
                health: health(builds::health(conn, pipeline.id)?),
            })
        });
        Ok(found.await?)
    }

    /// A build of a job by its number.
    pub async fn build(&self, caller: &Caller, uid: &str, number: i64) -> Result<BuildDetails, Error> {
        let (uid, caller) = (uid.to_owned(), caller.clone());
        let found = self.store.read(move |conn| {
            let (pipeline, project) = visible(conn, &caller, &uid, Action::ReadRuns)?;
            let build = numbered(conn, &pipeline, number)?;
            let mut of_run = jobs::of_run(conn, build.run.id)?;
            of_run.retain(|job| !job.retried);
            let may_see = access::may_see_variables(conn, &caller, &build.run)?;
            Ok(BuildDetails {
                project: shown(&Standing::of(conn, &caller)?, project),
                executor: person(conn, &build.run.user)?,
                commit: runs::commit(conn, &build.run)?.details,
                parameters: may_see.then(|| runs::variables(conn, build.run.id)).transpose()?,
                jobs: of_run,
                pipeline,
                build,
            })
        });
        Ok(found.await?)
    }

    /// What a build was started with, for who may see that.
    pub async fn build_parameters(&self, caller: &Caller, uid: &str, number: i64) -> Result<Vec<Variable>, Error> {
        let (uid, caller) = (uid.to_owned(), caller.clone());
        let found = self.store.read(move |conn| {
            let (pipeline, project) = visible(conn, &caller, &uid, Action::ReadRuns)?;
            let build = numbered(conn, &pipeline, number)?;
            let is_own = build.run.user == caller.user;
            let action = if is_own { Action::ReadOwnRunVariables } else { Action::ReadRunVariables };
            access::at_project(conn, &caller, action, project.id, "build")?;
            runs::variables(conn, build.run.id)
        });
        Ok(found.await?)
    }
}

/// The build of a pipeline that has this number.
pub(super) fn numbered(conn: &Snapshot, pipeline: &Pipeline, number: i64) -> Result<Build, StoreError> {
    builds::by_number(conn, pipeline.id, number)?.ok_or_else(|| Error::not_found("build").into())
}
