//! `/pipelines/new`: the form for a new pipeline.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::Project;

use crate::components::act::ActForm;
use crate::components::head::PageHead;
use crate::components::loaded::loaded;
use crate::i18n::{T, use_lang};
use crate::pages::pipeline::editor::{Checked, CheckedField};
use crate::rpc::{CreatePipeline, ListProjects, list_projects, load, parse};

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

/// The form.
#[component]
pub fn NewPipelinePage() -> impl IntoView {
    let lang = use_lang();
    let projects = load(|| ListProjects::PATH.to_owned(), list_projects);
    let checked = Checked::new(EXAMPLE.to_owned(), Vec::new());
    let text = move |name: &'static str, label: T, required: bool| {
        view! {
            <label class="field">
                <span>{lang.t(label)}</span>
                <input type="text" name=name required=required maxlength="255" autocomplete="off" />
            </label>
        }
        .into_any()
    };
    view! {
        <PageHead title=Signal::stored(lang.t(T::NewPipeline).to_owned()) />
        <div class="page-head">
            <h1>{lang.t(T::NewPipeline)}</h1>
        </div>
        <ActForm to=CreatePipeline::PATH class="act column sheet-form">
            <div class="fields">
                {text("key", T::KeyField, true)} {text("name", T::NameField, false)}
                {text("description", T::DescriptionField, false)}
                <label class="field">
                    <span>{lang.t(T::ProjectField)}</span>
                    <select name="project">
                        <option value="">{lang.t(T::ProjectDefault)}</option>
                        {loaded([projects], |mut answers| {
                            let list: Vec<Project> = parse(answers.remove(0)).unwrap_or_default();
                            let option = |project: Project| {
                                let (path, name) = (project.path.to_string(), project.path.to_string());
                                view! { <option value=path>{name}</option> }.into_any()
                            };
                            Ok(list.into_iter().map(option).collect_view().into_any())
                        })}
                    </select>
                </label>
            </div>
            <CheckedField checked label=T::DefinitionField />
            <div>
                <button class="button primary" type="submit">{lang.t(T::Create)}</button>
            </div>
        </ActForm>
    }
    .into_any()
}
