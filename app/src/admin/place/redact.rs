//! A secret leaked into logs: it is blanked there.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::ProjectId;

use crate::admin::asked::Asked;
use crate::admin::parts::{field, form, panel, refused, submit};
use crate::admin::rpc::Redact;
use crate::admin::text::W;

/// The tab.
pub fn redact(asked: &Asked, id: ProjectId) -> AnyView {
    let lang = asked.lang;
    let fields = view! {
        {field("value", lang.w(W::RedactValue)).kind("password").required().view()}
        {submit(lang.w(W::RedactDo))}
    };
    let inside = view! {
        <p class="prose">{lang.w(W::RedactText)}</p>
        {refused(asked, "redact")}
        <div class="door">{form(Redact::PATH, [("id", id.to_string()), ("back", asked.here())], fields)}</div>
    };
    panel(lang.w(W::RedactTitle), "redact", inside)
}
