//! The repository of a project, to be read: branches, tags, commits and files.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use model::event::Change;
use model::{Project, ProjectId};
use regex::Regex;
use serde_json::{Value, json};

use super::error::Refused;
use super::given::{called, one_of, paged, switch, text, time};
use super::page::Page;
use super::target::{Asked, Target};
use super::wire::{PipelineBasic, repository as wire, user};
use crate::http::{Fresh, Freshness};
use crate::service::browse::{CommitFilter, RefView};

/// The project of the address with what is new in its repository.
async fn fetched(target: &Target, age: Duration) -> Result<Project, Refused> {
    Ok(target.weir.fetched(&target.caller, target.project_id()?, age).await?)
}

/// How often git is asked for requests that wait, however many: whoever pushes tells nobody here.
pub(super) const LOOK: Duration = Duration::from_secs(2);

/// How old what is shown of a repository may be. Who waits looks again soon, and shares each look with all who wait; who
/// does not is told what is there now.
pub(super) fn age(freshness: &Freshness) -> Duration {
    if freshness.waits() { LOOK } else { Duration::ZERO }
}

/// Whether a change concerns what is told of the newest run of a commit.
pub(super) fn is_of_run(change: &Change, project: ProjectId) -> bool {
    match change {
        Change::Run(run) => run.project_id == project,
        Change::RunDeleted(_) => true,
        _ => false,
    }
}

/// A search as GitLab has it: `^begin`, `end$`, or any part.
fn fits(name: &str, search: Option<&str>) -> bool {
    let Some(search) = search else { return true };
    let (name, search) = (name.to_lowercase(), search.to_lowercase());
    match (search.strip_prefix('^'), search.strip_suffix('$')) {
        (Some(begin), _) => begin.strip_suffix('$').map_or(name.starts_with(begin), |whole| name == whole),
        (None, Some(end)) => name.ends_with(end),
        (None, None) => name.contains(&search),
    }
}

fn sorted(mut all: Vec<RefView>, sort: &str) -> Vec<RefView> {
    match sort {
        "updated_asc" => all.sort_by_key(|one| one.commit.committed_at),
        "updated_desc" => all.sort_by_key(|one| std::cmp::Reverse(one.commit.committed_at)),
        _ => {}
    }
    all
}

/// `GET …/repository/branches`: by name.
pub async fn branches(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&asked.query)?;
    let search = text(&asked.query, "search").map(str::to_owned);
    let pattern = text(&asked.query, "regex").map(Regex::new).transpose();
    let pattern = pattern.map_err(|_| Refused::parameter("regex is invalid"))?;
    let sort = one_of(&asked.query, "sort", &["name_asc", "updated_asc", "updated_desc"])?;
    let target = asked.find().await?;
    let age = age(&freshness);
    freshness
        .every(LOOK)
        .respond(|| async {
            let project = fetched(&target, age).await?;
            let mut all = sorted(target.weir.refs(&project, false).await?, sort);
            let is_like = |name: &str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(name));
            all.retain(|one| fits(&one.name, search.as_deref()) && is_like(&one.name));
            let shown = all.iter().map(|one| wire::branch(one, &project, target.base()));
            paged(&target, page, &shown.collect::<Vec<_>>())
        })
        .await
}

/// `GET …/repository/branches/:branch`
pub async fn branch(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let age = age(&freshness);
    freshness
        .every(LOOK)
        .respond(|| async {
            let project = fetched(&target, age).await?;
            let all = target.weir.refs(&project, false).await?;
            let found = all.iter().find(|one| one.name == target.name("branch"));
            let found = found.ok_or_else(|| Refused::message(StatusCode::NOT_FOUND, "Branch Not Found"))?;
            Ok(Fresh::list(&wire::branch(found, &project, target.base()))?)
        })
        .await
}

/// `GET …/repository/tags`: the newest first.
pub async fn tags(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let page = Page::read(&asked.query)?;
    let search = text(&asked.query, "search").map(str::to_owned);
    // Who walks all lists by key says the key, too; this one has pages alone.
    let by_key = text(&asked.query, "pagination") == Some("keyset") && text(&asked.query, "order_by") == Some("id");
    let order = if by_key { "updated" } else { one_of(&asked.query, "order_by", &["updated", "name", "version"])? };
    let ascending = one_of(&asked.query, "sort", &["desc", "asc"])? == "asc";
    let target = asked.find().await?;
    let age = age(&freshness);
    freshness
        .every(LOOK)
        .respond(|| async {
            let project = fetched(&target, age).await?;
            let mut all = target.weir.refs(&project, true).await?;
            all.retain(|one| fits(&one.name, search.as_deref()));
            if order == "updated" {
                all.sort_by_key(|one| one.commit.committed_at);
            }
            if !ascending {
                all.reverse();
            }
            let shown = all.iter().map(|one| wire::tag(one, &project, target.base()));
            paged(&target, page, &shown.collect::<Vec<_>>())
        })
        .await
}

/// `GET …/repository/commits`: the newest first, without a total.
pub async fn commits(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let (page, query) = (Page::read(&asked.query)?, &asked.query);
    let filter = CommitFilter {
        git_ref: text(query, "ref_name").map(str::to_owned),
        path: text(query, "path").map(str::to_owned),
        author: text(query, "author").map(str::to_owned),
        since: time(query, "since")?,
        until: time(query, "until")?,
        all: switch(query, "all")?.unwrap_or(false),
    };
    let target = asked.find().await?;
    let age = age(&freshness);
    freshness
        .every(LOOK)
        .respond(|| async {
            let project = fetched(&target, age).await?;
            let found = target.weir.commits(&project, &filter, page.offset(), page.size()).await;
            let mut found = found.map_err(called("Commit"))?;
            let more = found.len() > page.size() as usize;
            found.truncate(page.size() as usize);
            let shown = found.iter().map(|one| wire::commit(one, &project, target.base()));
            let headers = target.pages(page, None, more);
            Ok(Fresh::list(&shown.collect::<Vec<_>>())?.with(headers))
        })
        .await
}

/// `GET …/repository/commits/:sha`: with the newest run for it.
pub async fn commit(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    let (age, project) = (age(&freshness), target.project_id()?);
    freshness
        .every(LOOK)
        .respond_when(
            |event| is_of_run(&event.change, project),
            || async {
                let project = fetched(&target, age).await?;
                let found = target.weir.commit(&project, target.name("sha")).await;
                let (one, (added, taken)) = found.map_err(called("Commit"))?;
                let run = target.weir.last_run_for(&target.caller, project.id, &one.id).await?;
                let more = json!({
                    "stats": {"additions": added, "deletions": taken, "total": added + taken},
                    "status": run.as_ref().map(|run| run.status),
                    "project_id": project.id,
                    "last_pipeline": run.as_ref().map(|run| PipelineBasic::new(run, target.base())),
                });
                Ok(Fresh::list(&user::joined(wire::commit(&one, &project, target.base()), more))?)
            },
        )
        .await
}

/// `GET …/repository/files/:path` and `…/files/:path/raw`. The path may have slashes, encoded or not.
pub async fn file(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    // The address as it came tells a file called `raw` in a folder from the contents of that folder's namesake.
    let raw = asked.path.ends_with("/raw");
    let git_ref = match text(&asked.query, "ref") {
        Some(git_ref) => Some(git_ref.to_owned()),
        None if raw => None,
        None => return Err(Refused::parameter("ref is missing")),
    };
    let target = asked.find().await?;
    let wanted = target.name("path");
    let path = if raw { wanted.strip_suffix("/raw").unwrap_or(wanted) } else { wanted };
    let git_ref = git_ref.filter(|name| name != "HEAD");
    let age = age(&freshness);
    let read = || async {
        let project = fetched(&target, age).await?;
        let default = || target.weir.default_branch(&project);
        let git_ref = git_ref.clone().or_else(default);
        let git_ref = git_ref.ok_or_else(|| Refused::message(StatusCode::NOT_FOUND, "Commit Not Found"))?;
        let found = target
            .weir
            .file(&project, &git_ref, path)
            .await
            .map_err(|error| called(if error.message.starts_with("commit") { "Commit" } else { "File" })(error));
        Ok::<_, Refused>((found?, git_ref))
    };
    if raw {
        let (found, git_ref) = read().await?;
        let headers = about(&wire::about(&found, &git_ref));
        let kind = if std::str::from_utf8(&found.bytes).is_ok() {
            "text/plain; charset=utf-8"
        } else {
            "application/octet-stream"
        };
        let mut response = (StatusCode::OK, headers, Body::from(found.bytes)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("inline"));
        return Ok(response);
    }
    freshness
        .every(LOOK)
        .respond(|| async {
            let (found, git_ref) = read().await?;
            Ok(Fresh::list(&wire::file(&found, &git_ref))?.with(about(&wire::about(&found, &git_ref))))
        })
        .await
}

/// The same as headers, for `HEAD`.
fn about(fields: &Value) -> HeaderMap {
    let pairs = fields.as_object().into_iter().flatten().filter_map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let name = HeaderName::try_from(format!("x-gitlab-{}", name.replace('_', "-"))).ok()?;
        Some((name, HeaderValue::from_str(&value).ok()?))
    });
    pairs.collect()
}
