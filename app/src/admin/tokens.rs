//! Tokens of people, of projects and of triggers: their lists, and the fields of the forms that make them.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{Token, TokenKind, TokenScope};

use super::asked::Asked;
use super::parts::{ask, field, table, time};
use super::rpc::{RevokeToken, RotateToken};
use super::text::W;

/// The list, with what can be done to each when `may` says so.
pub fn token_table(asked: &Asked, caption: &'static str, kind: TokenKind, tokens: Vec<Token>, may: bool) -> AnyView {
    let lang = asked.lang;
    let back = asked.here();
    let second = if kind == TokenKind::Trigger { W::MadeBy } else { W::TokenScope };
    let row = |token: Token| {
        let fields = || [("id", token.id.to_string()), ("back", back.clone())];
        let act = may.then(|| {
            view! {
                <div class="actions">
                    {ask(RotateToken::PATH, fields(), lang.w(W::Rotate), &token.name, lang.ask_rotate(&token.name))}
                    {ask(RevokeToken::PATH, fields(), lang.w(W::Revoke), &token.name, lang.ask_revoke(&token.name))}
                </div>
            }
            .into_any()
        });
        let what = match (kind, token.scope) {
            (TokenKind::Trigger, _) => token.user.clone(),
            (TokenKind::Project, Some(TokenScope::Api)) => lang.w(W::ProjectScopeApi).to_owned(),
            (_, Some(scope)) => lang.scope(scope).to_owned(),
            (_, None) => String::new(),
        };
        let role = (kind == TokenKind::Project).then(|| {
            let role = token.role.map(|role| lang.role(role)).unwrap_or_default();
            view! { <td data-label=lang.w(W::MemberRole)>{role}</td> }.into_any()
        });
        let hint = format!("…{}", token.hint);
        let from = token.used_from.clone().map(|from| view! { <span class="below faint">{from}</span> }.into_any());
        view! {
            <tr>
                <th scope="row">
                    {token.name.clone()}
                    <code class="below faint">{hint}</code>
                </th>
                <td data-label=lang.w(second)>{what}</td>
                {role}
                <td data-label=lang.w(W::TokenEnds)>{time(token.expires_at, W::NeverExpires)}</td>
                <td data-label=lang.w(W::LastUsed)>{time(token.used_at, W::Never)} {from}</td>
                <td class="end">{act}</td>
            </tr>
        }
        .into_any()
    };
    let role = (kind == TokenKind::Project).then_some(W::MemberRole);
    let heads = [W::TokenName, second].into_iter().chain(role).chain([W::TokenEnds, W::LastUsed]);
    let heads: Vec<&'static str> = heads.map(|text| lang.w(text)).chain([""]).collect();
    table(caption, &heads, tokens.into_iter().map(row).collect())
}

/// What the new one is called.
pub fn name_field(asked: &Asked, form: &str) -> AnyView {
    let name = asked.typed(form, "name", "");
    field("name", asked.lang.w(W::TokenName)).value(name).hint(asked.lang.w(W::TokenNameHint)).required().view()
}

/// When the new one ends.
pub fn expiry_field(asked: &Asked, form: &str) -> AnyView {
    let day = asked.typed(form, "expires", "");
    field("expires", asked.lang.w(W::TokenExpires))
        .value(day)
        .kind("date")
        .hint(asked.lang.w(W::TokenExpiresHint))
        .view()
}
