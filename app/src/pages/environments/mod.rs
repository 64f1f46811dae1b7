//! `/environments`: where jobs deploy to, and what stands there.

mod row;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::view::{EnvironmentView, EnvironmentsView};
use model::{EnvironmentState, ProjectPath};

use crate::components::dynamic::{Each, Show, entry};
use crate::components::head::PageHead;
use crate::components::loaded::loaded;
use crate::components::page::{PageKey, page_keys, use_page};
use crate::i18n::{T, use_lang};
use crate::live::{Background, Clock, subscribe};
use crate::rpc::{ListEnvironments, Seen, list_environments, load, parse, read};

use row::Row;

const KEYS: &[PageKey] = &[("j k", T::KeyMove), ("gg G", T::KeyEnds), ("f", T::KeyFailure), ("Enter", T::KeyOpen)];

/// What teaches how environments come to be.
const EXAMPLE: &str = "deploy:
  stage: deploy
  script: ./deploy.sh staging
  environment:
    name: staging
    url: https://staging.example.com
    on_stop: teardown

teardown:
  stage: deploy
  script: ./teardown.sh staging
  when: manual
  environment:
    name: staging
    action: stop
";

/// The page.
#[component]
pub fn EnvironmentsPage() -> impl IntoView {
    let lang = use_lang();
    let all = load(|| ListEnvironments::PATH.to_owned(), list_environments);
    page_keys(KEYS);
    view! {
        <PageHead title=Signal::stored(lang.t(T::Environments).to_owned()) />
        <div class="page-head">
            <h1>{lang.t(T::Environments)}</h1>
        </div>
        {loaded([all], |mut answers| {
            let seen: Seen<EnvironmentsView> = parse(answers.remove(0))?;
            Ok(view! { <Shown seen /> }.into_any())
        })}
    }
}

#[component]
fn Shown(seen: Seen<EnvironmentsView>) -> impl IntoView {
    let lang = use_lang();
    Clock::start(seen.at);
    let view = RwSignal::new(seen.value);
    subscribe(
        use_page().heart,
        Background::Rests,
        || "/live/environments".into(),
        &["state"],
        move |_, data| {
            if let Ok(new) = read::<EnvironmentsView>(data)
                && view.with_untracked(|old| new.seq > old.seq)
            {
                view.set(new);
            }
        },
    );
    Effect::new(|| {
        // Who comes from another page of ours came before the rows did.
        let hash = window().location().hash().unwrap_or_default();
        if let Some(row) = hash.strip_prefix('#').and_then(|id| document().get_element_by_id(id)) {
            row.scroll_into_view();
        }
    });
    let projects = Memo::new(move |_| {
        let mut paths: Vec<ProjectPath> =
            view.with(|v| v.environments.iter().map(|e| e.environment.project_path.clone()).collect());
        paths.dedup();
        paths
    });
    let section =
        move |path: ProjectPath| entry(path.clone(), move || view! { <Project path=path.clone() view /> }.into_any());
    let teach = move || {
        view! {
            <section class="empty">
                <p>{lang.t(T::NoEnvironments)}</p>
                <pre class="code" tabindex="0">{EXAMPLE}</pre>
            </section>
        }
    };
    view! {
        <Show when=move || projects.with(|p| !p.is_empty()) fallback=teach>
            <Each of=move || projects.get().into_iter().map(section).collect() />
        </Show>
    }
    .into_any()
}

/// The environments of one project; those that were taken down come last.
#[component]
fn Project(path: ProjectPath, view: RwSignal<EnvironmentsView>) -> impl IntoView {
    let lang = use_lang();
    let title = path.to_string();
    let caption = title.clone();
    let mine = Memo::new(move |_| {
        let of = |e: &&EnvironmentView| e.environment.project_path == path;
        let mut list: Vec<EnvironmentView> = view.with(|v| v.environments.iter().filter(of).cloned().collect());
        list.sort_by_key(|e| e.environment.state == EnvironmentState::Stopped);
        list
    });
    // A change makes a row anew; the others, and what is open in them, stay.
    let row = |one: EnvironmentView| entry(one.clone(), move || view! { <Row one=one.clone() /> }.into_any());
    view! {
        <section class="panel">
            <h2>{title}</h2>
            <div class="scroll-x">
                <table class="list environments">
                    <caption class="unseen">{caption}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{lang.t(T::Environment)}</th>
                            <th scope="col">{lang.t(T::Status)}</th>
                            <th scope="col">{lang.t(T::LastDeployment)}</th>
                            <th scope="col" class="wide">{lang.t(T::Commit)}</th>
                            <th scope="col" class="wide">{lang.t(T::Person)}</th>
                            <th scope="col" class="wide end">{lang.t(T::Started)}</th>
                            <th scope="col">
                                <span class="unseen">{lang.t(T::Actions)}</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>
                        <Each of=move || mine.get().into_iter().map(row).collect() />
                    </tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}
