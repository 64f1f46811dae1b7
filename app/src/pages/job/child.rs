//! In the place of a log: the run that a job started, or that it will start.

use leptos::prelude::*;
use model::view::RunView;
use model::{Run, RunId};

use super::state::JobState;
use crate::components::run_list::{RunName, StageMarks};
use crate::components::status::{Badge, run_state};
use crate::components::time::RunTime;
use crate::i18n::{Phrases, T, use_lang};
use crate::live::{Background, Heart, subscribe};
use crate::logic::href;
use crate::rpc::read;

/// The panel.
#[component]
pub fn ChildPanel(
    /// The job.
    state: JobState,
) -> impl IntoView {
    let lang = use_lang();
    let job = state.job;
    let child = Memo::new(move |_| job.with(|j| j.child));
    // What was skipped has had its turn as well.
    let none = move || lang.t(if job.with(|j| j.status.is_complete()) { T::ChildNone } else { T::ChildNotYet });
    view! {
        <section class="panel">
            <h2>{lang.t(T::ChildPanel)}</h2>
            <p class="because">{move || job.with(|j| lang.reason(&j.reason))}</p>
            {move || match child.get() {
                Some(id) => view! { <Started id state /> }.into_any(),
                None => view! { <p class="calm">{move || none()}</p> }.into_any(),
            }}
        </section>
    }
    .into_any()
}

/// The run, kept up to date by its own stream: that of the job only tells of the job.
#[component]
fn Started(id: RunId, state: JobState) -> impl IntoView {
    let lang = use_lang();
    let gone = RwSignal::new(false);
    subscribe(
        // The heart of the page beats with the stream of the job.
        RwSignal::new(Heart::None),
        Background::Rests,
        move || format!("/live/runs/{id}"),
        &["state", "run", "run_deleted"],
        move |event, data| {
            let run = match event {
                "state" => read::<RunView>(data).ok().map(|view| view.run),
                "run" => read::<Run>(data).ok(),
                _ => {
                    gone.set(read::<RunId>(data).is_ok_and(|deleted| deleted == id));
                    None
                }
            };
            if let Some(run) = run.filter(|run| run.id == id) {
                state.take_child(run);
            }
        },
    );
    let known = Memo::new(move |_| state.child.get().filter(|run| run.id == id));
    let line = move || match known.get() {
        Some(run) => {
            let title = lang.run_title(run.number, &run.pipeline_name);
            let (badge, fixed, run) = (run_state(&run), run.clone(), RwSignal::new(run));
            view! {
                <Badge status=Signal::stored(badge) />
                <a class="name" href=href::run(id) data-row="">{title}</a>
                <RunName run=fixed />
                <StageMarks run />
                <span class="push"></span>
                <RunTime run />
            }
            .into_any()
        }
        None => view! { <a class="name" href=href::run(id) data-row="">{lang.run_id(id)}</a> }.into_any(),
    };
    view! {
        <div class="row child-run">{move || line()}</div>
        {move || gone.get().then(|| view! { <p class="note s-warnings" role="alert">{lang.t(T::RunGone)}</p> }.into_any())}
    }
    .into_any()
}
