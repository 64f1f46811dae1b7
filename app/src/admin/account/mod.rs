//! `/settings/account`: name and password, sessions, tokens and keys of whoever asks.

mod keys;
mod sessions;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{AccountView, Error, TokenKind, TokenScope, User};

use super::asked::Asked;
use super::parts::{done, field, folded, form, lines, panel, refused, select, submit};
use super::password::twice;
use super::rpc::{ChangeAccount, ChangePassword, CreateToken};
use super::text::W;
use super::tokens::{self, token_table};
use super::{once, settings};
use crate::i18n::T;

pub use keys::environment;

/// The page.
pub async fn page(asked: &Asked) -> Result<AnyView, Error> {
    let AccountView { user, sessions, tokens, access_keys, projects } = asked.service.account(&asked.caller).await?;
    let lang = asked.lang;
    let has_login = !asked.me.is_local;
    Ok(view! {
        {settings::frame(asked, lang.w(W::Account))}
        {once::shown(asked)}
        {refused(asked, "")}
        {done(asked)}
        {panel(lang.w(W::Profile), "profile", profile(asked, &user))}
        {has_login.then(|| password(asked, &user))}
        {panel(lang.w(W::Tokens), "tokens", own_tokens(asked, tokens))}
        {panel(lang.w(W::Keys), "keys", keys::keys(asked, access_keys, &projects))}
        {has_login.then(|| panel(lang.w(W::Sessions), "sessions", sessions::sessions(asked, sessions)))}
    }
    .into_any())
}

fn profile(asked: &Asked, user: &User) -> AnyView {
    let lang = asked.lang;
    let full_name = asked.typed("profile", "full_name", &user.full_name);
    let email = asked.typed("profile", "email", user.email.as_deref().unwrap_or_default());
    let fields = view! {
        <div class="fields">
            {field("full_name", lang.w(W::FullName)).value(full_name).autocomplete("name").view()}
            {field("email", lang.w(W::Email)).value(email).kind("email").autocomplete("email").view()}
        </div>
        {submit(lang.t(T::Save))}
    };
    view! {
        {refused(asked, "profile")}
        {form(ChangeAccount::PATH, [], fields)}
    }
    .into_any()
}

fn password(asked: &Asked, user: &User) -> AnyView {
    let lang = asked.lang;
    let refusal = refused(asked, "password");
    let open = refusal.is_some();
    let old = user.has_password.then(|| {
        field("old", lang.w(W::PasswordOld)).kind("password").autocomplete("current-password").required().view()
    });
    let fields = view! {
        // Tells the browser whose password it is to remember.
        <input type="text" class="hidden" name="user" value=user.name.clone() autocomplete="username" tabindex="-1" aria-hidden="true" />
        <div class="fields">{old} {twice(lang)}</div>
        {submit(lang.w(W::PasswordChange))}
    };
    let inside = view! {
        {refusal}
        {form(ChangePassword::PATH, [], fields)}
    };
    view! { <div id="password">{folded(lang.w(W::PasswordChange), open, inside)}</div> }.into_any()
}

fn own_tokens(asked: &Asked, tokens: Vec<model::Token>) -> AnyView {
    let lang = asked.lang;
    let list = if tokens.is_empty() {
        let line = format!("curl --header \"PRIVATE-TOKEN: glpat-…\" {}/api/v4/projects", asked.origin());
        view! {
            <p class="calm">{lang.w(W::NoTokens)}</p>
            {lines(line)}
        }
        .into_any()
    } else {
        token_table(asked, lang.w(W::Tokens), TokenKind::Personal, tokens, true)
    };
    let scopes = [TokenScope::ReadApi, TokenScope::Api].map(|s| (s.as_str().to_owned(), lang.scope(s).to_owned()));
    let fields = view! {
        <div class="fields">
            {tokens::name_field(asked, "token")}
            {select("scope", lang.w(W::TokenScope), scopes, &asked.typed("token", "scope", "api"))}
            {tokens::expiry_field(asked, "token")}
        </div>
        {submit(lang.w(W::TokenCreate))}
    };
    view! {
        <p class="lead prose">{lang.w(W::TokensText)}</p>
        {list}
        {refused(asked, "token")}
        {form(CreateToken::PATH, [("kind", "personal".to_owned())], fields)}
    }
    .into_any()
}
