//! `/projects/PATH`: a project or namespace, tab by tab (`?tab=`). Where a project and a namespace have the same
//! path, `?kind=namespace` means the latter.

mod members;
mod overview;
mod permissions;
mod redact;
mod settings;
mod tokens;

use leptos::prelude::*;
use model::{Error, Place, PlaceView};

use super::asked::Asked;
use super::parts::{done, head, refused};
use super::text::W;
use super::{audit, once, owner, runners};

/// The page.
pub async fn page(asked: &Asked, path: &str) -> Result<AnyView, Error> {
    let path = percent_decoded(path);
    let places = asked.service.places(&asked.caller).await?;
    let mut here: Vec<Place> = places.into_iter().filter(|(_, known, _)| *known == path).map(|(p, ..)| p).collect();
    let is_wanted = |place: &Place| match asked.field("kind") {
        Some("namespace") => matches!(place, Place::Namespace(_)),
        _ => matches!(place, Place::Project(_)),
    };
    here.sort_by_key(|place| !is_wanted(place));
    let place = here.into_iter().next().ok_or_else(|| Error::not_found("project"))?;
    let view = asked.service.place(&asked.caller, place).await?;
    shown(asked, view).await
}

/// The path as the service knows it.
fn percent_decoded(path: &str) -> String {
    let encoded = path.trim_end_matches('/').replace('+', "%2B");
    crate::logic::query::read(&format!("path={encoded}")).into_iter().next().map(|(_, path)| path).unwrap_or_default()
}

async fn shown(asked: &Asked, view: PlaceView) -> Result<AnyView, Error> {
    let lang = asked.lang;
    let may = view.may;
    let project = match view.place {
        Place::Project(id) => Some(id),
        _ => None,
    };
    let of_project = project.is_some();
    let tabs = [
        ("", W::TabOverview, true),
        ("members", W::TabMembers, true),
        ("settings", W::TabSettings, of_project && (may.settings || may.delete)),
        ("tokens", W::TabTokens, of_project && may.tokens),
        ("runners", W::Runners, of_project && may.tokens),
        ("permissions", W::TabPermissions, true),
        ("audit", W::Audit, may.audit),
        ("redact", W::TabRedact, of_project && may.redact),
    ];
    let tab = asked.text("tab");
    if !tabs.iter().any(|(name, _, shown)| *name == tab && *shown) {
        return Err(Error::not_found("page"));
    }
    let link = |(name, text, _): &(&'static str, W, bool)| {
        let here = (*name == tab).then_some("page");
        let kind = asked.text("kind");
        let fields = [("kind", kind.as_str()), ("tab", *name)];
        let query = crate::logic::query::write(fields.into_iter().filter(|(_, value)| !value.is_empty()));
        let to = if query.is_empty() { asked.path.clone() } else { format!("{}?{query}", asked.path) };
        view! { <a href=to aria-current=here>{lang.w(*text)}</a> }.into_any()
    };
    let mut links: Vec<_> = tabs.iter().filter(|(.., shown)| *shown).map(link).collect();
    if let Some(id) = project.filter(|_| view.role >= model::Role::Reporter) {
        let to = format!("/schedules?project={id}");
        links.push(view! { <a href=to>{lang.w(W::Schedules)}</a> }.into_any());
    }
    if may.variables {
        let to = owner::href(&view.place, None);
        links.push(view! { <a href=to>{lang.w(W::CiVariables)}</a> }.into_any());
    }
    let title = view.path.clone();
    let inside = match (tab.as_str(), project) {
        ("members", _) => members::members(asked, &view),
        ("settings", Some(id)) => settings::settings(asked, id, &view),
        ("tokens", Some(id)) => tokens::tokens(asked, id, view),
        ("runners", Some(id)) => runners::of_project(asked, id).await?,
        ("permissions", _) => permissions::permissions(asked, &view).await?,
        ("audit", _) => audit::log(asked, &view.place).await?,
        ("redact", Some(id)) => redact::redact(asked, id),
        _ => overview::overview(asked, &view),
    };
    Ok(view! {
        {head(&title)}
        <nav class="tabs" aria-label=title.clone()>{links}</nav>
        {once::shown(asked)}
        {refused(asked, "")}
        {done(asked)}
        {inside}
    }
    .into_any())
}

/// The fields by which a form says what place it is about, and where to come back to.
fn about(asked: &Asked, place: &Place) -> Vec<(&'static str, String)> {
    owner::field(place).into_iter().chain([("back", asked.here())]).collect()
}
