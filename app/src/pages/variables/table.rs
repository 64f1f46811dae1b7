//! The variables of one owner.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{CiVariable, CiVariableDraft, VariableOwner, VariableType};

use crate::components::act::{ActForm, ConfirmButton};
use crate::components::time::When;
use crate::i18n::{Phrases, T, use_lang};
use crate::logic::owner;
use crate::rpc::DeleteCiVariable;

/// The table.
#[component]
pub fn Table(
    /// Whose they are.
    owner: VariableOwner,
    /// The variables.
    variables: Vec<CiVariable>,
    /// The number of the one that is being changed.
    edit: Memo<Option<String>>,
    /// Asks for the list again.
    again: Callback<()>,
) -> impl IntoView {
    let lang = use_lang();
    let row = |one: CiVariable| view! { <Row one owner=owner.clone() edit again /> }.into_any();
    let rows: Vec<_> = variables.into_iter().map(row).collect();
    view! {
        <section class="panel">
            <div class="scroll-x">
                <table class="list ci-variables">
                    <caption class="unseen">{lang.t(T::CiVariables)}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{lang.t(T::VariableKey)}</th>
                            <th scope="col">{lang.t(T::VariableValue)}</th>
                            <th scope="col">{lang.t(T::VariableTraits)}</th>
                            <th scope="col">{lang.t(T::Updated)}</th>
                            <th scope="col">
                                <span class="unseen">{lang.t(T::Actions)}</span>
                            </th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Row(one: CiVariable, owner: VariableOwner, edit: Memo<Option<String>>, again: Callback<()>) -> impl IntoView {
    let lang = use_lang();
    let CiVariable { id, draft, updated_at, .. } = one;
    let description =
        draft.description.clone().map(|text| view! { <span class="below faint">{text}</span> }.into_any());
    let traits = view! { <Traits of=draft.clone() /> }.into_any();
    let CiVariableDraft { key, value, environment_scope: scope, .. } = draft;
    // Two of them may have the same key, for different environments.
    let named = if scope == "*" { key.clone() } else { format!("{key} ({scope})") };
    let ask = lang.ask_delete_variable(&named);
    let change = owner::href(&owner, Some(id));
    let number = id.to_string();
    let fields: Vec<_> = owner::field(&owner).into_iter().chain([("id", number.clone())]).collect();
    let here = Memo::new(move |_| edit.with(|edit| edit.as_deref() == Some(number.as_str())));
    view! {
        <tr class:here=move || here.get()>
            <th scope="row">
                <code class="copy">{key}</code>
                {description}
            </th>
            <td class="value">
                <Value value named=named.clone() />
            </td>
            <td class="traits">{traits}</td>
            <td class="changed">
                <When at=Signal::stored(Some(updated_at)) />
            </td>
            <td class="end">
                <div class="actions">
                    <a class="button" href=change data-row="">
                        {lang.t(T::Edit)}
                        <span class="unseen">" " {named}</span>
                    </a>
                    <ActForm to=DeleteCiVariable::PATH fields after=again>
                        <ConfirmButton ask label=T::Delete icon="delete" quiet=true />
                    </ActForm>
                </div>
            </td>
        </tr>
    }
    .into_any()
}

/// Dots, until somebody asks for it. As many for every value: their number must tell nothing.
#[component]
fn Value(value: Option<String>, named: String) -> impl IntoView {
    let lang = use_lang();
    let dots = || view! { <span class="dots" aria-hidden="true">"••••••••"</span> }.into_any();
    match value {
        None => view! {
            {dots()}
            " "
            <span class="faint" title=lang.t(T::VariableHiddenHint)>{lang.t(T::VariableHidden)}</span>
        }
        .into_any(),
        Some(text) if text.is_empty() => view! { <span class="faint">{lang.t(T::VariableEmpty)}</span> }.into_any(),
        Some(text) => view! {
            <details class="secret">
                <summary>
                    {dots()}
                    <span class="shut">{lang.t(T::VariableShow)}</span>
                    <span class="opened">{lang.t(T::VariableHide)}</span>
                    <span class="unseen">" " {named}</span>
                </summary>
                <pre class="code" tabindex="0"><code class="copy">{text}</code></pre>
            </details>
        }
        .into_any(),
    }
}

/// What is not as it is for most, each with what it means.
#[component]
fn Traits(of: CiVariableDraft) -> impl IntoView {
    let lang = use_lang();
    let tags = [
        (of.variable_type == VariableType::File, T::VariableFile, T::VariableFileHint),
        (of.variable_type == VariableType::EnvVar, T::VariableEnv, T::VariableEnvHint),
        (of.masked && !of.hidden, T::VariableMasked, T::VariableMaskedHint),
        (of.hidden, T::VariableMaskedAndHidden, T::VariableHiddenHint),
        (of.protected, T::VariableProtected, T::VariableProtectedHint),
        (of.raw, T::VariableRaw, T::VariableRawHint),
    ];
    let tag = |(_, word, hint): (bool, T, T)| {
        view! { <span class="tag" title=lang.t(hint)>{lang.t(word)}</span> " " }.into_any()
    };
    let scope = (of.environment_scope != "*").then(|| {
        view! {
            <span class="below">
                <span class="faint">{lang.t(T::Environment)}</span>
                " "
                <code>{of.environment_scope}</code>
            </span>
        }
        .into_any()
    });
    let tags: Vec<_> = tags.into_iter().filter(|(is, ..)| *is).map(tag).collect();
    view! {
        {tags}
        {scope}
    }
    .into_any()
}
