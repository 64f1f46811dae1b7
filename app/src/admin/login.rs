//! `/login`: name and password. Whoever came from another page goes back to it.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::asked::Asked;
use super::parts::{field, form, head, refused, submit};
use super::rpc::SignIn;
use super::text::W;
use crate::i18n::T;
use crate::rpc::ssr;

/// The page.
pub fn page(asked: &Asked) -> AnyView {
    let lang = asked.lang;
    let wanted = asked.field("next").map(str::to_owned).or_else(|| asked.came_from());
    let ours = |path: &String| ssr::is_local(path) && !path.starts_with("/login") && !path.starts_with("/rpc/");
    let next = wanted.filter(ours).unwrap_or_else(|| "/".to_owned());
    if !asked.is_nobody() {
        ssr::go(&next);
        return ().into_any();
    }
    let fields = view! {
        {field("name", lang.w(W::UserName)).value(asked.typed("login", "name", "")).autocomplete("username").required().focus().view()}
        {field("password", lang.w(W::Password)).kind("password").autocomplete("current-password").required().view()}
        {submit(lang.t(T::SignIn))}
    };
    view! {
        {head(lang.t(T::SignIn))}
        <section class="panel parted door">
            {refused(asked, "login")}
            {form(SignIn::PATH, [("next", next)], fields)}
            <p class="hint">{lang.w(W::PasswordForgotten)}</p>
        </section>
    }
    .into_any()
}
