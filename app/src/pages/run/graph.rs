//! Stages as columns, needs as lines between jobs. Jobs are ordinary links in ordinary lists, which
//! a phone shows one below the other; the lines are a picture behind them.

use leptos::prelude::*;
use model::Job;

use super::node::JobNode;
use super::state::RunState;
use crate::components::dynamic::Show;
use crate::components::status::face;
use crate::i18n::{T, use_lang};
use crate::logic::graph::{self, Group, Layout, Node};

/// The graph of a run.
#[component]
pub fn Graph(
    /// The run.
    state: RunState,
) -> impl IntoView {
    let lang = use_lang();
    let latest = Memo::new(move |_| state.latest());
    let layout = Memo::new(move |_| {
        let node = |job: &RwSignal<Job>| {
            job.with_untracked(|j| Node { name: j.name.clone(), stage: j.stage.clone(), needs: j.needs.clone() })
        };
        graph::layout(&latest.with(|jobs| jobs.iter().map(node).collect::<Vec<_>>()))
    });
    let lit = RwSignal::new(None::<usize>);
    let empty = move || latest.with(Vec::is_empty);
    view! {
        <Show when=move || !empty() fallback=move || view! { <p class="calm">{lang.t(T::NoJobs)}</p> }>
            <div class="scroll-x graph-frame" tabindex="0" role="region" aria-label=lang.t(T::GraphOf)>
                {move || {
                    let layout = layout.get();
                    let jobs = latest.get_untracked();
                    view! { <Drawing layout jobs state lit /> }
                }}
            </div>
        </Show>
    }
}

#[component]
fn Drawing(layout: Layout, jobs: Vec<RwSignal<Job>>, state: RunState, lit: RwSignal<Option<usize>>) -> impl IntoView {
    let Layout { groups, edges, width, height } = layout;
    let statuses = jobs.clone();
    // The selector may ask once more while the page is being left.
    let is_lit = Selector::new(move || lit.try_get().flatten());
    let line = move |edge: graph::Edge| {
        let (from, to) = (edge.from, edge.to);
        let source = statuses[from];
        let (a, b) = (is_lit.clone(), is_lit.clone());
        let class = move || {
            let lit = a.selected(&Some(from)) || b.selected(&Some(to));
            format!("edge from-{}{}", source.with(|j| face(j.status, false)), if lit { " lit" } else { "" })
        };
        view! { <path class=move || class() d=edge.path /> }.into_any()
    };
    view! {
        <div class="graph">
            <svg class="edges" width=width height=height aria-hidden="true">
                {edges.into_iter().map(line).collect_view()}
            </svg>
            <ol class="stages">
                {groups
                    .into_iter()
                    .map(|group| {
                        let jobs = jobs.clone();
                        view! { <StageColumn group jobs state lit /> }.into_any()
                    })
                    .collect_view()}
            </ol>
        </div>
    }
}

#[component]
fn StageColumn(group: Group, jobs: Vec<RwSignal<Job>>, state: RunState, lit: RwSignal<Option<usize>>) -> impl IntoView {
    let name = group.stage.clone();
    let look = move || {
        let status = state.run.with(|r| r.stages.iter().find(|s| s.name == name).map(|s| (s.status, s.warnings)));
        let (status, warnings) = status.unwrap_or((model::Status::Created, false));
        format!("stage s-{}", face(status, warnings && status == model::Status::Success))
    };
    let column = move |indices: Vec<usize>| {
        let nodes = indices.into_iter().map(|index| {
            let job = jobs[index];
            view! {
                <li on:mouseenter=move |_| lit.set(Some(index)) on:mouseleave=move |_| lit.set(None)
                    on:focusin=move |_| lit.set(Some(index)) on:focusout=move |_| lit.set(None)>
                    <JobNode job />
                </li>
            }
            .into_any()
        });
        view! { <ul>{nodes.collect_view()}</ul> }.into_any()
    };
    view! {
        <li class=move || look()>
            <h2>{group.stage}</h2>
            <div class="lanes">{group.columns.into_iter().map(column).collect_view()}</div>
        </li>
    }
    .into_any()
}
