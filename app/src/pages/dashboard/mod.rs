//! `/`: what runs, what waits for somebody, what broke.

mod health;
mod parts;
mod welcome;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::view::Dashboard;

use crate::components::dynamic::{Each, Show};
use crate::components::head::PageHead;
use crate::components::loaded::loaded;
use crate::components::page::{PageKey, page_keys, use_page};
use crate::i18n::{Phrases, T, use_lang};
use crate::live::{Background, Clock, subscribe};
use crate::logic::health as verdict;
use crate::rpc::{GetDashboard, Seen, get_dashboard, load, parse, read};

use health::HealthTable;
use parts::{Active, Blocked, Capacity, Recent, Unbroken, broken_line};
use welcome::Welcome;

const KEYS: &[PageKey] = &[("j k", T::KeyMove), ("gg G", T::KeyEnds), ("f", T::KeyFailure), ("Enter", T::KeyOpen)];

/// The dashboard.
#[component]
pub fn DashboardPage() -> impl IntoView {
    page_keys(KEYS);
    let data = load(|| GetDashboard::PATH.to_owned(), get_dashboard);
    loaded([data], |mut answers| {
        let seen: Seen<Dashboard> = parse(answers.remove(0))?;
        Ok(view! { <Board seen /> }.into_any())
    })
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
            let one =
                |h: &model::view::PipelineHealth| verdict::broken(h).map(|found| (h.pipeline.name.clone(), found));
            b.pipelines.iter().filter_map(one).collect::<Vec<_>>()
        })
    });
    let counts = Memo::new(move |_| {
        let waiting = board.with(|b| b.blocked.iter().filter(|run| verdict::waits_for_person(run)).count());
        (board.with(|b| b.active.len()), waiting, broken.with(Vec::len))
    });
    let teach =
        Memo::new(move |_| board.with(|b| b.pipelines.is_empty() && b.recent.is_empty() && b.active.is_empty()));
    let summary = move || {
        let (active, blocked, broken) = counts.get();
        if (active, blocked, broken) == (0, 0, 0) {
            // Of pipelines that never came to an end nobody knows.
            let known = board.with(|b| verdict::calm(&b.pipelines) != verdict::Calm::Unknown);
            lang.t(if known { T::WellYes } else { T::NothingRuns }).to_owned()
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
                            fallback=move || view! { <Unbroken board /> }
                        >
                            <ul class="rows">
                                <Each of=move || broken.get().into_iter().map(|(name, found)| broken_line(name, found)).collect() />
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
