//! `/pipelines/new`: the form for a new pipeline.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::Project;

use crate::components::act::{ActForm, ErrorNote};
use crate::components::draft::load_draft;
use crate::components::head::PageHead;
use crate::components::loaded::loaded;
use crate::i18n::{T, use_lang};
use crate::pages::pipeline::editor::{Checked, CheckedField};
use crate::rpc::{CreatePipeline, Draft, ListProjects, list_projects, load, parse};

/// What stands in the editor at first.
const EXAMPLE: &str = "stages: [build, test]

compile:
  stage: build
  script:
    - echo \"compiling\"
    - echo done > result.txt
  artifacts:
    paths: [result.txt]

unit:
  stage: test
  script:
    - cat result.txt
";

/// The page.
#[component]
pub fn NewPipelinePage() -> impl IntoView {
    let lang = use_lang();
    let projects = load(|| ListProjects::PATH.to_owned(), list_projects);
    view! {
        <PageHead title=Signal::stored(lang.t(T::NewPipeline).to_owned()) />
        <div class="page-head">
            <h1>{lang.t(T::NewPipeline)}</h1>
        </div>
        {loaded([projects, load_draft()], |mut answers| {
            let draft: Option<Draft> = parse(answers.remove(1))?;
            let projects: Vec<Project> = parse(answers.remove(0))?;
            Ok(view! { <NewForm projects draft /> }.into_any())
        })}
    }
}

#[component]
fn NewForm(projects: Vec<Project>, draft: Option<Draft>) -> impl IntoView {
    let lang = use_lang();
    let was = |name: &str| draft.as_ref().and_then(|d| d.field(name));
    let checked = Checked::new(was("definition").unwrap_or_else(|| EXAMPLE.to_owned()), Vec::new(), None);
    let chosen = was("project").unwrap_or_default();
    let text = |name: &'static str, label: T, required: bool| {
        view! {
            <label class="field">
                <span>{lang.t(label)}</span>
                <input type="text" name=name value=was(name) required=required maxlength="255" autocomplete="off" />
            </label>
        }
        .into_any()
    };
    let option = |project: Project| {
        let (path, name) = (project.path.to_string(), project.path.to_string());
        let selected = path == chosen;
        view! { <option value=path selected=selected>{name}</option> }.into_any()
    };
    let options: Vec<_> = projects.into_iter().map(option).collect();
    let fields = [
        text("key", T::KeyField, true),
        text("name", T::NameField, false),
        text("description", T::DescriptionField, false),
    ];
    view! {
        {draft.map(|draft| view! { <ErrorNote error=draft.error /> }.into_any())}
        <ActForm to=CreatePipeline::PATH class="act column sheet-form">
            <div class="fields">
                {fields.into_iter().collect_view()}
                <label class="field">
                    <span>{lang.t(T::ProjectField)}</span>
                    <select name="project">
                        <option value="">{lang.t(T::ProjectDefault)}</option>
                        {options}
                    </select>
                </label>
            </div>
            <CheckedField checked label=T::DefinitionField />
            <div>
                <button class="button primary" type="submit">{lang.t(T::Create)}</button>
            </div>
        </ActForm>
    }
}
