//! Runs.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use model::RunId;
use model::view::{RunPage, RunView, Why};

use super::{Refusal, Seen};

/// A page of runs; `query` is the query string of the address.
#[server(prefix = "/rpc", endpoint = "runs", input = GetUrl, output = Json)]
pub async fn list_runs(query: String) -> Result<Seen<RunPage>, Refusal> {
    let (service, caller) = super::ssr::service()?;
    let filter = crate::logic::filter::read(&query).map_err(|e| super::ssr::refuse(model::Error::invalid(e)))?;
    service.runs(&caller, filter).await.map(super::ssr::seen).map_err(super::ssr::refuse)
}

/// A run with its jobs, and why it stands where it stands.
#[server(prefix = "/rpc", endpoint = "run", input = GetUrl, output = Json)]
pub async fn get_run(id: RunId) -> Result<Seen<(RunView, Option<Why>)>, Refusal> {
    let (service, caller) = super::ssr::service()?;
    let view = service.run(&caller, id).await.map_err(super::ssr::refuse)?;
    let why = service.why_run(&caller, id).await.ok();
    Ok(super::ssr::seen((view, why)))
}

/// Runs the failed and canceled jobs again.
#[server(prefix = "/rpc", endpoint = "run/retry")]
pub async fn retry_run(id: RunId) -> Result<(), Refusal> {
    let (service, caller) = super::ssr::service()?;
    let run = service.retry_run(&caller, id).await.map_err(super::ssr::refuse)?;
    super::ssr::go(&format!("/runs/{}", run.id));
    Ok(())
}

/// Cancels what can be canceled.
#[server(prefix = "/rpc", endpoint = "run/cancel")]
pub async fn cancel_run(id: RunId) -> Result<(), Refusal> {
    let (service, caller) = super::ssr::service()?;
    let run = service.cancel_run(&caller, id).await.map_err(super::ssr::refuse)?;
    super::ssr::go(&format!("/runs/{}", run.id));
    Ok(())
}

/// Deletes the run with its logs and artifacts.
#[server(prefix = "/rpc", endpoint = "run/delete")]
pub async fn delete_run(id: RunId) -> Result<(), Refusal> {
    let (service, caller) = super::ssr::service()?;
    service.delete_run(&caller, id).await.map_err(super::ssr::refuse)?;
    super::ssr::go("/runs");
    Ok(())
}
