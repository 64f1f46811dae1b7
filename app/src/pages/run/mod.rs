//! `/runs/ID`: one run, as a graph or as a table of its jobs, both views of one list; and its tests.

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

use crate::components::dynamic::dynamic;
use crate::components::head::PageHead;
use crate::components::loaded::loaded;
use crate::components::page::{PageKey, page_keys};
use crate::components::status::run_state;
use crate::components::tests::{TestSource, Tests};
use crate::components::variables::Variables;
use crate::components::why::{WhyChain, keep_why};
use crate::i18n::{Phrases, T, use_lang};
use crate::live::Clock;
use crate::rpc::{GetRun, Refusal, RunTests, Seen, address, get, get_run, load, parse, run_tests};

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
    let tests = TestSource::new(
        RunTests::PATH,
        id,
        |id| format!("/runs/{id}"),
        |id, extent| async move {
            let id = id.parse::<RunId>().map_err(|_| Refusal(Error::not_found("run")))?;
            run_tests(id, extent.all, extent.failed_only).await
        },
    );
    loaded([run], move |mut answers| {
        let seen: Seen<(RunView, Option<Why>)> = parse(answers.remove(0))?;
        Ok(view! { <Shown seen tests /> }.into_any())
    })
}

/// What the page shows of the run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum View {
    Graph,
    Jobs,
    Tests,
}

#[component]
fn Shown(seen: Seen<(RunView, Option<Why>)>, tests: TestSource) -> impl IntoView {
    let lang = use_lang();
    Clock::start(seen.at);
    let (mut view, why) = seen.value;
    // They never change.
    let variables = std::mem::take(&mut view.variables);
    let given = (!variables.is_empty()).then(|| view! { <Variables all=variables open=true /> }.into_any());
    let state = RunState::new(view);
    state.follow();
    let why = RwSignal::new(why);
    let id = state.run.with_untracked(|r| r.id).to_string();
    keep_why(
        why,
        move || (state.run.with(|r| r.status), state.turns.get()),
        move || {
            let address = address(GetRun::PATH, [("id", id.as_str())]);
            Box::pin(async move { parse::<Seen<(RunView, Option<Why>)>>(get(&address).await).ok()?.value.1 })
        },
    );
    let run = state.run;
    let title = Signal::derive(move || run.with(|r| lang.run_title(r.number, &r.pipeline_name)));
    let status = Signal::derive(move || run.with(run_state));
    let query = use_query_map();
    let shown = Memo::new(move |_| {
        query.with(|q| match q.get("view").as_deref() {
            Some("table") => View::Jobs,
            Some("tests") => View::Tests,
            _ => View::Graph,
        })
    });
    let here = run.with_untracked(|r| crate::logic::href::run(r.id));
    let tab = move |to: String, text: T, of: View| {
        view! { <a href=to aria-current=move || (shown.get() == of).then_some("page")>{lang.t(text)}</a> }.into_any()
    };
    let counts = Memo::new(move |_| state.told().1);
    let has_tests = Memo::new(move |_| counts.with(Option::is_some) || shown.get() == View::Tests);
    let tests_tab = {
        let to = format!("{here}?view=tests");
        move || has_tests.get().then(|| tab(to.clone(), T::Tests, View::Tests))
    };
    let gone = move || {
        state.gone.get().then(|| view! { <p class="note s-warnings" role="alert">{lang.t(T::RunGone)}</p> }.into_any())
    };
    view! {
        <PageHead title status />
        {gone}
        <Header state />
        {given}
        <WhyChain why />
        <nav class="tabs" aria-label=lang.t(T::Views)>
            {tab(here.clone(), T::Graph, View::Graph)}
            {tab(format!("{here}?view=table"), T::Jobs, View::Jobs)}
            {move || tests_tab()}
        </nav>
        {dynamic(move || match shown.get() {
            View::Graph => view! { <Graph state /> }.into_any(),
            View::Jobs => view! { <JobTable state /> }.into_any(),
            View::Tests => view! { <Tests source=tests told=counts /> }.into_any(),
        })}
    }
    .into_any()
}
