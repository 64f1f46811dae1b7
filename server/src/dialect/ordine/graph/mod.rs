//! Nodes and edges become jobs and needs: Ordine's JSON shape as a `.gitlab-ci.yml` text, so that
//! there is one way in which anything runs. What has no such form is refused with a reason.

mod operation;
mod read;
mod text;

use std::collections::HashMap;

use serde_json::Value;

use crate::service::ordine::Operation;

use read::Graph;

/// Why a graph cannot run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Something in it has no meaning here.
    #[error("{0}")]
    Unmappable(String),
    /// Nodes point at operations that do not exist.
    #[error("operations are missing: {}", list(.0))]
    Missing(Vec<(String, String)>),
}

fn list(missing: &[(String, String)]) -> String {
    let one = |(node, operation): &(String, String)| format!("node {node:?} points at {operation:?}");
    missing.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn unmappable(text: impl Into<String>) -> GraphError {
    GraphError::Unmappable(text.into())
}

/// The definition that a graph becomes with these operations.
pub fn definition(graph: &Value, operations: &HashMap<String, Operation>) -> Result<String, GraphError> {
    let graph = Graph::read(graph, operations)?;
    Ok(text::write(&graph))
}

/// Whether an operation could run, looked at alone.
pub fn check_operation(id: &str, config: &Value) -> Result<(), GraphError> {
    operation::script(&operation::json_or_text(config), &|| format!("operation {id:?}")).map(drop)
}

#[cfg(test)]
mod tests;
