//! What the token of a running job may call below a project: this list, and nothing else. What it may see there is
//! the policy's affair.

use axum::http::Method;

/// Below `/api/v4/projects/{project}`, in the router's words.
const READS: &[&str] = &[
    "/pipelines",
    "/pipelines/{run}",
    "/pipelines/{run}/jobs",
    "/pipelines/{run}/bridges",
    "/pipelines/{run}/trigger_jobs",
    "/jobs",
    "/jobs/{job}/artifacts",
    "/jobs/{job}/artifacts/{*path}",
    "/jobs/artifacts/{*path}",
];

/// With whatever method.
const PLACES: &[&str] = &["/environments", "/deployments"];

/// Whether a route is on the list.
pub fn may_call(method: &Method, route: &str) -> bool {
    let Some(route) = route.strip_prefix("/api/v4/projects/{project}") else { return false };
    let reads = matches!(*method, Method::GET | Method::HEAD);
    let is_place = PLACES
        .iter()
        .any(|place| route.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    is_place || reads && READS.contains(&route) || *method == Method::PUT && route == "/pipelines/{run}/metadata"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_short() {
        let may = |method: Method, path: &str| may_call(&method, &format!("/api/v4/projects/{{project}}{path}"));
        assert!(may(Method::GET, "/pipelines/{run}") && may(Method::HEAD, "/jobs"));
        assert!(may(Method::GET, "/jobs/{job}/artifacts/{*path}") && may(Method::PUT, "/pipelines/{run}/metadata"));
        assert!(may(Method::POST, "/environments/{environment}/stop") && may(Method::GET, "/environments"));
        assert!(!may(Method::GET, "/jobs/{job}") && !may(Method::GET, "/jobs/{job}/trace"));
        assert!(!may(Method::POST, "/pipeline") && !may(Method::POST, "/jobs/{job}/play"));
        assert!(!may(Method::DELETE, "/jobs/{job}/artifacts") && !may(Method::GET, "/environments_of_others"));
        assert!(!may_call(&Method::GET, "/api/v4/weir/runs"));
    }
}
