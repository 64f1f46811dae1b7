//! Test reports, as much of them as a page shows.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use model::{JobId, RunId, TestReport};

use super::Refusal;

/// The tests of a run. Not `all` of them: what failed, and some of the others.
#[server(prefix = "/rpc", endpoint = "run/tests", input = GetUrl, output = Json)]
pub async fn run_tests(
    id: RunId,
    #[server(default)] all: bool,
    #[server(default)] failed: bool,
) -> Result<TestReport, Refusal> {
    use crate::logic::report::{Extent, cut};
    let (service, caller) = super::ssr::service()?;
    let report = service.run_tests(&caller, id).await.map_err(super::ssr::refuse)?;
    Ok(cut(report, Extent { all, failed_only: failed }))
}

/// The tests of a job, in the same way.
#[server(prefix = "/rpc", endpoint = "job/tests", input = GetUrl, output = Json)]
pub async fn job_tests(
    id: JobId,
    #[server(default)] all: bool,
    #[server(default)] failed: bool,
) -> Result<TestReport, Refusal> {
    use crate::logic::report::{Extent, cut};
    let (service, caller) = super::ssr::service()?;
    let report = service.job_tests(&caller, id).await.map_err(super::ssr::refuse)?;
    Ok(cut(report, Extent { all, failed_only: failed }))
}
