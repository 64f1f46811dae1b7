//! Stages as columns, needs as lines between jobs. Jobs are ordinary links in ordinary lists, which
//! a phone shows one below the other; the lines are a picture behind them.

use leptos::ev;
use leptos::html::Div;
use leptos::prelude::*;
use model::Job;
use wasm_bindgen::JsCast;
use web_sys::Element;

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
    let nodes = Memo::new(move |_| {
        let node = |job: &RwSignal<Job>| {
            job.with_untracked(|j| Node { name: j.name.clone(), stage: j.stage.clone(), needs: j.needs.clone() })
        };
        latest.with(|jobs| jobs.iter().map(node).collect::<Vec<_>>())
    });
    let lit = RwSignal::new(None::<usize>);
    let empty = move || latest.with(Vec::is_empty);
    view! {
        <Show when=move || !empty() fallback=move || view! { <p class="calm">{lang.t(T::NoJobs)}</p> }>
            <div class="scroll-x graph-frame" tabindex="0" role="region" aria-label=lang.t(T::GraphOf)>
                {move || {
                    let nodes = nodes.get();
                    let jobs = latest.get_untracked();
                    view! { <Drawing nodes jobs state lit /> }
                }}
            </div>
        </Show>
    }
}

/// The graph of these jobs. Its lines follow the width of the jobs; the jobs themselves stay.
#[component]
fn Drawing(nodes: Vec<Node>, jobs: Vec<RwSignal<Job>>, state: RunState, lit: RwSignal<Option<usize>>) -> impl IntoView {
    let Layout { groups, edges, height, .. } = graph::layout(&nodes, graph::NODE_WIDTH);
    let place = NodeRef::<Div>::new();
    let wide = node_width(place, groups.iter().map(|group| group.columns.len()).sum());
    let drawn = Memo::new(move |_| graph::layout(&nodes, wide.get()));
    let width = move || drawn.with(|drawn| drawn.width);
    let statuses = jobs.clone();
    // The selector may ask once more while the page is being left.
    let is_lit = Selector::new(move || lit.try_get().flatten());
    let line = move |(index, edge): (usize, graph::Edge)| {
        let (from, to) = (edge.from, edge.to);
        let source = statuses[from];
        let (a, b) = (is_lit.clone(), is_lit.clone());
        let class = move || {
            let lit = a.selected(&Some(from)) || b.selected(&Some(to));
            format!("edge from-{}{}", source.with(|j| face(j.status, false)), if lit { " lit" } else { "" })
        };
        let path = move || drawn.with(|drawn| drawn.edges.get(index).map(|edge| edge.path.clone()));
        view! { <path class=move || class() d=move || path() /> }.into_any()
    };
    view! {
        <div class="graph" node_ref=place>
            <svg class="edges" width=move || width() height=height aria-hidden="true">
                {edges.into_iter().enumerate().map(line).collect_view()}
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

/// How wide jobs are, as far as the window and their names go. The server knows of neither.
fn node_width(place: NodeRef<Div>, columns: usize) -> RwSignal<i32> {
    let wide = RwSignal::new(graph::NODE_WIDTH);
    let measure = move || {
        let Some(element) = place.try_get_untracked().flatten() else { return };
        let Some(frame) = element.parent_element() else { return };
        let style = (*element).style();
        // Names say what they lack at the smallest width.
        let _ = style.remove_property("--node");
        let Ok(names) = element.query_selector_all(".node .name") else { return };
        let names = (0..names.length()).filter_map(|i| names.get(i)?.dyn_into::<Element>().ok());
        let missing = names.map(|name| name.scroll_width() - name.client_width()).max().unwrap_or(0);
        let new = graph::node_width(frame.client_width(), columns, missing);
        let _ = style.set_property("--node", &format!("{new}px"));
        if wide.try_get_untracked().is_some_and(|old| old != new) {
            wide.set(new);
        }
    };
    Effect::new(move || {
        place.track();
        measure();
        let handle = window_event_listener(ev::resize, move |_| measure());
        on_cleanup(move || handle.remove());
    });
    wide
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
