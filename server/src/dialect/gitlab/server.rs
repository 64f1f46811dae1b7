//! Which server this is.

use axum::response::Response;
use model::Via;
use serde_json::json;

use super::error::Refused;
use super::target::Asked;
use crate::http::{Fresh, Freshness};

/// The version of GitLab's interface that is spoken here: clients compare it with the least that they need.
const SPOKEN: &str = "18.0.0";

/// `GET /version` and `GET /metadata`: who looks closer finds out that it is Weir.
pub async fn version(asked: Asked, freshness: Freshness) -> Result<Response, Refused> {
    if matches!(asked.caller.via, Via::Job(..) | Via::Trigger(..)) {
        return Err(Refused::unauthorized("this is for users"));
    }
    let version = json!({
        "version": SPOKEN,
        "revision": concat!("weir-", env!("CARGO_PKG_VERSION")),
        "enterprise": false,
        "kas": {"enabled": false, "externalUrl": null, "externalK8sProxyUrl": null, "version": null},
        "weir": env!("CARGO_PKG_VERSION"),
    });
    freshness.respond(|| async { Ok(Fresh::list(&version)?) }).await
}
