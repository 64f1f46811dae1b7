//! `/password?key=…`: a password by a link, once.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{Error, ErrorKind};

use super::asked::Asked;
use super::parts::{field, form, head, refused, submit};
use super::rpc::UsePasswordLink;
use super::text::W;
use super::welcome::keep_address;
use crate::i18n::Lang;

/// The page.
pub async fn page(asked: &Asked) -> Result<AnyView, Error> {
    let lang = asked.lang;
    let key = asked.field("key").unwrap_or_default();
    let user = match asked.service.password_link(&asked.caller, key).await {
        Ok(user) => user,
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Unauthorized | ErrorKind::Invalid) => {
            return Ok(view! {
                {head(lang.w(W::LinkGone))}
                <section class="empty">
                    <p>{lang.w(W::LinkGoneText)}</p>
                    <p>
                        <a class="button" href="/login">{lang.w(W::ToSignIn)}</a>
                    </p>
                </section>
            }
            .into_any());
        }
        Err(error) => return Err(error),
    };
    let fields = view! {
        // For the browser's memory: this name goes with the new password.
        <label class="field">
            <span>{lang.w(W::UserName)}</span>
            <input type="text" name="user" value=user autocomplete="username" readonly />
        </label>
        {twice(lang)}
        {submit(lang.w(W::PasswordSet))}
    };
    Ok(view! {
        {keep_address()}
        {head(lang.w(W::PasswordSet))}
        <p class="lead prose">{lang.w(W::PasswordSetText)}</p>
        <section class="panel parted door">
            {refused(asked, "password")}
            {form(UsePasswordLink::PATH, [("key", key.to_owned())], fields)}
        </section>
    }
    .into_any())
}

/// A new password, twice.
pub fn twice(lang: Lang) -> AnyView {
    let one = |name, label| field(name, label).kind("password").autocomplete("new-password").required();
    view! {
        {one("password", lang.w(W::PasswordNew)).hint(lang.w(W::PasswordHint)).view()}
        {one("again", lang.w(W::PasswordAgain)).view()}
    }
    .into_any()
}
