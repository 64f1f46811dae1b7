//! A text field whose text is looked through as somebody types, by the code that the command line uses.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::view::LintView;
use model::{Diagnostic, PipelineKey};

use super::asking::Asking;
use super::plan::Preview;
use crate::components::diagnostics::Diagnostics;
use crate::components::dynamic::Show;
use crate::components::head::in_textarea;
use crate::i18n::{Phrases, T, use_lang};
use crate::logic::wanted::PlanOf;
use crate::rpc::Lint;

/// A text and what the check of it says.
#[derive(Clone, Copy)]
pub struct Checked {
    /// The text as it was at first.
    pub text: StoredValue<String>,
    /// Findings.
    pub findings: RwSignal<Vec<Diagnostic>>,
    /// The pipeline whose definition it is and where its plan is shown, if there is one already.
    of: StoredValue<Option<(PipelineKey, Preview)>>,
    asking: Asking,
}

impl Checked {
    /// A text with what is known of it.
    pub fn new(text: String, findings: Vec<Diagnostic>, of: Option<(PipelineKey, Preview)>) -> Self {
        Self {
            text: StoredValue::new(text),
            findings: RwSignal::new(findings),
            of: StoredValue::new(of),
            asking: Asking::new(),
        }
    }

    /// Looks through a text after a pause.
    fn check(self, text: &str) {
        let (of, plan) = self.of.get_value().unzip();
        if let Some(plan) = plan {
            plan.turn_to(PlanOf::Editor);
        }
        let body = serde_json::json!({ "text": text, "of": of }).to_string();
        let take = move |answer| {
            if let Ok(LintView { diagnostics, plan: stages, excluded, .. }) = answer {
                self.findings.set(diagnostics);
                if let Some(plan) = plan {
                    plan.show(PlanOf::Editor, stages, excluded);
                }
            }
        };
        self.asking.ask(Lint::PATH, "application/json", body, Box::new(take));
    }
}

/// The field with its findings below.
#[component]
pub fn CheckedField(
    /// The text.
    checked: Checked,
    /// What the field is called.
    label: T,
) -> impl IntoView {
    let lang = use_lang();
    let typed = RwSignal::new(false);
    let shown = in_textarea(checked.text.get_value());
    let state = move || {
        if checked.asking.busy.get() {
            lang.t(T::Checking).to_owned()
        } else {
            checked.findings.with(|f| lang.findings(f))
        }
    };
    view! {
        <label class="field">
            <span>{lang.t(label)}</span>
            <textarea
                class="editor"
                name="definition"
                rows="18"
                spellcheck="false"
                autocapitalize="off"
                autocomplete="off"
                on:input=move |event| {
                    typed.set(true);
                    checked.check(&event_target_value(&event));
                }
            >
                {shown}
            </textarea>
        </label>
        <div role="status">
            <Show when=move || typed.get()>
                <p class="faint">{move || state()}</p>
                {move || {
                    let list = checked.findings.get();
                    (!list.is_empty()).then(|| view! { <Diagnostics list /> }.into_any())
                }}
            </Show>
        </div>
    }
    .into_any()
}
