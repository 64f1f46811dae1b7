//! Whose variables these are: the way from the instance to the project, which is also the order in which
//! they beat each other, and the way to all others.

use leptos::prelude::*;
use model::{ProjectId, ProjectPath, VariableOwner};

use crate::admin::owner::{around, href, places};
use crate::admin::text::W;
use crate::i18n::use_lang;

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
pub fn way(
    owner: &VariableOwner,
    name: Option<String>,
    projects: &[(ProjectId, ProjectPath)],
    namespaces: &[String],
) -> AnyView {
    let lang = use_lang();
    let word = move |of: &VariableOwner| match of {
        VariableOwner::Instance => None,
        VariableOwner::Namespace(_) => Some(lang.w(W::VariableNamespace)),
        VariableOwner::Project(_) => Some(lang.w(W::VariableProject)),
    };
    let link = |of: VariableOwner, text: String| {
        let here = (of == *owner).then_some("page");
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
    let instance = || (lang.w(W::VariableInstance).to_owned(), VariableOwner::Instance);
    let outer = name.as_deref().map(around).unwrap_or_default();
    let outer = outer.into_iter().map(|name| (name.clone(), VariableOwner::Namespace(name)));
    let own = name.map(|name| (name, owner.clone()));
    let way = std::iter::once(instance()).chain(outer).chain(own);
    let all = places(projects, namespaces);
    let others = (!all.is_empty()).then(|| {
        let list = std::iter::once(instance()).chain(all).map(|(text, of)| link(of, text));
        view! {
            <details class="elsewhere">
                <summary class="button">{lang.w(W::VariablesElsewhere)}</summary>
                <ul class="panel">{list.collect_view()}</ul>
            </details>
        }
        .into_any()
    });
    let way: Vec<_> = way.map(|(text, of)| link(of, text)).collect();
    view! {
        <nav class="places" aria-label=lang.w(W::VariablePlaces)>
            <ol class="way">{way}</ol>
            {others}
        </nav>
        <p class="lead">{lang.w(W::VariablePrecedence)}</p>
    }
    .into_any()
}
