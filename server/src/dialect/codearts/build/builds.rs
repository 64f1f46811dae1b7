//! Builds: starting and stopping them, and what became of them.

use axum::Json;
use axum::response::Response;
use model::Timestamp;
use serde_json::{Map, Value};

use super::records::{BuildInfoRecords, History, HistoryDetails, LogText, RecordInfo, parameters};
use super::wire::{Done, Envelope, Started, Stopped, days_before, octopus};
use super::{job_id, number_of, page_of, page_with};
use crate::clock;
use crate::dialect::codearts::{Call, Id, Refused};
use crate::http::{Fresh, Freshness};
use crate::service::builds::BuildWish;

/// Characters of a log in one answer, unless the request says fewer.
const LENGTH: u64 = 1_000_000;

/// `POST /v3/jobs/build` and `POST /v1/job/execute`
pub async fn start(call: Call) -> Result<Json<Started>, Refused> {
    let body = call.object()?;
    let id = match body.get("job_id") {
        Some(Value::String(id)) => Id::parse("job_id", id).map_err(|refused| refused.coded("CB.00060201"))?,
        None | Some(Value::Null) => return Err(Refused::invalid("job_id is missing").coded("CB.00060201")),
        Some(_) => return Err(Refused::invalid("job_id must be a text").coded("CB.00060201")),
    };
    let scm = match body.get("scm") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(scm)) => scm.clone(),
        Some(_) => return Err(Refused::invalid("scm must be an object")),
    };
    let wish = BuildWish {
        tag: text(&scm, "build_tag")?,
        commit: text(&scm, "build_commit_id")?,
        parameters: call.parameters("parameter")?,
    };
    let build = call.weir.start_build(&call.caller, id.as_str(), wish).await?;
    Ok(Json(Started {
        octopus_job_name: octopus(build.run.uid.as_str()),
        actual_build_number: build.numbers.number.to_string(),
        daily_build_number: build.numbers.daily(),
    }))
}

/// A text of `scm`; null and empty are none.
fn text(scm: &Map<String, Value>, name: &str) -> Result<Option<String>, Refused> {
    match scm.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(Refused::invalid(format!("scm.{name} must be a text"))),
    }
}

/// `POST /v3/jobs/{job_id}/{build_no}/stop`
pub async fn stop_numbered(call: Call) -> Result<Json<Stopped>, Refused> {
    let (id, number) = (job_id(&call)?, number_of(call.name("build_no"))?);
    call.weir.stop_build(&call.caller, id.as_str(), Some(number)).await?;
    Ok(Json(Stopped::SUCCESS))
}

/// `POST /v1/job/{job_id}/stop?build_no=`: without a number the newest build that has not ended.
pub async fn stop(call: Call) -> Result<Json<Done>, Refused> {
    let id = job_id(&call)?;
    let number = call.query.one("build_no")?.map(number_of).transpose()?;
    call.weir.stop_build(&call.caller, id.as_str(), number).await?;
    Ok(Json(Done::SUCCESS))
}

/// `GET /v3/jobs/{job_id}/history`: of the last days, today's among them. `offset` is the number of a page.
pub async fn history(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let id = job_id(&call)?;
    let page = page_with(&call.query, "offset", "limit")?;
    let days = call.query.number("interval")?.unwrap_or(7);
    if days > 30 {
        return Err(Refused::invalid("interval is at most 30 days"));
    }
    freshness
        .respond(|| async {
            let from = days_before(clock::zone(), clock::now(), days as i64);
            let span = (from, Timestamp(i64::MAX));
            let found = call.weir.builds(&call.caller, id.as_str(), span, page.offset(), page.size).await?;
            Ok(Fresh::list(&History::new(id.as_str(), &found, clock::zone()))?)
        })
        .await
}

/// `GET /v3/jobs/{job_id}/build-info-records` and `GET /v1/record/{job_id}/list`
pub async fn records(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let id = job_id(&call)?;
    let page = page_of(&call.query)?;
    let time = |name: &str| {
        let text = call.query.required(name)?;
        let read = clock::zone().parse(text);
        read.ok_or_else(|| Refused::invalid(format!("{name} must be written yyyy-MM-dd HH:mm:ss")))
    };
    // The second that is named last is among them.
    let span = (time("start_time")?, Timestamp(time("end_time")?.0 + 1000));
    freshness
        .respond(|| async {
            let found = call.weir.builds(&call.caller, id.as_str(), span, page.offset(), page.size).await?;
            let records = |now| Envelope::new(BuildInfoRecords::new(&found, page.index, page.size, now));
            Ok(Fresh::timed(clock::now(), records)?)
        })
        .await
}

/// `GET /v4/jobs/{job_id}/{build_no}/record-info` and `GET /v1/record/{job_id}/{build_no}/record-info`
pub async fn record(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let (id, number) = (job_id(&call)?, number_of(call.name("build_no"))?);
    freshness
        .respond(|| async {
            let details = call.weir.build(&call.caller, id.as_str(), number).await?;
            Ok(Fresh::timed(clock::now(), |now| Envelope::new(RecordInfo::new(&details, now)))?)
        })
        .await
}

/// `GET /v3/jobs/{job_id}/{build_number}/history-details`
pub async fn details(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let (id, number) = (job_id(&call)?, number_of(call.name("build_number"))?);
    freshness
        .respond(|| async {
            let details = call.weir.build(&call.caller, id.as_str(), number).await?;
            Ok(Fresh::timed(clock::now(), |now| HistoryDetails::new(&details, now))?)
        })
        .await
}

/// `GET /v1/job/{job_id}/{build_no}/history-parameters`: without those that are secret.
pub async fn history_parameters(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let (id, number) = (job_id(&call)?, number_of(call.name("build_no"))?);
    freshness
        .respond(|| async {
            let all = call.weir.build_parameters(&call.caller, id.as_str(), number).await?;
            Ok(Fresh::list(&Envelope::new(parameters(&all)))?)
        })
        .await
}

/// `GET /v3/jobs/{job_id}/{build_no}/real-time-log`
pub async fn real_time_log(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let (id, number) = (job_id(&call)?, number_of(call.name("build_no"))?);
    let offset = call.query.number("offset")?.ok_or_else(|| Refused::invalid("the parameter offset is missing"))?;
    let length = match call.query.number("length")? {
        Some(0) => return Err(Refused::invalid("length is at least 1")),
        length => length.unwrap_or(LENGTH).min(LENGTH),
    };
    freshness
        .respond(|| async {
            let piece = call.weir.follow_build(&call.caller, id.as_str(), number, offset, length).await?;
            let text = LogText {
                has_more_data: piece.more,
                offset: piece.next,
                content: piece.text,
                current_offset: piece.from,
            };
            Ok(Fresh::list(&Envelope::new(text))?)
        })
        .await
}
