//! Definitions looked through as GitLab's `ci/lint` does: errors, the merged text, the jobs.

use std::sync::Arc;

use model::plan::PlannedJob;
use model::{Caller, Cause, Error, NewRun, Project, Severity, Source};

use super::definition::{Fetch, Meant};
use super::pipelines::{Given, Kept, only_asks};
use super::{Weir, access};
use crate::auth::Action;
use crate::store::runs::Commit;
use crate::store::{Scope, pipelines};

/// What is to be looked through, and how.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The text; `None`: the project's own definition.
    pub content: Option<String>,
    /// The branch, tag or commit whose files it includes, and for which it is evaluated; `None`: the default branch.
    pub git_ref: Option<String>,
    /// Whether there has to be a run that could be made of it.
    pub dry_run: bool,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Linted {
    /// Whether it is good.
    pub valid: bool,
    /// What is wrong.
    pub errors: Vec<String>,
    /// What is surely not meant.
    pub warnings: Vec<String>,
    /// The whole definition as one text.
    pub merged: Option<String>,
    /// The files that it includes.
    pub includes: Vec<String>,
    /// Its jobs; of a dry run those alone that the run would have.
    pub jobs: Vec<Arc<PlannedJob>>,
    /// The commit whose files it includes; empty without a repository.
    pub sha: String,
}

impl Linted {
    fn refused(text: &str) -> Self {
        Self { errors: vec![text.to_owned()], ..Self::default() }
    }

    fn new(outcome: pipeline::Outcome, dry_run: bool, sha: String) -> Self {
        let valid = if dry_run { outcome.plan.is_some() } else { outcome.valid || only_asks(&outcome) };
        let told = |severity: Severity| {
            let found = outcome.diagnostics.iter().filter(move |found| found.severity == severity);
            found.map(ToString::to_string).collect::<Vec<_>>()
        };
        // That no run can be made of it now is no fault of the text.
        let errors = if valid { Vec::new() } else { told(Severity::Error) };
        let warnings = told(Severity::Warning);
        let jobs = outcome.jobs.into_iter().filter(|job| !dry_run || job.excluded.is_none()).map(|job| job.job);
        let jobs = if valid { jobs.collect() } else { Vec::new() };
        Self { valid, errors, warnings, merged: outcome.merged, includes: outcome.includes, jobs, sha }
    }
}

impl Weir {
    /// Looks a text through that belongs to no project.
    pub async fn lint_alone(&self, caller: &Caller, text: String) -> Result<Linted, Error> {
        let by = caller.clone();
        self.store.read(move |conn| access::at_instance(conn, &by, Action::ReadOwnAccount)).await?;
        let outcome = self.evaluate_as(text, Given::default(), true).await?;
        Ok(Linted::new(outcome, false, String::new()))
    }

    /// Looks a text through as the definition of a project, or the project's own.
    pub async fn lint_in_project(&self, caller: &Caller, project: &Project, wanted: Wanted) -> Result<Linted, Error> {
        let (by, id) = (caller.clone(), project.id);
        let found = self.store.read(move |conn| {
            access::at_project(conn, &by, Action::Lint, id, "project")?;
            pipelines::list(conn, &Scope::Of(vec![id]))
        });
        let found = found.await?;
        let own = found.iter().find(|pipeline| pipeline.definition.is_none()).or(found.first());
        let git_ref = wanted.git_ref.as_deref().filter(|name| project.source.is_some() || *name != "main");
        let none = "Please provide content of .gitlab-ci.yml";
        let found = match own {
            Some(pipeline) => {
                self.definition_of(pipeline, project, Meant { git_ref, commit: None }, Fetch::IfUnknown).await
            }
            None => Ok((Commit::default(), None)),
        };
        let (commit, kept) = match found {
            Ok(found) => found,
            Err(error) if error.cause == Some(Cause::UnknownRef) => return Ok(Linted::refused("Reference not found")),
            // A repository that cannot be read has no files; the text may need none.
            Err(_) if wanted.content.is_some() => (Commit::default(), None),
            Err(error) => return Ok(Linted::refused(&error.message)),
        };
        let Some(text) = wanted.content.or(kept) else { return Ok(Linted::refused(none)) };
        let new = NewRun { source: Source::Api, ..NewRun::default() };
        let given = self.given_for(caller, project, &commit, &new, 1, Kept::IfReadable).await?;
        let outcome = self.evaluate_as(text, given, true).await?;
        Ok(Linted::new(outcome, wanted.dry_run, commit.sha))
    }
}
