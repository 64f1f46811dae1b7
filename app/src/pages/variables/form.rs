//! The form that adds a variable or changes one. What a choice means stands beside it.

use leptos::attr::custom::custom_attribute;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{CiVariable, CiVariableDraft, VariableOwner, VariableType};

use crate::components::act::{ActForm, ErrorNote};
use crate::components::head::in_textarea;
use crate::i18n::{T, use_lang};
use crate::logic::owner;
use crate::rpc::{Draft, SaveCiVariable};

/// Where the value is typed.
const VALUE: &str = "variable-value";

/// The form in its panel: folded when it adds one and others are there.
#[component]
pub fn VariableForm(
    /// Whose variable it is.
    owner: VariableOwner,
    /// The one that is changed; `None` adds one.
    of: Option<CiVariable>,
    /// What was refused and came without script.
    draft: Option<Draft>,
    /// Whether the form for a new one is open at first.
    open: bool,
    /// Asks for the list again.
    again: Callback<()>,
) -> impl IntoView {
    let lang = use_lang();
    let refused = draft.as_ref().map(|draft| {
        let lost = if of.is_some() { T::VariableLostKept } else { T::VariableLost };
        view! {
            <ErrorNote error=draft.error.clone() />
            <p class="note s-warnings">{lang.t(lost)}</p>
        }
        .into_any()
    });
    let open = open || draft.is_some();
    match of {
        Some(one) => {
            let back = owner::href(&owner, None);
            let key = one.draft.key.clone();
            Effect::new(|| {
                // Whoever chose to change it from the list below is in the form then, and hears where.
                if let Some(field) = document().get_element_by_id(VALUE) {
                    let _ = wasm_bindgen::JsCast::unchecked_ref::<web_sys::HtmlElement>(&field).focus();
                }
            });
            view! {
                <section class="panel">
                    <h2>{lang.t(T::VariableChange)} " " <code>{key}</code></h2>
                    {refused}
                    <Fields owner of=Some(one) draft back=Some(back) again />
                </section>
            }
            .into_any()
        }
        None => view! {
            <details class="panel" open=open>
                <summary>
                    <h2>{lang.t(T::VariableNew)}</h2>
                </summary>
                {refused}
                <Fields owner of=None draft back=None again />
            </details>
        }
        .into_any(),
    }
}

#[component]
fn Fields(
    owner: VariableOwner,
    of: Option<CiVariable>,
    draft: Option<Draft>,
    /// Where the way back leads.
    back: Option<String>,
    again: Callback<()>,
) -> impl IntoView {
    let lang = use_lang();
    let id = of.as_ref().map(|one| ("id", one.id.to_string()));
    let is_new = of.is_none();
    let hidden = of.as_ref().is_some_and(|one| one.draft.hidden);
    let now = shown(of.map(|one| one.draft), draft.as_ref());
    let forced = hidden.then(|| ("visibility", "hidden".to_owned()));
    let fields: Vec<_> = owner::field(&owner).into_iter().chain(id).chain(forced).collect();
    let visibility = if hidden {
        view! {
            <p class="choice">
                <span>
                    {lang.t(T::VariableMaskedAndHidden)} " "
                    <span class="hint">{lang.t(T::VariableHiddenHint)}</span>
                </span>
            </p>
        }
        .into_any()
    } else {
        let choice =
            |value, word, hint, on| view! { <Choice kind="radio" name="visibility" value word hint on /> }.into_any();
        let (masked, hide) = (now.masked, now.hidden);
        view! {
            {choice("visible", T::VariableVisible, T::VariableVisibleHint, !masked && !hide)}
            {choice("masked", T::VariableMasked, T::VariableMaskedHint, masked && !hide)}
            {is_new.then(|| choice("hidden", T::VariableMaskedAndHidden, T::VariableHiddenHint, hide))}
        }
        .into_any()
    };
    let file = now.variable_type == VariableType::File;
    let value = now.value.filter(|_| !hidden).unwrap_or_default();
    let back = back.map(|to| view! { <a class="button" href=to>{lang.t(T::Cancel)}</a> }.into_any());
    view! {
        <ActForm to=SaveCiVariable::PATH fields class="act column variable-form" after=again>
            <div class="pair">
                <label class="field">
                    <span>{lang.t(T::VariableKey)}</span>
                    <input
                        type="text"
                        class="mono"
                        name="key"
                        value=now.key
                        required
                        maxlength="255"
                        pattern="[A-Za-z0-9_]+"
                        title=lang.t(T::VariableKeyHint)
                        spellcheck="false"
                        autocapitalize="off"
                        autocomplete="off"
                    />
                    <span>{lang.t(T::VariableKeyHint)}</span>
                </label>
                <ValueField value keeps=hidden />
            </div>
            <div class="choices">
                <fieldset>
                    <legend>{lang.t(T::VariableType)}</legend>
                    <Choice kind="radio" name="variable_type" value="env_var" word=T::VariableEnv hint=T::VariableEnvHint on=!file />
                    <Choice kind="radio" name="variable_type" value="file" word=T::VariableFile hint=T::VariableFileHint on=file />
                </fieldset>
                <fieldset>
                    <legend>{lang.t(T::VariableVisibility)}</legend>
                    {visibility}
                </fieldset>
                <fieldset>
                    <legend>{lang.t(T::VariableLimits)}</legend>
                    <Choice
                        kind="checkbox"
                        name="protected"
                        value="true"
                        word=T::VariableProtected
                        hint=T::VariableProtectedHint
                        on=now.protected
                    />
                    <Choice kind="checkbox" name="raw" value="true" word=T::VariableRaw hint=T::VariableRawHint on=now.raw />
                </fieldset>
            </div>
            <div class="pair">
                <label class="field">
                    <span>{lang.t(T::VariableScope)}</span>
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
                    <span>{lang.t(T::VariableScopeHint)}</span>
                </label>
                <label class="field">
                    <span>{lang.t(T::DescriptionField)}</span>
                    <input type="text" name="description" value=now.description maxlength="255" autocomplete="off" />
                    <span>{lang.t(T::VariableDescriptionHint)}</span>
                </label>
            </div>
            <div class="actions">
                <button class="button primary" type="submit">{lang.t(if is_new { T::Create } else { T::Save })}</button>
                {back}
            </div>
        </ActForm>
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

/// Where the value is typed. Nothing limits its length: a browser would cut what is pasted and say nothing.
#[component]
fn ValueField(
    /// What stands there.
    value: String,
    /// Whether it keeps the one that it has when nothing is typed.
    keeps: bool,
) -> impl IntoView {
    let lang = use_lang();
    // An empty text would leave the browser nothing to take over.
    let area = if value.is_empty() {
        view! {
            <textarea
                id=VALUE
                name="value"
                rows="4"
                spellcheck="false"
                autocapitalize="off"
                {..custom_attribute("autocorrect", "off")}
                autocomplete="off"
            ></textarea>
        }
        .into_any()
    } else {
        view! {
            <textarea
                id=VALUE
                name="value"
                rows="4"
                spellcheck="false"
                autocapitalize="off"
                {..custom_attribute("autocorrect", "off")}
                autocomplete="off"
            >
                {in_textarea(value)}
            </textarea>
        }
        .into_any()
    };
    view! {
        <label class="field">
            <span>{lang.t(T::VariableValue)}</span>
            {area}
            {keeps.then(|| view! { <span>{lang.t(T::VariableValueKept)}</span> }.into_any())}
        </label>
    }
    .into_any()
}

/// A box or a button with the word for it and what it means.
#[component]
fn Choice(
    /// `radio` or `checkbox`.
    kind: &'static str,
    /// The field.
    name: &'static str,
    /// What is sent when it is chosen.
    value: &'static str,
    /// The word.
    word: T,
    /// What it means.
    hint: T,
    /// Whether it is chosen at first.
    on: bool,
) -> impl IntoView {
    let lang = use_lang();
    view! {
        <label class="choice">
            <input type=kind name=name value=value checked=on />
            <span>
                {lang.t(word)} " "
                <span class="hint">{lang.t(hint)}</span>
            </span>
        </label>
    }
    .into_any()
}
