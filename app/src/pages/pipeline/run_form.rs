//! The form that starts a run; its fields come from the definition's variables.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::PipelineKey;
use model::plan::FormVariable;

use crate::components::act::ActForm;
use crate::components::status::Icon;
use crate::i18n::{T, use_lang};
use crate::rpc::StartRun;

/// The form.
#[component]
pub fn RunForm(
    /// The pipeline.
    key: PipelineKey,
    /// The variables of its definition.
    variables: Vec<FormVariable>,
    /// Whether there is a repository to choose a ref from.
    has_source: bool,
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
                {variables.into_iter().map(|variable| view! { <Field variable /> }.into_any()).collect_view()}
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
                </div>
            </ActForm>
        </section>
    }
}

/// A variable: a text field, or a choice where the definition gives options.
#[component]
fn Field(variable: FormVariable) -> impl IntoView {
    let FormVariable { key, value, description, options } = variable;
    let name = format!("set[{key}]");
    let was = format!("was[{key}]");
    let input = if options.is_empty() {
        view! { <input type="text" name=name value=value.clone() autocomplete="off" /> }.into_any()
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
                <code>{key}</code>
                " "
                <span class="faint">{description}</span>
            </span>
            {input}
        </label>
        <input type="hidden" name=was value=value.clone() />
    }
    .into_any()
}
