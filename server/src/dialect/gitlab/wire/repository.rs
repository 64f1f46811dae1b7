//! Commits, branches, tags and files.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Project;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::user::joined;
use crate::service::browse::{CommitView, FileView, RefView};

/// A commit.
pub fn commit(one: &CommitView, project: &Project, base: &str) -> Value {
    json!({
        "id": one.id,
        "short_id": one.id.get(..8).unwrap_or(&one.id),
        "created_at": one.committed_at.rfc3339(),
        "parent_ids": one.parents,
        "title": one.message.lines().next().unwrap_or_default(),
        "message": one.message,
        "author_name": one.author.0,
        "author_email": one.author.1,
        "authored_date": one.authored_at.rfc3339(),
        "committer_name": one.committer.0,
        "committer_email": one.committer.1,
        "committed_date": one.committed_at.rfc3339(),
        "trailers": {},
        "extended_trailers": {},
        "web_url": format!("{base}/{}/-/commit/{}", project.path, one.id),
    })
}

/// A branch. Nobody pushes through Weir.
pub fn branch(one: &RefView, project: &Project, base: &str) -> Value {
    json!({
        "name": one.name,
        "commit": commit(&one.commit, project, base),
        "merged": one.is_merged,
        "protected": one.is_protected,
        "developers_can_push": false,
        "developers_can_merge": false,
        "can_push": false,
        "default": one.is_default,
        "web_url": format!("{base}/{}/-/tree/{}", project.path, one.name),
    })
}

/// A tag.
pub fn tag(one: &RefView, project: &Project, base: &str) -> Value {
    json!({
        "name": one.name,
        "message": one.message.clone().unwrap_or_default(),
        "target": one.target,
        "commit": commit(&one.commit, project, base),
        "release": null,
        "protected": one.is_protected,
        "created_at": null,
    })
}

/// A file with its contents.
pub fn file(one: &FileView, git_ref: &str) -> Value {
    joined(about(one, git_ref), json!({"content": STANDARD.encode(&one.bytes)}))
}

/// What the headers of a file say too.
pub fn about(one: &FileView, git_ref: &str) -> Value {
    json!({
        "file_name": one.path.rsplit('/').next().unwrap_or(&one.path),
        "file_path": one.path,
        "size": one.bytes.len(),
        "encoding": "base64",
        "content_sha256": hex::encode(Sha256::digest(&one.bytes)),
        "ref": git_ref,
        "blob_id": one.blob,
        "commit_id": one.commit,
        "last_commit_id": one.last_commit,
        "execute_filemode": one.is_executable,
    })
}
