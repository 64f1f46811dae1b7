//! `/pipelines/KEY`: definition, plan, run form, last runs.

mod asking;
mod definition;
pub mod editor;
mod plan;
mod run_form;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_params_map;
use model::view::PipelineView;
use model::{Error, PipelineKey, Run};

use crate::components::act::{ActButton, AskFirst};
use crate::components::draft::load_draft;
use crate::components::dynamic::Show;
use crate::components::head::PageHead;
use crate::components::loaded::loaded;
use crate::components::page::{PageKey, page_keys, use_page};
use crate::components::run_list::RunTable;
use crate::i18n::{T, use_lang};
use crate::live::{Background, Clock, signal_in, subscribe, update};
use crate::logic::href;
use crate::pages::runs::runs_of;
use crate::rpc::{
    DeletePipeline, Draft, GetPipeline, Refusal, Seen, SwitchPipeline, address, get_pipeline, load, parse, read,
};

use definition::Definition;
use editor::Checked;
use plan::{PlanPanel, Preview};
use run_form::RunForm;

const KEYS: &[PageKey] = &[("p", T::StartRun), ("j k", T::KeyMove), ("f", T::KeyFailure), ("Enter", T::KeyOpen)];

/// The page of one pipeline.
#[component]
pub fn PipelinePage() -> impl IntoView {
    let params = use_params_map();
    let key = move || params.with(|p| p.get("key")).unwrap_or_default();
    page_keys(KEYS);
    let pipeline = load(
        move || address(GetPipeline::PATH, [("key", key().as_str())]),
        move || {
            let key = untrack(key).parse::<PipelineKey>();
            async move { get_pipeline(key.map_err(|_| Refusal(Error::not_found("pipeline")))?).await }
        },
    );
    loaded([pipeline, load_draft()], move |mut answers| {
        let draft: Option<Draft> = parse(answers.remove(1))?;
        let seen: Seen<PipelineView> = parse(answers.remove(0))?;
        Ok(view! { <Shown seen draft /> }.into_any())
    })
}

#[component]
fn Shown(seen: Seen<PipelineView>, draft: Option<Draft>) -> impl IntoView {
    let lang = use_lang();
    Clock::start(seen.at);
    let view = seen.value;
    let pipeline = view.pipeline;
    let runs = RwSignal::new(view.runs.into_iter().map(RwSignal::new).collect::<Vec<_>>());
    follow(&pipeline, runs);
    let edited = draft.as_ref().and_then(|d| d.field("definition"));
    let has_source = view.project.source.is_some();
    let plan = Preview::new(view.plan, view.excluded, has_source);
    let checked = Checked::new(
        edited.or_else(|| view.definition.clone()).unwrap_or_default(),
        view.diagnostics,
        Some((pipeline.key.clone(), plan)),
    );
    let empty = Memo::new(move |_| runs.with(Vec::is_empty));
    let fields = vec![("key", pipeline.key.to_string())];
    let description =
        (!pipeline.description.is_empty()).then(|| view! { <p class="lead">{pipeline.description}</p> }.into_any());
    let source = view
        .project
        .source
        .map(|s| view! { <div><dt>{lang.t(T::Source)}</dt><dd><code>{s}</code></dd></div> }.into_any());
    let stored = pipeline.definition.is_some();
    let switched = |disabled: bool| vec![("key", pipeline.key.to_string()), ("disabled", disabled.to_string())];
    let switch = if pipeline.disabled {
        view! { <ActButton to=SwitchPipeline::PATH fields=switched(false) label=T::Enable icon="play" /> }.into_any()
    } else {
        let (ask, doit) = (T::DisablePipelineAsk, T::DisablePipelineDo);
        view! {
            <AskFirst to=SwitchPipeline::PATH fields=switched(true) label=T::Disable icon="stop" ask doit />
        }
        .into_any()
    };
    let key = pipeline.key.clone();
    let kept = href::variables(pipeline.project_id);
    let run_form = if pipeline.disabled {
        view! {
            <section class="panel">
                <h2>{lang.t(T::StartRun)}</h2>
                <p class="calm">{lang.t(T::PipelineDisabled)}</p>
            </section>
        }
        .into_any()
    } else {
        view! { <RunForm key=key.clone() variables=view.variables inputs=view.inputs has_source plan /> }.into_any()
    };
    view! {
        <PageHead title=Signal::stored(pipeline.name.clone()) />
        <div class="page-head">
            <h1>{pipeline.name}</h1>
            {description}
            <span class="push"></span>
            <div class="actions">
                {switch}
                <AskFirst
                    to=DeletePipeline::PATH
                    fields
                    label=T::Delete
                    icon="delete"
                    ask=T::DeletePipelineAsk
                    doit=T::DeletePipelineDo
                />
            </div>
        </div>
        <dl class="facts">
            <div>
                <dt>{lang.t(T::Key)}</dt>
                <dd><code>{key.to_string()}</code></dd>
            </div>
            <div>
                <dt>{lang.t(T::Project)}</dt>
                <dd>
                    <a href=href::place(view.project.path.as_str()) rel="external">{view.project.path.to_string()}</a>
                </dd>
            </div>
            {source}
            <div>
                <dt>{lang.t(T::Variables)}</dt>
                <dd>
                    <a href=kept rel="external">{lang.t(T::VariablesOfProject)}</a>
                </dd>
            </div>
        </dl>
        <div class="columns">
            <div class="stack">
                <Definition key=key.clone() stored text=view.definition checked draft />
                <section class="panel">
                    <h2>
                        {lang.t(T::LastRuns)} <a class="more" href=runs_of(&key)>{lang.t(T::AllRuns)}</a>
                    </h2>
                    <Show
                        when=move || !empty.get()
                        fallback=move || view! { <p class="calm">{lang.t(T::NoRunsOfPipeline)}</p> }
                    >
                        <RunTable runs caption=T::LastRuns of_one_pipeline=true />
                    </Show>
                </section>
            </div>
            <div class="stack">
                {run_form}
                <PlanPanel plan />
            </div>
        </div>
    }
}

/// Keeps the list of runs up to date, and loads the page's data anew when the pipeline itself changes.
fn follow(pipeline: &model::Pipeline, runs: RwSignal<Vec<RwSignal<Run>>>) {
    let (id, version) = (pipeline.id, pipeline.version);
    let address = format!("/live{}", href::pipeline(&pipeline.key));
    let owner = Owner::current();
    let take = move |run: Run| {
        let known = runs.with_untracked(|all| all.iter().find(|r| r.with_untracked(|r| r.id) == run.id).copied());
        if let Some(known) = known {
            update(known, run);
        } else if runs.with_untracked(|all| all.first().is_none_or(|r| r.with_untracked(|r| r.id) < run.id)) {
            let signal = signal_in(owner.as_ref(), run);
            runs.update(|all| all.insert(0, signal));
        }
    };
    let names = &["state", "run", "pipeline"];
    subscribe(
        use_page().heart,
        Background::Rests,
        move || address.clone(),
        names,
        move |event, data| match event {
            "state" => {
                if let Ok(view) = read::<PipelineView>(data) {
                    // Oldest first, so that each new one comes to the front.
                    view.runs.into_iter().rev().for_each(&take);
                }
            }
            "run" => {
                if let Ok(run) = read::<Run>(data) {
                    take(run);
                }
            }
            _ => {
                if read::<model::Pipeline>(data).is_ok_and(|p| p.id == id && p.version > version) {
                    // Another definition is another page: its plan, its form, its editor.
                    let _ = window().location().reload();
                }
            }
        },
    );
}
