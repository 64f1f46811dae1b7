//! Findings in a definition, with the same text, caret and hint as on the command line.

use leptos::prelude::*;
use model::{Diagnostic, Severity};

use super::status::Icon;
use crate::i18n::{T, use_lang};
use crate::logic::href;

/// A list of findings.
#[component]
pub fn Diagnostics(
    /// The findings.
    list: Vec<Diagnostic>,
    /// The file whose lines stand beside them, with the numbers that [`id_of_line`] gives; none for none.
    #[prop(optional, into)]
    beside: Option<String>,
) -> impl IntoView {
    let one = |found: Diagnostic| {
        let linked = beside.as_ref() == Some(&found.file);
        view! { <Finding found linked /> }.into_any()
    };
    view! { <ul class="findings">{list.into_iter().map(one).collect_view()}</ul> }
}

/// What a line of the listing is called.
pub fn id_of_line(number: u32) -> String {
    format!("D{number}")
}

#[component]
fn Finding(found: Diagnostic, linked: bool) -> impl IntoView {
    let lang = use_lang();
    let (class, icon, word) = match found.severity {
        Severity::Error => ("finding s-failed", "failed", T::Error),
        Severity::Warning => ("finding s-warnings", "warnings", T::Warning),
    };
    let place = format!("{}:{}:{}", found.file, found.span.line, found.span.column);
    let place = if linked {
        view! { <a class="place" href=format!("#{}", id_of_line(found.span.line))>{place}</a> }.into_any()
    } else {
        view! { <span class="place">{place}</span> }.into_any()
    };
    let more = found.link.as_deref().map(|link| {
        let to = href::documentation(link);
        view! { <p class="hint"><a href=to rel="external">{lang.t(T::Documentation)}</a></p> }.into_any()
    });
    let excerpt = (!found.source_line.is_empty()).then(|| excerpt(&found));
    view! {
        <li class=class>
            <p>
                <span class="badge">
                    <Icon name=icon />
                    <strong>{lang.t(word)}</strong>
                </span>
                " " {found.message} " " {place}
            </p>
            {excerpt.map(|text| view! { <pre class="excerpt" tabindex="0">{text}</pre> }.into_any())}
            {found.hint.map(|hint| view! { <p class="hint">{lang.t(T::Hint)} ": " {hint}</p> }.into_any())}
            {more}
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
