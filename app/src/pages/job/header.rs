//! The head of a job's page: where it belongs, how it stands, what can be done.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::Status;

use super::state::JobState;
use crate::components::act::{ActButton, ActForm, AskFirst, ConfirmButton};
use crate::components::dynamic::Show;
use crate::components::status::{Badge, Icon, job_state};
use crate::components::time::JobTime;
use crate::i18n::{Phrases, T, use_lang};
use crate::logic::href;
use crate::rpc::{CancelJob, PlayJob, RetryJob, UnscheduleJob};

/// The head.
#[component]
pub fn Header(
    /// The job.
    state: JobState,
) -> impl IntoView {
    let lang = use_lang();
    let job = state.job;
    let fixed = job.get_untracked();
    let run = state.run.get_untracked();
    let status = Memo::new(move |_| job.with(job_state));
    let id = vec![("id", fixed.id.to_string())];
    let retry = Signal::derive(move || {
        job.with(|j| match (j.retried, j.is_retryable()) {
            (true, _) => Some(T::JobRetriedAlready),
            (false, false) => Some(T::JobNotRetryable),
            (false, true) => None,
        })
    });
    let cancelable = Memo::new(move |_| job.with(|j| j.is_cancelable() && j.status != Status::Manual));
    let finished = Memo::new(move |_| job.with(|j| j.status.is_final()));
    let started = Memo::new(move |_| job.with(|j| j.started_at.is_some()));
    let manual = Memo::new(move |_| job.with(|j| j.is_playable()));
    let scheduled = Memo::new(move |_| job.with(|j| j.status == Status::Scheduled));
    // Only a script has something to clean up.
    let cancel_ask = if fixed.kind.is_build() { T::CancelJobAsk } else { T::CancelBridgeAsk };
    let (cancel, play, wait) = (id.clone(), id.clone(), id.clone());
    let attempt =
        (fixed.attempt > 1).then(|| view! { <span class="tag">{lang.attempt(fixed.attempt)}</span> }.into_any());
    let ask = StoredValue::new(fixed.confirmation.clone());
    let play_button = move || match ask.get_value() {
        Some(ask) => view! { <ConfirmButton ask label=T::Play icon="play" key="p" primary=true /> }.into_any(),
        None => view! {
            <button class="button primary" type="submit" data-key="p">
                <Icon name="play" />
                {lang.t(T::Play)}
            </button>
        }
        .into_any(),
    };
    view! {
        <div class="page-head">
            <Badge status=status />
            <div>
                <nav class="crumbs" aria-label=lang.t(T::Run)>
                    <a href=href::run(run.id)>{lang.run_title(run.number, &run.pipeline_name)}</a>
                    <span aria-hidden="true">" / "</span>
                    <span>{fixed.stage.clone()}</span>
                </nav>
                <h1>{fixed.name.clone()} " " {attempt}</h1>
            </div>
            <Show when=move || started.get()>
                <span class="lead"><JobTime job /></span>
            </Show>
            <span class="push"></span>
            <div class="actions">
                <Show when=move || finished.get()>
                    <ActButton to=RetryJob::PATH fields=id.clone() label=T::Retry icon="retry" key="r" unless=retry />
                </Show>
                <Show when=move || scheduled.get()>
                    <ActButton to=UnscheduleJob::PATH fields=wait.clone() label=T::Unschedule icon="scheduled" hint=T::UnscheduleHint />
                </Show>
                <Show when=move || cancelable.get()>
                    <AskFirst
                        to=CancelJob::PATH
                        fields=cancel.clone()
                        label=T::Cancel
                        icon="stop"
                        ask=cancel_ask
                        doit=T::CancelJobDo
                        key="c"
                    />
                </Show>
            </div>
        </div>
        <Show when=move || manual.get()>
            <section class="panel play">
                <h2>{lang.t(T::PlayTitle)}</h2>
                <ActForm to=PlayJob::PATH fields=play.clone() class="act column">
                    <label class="field">
                        <span>{lang.t(T::PlayWith)}</span>
                        <textarea name="variables" rows="2" spellcheck="false" autocomplete="off"></textarea>
                    </label>
                    {play_button()}
                </ActForm>
            </section>
        </Show>
    }
    .into_any()
}
