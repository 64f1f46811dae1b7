//! `/runs`: the list. The address is the filter, the filter is a form that sends itself by GET.

use leptos::prelude::*;
use leptos_router::components::Form;
use leptos_router::hooks::use_location;
use model::view::{RunFilter, RunPage};
use model::{Pipeline, PipelineKey, Run, Status};

use crate::components::dynamic::Show;
use crate::components::error::ErrorPage;
use crate::components::head::PageHead;
use crate::components::page::{PageKey, page_keys, use_page};
use crate::components::run_list::RunTable;
use crate::i18n::{T, use_lang};
use crate::live::{Background, Clock, signal_in, subscribe, update};
use crate::logic::filter;
use crate::rpc::{Seen, list_pipelines, list_runs, load, read};

const KEYS: &[PageKey] =
    &[("/", T::KeyFilter), ("j k", T::KeyMove), ("g g G", T::KeyEnds), ("f", T::KeyFailure), ("Enter", T::KeyOpen)];

/// The list of runs.
#[component]
pub fn RunsPage() -> impl IntoView {
    let lang = use_lang();
    let location = use_location();
    let query = Memo::new(move |_| location.search.get());
    let pipelines = load(|| (), |()| list_pipelines());
    let page = load(move || query.get(), list_runs);
    page_keys(KEYS);
    view! {
        <PageHead title=Signal::stored(lang.t(T::Runs).to_owned()) />
        <div class="page-head">
            <h1>{lang.t(T::Runs)}</h1>
        </div>
        <Suspense>
            {move || {
                // What cannot be read is said below; the form starts afresh then.
                let now = query.with(|text| filter::read(text)).unwrap_or_default();
                Suspend::new(async move {
                    let all = pipelines.await.unwrap_or_default();
                    view! { <Filter all now /> }
                })
            }}
        </Suspense>
        <Suspense>
            {move || Suspend::new(async move {
                let seen = page.await;
                let text = query.get_untracked();
                match seen {
                    Ok(seen) => view! { <List seen text /> }.into_any(),
                    Err(refused) => view! { <ErrorPage error=refused.0 /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

/// The filter's form.
#[component]
fn Filter(all: Vec<Pipeline>, now: RunFilter) -> impl IntoView {
    let lang = use_lang();
    let chosen = now.pipeline.as_ref().map(|k| k.as_str().to_owned());
    let status = (now.status.len() == 1).then(|| now.status[0]);
    let pipelines = all.into_iter().map(move |p| {
        let key = p.key.as_str().to_owned();
        let selected = chosen.as_deref() == Some(key.as_str());
        view! { <option value=key selected=selected>{p.name}</option> }
    });
    let statuses = Status::ALL.iter().map(move |s| {
        view! { <option value=s.as_str() selected=status == Some(*s)>{lang.status(*s)}</option> }
    });
    let reset = filter::narrows(&now).then(|| view! { <a class="button plain" href="/runs">{lang.t(T::Reset)}</a> });
    let field = move |name: &'static str, label: T, value: Option<String>, hint: Option<T>| {
        view! {
            <label class="field">
                <span>{lang.t(label)}</span>
                <input
                    type="search"
                    name=name
                    value=value
                    placeholder=hint.map(|h| lang.t(h))
                    data-filter=(name == "text").then_some("")
                    maxlength="255"
                />
            </label>
        }
    };
    view! {
        <Form method="GET" action="/runs" attr:class="filter" attr:role="search">
            {field("text", T::Text, now.text, Some(T::TextHint))}
            <label class="field">
                <span>{lang.t(T::Pipeline)}</span>
                <select name="pipeline">
                    <option value="">{lang.t(T::AnyPipeline)}</option>
                    {pipelines.collect_view()}
                </select>
            </label>
            <label class="field">
                <span>{lang.t(T::Status)}</span>
                <select name="status">
                    <option value="">{lang.t(T::AnyStatus)}</option>
                    {statuses.collect_view()}
                </select>
            </label>
            {field("ref", T::Ref, now.git_ref, None)}
            {field("user", T::Person, now.user, None)}
            <div class="field act">
                <button class="button" type="submit">{lang.t(T::Filter)}</button>
                {reset}
            </div>
        </Form>
    }
}

#[component]
fn List(seen: Seen<RunPage>, text: String) -> impl IntoView {
    let lang = use_lang();
    let heart = use_page().heart;
    Clock::start(seen.at);
    let now = filter::read(&text).unwrap_or_default();
    let first_page = now.before.is_none();
    let next = seen.value.next;
    let runs = RwSignal::new(seen.value.runs.into_iter().map(RwSignal::new).collect::<Vec<_>>());
    let address = filter::write(&now);
    let owner = Owner::current();
    subscribe(heart, Background::Rests, move || format!("/live/runs?{address}"), &["state", "run", "run_deleted"], {
        move |event, data| match event {
            "state" => {
                let Ok(page) = read::<RunPage>(data) else { return };
                merge(runs, page.runs, owner.as_ref());
            }
            "run" => {
                let Ok(run) = read::<Run>(data) else { return };
                let known =
                    runs.with_untracked(|all| all.iter().find(|r| r.with_untracked(|r| r.id) == run.id).copied());
                match known {
                    Some(known) => {
                        update(known, run);
                    }
                    // A run that was made meanwhile; older ones belong to other pages.
                    None if first_page
                        && runs
                            .with_untracked(|all| all.first().is_none_or(|r| r.with_untracked(|r| r.id) < run.id)) =>
                    {
                        let signal = signal_in(owner.as_ref(), run);
                        runs.update(|all| all.insert(0, signal));
                    }
                    None => {}
                }
            }
            _ => {
                let Ok(id) = read::<model::RunId>(data) else { return };
                runs.update(|all| all.retain(|r| r.with_untracked(|r| r.id) != id));
            }
        }
    });
    let narrowed = filter::narrows(&now);
    let older = next.map(|before| filter::href(&RunFilter { before: Some(before), ..now.clone() }));
    let newest = (!first_page).then(|| filter::href(&RunFilter { before: None, ..now }));
    let empty = Memo::new(move |_| runs.with(Vec::is_empty));
    let nothing = move || lang.t(if narrowed { T::NoRunsMatch } else { T::NoRuns });
    view! {
        <Show when=move || !empty.get() fallback=move || view! { <p class="calm">{nothing()}</p> }>
            <RunTable runs caption=T::Runs />
        </Show>
        <nav class="pages" aria-label=lang.t(T::Older)>
            {newest.map(|to| view! { <a class="button" href=to>{lang.t(T::Newest)}</a> })}
            {older.map(|to| view! { <a class="button" rel="next" href=to>{lang.t(T::Older)}</a> })}
        </nav>
    }
}

/// Takes over a fresh first view without touching the entries that are known already.
fn merge(runs: RwSignal<Vec<RwSignal<Run>>>, fresh: Vec<Run>, owner: Option<&Owner>) {
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

/// The key of a pipeline as a filter.
pub fn runs_of(key: &PipelineKey) -> String {
    filter::href(&RunFilter { pipeline: Some(key.clone()), ..RunFilter::default() })
}
