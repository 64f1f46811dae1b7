//! The tokens of a project and its triggers.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{PlaceView, ProjectId, Role, Token, TokenKind, TokenScope};

use crate::admin::asked::Asked;
use crate::admin::once::trigger_line;
use crate::admin::parts::{form, lines, panel, refused, roles, select, submit};
use crate::admin::rpc::CreateToken;
use crate::admin::text::W;
use crate::admin::tokens::{expiry_field, name_field, token_table};

/// The tab.
pub fn tokens(asked: &Asked, id: ProjectId, view: PlaceView) -> AnyView {
    let lang = asked.lang;
    let (triggers, own): (Vec<Token>, Vec<Token>) =
        view.tokens.into_iter().partition(|token| token.kind == TokenKind::Trigger);
    view! {
        {panel(lang.w(W::ProjectTokens), "tokens", project_tokens(asked, id, own))}
        {panel(lang.w(W::Triggers), "triggers", trigger_tokens(asked, id, triggers))}
    }
    .into_any()
}

fn hidden(asked: &Asked, id: ProjectId, kind: &str) -> [(&'static str, String); 3] {
    [("kind", kind.to_owned()), ("project", id.to_string()), ("back", asked.here())]
}

fn project_tokens(asked: &Asked, id: ProjectId, tokens: Vec<Token>) -> AnyView {
    let lang = asked.lang;
    let list = if tokens.is_empty() {
        view! { <p class="calm">{lang.w(W::NoProjectTokens)}</p> }.into_any()
    } else {
        token_table(asked, lang.w(W::ProjectTokens), TokenKind::Project, tokens, true)
    };
    let scopes = [
        (TokenScope::ReadApi.as_str().to_owned(), lang.w(W::ScopeRead).to_owned()),
        (TokenScope::Api.as_str().to_owned(), lang.w(W::ProjectScopeApi).to_owned()),
    ];
    let fields = view! {
        <div class="fields">
            {name_field(asked, "token")}
            {select("role", lang.w(W::MemberRole), roles(lang), &asked.typed("token", "role", Role::Developer.word()))}
            {select("scope", lang.w(W::TokenScope), scopes, &asked.typed("token", "scope", "api"))}
            {expiry_field(asked, "token")}
        </div>
        {submit(lang.w(W::TokenCreate))}
    };
    view! {
        <p class="lead prose">{lang.w(W::ProjectTokensText)}</p>
        {list}
        {refused(asked, "token")}
        {form(CreateToken::PATH, hidden(asked, id, "project"), fields)}
    }
    .into_any()
}

fn trigger_tokens(asked: &Asked, id: ProjectId, tokens: Vec<Token>) -> AnyView {
    let lang = asked.lang;
    let list = if tokens.is_empty() {
        view! {
            <p class="calm">{lang.w(W::NoTriggers)}</p>
            {lines(trigger_line(&asked.origin(), id, "glptt-…"))}
        }
        .into_any()
    } else {
        view! {
            {token_table(asked, lang.w(W::Triggers), TokenKind::Trigger, tokens, true)}
            <p>{lang.w(W::UseTrigger)}</p>
            {lines(trigger_line(&asked.origin(), id, "glptt-…"))}
        }
        .into_any()
    };
    let fields = view! {
        <div class="fields">
            {name_field(asked, "trigger")}
            {expiry_field(asked, "trigger")}
        </div>
        {submit(lang.w(W::TriggerCreate))}
    };
    view! {
        <p class="lead prose">{lang.w(W::TriggersText)}</p>
        {list}
        {refused(asked, "trigger")}
        {form(CreateToken::PATH, hidden(asked, id, "trigger"), fields)}
    }
    .into_any()
}
