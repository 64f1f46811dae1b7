//! The jobs of a run as a table, earlier attempts included.

use leptos::prelude::*;
use model::plan::When as Trigger;
use model::{Job, Status};

use super::node::JobAction;
use super::state::RunState;
use crate::components::child::ChildMark;
use crate::components::dynamic::{Each, entry};
use crate::components::status::{Badge, job_state};
use crate::components::time::{JobTime, When};
use crate::i18n::{Phrases, T, use_lang};
use crate::logic::href;

/// The table.
#[component]
pub fn JobTable(
    /// The run.
    state: RunState,
) -> impl IntoView {
    let lang = use_lang();
    let row = |job: RwSignal<Job>| entry(job.with_untracked(|j| j.id), move || view! { <Row job /> }.into_any());
    view! {
        <div class="scroll-x">
            <table class="list jobs">
                <caption class="unseen">{lang.t(T::Jobs)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{lang.t(T::Status)}</th>
                        <th scope="col">{lang.t(T::Job)}</th>
                        <th scope="col" class="wide">{lang.t(T::Stage)}</th>
                        <th scope="col" class="wide">{lang.t(T::Why)}</th>
                        <th scope="col" class="wide">{lang.t(T::Runner)}</th>
                        <th scope="col" class="wide end">{lang.t(T::Started)}</th>
                        <th scope="col" class="end">{lang.t(T::Duration)}</th>
                        <th scope="col">
                            <span class="unseen">{lang.t(T::Actions)}</span>
                        </th>
                    </tr>
                </thead>
                <tbody>
                    <Each of=move || state.jobs.get().into_iter().map(row).collect() />
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(job: RwSignal<Job>) -> impl IntoView {
    let lang = use_lang();
    let fixed = job.get_untracked();
    let status = Memo::new(move |_| job.with(job_state));
    let failed = move || (status.get() == (Status::Failed, false)).then_some("");
    let old = Memo::new(move |_| job.with(|j| j.retried));
    let attempt =
        (fixed.attempt > 1).then(|| view! { " " <span class="faint">{lang.attempt(fixed.attempt)}</span> }.into_any());
    // Nothing waits for what a person need not play.
    let tag = if fixed.when == Trigger::Manual { T::Optional } else { T::AllowedToFail };
    let needs = fixed.needs.as_ref().map(|needs| lang.needs(needs));
    view! {
        <tr class:past=move || old.get()>
            <td>
                <Badge status=status />
            </td>
            <th scope="row">
                <a href=href::job(fixed.id) data-row="" data-failed=move || failed()>{fixed.name.clone()}</a>
                " "
                <ChildMark job />
                {attempt}
                {move || old.get().then(|| view! { " " <span class="faint">{lang.t(T::Earlier)}</span> }.into_any())}
                {fixed.allow_failure.then(|| view! { " " <span class="tag">{lang.t(tag)}</span> }.into_any())}
            </th>
            <td class="wide" title=needs>{fixed.stage.clone()}</td>
            <td class="wide reason">{move || job.with(|j| lang.reason(&j.reason))}</td>
            <td class="wide">{move || job.with(|j| j.runner.clone().unwrap_or_else(|| "–".into()))}</td>
            <td class="wide end">
                <When at=Signal::derive(move || job.with(|j| j.started_at)) />
            </td>
            <td class="end">
                <JobTime job />
            </td>
            <td class="act">
                <JobAction job />
            </td>
        </tr>
    }
    .into_any()
}
