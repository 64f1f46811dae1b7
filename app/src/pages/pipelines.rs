//! `/pipelines`: every pipeline.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::Pipeline;

use crate::components::head::PageHead;
use crate::components::loaded::loaded;
use crate::components::page::{PageKey, page_keys};
use crate::components::status::Icon;
use crate::i18n::{T, use_lang};
use crate::logic::href;
use crate::pages::runs::runs_of;
use crate::rpc::{ListPipelines, list_pipelines, load, parse};

const KEYS: &[PageKey] = &[("j k", T::KeyMove), ("gg G", T::KeyEnds), ("Enter", T::KeyOpen)];

/// The list of pipelines.
#[component]
pub fn PipelinesPage() -> impl IntoView {
    let lang = use_lang();
    let all = load(|| ListPipelines::PATH.to_owned(), list_pipelines);
    page_keys(KEYS);
    view! {
        <PageHead title=Signal::stored(lang.t(T::Pipelines).to_owned()) />
        <div class="page-head">
            <h1>{lang.t(T::Pipelines)}</h1>
            <span class="push"></span>
            <a class="button primary" href="/pipelines/new">
                <Icon name="plus" />
                {lang.t(T::NewPipeline)}
            </a>
        </div>
        {loaded([all], move |mut answers| {
            let list: Vec<Pipeline> = parse(answers.remove(0))?;
            Ok(if list.is_empty() {
                view! { <p class="calm">{lang.t(T::NoPipelines)}</p> }.into_any()
            } else {
                view! { <Table list /> }.into_any()
            })
        })}
    }
}

#[component]
fn Table(list: Vec<Pipeline>) -> impl IntoView {
    let lang = use_lang();
    let row = move |pipeline: Pipeline| {
        view! {
            <tr>
                <th scope="row">
                    <a href=href::pipeline(&pipeline.key) data-row="">{pipeline.name}</a>
                    <span class="faint below">{pipeline.description}</span>
                </th>
                <td><code>{pipeline.key.to_string()}</code></td>
                <td class="wide">
                    <a href=href::place(pipeline.project_path.as_str()) rel="external">{pipeline.project_path.to_string()}</a>
                </td>
                <td class="wide">
                    <time datetime=pipeline.updated_at.rfc3339()>{format!("{} UTC", pipeline.updated_at.human())}</time>
                </td>
                <td class="end">
                    <a href=runs_of(&pipeline.key)>{lang.t(T::Runs)}</a>
                </td>
            </tr>
        }
        .into_any()
    };
    view! {
        <div class="scroll-x">
            <table class="list">
                <caption class="unseen">{lang.t(T::Pipelines)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{lang.t(T::Name)}</th>
                        <th scope="col">{lang.t(T::Key)}</th>
                        <th scope="col" class="wide">{lang.t(T::Project)}</th>
                        <th scope="col" class="wide">{lang.t(T::Updated)}</th>
                        <th scope="col" class="end">{lang.t(T::Runs)}</th>
                    </tr>
                </thead>
                <tbody>{list.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}
