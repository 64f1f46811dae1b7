//! A secret leaked into logs: it is blanked there.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos::tachys::html::attribute::custom::custom_attribute;
use model::ProjectId;

use crate::admin::asked::Asked;
use crate::admin::parts::{form, panel, refused, submit};
use crate::admin::rpc::Redact;
use crate::admin::text::W;

/// The tab.
pub fn redact(asked: &Asked, id: ProjectId) -> AnyView {
    let lang = asked.lang;
    let fields = view! {
        {value_field(lang.w(W::RedactValue))}
        {submit(lang.w(W::RedactDo))}
    };
    let inside = view! {
        <p class="prose">{lang.w(W::RedactText)}</p>
        {refused(asked, "redact")}
        <div class="door">{form(Redact::PATH, [("id", id.to_string()), ("back", asked.here())], fields)}</div>
    };
    panel(lang.w(W::RedactTitle), "redact", inside)
}

/// Where the value is typed. A field for a password would drop the line ends of a key that is pasted.
fn value_field(label: &'static str) -> AnyView {
    view! {
        <label class="field">
            <span>{label}</span>
            <textarea
                class="dotted"
                name="value"
                rows="3"
                required
                spellcheck="false"
                autocapitalize="off"
                autocomplete="off"
                {..custom_attribute("autocorrect", "off")}
            ></textarea>
        </label>
    }
    .into_any()
}
