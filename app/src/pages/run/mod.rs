//! `/runs/ID`: one run, as a graph or as a table of its jobs. Both are views of one list.

mod graph;
mod header;
mod node;
mod state;
mod table;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::{use_params_map, use_query_map};
use model::view::{RunView, Why};
use model::{Error, RunId};

use crate::components::dynamic::Show;
use crate::components::head::PageHead;
use crate::components::loaded::loaded;
use crate::components::page::{PageKey, page_keys};
use crate::components::status::run_state;
use crate::components::why::{WhyChain, keep_why};
use crate::i18n::{Phrases, T, use_lang};
use crate::live::Clock;
use crate::rpc::{GetRun, Refusal, Seen, address, get, get_run, load, parse};

use graph::Graph;
use header::Header;
use state::RunState;
use table::JobTable;

const KEYS: &[PageKey] = &[
    ("j k", T::KeyMove),
    ("gg G", T::KeyEnds),
    ("f", T::KeyFailure),
    ("Enter", T::KeyOpen),
    ("r", T::KeyRetry),
    ("c", T::KeyCancel),
    ("w", T::KeyWhy),
];

/// The page of one run.
#[component]
pub fn RunPage() -> impl IntoView {
    let params = use_params_map();
    let id = move || params.with(|p| p.get("id")).unwrap_or_default();
    page_keys(KEYS);
    let run = load(
        move || address(GetRun::PATH, [("id", id().as_str())]),
        move || {
            let id = untrack(id).parse::<RunId>();
            async move { get_run(id.map_err(|_| Refusal(Error::not_found("run")))?).await }
        },
    );
    loaded([run], |mut answers| {
        let seen: Seen<(RunView, Option<Why>)> = parse(answers.remove(0))?;
        Ok(view! { <Shown seen /> }.into_any())
    })
}

#[component]
fn Shown(seen: Seen<(RunView, Option<Why>)>) -> impl IntoView {
    let lang = use_lang();
    Clock::start(seen.at);
    let (view, why) = seen.value;
    let state = RunState::new(view);
    state.follow();
    let why = RwSignal::new(why);
    let id = state.run.with_untracked(|r| r.id).to_string();
    keep_why(
        why,
        move || state.run.with(|r| r.status),
        move || {
            let address = address(GetRun::PATH, [("id", id.as_str())]);
            Box::pin(async move { parse::<Seen<(RunView, Option<Why>)>>(get(&address).await).ok()?.value.1 })
        },
    );
    let run = state.run;
    let title = Signal::derive(move || run.with(|r| lang.run_title(r.number, &r.pipeline_name)));
    let status = Signal::derive(move || run.with(run_state));
    let query = use_query_map();
    let table = Memo::new(move |_| query.with(|q| q.get("view").as_deref() == Some("table")));
    let here = run.with_untracked(|r| crate::logic::href::run(r.id));
    let tab = {
        move |to: String, text: T, is_table: bool| {
            view! {
                <a href=to aria-current=move || (table.get() == is_table).then_some("page")>{lang.t(text)}</a>
            }
        }
    };
    let gone = move || {
        state.gone.get().then(|| view! { <p class="note s-warnings" role="alert">{lang.t(T::RunGone)}</p> }.into_any())
    };
    view! {
        <PageHead title status />
        {gone}
        <Header state />
        <WhyChain why />
        <nav class="tabs" aria-label=lang.t(T::Views)>
            {tab(here.clone(), T::Graph, false)}
            {tab(format!("{here}?view=table"), T::Jobs, true)}
        </nav>
        <Show when=move || table.get() fallback=move || view! { <Graph state /> }>
            <JobTable state />
        </Show>
    }
    .into_any()
}
