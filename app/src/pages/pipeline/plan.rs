//! What a run started now would have: stages, jobs, and the jobs left out with the reason.

use leptos::prelude::*;
use model::plan::{ExcludedJob, When};
use model::view::{PlanJob, PlanStage};

use super::editor::Checked;
use crate::components::status::Icon;
use crate::i18n::{Figures, Phrases, T, use_lang};
use crate::logic::estimate::{self, Estimate};

/// The panel; follows the editor.
#[component]
pub fn PlanPanel(
    /// The text and its plan.
    checked: Checked,
) -> impl IntoView {
    let lang = use_lang();
    let plan = checked.plan;
    view! {
        <section class="panel">
            <h2>
                {lang.t(T::Plan)} <span class="faint">{lang.t(T::PlanHint)}</span>
            </h2>
            {move || {
                let (stages, excluded) = plan.get();
                if stages.is_empty() && excluded.is_empty() {
                    return view! { <p class="calm">{lang.t(T::PlanEmpty)}</p> }.into_any();
                }
                let expected = estimate::of_plan(&stages);
                view! {
                    <Expected expected />
                    <Stages stages />
                    <Excluded list=excluded />
                }
                    .into_any()
            }}
        </section>
    }
}

/// How long a run may take; nothing where nobody knows.
#[component]
pub fn Expected(
    /// What is known.
    expected: Option<Estimate>,
) -> impl IntoView {
    let lang = use_lang();
    expected.map(|expected| {
        view! { <p class="expected faint" title=lang.t(T::EstimateHint)>{lang.estimate(&expected)}</p> }.into_any()
    })
}

#[component]
fn Stages(stages: Vec<PlanStage>) -> impl IntoView {
    let lang = use_lang();
    let stage = move |stage: PlanStage| {
        // Of a single job the same is said beside it.
        let longest = estimate::longest(&stage).filter(|_| stage.jobs.len() > 1);
        let longest = longest.map(|ms| view! { <span class="faint num">{lang.longest(ms)}</span> }.into_any());
        view! {
            <li>
                <h3>{stage.name} " " {longest}</h3>
                <ul class="rows">{stage.jobs.into_iter().map(|job| view! { <Planned job /> }.into_any()).collect_view()}</ul>
            </li>
        }.into_any()
    };
    view! { <ol class="plan">{stages.into_iter().map(stage).collect_view()}</ol> }
}

#[component]
fn Planned(job: PlanJob) -> impl IntoView {
    let lang = use_lang();
    let icon = if job.when == When::Manual { "manual" } else { "created" };
    let needs = job.needs.map(|needs| view! { <span class="faint">{lang.needs(&needs)}</span> }.into_any());
    let when =
        (job.when != When::OnSuccess).then(|| view! { <span class="tag">{lang.when(job.when)}</span> }.into_any());
    let last =
        job.last_duration.map(|ms| view! { <span class="faint num time">{lang.last_time(ms)}</span> }.into_any());
    // Nothing waits for what a person need not play.
    let tag = if job.when == When::Manual { T::Optional } else { T::AllowedToFail };
    let may_fail = job.allow_failure.then(|| view! { <span class="tag">{lang.t(tag)}</span> }.into_any());
    view! {
        <li class="row">
            <Icon name=icon />
            <span class="name">{job.name}</span>
            {when}
            {may_fail}
            {needs}
            {last}
        </li>
    }
}

#[component]
fn Excluded(list: Vec<ExcludedJob>) -> impl IntoView {
    let lang = use_lang();
    (!list.is_empty()).then(|| {
        let row = |job: ExcludedJob| {
            view! {
                <li class="row">
                    <Icon name="skipped" />
                    <span class="name">{job.name}</span>
                    <span class="faint">{job.reason}</span>
                </li>
            }
            .into_any()
        };
        view! {
            <h3>{lang.t(T::Excluded)}</h3>
            <ul class="rows">{list.into_iter().map(row).collect_view()}</ul>
        }
        .into_any()
    })
}
