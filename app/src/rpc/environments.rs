//! Environments.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use model::EnvironmentId;
use model::view::EnvironmentsView;

use super::{Refusal, Seen};

/// Every environment.
#[server(prefix = "/rpc", endpoint = "environments", input = GetUrl, output = Json)]
pub async fn list_environments() -> Result<Seen<EnvironmentsView>, Refusal> {
    let (service, caller) = super::ssr::service()?;
    service.environments(&caller).await.map(super::ssr::seen).map_err(super::ssr::refuse)
}

/// Takes an environment down.
#[server(prefix = "/rpc", endpoint = "environment/stop")]
pub async fn stop_environment(id: EnvironmentId) -> Result<(), Refusal> {
    let (service, caller) = super::ssr::service()?;
    service.stop_environment(&caller, id).await.map_err(super::ssr::refuse)?;
    super::ssr::go("/environments");
    Ok(())
}
