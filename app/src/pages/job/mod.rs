//! `/jobs/ID`: one job, its log, and what stands beside it.

mod aside;
mod child;
mod header;
mod log;
mod state;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::{use_params_map, use_query_map};
use model::log::LogPage;
use model::view::{JobView, Why};
use model::{Error, JobId, JobKind};

use crate::components::dynamic::{Show, dynamic};
use crate::components::head::PageHead;
use crate::components::loaded::loaded;
use crate::components::page::{PageKey, page_keys};
use crate::components::status::job_state;
use crate::components::tests::{TestSource, Tests};
use crate::components::why::keep_why;
use crate::i18n::{Phrases, T, use_lang};
use crate::live::Clock;
use crate::rpc::{GetJob, JobTests, LogLines, Refusal, Seen, address, get, get_job, job_tests, load, log_lines, parse};

use aside::Aside;
use child::ChildPanel;
use header::Header;
use log::{Log, LogPrefs};
use state::JobState;

/// Lines in the page as the server renders it.
pub const FIRST_LINES: u32 = 2000;

const KEYS: &[PageKey] = &[
    ("gg G", T::KeyEndsLog),
    ("F", T::KeyFollow),
    ("W", T::KeyWrap),
    ("S", T::FoldAllHint),
    ("r", T::KeyRetry),
    ("p", T::KeyPlay),
    ("c", T::KeyCancel),
    ("w", T::KeyWhy),
];

/// The page of one job.
#[component]
pub fn JobPage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query_map();
    let id = move || params.with(|p| p.get("id")).unwrap_or_default();
    let from = Memo::new(move |_| query.with(|q| q.get("from")).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0));
    let known = move || untrack(id).parse::<JobId>().map_err(|_| Refusal(Error::not_found("job")));
    let prefs = LogPrefs::new();
    page_keys(KEYS);
    let job = load(
        move || address(GetJob::PATH, [("id", id().as_str())]),
        move || {
            let id = known();
            async move { get_job(id?).await }
        },
    );
    let lines = load(
        move || lines_address(&id(), from.get(), u64::from(FIRST_LINES)),
        move || {
            let (id, from) = (known(), from.get_untracked());
            async move { log_lines(id?, from, FIRST_LINES).await }
        },
    );
    let tests = TestSource::new(
        JobTests::PATH,
        id,
        |id| format!("/jobs/{id}"),
        |id, extent| async move {
            let id = id.parse::<JobId>().map_err(|_| Refusal(Error::not_found("job")))?;
            job_tests(id, extent.all, extent.failed_only).await
        },
    );
    loaded([job, lines], move |mut answers| {
        // A job whose log cannot be read is still worth showing.
        let (page, error) = match parse::<LogPage>(answers.remove(1)) {
            Ok(page) => (page, None),
            Err(error) => (LogPage::default(), Some(error)),
        };
        let seen: Seen<(JobView, Option<Why>)> = parse(answers.remove(0))?;
        Ok(view! { <Shown seen page from=from.get_untracked() error prefs tests /> }.into_any())
    })
}

/// Where lines of a trace are to be had.
fn lines_address(id: &str, from: u64, limit: u64) -> String {
    address(LogLines::PATH, [("id", id), ("from", &from.to_string()), ("limit", &limit.to_string())])
}

#[component]
fn Shown(
    seen: Seen<(JobView, Option<Why>)>,
    page: LogPage,
    from: u64,
    error: Option<Error>,
    prefs: LogPrefs,
    tests: TestSource,
) -> impl IntoView {
    let lang = use_lang();
    Clock::start(seen.at);
    let (view, why) = seen.value;
    let state = JobState::new(&view);
    state.follow();
    let why = RwSignal::new(why);
    let id = view.job.id.to_string();
    keep_why(
        why,
        move || (state.job.with(|j| j.status), 0),
        move || {
            let address = address(GetJob::PATH, [("id", id.as_str())]);
            Box::pin(async move { parse::<Seen<(JobView, Option<Why>)>>(get(&address).await).ok()?.value.1 })
        },
    );
    let number = view.run.number;
    let pipeline = view.run.pipeline_name.clone();
    let title =
        Signal::derive(move || state.job.with(|j| format!("{} · {}", j.name, lang.run_title(number, &pipeline))));
    let status = Signal::derive(move || state.job.with(job_state));
    let kind = view.job.kind;
    let here = crate::logic::href::job(view.job.id);
    let counts = Memo::new(move |_| state.job.with(|j| j.tests));
    let tab = move |to: String, text: T, is_tests: bool| {
        let current = move || (tests.wanted.get() == is_tests).then_some("page");
        view! { <a href=to aria-current=move || current()>{lang.t(text)}</a> }.into_any()
    };
    let tabs = move || {
        view! {
            <nav class="tabs" aria-label=lang.t(T::Views)>
                {tab(here.clone(), T::Log, false)}
                {tab(format!("{here}?view=tests"), T::Tests, true)}
            </nav>
        }
        .into_any()
    };
    let body = dynamic(move || match kind {
        // It has no script that could print anything.
        JobKind::Bridge => view! { <ChildPanel state /> }.into_any(),
        JobKind::Build if tests.wanted.get() => {
            view! { <Tests source=tests told=counts none=T::NoTestsOfJob /> }.into_any()
        }
        JobKind::Build => {
            let (page, error) = (page.clone(), error.clone());
            view! { <Log state page from error prefs /> }.into_any()
        }
    });
    view! {
        <PageHead title status />
        <Header state />
        <Show when=move || counts.with(Option::is_some) || tests.wanted.get()>{tabs()}</Show>
        <div class="job">
            {body}
            <Aside view state why />
        </div>
    }
    .into_any()
}
