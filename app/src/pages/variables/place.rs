//! Whose variables these are: the way from the instance to the project, which is also the order in which
//! they beat each other, and the way to all others.

use leptos::prelude::*;
use model::{ProjectId, ProjectPath, VariableOwner};

use crate::i18n::{T, use_lang};
use crate::logic::owner::{around, href, places};

/// The path of a project or the name of a namespace; the instance has none.
pub fn name_of(owner: &VariableOwner, projects: &[(ProjectId, ProjectPath)]) -> Option<String> {
    match owner {
        VariableOwner::Instance => None,
        VariableOwner::Namespace(name) => Some(name.clone()),
        VariableOwner::Project(id) => {
            let known = projects.iter().find(|(one, _)| one == id);
            Some(known.map_or_else(|| id.to_string(), |(_, path)| path.to_string()))
        }
    }
}

/// The place, and the choice of another one. Plain links: a name may be that of a namespace and of a
/// project at once.
#[component]
pub fn Place(
    /// Whose variables are shown.
    owner: VariableOwner,
    /// What that is called.
    name: Option<String>,
    /// Every project.
    projects: Vec<(ProjectId, ProjectPath)>,
    /// Every namespace.
    namespaces: Vec<String>,
) -> impl IntoView {
    let lang = use_lang();
    let word = move |of: &VariableOwner| match of {
        VariableOwner::Instance => None,
        VariableOwner::Namespace(_) => Some(lang.t(T::VariableNamespace)),
        VariableOwner::Project(_) => Some(lang.t(T::VariableProject)),
    };
    let link = |of: VariableOwner, text: String| {
        let here = (of == owner).then_some("page");
        let kind = word(&of).map(|word| view! { " " <span class="tag">{word}</span> }.into_any());
        view! {
            <li>
                <a href=href(&of, None) aria-current=here>
                    {text}
                </a>
                {kind}
            </li>
        }
        .into_any()
    };
    let instance = || (lang.t(T::VariableInstance).to_owned(), VariableOwner::Instance);
    let outer = name.as_deref().map(around).unwrap_or_default();
    let outer = outer.into_iter().map(|name| (name.clone(), VariableOwner::Namespace(name)));
    let own = name.map(|name| (name, owner.clone()));
    let way = std::iter::once(instance()).chain(outer).chain(own);
    let all = places(&projects, &namespaces);
    let others = (!all.is_empty()).then(|| {
        let list = std::iter::once(instance()).chain(all).map(|(text, of)| link(of, text));
        view! {
            <details class="elsewhere">
                <summary class="button">{lang.t(T::VariablesElsewhere)}</summary>
                <ul class="panel">{list.collect_view()}</ul>
            </details>
        }
        .into_any()
    });
    let way: Vec<_> = way.map(|(text, of)| link(of, text)).collect();
    view! {
        <nav class="places" aria-label=lang.t(T::VariablePlaces)>
            <ol class="way">{way}</ol>
            {others}
        </nav>
        <p class="lead">{lang.t(T::VariablePrecedence)}</p>
    }
    .into_any()
}
