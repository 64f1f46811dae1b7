//! The list of runs: `GET …/pipelines` with all that it can be filtered and ordered by.

use std::collections::HashMap;

use axum::response::Response;
use model::view::RunFilter;
use model::{Project, Source, Status};

use super::error::{Problems, Refused};
use super::fields::Fields;
use super::page::Page;
use super::repository::age;
use super::target::{Asked, Query, Target};
use super::wire::{Pipeline, PipelineBasic};
use crate::http::{Fresh, Freshness};
use crate::store::run_pages::{RunList, RunOrder};

/// A status of GitLab's that no run here ever has.
pub const CALLBACK: &str = "waiting_for_callback";

/// What is asked for.
struct Wanted {
    page: Page,
    list: RunList,
    /// Only the latest of each branch (false) or tag (true).
    heads: Option<bool>,
    /// Nothing can fit: something is asked for that there is on GitLab alone.
    nothing: bool,
}

fn read(asked: &Asked) -> Result<Wanted, Refused> {
    let fields = Fields::of_query(&asked.query);
    let mut problems = Problems::default();
    let page = problems.take(Page::read(&asked.query));
    let mut filter = RunFilter::default();
    let (mut heads, mut nothing) = (None, false);
    match problems.take(fields.choice("scope", &["running", "pending", "finished", "branches", "tags"])) {
        Some("running") => filter.status = vec![Status::Running],
        Some("pending") => filter.status = vec![Status::Pending],
        Some("finished") => filter.status = vec![Status::Success, Status::Failed, Status::Canceled],
        Some(other) => heads = Some(other == "tags"),
        None => {}
    }
    match problems.take(fields.filled("status")).as_deref() {
        Some(CALLBACK) => nothing = true,
        Some(word) => match word.parse() {
            // Both must hold.
            Ok(status) if filter.status.is_empty() || filter.status.contains(&status) => filter.status = vec![status],
            Ok(_) => nothing = true,
            Err(_) => {
                problems.take::<()>(Err(Refused::parameter("status does not have a valid value")));
            }
        },
        None => {}
    }
    if let Some(word) = problems.take(fields.choice("source", &Source::OF_GITLAB)) {
        match word.parse::<Source>() {
            Ok(source) => filter.source = Some(source),
            Err(()) => nothing = true,
        }
    }
    // A definition with errors makes no run.
    nothing |= problems.take(fields.switch("yaml_errors")) == Some(true);
    filter.git_ref = problems.take(fields.filled("ref"));
    filter.user = problems.take(fields.filled("username"));
    let order = match problems.take(fields.choice("order_by", &["id", "status", "ref", "updated_at", "user_id"])) {
        Some("status") => RunOrder::Status,
        Some("ref") => RunOrder::Ref,
        Some("updated_at") => RunOrder::UpdatedAt,
        Some("user_id") => RunOrder::User,
        _ => RunOrder::Id,
    };
    let list = RunList {
        sha: problems.take(fields.filled("sha")),
        name: problems.take(fields.filled("name")),
        updated_before: problems.take(fields.time("updated_before")),
        updated_after: problems.take(fields.time("updated_after")),
        created_before: problems.take(fields.time("created_before")),
        created_after: problems.take(fields.time("created_after")),
        latest_of: None,
        order,
        ascending: problems.take(fields.choice("sort", &["asc", "desc"])) == Some("asc"),
        filter,
    };
    problems.none()?;
    Ok(Wanted { page, list, heads, nothing })
}

/// `GET …/pipelines`, `GET /weir/runs`: the latter with whole objects, and by pipeline or project.
pub async fn list(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let Wanted { page, mut list, heads, nothing } = read(&asked)?;
    let query = asked.query.clone();
    let target = asked.find().await?;
    let filter = &mut list.filter;
    match &target.project {
        Some(project) => {
            filter.project = Some(project.id);
            // A project without a repository has one ref, which is called as its default branch is.
            if project.source.is_none() && filter.git_ref.as_deref() == Some("main") {
                filter.git_ref = Some(String::new());
            }
        }
        None => of_query(&target, &query, filter).await?,
    }
    if let (Some(_), Some(project)) = (heads, &target.project) {
        target.weir.fetch_for(&target.caller, project, age(&freshness)).await;
    }
    freshness
        .respond(|| async {
            let mut list = list.clone();
            if let (Some(tags), Some(project)) = (heads, &target.project) {
                list.latest_of = Some((tags, refs(&target, project, tags).await?));
            }
            let (runs, total) = target.weir.page_of_runs(&target.caller, list, page.offset(), page.size()).await?;
            let (runs, total) = if nothing { (Vec::new(), 0) } else { (runs, total) };
            let headers = target.pages(page, Some(total), false);
            let base = target.base();
            let fresh = if target.is_of_project() {
                Fresh::list(&runs.iter().map(|run| PipelineBasic::new(run, base).named(run)).collect::<Vec<_>>())
            } else {
                let mut known = HashMap::new();
                let mut shown = Vec::with_capacity(runs.len());
                for run in &runs {
                    if !known.contains_key(&run.user) {
                        known.insert(run.user.clone(), target.weir.account_called(&run.user).await?);
                    }
                    let account = known.get(&run.user).and_then(Option::as_ref);
                    shown.push(Pipeline::new(run, base).by(account, base).titled(run));
                }
                Fresh::list(&shown)
            };
            Ok(fresh?.with(headers))
        })
        .await
}

async fn refs(target: &Target, project: &Project, tags: bool) -> Result<Vec<String>, Refused> {
    Ok(target.weir.refs_of(&target.caller, project, tags).await?)
}

/// Project and pipeline, where the address names no project.
async fn of_query(target: &Target, query: &Query, filter: &mut RunFilter) -> Result<(), Refused> {
    let text = |name: &str| query.get(name).filter(|text| !text.is_empty());
    if let Some(name) = text("project") {
        filter.project = Some(target.weir.project_called(&target.caller, name).await?.id);
    }
    if let Some(key) = text("pipeline") {
        filter.pipeline = Some(key.parse().map_err(|error| Refused::parameter(format!("pipeline: {error}")))?);
    }
    Ok(())
}
