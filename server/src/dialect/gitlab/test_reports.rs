//! Test reports of a run. A suite is a job; instances of one job are one.

use app::service::Service as _;
use axum::response::Response;
use model::{Job, TestReport, TestSuite};
use serde_json::{Value, json};

use super::error::Refused;
use super::target::Target;
use crate::http::{Fresh, Freshness};

/// The report of the run of the address, and the jobs that made it.
async fn of_run(target: &Target) -> Result<(TestReport, Vec<Job>), Refused> {
    let id = target.run_id().await?;
    let (_, mut jobs) = target.weir.jobs_of_run(&target.caller, id, None, false).await?;
    jobs.retain(|job| job.tests.is_some());
    let mut report = TestReport::default();
    for suite in target.weir.run_tests(&target.caller, id).await?.suites {
        let name = group(&suite.name).to_owned();
        match report.suites.iter_mut().find(|one| one.name == name) {
            Some(one) => one.absorb(suite),
            None => report.suites.push(TestSuite { name, ..suite }),
        }
    }
    Ok((report, jobs))
}

/// The name of a job without which of its instances it is: `unit` for `unit 1/2` and `unit: [linux, 3]`.
fn group(name: &str) -> &str {
    let rest = if let Some((rest, _)) = name.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
        rest
    } else {
        let without = |text: &'_ str| text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        let cut = without(name);
        let Some(rest) = name[..cut].strip_suffix('/').filter(|_| cut < name.len()) else { return name };
        &rest[..without(rest)]
    };
    let bare = rest.trim_end_matches([' ', ':']);
    if bare.is_empty() || bare.len() == rest.len() { name } else { bare }
}

/// `GET …/pipelines/:pid/test_report`: every case.
pub async fn report(target: Target, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let (report, _) = of_run(&target).await?;
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
            let (report, jobs) = of_run(&target).await?;
            let total = report.totals();
            let suite = |suite: &TestSuite| {
                let mut ids: Vec<_> =
                    jobs.iter().filter(|job| group(&job.name) == suite.name).map(|job| job.id).collect();
                ids.sort_unstable();
                json!({
                    "name": suite.name,
                    "total_time": suite.total_time,
                    "total_count": suite.total_count,
                    "success_count": suite.success_count,
                    "failed_count": suite.failed_count,
                    "skipped_count": suite.skipped_count,
                    "error_count": suite.error_count,
                    "build_ids": ids,
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

#[cfg(test)]
mod tests {
    use super::group;

    #[test]
    fn instances_of_a_job_are_one() {
        for (name, of) in [
            ("unit 1/2", "unit"),
            ("unit 12/120", "unit"),
            ("unit: [linux, 3]", "unit"),
            ("unit", "unit"),
            ("unit 1", "unit 1"),
            ("a/2", "a/2"),
            ("1/2", "1/2"),
            ("unit1/2", "unit1/2"),
            ("[x]", "[x]"),
            ("", ""),
        ] {
            assert_eq!(group(name), of, "{name}");
        }
    }
}
