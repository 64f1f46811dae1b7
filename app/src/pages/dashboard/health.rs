//! Each pipeline with its last ten runs as marks.

use leptos::prelude::*;
use model::Status;
use model::view::{Dashboard, PipelineHealth, RunMark};

use crate::components::dynamic::{Each, entry};
use crate::components::status::{Icon, face, word};
use crate::i18n::{Phrases, T, use_lang};
use crate::logic::{health as verdict, href};

/// The pipelines.
#[component]
pub fn HealthTable(
    /// The dashboard.
    board: RwSignal<Dashboard>,
) -> impl IntoView {
    let pipelines = Memo::new(move |_| board.with(|b| b.pipelines.clone()));
    let line = |health: PipelineHealth| {
        let newest = health.last.first().map(|m| (m.id, m.status, m.warnings));
        let key = (health.pipeline.id, health.pipeline.version, newest, health.last.len());
        entry(key, move || view! { <Line health=health.clone() /> }.into_any())
    };
    view! {
        <ul class="rows health">
            <Each of=move || pipelines.get().into_iter().map(line).collect() />
        </ul>
    }
}

#[component]
fn Line(health: PipelineHealth) -> impl IntoView {
    let lang = use_lang();
    let score = verdict::score(&health.last);
    let address = href::pipeline(&health.pipeline.key);
    let none = health.last.is_empty();
    // Time goes to the right.
    let marks = health.last.into_iter().rev().map(|mark| view! { <Mark mark /> }.into_any()).collect_view();
    view! {
        <li class="row">
            <a class="name" href=address data-row="">{health.pipeline.name}</a>
            <span class="push"></span>
            {none.then(|| view! { <span class="faint">{lang.t(T::NeverRan)}</span> }.into_any())}
            <span class="marks">{marks}</span>
            <span class="score num" title=score.map(|s| lang.score(s))>
                {score.map_or_else(|| "–".to_owned(), |s| format!("{s} %"))}
            </span>
        </li>
    }
}

#[component]
fn Mark(mark: RunMark) -> impl IntoView {
    let lang = use_lang();
    let warnings = mark.warnings && mark.status == Status::Success;
    let picture = face(mark.status, warnings);
    let length = mark.duration.map(|d| format!(", {}", lang.duration(d))).unwrap_or_default();
    let text = format!("#{} {}{length}", mark.number, word(lang, mark.status, warnings));
    let said = text.clone();
    view! {
        <a class=format!("mark s-{picture}") href=href::run(mark.id) title=text>
            <Icon name=picture />
            <span class="unseen">{said}</span>
        </a>
    }
    .into_any()
}
