//! What it is, and what is in it: the pipelines of a project, the projects of a namespace.

use leptos::prelude::*;
use model::{Error, Place, PlaceView};

use crate::admin::asked::Asked;
use crate::admin::parts::panel;
use crate::admin::places;
use crate::admin::text::W;
use crate::i18n::T;
use crate::logic::query::segment;

/// The tab.
pub async fn overview(asked: &Asked, view: &PlaceView) -> Result<AnyView, Error> {
    let lang = asked.lang;
    let fact = |name: &'static str, value: AnyView| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
        .into_any()
    };
    let copy = |text: String| view! { <code class="copy">{text}</code> }.into_any();
    let id = match &view.place {
        Place::Project(id) => Some(fact(lang.w(W::PlaceId), copy(id.to_string()))),
        _ => None,
    };
    let uid = view.uid.as_ref().map(|uid| fact(lang.w(W::PlaceUid), copy(uid.to_string())));
    let settings = view.settings.as_ref().map(|settings| {
        let description = settings.options.description.clone();
        let description = description.map(|text| fact(lang.w(W::PlaceDescription), text.into_any()));
        let source = settings.source.clone().map(|source| fact(lang.t(T::Source), copy(source)));
        view! {
            {settings.options.name.clone().map(|name| fact(lang.w(W::PlaceName), name.into_any()))}
            {description}
            {fact(lang.w(W::PlaceVisibility), lang.visibility(settings.visibility).into_any())}
            {source}
        }
        .into_any()
    });
    let pipeline = |(key, name): &(String, String)| {
        let to = format!("/pipelines/{}", segment(key));
        view! {
            <li class="row">
                <a class="name" href=to>{name.clone()}</a>
                <code class="faint">{key.clone()}</code>
            </li>
        }
        .into_any()
    };
    let inside = if matches!(view.place, Place::Namespace(_)) {
        places::below(asked, view).await?
    } else if view.pipelines.is_empty() {
        let new = view! { " " <a href="/pipelines/new">{lang.t(T::CreatePipeline)}</a> };
        let none = view! { <p class="calm">{lang.w(W::NoPipelinesHere)} {new}</p> };
        panel(lang.t(T::Pipelines), "pipelines", none)
    } else {
        let list: Vec<_> = view.pipelines.iter().map(pipeline).collect();
        panel(lang.t(T::Pipelines), "pipelines", view! { <ul class="rows">{list}</ul> })
    };
    Ok(view! {
        <dl class="facts">
            {fact(lang.w(W::PlaceRole), lang.role(view.role).into_any())}
            {id}
            {uid}
            {settings}
        </dl>
        {inside}
    }
    .into_any())
}
