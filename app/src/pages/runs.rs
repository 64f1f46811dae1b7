//! `/runs`: the list. The address is the filter, the filter is a form that sends itself by GET.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};
use model::view::{RunFilter, RunPage};
use model::{Pipeline, PipelineKey, Status};

use crate::components::act::fields_of;
use crate::components::dynamic::Show;
use crate::components::head::PageHead;
use crate::components::loaded::loaded;
use crate::components::page::{PageKey, page_keys, use_page};
use crate::components::run_list::{RunTable, merge};
use crate::i18n::{T, use_lang};
use crate::live::{Background, Clock, subscribe};
use crate::logic::filter;
use crate::rpc::{ListPipelines, ListRuns, Seen, address, list_pipelines, list_runs, load, parse, read};

const KEYS: &[PageKey] =
    &[("/", T::KeyFilter), ("j k", T::KeyMove), ("gg G", T::KeyEnds), ("f", T::KeyFailure), ("Enter", T::KeyOpen)];

/// The list of runs.
#[component]
pub fn RunsPage() -> impl IntoView {
    let lang = use_lang();
    let location = use_location();
    let query = Memo::new(move |_| location.search.get());
    let pipelines = load(|| ListPipelines::PATH.to_owned(), list_pipelines);
    let page = load(
        move || address(ListRuns::PATH, [("query", query.get().as_str())]),
        move || list_runs(query.get_untracked()),
    );
    page_keys(KEYS);
    view! {
        <PageHead title=Signal::stored(lang.t(T::Runs).to_owned()) />
        <div class="page-head">
            <h1>{lang.t(T::Runs)}</h1>
        </div>
        {loaded([pipelines], move |mut answers| {
            let all = parse(answers.remove(0)).unwrap_or_default();
            // What cannot be read is said below; the form starts afresh then.
            let now = query.with(|text| filter::read(text)).unwrap_or_default();
            Ok(view! { <Filter all now /> }.into_any())
        })}
        {loaded([page], move |mut answers| {
            let seen: Seen<RunPage> = parse(answers.remove(0))?;
            let text = query.get_untracked();
            Ok(view! { <List seen text /> }.into_any())
        })}
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
        view! { <option value=key selected=selected>{p.name}</option> }.into_any()
    });
    let statuses = Status::ALL.iter().map(move |s| {
        view! { <option value=s.as_str() selected=status == Some(*s)>{lang.status(*s)}</option> }.into_any()
    });
    let reset =
        filter::narrows(&now).then(|| view! { <a class="button plain" href="/runs">{lang.t(T::Reset)}</a> }.into_any());
    let navigate = use_navigate();
    // Alive, the address has only what was filled in.
    let submit = move |event: SubmitEvent| {
        let Some(Ok(wanted)) = fields_of(&event).map(|text| filter::read(&text)) else { return };
        event.prevent_default();
        navigate(&filter::href(&wanted), NavigateOptions::default());
    };
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
        .into_any()
    };
    view! {
        <form class="filter" role="search" method="get" action="/runs" on:submit=submit>
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
        </form>
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
    subscribe(
        heart,
        Background::Rests,
        move || format!("/live/runs?{address}"),
        &["state"],
        move |_, data| {
            if let Ok(page) = read::<RunPage>(data) {
                merge(runs, page.runs, owner.as_ref());
            }
        },
    );
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
            {newest.map(|to| view! { <a class="button" href=to>{lang.t(T::Newest)}</a> }.into_any())}
            {older.map(|to| view! { <a class="button" rel="next" href=to>{lang.t(T::Older)}</a> }.into_any())}
        </nav>
    }
}

/// The key of a pipeline as a filter.
pub fn runs_of(key: &PipelineKey) -> String {
    filter::href(&RunFilter { pipeline: Some(key.clone()), ..RunFilter::default() })
}
