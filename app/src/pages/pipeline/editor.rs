//! A text field whose text is looked through as somebody types, by the code that the command line uses.

use std::time::Duration;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::task::spawn_local;
use model::plan::ExcludedJob;
use model::view::{LintView, PlanStage};
use model::{Diagnostic, Error, PipelineKey};

use crate::components::diagnostics::Diagnostics;
use crate::components::dynamic::Show;
use crate::components::head::in_textarea;
use crate::i18n::{Phrases, T, use_lang};
use crate::rpc::{Lint, parse, post};

/// How long nobody types before the text is looked through.
const PAUSE: Duration = Duration::from_millis(300);

/// A text and what the check of it says.
#[derive(Clone, Copy)]
pub struct Checked {
    /// The text as it was at first.
    pub text: StoredValue<String>,
    /// Findings.
    pub findings: RwSignal<Vec<Diagnostic>>,
    /// The stages it makes, and the jobs that a run would not have.
    pub plan: RwSignal<(Vec<PlanStage>, Vec<ExcludedJob>)>,
    /// The pipeline whose definition it is, if there is one already.
    of: StoredValue<Option<PipelineKey>>,
    busy: RwSignal<bool>,
    turn: StoredValue<u64>,
}

impl Checked {
    /// A text with what is known of it.
    pub fn new(text: String, findings: Vec<Diagnostic>, of: Option<PipelineKey>) -> Self {
        Self {
            text: StoredValue::new(text),
            findings: RwSignal::new(findings),
            plan: RwSignal::new((Vec::new(), Vec::new())),
            of: StoredValue::new(of),
            busy: RwSignal::new(false),
            turn: StoredValue::new(0),
        }
    }

    /// Looks through a text after a pause; only the latest one counts.
    fn check(self, text: String) {
        let turn = self.turn.try_update_value(|n| {
            *n += 1;
            *n
        });
        let latest = move || self.turn.try_get_value() == turn;
        let look = move || {
            if !latest() {
                return;
            }
            self.busy.set(true);
            spawn_local(async move {
                let found = lint(&text, self.of.get_value().as_ref()).await;
                if latest() {
                    self.busy.set(false);
                    if let Ok(found) = found {
                        self.findings.set(found.diagnostics);
                        self.plan.set((found.plan, found.excluded));
                    }
                }
            });
        };
        set_timeout(look, PAUSE);
    }
}

async fn lint(text: &str, of: Option<&PipelineKey>) -> Result<LintView, Error> {
    let body = serde_json::json!({ "text": text, "of": of }).to_string();
    let (answer, _) = post(Lint::PATH, "application/json", body).await?;
    parse(Ok(answer))
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
        if checked.busy.get() { lang.t(T::Checking).to_owned() } else { checked.findings.with(|f| lang.findings(f)) }
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
                    checked.check(event_target_value(&event));
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
