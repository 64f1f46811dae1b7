//! `/projects`: the namespaces and projects that somebody sees.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{Error, Place, Role};

use super::asked::Asked;
use super::parts::{field, folded, form, head, lines, refused, select, submit, table, tag, visibilities};
use super::rpc::CreateProject;
use super::text::W;
use crate::logic::href;

/// The page.
pub async fn page(asked: &Asked) -> Result<AnyView, Error> {
    let lang = asked.lang;
    let mut places = asked.service.places(&asked.caller).await?;
    places.retain(|(place, ..)| *place != Place::Instance);
    // Part by part: `a-b` must not come between `a` and `a/b`.
    places.sort_by(|(a, left, _), (b, right, _)| left.split('/').cmp(right.split('/')).then(a.cmp(b)));
    let twice = |path: &str| places.iter().filter(|(_, other, _)| other == path).count() > 1;
    let row = |(place, path, role): &(Place, String, Role)| {
        let is_namespace = matches!(place, Place::Namespace(_));
        let to = address(place, path, twice(path));
        let depth = format!("depth-{}", path.matches('/').count().min(5));
        let name = path.rsplit('/').next().unwrap_or_default().to_owned();
        let class = if is_namespace { "name faint" } else { "name" };
        let kind = is_namespace.then(|| tag(lang.w(W::PlaceNamespace)));
        view! {
            <tr>
                <th scope="row" class=depth>
                    <a class=class href=to aria-label=path.clone()>{name}</a>
                    {kind}
                </th>
                <td data-label=lang.w(W::PlaceRole)>{lang.role(*role)}</td>
            </tr>
        }
        .into_any()
    };
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
        let heads = [W::PlacePath, W::PlaceRole].map(|text| lang.w(text));
        let rows = table(lang.t(crate::i18n::T::Projects), &heads, places.iter().map(row).collect());
        view! { <section class="panel tree">{rows}</section> }.into_any()
    };
    let open = places.is_empty();
    Ok(view! {
        {head(lang.t(crate::i18n::T::Projects))}
        {list}
        {may.then(|| new(asked, open))}
    }
    .into_any())
}

/// Where a place is; a namespace says so where a project has the same path.
pub fn address(place: &Place, path: &str, ambiguous: bool) -> String {
    let to = href::place(path);
    if ambiguous && matches!(place, Place::Namespace(_)) { format!("{to}?kind=namespace") } else { to }
}

fn new(asked: &Asked, open: bool) -> AnyView {
    let lang = asked.lang;
    let refusal = refused(asked, "new");
    let open = open || refusal.is_some();
    let was = |name: &'static str| asked.typed("new", name, "");
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
