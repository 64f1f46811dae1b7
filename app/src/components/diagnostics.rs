//! Findings in a definition, with the same text, caret and hint as on the command line.

use leptos::prelude::*;
use model::{Diagnostic, Severity};

use super::status::Icon;
use crate::i18n::{T, use_lang};

/// A list of findings.
#[component]
pub fn Diagnostics(
    /// The findings.
    list: Vec<Diagnostic>,
) -> impl IntoView {
    view! { <ul class="findings">{list.into_iter().map(|found| view! { <Finding found /> }.into_any()).collect_view()}</ul> }
}

#[component]
fn Finding(found: Diagnostic) -> impl IntoView {
    let lang = use_lang();
    let (class, icon, word) = match found.severity {
        Severity::Error => ("finding s-failed", "failed", T::Error),
        Severity::Warning => ("finding s-warnings", "warnings", T::Warning),
    };
    let place = format!("{}:{}:{}", found.file, found.span.line, found.span.column);
    let excerpt = (!found.source_line.is_empty()).then(|| excerpt(&found));
    view! {
        <li class=class>
            <p>
                <span class="badge">
                    <Icon name=icon />
                    <strong>{lang.t(word)}</strong>
                </span>
                " " {found.message} " " <a class="place" href=format!("#D{}", found.span.line)>{place}</a>
            </p>
            {excerpt.map(|text| view! { <pre class="excerpt" tabindex="0">{text}</pre> }.into_any())}
            {found.hint.map(|hint| view! { <p class="hint">{lang.t(T::Hint)} ": " {hint}</p> }.into_any())}
        </li>
    }
}

/// The line and, below it, carets under what is meant.
fn excerpt(found: &Diagnostic) -> String {
    let number = found.span.line.to_string();
    let column = found.span.column.max(1) as usize - 1;
    // A wide character takes two columns of the caret line, a tab stays a tab.
    let mut lead = String::new();
    for c in found.source_line.chars().take(column) {
        match c {
            '\t' => lead.push('\t'),
            c if c as u32 >= 0x1100 => lead.push('\u{3000}'),
            _ => lead.push(' '),
        }
    }
    let carets = "^".repeat(found.caret_width());
    format!("{number} | {}\n{} | {lead}{carets}", found.source_line, " ".repeat(number.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Span;

    #[test]
    fn the_caret_stands_below() {
        let found = Diagnostic {
            severity: Severity::Error,
            message: "unknown key".into(),
            file: ".gitlab-ci.yml".into(),
            span: Span { start: 20, end: 26, line: 12, column: 3 },
            hint: None,
            link: None,
            source_line: "  scirpt: x".into(),
        };
        assert_eq!(excerpt(&found), "12 |   scirpt: x\n   |   ^^^^^^");
    }
}
