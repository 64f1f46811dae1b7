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

/// An entry of a list: entries of the same key are the same.
pub struct Entry {
    key: String,
    make: Arc<dyn Fn() -> AnyView + Send + Sync>,
}

/// Makes an entry.
pub fn entry(key: impl std::fmt::Debug, make: impl Fn() -> AnyView + Send + Sync + 'static) -> Entry {
    Entry { key: format!("{key:?}"), make: Arc::new(make) }
}

/// Where the entries of a list come from.
pub struct Entries(Arc<dyn Fn() -> Vec<Entry> + Send + Sync>);

impl<F: Fn() -> Vec<Entry> + Send + Sync + 'static> From<F> for Entries {
    fn from(list: F) -> Self {
        Self(Arc::new(list))
    }
}

/// A list that changes: entries stay where they are, come and go by their keys.
#[component]
pub fn Each(
    /// The entries.
    #[prop(into)]
    of: Entries,
) -> impl IntoView {
    view! { <For each=move || (of.0)() key=|entry| entry.key.clone() children=|entry| (entry.make)() /> }
}
