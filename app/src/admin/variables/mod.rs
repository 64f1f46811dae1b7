//! `/settings/variables`: the CI/CD variables of the instance, of a namespace (`?namespace=NAME`) or of a
//! project (`?project=ID`), with the form that adds one or (`?edit=ID`) changes one.
//!
//! A value stands in the page only where somebody may read it: never in its title, in an address or in
//! the name of something.

mod form;
mod table;
mod way;

use leptos::prelude::*;
use model::{CiVariableId, CiVariablesView, Error, VariableOwner};

use super::asked::Asked;
use super::parts::{head, lines};
use super::text::W;
use super::{owner, place, settings};

use way::{name_of, way};

/// What teaches how jobs get at a variable.
const EXAMPLE: &str = "deploy:
  script:
    - curl --fail --header \"Authorization: Bearer $DEPLOY_TOKEN\" \"$DEPLOY_URL\"
";

/// The page.
pub async fn page(asked: &Asked) -> Result<AnyView, Error> {
    let owner = owner::read(&asked.text("project"), &asked.text("namespace"))?;
    let view = asked.service.ci_variables(&asked.caller, owner).await?;
    let lang = asked.lang;
    let CiVariablesView { owner, variables, projects, namespaces, .. } = view;
    let name = name_of(&owner, &projects);
    let title = match &name {
        Some(name) => format!("{} · {name}", lang.w(W::CiVariables)),
        None => lang.w(W::CiVariables).to_owned(),
    };
    let wanted = asked.field("edit");
    let id = wanted.and_then(|id| id.parse::<CiVariableId>().ok());
    let of = variables.iter().find(|one| Some(one.id) == id).cloned();
    let gone = (wanted.is_some() && of.is_none())
        .then(|| view! { <p class="note s-warnings" role="status">{lang.w(W::VariableGone)}</p> }.into_any());
    let teach = variables.is_empty().then(|| {
        view! {
            <section class="empty">
                <p>{lang.w(W::NoVariablesKept)}</p>
                {lines(EXAMPLE.to_owned())}
                <p>{lang.w(W::NoVariablesMasked)}</p>
            </section>
        }
        .into_any()
    });
    let form = form::variable(asked, &owner, of, variables.is_empty());
    let shown = (!variables.is_empty()).then(|| table::table(&owner, variables, id));
    // Those of a place are a tab of its page.
    let frame = match owner {
        VariableOwner::Instance => settings::frame(asked, &title),
        _ => match asked.service.place(&asked.caller, owner.clone()).await {
            Ok(view) => place::frame(asked, &view, place::VARIABLES),
            Err(_) => head(&title),
        },
    };
    Ok(view! {
        {frame}
        {way(&owner, name, &projects, &namespaces)}
        {gone}
        {form}
        {shown}
        {teach}
    }
    .into_any())
}
