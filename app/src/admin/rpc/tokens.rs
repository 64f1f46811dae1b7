//! Tokens of people, of projects and of triggers, and pairs of keys.

use leptos::prelude::*;
use model::{AccessKeyId, ErrorKind, ProjectId, Role, TokenDraft, TokenId, TokenKind, TokenScope};

use super::account::PAGE;
use super::{Once, end_of_day, page_of, refuse, service, show_once, some};
use crate::rpc::{Refusal, ssr};

/// Makes a token. `kind` is `project` or `trigger` for those of a project, anything else for one's own.
#[server(prefix = "/rpc", endpoint = "token/create")]
pub async fn create_token(
    #[server(default)] kind: String,
    #[server(default)] name: String,
    #[server(default)] scope: String,
    #[server(default)] project: Option<ProjectId>,
    #[server(default)] role: String,
    #[server(default)] expires: String,
    #[server(default)] back: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    let fields = [("kind", kind.as_str()), ("name", &name), ("scope", &scope), ("role", &role), ("expires", &expires)];
    let (kind, form) = match kind.as_str() {
        "project" => (TokenKind::Project, "token"),
        "trigger" => (TokenKind::Trigger, "trigger"),
        _ => (TokenKind::Personal, "token"),
    };
    let expires_at = end_of_day(&expires).map_err(|error| refuse(&page, form, &fields, error))?;
    let draft = TokenDraft {
        kind,
        name: name.trim().to_owned(),
        scope: scope.parse().unwrap_or(TokenScope::ReadApi),
        user: None,
        project,
        role: (kind == TokenKind::Project).then(|| Role::of_word(&role)).flatten(),
        expires_at,
        description: None,
    };
    let new = service.create_token(&caller, draft).await.map_err(|error| refuse(&page, form, &fields, error))?;
    show_once(&page, &caller, Once::Token(new));
    Ok(())
}

/// Makes a new token in the place of one.
#[server(prefix = "/rpc", endpoint = "token/rotate")]
pub async fn rotate_token(id: TokenId, #[server(default)] back: String) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    let new = service.rotate_token(&caller, id).await.map_err(|error| refuse(&page, "", &[], error))?;
    show_once(&page, &caller, Once::Token(new));
    Ok(())
}

/// Ends a token.
#[server(prefix = "/rpc", endpoint = "token/revoke")]
pub async fn revoke_token(id: TokenId, #[server(default)] back: String) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    match service.revoke_token(&caller, id).await {
        // Somebody was faster.
        Err(error) if error.kind != ErrorKind::NotFound => return Err(refuse(&page, "", &[], error)),
        _ => ssr::go(&page),
    }
    Ok(())
}

/// Makes a pair of keys.
#[server(prefix = "/rpc", endpoint = "access_key/create")]
pub async fn create_access_key(#[server(default)] project: String) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let new = service
        .create_access_key(&caller, None, some(&project).as_deref())
        .await
        .map_err(|error| refuse("/settings/account#keys", "key", &[("project", &project)], error))?;
    show_once(PAGE, &caller, Once::AccessKey(new));
    Ok(())
}

/// Makes new keys in the place of a pair.
#[server(prefix = "/rpc", endpoint = "access_key/rotate")]
pub async fn rotate_access_key(access: String) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let new = service.rotate_access_key(&caller, &access, None).await;
    let new = new.map_err(|error| refuse("/settings/account#keys", "key", &[], error))?;
    show_once(PAGE, &caller, Once::AccessKey(new));
    Ok(())
}

/// Ends a pair of keys.
#[server(prefix = "/rpc", endpoint = "access_key/revoke")]
pub async fn revoke_access_key(id: AccessKeyId) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    match service.revoke_access_key(&caller, id).await {
        Err(error) if error.kind != ErrorKind::NotFound => return Err(refuse(PAGE, "", &[], error)),
        _ => ssr::go("/settings/account#keys"),
    }
    Ok(())
}
