//! Runs of one pipeline.

use std::collections::HashMap;

use model::plan::Variable;
use model::view::RunView;
use model::{Caller, Error, PipelineId, RunId};

use super::super::{Weir, access};
use crate::auth::Action;
use crate::store::codearts::{self, Part, Wanted};
use crate::store::{Snapshot, StoreError, pipelines, runs};

/// A run with its jobs, and what is told beside.
#[derive(Clone, Debug)]
pub struct Detail {
    /// The run.
    pub view: RunView,
    /// Its stages, and those that it was started without.
    pub parts: Vec<Part>,
    /// What was said of it when it was started.
    pub description: Option<String>,
    /// The uid of who started it.
    pub user: Option<String>,
    /// The variables that it was started with, for who may see them.
    pub variables: Vec<Variable>,
    /// What counts it.
    pub numbers: pipelines::Numbers,
}

/// Which run of a pipeline is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The latest.
    Latest,
    /// The one with this number.
    Number(i64),
    /// The one with this uid.
    Uid(String),
}

/// A part of a pipeline's runs.
#[derive(Clone, Debug, Default)]
pub struct RunsOf {
    /// The runs, each with its stages and those that it was started without.
    pub list: Vec<(model::Run, Vec<Part>)>,
    /// How many there are in all.
    pub total: u64,
    /// Uids of the users who are named, by name.
    pub people: HashMap<String, String>,
}

impl Weir {
    /// A run of a pipeline; one of another pipeline is not found.
    pub async fn run_of(&self, caller: &Caller, pipeline: PipelineId, which: Which) -> Result<Detail, Error> {
        let caller = caller.clone();
        let found = self.store.read(move |conn| {
            let id = resolved(conn, pipeline, &which)?.ok_or_else(|| Error::not_found("run"))?;
            let view = super::super::runs::run_view(conn, id)?;
            access::at_project(conn, &caller, Action::ReadRuns, view.run.project_id, "run")?;
            let parts = codearts::parts(conn, std::iter::once(&view.run), true)?.remove(&id).unwrap_or_default();
            let description = codearts::description(conn, id)?;
            let user = codearts::people(conn, std::iter::once(view.run.user.as_str()))?.remove(&view.run.user);
            let may_see = access::may_see_variables(conn, &caller, &view.run)?;
            let variables = if may_see { runs::variables(conn, id)? } else { Vec::new() };
            let numbers = runs::numbers(conn, id)?;
            Ok(Detail { view, parts, description, user, variables, numbers })
        });
        Ok(found.await?)
    }

    /// Runs of a pipeline.
    pub async fn runs_of(
        &self,
        caller: &Caller,
        pipeline: &model::Pipeline,
        wanted: Wanted,
        offset: u64,
        limit: u32,
    ) -> Result<RunsOf, Error> {
        let (caller, id, project) = (caller.clone(), pipeline.id, pipeline.project_id);
        let found = self.store.read(move |conn| {
            access::at_project(conn, &caller, Action::ReadRuns, project, "pipeline")?;
            let (list, total) = codearts::runs_of(conn, id, &wanted, offset, limit)?;
            let mut parts = codearts::parts(conn, list.iter(), true)?;
            let people = codearts::people(conn, list.iter().map(|run| run.user.as_str()))?;
            let with_parts = |run: model::Run| {
                let of_run = parts.remove(&run.id).unwrap_or_default();
                (run, of_run)
            };
            Ok(RunsOf { list: list.into_iter().map(with_parts).collect(), total, people })
        });
        Ok(found.await?)
    }

    /// The names of those with these uids who started a run of the pipeline; uids of nobody are left out.
    pub async fn starters(&self, pipeline: PipelineId, uids: Vec<String>) -> Result<Vec<String>, Error> {
        let found = self.store.read(move |conn| {
            let names = codearts::starters(conn, pipeline)?;
            let people = codearts::people(conn, names.iter().map(String::as_str))?;
            Ok(people.into_iter().filter(|(_, uid)| uids.contains(uid)).map(|(name, _)| name).collect())
        });
        Ok(found.await?)
    }
}

fn resolved(conn: &Snapshot, pipeline: PipelineId, which: &Which) -> Result<Option<RunId>, StoreError> {
    match which {
        Which::Latest => Ok(codearts::latest(conn, &[pipeline])?.remove(&pipeline).map(|run| run.id)),
        Which::Number(number) => codearts::numbered(conn, pipeline, *number),
        Which::Uid(uid) => {
            let Some(id) = runs::id_of_uid(conn, uid)? else { return Ok(None) };
            let run = runs::require(conn, id)?;
            Ok((run.pipeline_id == Some(pipeline)).then_some(id))
        }
    }
}
