//! `/welcome?key=…`: the first administrator, by the link that the server prints when it has none.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use leptos_meta::Meta;
use model::ErrorKind;

use super::asked::Asked;
use super::parts::{field, form, head, lines, refused, submit};
use super::password::twice;
use super::rpc::SetUp;
use super::text::W;

/// Sends no page the address of this one, which holds a key. With `no-referrer` a browser would say of the form
/// that it comes from nowhere (`Origin: null`), and such forms are refused.
pub fn keep_address() -> AnyView {
    view! { <Meta name="referrer" content="strict-origin" /> }.into_any()
}

/// The page.
pub fn page(asked: &Asked) -> AnyView {
    let lang = asked.lang;
    // Whether the key is the right one only its use tells.
    let wrong = asked.draft_of("welcome").is_some_and(|draft| {
        matches!(draft.error.kind, ErrorKind::NotFound | ErrorKind::Unauthorized | ErrorKind::Forbidden)
    });
    let Some(key) = asked.field("key").filter(|_| !wrong) else {
        return view! {
            {head(lang.w(W::WelcomeTitle))}
            <section class="empty">
                {refused(asked, "welcome")}
                <p>{lang.w(if wrong { W::WelcomeWrongKey } else { W::WelcomeNoKey })}</p>
                {lines(format!("{}/welcome?key=…", asked.origin()))}
                <p>{lang.w(W::WelcomeNoKeyText)}</p>
            </section>
        }
        .into_any();
    };
    let was = |name: &'static str| asked.typed("welcome", name, "");
    let fields = view! {
        {field("name", lang.w(W::UserName)).value(was("name")).autocomplete("username").required().focus().view()}
        {field("full_name", lang.w(W::FullName)).value(was("full_name")).autocomplete("name").view()}
        {field("email", lang.w(W::EmailOptional)).value(was("email")).kind("email").autocomplete("email").view()}
        {twice(lang)}
        {submit(lang.w(W::WelcomeDo))}
    };
    view! {
        {keep_address()}
        {head(lang.w(W::WelcomeTitle))}
        <p class="lead prose">{lang.w(W::WelcomeText)}</p>
        <section class="panel parted door">
            {refused(asked, "welcome")}
            {form(SetUp::PATH, [("key", key.to_owned())], fields)}
        </section>
    }
    .into_any()
}
