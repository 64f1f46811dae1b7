//! One test of a report.

use leptos::prelude::*;
use model::{TestCase, TestStatus};

use crate::components::status::Icon;
use crate::i18n::{Figures, Phrases, T, use_lang};
use crate::logic::report::{head, output};

/// Picture, colour and word of a result.
const fn face(status: TestStatus) -> (&'static str, T) {
    match status {
        TestStatus::Success => ("success", T::StatusSuccess),
        TestStatus::Failed => ("failed", T::StatusFailed),
        TestStatus::Skipped => ("skipped", T::StatusSkipped),
        TestStatus::Error => ("failed", T::TestError),
    }
}

/// Status, name, class and time of a test.
#[component]
fn Head(case: TestCase) -> impl IntoView {
    let lang = use_lang();
    let (icon, word) = face(case.status);
    let place = case.file.filter(|file| !file.is_empty()).unwrap_or_default();
    view! {
        <span class=format!("badge s-{icon}")>
            <Icon name=icon />
            <span class="word">{lang.t(word)}</span>
        </span>
        " "
        <span class="name">{case.name}</span>
        " "
        <span class="faint" title=place>{case.classname}</span>
        " "
        <span class="faint num time">{lang.duration((case.execution_time * 1000.0) as i64)}</span>
    }
}

/// A test that failed: open, with what it says.
#[component]
pub fn Bad(
    /// The test.
    case: TestCase,
) -> impl IntoView {
    let lang = use_lang();
    let text = output(&case);
    if text.is_empty() {
        return view! { <li class="row"><Head case /></li> }.into_any();
    }
    // The whole of a long text takes the place of its beginning.
    let beginning = head(&text).map(|head| view! { <pre class="code said">{format!("{head}\n…")}</pre> }.into_any());
    let body = if beginning.is_some() {
        let lines = text.lines().count() as u64;
        view! {
            {beginning}
            <details class="whole">
                <summary>{lang.whole_output(lines)}</summary>
                <pre class="code said">{text}</pre>
            </details>
        }
        .into_any()
    } else {
        view! { <pre class="code said">{text}</pre> }.into_any()
    };
    view! {
        <li>
            <details class="case" open>
                <summary class="row" data-row="" data-failed="">
                    <Head case />
                </summary>
                {body}
            </details>
        </li>
    }
    .into_any()
}

/// Any other test: a line.
#[component]
pub fn Good(
    /// The test.
    case: TestCase,
) -> impl IntoView {
    view! {
        <li class="row">
            <Head case />
        </li>
    }
    .into_any()
}
