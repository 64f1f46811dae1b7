//! Starting runs.

use app::service::Service as _;
use axum::Json;
use model::plan::Choice;
use model::{NewRun, Source};
use serde_json::{Value, json};

use super::super::fields::Fields;
use super::super::{Call, Refused};

/// Characters of a run's description, at most.
const DESCRIPTION: usize = 1024;

/// `POST /v3/pipelines/{pipeline_id}/start`
pub async fn start(call: Call) -> Result<Json<Value>, Refused> {
    let id = call.id("pipeline_id")?;
    let variables = call.parameters("build_params")?;
    let (pipeline, _) = call.weir.pipeline_of_uid(&call.caller, id.as_str()).await?;
    let new = NewRun { variables, any_names: true, source: Source::Api, ..NewRun::default() };
    let run = call.weir.start_run(&call.caller, &pipeline.key, new).await?;
    Ok(Json(json!({"pipeline_id": pipeline.uid, "build_id": run.number.to_string()})))
}

/// `POST /v5/{project_id}/api/pipelines/{pipeline_id}/run`
pub async fn run(call: Call) -> Result<Json<Value>, Refused> {
    let pipeline = super::pipeline(&call).await?;
    let fields = Fields(call.object()?);
    let choice = Choice {
        jobs: fields.texts("choose_jobs")?.unwrap_or_default(),
        stages: fields.texts("choose_stages")?.unwrap_or_default(),
    };
    let (git_ref, commit) = meant(&fields)?;
    let new = NewRun {
        git_ref,
        commit,
        description: description(&fields)?,
        variables: call.parameters("variables")?,
        any_names: true,
        choice,
        source: Source::Api,
        ..NewRun::default()
    };
    let run = call.weir.start_run(&call.caller, &pipeline.key, new).await?;
    Ok(Json(json!({"pipeline_run_id": run.uid, "error_msg": null})))
}

/// What is to be built: the full name of a ref, or a commit.
type Meant = (Option<String>, Option<String>);

/// What the first of `sources` says: a tag, a commit, a branch, or the branch that is built by default.
fn meant(fields: &Fields) -> Result<Meant, Refused> {
    let source = match fields.value("sources") {
        None => return Ok((None, None)),
        Some(Value::Array(list)) => match list.first() {
            None => return Ok((None, None)),
            Some(Value::Object(source)) => Fields(source.clone()),
            Some(_) => return Err(Refused::invalid("sources must be a list of {type, params}")),
        },
        Some(_) => return Err(Refused::invalid("sources must be a list of {type, params}")),
    };
    let params = source.object("params")?;
    let build = params.object("build_params")?;
    match build.text("build_type")? {
        Some("tag") => {
            let tag =
                build.text("tag")?.ok_or_else(|| Refused::invalid("build_params has build_type tag and no tag"))?;
            Ok((Some(format!("refs/tags/{tag}")), None))
        }
        Some("commit" | "commitId") => {
            let commit = build.text("commit_id")?;
            let commit =
                commit.ok_or_else(|| Refused::invalid("build_params has build_type commit and no commit_id"))?;
            Ok((None, Some(commit.to_owned())))
        }
        Some("branch") | None => {
            let branch = build.text("target_branch")?.or(params.text("default_branch")?);
            Ok((branch.map(|branch| format!("refs/heads/{branch}")), None))
        }
        Some(_) => Err(Refused::invalid("build_type must be branch, tag or commit")),
    }
}

/// What somebody says of the run; an empty text is as good as none.
fn description(fields: &Fields) -> Result<Option<String>, Refused> {
    let text = fields.text("description")?;
    if text.is_some_and(|text| text.chars().count() > DESCRIPTION) {
        return Err(Refused::invalid(format!("description has more than {DESCRIPTION} characters")));
    }
    if text.is_some_and(|text| text.contains('\0')) {
        return Err(Refused::invalid("description contains a NUL character"));
    }
    Ok(text.map(str::to_owned))
}
