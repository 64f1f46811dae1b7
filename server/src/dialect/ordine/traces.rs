//! `/api/jobs/:id/traces`: the lines of all jobs of a run, ids ascending.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Shared;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;

use super::error::Refused;
use super::input::{AgentRun, Id, Parameters, Who, encoded};
use super::wire::Trace;
use crate::dialect::fresh::{self, Fresh, Signal};
use crate::service::Weir;

/// Lines in one answer, unless the request says fewer.
const PAGE: u64 = 10_000;

/// `GET /api/jobs/:id/traces`
pub async fn list(
    Shared(weir): Shared<Arc<Weir>>,
    Who(caller): Who,
    Id(id): Id,
    query: Parameters,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let after = query.number("after", 0, u64::MAX, 0)?;
    let limit = query.number("limit", 1, PAGE, PAGE)? as usize;
    fresh::answer(&headers, weir.bus().watch(), async || {
        // Followed before the lines are read, so that none comes unnoticed in between.
        let mut page = weir.ordine().traces(&caller, &id, after, limit).await?;
        let mut signals = Vec::new();
        if headers.contains_key("prefer") && !page.writing.is_empty() {
            for job in &page.writing {
                if let Ok(mut follow) = weir.logs().follow(*job) {
                    follow.borrow_and_update();
                    let changed = async move {
                        // A trace that was removed tells nothing more; commits do.
                        if follow.changed().await.is_err() {
                            std::future::pending::<()>().await;
                        }
                    };
                    signals.push(Signal(Box::pin(changed)));
                }
            }
            page = weir.ordine().traces(&caller, &id, after, limit).await?;
        }
        let lines: Vec<Trace<'_>> = page.lines.iter().map(|line| Trace::new(&id, line)).collect();
        let mut fresh = Fresh::json(&lines).header("x-total-count", &page.total.to_string());
        if let Some(last) = page.lines.last().filter(|last| last.id < page.total) {
            let query = query.with("after", &last.id.to_string());
            let link = format!("</api/jobs/{}/traces{query}>; rel=\"next\"", encoded(&id));
            fresh = fresh.header("x-next-cursor", &last.id.to_string()).header("link", &link);
        }
        fresh.signals = signals;
        Ok(fresh)
    })
    .await
}

/// `GET /api/jobs/:id/agent-runs`: no agents run here.
pub async fn agent_runs(
    Shared(weir): Shared<Arc<Weir>>,
    Who(caller): Who,
    Id(id): Id,
) -> Result<Json<Vec<Value>>, Refused> {
    weir.ordine().job(&caller, &id).await?;
    Ok(Json(Vec::new()))
}

/// `GET /api/jobs/:id/agent-runs/:run/spans`
pub async fn spans(
    Shared(weir): Shared<Arc<Weir>>,
    Who(caller): Who,
    Id(id): Id,
    AgentRun(run): AgentRun,
) -> Result<Json<Vec<Value>>, Refused> {
    if run.is_empty() || !run.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refused::invalid("Invalid runId"));
    }
    weir.ordine().job(&caller, &id).await?;
    Ok(Json(Vec::new()))
}
