//! What changes in a page. The generic forms of the framework are compiled once for every closure;
//! these are compiled once.

use std::sync::{Arc, Mutex};

use leptos::prelude::*;

/// A view that is made anew whenever what it reads changes.
pub type Dynamic = Arc<Mutex<dyn FnMut() -> AnyView + Send>>;

/// Erases the type of a closure that makes a view.
pub fn dynamic(make: impl FnMut() -> AnyView + Send + 'static) -> Dynamic {
    Arc::new(Mutex::new(make))
}

/// A question whose answer may change.
pub struct Condition(Arc<dyn Fn() -> bool + Send + Sync>);

impl<F: Fn() -> bool + Send + Sync + 'static> From<F> for Condition {
    fn from(ask: F) -> Self {
        Self(Arc::new(ask))
    }
}

/// Shows its children while `when` holds, and `fallback` otherwise.
#[component(transparent)]
pub fn Show(
    /// What is shown.
    children: ChildrenFn,
    /// When.
    #[prop(into)]
    when: Condition,
    /// What is shown otherwise.
    #[prop(optional, into)]
    fallback: ViewFn,
) -> impl IntoView {
    let holds = ArcMemo::new(move |_| (when.0)());
    dynamic(move || if holds.get() { children() } else { fallback.run() })
}
