//! The addresses of the pages.

use model::{JobId, PipelineKey, RunId};

use super::query::segment;

/// A run's page.
pub fn run(id: RunId) -> String {
    format!("/runs/{id}")
}

/// A job's page.
pub fn job(id: JobId) -> String {
    format!("/jobs/{id}")
}

/// A pipeline's page.
pub fn pipeline(key: &PipelineKey) -> String {
    format!("/pipelines/{}", segment(key.as_str()))
}

/// A file that a job left.
pub fn artifact(id: JobId, name: &str) -> String {
    format!("/jobs/{id}/artifacts/{}", segment(name))
}

/// The whole log of a job as plain text.
pub fn raw_log(id: JobId) -> String {
    format!("/jobs/{id}/raw")
}
