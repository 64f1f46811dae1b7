//! Test reports of a run.

use app::service::Service as _;
use axum::response::Response;
use serde_json::{Value, json};

use super::error::Refused;
use super::target::Target;
use crate::http::{Fresh, Freshness};

/// `GET …/pipelines/:pid/test_report`: every case.
pub async fn report(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let view = target.run().await?;
            let report = target.weir.run_tests(&target.caller, view.run.id).await?;
            let total = report.totals();
            let mut shown = json!({
                "total_time": total.total_time,
                "total_count": total.total_count,
                "success_count": total.success_count,
                "failed_count": total.failed_count,
                "skipped_count": total.skipped_count,
                "error_count": total.error_count,
                "test_suites": report.suites,
            });
            for suite in shown["test_suites"].as_array_mut().into_iter().flatten() {
                for case in suite["test_cases"].as_array_mut().into_iter().flatten() {
                    case["recent_failures"] = Value::Null;
                    case["attachment_url"] = Value::Null;
                }
            }
            Ok(Fresh::list(&shown)?)
        })
        .await
}

/// `GET …/pipelines/:pid/test_report_summary`: the counts alone.
pub async fn summary(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let view = target.run().await?;
            let report = target.weir.run_tests(&target.caller, view.run.id).await?;
            let total = report.totals();
            let suite = |suite: &model::TestSuite| {
                let jobs = view.jobs.iter().filter(|job| !job.retried && job.tests.is_some() && job.name == suite.name);
                json!({
                    "name": suite.name,
                    "total_time": suite.total_time,
                    "total_count": suite.total_count,
                    "success_count": suite.success_count,
                    "failed_count": suite.failed_count,
                    "skipped_count": suite.skipped_count,
                    "error_count": suite.error_count,
                    "build_ids": jobs.map(|job| job.id).collect::<Vec<_>>(),
                    "suite_error": suite.suite_error,
                })
            };
            let suites: Vec<Value> = report.suites.iter().map(suite).collect();
            let shown = json!({
                "total": {
                    "time": total.total_time,
                    "count": total.total_count,
                    "success": total.success_count,
                    "failed": total.failed_count,
                    "skipped": total.skipped_count,
                    "error": total.error_count,
                    "suite_error": total.suite_error,
                },
                "test_suites": suites,
            });
            Ok(Fresh::list(&shown)?)
        })
        .await
}
