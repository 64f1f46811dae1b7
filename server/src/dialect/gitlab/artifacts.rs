//! What jobs left: whole archives and files in them, of a job or of the latest good run of a branch or tag.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::stream;
use model::{Job, JobId, ProjectId};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::error::{Problems, Refused};
use super::fields::Fields;
use super::target::{Asked, Target};
use super::wire::JobObject;
use crate::artifacts::{ARCHIVE, ArchiveError};
use crate::http::file;

/// The longest path in an archive that is looked for.
const LONGEST_PATH: usize = 4096;
/// Files up to this are looked through before they are answered, so that a broken archive is told of.
const CHECKED: u64 = 4 << 20;
/// Pieces of a larger file that are under way.
const UNDER_WAY: usize = 4;

fn none() -> Refused {
    Refused::message(StatusCode::NOT_FOUND, "Not Found")
}

fn fault(id: JobId, error: &dyn std::fmt::Display) -> Refused {
    tracing::error!(job.id = id.0, %error, "failed to read artifacts");
    Refused::from(model::Error::internal("internal error"))
}

/// `GET …/jobs/:jid/artifacts`: the archive, or with `file_type` a report.
pub async fn download(asked: Asked) -> Result<Response, Refused> {
    let kind = Fields::of_query(&asked.query).filled("file_type")?;
    if kind
        .as_ref()
        .is_some_and(|kind| !kind.bytes().all(|b| b.is_ascii_lowercase() || matches!(b, b'_' | b'0'..=b'9')))
    {
        return Err(Refused::parameter("file_type does not have a valid value"));
    }
    let target = asked.find().await?;
    let id = target.job_id().await?;
    let job = target.weir.open_artifact(&target.caller, id, model::plan::Access::All).await?;
    whole(&target, &job, kind.as_deref().unwrap_or(ARCHIVE)).await
}

/// One of the files that a job left, to who may have it.
async fn whole(target: &Target, job: &Job, kind: &str) -> Result<Response, Refused> {
    let (id, kind) = (job.id, kind.to_owned());
    let artifact = job.artifacts.iter().find(|artifact| artifact.kind == kind).ok_or_else(none)?;
    target.weir.open_artifact(&target.caller, id, artifact.access).await?;
    let artifacts = Arc::clone(target.weir.artifacts());
    let open = move || -> io::Result<Option<(std::fs::File, u64)>> {
        if kind == ARCHIVE {
            return artifacts.file(id);
        }
        artifacts
            .report(id, &kind)?
            .map(|file| Ok((file.metadata()?.len(), file)))
            .transpose()
            .map(|found| found.map(|(size, file)| (file, size)))
    };
    let found = spawn_blocking(open).await.map_err(|error| fault(id, &error))?;
    let (archive, size) = found.map_err(|error| fault(id, &error))?.ok_or_else(none)?;
    let mut response = file::respond(Some(archive), size, &target.headers).await.map_err(|error| fault(id, &error))?;
    named(&mut response, "application/octet-stream", &artifact.filename);
    Ok(response)
}

/// The type of an answer, and the name under which it is kept.
fn named(response: &mut Response, kind: &str, name: &str) {
    if response.status().is_success() {
        if let Ok(kind) = HeaderValue::try_from(kind) {
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        if let Ok(disposition) = HeaderValue::try_from(file::disposition(name)) {
            response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
        }
    }
}

/// `GET …/jobs/:jid/artifacts/*path`: a file in the archive.
pub async fn one_file(asked: Asked) -> Result<Response, Refused> {
    let path = checked(asked.name("path"))?.to_owned();
    let target = asked.find().await?;
    let id = target.job_id().await?;
    let job = target.weir.open_artifact(&target.caller, id, model::plan::Access::All).await?;
    within(&target, &job, path).await
}

/// A path that can be one in an archive.
fn checked(path: &str) -> Result<&str, Refused> {
    let is_bad = path.is_empty()
        || path.len() > LONGEST_PATH
        || path.starts_with('/')
        || path.contains(['\0', '\\'])
        || path.split('/').any(|part| part == "..");
    if is_bad { Err(Refused::message(StatusCode::BAD_REQUEST, "Bad request")) } else { Ok(path) }
}

/// How long a file in an archive is, and what is in it unless it is large.
type Found = (u64, Option<Vec<u8>>);

/// A file in the archive of a job.
async fn within(target: &Target, job: &Job, path: String) -> Result<Response, Refused> {
    let id = job.id;
    let artifact = job.artifacts.iter().find(|artifact| artifact.kind == ARCHIVE).ok_or_else(none)?;
    target.weir.open_artifact(&target.caller, id, artifact.access).await?;
    let artifacts = Arc::clone(target.weir.artifacts());
    let (all, wanted) = (Arc::clone(&artifacts), path.clone());
    let found = spawn_blocking(move || -> Result<Option<Found>, ArchiveError> {
        let Some(size) = all.size_of_entry(id, &wanted)? else { return Ok(None) };
        if size > CHECKED {
            return Ok(Some((size, None)));
        }
        let bytes = all.read_entry(id, &wanted, size)?;
        match bytes {
            Some(bytes) if bytes.len() as u64 == size => Ok(Some((size, Some(bytes)))),
            Some(_) => Err(ArchiveError::Broken),
            None => Ok(None),
        }
    });
    let found = found.await.map_err(|error| fault(id, &error))?;
    let (size, bytes) = found.map_err(|error| broken(id, &error))?.ok_or_else(none)?;
    let kind = kind_of(&path);
    let part = |range: Range<u64>| match bytes {
        Some(bytes) => {
            let (from, to) = (range.start as usize, range.end as usize);
            Body::from(Bytes::from(bytes).slice(from..to))
        }
        None => poured(artifacts, id, path.clone(), range),
    };
    let mut response = file::answer(size, &target.headers, part);
    named(&mut response, &kind, path.rsplit('/').next().unwrap_or_default());
    Ok(response)
}

/// The archive is not what it says it is.
fn broken(id: JobId, error: &ArchiveError) -> Refused {
    match error {
        ArchiveError::Io(error) if error.kind() != io::ErrorKind::InvalidData => fault(id, error),
        // What is longer than it says comes as too large.
        ArchiveError::TooLarge { .. } => {
            Refused::bad_request("the archive is broken: a file in it is not as long as it says")
        }
        other => Refused::bad_request(&format!("the archive cannot be read: {other}")),
    }
}

/// A part of a large file, unpacked while it is sent. One that turns out to be broken breaks the answer off.
fn poured(artifacts: Arc<crate::artifacts::Artifacts>, id: JobId, path: String, range: Range<u64>) -> Body {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(UNDER_WAY);
    spawn_blocking(move || {
        let mut give = |bytes: Vec<u8>| sender.blocking_send(Ok(Bytes::from(bytes))).is_ok();
        if let Err(error) = artifacts.pour_entry(id, &path, range, &mut give) {
            // Whoever has gone away need not be told.
            let _ = sender.blocking_send(Err(io::Error::other(error)));
        }
    });
    Body::from_stream(stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    }))
}

/// The type of a file by its name.
fn kind_of(path: &str) -> String {
    let kind = mime_guess::from_path(path).first();
    let ending = std::path::Path::new(path).extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let is_text = matches!(ending.to_ascii_lowercase().as_str(), "log" | "env" | "lock" | "out" | "err");
    match kind {
        Some(kind) if kind.type_() == "text" => format!("{}; charset=utf-8", kind.essence_str()),
        Some(kind) => kind.essence_str().to_owned(),
        None if is_text => "text/plain; charset=utf-8".to_owned(),
        None => "application/octet-stream".to_owned(),
    }
}

/// `GET …/jobs/artifacts/*ref/download?job=` and `…/jobs/artifacts/*ref/raw/*path?job=`. Both the ref and the path may
/// have slashes: each way to read the address is tried, until there is such a ref.
pub async fn of_ref(asked: Asked) -> Result<Response, Refused> {
    let fields = Fields::of_query(&asked.query);
    let mut problems = Problems::default();
    let name = problems.take(fields.required("job"));
    let further = problems.take(fields.switch("search_recent_successful_pipelines")).unwrap_or(false);
    problems.none()?;
    let ways = ways(asked.name("path"));
    if ways.is_empty() {
        return Err(Refused::error(StatusCode::NOT_FOUND, "404 Not Found"));
    }
    let mut last = Refused::not_found();
    let mut paths = Vec::new();
    for (git_ref, path) in ways {
        match path.map(checked).transpose() {
            Ok(path) => paths.push((git_ref.to_owned(), path.map(str::to_owned))),
            Err(refused) => last = refused,
        }
    }
    if paths.is_empty() {
        return Err(last);
    }
    let target = asked.find().await?;
    let project = target.project_id()?;
    for (git_ref, path) in paths {
        let Some(job) = archive(&target, project, &git_ref, &name, further).await? else { continue };
        return match path {
            None => whole(&target, &job, ARCHIVE).await,
            Some(path) => within(&target, &job, path).await,
        };
    }
    Err(Refused::not_found())
}

async fn archive(
    target: &Target,
    project: ProjectId,
    git_ref: &str,
    name: &str,
    further: bool,
) -> Result<Option<Job>, Refused> {
    let is_bare = target.project.as_ref().is_some_and(|project| project.source.is_none());
    let git_ref = if is_bare && git_ref == "main" { "" } else { git_ref };
    Ok(target.weir.latest_archive(&target.caller, project, git_ref, name, further).await?)
}

/// The ways in which the end of an address can be read, as refs with perhaps a path in the archive.
fn ways(rest: &str) -> Vec<(&str, Option<&str>)> {
    let mut found = Vec::new();
    if let Some(git_ref) = rest.strip_suffix("/download") {
        found.push((git_ref, None));
    }
    // The last one first, as GitLab has it.
    let places: Vec<usize> = rest.match_indices("/raw/").map(|(at, _)| at).collect();
    found.extend(places.into_iter().rev().map(|at| (&rest[..at], Some(&rest[at + "/raw/".len()..]))));
    let short =
        |name: &'_ str| name.strip_prefix("refs/heads/").or_else(|| name.strip_prefix("refs/tags/")).map(str::len);
    found
        .into_iter()
        // Whether or not a ref is written with where git keeps it.
        .map(|(name, path)| (short(name).map_or(name, |length| &name[name.len() - length..]), path))
        .filter(|(name, _)| !name.is_empty())
        .collect()
}

/// `POST …/jobs/:jid/artifacts/keep`: they stay beyond their time.
pub async fn keep(target: Target) -> Result<Json<JobObject>, Refused> {
    let id = super::jobs::seen(&target).await?;
    target.weir.keep_artifacts(&target.caller, id).await.map_err(|error| match error.kind {
        model::ErrorKind::NotFound => none(),
        _ => error.into(),
    })?;
    Ok(Json(target.job_shown(id).await?))
}

/// `DELETE …/jobs/:jid/artifacts`: the log stays.
pub async fn delete(target: Target) -> Result<StatusCode, Refused> {
    let id = super::jobs::seen(&target).await?;
    target.weir.delete_artifacts(&target.caller, id, target.last_seen()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE …/artifacts`: those of all jobs of the project, except the latest of each ref.
pub async fn delete_all(target: Target) -> Result<(StatusCode, Json<Value>), Refused> {
    target.weir.delete_artifacts_of_project(&target.caller, target.project_id()?).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"message": "202 Accepted"}))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refs_and_paths_have_slashes() {
        assert_eq!(ways("main/download"), [("main", None)]);
        assert_eq!(ways("feature/x/download"), [("feature/x", None)]);
        assert_eq!(ways("refs/heads/main/download"), [("main", None)]);
        assert_eq!(ways("a/raw/b/raw/c"), [("a/raw/b", Some("c")), ("a", Some("b/raw/c"))]);
        assert_eq!(ways("main/raw/dir/download"), [("main/raw/dir", None), ("main", Some("dir/download"))]);
        for none in ["main", "download", "/download", "main/raw", "raw/x"] {
            assert_eq!(ways(none), [], "{none}");
        }
    }

    #[test]
    fn paths_stay_in_the_archive() {
        for good in ["a", "a/b.txt", "..a", "a..", "...", ".hidden/x"] {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in ["", "/etc/passwd", "..", "../x", "a/../b", "a/..", "a\\b", "a\0b", &"x".repeat(4097)] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn types_are_those_of_the_names() {
        for (name, kind) in [
            ("a/report.txt", "text/plain; charset=utf-8"),
            ("build.log", "text/plain; charset=utf-8"),
            ("index.html", "text/html; charset=utf-8"),
            ("data.json", "application/json"),
            ("shot.png", "image/png"),
            ("binary", "application/octet-stream"),
        ] {
            assert_eq!(kind_of(name), kind, "{name}");
        }
    }
}
