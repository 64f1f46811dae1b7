//! The one address of the vendor's identity service that its SDKs ask: which project a pair of keys is for.

use app::service::Service as _;
use axum::response::Response;
use model::Via;
use serde_json::json;

use super::{Call, Refused};
use crate::http::{Fresh, Freshness};

/// `GET /v3/projects?name=cn-north-4`. The name is that of the region, which is ours whatever it is called. SDKs want one
/// project: that of the pair, else one that is called so, else the one that `weir aksk create` names with a pair that is for
/// no project. To a token all that it sees is told.
pub async fn projects(freshness: Freshness, call: Call) -> Result<Response, Refused> {
    let name = call.query.one("name")?;
    freshness
        .respond(|| async {
            let own = call.weir.project_of_key(&call.caller).await?;
            let mut found = call.weir.projects(&call.caller).await?;
            if let Some(own) = own {
                found.retain(|project| project.id == own);
            } else if let Some(name) = name
                && found.iter().any(|project| project.path.name() == name || project.path.as_str() == name)
            {
                found.retain(|project| project.path.name() == name || project.path.as_str() == name);
            } else if matches!(call.caller.via, Via::AccessKey(_)) {
                found = call.weir.unnamed_project(&call.caller, None).await?.into_iter().collect();
            }
            let list: Vec<_> = found
                .iter()
                .map(|project| {
                    json!({
                        "id": project.uid, "name": project.path.as_str(), "enabled": true, "is_domain": false,
                        "description": "", "domain_id": null, "parent_id": null, "links": {},
                    })
                })
                .collect();
            Ok(Fresh::list(&json!({"projects": list, "links": {"self": call.weir.external_url()}}))?)
        })
        .await
}
