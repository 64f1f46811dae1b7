//! Looking definitions through: `ci/lint`.

use axum::Json;
use axum::response::Response;
use model::plan::PlannedJob;
use serde_json::{Value, json};

use super::error::{Problems, Refused};
use super::fields::Fields;
use super::target::{Asked, Target};
use crate::http::{Fresh, Freshness};
use crate::service::lint::{Linted, Wanted};

/// How the answer is wanted.
struct Asks {
    wanted: Wanted,
    jobs: bool,
}

fn read(fields: &Fields, content: Option<String>, refs: &[&str], problems: &mut Problems) -> Asks {
    let dry_run = problems.take(fields.switch("dry_run")).unwrap_or(false);
    let jobs = problems.take(fields.switch("include_jobs")).unwrap_or(false);
    let mut git_ref = None;
    for name in refs {
        let found = problems.take(fields.filled(name));
        git_ref = git_ref.or(found);
    }
    Asks { wanted: Wanted { content, git_ref, dry_run }, jobs }
}

/// `GET …/ci/lint`: the project's own definition.
pub async fn own(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    let mut problems = Problems::default();
    let fields = Fields::of_query(&asked.query);
    let asks = read(&fields, None, &["content_ref", "sha", "dry_run_ref", "ref"], &mut problems);
    problems.none()?;
    let target = asked.find().await?;
    freshness.respond(|| async { Ok(Fresh::list(&answer(&target, &asks).await?)?) }).await
}

/// `POST …/ci/lint`: a text that is not saved anywhere. Good or bad, the answer is 200.
pub async fn given(asked: Asked, fields: Fields) -> Result<Json<Value>, Refused> {
    let mut problems = Problems::default();
    let content = problems.take(fields.required("content").map(Some));
    let asks = read(&fields, content, &["ref"], &mut problems);
    problems.none()?;
    let target = asked.find().await?;
    Ok(Json(answer(&target, &asks).await?))
}

async fn answer(target: &Target, asks: &Asks) -> Result<Value, Refused> {
    let Some(project) = &target.project else { return Err(Refused::not_found()) };
    let found = target.weir.lint_in_project(&target.caller, project, asks.wanted.clone()).await?;
    let mut body = json!({
        "valid": found.valid,
        "errors": found.errors,
        "warnings": found.warnings,
        "merged_yaml": found.merged,
        "includes": found.includes.iter().map(|name| include(name, &found, project.path.as_str())).collect::<Vec<_>>(),
    });
    if asks.jobs {
        body["jobs"] = found.jobs.iter().map(|one| job(one)).collect();
    }
    Ok(body)
}

fn include(name: &str, found: &Linted, project: &str) -> Value {
    let kind = if name.starts_with("http://") || name.starts_with("https://") { "remote" } else { "local" };
    let sha = Some(&found.sha).filter(|sha| !sha.is_empty());
    json!({
        "type": kind, "location": name, "blob": null, "raw": null, "extra": {}, "context_project": project, "context_sha": sha,
    })
}

fn job(job: &PlannedJob) -> Value {
    let needs = job.needs.as_ref().map(|needs| {
        let needs = needs.iter();
        needs
            .map(|need| json!({"name": need.job, "artifacts": need.artifacts, "optional": need.optional}))
            .collect::<Vec<_>>()
    });
    json!({
        "name": job.name,
        "stage": job.stage,
        "before_script": job.before_script,
        "script": job.script,
        "after_script": job.after_script,
        "tag_list": job.tags,
        "only": null,
        "except": null,
        "environment": job.environment,
        "when": job.when.as_str(),
        "allow_failure": job.allow_failure.always(),
        "needs": needs,
    })
}

/// `POST /ci/lint`, which GitLab has no more: a text that belongs to no project.
pub async fn alone(asked: Asked, fields: Fields) -> Result<Json<Value>, Refused> {
    let content = fields.required("content")?;
    let found = asked.weir.lint_alone(&asked.caller, content).await?;
    Ok(Json(json!({
        "status": if found.valid { "valid" } else { "invalid" },
        "errors": found.errors,
        "warnings": found.warnings,
        "merged_yaml": found.merged,
        "includes": [],
    })))
}
