//! The filter of the run list and its place in the address.

use model::view::RunFilter;
use model::{PipelineKey, RunId, Status};

use super::query;

/// Reads the query string of `/runs`. Empty values mean "not filtered by this"; names that are not
/// known are left alone. The error is the sentence to show.
pub fn read(text: &str) -> Result<RunFilter, String> {
    let mut filter = RunFilter::default();
    for (name, value) in query::read(text) {
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        match name.as_str() {
            "pipeline" => filter.pipeline = Some(value.parse::<PipelineKey>().map_err(|e| e.to_string())?),
            "project" => filter.project = Some(value.parse().map_err(|e: model::id::IdError| e.to_string())?),
            "status" => {
                for word in value.split(',') {
                    filter.status.push(word.trim().parse::<Status>().map_err(|e| e.to_string())?);
                }
            }
            "ref" => filter.git_ref = Some(value.to_owned()),
            "user" => filter.user = Some(value.to_owned()),
            "text" => filter.text = Some(value.to_owned()),
            "before" => filter.before = Some(value.parse::<RunId>().map_err(|e| e.to_string())?),
            _ => {}
        }
    }
    Ok(filter)
}

/// Writes the filter as the query string that [`read`] reads; `limit` is not part of an address.
pub fn write(filter: &RunFilter) -> String {
    let status: Vec<&str> = filter.status.iter().map(|s| s.as_str()).collect();
    let status = status.join(",");
    let project = filter.project.map(|p| p.to_string());
    let before = filter.before.map(|b| b.to_string());
    let pairs = [
        ("pipeline", filter.pipeline.as_ref().map(PipelineKey::as_str)),
        ("project", project.as_deref()),
        ("status", Some(status.as_str()).filter(|s| !s.is_empty())),
        ("ref", filter.git_ref.as_deref()),
        ("user", filter.user.as_deref()),
        ("text", filter.text.as_deref()),
        ("before", before.as_deref()),
    ];
    query::write(pairs.into_iter().filter_map(|(name, value)| value.map(|v| (name, v))))
}

/// The address of the list under this filter.
pub fn href(filter: &RunFilter) -> String {
    let query = write(filter);
    if query.is_empty() { "/runs".to_owned() } else { format!("/runs?{query}") }
}

/// Whether anything narrows the list.
pub fn narrows(filter: &RunFilter) -> bool {
    !write(&RunFilter { before: None, ..filter.clone() }).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_filter() {
        let filter = RunFilter {
            pipeline: Some("build & test".parse().unwrap()),
            status: vec![Status::Failed, Status::Canceled],
            git_ref: Some("feature/x".into()),
            user: Some("王".into()),
            text: Some("50%".into()),
            before: Some(RunId(7)),
            ..RunFilter::default()
        };
        assert_eq!(read(&write(&filter)), Ok(filter.clone()));
        assert!(href(&filter).starts_with("/runs?pipeline=build%20%26%20test&status=failed%2Ccanceled"));
        assert!(narrows(&filter));
    }

    #[test]
    fn empty_fields_filter_nothing() {
        let filter = read("?pipeline=&status=&ref=&user=&text=&utm=1").unwrap();
        assert_eq!(filter, RunFilter::default());
        assert_eq!(href(&filter), "/runs");
        assert!(!narrows(&RunFilter { before: Some(RunId(3)), ..filter }));
    }

    #[test]
    fn wrong_values_are_said() {
        assert!(read("status=green").unwrap_err().contains("is not a status"));
        assert!(read("before=x").is_err());
        assert_eq!(read("status=failed&status=success").unwrap().status, [Status::Failed, Status::Success]);
    }
}
