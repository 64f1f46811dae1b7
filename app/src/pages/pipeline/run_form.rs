//! The form that starts a run; its fields come from the definition's inputs and variables.

use leptos::html::Section;
use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::PipelineKey;
use model::plan::{FormInput, FormVariable};
use wasm_bindgen::JsCast;

use super::plan::Preview;
use crate::components::act::{ActForm, FORM, fields_in};
use crate::components::status::Icon;
use crate::i18n::{T, use_lang};
use crate::logic::wanted::{PlanOf, Wanted, against};
use crate::rpc::{PlanRun, StartRun};

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
    /// Shows the plan of what stands in the form.
    plan: Preview,
) -> impl IntoView {
    let lang = use_lang();
    let place = NodeRef::<Section>::new();
    let trouble = RwSignal::new(Vec::<String>::new());
    let follow = move || {
        let form = place.get_untracked().and_then(|section| section.query_selector("form").ok().flatten());
        if let Some(fields) = form.and_then(|form| fields_in(form.unchecked_ref())) {
            follow_form(fields, plan, trouble);
        }
    };
    // A browser may have put back what stood there before the page was loaded again.
    Effect::new(move || {
        if place.get().is_some() {
            follow();
        }
    });
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
        <section class="panel run-form" node_ref=place on:input=move |_| follow()>
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
                    <div role="status">
                        {move || {
                            let list = trouble.get();
                            (!list.is_empty()).then(|| view! { <Trouble list /> }.into_any())
                        }}
                    </div>
                </div>
            </ActForm>
        </section>
    }
}

/// Shows the plan of these fields of the form, or the one of the definition when they stand as at first.
fn follow_form(fields: String, plan: Preview, trouble: RwSignal<Vec<String>>) {
    let wanted = Wanted::read(&fields);
    if wanted.is_nothing() {
        plan.asking.stop();
        plan.restore();
        trouble.set(Vec::new());
        return;
    }
    let of = PlanOf::Form(wanted);
    plan.turn_to(of.clone());
    let take = move |answer| match answer {
        Ok(planned) => {
            trouble.set(against(&planned));
            plan.show(of, planned.plan, planned.excluded);
        }
        Err(model::Error { message, .. }) => trouble.set(vec![message]),
    };
    plan.asking.ask(PlanRun::PATH, FORM, fields, Box::new(take));
}

/// What stands against the run. Somebody is still typing: it is said calmly.
#[component]
fn Trouble(list: Vec<String>) -> impl IntoView {
    view! {
        <div class="note s-failed">
            <Icon name="failed" />
            <div>{list.into_iter().map(|text| view! { <p>{text}</p> }.into_any()).collect_view()}</div>
        </div>
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
