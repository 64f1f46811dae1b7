//! A job in the graph: a link with its status, its time, and the one thing that can be done now.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{Job, Status};

use crate::components::act::{ActButton, ActForm, ConfirmButton};
use crate::components::child::ChildMark;
use crate::components::status::{Badge, face, job_state};
use crate::components::time::JobTime;
use crate::i18n::{Phrases, T, use_lang};
use crate::logic::href;
use crate::rpc::{PlayJob, RetryJob};

/// The node.
#[component]
pub fn JobNode(
    /// The job.
    job: RwSignal<Job>,
) -> impl IntoView {
    let lang = use_lang();
    let fixed = job.get_untracked();
    let state = Memo::new(move |_| job.with(job_state));
    let look = move || {
        let (status, allowed) = state.get();
        format!("node s-{}", face(status, allowed))
    };
    let why = move || job.with(|j| lang.reason(&j.reason));
    let failed = move || (state.get() == (Status::Failed, false)).then_some("");
    let again = (fixed.attempt > 1)
        .then(|| view! { <span class="count num" title=lang.attempt(fixed.attempt)>{fixed.attempt}</span> }.into_any());
    view! {
        <div class=move || look() title=move || why()>
            <a href=href::job(fixed.id) data-row="" data-failed=move || failed()>
                <Badge status=state quiet=true />
                <span class="name">{fixed.name.clone()}</span>
                {again}
            </a>
            <ChildMark job quiet=true />
            <JobTime job />
            <JobAction job />
        </div>
    }
}

/// Play or retry, whichever applies; nothing otherwise.
#[component]
pub fn JobAction(
    /// The job.
    job: RwSignal<Job>,
) -> impl IntoView {
    let (id, run) = job.with_untracked(|j| (j.id, j.run_id));
    let what = Memo::new(move |_| {
        job.with(|j| match j.status {
            Status::Manual => Some(true),
            Status::Failed | Status::Canceled if j.is_retryable() => Some(false),
            _ => None,
        })
    });
    move || {
        let fields = vec![("id", id.to_string()), ("back", href::run(run))];
        what.get().map(|play| {
            let (ask, about) = job.with_untracked(|j| (j.confirmation.clone(), j.name.clone()));
            if let Some(ask) = ask.filter(|_| play) {
                view! {
                    <ActForm to=PlayJob::PATH fields>
                        <ConfirmButton ask label=T::Play icon="play" quiet=true about />
                    </ActForm>
                }
                .into_any()
            } else if play {
                view! { <ActButton to=PlayJob::PATH fields label=T::Play icon="play" quiet=true about /> }.into_any()
            } else {
                view! { <ActButton to=RetryJob::PATH fields label=T::Retry icon="retry" quiet=true about /> }.into_any()
            }
        })
    }
}
