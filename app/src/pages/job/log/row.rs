//! One line. Everything a job printed is a text node, never markup.

use leptos::prelude::*;

use super::LogState;
use crate::components::dynamic::{Entry, entry};
use crate::i18n::{Phrases, T, use_lang};
use crate::logic::ansi::Span;
use crate::logic::trace::Row;

/// The entries of a list of lines.
pub fn entries(rows: Vec<Row>, log: LogState) -> Vec<Entry> {
    let one = |row: Row| entry(row.key(), move || view! { <Line row=row.clone() log /> }.into_any());
    rows.into_iter().map(one).collect()
}

/// The line.
#[component]
fn Line(
    /// The line.
    row: Row,
    /// The log.
    log: LogState,
) -> impl IntoView {
    let lang = use_lang();
    let number = row.number;
    let class = {
        let kind = match (&row.shown, row.section) {
            (None, _) => "line absent",
            (_, Some((true, _))) => "line header folded",
            (_, Some(_)) => "line header",
            (Some(shown), None) if shown.stderr => "line stderr",
            _ => "line",
        };
        move || if log.marked.has(number) { format!("{kind} marked") } else { kind.to_owned() }
    };
    let title = row.shown.as_ref().and_then(|s| s.at.clone());
    let spans = row.shown.as_ref().map(|s| s.spans.iter().cloned().map(span).collect_view());
    let fold = row.section.map(|(folded, _)| {
        view! {
            <button
                class="fold live-only"
                type="button"
                tabindex="-1"
                aria-expanded=if folded { "false" } else { "true" }
                aria-label=lang.t(T::FoldSection)
                on:click=move |_| {
                    log.trace.update_value(|t| t.toggle(number));
                    log.changes.update(|n| *n += 1);
                }
            ></button>
        }
        .into_any()
    });
    let took = row
        .section
        .and_then(|(_, s)| s)
        .map(|s| view! { <span class="took">{lang.whole_seconds(s)}</span> }.into_any());
    let cut = row.cut.then(|| view! { <span class="cut">" … " {lang.t(T::LineCut)}</span> }.into_any());
    view! {
        <li class=move || class() id=format!("L{number}") title=title>
            <a class="no" href=format!("#L{number}") tabindex="-1">{number}</a>
            {fold}
            <span class="text">{spans} {cut}</span>
            {took}
        </li>
    }
}

fn span(span: Span) -> AnyView {
    let classes = span.style.classes();
    if classes.is_empty() { span.text.into_any() } else { view! { <span class=classes>{span.text}</span> }.into_any() }
}
