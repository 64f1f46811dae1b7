//! Child runs: what a job with `trigger` starts when its turn has come.

use std::sync::Arc;

use model::plan::{Trigger, Variable};
use model::{Error, FailureReason, JobId, NewRun, Parent, Pipeline, Project, Run, Source};
use pipeline::Files;

use super::pipelines::Given;
use super::{DEFAULT_TIMEOUT, Weir, names, variables};
use crate::scheduler;
use crate::store::runs::Commit;
use crate::store::{Snapshot, StoreError, jobs, pipelines, projects, runs};

/// How deep children stand at most.
const DEPTH: usize = 2;

/// What a child is made from.
struct Seed {
    run: Run,
    project: Project,
    pipeline: Option<Pipeline>,
    commit: Commit,
    trigger: Trigger,
    user: String,
    /// How many runs stand above the new one.
    depth: usize,
    /// The variables that the run above was started with.
    given: Vec<Variable>,
    /// Those of the job, the ones given when it was played last.
    own: Vec<Variable>,
    /// Jobs of the run above whose archives the definition may be taken from, by name.
    archives: Vec<(String, JobId)>,
}

impl Seed {
    /// What is stored of a job that starts a child; `None` when it does not wait for that any more.
    fn read(conn: &Snapshot, id: JobId) -> Result<Option<Self>, StoreError> {
        let stored = jobs::require(conn, id)?;
        let spec = runs::spec(conn, stored.job.run_id, stored.position)?;
        let Some(trigger) = spec.trigger.filter(|_| stored.job.status == model::Status::Pending) else {
            return Ok(None);
        };
        let run = runs::require(conn, stored.job.run_id)?;
        let project = projects::get(conn, run.project_id)?.ok_or_else(|| Error::not_found("project"))?;
        let has_archive = |job: &model::Job| !job.retried && job.artifacts.iter().any(|one| one.kind == "archive");
        Ok(Some(Self {
            pipeline: pipelines::by_key(conn, &run.pipeline_key)?,
            commit: runs::commit(conn, &run)?,
            depth: runs::ancestors(conn, run.id)?.len() + 1,
            given: runs::variables(conn, run.id)?,
            own: spec.variables.into_iter().chain(stored.variables).collect(),
            archives: jobs::of_run(conn, run.id)?
                .into_iter()
                .filter(has_archive)
                .map(|job| (job.name, job.id))
                .collect(),
            user: stored.job.user,
            run,
            project,
            trigger,
        }))
    }

    /// The variables that the child is started with: the job's own, with their values put in, and,
    /// when it says so, those that its run was started with.
    fn variables(&self, predefined: &[Variable]) -> Result<Vec<Variable>, Error> {
        let mut list = Vec::new();
        if self.trigger.forward.yaml_variables {
            for one in &self.own {
                let value = if one.raw {
                    one.value.clone()
                } else {
                    let others: Vec<Variable> = self.own.iter().filter(|other| other.key != one.key).cloned().collect();
                    names::filled(
                        &format!("the variable {}", one.key),
                        &one.value,
                        &[&self.given, &others, predefined],
                    )?
                };
                list.push(Variable { value, ..one.clone() });
            }
        }
        if self.trigger.forward.pipeline_variables {
            list.extend(self.given.iter().cloned());
        }
        Ok(list)
    }
}

impl Weir {
    /// Makes the child runs of the jobs whose turn has come. What cannot be made fails its job, with
    /// the reason.
    pub async fn start_children(&self) -> Result<(), Error> {
        loop {
            let due = self.store.read(jobs::due_bridges).await?;
            if due.is_empty() {
                return Ok(());
            }
            for id in due {
                match self.start_child(id).await {
                    Ok(()) => {}
                    Err((failure, error)) => {
                        let detail = match error.diagnostics.first() {
                            Some(found) => format!("{}:{}: {}", found.file, found.span.line, found.message),
                            None => error.message,
                        };
                        let failed = self.store.write(move |tx| scheduler::bridge::fail(tx, id, failure, detail)).await;
                        match failed {
                            // Somebody canceled it meanwhile.
                            Err(StoreError::Refused(error)) if error.kind == model::ErrorKind::Conflict => {}
                            other => other?,
                        }
                    }
                }
            }
        }
    }

    async fn start_child(&self, id: JobId) -> Result<(), (FailureReason, Error)> {
        let failed = |error: Error| (FailureReason::DownstreamPipelineCreationFailed, error);
        let seed = self.store.read(move |conn| Seed::read(conn, id)).await.map_err(|error| failed(error.into()))?;
        let Some(seed) = seed else { return Ok(()) };
        if seed.depth > DEPTH {
            let error = Error::invalid(format!("child pipelines stand at most {DEPTH} deep"));
            return Err((FailureReason::ReachedMaxDescendantPipelinesDepth, error));
        }
        let pipeline = seed.pipeline.clone().ok_or_else(|| failed(Error::invalid("its pipeline was deleted")))?;
        let parent = Parent { run: seed.run.id, job: id };
        let trigger = variables::Trigger {
            external_url: self.external_url(),
            project: &seed.project,
            commit: &seed.commit,
            source: Source::ParentPipeline,
            user: &seed.user,
            parent: Some(parent),
        };
        let predefined = variables::of_trigger(&trigger);
        // The values of the job's variables are those of its own run.
        let above = variables::Trigger { source: seed.run.source, parent: seed.run.parent, ..trigger };
        let variables = seed.variables(&variables::of_run(&above, &seed.run)).map_err(failed)?;
        let files = self.files_of_child(&seed);
        let mut seen = self.kept_variables(&seed.project, &seed.commit).await.map_err(failed)?;
        seen.extend(variables.iter().cloned());
        let given = Given { variables: seen, predefined, files, ..Given::default() };
        let plan = self.plan_child(seed.trigger.clone(), given).await.map_err(failed)?;
        let new = NewRun {
            variables,
            source: Source::ParentPipeline,
            input_path: seed.run.input_path.clone(),
            external_project: seed.run.external_project.clone(),
            ..NewRun::default()
        };
        let (commit, user) = (seed.commit, seed.user);
        let made = self.store.write(move |tx| {
            let child = runs::insert(tx, &pipeline, &plan, &new, &commit, &user, Some(parent), DEFAULT_TIMEOUT)?;
            scheduler::settle(tx, child, true)?;
            scheduler::bridge::begin(tx, id, child)
        });
        match made.await {
            // Somebody canceled the job meanwhile: then there is no child.
            Err(StoreError::Refused(error)) if error.kind == model::ErrorKind::Conflict => Ok(()),
            other => other.map_err(|error| failed(error.into())),
        }
    }

    /// The files of the commit, and those that jobs of the run above left.
    fn files_of_child(&self, seed: &Seed) -> Arc<dyn Files> {
        Arc::new(self.run_files(seed.project.id, &seed.commit).with_archives(seed.archives.clone()))
    }
}
