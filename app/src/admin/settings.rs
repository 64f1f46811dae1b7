//! The settings: one page each, and the way between them.

use leptos::prelude::*;
use model::Me;

use super::asked::Asked;
use super::parts::head;
use super::text::W;
use crate::i18n::T;
use crate::rpc::ssr;

/// `/settings` leads to the first of them.
pub fn first(asked: &Asked) -> AnyView {
    ssr::go(if asked.me.is_local { "/settings/variables" } else { "/settings/account" });
    ().into_any()
}

/// The heading of a page of the settings, and the way to the others.
pub fn frame(asked: &Asked, title: &str) -> AnyView {
    let Me { is_admin, .. } = asked.me;
    let lang = asked.lang;
    let pages = [
        (true, "/settings/account", lang.w(W::Account)),
        (is_admin, "/settings/users", lang.w(W::Users)),
        (is_admin, "/settings/variables", lang.w(W::CiVariables)),
        (is_admin, "/runners", lang.w(W::Runners)),
        (is_admin, "/settings/audit", lang.w(W::Audit)),
    ];
    let link = |(_, to, text): (bool, &'static str, &'static str)| {
        let here = (asked.path == to).then_some("page");
        view! { <a href=to aria-current=here>{text}</a> }.into_any()
    };
    let links: Vec<_> = pages.into_iter().filter(|(may, to, _)| *may || asked.path == *to).map(link).collect();
    view! {
        {head(title)}
        <nav class="tabs" aria-label=lang.t(T::Settings)>{links}</nav>
    }
    .into_any()
}
