//! `POST …/steps/{step_run_id}/logs`: a part of a job's log.

use app::service::{Lines, Service as _};
use axum::response::Response;
use serde_json::json;

use super::super::fields::Fields;
use super::super::{Call, Refused};
use crate::http::{Fresh, Freshness};

/// Lines unless the client says otherwise, and at most.
const LINES: u64 = 1000;

/// Offsets are lines: `start_offset` that many stand before what is answered, `end_offset` before what comes after it.
/// Whoever puts both into the next request has had that page: `sort: asc` goes on behind it, `desc` before it. Alone,
/// `end_offset` is where `asc` goes on and `desc` ends; `start_offset` (or `offset`) is where `asc` begins. The lines
/// themselves always stand in their order.
pub async fn read(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let fields = Fields(call.object()?);
    let limit = fields.number("limit")?.filter(|limit| *limit > 0).unwrap_or(LINES).min(LINES);
    let start = fields.number("start_offset")?;
    let end = fields.number("end_offset")?.filter(|end| *end > 0);
    let begin = start.filter(|start| *start > 0).or(fields.number("offset")?).unwrap_or(0);
    let backwards = match fields.text("sort")? {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("asc") => false,
        Some(word) if word.eq_ignore_ascii_case("desc") => true,
        Some(_) => return Err(Refused::invalid("sort must be asc or desc")),
    };
    let step_run_id = call.id("step_run_id")?;
    freshness
        .respond(|| async {
            let job = super::review::step(&call).await?;
            let count = |from: u64, to: u64| u32::try_from(to.saturating_sub(from)).unwrap_or(u32::MAX);
            let from = if backwards {
                // How long it is now: that is where the end is.
                let page = call.weir.log_lines(&call.caller, job.id, Lines::From(1), 1).await?;
                let had = start.filter(|start| *start > 0 || end.is_some());
                let end = had.or(end).unwrap_or(u64::MAX).min(page.total_lines);
                (end.saturating_sub(limit), end)
            } else {
                let from = end.unwrap_or(begin);
                (from, from.saturating_add(limit))
            };
            let wanted = count(from.0, from.1);
            let mut page =
                call.weir.log_lines(&call.caller, job.id, Lines::From(from.0.saturating_add(1)), wanted.max(1)).await?;
            page.lines.truncate(wanted as usize);
            let after = from.0.saturating_add(page.lines.len() as u64);
            let has_more = if backwards { from.0 > 0 } else { after < page.total_lines };
            let mut log = String::new();
            for line in &page.lines {
                log.push_str(&line.text);
                log.push('\n');
            }
            let told = json!({
                "has_more": has_more,
                "start_offset": from.0.to_string(),
                "end_offset": after.to_string(),
                "log": log,
                "step_run_id": step_run_id.as_str(),
            });
            Ok(Fresh::list(&told)?)
        })
        .await
}
