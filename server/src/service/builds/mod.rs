//! What CodeArts' Build asks: pipelines as jobs that are built again and again, and their runs as builds.

mod history;
mod log;
mod start;

use model::{Caller, Error, Pipeline, Project, Uid};

use super::access::{self, Standing};
use super::{Weir, projects::shown};
use crate::auth::Action;
use crate::store::builds::{self, Build};
use crate::store::{Scope, Snapshot, StoreError, pipelines, projects, users};

pub use history::{BuildDetails, BuildPage};
pub use log::{LogPiece, RunLog, TextPiece};
pub use start::BuildWish;

/// Somebody who made or started something.
#[derive(Clone, Debug)]
pub struct Person {
    /// The name to sign in with.
    pub name: String,
    /// What people call them.
    pub full_name: String,
    /// Opaque name of the account; made of the name where there is none, or none any more.
    pub uid: Uid,
}

/// What the caller may do with a build job, by the policy table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is one answer of the table")]
pub struct Rights {
    /// Start it.
    pub execute: bool,
    /// Change its definition.
    pub modify: bool,
    /// Delete it.
    pub delete: bool,
    /// Make another of it.
    pub copy: bool,
    /// Disable it, and enable it again.
    pub forbid: bool,
    /// Change the settings of its project.
    pub manage: bool,
    /// See its builds.
    pub view: bool,
}

/// A pipeline as a build job.
#[derive(Clone, Debug)]
pub struct BuildJob {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// Its project, as the caller sees it.
    pub project: Project,
    /// The newest build.
    pub last: Option<Build>,
    /// The newest build that went well, failed or was canceled.
    pub last_ended: Option<Build>,
    /// Who made it.
    pub creator: Option<Person>,
    /// Who started the newest build.
    pub executor: Option<Person>,
    /// Percent of the newest builds that went well; 0 before there was one.
    pub health: u32,
    /// What the caller may.
    pub rights: Rights,
}

/// What a list of build jobs is narrowed to, and in which order it comes.
#[derive(Clone, Debug, Default)]
pub struct BuildJobFilter {
    /// Part of the name, in whatever case.
    pub search: Option<String>,
    /// Opaque name of who made it.
    pub creator: Option<String>,
    /// Where the newest build has to stand.
    pub state: Option<BuildState>,
    /// What it is sorted by.
    pub sort: SortBy,
    /// The largest first.
    pub descending: bool,
    /// How many are left out.
    pub offset: u64,
    /// At most this many.
    pub limit: u32,
}

/// What build jobs are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortBy {
    /// Name.
    #[default]
    Name,
    /// When the job was made.
    Created,
    /// When the newest build was started.
    LastBuild,
}

/// Where a job stands by its newest build.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuildState {
    /// It was never built, or the build had nothing to do.
    None,
    /// It has not come to an end.
    Building,
    /// It went well.
    Good,
    /// It failed.
    Failed,
    /// It failed because it took too long.
    TimedOut,
    /// It was canceled.
    Aborted,
}

impl BuildState {
    /// That of a build.
    pub fn of(build: Option<&Build>) -> Self {
        use model::Status;
        let Some(build) = build else { return Self::None };
        match build.run.status {
            Status::Success => Self::Good,
            Status::Failed if build.timed_out => Self::TimedOut,
            Status::Failed => Self::Failed,
            Status::Canceled => Self::Aborted,
            Status::Skipped => Self::None,
            _ => Self::Building,
        }
    }
}

impl Weir {
    /// A build job by the opaque name of its pipeline.
    pub async fn build_job(&self, caller: &Caller, uid: &str) -> Result<BuildJob, Error> {
        let (uid, caller) = (uid.to_owned(), caller.clone());
        let found = self.store.read(move |conn| {
            let (pipeline, project) = visible(conn, &caller, &uid, Action::ReadRuns)?;
            build_job(conn, &Standing::of(conn, &caller)?, pipeline, project)
        });
        Ok(found.await?)
    }

    /// The build jobs of a project, and how many fit the filter in all.
    pub async fn build_jobs(
        &self,
        caller: &Caller,
        project: &str,
        filter: BuildJobFilter,
    ) -> Result<(Vec<BuildJob>, u64), Error> {
        let (wanted, caller) = (project.to_owned(), caller.clone());
        let found = self.store.read(move |conn| {
            let project = projects::by_uid(conn, &wanted)?.ok_or_else(|| Error::not_found("project"))?;
            access::at_project(conn, &caller, Action::ReadRuns, project.id, "project")?;
            let standing = Standing::of(conn, &caller)?;
            let mut all = pipelines::list(conn, &Scope::Of(vec![project.id]))?;
            if let Some(text) = filter.search.as_deref().map(str::to_lowercase) {
                all.retain(|pipeline| pipeline.name.to_lowercase().contains(&text));
            }
            if let Some(creator) = &filter.creator {
                let mut kept = Vec::new();
                for pipeline in all {
                    let by = creator_of(conn, &pipeline)?;
                    if by.is_some_and(|by| by.uid.as_str() == creator) {
                        kept.push(pipeline);
                    }
                }
                all = kept;
            }
            let mut all: Vec<(Pipeline, Option<Build>)> = if filter.state.is_some() || filter.sort == SortBy::LastBuild
            {
                let with_last = |pipeline: Pipeline| {
                    let last = builds::last(conn, pipeline.id)?;
                    Ok((pipeline, last))
                };
                all.into_iter().map(with_last).collect::<Result<_, StoreError>>()?
            } else {
                all.into_iter().map(|pipeline| (pipeline, None)).collect()
            };
            if let Some(state) = filter.state {
                all.retain(|(_, last)| BuildState::of(last.as_ref()) == state);
            }
            // By name it comes already, and of equals the first in that order stays the first. Two can be made in
            // one millisecond: their numbers tell which was first.
            match filter.sort {
                SortBy::Name => {}
                SortBy::Created => all.sort_by_key(|(pipeline, _)| (pipeline.created_at, pipeline.id)),
                SortBy::LastBuild => all.sort_by_key(|(_, last)| last.as_ref().map(|build| build.run.id)),
            }
            if filter.descending {
                all.reverse();
            }
            let total = all.len() as u64;
            let skipped = usize::try_from(filter.offset).unwrap_or(usize::MAX);
            let page = all.into_iter().skip(skipped).take(filter.limit as usize);
            let page = page.map(|(pipeline, _)| build_job(conn, &standing, pipeline, project.clone()));
            Ok((page.collect::<Result<Vec<_>, StoreError>>()?, total))
        });
        Ok(found.await?)
    }
}

/// The pipeline of a build job in whose project the caller may do this.
fn visible(conn: &Snapshot, caller: &Caller, uid: &str, action: Action) -> Result<(Pipeline, Project), StoreError> {
    let pipeline = pipelines::by_uid(conn, uid)?.ok_or_else(|| Error::not_found("job"))?;
    access::at_project(conn, caller, action, pipeline.project_id, "job")?;
    let project = projects::require(conn, pipeline.project_id)?;
    Ok((pipeline, project))
}

fn build_job(
    conn: &Snapshot,
    standing: &Standing,
    pipeline: Pipeline,
    project: Project,
) -> Result<BuildJob, StoreError> {
    let may = |action| standing.in_project(&project, action).allowed;
    let rights = Rights {
        execute: may(Action::StartRun),
        modify: may(Action::ChangePipeline),
        delete: may(Action::ChangePipeline),
        copy: may(Action::ChangePipeline),
        forbid: may(Action::ChangePipeline),
        manage: may(Action::ProjectSettings),
        view: may(Action::ReadRuns),
    };
    let last = builds::last(conn, pipeline.id)?;
    let last_ended = match &last {
        Some(build) if build.run.status.is_final() => Some(build.clone()),
        Some(_) => builds::last_ended(conn, pipeline.id)?,
        None => None,
    };
    Ok(BuildJob {
        executor: last.as_ref().map(|build| person(conn, &build.run.user)).transpose()?,
        creator: creator_of(conn, &pipeline)?,
        health: health(builds::health(conn, pipeline.id)?),
        project: shown(standing, project),
        pipeline,
        last,
        last_ended,
        rights,
    })
}

/// Percent of the judged builds that went well, rounded down.
fn health((good, bad): (u32, u32)) -> u32 {
    (100 * good).checked_div(good + bad).unwrap_or(0)
}

fn creator_of(conn: &Snapshot, pipeline: &Pipeline) -> Result<Option<Person>, StoreError> {
    pipeline.creator.as_deref().map(|name| person(conn, name)).transpose()
}

fn person(conn: &Snapshot, name: &str) -> Result<Person, StoreError> {
    Ok(match users::by_name(conn, name)? {
        Some(user) => Person { name: user.name, full_name: user.full_name, uid: user.uid },
        None => Person { name: name.to_owned(), full_name: name.to_owned(), uid: users::uid_of_name(name) },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_is_the_part_that_went_well() {
        let cases = [((0, 0), 0), ((5, 0), 100), ((0, 5), 0), ((2, 1), 66), ((1, 2), 33), ((3, 2), 60), ((1, 0), 100)];
        for (counts, percent) in cases {
            assert_eq!(health(counts), percent, "{counts:?}");
        }
    }
}
