//! What a page tells the frame around it.

use leptos::prelude::*;

use crate::i18n::T;
use crate::live::Heart;

/// A key and what it does on this page.
pub type PageKey = (&'static str, T);

/// Signals between the page and its frame.
#[derive(Clone, Copy)]
pub struct PageContext {
    /// How fresh the page is.
    pub heart: RwSignal<Heart>,
    /// What a screen reader is to say: changes of state.
    pub say: RwSignal<String>,
    /// The keys of this page.
    pub keys: RwSignal<&'static [PageKey]>,
}

impl PageContext {
    /// Nothing yet.
    pub fn new() -> Self {
        Self { heart: RwSignal::new(Heart::None), say: RwSignal::new(String::new()), keys: RwSignal::new(&[]) }
    }
}

/// The frame's signals.
pub fn use_page() -> PageContext {
    use_context::<PageContext>().unwrap_or_else(PageContext::new)
}

/// Declares the keys of this page, once it is alive.
pub fn page_keys(keys: &'static [PageKey]) {
    let page = use_page();
    Effect::new(move || page.keys.set(keys));
    on_cleanup(move || {
        page.keys.try_set(&[]);
    });
}
