//! `/api/jobs/:id/traces`: the lines of all jobs of a run, ids ascending.

use axum::Json;
use axum::response::Response;
use serde_json::Value;

use super::error::Refused;
use super::input::{AgentRun, Id, Parameters};
use super::wire::Trace;
use crate::dialect::{encoded, next, total};
use crate::http::{Access, Fresh, Freshness};

/// Lines in one answer, unless the request says fewer.
const PAGE: u64 = 10_000;

/// `GET /api/jobs/:id/traces`
pub async fn list(
    Access { weir, caller }: Access,
    Id(id): Id,
    query: Parameters,
    freshness: Freshness,
) -> Result<Response, Refused> {
    let after = query.number("after", 0, u64::MAX, 0)?;
    let limit = query.number("limit", 1, PAGE, PAGE)? as usize;
    freshness
        .respond(|| async {
            let page = weir.ordine().traces(&caller, &id, after, limit).await?;
            let lines: Vec<Trace<'_>> = page.lines.iter().map(|line| Trace::new(&id, line)).collect();
            let mut headers = total(page.total);
            if let Some(last) = page.lines.last().filter(|last| last.id < page.total) {
                let after = last.id.to_string();
                let path = format!("/api/jobs/{}/traces{}", encoded(&id), query.with("after", &after));
                next(&mut headers, &after, &path);
            }
            // Besides commits, what the running jobs write.
            let fresh = Fresh::list(&lines)?.with(headers);
            Ok(match page.growth {
                Some(growth) => fresh.or_when(growth),
                None => fresh,
            })
        })
        .await
}

/// `GET /api/jobs/:id/agent-runs`: no agents run here.
pub async fn agent_runs(Access { weir, caller }: Access, Id(id): Id) -> Result<Json<Vec<Value>>, Refused> {
    weir.ordine().job(&caller, &id).await?;
    Ok(Json(Vec::new()))
}

/// `GET /api/jobs/:id/agent-runs/:run/spans`
pub async fn spans(
    Access { weir, caller }: Access,
    Id(id): Id,
    AgentRun(run): AgentRun,
) -> Result<Json<Vec<Value>>, Refused> {
    if run.is_empty() || !run.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refused::invalid("Invalid runId"));
    }
    weir.ordine().job(&caller, &id).await?;
    Ok(Json(Vec::new()))
}
