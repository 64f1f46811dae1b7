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
use crate::logic::href;

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
    let project = match view.place {
        Place::Project(id) => Some(id),
        _ => None,
    };
    let tab = asked.text("tab");
    if !tabs(&view).any(|(name, _)| name == tab) {
        return Err(Error::not_found("page"));
    }
    let frame = frame(asked, &view, &tab);
    let inside = match (tab.as_str(), project) {
        ("members", _) => members::members(asked, &view),
        ("settings", Some(id)) => settings::settings(asked, id, &view),
        ("tokens", Some(id)) => tokens::tokens(asked, id, view),
        ("runners", Some(id)) => runners::of_project(asked, id).await?,
        ("permissions", _) => permissions::permissions(asked, &view).await?,
        ("audit", _) => audit::log(asked, &view.place).await?,
        ("redact", Some(id)) => redact::redact(asked, id),
        _ => overview::overview(asked, &view).await?,
    };
    Ok(view! {
        {frame}
        {once::shown(asked)}
        {refused(asked, "")}
        {done(asked)}
        {inside}
    }
    .into_any())
}

/// The tabs that somebody sees here.
fn tabs(view: &PlaceView) -> impl Iterator<Item = (&'static str, W)> {
    let may = view.may;
    let of_project = matches!(view.place, Place::Project(_));
    let all = [
        ("", W::TabOverview, true),
        ("members", W::TabMembers, true),
        ("settings", W::TabSettings, of_project && (may.settings || may.delete)),
        ("tokens", W::TabTokens, of_project && may.tokens),
        ("runners", W::Runners, of_project && may.tokens),
        ("permissions", W::TabPermissions, true),
        ("audit", W::Audit, may.audit),
        ("redact", W::TabRedact, of_project && may.redact),
    ];
    all.into_iter().filter(|(.., shown)| *shown).map(|(name, text, _)| (name, text))
}

/// The tab of a place's schedules, which are a page of their own.
pub const SCHEDULES: &str = "schedules";
/// The tab of a place's CI/CD variables, which are a page of their own.
pub const VARIABLES: &str = "variables";

/// The heading of a page that is about a place, and the way to the others.
pub fn frame(asked: &Asked, view: &PlaceView, tab: &str) -> AnyView {
    let lang = asked.lang;
    let page = href::place(&view.path);
    let is_own = asked.path == page;
    let kind = match view.place {
        Place::Namespace(_) if !is_own => "namespace".to_owned(),
        _ if is_own => asked.text("kind"),
        _ => String::new(),
    };
    let link = |name: &str, to: String, text: W| {
        let here = (name == tab).then_some("page");
        view! { <a href=to aria-current=here>{lang.w(text)}</a> }.into_any()
    };
    let mut links: Vec<_> = tabs(view)
        .map(|(name, text)| {
            let fields = [("kind", kind.as_str()), ("tab", name)];
            let query = crate::logic::query::write(fields.into_iter().filter(|(_, value)| !value.is_empty()));
            link(name, if query.is_empty() { page.clone() } else { format!("{page}?{query}") }, text)
        })
        .collect();
    if let Place::Project(id) = view.place
        && view.role >= model::Role::Reporter
    {
        links.push(link(SCHEDULES, format!("/schedules?project={id}"), W::Schedules));
    }
    if view.may.variables {
        links.push(link(VARIABLES, owner::href(&view.place, None), W::CiVariables));
    }
    let title = view.path.clone();
    view! {
        {head(&title)}
        <nav class="tabs" aria-label=title>{links}</nav>
    }
    .into_any()
}

/// The fields by which a form says what place it is about, and where to come back to.
fn about(asked: &Asked, place: &Place) -> Vec<(&'static str, String)> {
    owner::field(place).into_iter().chain([("back", asked.here())]).collect()
}
