//! The fields of a form that was refused, on the page that the browser was sent back to.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_router::hooks::use_query_map;

use crate::rpc::{GetDraft, Loaded, address, get_draft, load};

/// Loads the draft that the address names, if it names one: JSON of an `Option<Draft>`.
pub fn load_draft() -> Loaded {
    let query = use_query_map();
    let name = move || query.with(|q| q.get("draft")).unwrap_or_default();
    load(
        move || {
            let name = name();
            if name.is_empty() { name } else { address(GetDraft::PATH, [("name", name.as_str())]) }
        },
        move || get_draft(untrack(name)),
    )
}
