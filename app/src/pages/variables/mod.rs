//! `/settings/variables`: the CI/CD variables of the instance, of a namespace (`?namespace=NAME`) or of a
//! project (`?project=ID`), with the form that adds one or (`?edit=ID`) changes one.
//!
//! A value stands in the page only where somebody may read it: never in its title, in an address or in
//! the name of something.

mod form;
mod place;
mod table;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_query_map;
use model::{CiVariableId, CiVariablesView};

use crate::components::draft::load_draft;
use crate::components::dynamic::{Each, entry};
use crate::components::head::PageHead;
use crate::components::loaded::loaded;
use crate::components::page::{PageKey, page_keys, use_page};
use crate::i18n::{T, use_lang};
use crate::live::Clock;
use crate::rpc::{Draft, ListCiVariables, Seen, address, list_ci_variables, load, parse};

use form::VariableForm;
use place::{Place, name_of};
use table::Table;

const KEYS: &[PageKey] = &[("j k", T::KeyMove), ("gg G", T::KeyEnds), ("Enter", T::KeyOpen)];

/// What teaches how jobs get at a variable.
const EXAMPLE: &str = "deploy:
  script:
    - curl --fail --header \"Authorization: Bearer $DEPLOY_TOKEN\" \"$DEPLOY_URL\"
";

/// The page.
#[component]
pub fn VariablesPage() -> impl IntoView {
    let query = use_query_map();
    let owner = Memo::new(move |_| {
        let field = |name| query.with(|q| q.get(name)).unwrap_or_default();
        (field("project"), field("namespace"))
    });
    let edit = Memo::new(move |_| query.with(|q| q.get("edit")));
    let all = load(
        move || {
            owner.with(|(project, name)| address(ListCiVariables::PATH, [("project", &**project), ("namespace", name)]))
        },
        move || {
            let (project, namespace) = owner.get_untracked();
            list_ci_variables(project, namespace)
        },
    );
    page_keys(KEYS);
    let (page, lang) = (use_page(), use_lang());
    // No stream tells of variables, so who changes one asks again.
    let again = Callback::new(move |()| {
        all.refetch();
        page.say.set(lang.t(T::VariablesChanged).to_owned());
    });
    loaded([all, load_draft()], move |mut answers| {
        let draft: Option<Draft> = parse(answers.remove(1))?;
        let seen: Seen<CiVariablesView> = parse(answers.remove(0))?;
        // What was loaded anew is built anew: what somebody typed, or a value that is open, must not stay in
        // its place and pass for another variable's.
        let shown = move || {
            let (seen, draft) = (seen.clone(), draft.clone());
            entry(seen.at, move || {
                let (seen, draft) = (seen.clone(), draft.clone());
                view! { <Shown seen draft edit again /> }.into_any()
            })
        };
        Ok(view! { <Each of=move || vec![shown()] /> }.into_any())
    })
}

#[component]
fn Shown(
    seen: Seen<CiVariablesView>,
    draft: Option<Draft>,
    edit: Memo<Option<String>>,
    again: Callback<()>,
) -> impl IntoView {
    let lang = use_lang();
    Clock::start(seen.at);
    let CiVariablesView { owner, variables, projects, namespaces, .. } = seen.value;
    let name = name_of(&owner, &projects);
    let title = match &name {
        Some(name) => format!("{} · {name}", lang.t(T::CiVariables)),
        None => lang.t(T::CiVariables).to_owned(),
    };
    let teach = variables.is_empty().then(|| {
        view! {
            <section class="empty">
                <p>{lang.t(T::NoVariablesKept)}</p>
                <pre class="code" tabindex="0">{EXAMPLE}</pre>
                <p>{lang.t(T::NoVariablesMasked)}</p>
            </section>
        }
        .into_any()
    });
    let shown = (!variables.is_empty()).then(|| {
        let (owner, variables) = (owner.clone(), variables.clone());
        view! { <Table owner variables edit again /> }.into_any()
    });
    let place = owner.clone();
    // For the same reason a form for each of them.
    let form = move || {
        let wanted = edit.get();
        let (owner, variables, draft) = (owner.clone(), variables.clone(), draft.clone());
        entry(wanted.clone(), move || {
            let (owner, open) = (owner.clone(), variables.is_empty());
            let id = wanted.as_deref().and_then(|id| id.parse::<CiVariableId>().ok());
            let of = variables.iter().find(|one| Some(one.id) == id).cloned();
            // Of another variable, if somebody has gone on from there.
            let about = wanted.clone().unwrap_or_default();
            let draft = draft.clone().filter(|draft| draft.field("id").unwrap_or_default() == about);
            let gone = (wanted.is_some() && of.is_none())
                .then(|| view! { <p class="note s-warnings" role="status">{lang.t(T::VariableGone)}</p> }.into_any());
            view! {
                {gone}
                <VariableForm owner of draft open again />
            }
            .into_any()
        })
    };
    view! {
        <PageHead title=Signal::stored(title) />
        <div class="page-head">
            <h1>{lang.t(T::CiVariables)}</h1>
        </div>
        <Place owner=place name projects namespaces />
        <Each of=move || vec![form()] />
        {shown}
        {teach}
    }
    .into_any()
}
