//! Weir's additions for administration, below `/weir`: what the command line asks. The pages ask the same service.

use app::service::{Accounts as _, Service as _};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use model::{
    NewAccessKey, NewUser, Place, Role, Timestamp, TokenDraft, TokenKind, TokenScope, Uid, UserChanges, Visibility,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::{Refused, Told};
use super::target::{Asked, Target};
use crate::auth::Action;
use crate::dialect::Object;
use crate::http::{Fresh, Freshness};

#[derive(Deserialize)]
struct NewProject {
    path: String,
    source: Option<String>,
    #[serde(default)]
    visibility: Visibility,
}

/// `POST /weir/projects`: `{"path": "namespace/name", "source": …, "visibility": "private"}`
pub async fn create_project(target: Target, Object(body): Object) -> Result<Response, Told> {
    let new: NewProject = read(body)?;
    let source = new.source.as_deref();
    let made = target.weir.create_project(&target.caller, &new.path, source, new.visibility).await?;
    let views = target.weir.project_views(&target.caller, Some(made.id)).await?;
    let shown = views.first().map(|view| super::wire::project::whole(view, target.base()));
    Ok((StatusCode::CREATED, Json(shown)).into_response())
}

#[derive(Deserialize)]
struct NewToken {
    user: Option<String>,
    name: String,
    scope: String,
    expires_at: Option<i64>,
}

/// `POST /weir/tokens`: the answer is the only place where the token can be seen.
pub async fn create_token(target: Target, Object(body): Object) -> Result<Response, Told> {
    let new: NewToken = read(body)?;
    let scope: TokenScope = new.scope.parse().map_err(|()| Refused::parameter("scope does not have a valid value"))?;
    let draft = TokenDraft {
        kind: TokenKind::Personal,
        name: new.name,
        scope,
        user: new.user,
        project: None,
        role: None,
        expires_at: new.expires_at.map(Timestamp),
        description: None,
    };
    let made = target.weir.create_token(&target.caller, draft).await?;
    Ok((StatusCode::CREATED, Json(json!({"token": made.secret, "id": made.token.id}))).into_response())
}

#[derive(Deserialize)]
struct NewKeys {
    user: Option<String>,
    project: Option<String>,
}

/// `POST /weir/access_keys`: `{"access", "secret", "project_id"}`; the only place where the secret key can be seen. The
/// project is none for a user who sees none.
pub async fn create_access_key(target: Target, Object(body): Object) -> Result<Response, Told> {
    let new: NewKeys = read(body)?;
    target.weir.may_on_server(&target.caller, Action::ChangeOwnAccount).await?;
    let (weir, caller, user) = (&target.weir, &target.caller, new.user.as_deref());
    let (wanted, mut told) = match &new.project {
        Some(project) => (Some(weir.project_called(caller, project).await?), None),
        None => (None, weir.unnamed_project(caller, user).await?),
    };
    if wanted.is_none() && told.is_none() && weir.projects(caller).await?.is_empty() {
        // As for the first pipeline without a project.
        weir.default_project(caller).await?;
        told = weir.unnamed_project(caller, user).await?;
    }
    let made = weir.create_access_key(caller, user, wanted.as_ref().map(|project| project.path.as_str())).await?;
    Ok(new_keys(&made, wanted.or(told).as_ref().map(|project| &project.uid)))
}

fn new_keys(made: &NewAccessKey, project: Option<&Uid>) -> Response {
    let body = json!({"id": made.key.id, "access": made.key.access, "secret": made.secret, "project_id": project});
    (StatusCode::CREATED, Json(body)).into_response()
}

/// `POST /weir/access_keys/ACCESS_KEY/rotate?user=NAME`: new keys in the place of these, which are of that user if one is
/// named.
pub async fn rotate_access_key(asked: Asked) -> Result<Response, Told> {
    let user = asked.query.get("user").map(str::to_owned);
    let target = asked.find().await?;
    let made = target.weir.rotate_access_key(&target.caller, target.name("access_key"), user.as_deref()).await?;
    // What was made is told, whatever becomes of this.
    let unnamed = target.weir.unnamed_project(&target.caller, Some(&made.key.user)).await.ok().flatten();
    Ok(new_keys(&made, made.project_uid.as_ref().or(unnamed.as_ref().map(|project| &project.uid))))
}

/// `GET /weir/users`
pub async fn users(target: Target, freshness: Freshness) -> Result<Response, Told> {
    freshness.respond(|| async { Ok(Fresh::list(&target.weir.users(&target.caller).await?)?) }).await
}

#[derive(Deserialize)]
struct User {
    name: String,
    #[serde(default)]
    full_name: String,
    email: Option<String>,
    #[serde(default)]
    admin: bool,
}

/// `POST /weir/users`: the user, and the link by which they set a password.
pub async fn create_user(target: Target, Object(body): Object) -> Result<Response, Told> {
    let User { name, full_name, email, admin } = read(body)?;
    let new = NewUser { name, full_name, email, is_admin: admin };
    let (user, link) = target.weir.create_user(&target.caller, new).await?;
    let body = json!({
        "user": user,
        "link": format!("{}{}", target.base(), link.path),
        "expires_at": link.expires_at.rfc3339(),
    });
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

/// `PUT /weir/users/NAME`: `{"full_name", "email", "is_admin", "is_active"}`, each if it changes.
pub async fn change_user(target: Target, Object(body): Object) -> Result<Json<Value>, Told> {
    let changes: Changes = read(body)?;
    let changes = UserChanges {
        full_name: changes.full_name,
        email: changes.email,
        is_admin: changes.is_admin,
        is_active: changes.is_active,
    };
    let user = target.weir.user_called(&target.caller, target.name("user")).await?;
    let user = target.weir.change_user(&target.caller, user.id, changes).await?;
    Ok(Json(json!(user)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changes {
    full_name: Option<String>,
    email: Option<String>,
    is_admin: Option<bool>,
    is_active: Option<bool>,
}

/// `POST /weir/users/NAME/password`: a link by which they set a new password.
pub async fn reset_password(target: Target) -> Result<Response, Told> {
    let user = target.weir.user_called(&target.caller, target.name("user")).await?;
    let link = target.weir.reset_password(&target.caller, user.id).await?;
    let body = json!({"link": format!("{}{}", target.base(), link.path), "expires_at": link.expires_at.rfc3339()});
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

#[derive(Deserialize)]
struct Membership {
    user: String,
    /// A word; `null` takes the role away.
    role: Option<String>,
}

/// `POST /weir/members/PATH`: `{"user", "role"}`; the path of a project or a namespace.
pub async fn set_member(target: Target, Object(body): Object) -> Result<StatusCode, Told> {
    let new: Membership = read(body)?;
    let role = match new.role.as_deref() {
        Some(word) => Some(Role::of_word(word).ok_or_else(|| {
            Refused::parameter("role does not have a valid value: guest, reporter, developer, maintainer or owner")
        })?),
        None => None,
    };
    let place = place(&target).await?;
    target.weir.set_member(&target.caller, place, &new.user, role).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /weir/permissions/PATH?user=NAME`: what somebody may do there, and why not. Without a path: on the server.
pub async fn permissions(asked: Asked, freshness: Freshness) -> Result<Response, Told> {
    let user = asked.query.get("user").map(str::to_owned);
    let target = asked.find().await?;
    freshness
        .respond(|| async {
            let place = place(&target).await?;
            let view = target.weir.permissions(&target.caller, user.as_deref(), place).await?;
            Ok(Fresh::list(&view)?)
        })
        .await
}

/// The project or namespace that the address names.
async fn place(target: &Target) -> Result<Place, Told> {
    let path = target.name("path").trim_matches('/');
    if path.is_empty() {
        return Ok(Place::Instance);
    }
    let all = target.weir.places(&target.caller).await?;
    match all.into_iter().find(|(_, known, _)| known == path) {
        Some((place, ..)) => Ok(place),
        // One that is seen, and of which this token may say nothing.
        None => Ok(Place::Project(target.weir.project_called(&target.caller, path).await?.id)),
    }
}

/// `POST /weir/keys/rotate`: seals all secrets with a fresh key.
pub async fn rotate_key(target: Target) -> Result<Json<Value>, Told> {
    let (key, count, fresh) = target.weir.rotate_key(&target.caller).await?;
    Ok(Json(json!({"key": key, "resealed": count, "fresh": fresh})))
}

fn read<T: serde::de::DeserializeOwned>(body: Map<String, Value>) -> Result<T, Told> {
    serde_json::from_value(body.into()).map_err(|error| Refused::parameter(error.to_string()).into())
}
