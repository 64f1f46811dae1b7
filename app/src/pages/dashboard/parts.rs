//! Parts of the dashboard.

use leptos::prelude::*;
use model::view::Dashboard;

use crate::components::dynamic::{Each, Entry, Show, entry};
use crate::components::run_list::{RunGiven, RunName, RunTable, StageMarks, merge};
use crate::components::status::{Badge, Icon, run_state};
use crate::components::time::RunTime;
use crate::i18n::{Phrases, T, use_lang};
use crate::logic::{health as verdict, href};

/// Queue and runners.
#[component]
pub fn Capacity(board: RwSignal<Dashboard>) -> impl IntoView {
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
pub fn Active(board: RwSignal<Dashboard>) -> impl IntoView {
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
                    <Each of=move || runs.get().into_iter().map(run_line).collect() />
                </ul>
            </Show>
        </section>
    }
}

/// Runs that wait for a person, and those that only wait for the time of a delayed job.
#[component]
pub fn Blocked(board: RwSignal<Dashboard>) -> impl IntoView {
    let group = move |person: bool| {
        let mine = move |b: &Dashboard| {
            b.blocked.iter().filter(|run| verdict::waits_for_person(run) == person).cloned().collect::<Vec<_>>()
        };
        Memo::new(move |_| board.with(mine))
    };
    view! {
        <Waiting runs=group(true) title=T::WaitingForSomebody hint=T::WaitingHint />
        <Waiting runs=group(false) title=T::WaitingForTime hint=T::WaitingForTimeHint />
    }
}

#[component]
fn Waiting(runs: Memo<Vec<model::Run>>, title: T, hint: T) -> impl IntoView {
    let lang = use_lang();
    view! {
        <Show when=move || runs.with(|r| !r.is_empty())>
            <section class="panel">
                <h2>{lang.t(title)} " " <span class="faint">{lang.t(hint)}</span></h2>
                <ul class="rows">
                    <Each of=move || runs.get().into_iter().map(run_line).collect() />
                </ul>
            </section>
        </Show>
    }
    .into_any()
}

/// In the place of broken pipelines: how much is known of the others.
#[component]
pub fn Unbroken(board: RwSignal<Dashboard>) -> impl IntoView {
    let lang = use_lang();
    let calm = Memo::new(move |_| board.with(|b| verdict::calm(&b.pipelines)));
    move || {
        let (text, tick) = match calm.get() {
            verdict::Calm::Unknown => (T::NoVerdict, false),
            verdict::Calm::Partly => (T::KnownGood, true),
            verdict::Calm::Good => (T::AllGood, true),
        };
        let tick = tick.then(|| view! { <Icon name="success" /> " " }.into_any());
        view! { <p class="calm">{tick} {lang.t(text)}</p> }.into_any()
    }
}

fn run_line(run: model::Run) -> Entry {
    entry((run.id, run.version), move || view! { <RunRow run=run.clone() /> }.into_any())
}

/// A pipeline that is broken now.
pub fn broken_line(name: String, found: verdict::Broken) -> Entry {
    let lang = use_lang();
    entry((found, name.clone()), move || {
        view! {
            <li class="row">
                <span class="badge s-failed"><Icon name="failed" /></span>
                <a class="name" href=href::run(found.run) data-row="" data-failed="">
                    {name.clone()}
                </a>
                <span class="faint num">{lang.broken(found.failed, found.last_good, found.streak)}</span>
            </li>
        }
        .into_any()
    })
}

#[component]
fn RunRow(run: model::Run) -> impl IntoView {
    let lang = use_lang();
    let state = run_state(&run);
    let done = run.stages.iter().filter(|s| s.status.is_complete()).count();
    let (all, address) = (run.stages.len(), href::run(run.id));
    let (name, number) = (run.pipeline_name.clone(), format!("#{}", run.number));
    let signal = RwSignal::new(run.clone());
    view! {
        <li class="row">
            <Badge status=Signal::stored(state) quiet=true />
            <a class="name" href=address data-row="">
                {name} " " <span class="num">{number}</span>
            </a>
            <RunName run=run.clone() />
            <RunGiven run />
            <StageMarks run=signal />
            <span class="faint">{lang.stages_done(done, all)}</span>
            <span class="push"></span>
            <RunTime run=signal />
        </li>
    }
}

/// The runs that ended last.
#[component]
pub fn Recent(board: RwSignal<Dashboard>) -> impl IntoView {
    let runs = RwSignal::new(board.with_untracked(|b| b.recent.iter().cloned().map(RwSignal::new).collect::<Vec<_>>()));
    let owner = Owner::current();
    Effect::new(move || merge(runs, board.with(|b| b.recent.clone()), owner.as_ref()));
    let lang = use_lang();
    view! {
        <Show
            when=move || runs.with(|r| !r.is_empty())
            fallback=move || view! { <p class="calm">{lang.t(T::NoRunEnded)}</p> }
        >
            <RunTable runs caption=T::LastRuns />
        </Show>
    }
    .into_any()
}
