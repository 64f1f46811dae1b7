//! The server's people.

use app::service::Accounts as _;
use axum::http::StatusCode;
use axum::response::Response;
use model::{User, UserId};
use serde_json::{Value, json};

use super::error::Refused;
use super::given::{called, one_of, paged, switch, text};
use super::page::Page;
use super::target::{Asked, Target};
use super::wire::user;
use crate::auth::Action;
use crate::http::{Fresh, Freshness};

/// `GET /user`
pub async fn me(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    if matches!(target.caller.via, model::Via::Job(..) | model::Via::Trigger(..)) {
        return Err(Refused::unauthorized("this is about who asks, and nobody is signed in"));
    }
    freshness
        .respond(|| async {
            let me = target.weir.me(&target.caller).await?;
            let Some(known) = me.user else { return Err(Refused::unauthorized("who asks has no account")) };
            let namespace = target.weir.numbers_of_homes(&target.caller, vec![known.clone()]).await?;
            let namespace = namespace.first().copied().unwrap_or_default();
            let whole = user::joined(user::whole(&known, target.base()), user::confidential(&known, namespace));
            // Only administrators are told that they are.
            let more = if me.is_admin { json!({"is_admin": true}) } else { json!({}) };
            Ok(Fresh::list(&user::joined(whole, more))?)
        })
        .await
}

/// `GET /users`: the newest first.
pub async fn list(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&asked.query)?;
    let query = &asked.query;
    let name = text(query, "username").map(str::to_lowercase);
    let search = text(query, "search").map(str::to_lowercase);
    let (active, blocked) = (switch(query, "active")?, switch(query, "blocked")?);
    let (admins, no_bots) =
        (switch(query, "admins")?, switch(query, "without_project_bots")?.or(switch(query, "humans")?));
    let order = one_of(query, "order_by", &["id", "name", "username", "created_at", "updated_at"])?;
    let ascending = one_of(query, "sort", &["desc", "asc"])? == "asc";
    let target = asked.find().await?;
    freshness
        .respond(|| async {
            let mut people = target.weir.people(&target.caller).await?;
            people.retain(|one| {
                let found = |text: &str| search.as_ref().is_none_or(|part| text.to_lowercase().contains(part));
                name.as_ref().is_none_or(|name| one.name.to_lowercase() == *name)
                    && (found(&one.name) || found(&one.full_name) || one.email.as_ref().is_some_and(|it| found(it)))
                    && active.is_none_or(|on| one.is_active || !on)
                    && blocked.is_none_or(|on| !one.is_active || !on)
                    && admins.is_none_or(|on| one.is_admin || !on)
                    && no_bots.is_none_or(|on| !one.is_bot || !on)
            });
            match order {
                "name" => people.sort_by_cached_key(|one| (one.full_name.to_lowercase(), one.id)),
                "username" => people.sort_by_cached_key(|one| one.name.to_lowercase()),
                _ => people.sort_by_key(|one| one.id),
            }
            if !ascending {
                people.reverse();
            }
            let told = told(&target, &people).await?;
            let shown = people.iter().enumerate().map(|(i, one)| {
                let told = told.as_ref().and_then(|homes| homes.get(i)).copied();
                shown(one, told, false, target.base())
            });
            paged(&target, page, &shown.collect::<Vec<_>>())
        })
        .await
}

/// `GET /users/:id`
pub async fn get(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let id = named(&target)?;
    freshness
        .respond(|| async {
            let one = target.weir.person(&target.caller, id).await.map_err(called("User"))?;
            let told = told(&target, std::slice::from_ref(&one)).await?;
            let told = told.as_ref().and_then(|homes| homes.first()).copied();
            Ok(Fresh::list(&shown(&one, told, true, target.base()))?)
        })
        .await
}

/// The number of the address.
pub(super) fn named(target: &Target) -> Result<UserId, Refused> {
    target.name("user").parse().map_err(|_| Refused::message(StatusCode::NOT_FOUND, "User Not Found"))
}

/// To who sees what is for administrators: where the projects of these people lie.
async fn told(target: &Target, people: &[User]) -> Result<Option<Vec<i64>>, Refused> {
    if target.weir.may_on_server(&target.caller, Action::ReadUsers).await.is_err() {
        return Ok(None);
    }
    Ok(Some(target.weir.numbers_of_homes(&target.caller, people.to_vec()).await?))
}

fn shown(one: &User, told: Option<i64>, alone: bool, base: &str) -> Value {
    let shown = if alone || told.is_some() { user::whole(one, base) } else { user::basic(one, base) };
    match told {
        Some(home) => {
            let more = user::joined(user::confidential(one, home), json!({"is_admin": one.is_admin}));
            user::joined(shown, more)
        }
        None => shown,
    }
}
