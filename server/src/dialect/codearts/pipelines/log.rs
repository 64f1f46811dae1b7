//! `POST …/steps/{step_run_id}/logs`: a part of a job's log.

use app::service::{Lines, Service as _};
use axum::Json;
use serde_json::{Value, json};

use super::super::fields::Fields;
use super::super::{Call, Refused};

/// Lines unless the client says otherwise, and at most.
const LINES: u64 = 1000;

/// Offsets are lines: `start_offset` that many stand before what is answered, `end_offset` before what comes after it.
/// `sort: asc` goes on from `start_offset` (or `offset`); `desc` gives the last lines before `end_offset`, or of all. The
/// lines themselves always stand in their order.
pub async fn read(call: Call) -> Result<Json<Value>, Refused> {
    let fields = Fields(call.object()?);
    let limit = fields.number("limit")?.filter(|limit| *limit > 0).unwrap_or(LINES).min(LINES);
    let start = fields.number("start_offset")?.filter(|start| *start > 0).or(fields.number("offset")?).unwrap_or(0);
    let end = fields.number("end_offset")?.filter(|end| *end > 0);
    let backwards = match fields.text("sort")? {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("asc") => false,
        Some(word) if word.eq_ignore_ascii_case("desc") => true,
        Some(_) => return Err(Refused::invalid("sort must be asc or desc")),
    };
    let step_run_id = call.id("step_run_id")?;
    let job = super::review::step(&call).await?;
    let count = |from: u64, to: u64| u32::try_from(to.saturating_sub(from)).unwrap_or(u32::MAX);
    let from = if backwards {
        // How long it is now: that is where the end is.
        let page = call.weir.log_lines(&call.caller, job.id, Lines::From(1), 1).await?;
        let end = end.unwrap_or(u64::MAX).min(page.total_lines);
        (end.saturating_sub(limit), end)
    } else {
        (start, end.unwrap_or(u64::MAX).min(start.saturating_add(limit)))
    };
    let wanted = count(from.0, from.1);
    let mut page = call.weir.log_lines(&call.caller, job.id, Lines::From(from.0 + 1), wanted.max(1)).await?;
    page.lines.truncate(wanted as usize);
    let after = from.0 + page.lines.len() as u64;
    let has_more = if backwards { from.0 > 0 } else { after < page.total_lines };
    let mut log = String::new();
    for line in &page.lines {
        log.push_str(&line.text);
        log.push('\n');
    }
    Ok(Json(json!({
        "has_more": has_more,
        "start_offset": from.0.to_string(),
        "end_offset": after.to_string(),
        "log": log,
        "step_run_id": step_run_id.as_str(),
    })))
}
