//! The definition: to read with line numbers and findings, and to edit.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::options::DEFINITION_FILE;
use model::{PipelineKey, Severity};

use super::editor::{Checked, CheckedField};
use crate::components::act::{ActForm, ErrorNote};
use crate::components::diagnostics::{Diagnostics, id_of_line};
use crate::i18n::{Phrases, T, use_lang};
use crate::rpc::{Draft, SaveDefinition};

/// The panel.
#[component]
pub fn Definition(
    /// The pipeline.
    key: PipelineKey,
    /// Whether the definition is stored here and can be changed here.
    stored: bool,
    /// The text, where it can be read.
    text: Option<String>,
    /// What the check of it says.
    checked: Checked,
    /// A text that was refused.
    draft: Option<Draft>,
) -> impl IntoView {
    let lang = use_lang();
    let fields = vec![("key", key.to_string())];
    let findings = checked.findings.get_untracked();
    // Findings may be in files that it includes.
    let own: Vec<_> = findings.iter().filter(|found| found.file == DEFINITION_FILE).cloned().collect();
    let heading = lang.findings(&findings);
    let look = if findings.iter().any(|d| d.severity == Severity::Error) {
        "tag s-failed"
    } else if findings.is_empty() {
        "tag s-success"
    } else {
        "tag s-warnings"
    };
    let body = match text {
        None => view! { <p class="calm">{lang.t(T::DefinitionMissing)}</p> }.into_any(),
        Some(text) => view! { <Listing text findings=own /> }.into_any(),
    };
    let again = draft.is_some();
    let edit = if stored {
        view! {
            <details class="edit" open=again>
                <summary class="button">{lang.t(T::Edit)}</summary>
                {draft.map(|draft| view! { <ErrorNote error=draft.error /> }.into_any())}
                <ActForm to=SaveDefinition::PATH fields class="act column">
                    <CheckedField checked label=T::EditorLabel />
                    <div>
                        <button class="button primary" type="submit">{lang.t(T::Save)}</button>
                    </div>
                </ActForm>
            </details>
        }
        .into_any()
    } else {
        view! { <p class="faint">{lang.t(T::DefinitionOfProject)}</p> }.into_any()
    };
    view! {
        <section class="panel">
            <h2>{lang.t(T::Definition)} " " <span class=look>{heading}</span></h2>
            {(!findings.is_empty()).then(|| view! { <Diagnostics list=findings beside=DEFINITION_FILE /> }.into_any())}
            {body}
            {edit}
        </section>
    }
}

/// The text with line numbers; lines with findings are marked.
#[component]
fn Listing(text: String, findings: Vec<model::Diagnostic>) -> impl IntoView {
    let line = |(index, text): (usize, &str)| {
        let number = index as u32 + 1;
        let worst = findings.iter().filter(|d| d.span.line == number).map(|d| d.severity).min();
        let class = match worst {
            Some(Severity::Error) => "s-failed",
            Some(Severity::Warning) => "s-warnings",
            None => "",
        };
        view! { <li class=class id=id_of_line(number)><span>{text.to_owned()}</span></li> }.into_any()
    };
    view! { <ol class="listing" tabindex="0">{text.lines().enumerate().map(line).collect_view()}</ol> }.into_any()
}
