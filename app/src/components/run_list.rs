//! A list of runs, as the dashboard, the run list and the pipeline's page have it.

use leptos::prelude::*;
use model::{Run, Status};

use super::dynamic::{Each, entry};
use super::status::{Badge, face, run_state, word};
use super::time::{RunTime, When};
use crate::i18n::{Phrases, T, use_lang};
use crate::live::{signal_in, update};
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
    let row = move |run: RwSignal<Run>| {
        entry(run.with_untracked(|r| r.id), move || view! { <Row run of_one_pipeline /> }.into_any())
    };
    view! {
        <div class="scroll-x">
            <table class="list runs">
                <caption class="unseen">{lang.t(caption)}</caption>
                <thead>
                    <tr>
                        <th scope="col">{lang.t(T::Status)}</th>
                        <th scope="col">{lang.t(T::Run)}</th>
                        <th scope="col" class="wide">{lang.t(T::Stages)}</th>
                        <th scope="col" class="wide aside-cell">{lang.t(T::Commit)}</th>
                        <th scope="col" class="wide aside-cell">{lang.t(T::Person)}</th>
                        <th scope="col" class="end">{lang.t(T::Duration)}</th>
                        <th scope="col" class="end">{lang.t(T::Created)}</th>
                    </tr>
                </thead>
                <tbody>
                    <Each of=move || runs.get().into_iter().map(row).collect() />
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
    let pipeline =
        (!of_one_pipeline).then(|| view! { <span class="name">{fixed.pipeline_name.clone()}</span> }.into_any());
    view! {
        <tr>
            <td>
                <Badge status=state />
            </td>
            <th scope="row">
                <a href=address data-row="" data-failed=move || failed()>
                    {pipeline}
                    <span class="num">{format!("#{}", fixed.number)}</span>
                </a>
                " "
                <RunName run=fixed.clone() />
                <RunGiven run=fixed.clone() />
            </th>
            <td class="wide">
                <StageMarks run />
            </td>
            <td class="wide aside-cell commit-cell">
                <Commit run=fixed.clone() />
            </td>
            <td class="wide aside-cell">{fixed.user.clone()}</td>
            <td class="end">
                <RunTime run />
            </td>
            <td class="end">
                <When at=Signal::stored(Some(fixed.created_at)) />
            </td>
        </tr>
    }
}

/// Brings a list up to date without touching the entries that are known already.
pub fn merge(runs: RwSignal<Vec<RwSignal<Run>>>, fresh: Vec<Run>, owner: Option<&Owner>) {
    let known: Vec<_> = runs.get_untracked();
    let next: Vec<_> = fresh
        .into_iter()
        .map(|run| match known.iter().find(|k| k.with_untracked(|k| k.id) == run.id) {
            Some(known) => {
                update(*known, run);
                *known
            }
            None => signal_in(owner, run),
        })
        .collect();
    if next != known {
        runs.set(next);
    }
}

/// The name that the definition gave the run (`workflow:name`); nothing where it gave none.
#[component]
pub fn RunName(
    /// The run.
    run: Run,
) -> impl IntoView {
    // What does not fit into a row is to be had by pointing at it.
    run.name.map(|name| {
        let whole = name.clone();
        view! { <span class="run-name" title=whole>{name}</span> }.into_any()
    })
}

/// A few of the variables that the run was started with; nothing where there are none, or none to be seen.
#[component]
pub fn RunGiven(
    /// The run.
    run: Run,
) -> impl IntoView {
    run.given.map(|given| {
        let mut text = given.shown.join(" ");
        if given.more > 0 {
            text.push_str(&format!(" +{}", given.more));
        }
        let whole = text.clone();
        view! { <code class="run-given" title=whole>{text}</code> }.into_any()
    })
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
        .into_any()
    };
    view! {
        <span class="segs" role="img" aria-label=move || lang.stages_done(done().0, done().1)>
            {move || stages.get().into_iter().map(mark).collect_view()}
        </span>
    }
    .into_any()
}
