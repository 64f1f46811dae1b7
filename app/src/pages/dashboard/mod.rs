//! `/`: what runs, what waits for somebody, what broke.

mod health;
mod welcome;

use leptos::prelude::*;
use model::view::Dashboard;

use crate::components::dynamic::Show;
use crate::components::error::ErrorPage;
use crate::components::head::PageHead;
use crate::components::page::{PageKey, page_keys, use_page};
use crate::components::run_list::{RunTable, StageMarks};
use crate::components::status::{Badge, Icon, run_state};
use crate::components::time::RunTime;
use crate::i18n::{Phrases, T, use_lang};
use crate::live::{Background, Clock, subscribe};
use crate::logic::{health as verdict, href};
use crate::rpc::{Seen, get_dashboard, load, read};

use health::HealthTable;
use welcome::Welcome;

const KEYS: &[PageKey] = &[("j k", T::KeyMove), ("g g G", T::KeyEnds), ("f", T::KeyFailure), ("Enter", T::KeyOpen)];

/// The dashboard.
#[component]
pub fn DashboardPage() -> impl IntoView {
    let resource = load(|| (), |()| get_dashboard());
    page_keys(KEYS);
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match resource.await {
                    Ok(seen) => view! { <Board seen /> }.into_any(),
                    Err(refused) => view! { <ErrorPage error=refused.0 /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

#[component]
fn Board(seen: Seen<Dashboard>) -> impl IntoView {
    let lang = use_lang();
    let page = use_page();
    Clock::start(seen.at);
    let board = RwSignal::new(seen.value);
    subscribe(
        page.heart,
        Background::Rests,
        || "/live/dashboard".into(),
        &["state"],
        move |_, data| {
            if let Ok(new) = read::<Dashboard>(data)
                && board.with_untracked(|old| new.seq > old.seq)
            {
                board.set(new);
            }
        },
    );
    let broken = Memo::new(move |_| {
        board.with(|b| {
            let one = |h: &model::view::PipelineHealth| verdict::broken(h).map(|found| (h.pipeline.clone(), found));
            b.pipelines.iter().filter_map(one).collect::<Vec<_>>()
        })
    });
    let counts = Memo::new(move |_| board.with(|b| (b.active.len(), b.blocked.len(), broken.with(Vec::len))));
    let teach =
        Memo::new(move |_| board.with(|b| b.pipelines.is_empty() && b.recent.is_empty() && b.active.is_empty()));
    let summary = move || {
        let (active, blocked, broken) = counts.get();
        if (active, blocked, broken) == (0, 0, 0) {
            lang.t(T::WellYes).to_owned()
        } else {
            lang.summary(active, blocked, broken)
        }
    };
    let title = Signal::derive(move || lang.t(T::Dashboard).to_owned());
    view! {
        <PageHead title />
        <div class="page-head">
            <h1>{lang.t(T::Dashboard)}</h1>
            <p class="lead">{move || summary()}</p>
            <span class="push"></span>
            <Capacity board />
        </div>
        <Show when=move || !teach.get() fallback=|| view! { <Welcome /> }>
            <div class="columns">
                <div class="stack">
                    <Active board />
                    <Blocked board />
                    <section class="panel">
                        <h2>
                            {lang.t(T::LastRuns)} <a class="more" href="/runs">{lang.t(T::AllRuns)}</a>
                        </h2>
                        <Recent board />
                    </section>
                </div>
                <div class="stack">
                    <section class="panel">
                        <h2>{lang.t(T::BrokenNow)}</h2>
                        <Show
                            when=move || broken.with(|b| !b.is_empty())
                            fallback=move || view! { <p class="calm"><Icon name="success" /> {lang.t(T::AllGood)}</p> }
                        >
                            <ul class="rows">
                                <For
                                    each=move || broken.get()
                                    key=|(pipeline, found)| (pipeline.id, *found)
                                    children=move |(pipeline, found)| {
                                        view! {
                                            <li class="row">
                                                <span class="badge s-failed"><Icon name="failed" /></span>
                                                <a class="name" href=href::run(found.run) data-row="" data-failed="">
                                                    {pipeline.name}
                                                </a>
                                                <span class="faint num">
                                                    {lang.broken(found.failed, found.last_good, found.streak)}
                                                </span>
                                            </li>
                                        }
                                    }
                                />
                            </ul>
                        </Show>
                    </section>
                    <section class="panel">
                        <h2>
                            {lang.t(T::Health)} <span class="faint">{lang.t(T::LastTen)}</span>
                        </h2>
                        <HealthTable board />
                    </section>
                </div>
            </div>
        </Show>
    }
}

/// Queue and runners.
#[component]
fn Capacity(board: RwSignal<Dashboard>) -> impl IntoView {
    let lang = use_lang();
    let number = move |read: fn(&Dashboard) -> u64| board.with(read).to_string();
    let none = move || board.with(|b| b.runners_online == 0);
    view! {
        <dl class="gauges">
            <div>
                <dt>{lang.t(T::RunningJobs)}</dt>
                <dd>{move || number(|b| b.running_jobs)}</dd>
            </div>
            <div>
                <dt>{lang.t(T::Queued)}</dt>
                <dd>{move || number(|b| b.queued_jobs)}</dd>
            </div>
            <div class:alarm=move || none() title=move || none().then(|| lang.t(T::NoRunner))>
                <dt>{lang.t(T::RunnersOnline)}</dt>
                <dd>{move || number(|b| b.runners_online)}</dd>
            </div>
        </dl>
    }
}

/// Runs under way.
#[component]
fn Active(board: RwSignal<Dashboard>) -> impl IntoView {
    let lang = use_lang();
    let runs = Memo::new(move |_| board.with(|b| b.active.clone()));
    view! {
        <section class="panel">
            <h2>{lang.t(T::RunningNow)}</h2>
            <Show
                when=move || runs.with(|r| !r.is_empty())
                fallback=move || view! { <p class="calm">{lang.t(T::NothingRuns)}</p> }
            >
                <ul class="rows">
                    <For
                        each=move || runs.get()
                        key=|run| (run.id, run.version)
                        children=|run| view! { <RunRow run /> }
                    />
                </ul>
            </Show>
        </section>
    }
}

/// Runs that wait for a person.
#[component]
fn Blocked(board: RwSignal<Dashboard>) -> impl IntoView {
    let lang = use_lang();
    let runs = Memo::new(move |_| board.with(|b| b.blocked.clone()));
    view! {
        <Show when=move || runs.with(|r| !r.is_empty())>
            <section class="panel">
                <h2>
                    {lang.t(T::WaitingForSomebody)} <span class="faint">{lang.t(T::WaitingHint)}</span>
                </h2>
                <ul class="rows">
                    <For
                        each=move || runs.get()
                        key=|run| (run.id, run.version)
                        children=|run| view! { <RunRow run /> }
                    />
                </ul>
            </section>
        </Show>
    }
}

#[component]
fn RunRow(run: model::Run) -> impl IntoView {
    let lang = use_lang();
    let state = run_state(&run);
    let done = run.stages.iter().filter(|s| s.status.is_complete()).count();
    let (all, address) = (run.stages.len(), href::run(run.id));
    let (name, number) = (run.pipeline_name.clone(), format!("#{}", run.number));
    let signal = RwSignal::new(run);
    view! {
        <li class="row">
            <Badge status=Signal::stored(state) quiet=true />
            <a class="name" href=address data-row="">
                {name} " " <span class="num">{number}</span>
            </a>
            <StageMarks run=signal />
            <span class="faint">{lang.stages_done(done, all)}</span>
            <span class="push"></span>
            <RunTime run=signal />
        </li>
    }
}

#[component]
fn Recent(board: RwSignal<Dashboard>) -> impl IntoView {
    let runs = Signal::derive(move || board.with(|b| b.recent.iter().cloned().map(RwSignal::new).collect::<Vec<_>>()));
    view! { <RunTable runs caption=T::LastRuns /> }
}
