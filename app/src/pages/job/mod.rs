//! `/jobs/ID`: one job, its log, and what stands beside it.

mod aside;
mod header;
mod log;
mod state;

use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use model::log::LogPage;
use model::view::{JobView, Why};
use model::{Error, JobId};

use crate::components::error::ErrorPage;
use crate::components::head::PageHead;
use crate::components::page::{PageKey, page_keys};
use crate::components::status::job_state;
use crate::i18n::{Phrases, T, use_lang};
use crate::live::Clock;
use crate::rpc::{Refusal, Seen, get_job, load, log_lines};

use aside::Aside;
use header::Header;
use log::{Log, LogPrefs};
use state::JobState;

/// Lines in the page as the server renders it.
pub const FIRST_LINES: u32 = 2000;

const KEYS: &[PageKey] = &[
    ("g g G", T::KeyEndsLog),
    ("F", T::KeyFollow),
    ("W", T::KeyWrap),
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
    let id = Memo::new(move |_| params.with(|p| p.get("id")).unwrap_or_default());
    let from = Memo::new(move |_| query.with(|q| q.get("from")).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0));
    let missing = || Refusal(Error::not_found("job"));
    let job =
        load(move || id.get(), move |id| async move { get_job(id.parse::<JobId>().map_err(|_| missing())?).await });
    let lines = load(
        move || (id.get(), from.get()),
        move |(id, from)| async move { log_lines(id.parse::<JobId>().map_err(|_| missing())?, from, FIRST_LINES).await },
    );
    let prefs = LogPrefs::new();
    page_keys(KEYS);
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                let log = lines.await;
                match job.await {
                    Ok(seen) => {
                        // A job whose log cannot be read is still worth showing.
                        let (page, error) = match log {
                            Ok(page) => (page, None),
                            Err(refused) => (LogPage::default(), Some(refused.0)),
                        };
                        view! { <Shown seen page error prefs /> }.into_any()
                    }
                    Err(refused) => view! { <ErrorPage error=refused.0 /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Shown(seen: Seen<(JobView, Option<Why>)>, page: LogPage, error: Option<Error>, prefs: LogPrefs) -> impl IntoView {
    let lang = use_lang();
    Clock::start(seen.at);
    let (view, why) = seen.value;
    let state = JobState::new(&view);
    state.follow();
    let number = view.run.number;
    let pipeline = view.run.pipeline_name.clone();
    let title =
        Signal::derive(move || state.job.with(|j| format!("{} · {}", j.name, lang.run_title(number, &pipeline))));
    let status = Signal::derive(move || state.job.with(job_state));
    view! {
        <PageHead title status />
        <Header state />
        <div class="job">
            <Log state page error prefs />
            <Aside view state why />
        </div>
    }
}
