//! What a run would have: stages, jobs, and the jobs left out with the reason.

use leptos::prelude::*;
use model::plan::{ExcludedJob, When};
use model::view::{PlanJob, PlanStage};

use super::asking::Asking;
use crate::components::status::Icon;
use crate::i18n::{Figures, Phrases, Planned as _, T, use_lang};
use crate::logic::estimate;
use crate::logic::wanted::PlanOf;

/// A plan and what it is of.
#[derive(Clone)]
struct Shown {
    of: PlanOf,
    stages: Vec<PlanStage>,
    excluded: Vec<ExcludedJob>,
}

/// The plan of what was changed last: the run form or the text in the editor.
#[derive(Clone, Copy)]
pub struct Preview {
    /// What is asked of the run form.
    pub asking: Asking,
    shown: RwSignal<Shown>,
    /// Of the definition as it is saved.
    saved: StoredValue<Shown>,
    /// What the plan is to be of, once the answer is there.
    wanted: StoredValue<PlanOf>,
}

impl Preview {
    /// The plan of the definition as it is saved; `branch` as in [`PlanOf::Definition`].
    pub fn new(stages: Vec<PlanStage>, excluded: Vec<ExcludedJob>, branch: bool) -> Self {
        let of = PlanOf::Definition { branch };
        let saved = Shown { of: of.clone(), stages, excluded };
        Self {
            asking: Asking::new(),
            shown: RwSignal::new(saved.clone()),
            saved: StoredValue::new(saved),
            wanted: StoredValue::new(of),
        }
    }

    /// From now on the plan is to be of this; until it is known, the one before stays.
    pub fn turn_to(self, of: PlanOf) {
        self.wanted.set_value(of);
    }

    /// Shows a plan, unless something else was changed since it was asked for.
    pub fn show(self, of: PlanOf, stages: Vec<PlanStage>, excluded: Vec<ExcludedJob>) {
        if self.wanted.with_value(|wanted| *wanted == of) {
            self.shown.set(Shown { of, stages, excluded });
        }
    }

    /// Back to the plan of the definition as it is saved.
    pub fn restore(self) {
        let saved = self.saved.get_value();
        if self.wanted.with_value(|wanted| *wanted != saved.of) {
            self.wanted.set_value(saved.of.clone());
            self.shown.set(saved);
        }
    }
}

/// The panel.
#[component]
pub fn PlanPanel(
    /// The plan.
    plan: Preview,
) -> impl IntoView {
    let lang = use_lang();
    let shown = plan.shown;
    let caption = move || {
        let (of, jobs) = shown.with(|shown| (shown.of.clone(), shown.stages.iter().map(|s| s.jobs.len()).sum()));
        lang.plan_of(&of, jobs)
    };
    view! {
        <section class="panel planned">
            <h2>
                {lang.t(T::Plan)} " "
                {move || {
                    let busy = plan.asking.busy.get();
                    busy.then(|| view! { <span class="faint">{lang.t(T::Checking)}</span> }.into_any())
                }}
            </h2>
            <p class="plan-of faint" aria-live="polite">
                {move || caption()}
            </p>
            {move || {
                let Shown { of, stages, excluded } = shown.get();
                if stages.is_empty() && excluded.is_empty() {
                    let why = if matches!(of, PlanOf::Form(_)) { T::PlanRefused } else { T::PlanEmpty };
                    return view! { <p class="calm">{lang.t(why)}</p> }.into_any();
                }
                view! {
                    <Expected stages=stages.clone() />
                    <Stages stages />
                    <Excluded list=excluded />
                }
                    .into_any()
            }}
        </section>
    }
}

/// How long the run may take; nothing where nobody knows.
#[component]
fn Expected(stages: Vec<PlanStage>) -> impl IntoView {
    let lang = use_lang();
    estimate::of_plan(&stages).map(|expected| {
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
            let detail = |text: String| view! { <li>{text}</li> }.into_any();
            // Each of its rules, with the values that decided.
            let details = (!job.details.is_empty()).then(|| {
                view! { <ul class="details">{job.details.into_iter().map(detail).collect_view()}</ul> }.into_any()
            });
            view! {
                <li class="row wrap">
                    <Icon name="skipped" />
                    <span class="name">{job.name}</span>
                    <span class="faint">{job.reason}</span>
                    {details}
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
