//! Pipelines, their definitions, and starting runs of them.

#![allow(clippy::too_many_arguments, reason = "server functions take the fields of a form")]

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use model::view::{LintView, PipelineView};
use model::{Pipeline, PipelineKey, Project};

use super::{Refusal, Seen};

/// Every pipeline.
#[server(prefix = "/rpc", endpoint = "pipelines", input = GetUrl, output = Json)]
pub async fn list_pipelines() -> Result<Vec<Pipeline>, Refusal> {
    let (service, caller) = super::ssr::service()?;
    service.pipelines(&caller).await.map_err(super::ssr::refuse)
}

/// The projects that a new pipeline can be of. Whoever is not signed in can make none, and learns it before
/// they have written one.
#[server(prefix = "/rpc", endpoint = "projects", input = GetUrl, output = Json)]
pub async fn list_projects() -> Result<Vec<Project>, Refusal> {
    let (service, caller) = super::ssr::service()?;
    // They are asked for where a pipeline is made, which is for people.
    if matches!(caller.via, model::Via::Nobody | model::Via::Job(..) | model::Via::Trigger(..)) {
        return Err(super::ssr::refuse(model::Error::unauthorized("sign in to make a pipeline")));
    }
    service.projects(&caller).await.map_err(super::ssr::refuse)
}

/// A pipeline with its definition, diagnostics, plan and last runs.
#[server(prefix = "/rpc", endpoint = "pipeline", input = GetUrl, output = Json)]
pub async fn get_pipeline(key: PipelineKey) -> Result<Seen<PipelineView>, Refusal> {
    let (service, caller) = super::ssr::service()?;
    service.pipeline(&caller, &key).await.map(super::ssr::seen).map_err(super::ssr::refuse)
}

/// Looks through a text that may not be saved, as if it were the definition of that pipeline.
#[server(prefix = "/rpc", endpoint = "lint", input = Json, output = Json)]
pub async fn lint(text: String, #[server(default)] of: Option<PipelineKey>) -> Result<LintView, Refusal> {
    let (service, caller) = super::ssr::service()?;
    service.lint(&caller, text, of.as_ref()).await.map_err(super::ssr::refuse)
}

/// Makes a pipeline. An empty definition means the project's own file; an empty project the default one.
#[server(prefix = "/rpc", endpoint = "pipeline/create")]
pub async fn create_pipeline(
    key: String,
    #[server(default)] name: String,
    #[server(default)] description: String,
    #[server(default)] project: String,
    #[server(default)] definition: String,
) -> Result<(), Refusal> {
    let (service, caller) = super::ssr::service()?;
    let some = |text: String| (!text.trim().is_empty()).then_some(text);
    let fields = [
        ("key", key.clone()),
        ("name", name.clone()),
        ("description", description.clone()),
        ("project", project.clone()),
        ("definition", definition.clone()),
    ];
    let new = crate::service::NewPipeline {
        key: key.trim().to_owned(),
        name,
        description,
        project: some(project),
        definition: some(definition).map(|text| text.replace("\r\n", "\n")),
    };
    let pipeline = service.create_pipeline(&caller, new).await.map_err(|error| {
        let fields = fields.each_ref().map(|(name, text)| (*name, text.as_str()));
        super::drafts::kept::keep("/pipelines/new", &fields, super::ssr::refuse(error))
    })?;
    super::ssr::go(&crate::logic::href::pipeline(&pipeline.key));
    Ok(())
}

/// Replaces the stored definition.
#[server(prefix = "/rpc", endpoint = "pipeline/save")]
pub async fn save_definition(key: PipelineKey, definition: String) -> Result<(), Refusal> {
    let (service, caller) = super::ssr::service()?;
    let text = definition.replace("\r\n", "\n");
    let page = crate::logic::href::pipeline(&key);
    let pipeline = service
        .save_definition(&caller, &key, text)
        .await
        .map_err(|error| super::drafts::kept::keep(&page, &[("definition", &definition)], super::ssr::refuse(error)))?;
    super::ssr::go(&crate::logic::href::pipeline(&pipeline.key));
    Ok(())
}

/// Deletes the pipeline; its runs stay.
#[server(prefix = "/rpc", endpoint = "pipeline/delete")]
pub async fn delete_pipeline(key: PipelineKey) -> Result<(), Refusal> {
    let (service, caller) = super::ssr::service()?;
    service.delete_pipeline(&caller, &key).await.map_err(super::ssr::refuse)?;
    super::ssr::go("/pipelines");
    Ok(())
}

/// Lets a pipeline start runs, or not.
#[server(prefix = "/rpc", endpoint = "pipeline/switch")]
pub async fn switch_pipeline(key: PipelineKey, disabled: bool) -> Result<(), Refusal> {
    let (service, caller) = super::ssr::service()?;
    service.switch_pipeline(&caller, &key, disabled).await.map_err(super::ssr::refuse)?;
    super::ssr::go(&crate::logic::href::pipeline(&key));
    Ok(())
}

/// Starts a run. `set` holds the fields of the form, `was` what stood in them: only changed ones
/// become variables of the run, since those would also beat the values of single jobs. `more` holds
/// lines `NAME=value`.
#[server(prefix = "/rpc", endpoint = "pipeline/run")]
pub async fn start_run(
    key: PipelineKey,
    #[server(default)] git_ref: String,
    #[server(default)] set: BTreeMap<String, String>,
    #[server(default)] was: BTreeMap<String, String>,
    #[server(default)] input: BTreeMap<String, String>,
    #[server(default)] was_input: BTreeMap<String, String>,
    #[server(default)] more: String,
    #[server(default)] input_path: String,
) -> Result<(), Refusal> {
    let (service, caller) = super::ssr::service()?;
    let form = StartRun { key, git_ref, set, was, input, was_input, more, input_path };
    let (key, new) = form.read().map_err(super::ssr::refuse)?;
    let run = service.start_run(&caller, &key, new).await.map_err(super::ssr::refuse)?;
    super::ssr::go(&format!("/runs/{}", run.id));
    Ok(())
}

/// What [`start_run`] would start with the same fields. What stands against it is an answer here and no
/// failure: whoever asks is still typing.
#[server(prefix = "/rpc", endpoint = "pipeline/plan", output = Json)]
pub async fn plan_run(
    key: PipelineKey,
    #[server(default)] git_ref: String,
    #[server(default)] set: BTreeMap<String, String>,
    #[server(default)] was: BTreeMap<String, String>,
    #[server(default)] input: BTreeMap<String, String>,
    #[server(default)] was_input: BTreeMap<String, String>,
    #[server(default)] more: String,
    #[server(default)] input_path: String,
) -> Result<LintView, Refusal> {
    let (service, caller) = super::ssr::service()?;
    let form = StartRun { key, git_ref, set, was, input, was_input, more, input_path };
    let planned = match form.read() {
        Ok((key, new)) => service.plan_run(&caller, &key, new).await,
        Err(error) => Err(error),
    };
    planned.or_else(|error| match error.kind {
        model::ErrorKind::Invalid => Ok(crate::logic::wanted::refused(error)),
        _ => Err(super::ssr::refuse(error)),
    })
}

#[cfg(feature = "ssr")]
impl StartRun {
    /// The run that the form asks for.
    fn read(self) -> Result<(PipelineKey, model::NewRun), model::Error> {
        let Self { key, git_ref, set, was, input, was_input, more, input_path } = self;
        let changed = set.into_iter().filter(|(name, value)| was.get(name) != Some(value));
        let mut variables: Vec<_> = changed.map(|(name, value)| model::plan::Variable::new(name, value)).collect();
        variables.extend(crate::logic::variables::read(&more).map_err(model::Error::invalid)?);
        let some = |text: String| Some(text.trim().to_owned()).filter(|t| !t.is_empty());
        let inputs = input.into_iter().filter(|(name, value)| was_input.get(name) != Some(value));
        let new = model::NewRun {
            inputs: inputs.map(|(name, value)| (name, value.into())).collect(),
            git_ref: some(git_ref),
            variables,
            input_path: some(input_path),
            source: model::Source::Web,
            ..model::NewRun::default()
        };
        Ok((key, new))
    }
}
