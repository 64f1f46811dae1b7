//! The interface of Huawei Cloud's CodeArts Pipeline and CodeArts Build, below `/v1` to `/v6` (contracts/codearts.md): a
//! pipeline of Weir is a pipeline there, and a build job too, both by its uid.
//!
//! Handlers take a [`Call`], which is there only when it is known who asks. Whatever goes wrong is a [`Refused`]; the last
//! layer writes it down in the vendor's words, with what the vendor says of every answer.

mod build;
mod call;
mod error;
pub mod fields;
mod iam;
mod id;
pub mod parameter;
mod pipelines;
mod query;
pub mod state;

use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::Response;
use tower_http::catch_panic::CatchPanicLayer;

use crate::auth::aksk::decode;
use crate::http::{AppState, Routes};

pub use call::Call;
pub use error::Refused;
pub use id::{Id, derived};
pub use query::Query;

/// The roots, which belong to this interface whatever routes are there.
const ROOTS: [&str; 6] = ["/v1", "/v2", "/v3", "/v4", "/v5", "/v6"];

/// Whether an address lies below one of the roots, however the root is written: its characters may be percent-encoded.
pub fn is_root(path: &str) -> bool {
    let path = decode(path);
    let root = path.split(|byte| *byte == b'/').find(|part| !part.is_empty()).unwrap_or_default();
    ROOTS.iter().any(|one| one.as_bytes()[1..] == *root)
}

/// Whether an address lies below one of the roots in a way that their routers do not see: encoded, with more than one
/// slash before it, or with one behind it and nothing else.
pub fn is_stray(path: &str) -> bool {
    let is_seen = |rest: &str| rest.is_empty() || (rest.starts_with('/') && rest != "/");
    is_root(path) && !ROOTS.iter().any(|root| path.strip_prefix(root).is_some_and(is_seen))
}

/// What is asked for by `POST` and changes nothing.
const READS: [&str; 5] = [
    "/v3/pipelines/list",
    "/v5/{project_id}/api/pipelines/status",
    "/v5/{project_id}/api/pipelines/list",
    "/v5/{project_id}/api/pipelines/{pipeline_id}/pipeline-runs/list",
    "/v5/{project_id}/api/pipelines/{pipeline_id}/pipeline-runs/{pipeline_run_id}/jobs/{job_run_id}/steps/{step_run_id}/logs",
];

/// Whether what a route answers only tells something, whatever its method is: asked twice it is answered twice.
pub fn is_read(route: &str) -> bool {
    READS.contains(&route)
}

/// The roots, each with its routes. Nothing below them is ever answered with a page or a redirect.
pub fn routers() -> impl Iterator<Item = (&'static str, Routes<AppState>)> {
    ROOTS.into_iter().map(|root| {
        let routes = match root {
            "/v3" => Routes::new().get("/projects", iam::projects).merge(pipelines::v3()),
            "/v5" => pipelines::v5(),
            _ => Routes::new(),
        };
        let routes = routes.merge(build::router(root)).within(|router| {
            router
                .method_not_allowed_fallback(unknown)
                .fallback(unknown)
                .layer(CatchPanicLayer::custom(error::panicked))
                .layer(from_fn(error::write))
        });
        (root, routes)
    })
}

/// An address that is none of ours, and a method that an address does not have: the gateway tells neither from the other.
async fn unknown() -> Refused {
    Refused::unknown()
}

/// The refusal of a request that did not get here.
pub fn refuse(status: StatusCode, text: &str) -> Response {
    let refused = if status == StatusCode::NOT_FOUND { Refused::unknown() } else { Refused::with(status, text) };
    error::written(&refused, error::Family::Gateway, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_tells_something_is_among_the_routes() {
        let list: Vec<String> = routers()
            .flat_map(|(root, routes)| routes.into_list().into_iter().map(move |(_, path)| format!("{root}{path}")))
            .collect();
        for read in READS {
            assert!(list.iter().any(|path| path == read), "{read}");
        }
    }

    #[test]
    fn stray_addresses_are_told_from_those_of_the_routers() {
        for stray in ["/v1/", "//v3/projects", "///v6", "//v5/", "/%76%31/job", "/v%35", "/%761/", "/v1%2Fjob", "%2Fv6"]
        {
            assert!(is_stray(stray), "{stray}");
        }
        for other in ["/v1", "/v1/x", "/v1//", "/", "//", "/v7/", "//api", "/x/v1/", "/%76%37/x", "/%2576%31/x"] {
            assert!(!is_stray(other), "{other}");
        }
    }
}
