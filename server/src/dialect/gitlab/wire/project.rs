//! Projects.

use model::Project;
use serde::{Deserialize, Serialize};

/// A project, in the smallest set that works.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProjectObject {
    /// Number.
    pub id: i64,
    /// Opaque name; Weir's addition.
    pub uid: String,
    /// Last part of the path.
    pub name: String,
    /// The same.
    pub path: String,
    /// Spaced path.
    pub name_with_namespace: String,
    /// `namespace/name`.
    pub path_with_namespace: String,
    /// Empty.
    pub description: Option<String>,
    /// `main`, for want of a better answer.
    pub default_branch: String,
    /// `private`, `internal` or `public`.
    pub visibility: String,
    /// When it was made.
    pub created_at: String,
    /// The same.
    pub last_activity_at: String,
    /// Its page.
    pub web_url: String,
    /// Folder or URL that its pipelines work on.
    pub http_url_to_repo: Option<String>,
    /// Always false.
    pub archived: bool,
    /// Whether there is no source.
    pub empty_repo: bool,
    /// Empty.
    pub topics: Vec<String>,
    /// Where it lies.
    pub namespace: Namespace,
}

/// Where a project lies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Namespace {
    /// Number; that of the project.
    pub id: i64,
    /// Path.
    pub name: String,
    /// Path.
    pub path: String,
    /// `group`.
    pub kind: String,
    /// Path.
    pub full_path: String,
}

impl ProjectObject {
    /// `base` is the address that the client uses, without a slash at its end.
    pub fn new(project: &Project, base: &str) -> Self {
        let (namespace, name) = (project.path.namespace(), project.path.name());
        Self {
            id: project.id.0,
            uid: project.uid.to_string(),
            name: name.into(),
            path: name.into(),
            name_with_namespace: project.path.as_str().replace('/', " / "),
            path_with_namespace: project.path.to_string(),
            description: None,
            default_branch: "main".into(),
            visibility: project.visibility.as_str().into(),
            created_at: project.created_at.rfc3339(),
            last_activity_at: project.created_at.rfc3339(),
            web_url: format!("{base}/projects/{}", project.path),
            http_url_to_repo: project.source.clone(),
            archived: false,
            empty_repo: project.source.is_none(),
            topics: Vec::new(),
            namespace: Namespace {
                id: project.id.0,
                name: namespace.into(),
                path: namespace.into(),
                kind: "group".into(),
                full_path: namespace.into(),
            },
        }
    }
}
