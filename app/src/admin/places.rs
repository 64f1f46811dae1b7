//! `/projects`: the namespaces and projects that somebody sees.

use std::collections::HashMap;

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::view::RunFilter;
use model::{Error, Place, PlaceView, ProjectId, Role, Run};

use super::asked::Asked;
use super::parts::{field, folded, form, head, lines, panel, refused, select, submit, table, tag, time, visibilities};
use super::rpc::CreateProject;
use super::text::W;
use crate::components::status::{Badge, run_state};
use crate::i18n::T;
use crate::logic::href;

/// So many projects of a namespace are shown with their last run: each is looked for on its own.
const WITH_RUNS: usize = 60;

/// The page.
pub async fn page(asked: &Asked) -> Result<AnyView, Error> {
    let lang = asked.lang;
    let mut places = asked.service.places(&asked.caller).await?;
    places.retain(|(place, ..)| *place != Place::Instance);
    in_order(&mut places);
    let may = asked.me.is_admin || asked.me.user.is_some();
    let list = if places.is_empty() {
        let teach = if may { W::NoPlaces } else { W::NoPlacesSeen };
        let line = may.then(|| lines("weir project create me/shop --source .\n".to_owned()));
        view! {
            <section class="empty">
                <p>{lang.w(teach)}</p>
                {line}
            </section>
        }
        .into_any()
    } else {
        view! { <section class="panel tree">{tree(asked, &places, None)}</section> }.into_any()
    };
    let open = places.is_empty();
    Ok(view! {
        {head(lang.t(T::Projects))}
        {list}
        {may.then(|| new(asked, open, ""))}
    }
    .into_any())
}

/// Part by part: `a-b` must not come between `a` and `a/b`.
fn in_order(places: &mut [(Place, String, Role)]) {
    places.sort_by(|(a, left, _), (b, right, _)| left.split('/').cmp(right.split('/')).then(a.cmp(b)));
}

/// The places below a namespace, which is there as long as one is, with the last run of each project, and the form that
/// makes another one.
pub async fn below(asked: &Asked, view: &PlaceView) -> Result<AnyView, Error> {
    let lang = asked.lang;
    let mut places = asked.service.places(&asked.caller).await?;
    places.retain(|(_, path, _)| path.strip_prefix(view.path.as_str()).is_some_and(|rest| rest.starts_with('/')));
    in_order(&mut places);
    let mut last = HashMap::new();
    for (place, ..) in places.iter().take(WITH_RUNS) {
        let Place::Project(id) = place else { continue };
        let filter = RunFilter { project: Some(*id), limit: Some(1), ..RunFilter::default() };
        // Whoever sees a project need not see its runs.
        if let Ok(page) = asked.service.runs(&asked.caller, filter).await {
            last.extend(page.runs.into_iter().next().map(|run| (*id, run)));
        }
    }
    let may = view.may.projects;
    let list = if places.is_empty() {
        let teach = if may { W::NoPlaces } else { W::NoPlacesSeen };
        let line = may.then(|| lines(format!("weir project create {}/shop --source .\n", view.path)));
        view! {
            <p class="calm">{lang.w(teach)}</p>
            {line}
        }
        .into_any()
    } else {
        tree(asked, &places, Some((view.path.matches('/').count() + 1, &last)))
    };
    let inside = view! { <div class="tree">{list}</div> };
    Ok(view! {
        {panel(lang.t(T::Projects), "projects", inside)}
        {may.then(|| new(asked, places.is_empty(), &format!("{}/", view.path)))}
    }
    .into_any())
}

/// A table of places; `below` is how deep they all are, and the last runs of the projects among them.
fn tree(asked: &Asked, places: &[(Place, String, Role)], below: Option<(usize, &HashMap<ProjectId, Run>)>) -> AnyView {
    let lang = asked.lang;
    let twice = |path: &str| places.iter().filter(|(_, other, _)| other == path).count() > 1;
    let outer = below.map_or(0, |(depth, _)| depth);
    let row = |(place, path, role): &(Place, String, Role)| {
        let is_namespace = matches!(place, Place::Namespace(_));
        let to = address(place, path, twice(path));
        let depth = format!("depth-{}", path.matches('/').count().saturating_sub(outer).min(5));
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let class = if is_namespace { "name faint" } else { "name" };
        let kind = is_namespace.then(|| tag(lang.w(W::PlaceNamespace)));
        let run = below.map(|(_, last)| {
            let run = match place {
                Place::Project(id) => last.get(id),
                _ => None,
            };
            view! { <td class="last">{run.map(last_run)}</td> }.into_any()
        });
        view! {
            <tr>
                <th scope="row" class=depth>
                    <a class=class href=to aria-label=path.clone()>{name}</a>
                    {kind}
                </th>
                {run}
                <td data-label=lang.w(W::PlaceRole)>{lang.role(*role)}</td>
            </tr>
        }
        .into_any()
    };
    let heads: &[W] =
        if below.is_some() { &[W::PlacePath, W::PlaceLastRun, W::PlaceRole] } else { &[W::PlacePath, W::PlaceRole] };
    let heads: Vec<&'static str> = heads.iter().map(|text| lang.w(*text)).collect();
    table(lang.t(T::Projects), &heads, places.iter().map(row).collect())
}

/// How a project's last run is, which it is, and when it began.
fn last_run(run: &Run) -> AnyView {
    let to = href::run(run.id);
    let state = run_state(run);
    let (name, number) = (run.pipeline_name.clone(), run.number);
    view! {
        <Badge status=Signal::stored(state) />
        " "
        <a href=to>{name} " " <span class="num">"#" {number}</span></a>
        " "
        <span class="faint">{time(Some(run.created_at), W::Never)}</span>
    }
    .into_any()
}

/// Where a place is; a namespace says so where a project has the same path.
pub fn address(place: &Place, path: &str, ambiguous: bool) -> String {
    let to = href::place(path);
    if ambiguous && matches!(place, Place::Namespace(_)) { format!("{to}?kind=namespace") } else { to }
}

/// The form; `within` is the namespace that its path begins with.
fn new(asked: &Asked, open: bool, within: &str) -> AnyView {
    let lang = asked.lang;
    let refusal = refused(asked, "new");
    let open = open || refusal.is_some();
    let was = |name: &'static str| asked.typed("new", name, if name == "path" { within } else { "" });
    let visibility = asked.typed("new", "visibility", "private");
    let fields = view! {
        <div class="fields">
            {field("path", lang.w(W::PlacePath)).value(was("path")).hint(lang.w(W::PlacePathHint)).required().mono().view()}
            {field("source", lang.w(W::PlaceSource)).value(was("source")).hint(lang.w(W::PlaceSourceHint)).mono().view()}
            {select("visibility", lang.w(W::PlaceVisibility), visibilities(lang), &visibility)}
        </div>
        {submit(lang.w(W::PlaceNew))}
    };
    let inside = view! {
        {refusal}
        {form(CreateProject::PATH, [], fields)}
    };
    folded(lang.w(W::PlaceNew), open, inside)
}
