//! Personal access tokens: one's own, and for administrators everybody's.

use app::service::Accounts as _;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use model::{NewToken, Timestamp, Token, TokenDraft, TokenId, TokenKind, TokenScope, UserId};
use serde_json::{Value, json};

use super::error::Refused;
use super::fields::Fields;
use super::given::{answer, called, last_day, number, one_of, paged, switch, text, time};
use super::page::Page;
use super::target::{Asked, Target};
use crate::clock;
use crate::http::{Fresh, Freshness};

const SORTS: [&str; 8] = [
    "created_desc",
    "created_asc",
    "expires_asc",
    "expires_desc",
    "last_used_asc",
    "last_used_desc",
    "name_asc",
    "name_desc",
];

/// Whether it can be used.
fn is_active(token: &Token) -> bool {
    token.revoked_at.is_none() && token.expires_at.is_none_or(|at| at > clock::now())
}

fn object(token: &Token, user: UserId) -> Value {
    json!({
        "id": token.id,
        "name": token.name,
        "revoked": token.revoked_at.is_some(),
        "created_at": token.created_at.rfc3339(),
        "description": token.description,
        "scopes": token.scope.map(TokenScope::as_str).into_iter().collect::<Vec<_>>(),
        "user_id": user,
        "last_used_at": token.used_at.map(Timestamp::rfc3339),
        "active": is_active(token),
        "expires_at": token.expires_at.map(|at| at.rfc3339()[..10].to_owned()),
    })
}

/// With its text, this one time.
fn made(new: &NewToken, user: UserId) -> Value {
    super::wire::user::joined(object(&new.token, user), json!({"token": new.secret}))
}

/// `GET /personal_access_tokens`
pub async fn list(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let (page, query) = (Page::read(&asked.query)?, &asked.query);
    let user = number(query, "user_id")?.map(UserId);
    let revoked = switch(query, "revoked")?;
    let state = one_of(query, "state", &["", "active", "inactive"])?;
    let search = text(query, "search").map(str::to_lowercase);
    let sort = one_of(query, "sort", &SORTS)?;
    let between = |name: &str| {
        Ok::<_, Refused>((time(query, &format!("{name}_after"))?, time(query, &format!("{name}_before"))?))
    };
    let (created, used, expires) = (between("created")?, between("last_used")?, between("expires")?);
    let target = asked.find().await?;
    freshness
        .respond(|| async {
            let mut all = target.weir.personal_tokens(&target.caller, user).await?;
            let within = |at: Option<Timestamp>, (after, before): (Option<_>, Option<_>)| {
                let (is_after, is_before) =
                    (after.is_none_or(|after| at >= Some(after)), before.is_none_or(|before| at <= Some(before)));
                is_after && is_before && (at.is_some() || after.is_none() && before.is_none())
            };
            all.retain(|(token, _)| {
                revoked.is_none_or(|on| token.revoked_at.is_some() == on)
                    && (state.is_empty() || is_active(token) == (state == "active"))
                    && search.as_ref().is_none_or(|part| token.name.to_lowercase().contains(part))
                    && within(Some(token.created_at), created)
                    && within(token.used_at, used)
                    && within(token.expires_at, expires)
            });
            match sort.rsplit_once('_').map_or(sort, |(what, _)| what) {
                "expires" => all.sort_by_key(|(token, _)| token.expires_at),
                "last_used" => all.sort_by_key(|(token, _)| token.used_at),
                "name" => all.sort_by_cached_key(|(token, _)| token.name.to_lowercase()),
                _ => all.sort_by_key(|(token, _)| token.id),
            }
            if sort.ends_with("_desc") {
                all.reverse();
            }
            paged(&target, page, &all.iter().map(|(token, user)| object(token, *user)).collect::<Vec<_>>())
        })
        .await
}

fn named(target: &Target) -> Result<TokenId, Refused> {
    target.name("token").parse().map_err(|_| missing())
}

/// What is not there, or another's.
fn missing() -> Refused {
    Refused::message(StatusCode::NOT_FOUND, "Not Found")
}

fn plain(error: model::Error) -> Refused {
    if error.kind == model::ErrorKind::NotFound { missing() } else { error.into() }
}

/// `GET /personal_access_tokens/:id`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let id = named(&target)?;
    freshness
        .respond(|| async {
            let (token, user) = target.weir.personal_token(&target.caller, id).await.map_err(plain)?;
            Ok(Fresh::list(&object(&token, user))?)
        })
        .await
}

/// `GET /personal_access_tokens/self`: the one that is asked with, whatever its scope.
pub async fn own(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let (token, user) = target.weir.own_token(&target.caller).await?;
            Ok(Fresh::list(&object(&token, user))?)
        })
        .await
}

/// `POST /personal_access_tokens/:id/rotate`
pub async fn rotate(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let end = last_day(&fields, "expires_at")?;
    let target = asked.find().await?;
    rotated(&target, named(&target)?, end).await
}

/// `POST /personal_access_tokens/self/rotate`
pub async fn rotate_own(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let end = last_day(&fields, "expires_at")?;
    let target = asked.find().await?;
    let id = crate::service::token_of(&target.caller)?;
    rotated(&target, id, end).await
}

async fn rotated(target: &Target, id: TokenId, end: Option<Timestamp>) -> Result<Response, Refused> {
    let (new, user) = target.weir.replace_token(&target.caller, id, end).await.map_err(plain)?;
    Ok(answer(StatusCode::OK, &made(&new, user)))
}

/// `DELETE /personal_access_tokens/:id`
pub async fn revoke(target: Target) -> Result<Response, Refused> {
    let id = named(&target)?;
    // Tokens of projects and triggers are ended where they are looked after.
    target.weir.personal_token(&target.caller, id).await.map_err(plain)?;
    target.weir.drop_token(&target.caller, id, target.last_seen()).await.map_err(plain)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /personal_access_tokens/self`
pub async fn revoke_own(target: Target) -> Result<Response, Refused> {
    target.weir.revoke_own_token(&target.caller, target.last_seen()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /user/personal_access_tokens`: for oneself.
pub async fn create_own(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let draft = draft(&fields)?;
    created(&asked.find().await?, draft).await
}

/// `POST /users/:uid/personal_access_tokens`: for somebody, by administrators.
pub async fn create(asked: Asked, fields: Fields) -> Result<Response, Refused> {
    let draft = draft(&fields)?;
    let target = asked.find().await?;
    let id = super::users::named(&target)?;
    target.weir.may_on_server(&target.caller, crate::auth::Action::ManageUsers).await?;
    let user = target.weir.person(&target.caller, id).await.map_err(called("User"))?;
    created(&target, TokenDraft { user: Some(user.name), ..draft }).await
}

/// What a request says of a new one.
fn draft(fields: &Fields) -> Result<TokenDraft, Refused> {
    let name = fields.required("name")?;
    let scopes = fields.list("scopes")?;
    let scopes = scopes.filter(|all| !all.is_empty()).ok_or_else(|| Refused::parameter("scopes is missing"))?;
    let read = scopes.iter().map(|word| word.parse::<TokenScope>());
    let read: Vec<TokenScope> = read.collect::<Result<_, _>>().map_err(|()| {
        // The narrower scopes of GitLab's mean nothing here, and a token that could do more than was asked for is worse.
        Refused::parameter("scopes does not have a valid value")
    })?;
    let scope = if read.contains(&TokenScope::Api) { TokenScope::Api } else { TokenScope::ReadApi };
    Ok(TokenDraft {
        kind: TokenKind::Personal,
        name,
        scope,
        user: None,
        project: None,
        role: None,
        expires_at: last_day(fields, "expires_at")?,
        description: fields.filled("description")?,
    })
}

async fn created(target: &Target, draft: TokenDraft) -> Result<Response, Refused> {
    let refused = |error: model::Error| match error.kind {
        model::ErrorKind::Conflict => Refused::fields(json!({"name": [error.message]})),
        _ => error.into(),
    };
    let new = target.weir.create_token(&target.caller, draft).await.map_err(refused)?;
    let owner = target.weir.user_called(&target.caller, &new.token.user).await?;
    Ok(answer(StatusCode::CREATED, &made(&new, owner.id)))
}
