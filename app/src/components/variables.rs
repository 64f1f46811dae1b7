//! Variables and their values, to read.

use leptos::prelude::*;
use model::plan::Variable;

use crate::i18n::{T, use_lang};

/// So many are there to see at once.
const FEW: usize = 6;

/// A list that opens; a short one may be open already.
#[component]
pub fn Variables(
    /// The variables.
    all: Vec<Variable>,
    /// Whether a short list is open from the start.
    #[prop(optional)]
    open: bool,
) -> impl IntoView {
    let lang = use_lang();
    let count = all.len();
    let one = |variable: Variable| {
        view! {
            <div>
                <dt>{variable.key}</dt>
                <dd>{variable.value}</dd>
            </div>
        }
        .into_any()
    };
    view! {
        <details class="panel" open=open && count <= FEW>
            <summary>
                <h2>{lang.t(T::Variables)} " " <span class="faint num">{count}</span></h2>
            </summary>
            {all.is_empty().then(|| view! { <p class="calm">{lang.t(T::NoVariables)}</p> }.into_any())}
            <dl class="given">{all.into_iter().map(one).collect_view()}</dl>
        </details>
    }
}
