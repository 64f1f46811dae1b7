//! The variables of one owner.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{CiVariable, CiVariableDraft, CiVariableId, VariableOwner, VariableType};

use crate::admin::owner;
use crate::admin::parts::{ask, time};
use crate::admin::rpc::DeleteCiVariable;
use crate::admin::text::W;
use crate::i18n::{T, use_lang};

/// The table; `edit` is the one that is being changed.
pub fn table(owner: &VariableOwner, variables: Vec<CiVariable>, edit: Option<CiVariableId>) -> AnyView {
    let lang = use_lang();
    let rows: Vec<_> = variables.into_iter().map(|one| row(one, owner, edit)).collect();
    view! {
        <section class="panel">
            <div class="scroll-x">
                <table class="list ci-variables">
                    <caption class="unseen">{lang.w(W::CiVariables)}</caption>
                    <thead>
                        <tr>
                            <th scope="col">{lang.w(W::VariableKey)}</th>
                            <th scope="col">{lang.w(W::VariableValue)}</th>
                            <th scope="col">{lang.w(W::VariableTraits)}</th>
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

fn row(one: CiVariable, owner: &VariableOwner, edit: Option<CiVariableId>) -> AnyView {
    let lang = use_lang();
    let CiVariable { id, draft, updated_at, .. } = one;
    let description =
        draft.description.clone().map(|text| view! { <span class="below faint">{text}</span> }.into_any());
    let traits = traits(&draft);
    let CiVariableDraft { key, value, environment_scope: scope, .. } = draft;
    // Two of them may have the same key, for different environments.
    let named = if scope == "*" { key.clone() } else { format!("{key} ({scope})") };
    let question = lang.ask_delete_variable(&named);
    let change = owner::href(owner, Some(id));
    let fields: Vec<_> = owner::field(owner).into_iter().chain([("id", id.to_string())]).collect();
    view! {
        <tr class:here=edit == Some(id)>
            <th scope="row">
                <code class="copy">{key}</code>
                {description}
            </th>
            <td class="value">{shown(value, named.clone())}</td>
            <td class="traits">{traits}</td>
            <td class="changed">{time(Some(updated_at), W::Never)}</td>
            <td class="end">
                <div class="actions">
                    <a class="button" href=change>
                        {lang.t(T::Edit)}
                        <span class="unseen">" " {named.clone()}</span>
                    </a>
                    {ask(DeleteCiVariable::PATH, fields, lang.t(T::Delete), &named, question)}
                </div>
            </td>
        </tr>
    }
    .into_any()
}

/// Dots, until somebody asks for it. As many for every value: their number must tell nothing.
fn shown(value: Option<String>, named: String) -> AnyView {
    let lang = use_lang();
    let dots = || view! { <span class="dots" aria-hidden="true">"••••••••"</span> }.into_any();
    match value {
        None => view! {
            {dots()}
            " "
            <span class="faint" title=lang.w(W::VariableHiddenHint)>{lang.w(W::VariableHidden)}</span>
        }
        .into_any(),
        Some(text) if text.is_empty() => view! { <span class="faint">{lang.w(W::VariableEmpty)}</span> }.into_any(),
        Some(text) => view! {
            <details class="secret">
                <summary>
                    {dots()}
                    <span class="shut">{lang.w(W::VariableShow)}</span>
                    <span class="opened">{lang.w(W::VariableHide)}</span>
                    <span class="unseen">" " {named}</span>
                </summary>
                <pre class="code" tabindex="0"><code class="copy">{text}</code></pre>
            </details>
        }
        .into_any(),
    }
}

/// What is not as it is for most, each with what it means.
fn traits(of: &CiVariableDraft) -> AnyView {
    let lang = use_lang();
    let tags = [
        (of.variable_type == VariableType::File, W::VariableFile, W::VariableFileHint),
        (of.variable_type == VariableType::EnvVar, W::VariableEnv, W::VariableEnvHint),
        (of.masked && !of.hidden, W::VariableMasked, W::VariableMaskedHint),
        (of.hidden, W::VariableMaskedAndHidden, W::VariableHiddenHint),
        (of.protected, W::VariableProtected, W::VariableProtectedHint),
        (of.raw, W::VariableRaw, W::VariableRawHint),
    ];
    let one = |(_, word, hint): (bool, W, W)| {
        view! { <span class="tag" title=lang.w(hint)>{lang.w(word)}</span> " " }.into_any()
    };
    let tags: Vec<_> = tags.into_iter().filter(|(is, ..)| *is).map(one).collect();
    let scope = (of.environment_scope != "*").then(|| {
        let scope = of.environment_scope.clone();
        view! {
            <span class="below">
                <span class="faint">{lang.t(T::Environment)}</span>
                " "
                <code>{scope}</code>
            </span>
        }
        .into_any()
    });
    view! {
        {tags}
        {scope}
    }
    .into_any()
}
