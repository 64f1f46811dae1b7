//! The form that starts a run; its fields come from the definition's inputs and variables.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::PipelineKey;
use model::plan::{FormInput, FormVariable};

use super::plan::Expected;
use crate::components::act::ActForm;
use crate::components::status::Icon;
use crate::i18n::{T, use_lang};
use crate::logic::estimate::Estimate;
use crate::rpc::StartRun;

/// The form.
#[component]
pub fn RunForm(
    /// The pipeline.
    key: PipelineKey,
    /// The variables of its definition.
    variables: Vec<FormVariable>,
    /// The inputs of its definition.
    inputs: Vec<FormInput>,
    /// Whether there is a repository to choose a ref from.
    has_source: bool,
    /// How long a run may take.
    expected: Option<Estimate>,
) -> impl IntoView {
    let lang = use_lang();
    let fields = vec![("key", key.to_string())];
    let git_ref = has_source.then(|| {
        view! {
            <label class="field">
                <span>{lang.t(T::RefLabel)}</span>
                <input type="text" name="git_ref" maxlength="255" autocomplete="off" placeholder=lang.t(T::RefHint) />
            </label>
        }
        .into_any()
    });
    view! {
        <section class="panel run-form">
            <h2>{lang.t(T::StartRun)}</h2>
            <ActForm to=StartRun::PATH fields class="act column">
                {git_ref}
                {inputs.into_iter().map(|input| view! { <Field field=of_input(input) /> }.into_any()).collect_view()}
                {variables.into_iter().map(|one| view! { <Field field=of_variable(one) /> }.into_any()).collect_view()}
                <details>
                    <summary>{lang.t(T::More)}</summary>
                    <label class="field">
                        <span>{lang.t(T::MoreVariables)}</span>
                        <textarea name="more" rows="3" spellcheck="false" autocomplete="off"></textarea>
                    </label>
                    <label class="field">
                        <span>{lang.t(T::InputPathLabel)}</span>
                        <input type="text" name="input_path" autocomplete="off" />
                    </label>
                </details>
                <div>
                    <button class="button primary" type="submit" data-key="p">
                        <Icon name="play" />
                        {lang.t(T::StartRunDo)}
                    </button>
                    <Expected expected />
                </div>
            </ActForm>
        </section>
    }
}

/// What somebody may give: only what differs from the value it has is sent on.
struct Given {
    name: String,
    was: String,
    label: String,
    value: String,
    description: Option<String>,
    options: Vec<String>,
    required: bool,
}

fn of_variable(variable: FormVariable) -> Given {
    let FormVariable { key, value, description, options } = variable;
    Given {
        name: format!("set[{key}]"),
        was: format!("was[{key}]"),
        label: key,
        value,
        description,
        options,
        required: false,
    }
}

fn of_input(input: FormInput) -> Given {
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    Given {
        name: format!("input[{}]", input.name),
        was: format!("was_input[{}]", input.name),
        label: input.name,
        required: input.default.is_none(),
        value: input.default.map(text).unwrap_or_default(),
        description: input.description,
        options: input.options.into_iter().map(text).collect(),
    }
}

/// A text field, or a choice where the definition gives options.
#[component]
fn Field(field: Given) -> impl IntoView {
    let Given { name, was, label, value, description, options, required } = field;
    let input = if options.is_empty() {
        view! { <input type="text" name=name value=value.clone() required=required autocomplete="off" /> }.into_any()
    } else {
        let option = |o: String| {
            let (selected, text) = (o == value, o.clone());
            view! { <option value=o selected=selected>{text}</option> }.into_any()
        };
        view! { <select name=name>{options.into_iter().map(option).collect_view()}</select> }.into_any()
    };
    view! {
        <label class="field">
            <span>
                <code>{label}</code>
                " "
                <span class="faint">{description}</span>
            </span>
            {input}
        </label>
        <input type="hidden" name=was value=value.clone() />
    }
    .into_any()
}
