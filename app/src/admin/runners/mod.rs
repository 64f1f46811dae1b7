//! `/runners`: what runs jobs, for administrators; and the tab of those that are for one project alone.

mod form;
mod table;

use leptos::prelude::*;
use model::{Error, ProjectId, RunnerView};

use super::asked::Asked;
use super::parts::refused;
use super::text::W;
use super::{once, settings};

/// The page.
pub async fn page(asked: &Asked) -> Result<AnyView, Error> {
    let runners = asked.service.runners(&asked.caller, None).await?;
    Ok(view! {
        {settings::frame(asked, asked.lang.w(W::Runners))}
        {once::shown(asked)}
        {refused(asked, "")}
        {shown(asked, None, runners)}
    }
    .into_any())
}

/// The tab of a project. What was shown once, and what was refused, its page shows.
pub async fn of_project(asked: &Asked, id: ProjectId) -> Result<AnyView, Error> {
    let runners = asked.service.runners(&asked.caller, Some(id)).await?;
    Ok(shown(asked, Some(id), runners))
}

fn shown(asked: &Asked, project: Option<ProjectId>, runners: Vec<RunnerView>) -> AnyView {
    let lang = asked.lang;
    let edited = asked.field("edit").map(|id| runners.iter().find(|runner| runner.id.to_string() == id));
    let edited = edited.map(|of| match of {
        Some(runner) => form::change(asked, project, runner),
        None => view! { <p class="note s-warnings" role="status">{lang.w(W::RunnerGone)}</p> }.into_any(),
    });
    let (text, none) = match project {
        None => (W::RunnersText, W::NoRunners),
        Some(_) => (W::RunnersOfProjectText, W::NoRunnersOfProject),
    };
    let is_empty = runners.is_empty();
    let list = if is_empty {
        view! {
            <p class="calm">{lang.w(none)}</p>
            {once::runner_lines(asked, "glrt-…")}
        }
        .into_any()
    } else {
        table::table_of(asked, project, runners)
    };
    view! {
        {edited}
        <section class="panel parted">
            <p class="lead prose">{lang.w(text)}</p>
            {list}
        </section>
        {form::new(asked, project, is_empty)}
    }
    .into_any()
}

/// The fields by which a form says whose runner it is about, and where to come back to.
fn about(asked: &Asked, project: Option<ProjectId>) -> Vec<(&'static str, String)> {
    let project = project.map(|id| ("project", id.to_string()));
    project.into_iter().chain([("back", asked.with(&[("edit", "")]))]).collect()
}
