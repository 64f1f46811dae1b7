//! `weir pipelines`: works with Weir and with an original Ordine server.

use serde_json::Value;

use super::client::Client;
use super::failure::Outcome;
use super::output::{self, Paint};

/// Lists the pipelines.
pub async fn main(client: &Client, json: bool) -> Outcome {
    let list: Vec<Value> = client.get("/api/pipelines", "list the pipelines").await?;
    if json {
        output::json(&list);
        return Ok(());
    }
    if list.is_empty() {
        output::note(
            "no pipelines yet; make one: weir pipeline create KEY --project NAMESPACE/NAME --file .gitlab-ci.yml",
        );
        return Ok(());
    }
    let text = |pipeline: &Value, name: &str| {
        let text = pipeline[name].as_str().unwrap_or_default();
        output::harmless(text.lines().next().unwrap_or_default(), false)
    };
    let rows = list.iter().map(|one| vec![text(one, "id"), text(one, "name"), text(one, "description")]).collect();
    let table = output::table(&["key", "name", "description"], rows, &[]);
    let mut lines = table.lines();
    if let Some(head) = lines.next() {
        output::line(Paint::stdout().dim(head));
    }
    lines.for_each(output::line);
    Ok(())
}
