//! Child runs: what a job with `trigger` starts when its turn has come.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use model::plan::{PlannedJob, Trigger, TriggerInclude, Variable};
use model::{Error, FailureReason, JobId, NewRun, Parent, Pipeline, Project, Run, RunId, Source};
use pipeline::Files;
use runner::Secrets;

use super::access::Standing;
use super::files::{Sight, Watched};
use super::given::{self, Names};
use super::pipelines::Given;
use super::variables::Person;
use super::{Weir, ci_variables, masked, names, variables};
use crate::artifacts::ARCHIVE;
use crate::auth::Action;
use crate::clock;
use crate::scheduler;
use crate::secrets::keys::KeyRing;
use crate::store::runs::Commit;
use crate::store::{Snapshot, StoreError, jobs, pipelines, projects, runs, schedules, users};

/// How many findings a failed job tells.
const SHOWN: usize = 5;
/// How deep children stand at most.
const DEPTH: usize = 2;

/// What a child is made from.
struct Seed {
    run: Run,
    project: Project,
    pipeline: Option<Pipeline>,
    commit: Commit,
    trigger: Trigger,
    user: Person,
    /// How many runs stand above the new one.
    depth: usize,
    /// The variables that the run above was started with.
    given: Vec<Variable>,
    /// Those of the job, then those that other jobs hand on to it, and those given when it was played.
    own: Vec<Variable>,
    /// What the definition tells the job of itself.
    told: Vec<Variable>,
    /// The address of its environment, not expanded.
    url: Option<String>,
    /// What nobody may see in it.
    secrets: Secrets,
    /// The description of the schedule that started the run above.
    schedule: Option<String>,
    /// Jobs of the run above whose archives the definition may be taken from, by name.
    archives: Vec<(String, JobId)>,
}

impl Seed {
    /// What is stored of a job that starts a child; `None` when it does not wait for that any more.
    fn read(conn: &Snapshot, keys: &KeyRing, id: JobId) -> Result<Option<Self>, StoreError> {
        let stored = jobs::require(conn, id)?;
        let spec = runs::spec(conn, stored.job.run_id, stored.position)?;
        let pending = stored.job.status == model::Status::Pending;
        let Some(trigger) = spec.trigger.clone().filter(|_| pending) else {
            return Ok(None);
        };
        let run = runs::require(conn, stored.job.run_id)?;
        let project = projects::get(conn, run.project_id)?.ok_or_else(|| Error::not_found("project"))?;
        let has_archive = |job: &model::Job| !job.retried && job.artifacts.iter().any(|one| one.kind == ARCHIVE);
        let mut own = spec.variables.clone();
        let of_run = jobs::of_run(conn, run.id)?;
        for job in of_run.iter().filter(|job| !job.retried) {
            if spec.fetches(stored.job.stage_index, &job.name, job.stage_index) {
                let handed_on = jobs::dotenv(conn, job.id)?;
                own.extend(
                    handed_on.into_iter().map(|(key, value)| Variable { raw: true, ..Variable::new(key, value) }),
                );
            }
        }
        let secrets = masked::of_job(conn, keys, &spec, &stored, "")?;
        own.extend(stored.variables);
        let mut archives: Vec<_> =
            of_run.iter().filter(|job| has_archive(job)).map(|job| (job.name.clone(), job.id)).collect();
        // A definition may be among what the instances of a job left.
        for include in &trigger.include {
            let TriggerInclude::Artifact { job: wanted, .. } = include else { continue };
            for id in jobs::instances_called(conn, run.id, wanted)? {
                if of_run.iter().any(|job| job.id == id && job.name != *wanted && has_archive(job)) {
                    archives.push((wanted.clone(), id));
                }
            }
        }
        Ok(Some(Self {
            own,
            told: variables::of_planned(&spec),
            url: spec.environment.and_then(|environment| environment.url),
            secrets,
            pipeline: pipelines::by_key(conn, &run.pipeline_key)?,
            commit: runs::commit(conn, &run)?,
            depth: runs::ancestors(conn, run.id)?.len() + 1,
            given: runs::variables(conn, run.id)?.into_iter().filter(given::is_for_jobs).collect(),
            archives,
            user: variables::person(conn, &stored.job.user)?,
            schedule: schedules::description_for(conn, run.id)?,
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

impl Seed {
    /// A text with the values of variables, but for the one that it is the value of.
    fn filled(&self, what: &str, text: &str, own: &str, predefined: &[Variable]) -> Result<String, Error> {
        let others: Vec<Variable> = self.own.iter().filter(|other| other.key != own).cloned().collect();
        names::filled(what, text, &[&self.given, &others, predefined])
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
                        let detail = told(error);
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
        let keys = self.keys();
        let seed = self.store.read(move |conn| Seed::read(conn, &keys.ring(), id)).await;
        let seed = seed.map_err(|error| failed(error.into()))?;
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
            schedule: None,
        };
        let id_of = pipeline.id;
        let number = self.store.read(move |conn| pipelines::next_number(conn, id_of)).await;
        let number = number.map_err(|error| failed(error.into()))?.unwrap_or(1);
        let mut predefined = variables::of_trigger(&trigger);
        predefined.extend(variables::of_next(number, clock::now()));
        // The values of the job's variables are those of its own run.
        let schedule = seed.schedule.as_deref();
        let above = variables::Trigger { source: seed.run.source, parent: seed.run.parent, schedule, ..trigger };
        let mut of_run = variables::of_run(&above, &seed.run);
        of_run.extend(seed.told.iter().cloned());
        let variables = seed.variables(&of_run).map_err(failed)?;
        given::check(&variables, Names::Any).map_err(failed)?;
        let url = seed.url.as_ref().map(|url| seed.filled("the address of the environment is none", url, "", &of_run));
        let url = url.transpose().map_err(failed)?.map(|url| seed.secrets.mask(&url));
        let asks = Arc::new(AtomicBool::new(false));
        let files = Arc::new(Watched::new(self.files_of_child(&seed), variables::NUMBER, Arc::clone(&asks)));
        let mut seen = self.kept_variables(&seed.project, &seed.commit).await.map_err(failed)?;
        seen.extend(variables.iter().cloned());
        let timeout = seed.project.options.timeout;
        let given = Given { variables: seen, predefined, files, timeout, ..Given::default() };
        let plan = self.plan_child(seed.trigger.clone(), given).await.map_err(failed)?;
        let (wanted, known) = (plan.jobs.clone(), variables.clone());
        let above = seed.run.id;
        self.store
            .read(move |conn| check_parent_needs(conn, above, &wanted, &known))
            .await
            .map_err(|error| failed(error.into()))?;
        let new = NewRun {
            variables,
            source: Source::ParentPipeline,
            input_path: seed.run.input_path.clone(),
            external_project: seed.run.external_project.clone(),
            ..NewRun::default()
        };
        let (commit, user) = (seed.commit, seed.user);
        let protected = ci_variables::is_protected(&seed.project, &commit);
        let made = self.store.write(move |tx| {
            // Another run took the number that the definition asked for: the job's turn comes again.
            if asks.load(Ordering::Relaxed) && pipelines::next_number(tx.conn(), pipeline.id)? != Some(number) {
                return Ok(());
            }
            let child =
                runs::insert(tx, &pipeline, &plan, &new, &commit, &user.name, Some(parent), timeout, protected)?;
            scheduler::settle(tx, child, true)?;
            scheduler::bridge::begin(tx, id, child, url.as_deref())
        });
        match made.await {
            // Somebody canceled the job meanwhile: then there is no child.
            Err(StoreError::Refused(error)) if error.kind == model::ErrorKind::Conflict => Ok(()),
            other => other.map_err(|error| failed(error.into())),
        }
    }

    /// The files of the commit, and those that jobs of the run above left.
    fn files_of_child(&self, seed: &Seed) -> Arc<dyn Files> {
        let user = seed.user.name.clone();
        let sight: Sight = Arc::new(move |conn, project| {
            let user = users::by_name(conn, &user)?.filter(|user| user.is_active);
            Ok(Standing::of_user(conn, user.as_ref())?.in_project(project, Action::ReadRuns).allowed)
        });
        Arc::new(self.run_files(seed.project.id, &seed.commit, sight).with_archives(seed.archives.clone()))
    }
}

/// What went wrong, every finding of it.
fn told(error: Error) -> String {
    let place = |found: &model::Diagnostic| {
        // The names of its files stand in no file.
        if found.file == pipeline::CHILD {
            return found.message.clone();
        }
        format!("{}:{}:{}: {}", found.file, found.span.line, found.span.column, found.message)
    };
    let errors = error.diagnostics.iter().filter(|found| found.severity == model::Severity::Error);
    let mut all: Vec<String> = errors.map(place).collect();
    if all.is_empty() {
        return error.message;
    }
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    let rest = if more > 0 { format!("; and {more} more") } else { String::new() };
    all.join("; ") + &rest
}

/// Refuses jobs that need what the runs above do not have (`needs:pipeline`).
fn check_parent_needs(
    conn: &Snapshot,
    parent: RunId,
    wanted: &[Arc<PlannedJob>],
    variables: &[Variable],
) -> Result<(), StoreError> {
    let mut above = vec![parent];
    above.extend(runs::ancestors(conn, parent)?);
    for job in wanted {
        for need in job.parent_needs.iter().filter(|need| !need.optional) {
            let lists: [&[Variable]; 2] = [variables, &job.variables];
            let number = names::filled("the needed pipeline", &need.pipeline, &lists)?;
            let Some(run) = number.parse::<RunId>().ok().filter(|id| above.contains(id)) else {
                let text = format!("'{}' needs a job of pipeline {number:?}, which is none above it", job.name);
                return Err(Error::invalid(text).into());
            };
            if jobs::instances_called(conn, run, &need.job)?.is_empty() {
                let text = format!("'{}' needs '{}' of run {run}, which has no such job", job.name, need.job);
                return Err(Error::invalid(text).into());
            }
        }
    }
    Ok(())
}
