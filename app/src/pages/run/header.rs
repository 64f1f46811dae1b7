//! The head of a run's page: what it is, how it stands, what can be done.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{ArtifactInfo, JobId, Source, Status};

use super::state::RunState;
use crate::components::act::{ActButton, AskFirst};
use crate::components::artifact::ArtifactLink;
use crate::components::dynamic::Show;
use crate::components::run_list::{Commit, RunName};
use crate::components::status::{Badge, run_state};
use crate::components::time::{RunTime, When};
use crate::i18n::{Figures, Lang, Phrases, T, use_lang};
use crate::logic::href;
use crate::rpc::{CancelRun, DeleteRun, RetryRun};

/// The head.
#[component]
pub fn Header(
    /// The run.
    state: RunState,
) -> impl IntoView {
    let lang = use_lang();
    let run = state.run;
    // What never changes is read once.
    let fixed = run.get_untracked();
    let status = Memo::new(move |_| run.with(run_state));
    let started = Signal::derive(move || run.with(|r| r.started_at.or(Some(r.created_at))));
    let finished = Signal::derive(move || run.with(|r| r.finished_at.filter(|_| r.status.is_complete())));
    let source = lang.t(match fixed.source {
        Source::Web => T::SourceWeb,
        Source::Api => T::SourceApi,
        Source::ParentPipeline => T::SourceParent,
        Source::Trigger => T::SourceTrigger,
        Source::Pipeline => T::SourceJob,
        Source::Schedule => T::SourceSchedule,
    });
    let schedules = fixed.schedule.map(|_| format!("/schedules?project={}", fixed.project_id));
    let source = match schedules {
        Some(to) => view! { <a href=to rel="external">{source}</a> }.into_any(),
        None => source.into_any(),
    };
    let fact = move |name: T, value: AnyView| {
        view! {
            <div>
                <dt>{lang.t(name)}</dt>
                <dd>{value}</dd>
            </div>
        }
        .into_any()
    };
    let input = fixed.input_path.clone().map(|path| fact(T::InputPath, view! { <code>{path}</code> }.into_any()));
    let told = Memo::new(move |_| state.told());
    let here = href::run(fixed.id);
    let results = move || {
        let (coverage, tests, unread) = told.get();
        let coverage = coverage.map(|told| fact(T::Coverage, view! { {lang.percent(told)} }.into_any()));
        let tests = tests.map(|counts| {
            let to = format!("{here}?view=tests");
            fact(T::Tests, view! { <a href=to>{lang.reported_tests(&counts, unread)}</a> }.into_any())
        });
        view! { {coverage} {tests} }
    };
    let exposed = Memo::new(move |_| state.exposed());
    let link = |(job, file): (JobId, ArtifactInfo)| {
        let label = file.exposed_as.clone().unwrap_or_default();
        view! { <li><ArtifactLink job label file /></li> }.into_any()
    };
    let artifacts = move || {
        let files = exposed.get();
        let list = (!files.is_empty()).then(|| files.into_iter().map(link).collect_view());
        list.map(|list| fact(T::Artifacts, view! { <ul class="exposed">{list}</ul> }.into_any()))
    };
    let parent = fixed.parent.map(|parent| {
        let job = view! { <a href=href::job(parent.job)>{lang.job_id(parent.job)}</a> }.into_any();
        let run = view! { <a href=href::run(parent.run)>{lang.run_id(parent.run)}</a> }.into_any();
        fact(
            T::StartedBy,
            match lang {
                Lang::En => view! { {job} " of " {run} }.into_any(),
                Lang::Zh => view! { {run} " 的" {job} }.into_any(),
            },
        )
    });
    view! {
        <div class="page-head">
            <Badge status=status />
            <div>
                <h1>
                    <a href=href::pipeline(&fixed.pipeline_key)>{fixed.pipeline_name.clone()}</a>
                    " "
                    <span class="num">{format!("#{}", fixed.number)}</span>
                </h1>
                <RunName run=fixed.clone() />
            </div>
            <span class="push"></span>
            <Actions state />
        </div>
        <dl class="facts">
            {fact(T::Commit, view! { <Commit run=fixed.clone() /> }.into_any())}
            {fact(T::Trigger, view! { {source} ", " {fixed.user.clone()} }.into_any())}
            {parent}
            {fact(T::Started, view! { <When at=started /> }.into_any())}
            {fact(T::Finished, view! { <When at=finished /> }.into_any())}
            {fact(T::Duration, view! { <RunTime run /> }.into_any())}
            {fact(T::Project, view! { <a href=href::place(fixed.project_path.as_str()) rel="external">{fixed.project_path.to_string()}</a> }.into_any())}
            {input}
            {move || results()}
            {move || artifacts()}
        </dl>
    }
}

/// Retry, cancel, delete.
#[component]
fn Actions(state: RunState) -> impl IntoView {
    let run = state.run;
    let id = vec![("id", run.with_untracked(|r| r.id).to_string())];
    let bad = Memo::new(move |_| {
        state.latest().iter().any(|j| j.with(|j| matches!(j.status, Status::Failed | Status::Canceled)))
    });
    let alive = Memo::new(move |_| run.with(|r| !r.status.is_complete()));
    let unless = Signal::derive(move || (!bad.get()).then_some(T::NothingToRetry));
    let (cancel, delete) = (id.clone(), id.clone());
    view! {
        <div class="actions">
            <ActButton to=RetryRun::PATH fields=id label=T::Retry icon="retry" key="r" unless hint=T::RetryRunHint />
            <Show
                when=move || alive.get()
                fallback={
                    let delete = delete.clone();
                    move || {
                        view! {
                            <AskFirst
                                to=DeleteRun::PATH
                                fields=delete.clone()
                                label=T::Delete
                                icon="delete"
                                ask=T::DeleteRunAsk
                                doit=T::DeleteRunDo
                            />
                        }
                    }
                }
            >
                <AskFirst
                    to=CancelRun::PATH
                    fields=cancel.clone()
                    label=T::Cancel
                    icon="stop"
                    ask=T::CancelRunAsk
                    doit=T::CancelRunDo
                    key="c"
                />
            </Show>
        </div>
    }
    .into_any()
}
