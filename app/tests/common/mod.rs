//! A service with fixed contents: what the pages are rendered from in tests.

#![allow(dead_code, reason = "each test uses its part")]

mod accounts;
mod data;
mod environments;
mod reports;
mod runners;
mod schedules;
pub mod site;
pub mod variables;

use app::service::{Lines, NewPipeline, Service};
use async_trait::async_trait;
use model::log::{LogLine, LogPage};
use model::plan::Variable;
use model::view::{
    Dashboard, EnvironmentView, EnvironmentsView, JobView, LintView, PipelineView, RunFilter, RunPage, RunView, Why,
};
use model::{
    Caller, CiVariable, CiVariableDraft, CiVariableId, CiVariablesView, EnvironmentId, Error, Job, JobId, NewRun,
    Pipeline, PipelineKey, Project, Run, RunId, Seq, Status, TestReport, VariableOwner, Visibility,
};

/// The fixture. `empty` is an instance on its first day.
pub struct Fixture {
    /// Nothing is there yet.
    pub empty: bool,
}

#[async_trait]
impl Service for Fixture {
    async fn dashboard(&self, _: &Caller) -> Result<Dashboard, Error> {
        Ok(if self.empty { data::empty_dashboard() } else { data::dashboard() })
    }
    async fn runs(&self, _: &Caller, filter: RunFilter) -> Result<RunPage, Error> {
        let mut runs = if self.empty { Vec::new() } else { data::runs() };
        runs.retain(|r| filter.status.is_empty() || filter.status.contains(&r.status));
        runs.retain(|r| filter.pipeline.as_ref().is_none_or(|p| *p == r.pipeline_key));
        let next = runs.last().map(|r| r.id);
        Ok(RunPage { seq: Seq(900), runs, next })
    }
    async fn run(&self, _: &Caller, id: RunId) -> Result<RunView, Error> {
        data::run_view(id).ok_or_else(|| Error::not_found("run"))
    }
    async fn job(&self, _: &Caller, id: JobId) -> Result<JobView, Error> {
        data::job_view(id).ok_or_else(|| Error::not_found("job"))
    }
    async fn log_lines(&self, _: &Caller, id: JobId, from: Lines, limit: u32) -> Result<LogPage, Error> {
        let (total, complete) = data::log_size(id);
        let first = match from {
            Lines::From(line) => line.max(1),
            Lines::Tail => total.saturating_sub(u64::from(limit)) + 1,
        };
        let last = total.min(first + u64::from(limit) - 1);
        let line = |number| LogLine { number, text: data::log_line(id, number), cut: false };
        let bytes = |lines: u64| lines * 60;
        Ok(LogPage {
            lines: (first..=last).map(line).collect(),
            total_lines: total,
            total_bytes: bytes(total),
            next_offset: bytes(last),
            complete,
        })
    }
    async fn pipelines(&self, _: &Caller) -> Result<Vec<Pipeline>, Error> {
        Ok(if self.empty { Vec::new() } else { data::pipelines() })
    }
    async fn pipeline(&self, _: &Caller, key: &PipelineKey) -> Result<PipelineView, Error> {
        data::pipeline_view(key).ok_or_else(|| Error::not_found("pipeline"))
    }
    async fn projects(&self, _: &Caller) -> Result<Vec<Project>, Error> {
        Ok(vec![data::project()])
    }
    async fn create_project(
        &self,
        _: &Caller,
        path: &str,
        source: Option<&str>,
        _: Visibility,
    ) -> Result<Project, Error> {
        let path = path.parse().map_err(|_| Error::invalid("a path has a namespace and a name"))?;
        Ok(Project { path, source: source.map(Into::into), ..data::project() })
    }
    async fn create_pipeline(&self, _: &Caller, new: NewPipeline) -> Result<Pipeline, Error> {
        if new.definition.is_some_and(|text| text.contains("scirpt")) {
            return Err(Error::definition(data::diagnostics()));
        }
        Err(Error::conflict(format!("the key {} is taken", new.key)))
    }
    async fn save_definition(&self, _: &Caller, _: &PipelineKey, _: String) -> Result<Pipeline, Error> {
        Err(Error::definition(data::diagnostics()))
    }
    async fn delete_pipeline(&self, _: &Caller, _: &PipelineKey) -> Result<(), Error> {
        Ok(())
    }
    async fn switch_pipeline(&self, _: &Caller, key: &PipelineKey, disabled: bool) -> Result<Pipeline, Error> {
        let view = data::pipeline_view(key).ok_or_else(|| Error::not_found("pipeline"))?;
        Ok(Pipeline { disabled, ..view.pipeline })
    }
    async fn lint(&self, _: &Caller, text: String, _: Option<&PipelineKey>) -> Result<LintView, Error> {
        let bad = text.contains("scirpt");
        Ok(LintView {
            diagnostics: if bad { data::diagnostics() } else { Vec::new() },
            plan: if bad { Vec::new() } else { data::plan() },
            excluded: Vec::new(),
            variables: Vec::new(),
            inputs: Vec::new(),
        })
    }
    async fn plan_run(&self, _: &Caller, key: &PipelineKey, new: NewRun) -> Result<LintView, Error> {
        data::plan_of_run(key, &new).ok_or_else(|| Error::not_found("pipeline"))
    }
    async fn start_run(&self, _: &Caller, _: &PipelineKey, _: NewRun) -> Result<Run, Error> {
        Ok(data::run(42, Status::Running))
    }
    async fn retry_run(&self, _: &Caller, id: RunId) -> Result<Run, Error> {
        Ok(data::run(id.0, Status::Running))
    }
    async fn cancel_run(&self, _: &Caller, _: RunId) -> Result<Run, Error> {
        Err(Error::conflict("the run has ended already"))
    }
    async fn delete_run(&self, _: &Caller, _: RunId) -> Result<(), Error> {
        Ok(())
    }
    async fn play_job(&self, _: &Caller, id: JobId, _: Vec<Variable>) -> Result<Job, Error> {
        self.job(&Caller::system(), id).await.map(|view| view.job)
    }
    async fn unschedule_job(&self, _: &Caller, id: JobId) -> Result<Job, Error> {
        self.job(&Caller::system(), id).await.map(|view| view.job)
    }
    async fn retry_job(&self, _: &Caller, id: JobId) -> Result<Job, Error> {
        self.job(&Caller::system(), id).await.map(|view| view.job)
    }
    async fn cancel_job(&self, _: &Caller, id: JobId) -> Result<Job, Error> {
        self.job(&Caller::system(), id).await.map(|view| view.job)
    }
    async fn environments(&self, _: &Caller) -> Result<EnvironmentsView, Error> {
        let environments = if self.empty { Vec::new() } else { environments::all() };
        Ok(EnvironmentsView { seq: Seq(900), environments })
    }
    async fn stop_environment(&self, _: &Caller, id: EnvironmentId) -> Result<EnvironmentView, Error> {
        let found = environments::all().into_iter().find(|view| view.environment.id == id);
        found.ok_or_else(|| Error::not_found("environment"))
    }
    async fn ci_variables(&self, _: &Caller, owner: VariableOwner) -> Result<CiVariablesView, Error> {
        variables::view(owner, self.empty)
    }
    async fn save_ci_variable(
        &self,
        _: &Caller,
        owner: VariableOwner,
        id: Option<CiVariableId>,
        draft: CiVariableDraft,
    ) -> Result<CiVariable, Error> {
        variables::save(&owner, id, draft)
    }
    async fn delete_ci_variable(&self, _: &Caller, owner: VariableOwner, id: CiVariableId) -> Result<(), Error> {
        let found = variables::of(&owner).into_iter().any(|one| one.id == id);
        found.then_some(()).ok_or_else(|| Error::not_found("variable"))
    }
    async fn run_tests(&self, _: &Caller, _: RunId) -> Result<TestReport, Error> {
        Ok(reports::of_run())
    }
    async fn job_tests(&self, _: &Caller, id: JobId) -> Result<TestReport, Error> {
        Ok(if id.0 == 1000 { reports::large() } else { reports::of_job() })
    }
    async fn why_run(&self, _: &Caller, id: RunId) -> Result<Why, Error> {
        Ok(data::why(id))
    }
    async fn why_job(&self, _: &Caller, _: JobId) -> Result<Why, Error> {
        Ok(data::why(RunId(42)))
    }
}
