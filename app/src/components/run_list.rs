//! A list of runs, as the dashboard, the run list and the pipeline's page have it.

use leptos::prelude::*;
use model::{Run, Status};

use super::status::{Badge, face, run_state, word};
use super::time::{RunTime, When};
use crate::i18n::{Phrases, T, use_lang};
use crate::logic::href;

/// Runs in a table, newest first. Entries are kept by id, so that a change moves nothing else.
#[component]
pub fn RunTable(
    /// The runs.
    #[prop(into)]
    runs: Signal<Vec<RwSignal<Run>>>,
    /// What the table lists, for screen readers.
    caption: T,
    /// Leave out the column with the pipeline.
    #[prop(optional)]
    of_one_pipeline: bool,
) -> impl IntoView {
    let lang = use_lang();
    view! {
        <div class="scroll-x">
            <table class="list runs">
                <caption class="unseen">{lang.t(caption)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{lang.t(T::Status)}</th>
                        <th scope="col">{lang.t(T::Run)}</th>
                        <th scope="col" class="wide">{lang.t(T::Stages)}</th>
                        <th scope="col" class="wide">{lang.t(T::Commit)}</th>
                        <th scope="col" class="wide">{lang.t(T::Person)}</th>
                        <th scope="col" class="end">{lang.t(T::Duration)}</th>
                        <th scope="col" class="end">{lang.t(T::Created)}</th>
                    </tr>
                </thead>
                <tbody>
                    <For
                        each=move || runs.get()
                        key=|run| run.with_untracked(|r| r.id)
                        children=move |run| view! { <Row run of_one_pipeline /> }
                    />
                </tbody>
            </table>
        </div>
    }
}

#[component]
fn Row(run: RwSignal<Run>, of_one_pipeline: bool) -> impl IntoView {
    let state = Memo::new(move |_| run.with(run_state));
    let failed = move || (state.get().0 == Status::Failed).then_some("");
    // What never changes is read once.
    let fixed = run.get_untracked();
    let address = href::run(fixed.id);
    let name = (!of_one_pipeline).then(|| view! { <span class="name">{fixed.pipeline_name.clone()}</span> });
    view! {
        <tr>
            <td>
                <Badge status=state />
            </td>
            <th scope="row">
                <a href=address data-row="" data-failed=move || failed()>
                    {name}
                    <span class="num">{format!("#{}", fixed.number)}</span>
                </a>
            </th>
            <td class="wide">
                <StageMarks run />
            </td>
            <td class="wide commit-cell">
                <Commit run=fixed.clone() />
            </td>
            <td class="wide">{fixed.user.clone()}</td>
            <td class="end">
                <RunTime run />
            </td>
            <td class="end">
                <When at=Signal::stored(Some(fixed.created_at)) />
            </td>
        </tr>
    }
}

/// Branch, short commit, title; a dash for pipelines without a repository.
#[component]
pub fn Commit(
    /// The run.
    run: Run,
) -> impl IntoView {
    if run.git_ref.is_empty() && run.sha.is_empty() {
        return view! { <span class="faint">"–"</span> }.into_any();
    }
    let sha: String = run.sha.chars().take(8).collect();
    view! {
        <span class="commit" title=run.sha>
            <span class="ref">{run.git_ref}</span>
            " "
            <code>{sha}</code>
            " "
            <span class="title">{run.commit_title}</span>
        </span>
    }
    .into_any()
}

/// A mark for each stage of a run.
#[component]
pub fn StageMarks(
    /// The run.
    run: RwSignal<Run>,
) -> impl IntoView {
    let lang = use_lang();
    let stages = Memo::new(move |_| run.with(|r| r.stages.clone()));
    let done = move || stages.with(|all| (all.iter().filter(|s| s.status.is_complete()).count(), all.len()));
    let mark = move |stage: model::Stage| {
        let warnings = stage.warnings && stage.status == Status::Success;
        let title = format!("{}: {}", stage.name, word(lang, stage.status, warnings));
        view! {
            <span class=format!("seg s-{}", face(stage.status, warnings)) title=title></span>
        }
    };
    view! {
        <span class="segs" role="img" aria-label=move || lang.stages_done(done().0, done().1)>
            {move || stages.get().into_iter().map(mark).collect_view()}
        </span>
    }
}
