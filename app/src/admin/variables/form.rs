//! The form that adds a variable or changes one. What a choice means stands beside it.

use leptos::attr::custom::custom_attribute;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{CiVariable, CiVariableDraft, VariableOwner, VariableType};

use crate::admin::asked::Asked;
use crate::admin::owner;
use crate::admin::parts::{choice, refused};
use crate::admin::rpc::SaveCiVariable;
use crate::admin::text::W;
use crate::components::head::in_textarea;
use crate::i18n::{T, use_lang};
use crate::rpc::Draft;

/// The form in its panel: `of` is changed, without one it adds one; then it is folded unless it is to be
/// `open` or was refused.
pub fn variable(asked: &Asked, owner: &VariableOwner, of: Option<CiVariable>, open: bool) -> AnyView {
    let lang = asked.lang;
    let about = of.as_ref().map(|one| one.id.to_string()).unwrap_or_default();
    let draft = asked.draft_of("variable").filter(|draft| draft.field("id").unwrap_or_default() == about).cloned();
    let note = draft.as_ref().map(|_| {
        let lost = if of.is_some() { W::VariableLostKept } else { W::VariableLost };
        view! {
            {refused(asked, "variable")}
            <p class="note s-warnings">{lang.w(lost)}</p>
        }
        .into_any()
    });
    match of {
        Some(one) => {
            let key = one.draft.key.clone();
            let back = owner::href(owner, None);
            view! {
                <section class="panel">
                    <h2>{lang.w(W::VariableChange)} " " <code>{key}</code></h2>
                    {note}
                    {fields(owner, Some(one), draft.as_ref(), Some(back))}
                </section>
            }
            .into_any()
        }
        None => view! {
            <details class="panel" open=open || draft.is_some()>
                <summary>
                    <h2>{lang.w(W::VariableNew)}</h2>
                </summary>
                {note}
                {fields(owner, None, draft.as_ref(), None)}
            </details>
        }
        .into_any(),
    }
}

/// `back` is where the way back leads.
fn fields(owner: &VariableOwner, of: Option<CiVariable>, draft: Option<&Draft>, back: Option<String>) -> AnyView {
    let lang = use_lang();
    let id = of.as_ref().map(|one| ("id", one.id.to_string()));
    let is_new = of.is_none();
    let hidden = of.as_ref().is_some_and(|one| one.draft.hidden);
    let now = shown(of.map(|one| one.draft), draft);
    let forced = hidden.then(|| ("visibility", "hidden".to_owned()));
    let fields: Vec<_> = owner::field(owner).into_iter().chain(id).chain(forced).collect();
    let hidden_fields: Vec<_> = fields
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> }.into_any())
        .collect();
    let visibility = if hidden {
        view! {
            <p class="choice">
                <span>
                    {lang.w(W::VariableMaskedAndHidden)} " "
                    <span class="hint">{lang.w(W::VariableHiddenHint)}</span>
                </span>
            </p>
        }
        .into_any()
    } else {
        let choice = |value, word, hint, on| choice("radio", "visibility", value, lang.w(word), lang.w(hint), on);
        let (masked, hide) = (now.masked, now.hidden);
        view! {
            {choice("visible", W::VariableVisible, W::VariableVisibleHint, !masked && !hide)}
            {choice("masked", W::VariableMasked, W::VariableMaskedHint, masked && !hide)}
            {is_new.then(|| choice("hidden", W::VariableMaskedAndHidden, W::VariableHiddenHint, hide))}
        }
        .into_any()
    };
    let file = now.variable_type == VariableType::File;
    let value = now.value.filter(|_| !hidden).unwrap_or_default();
    let back = back.map(|to| view! { <a class="button" href=to>{lang.t(T::Cancel)}</a> }.into_any());
    view! {
        <form class="act column variable-form" method="post" action=SaveCiVariable::PATH>
            {hidden_fields}
            <div class="pair">
                <label class="field">
                    <span>{lang.w(W::VariableKey)}</span>
                    <input
                        type="text"
                        class="mono"
                        name="key"
                        value=now.key
                        required
                        maxlength="255"
                        pattern="[A-Za-z0-9_]+"
                        title=lang.w(W::VariableKeyHint)
                        spellcheck="false"
                        autocapitalize="off"
                        autocomplete="off"
                    />
                    <span>{lang.w(W::VariableKeyHint)}</span>
                </label>
                {value_field(value, hidden, !is_new)}
            </div>
            <div class="choices">
                <fieldset>
                    <legend>{lang.w(W::VariableType)}</legend>
                    {choice("radio", "variable_type", "env_var", lang.w(W::VariableEnv), lang.w(W::VariableEnvHint), !file)}
                    {choice("radio", "variable_type", "file", lang.w(W::VariableFile), lang.w(W::VariableFileHint), file)}
                </fieldset>
                <fieldset>
                    <legend>{lang.w(W::VariableVisibility)}</legend>
                    {visibility}
                </fieldset>
                <fieldset>
                    <legend>{lang.w(W::VariableLimits)}</legend>
                    {choice("checkbox", "protected", "true", lang.w(W::VariableProtected), lang.w(W::VariableProtectedHint), now.protected)}
                    {choice("checkbox", "raw", "true", lang.w(W::VariableRaw), lang.w(W::VariableRawHint), now.raw)}
                </fieldset>
            </div>
            <div class="pair">
                <label class="field">
                    <span>{lang.w(W::VariableScope)}</span>
                    <input
                        type="text"
                        class="mono"
                        name="environment_scope"
                        value=now.environment_scope
                        maxlength="255"
                        spellcheck="false"
                        autocapitalize="off"
                        autocomplete="off"
                    />
                    <span>{lang.w(W::VariableScopeHint)}</span>
                </label>
                <label class="field">
                    <span>{lang.t(T::DescriptionField)}</span>
                    <input type="text" name="description" value=now.description maxlength="255" autocomplete="off" />
                    <span>{lang.w(W::VariableDescriptionHint)}</span>
                </label>
            </div>
            <div class="actions">
                <button class="button primary" type="submit">{lang.t(if is_new { T::Create } else { T::Save })}</button>
                {back}
            </div>
        </form>
    }
    .into_any()
}

/// What stands in the fields: what was refused, else what is saved, else what is usual.
fn shown(saved: Option<CiVariableDraft>, refused: Option<&Draft>) -> CiVariableDraft {
    let usual = || CiVariableDraft { environment_scope: "*".into(), ..CiVariableDraft::default() };
    let saved = saved.unwrap_or_else(usual);
    let Some(refused) = refused else { return saved };
    let text = |name| refused.field(name).unwrap_or_default();
    let visibility = text("visibility");
    CiVariableDraft {
        key: text("key"),
        value: saved.value,
        variable_type: text("variable_type").parse().unwrap_or_default(),
        protected: !text("protected").is_empty(),
        masked: visibility == "masked",
        hidden: visibility == "hidden",
        raw: !text("raw").is_empty(),
        environment_scope: text("environment_scope"),
        description: Some(text("description")),
    }
}

/// Where the value is typed, and whether it keeps the one that it has when nothing is. Nothing limits its
/// length: a browser would cut what is pasted and say nothing.
fn value_field(value: String, keeps: bool, focus: bool) -> AnyView {
    let lang = use_lang();
    view! {
        <label class="field">
            <span>{lang.w(W::VariableValue)}</span>
            <textarea
                name="value"
                rows="4"
                spellcheck="false"
                autocapitalize="off"
                autofocus=focus
                autocomplete="off"
                {..custom_attribute("autocorrect", "off")}
            >
                {in_textarea(value)}
            </textarea>
            {keeps.then(|| view! { <span>{lang.w(W::VariableValueKept)}</span> }.into_any())}
        </label>
    }
    .into_any()
}
