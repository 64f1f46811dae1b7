//! Pipelines: definitions, their diagnostics and plans.

use std::collections::HashMap;
use std::sync::Arc;

use app::service::NewPipeline;
use model::options::DEFINITION_FILE;
use model::plan::{Inputs, Plan, Trigger, Variable};
use model::view::{LintView, PipelineView, PlanJob, PlanStage, RunFilter};
use model::{Caller, Cause, Error, NewRun, Pipeline, PipelineKey, Project, ProjectId, Source};
use pipeline::{Files, NoFiles};

use super::definition::{Definition, Fetch, Meant};
use super::files::{CommitFiles, Others, RunFiles, Sight};
use super::unserved::refuse_unserved;
use super::{
    DEFAULT_TIMEOUT, Weir, access, audit, given, names, projects::resolve, source::definition_file, variables,
};
use crate::auth::Action;
use crate::clock;
use crate::store::pipelines::Draft;
use crate::store::runs::Commit;
use crate::store::{Scope, Snapshot, jobs, pipelines, projects, runs};

/// What a change of a pipeline replaces; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The name.
    pub name: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The stored definition.
    pub definition: Option<String>,
    /// Whether it starts no runs.
    pub disabled: Option<bool>,
}

impl Weir {
    pub(super) async fn list_pipelines(&self, caller: &Caller) -> Result<Vec<Pipeline>, Error> {
        let caller = caller.clone();
        let list = self.store.read(move |conn| {
            let scope = access::scope_of_page(conn, &caller, Action::ReadProject)?;
            pipelines::list(conn, &scope)
        });
        Ok(list.await?)
    }

    /// The pipeline that is meant where only a project is named: the one of the project's own definition, or the only
    /// one there is.
    pub async fn pipeline_of_project(&self, caller: &Caller, project: ProjectId) -> Result<PipelineKey, Error> {
        let caller = caller.clone();
        let found = self.store.read(move |conn| {
            access::at_project(conn, &caller, Action::StartRun, project, "project")?;
            pipelines::list(conn, &Scope::Of(vec![project]))
        });
        Ok(meant(&found.await?)?.key.clone())
    }

    /// A pipeline alone.
    pub async fn read_pipeline_only(&self, caller: &Caller, key: &PipelineKey) -> Result<Pipeline, Error> {
        Ok(self.pipeline_with_project(caller, key, Action::ReadProject).await?.0)
    }

    pub(super) async fn read_pipeline(&self, caller: &Caller, key: &PipelineKey) -> Result<PipelineView, Error> {
        let (wanted, by) = (key.clone(), caller.clone());
        let (pipeline, (project, shown), last, durations, number, seq) = self
            .store
            .read(move |conn| {
                let pipeline = pipelines::by_key(conn, &wanted)?.ok_or_else(|| Error::not_found("pipeline"))?;
                let project = projects::get(conn, pipeline.project_id)?.ok_or_else(|| Error::not_found("project"))?;
                access::at_project(conn, &by, Action::ReadProject, project.id, "pipeline")?;
                let shown = super::projects::shown(&access::Standing::of(conn, &by)?, project.clone());
                let seen = access::scope(conn, &by, Action::ReadRuns)?;
                let filter = RunFilter { pipeline: Some(wanted), limit: Some(20), ..RunFilter::default() };
                let mut last = runs::list(conn, &filter, &seen)?;
                last.truncate(20);
                let durations = jobs::last_durations(conn, pipeline.id)?;
                let number = pipelines::next_number(conn, pipeline.id)?.unwrap_or(1);
                Ok((pipeline, (project, shown), last, durations, number, runs::seq(conn)?))
            })
            .await?;
        // Who only looks does not send the server out.
        let (by, id) = (caller.clone(), project.id);
        let starts = move |conn: &Snapshot| access::at_project(conn, &by, Action::StartRun, id, "pipeline");
        let fetch = if self.store.read(starts).await.is_ok() { Fetch::Now } else { Fetch::IfUnknown };
        let (definition, lint) = match self.definition_of(&pipeline, &project, Meant::default(), fetch).await {
            Ok((commit, Some(text))) => {
                // The plan of the run that a press of the button starts.
                let new = NewRun { source: Source::Web, ..NewRun::default() };
                let given = self.given_for(caller, &project, &commit, &new, number, Kept::IfReadable).await?;
                (Some(text.clone()), lint_view(self.evaluate(text, given).await?, &durations))
            }
            Ok((_, None)) => (None, problem(format!("the project has no {}", definition_file(&project)))),
            Err(error) => (None, problem(error.message)),
        };
        Ok(PipelineView {
            seq,
            pipeline,
            project: shown,
            definition,
            diagnostics: lint.diagnostics,
            plan: lint.plan,
            excluded: lint.excluded,
            variables: lint.variables,
            inputs: lint.inputs,
            runs: last,
        })
    }

    pub(super) async fn make_pipeline(&self, caller: &Caller, new: NewPipeline) -> Result<Pipeline, Error> {
        let key: PipelineKey = new.key.parse().map_err(|e| Error::invalid(format!("{e}")))?;
        let name = if new.name.trim().is_empty() { key.as_str().to_owned() } else { new.name };
        check_texts(&name, &new.description)?;
        if let Some(text) = &new.definition {
            // First whether the caller may at all: checking a definition fetches what it includes.
            let project = if let Some(wanted) = new.project.clone() {
                Some(self.project_for(caller, &wanted, Action::ChangePipeline).await?)
            } else {
                self.may_make_pipeline(caller, None).await?;
                None
            };
            self.check(caller, text.clone(), project.as_ref()).await?;
        }
        let draft = Draft { key, name, description: new.description, definition: new.definition, disabled: false };
        let caller = caller.clone();
        let pipeline = self.store.write(move |tx| {
            let project = resolve(tx, &caller, new.project.as_deref())?;
            access::at_project(tx.conn(), &caller, Action::ChangePipeline, project.id, "project")?;
            if draft.definition.is_none() && project.source.is_none() {
                return Err(Error::invalid(format!(
                    "the pipeline needs a definition: its project {} has no source to read {DEFINITION_FILE} from",
                    project.path
                ))
                .into());
            }
            audit::of_project(tx, &caller, "pipeline.create", project.id, &format!("pipeline {}", draft.key), vec![]);
            pipelines::insert(tx, &project, &draft, &caller.user)
        });
        Ok(pipeline.await?)
    }

    /// Changes a pipeline; a definition with errors is refused with its diagnostics.
    pub async fn change_pipeline(
        &self,
        caller: &Caller,
        key: &PipelineKey,
        changes: Changes,
    ) -> Result<Pipeline, Error> {
        let (_, project) = self.pipeline_with_project(caller, key, Action::ChangePipeline).await?;
        if let Some(text) = &changes.definition {
            self.check(caller, text.clone(), Some(&project)).await?;
        }
        let (key, caller) = (key.clone(), caller.clone());
        let pipeline = self.store.write(move |tx| {
            let old = pipelines::by_key(tx.conn(), &key)?.ok_or_else(|| Error::not_found("pipeline"))?;
            let before = old.clone();
            let draft = Draft {
                key,
                name: changes.name.unwrap_or(old.name),
                description: changes.description.unwrap_or(old.description),
                definition: changes.definition.or(old.definition),
                disabled: changes.disabled.unwrap_or(old.disabled),
            };
            check_texts(&draft.name, &draft.description)?;
            access::at_project(tx.conn(), &caller, Action::ChangePipeline, old.project_id, "pipeline")?;
            audit::of_project(
                tx,
                &caller,
                "pipeline.change",
                old.project_id,
                &format!("pipeline {}", draft.key),
                audit::of_pipeline(&before, &draft),
            );
            pipelines::update(tx, &draft)
        });
        Ok(pipeline.await?)
    }

    pub(super) async fn remove_pipeline(&self, caller: &Caller, key: &PipelineKey) -> Result<(), Error> {
        let (key, caller) = (key.clone(), caller.clone());
        let deleted = self.store.write(move |tx| {
            let pipeline = pipelines::by_key(tx.conn(), &key)?.ok_or_else(|| Error::not_found("pipeline"))?;
            let project = pipeline.project_id;
            access::at_project(tx.conn(), &caller, Action::ChangePipeline, project, "pipeline")?;
            audit::of_project(tx, &caller, "pipeline.delete", project, &format!("pipeline {key}"), vec![]);
            pipelines::delete(tx, &key)
        });
        Ok(deleted.await?)
    }

    /// Looks through a text as if it were the definition of that pipeline.
    pub(super) async fn lint_text(
        &self,
        caller: &Caller,
        text: String,
        of: Option<&PipelineKey>,
    ) -> Result<LintView, Error> {
        let Some(key) = of else {
            // Without a project there are no files: whoever is signed in may ask.
            let by = caller.clone();
            self.store.read(move |conn| access::at_instance(conn, &by, Action::ReadOwnAccount)).await?;
            let files = self.newest_files(caller, None).await;
            return Ok(lint_view(self.evaluate(text, Given { files, ..Given::default() }).await?, &HashMap::new()));
        };
        let (pipeline, project) = self.pipeline_with_project(caller, key, Action::Lint).await?;
        let (durations, number) = self.known_of(&pipeline).await?;
        // Asked for at every pause in typing: what was fetched for the page will do.
        let commit = match &project.source {
            Some(source) => self.sources.resolve_known(&project, source, None).await.unwrap_or_default(),
            None => Commit::default(),
        };
        let new = NewRun { source: Source::Web, ..NewRun::default() };
        let given = self.given_for(caller, &project, &commit, &new, number, Kept::IfReadable).await?;
        Ok(lint_view(self.evaluate(text, given).await?, &durations))
    }

    /// How long the jobs of a pipeline took the last time, and the number that its next run gets.
    async fn known_of(&self, pipeline: &Pipeline) -> Result<(HashMap<String, i64>, i64), Error> {
        let id = pipeline.id;
        let found = move |conn: &Snapshot| Ok((jobs::last_durations(conn, id)?, pipelines::next_number(conn, id)?));
        let (durations, number) = self.store.read(found).await?;
        Ok((durations, number.unwrap_or(1)))
    }

    /// What a run started like this would be.
    pub(super) async fn preview_run(&self, caller: &Caller, key: &PipelineKey, new: NewRun) -> Result<LintView, Error> {
        super::runs::check_new(&new)?;
        let (pipeline, project) = self.pipeline_with_project(caller, key, Action::StartRun).await?;
        let (durations, number) = self.known_of(&pipeline).await?;
        let wanted = Meant { git_ref: new.git_ref.as_deref(), commit: None };
        let (commit, text) = match self.definition_of(&pipeline, &project, wanted, Fetch::IfUnknown).await {
            Ok((commit, Some(text))) => {
                self.may_start(caller, &project, &commit).await?;
                (commit, text)
            }
            Ok((_, None)) => return Ok(problem(format!("the project has no {}", definition_file(&project)))),
            Err(error) => return Ok(problem(error.message)),
        };
        let given = self.given_for(caller, &project, &commit, &new, number, Kept::IfReadable).await?;
        Ok(lint_view(self.evaluate(text, given).await?, &durations))
    }

    /// What the definition of a run that is started like this, and gets this number, is evaluated with.
    pub(super) async fn given_for(
        &self,
        caller: &Caller,
        project: &Project,
        commit: &Commit,
        new: &NewRun,
        number: i64,
        kept: Kept,
    ) -> Result<Given, Error> {
        let name = caller.user.clone();
        let user = self.store.read(move |conn| variables::person(conn, &name)).await?;
        let trigger = variables::Trigger {
            external_url: self.external_url(),
            project,
            commit,
            source: new.source,
            user: &user,
            parent: None,
            schedule: new.schedule.as_ref().map(|(_, description)| description.as_str()),
        };
        // Those that are kept beat the definition, and those of the run beat them.
        let mut variables = match kept {
            Kept::Used => self.kept_variables(project, commit).await?,
            Kept::IfReadable => {
                let (by, id) = (caller.clone(), project.id);
                let asked = move |conn: &Snapshot| access::at_project(conn, &by, Action::ReadVariables, id, "project");
                match self.store.read(asked).await {
                    Ok(()) => self.kept_variables(project, commit).await?,
                    Err(_) => Vec::new(),
                }
            }
        };
        variables.extend(new.variables.iter().filter(|one| given::is_for_jobs(one)).cloned());
        let mut predefined = variables::of_trigger(&trigger);
        predefined.extend(variables::of_next(number, clock::now()));
        Ok(Given {
            variables,
            predefined,
            inputs: new.inputs.clone(),
            files: self.files_at(project.id, commit, sight_of(caller)),
            timeout: project.options.timeout,
        })
    }

    /// Refuses who may not make and change pipelines of a project (`None`: the one that pipelines without one belong
    /// to). Asked before a definition is looked at, which fetches what it includes.
    pub(super) async fn may_make_pipeline(&self, caller: &Caller, project: Option<ProjectId>) -> Result<(), Error> {
        let caller = caller.clone();
        let asked = move |conn: &Snapshot| match project {
            Some(id) => access::at_project(conn, &caller, Action::ChangePipeline, id, "project"),
            None => super::projects::may_use_default(conn, &caller),
        };
        Ok(self.store.read(asked).await?)
    }

    /// A pipeline and its project, in which the caller may do this.
    pub(super) async fn pipeline_with_project(
        &self,
        caller: &Caller,
        key: &PipelineKey,
        action: Action,
    ) -> Result<(Pipeline, Project), Error> {
        let (key, caller) = (key.clone(), caller.clone());
        let found = self.store.read(move |conn| {
            let pipeline = pipelines::by_key(conn, &key)?.ok_or_else(|| Error::not_found("pipeline"))?;
            let project = projects::require(conn, pipeline.project_id)?;
            access::at_project(conn, &caller, action, project.id, "pipeline")?;
            Ok((pipeline, project))
        });
        Ok(found.await?)
    }

    /// Refuses a text with errors. One that makes no run without further variables is fine. `project` is
    /// the one whose files it includes.
    pub(super) async fn check(&self, caller: &Caller, text: String, project: Option<&Project>) -> Result<(), Error> {
        let files = self.newest_files(caller, project).await;
        let outcome = self.evaluate(text, Given { files, ..Given::default() }).await?;
        if outcome.valid || only_asks(&outcome) { Ok(()) } else { Err(Error::definition(outcome.diagnostics)) }
    }

    /// The plan of a text; its diagnostics as an error.
    pub(super) async fn plan(&self, text: String, given: Given) -> Result<Plan, Error> {
        let (variables, predefined) = (given.variables.clone(), given.predefined.clone());
        made(self.evaluate(text, given).await?, &variables, &predefined)
    }

    /// The plan of what a job with `trigger` starts; its diagnostics as an error.
    pub(super) async fn plan_child(&self, trigger: Trigger, given: Given) -> Result<Plan, Error> {
        let (variables, predefined) = (given.variables.clone(), given.predefined.clone());
        let served = self.served();
        let work = move || {
            let mut outcome = pipeline::plan_child(&trigger, &given.context());
            refuse_unserved(&mut outcome, Definition::of(""), &served);
            outcome
        };
        let outcome = tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(error.to_string()))?;
        made(outcome, &variables, &predefined)
    }

    async fn evaluate(&self, text: String, given: Given) -> Result<pipeline::Outcome, Error> {
        self.evaluate_as(text, given, false).await
    }

    /// Large texts take a while, and so do their files: not on a thread that serves others. `merged`: the whole
    /// definition is wanted as one text, too.
    pub(super) async fn evaluate_as(
        &self,
        text: String,
        given: Given,
        merged: bool,
    ) -> Result<pipeline::Outcome, Error> {
        let served = self.served();
        let work = move || {
            let mut context = given.context();
            context.merged = merged;
            let mut outcome = pipeline::plan(&text, &context);
            let mut found = pipeline::check_children(&outcome, &context);
            outcome.diagnostics.append(&mut found);
            let found = names::check(&outcome, &context.variables, &context.predefined, Definition::of(&text));
            outcome.refuse(found);
            refuse_unserved(&mut outcome, Definition::of(&text), &served);
            outcome
        };
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::internal(error.to_string()))
    }

    /// The files of a commit.
    pub(super) fn files_at(&self, project: ProjectId, commit: &Commit, sight: Sight) -> Arc<dyn Files> {
        Arc::new(self.run_files(project, commit, sight))
    }

    /// As [`Weir::files_at`], for who adds to it.
    pub(super) fn run_files(&self, project: ProjectId, commit: &Commit, sight: Sight) -> RunFiles {
        let of_commit =
            (!commit.sha.is_empty()).then(|| CommitFiles::new(self.sources.mirror(project), commit.sha.clone()));
        let others = Others::new(Arc::clone(&self.store), Arc::clone(&self.sources), sight);
        RunFiles::new(of_commit, others, self.remote_includes(), Arc::clone(&self.artifacts))
    }

    /// The files that a run started now would find. A source that cannot be reached has none: whoever
    /// starts a run is told why.
    async fn newest_files(&self, caller: &Caller, project: Option<&Project>) -> Arc<dyn Files> {
        let mut found = (ProjectId(0), Commit::default());
        if let Some((project, source)) = project.and_then(|project| Some((project, project.source.as_deref()?)))
            && let Ok(commit) = self.sources.resolve(project, source, None).await
        {
            found = (project.id, commit);
        }
        self.files_at(found.0, &found.1, sight_of(caller))
    }
}

/// Which of a project's pipelines is meant where only the project is named.
pub(super) fn meant(all: &[Pipeline]) -> Result<&Pipeline, Error> {
    let own: Vec<&Pipeline> = all.iter().filter(|pipeline| pipeline.definition.is_none()).collect();
    match (own.as_slice(), all) {
        (&[one], _) | ([], [one]) => Ok(one),
        (_, []) => {
            let text =
                "the project has no pipeline yet: start a run of it for a branch with a definition file, or make one";
            Err(Error::invalid(text).about(Cause::NoDefinition))
        }
        _ => Err(Error::invalid("the project has several pipelines, and which of them is meant is not clear")),
    }
}

/// What becomes of the CI/CD variables that are kept for a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// A run gets them: nobody is told what they are.
    Used,
    /// An explanation shows values: it has them for those alone who may read them.
    IfReadable,
}

/// The projects whose files a caller may read.
fn sight_of(caller: &Caller) -> Sight {
    let caller = caller.clone();
    Arc::new(move |conn, project| {
        Ok(access::Standing::of(conn, &caller)?.in_project(project, Action::ReadRuns).allowed)
    })
}

/// For what a text is evaluated.
pub(super) struct Given {
    /// The variables of the run.
    pub(super) variables: Vec<Variable>,
    /// Those that the server sets.
    pub(super) predefined: Vec<Variable>,
    /// Values of the definition's inputs.
    pub(super) inputs: Inputs,
    /// The files of the commit.
    pub(super) files: Arc<dyn Files>,
    /// Seconds that a job may run which says nothing of it.
    pub(super) timeout: u32,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            variables: Vec::new(),
            predefined: Vec::new(),
            inputs: Inputs::new(),
            files: Arc::new(NoFiles),
            timeout: DEFAULT_TIMEOUT,
        }
    }
}

impl Given {
    fn context(self) -> pipeline::Context {
        let mut context = pipeline::Context::new(DEFINITION_FILE);
        context.variables = self.variables;
        context.predefined = self.predefined;
        context.inputs = self.inputs;
        context.files = self.files;
        context.default_timeout = self.timeout;
        context
    }
}

/// The plan of what was evaluated, with its names filled in; its diagnostics as an error.
fn made(outcome: pipeline::Outcome, variables: &[Variable], predefined: &[Variable]) -> Result<Plan, Error> {
    match outcome.plan {
        Some(mut plan) => {
            let (globals, jobs) = (&outcome.global_variables, &outcome.jobs);
            names::fill(&mut plan, variables, globals, predefined, Definition::of(""), jobs)?;
            Ok(plan)
        }
        None if outcome.valid => {
            let why = outcome.diagnostics.first().map(|found| found.message.clone()).unwrap_or_default();
            let is_workflow = outcome.workflow_rules_pass == Some(false);
            Err(Error::invalid(why).about(if is_workflow { Cause::Workflow } else { Cause::NoJobs }))
        }
        None => Err(Error::definition(outcome.diagnostics)),
    }
}

/// Whether all that is wrong is that inputs have no value yet: whoever starts a run gives them.
pub(super) fn only_asks(outcome: &pipeline::Outcome) -> bool {
    let errors = || outcome.diagnostics.iter().filter(|found| found.severity == model::Severity::Error);
    let asks = |found: &model::Diagnostic| {
        found.message.starts_with("the input `") && found.message.ends_with("` is not given")
    };
    errors().next().is_some() && errors().all(asks) && !outcome.inputs.is_empty()
}

/// `durations` are what jobs took the last time, by name.
fn lint_view(mut outcome: pipeline::Outcome, durations: &HashMap<String, i64>) -> LintView {
    if only_asks(&outcome) {
        for found in &mut outcome.diagnostics {
            found.severity = model::Severity::Warning;
            found.hint = Some("whoever starts a run gives it; what the definition means is known then".to_owned());
        }
    }
    let plan = outcome.plan;
    LintView {
        diagnostics: outcome.diagnostics,
        plan: plan.as_ref().map(|plan| stages_of(plan, durations)).unwrap_or_default(),
        excluded: plan.as_ref().map(|plan| plan.excluded.clone()).unwrap_or_default(),
        variables: plan.map(|plan| plan.variables).unwrap_or_default(),
        inputs: outcome.inputs,
    }
}

fn stages_of(plan: &Plan, durations: &HashMap<String, i64>) -> Vec<PlanStage> {
    let jobs_of = |stage: &str| {
        plan.jobs
            .iter()
            .filter(|job| job.stage == stage)
            .map(|job| PlanJob {
                name: job.name.clone(),
                when: job.when,
                allow_failure: job.allow_failure.always(),
                needs: job.needs.as_ref().map(|needs| needs.iter().map(|need| need.job.clone()).collect()),
                last_duration: durations.get(&job.name).copied(),
            })
            .collect::<Vec<_>>()
    };
    plan.stages
        .iter()
        .map(|stage| PlanStage { name: stage.clone(), jobs: jobs_of(stage) })
        .filter(|stage| !stage.jobs.is_empty())
        .collect()
}

/// A definition that cannot even be read, said where diagnostics are said.
fn problem(message: String) -> LintView {
    let diagnostic = model::Diagnostic {
        severity: model::Severity::Error,
        message,
        file: DEFINITION_FILE.to_owned(),
        span: model::Span { line: 1, column: 1, ..model::Span::default() },
        hint: None,
        link: None,
        source_line: String::new(),
    };
    LintView {
        diagnostics: vec![diagnostic],
        plan: Vec::new(),
        excluded: Vec::new(),
        variables: Vec::new(),
        inputs: Vec::new(),
    }
}

fn check_texts(name: &str, description: &str) -> Result<(), Error> {
    if name.chars().count() > 255 || name.chars().any(char::is_control) {
        return Err(Error::invalid("a pipeline's name has up to 255 characters and no control characters"));
    }
    if description.len() > 65_536 || description.contains('\0') {
        return Err(Error::invalid("a pipeline's description has up to 64 KiB and no NUL"));
    }
    Ok(())
}
