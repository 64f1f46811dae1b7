//! `/api/jobs`.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use model::{Seq, Timestamp};

use super::error::Refused;
use super::input::{Fields as _, Id, Parameters, check_id};
use super::wire::Job;
use crate::dialect::{Object, encoded, next, total};
use crate::http::{Access, Fresh, Freshness};
use crate::service::ordine::{Handmade, HandmadeChange, JobFilter, State};

/// Jobs in one answer, unless the request says fewer.
const PAGE: u64 = 1000;

/// `GET /api/jobs`
pub async fn list(
    Access { weir, caller }: Access,
    query: Parameters,
    freshness: Freshness,
) -> Result<Response, Refused> {
    let filter = JobFilter {
        state: query.get("status").map(state).transpose()?,
        project: query.get("projectId").map(str::to_owned),
        pipeline: query.get("pipelineId").map(str::to_owned),
        before: query.get("cursor").map(cursor).transpose()?,
        limit: query.number("limit", 1, PAGE, PAGE)? as u32,
    };
    freshness
        .respond(|| async {
            let page = weir.ordine().jobs(&caller, filter.clone()).await?;
            let records: Vec<Job> = page.entries.iter().map(Job::from).collect();
            let mut headers = total(page.total);
            if let Some((run, rank)) = page.next {
                let cursor = format!("{run}.{rank}");
                next(&mut headers, &cursor, &format!("/api/jobs{}", query.with("cursor", &cursor)));
            }
            Ok(Fresh::list(&records)?.with(headers))
        })
        .await
}

fn state(word: &str) -> Result<State, Refused> {
    word.parse().map_err(|error| Refused::invalid(format!("{error}")))
}

fn cursor(text: &str) -> Result<(i64, i64), Refused> {
    let numbers = text.split_once('.').and_then(|(run, rank)| Some((run.parse().ok()?, rank.parse().ok()?)));
    numbers.ok_or_else(|| Refused::invalid("cursor must be the x-next-cursor of another answer"))
}

/// `POST /api/jobs`: a record of the script's own; no runner ever takes it.
pub async fn create(Access { weir, caller }: Access, Object(body): Object) -> Result<Response, Refused> {
    let id = body.text("id")?.ok_or_else(|| Refused::invalid("id must be a text of 1 to 255 characters"))?;
    let word = body.text("status")?;
    let job = Handmade {
        rank: 0,
        id: check_id("id", &id)?,
        title: body.text("title")?,
        kind: body.text("type")?,
        parent: body.id("parentJobId")?,
        pipeline: body.id("pipelineId")?,
        project: body.id("projectId")?,
        input_path: body.text("inputPath")?,
        state: word.as_deref().map_or(Ok(State::Pending), state)?,
        result: body.get("result").filter(|result| !result.is_null()).cloned(),
        error: body.text("error")?,
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
        started_at: None,
        completed_at: None,
        version: Seq(0),
    };
    let made = weir.ordine().create_job(&caller, job).await?;
    let place = format!("/api/jobs/{}", encoded(&id));
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(Job::from(&made))).into_response())
}

/// `GET /api/jobs/:id`
pub async fn get(Access { weir, caller }: Access, Id(id): Id, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let entry = weir.ordine().job(&caller, &id).await?;
            Ok(Fresh::list(&Job::from(&entry))?)
        })
        .await
}

/// `PATCH /api/jobs/:id`: moves a hand-made job, or cancels a run.
pub async fn change(Access { weir, caller }: Access, Id(id): Id, Object(body): Object) -> Result<Json<Job>, Refused> {
    let word = match body.get("status") {
        Some(serde_json::Value::Null) => return Err(Refused::invalid("status must be a text")),
        _ => body.text("status")?,
    };
    let change = HandmadeChange {
        state: word.as_deref().map(state).transpose()?,
        result: body.get("result").map(|result| Some(result.clone()).filter(|result| !result.is_null())),
        error: if body.contains_key("error") { Some(body.text("error")?) } else { None },
        title: body.text("title")?,
    };
    let entry = weir.ordine().change_job(&caller, &id, change).await?;
    Ok(Json(Job::from(&entry)))
}

/// `DELETE /api/jobs/:id`: the processes of a live run end first.
pub async fn delete(Access { weir, caller }: Access, Id(id): Id) -> Result<StatusCode, Refused> {
    weir.ordine().delete_job(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
