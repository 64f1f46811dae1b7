//! The dashboard.

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use model::view::Dashboard;

use super::{Refusal, Seen};

/// The dashboard's snapshot.
#[server(prefix = "/rpc", endpoint = "dashboard", input = GetUrl, output = Json)]
pub async fn get_dashboard() -> Result<Seen<Dashboard>, Refusal> {
    let (service, caller) = super::ssr::service()?;
    service.dashboard(&caller).await.map(super::ssr::seen).map_err(super::ssr::refuse)
}
