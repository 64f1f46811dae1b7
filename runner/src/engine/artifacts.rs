//! Artifacts before and after the script: fetched from jobs that are depended on, uploaded for those
//! that come.

use std::{collections::BTreeSet, path::PathBuf};

use super::{
    archive::{gzip, unzip, zip},
    exchange::Exchange,
    globs::{Found, collect},
    places::Places,
};
use crate::{
    protocol::{Artifact, Dependency, JobPayload},
    trace::Log,
};

/// The dependencies that have an archive.
pub(super) fn wanted(job: &JobPayload) -> impl Iterator<Item = &Dependency> {
    job.dependencies.iter().filter(|dependency| !dependency.artifacts_file.filename.is_empty())
}

/// Fetches and unfolds what the job depends on.
pub(super) async fn download(
    job: &JobPayload,
    places: &Places,
    exchange: &Exchange,
    log: &Log,
    limit: u64,
) -> Result<(), String> {
    for dependency in wanted(job) {
        let failed = |error: String| format!("failed to get the artifacts of {}: {error}", dependency.name);
        let file = places.private.join("download.zip");
        exchange.download(dependency, &file).await.map_err(failed)?;
        let (archive, root) = (file.clone(), places.build.clone());
        let count = tokio::task::spawn_blocking(move || unzip(&archive, &root, limit))
            .await
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(error.to_string()))?;
        let _ = tokio::fs::remove_file(&file).await;
        log.line(&format!("Downloaded the artifacts of {}: {count} files", dependency.name));
    }
    Ok(())
}

/// The artifacts that are uploaded when the script ended so.
pub(super) fn due(job: &JobPayload, success: bool) -> Vec<&Artifact> {
    let is_due = |artifact: &&Artifact| match artifact.when.as_str() {
        "always" => true,
        "on_failure" => !success,
        _ => success,
    };
    job.artifacts.iter().filter(is_due).collect()
}

/// Packs and uploads one of them; nothing to upload is a warning.
pub(super) async fn upload(
    job: &JobPayload,
    artifact: &Artifact,
    places: &Places,
    exchange: &Exchange,
    log: &Log,
) -> Result<(), String> {
    let what = if artifact.artifact_type.is_empty() { "archive" } else { &artifact.artifact_type };
    let failed = |error: String| format!("failed to upload the artifacts ({what}): {error}");
    let (wanted, root) = (artifact.clone(), places.build.clone());
    let target = places.private.join("upload");
    let packed = tokio::task::spawn_blocking(move || pack(&wanted, &root, &target)).await;
    let packed = packed.map_err(|error| failed(error.to_string()))?;
    for found in &packed.report {
        log.line(&match &found.problem {
            Some(problem) => format!("\x1b[33;1mWARNING: {}: {problem}\x1b[0;m", found.pattern),
            None if found.count == 0 => format!("\x1b[33;1mWARNING: {}: no matching files\x1b[0;m", found.pattern),
            None => format!("{}: found {} matching files", found.pattern, found.count),
        });
    }
    match packed.file.map_err(failed)? {
        None => log.line("\x1b[33;1mWARNING: there are no files to upload\x1b[0;m"),
        Some((file, name)) => {
            exchange.upload(job.id, artifact, &name, &file).await.map_err(failed)?;
            let _ = tokio::fs::remove_file(&file).await;
            log.line(&format!("Uploaded {} files as {name}", packed.count));
        }
    }
    Ok(())
}

struct Packed {
    report: Vec<Found>,
    count: usize,
    file: Result<Option<(PathBuf, String)>, String>,
}

fn pack(artifact: &Artifact, root: &std::path::Path, target: &std::path::Path) -> Packed {
    let (mut files, report) = collect(root, &artifact.paths, &artifact.exclude);
    if artifact.untracked {
        files.extend(untracked(root, &artifact.exclude));
    }
    let count = files.len();
    if files.is_empty() {
        return Packed { report, count, file: Ok(None) };
    }
    let base = if artifact.name.is_empty() { "artifacts" } else { &artifact.name };
    let done = match artifact.artifact_format.as_str() {
        "gzip" => gzip(root, &files, target).map(|()| (target.to_owned(), format!("{base}.gz"))),
        "raw" => {
            let first = files.first().map(|file| root.join(file)).unwrap_or_default();
            if count > 1 {
                return Packed { report, count, file: Err("only one file can be uploaded as it is".to_owned()) };
            }
            let name = first.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok((first, name))
        }
        _ => zip(root, &files, target).map(|()| (target.to_owned(), format!("{base}.zip"))),
    };
    Packed { report, count, file: done.map(Some).map_err(|error| error.to_string()) }
}

/// The files that git does not know.
fn untracked(root: &std::path::Path, exclude: &[String]) -> BTreeSet<PathBuf> {
    let listed = std::process::Command::new("git")
        .args(["-c", "safe.directory=*", "-c", "core.fsmonitor=false", "ls-files", "-z", "--others"])
        .current_dir(root)
        .stdin(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .output();
    let Ok(listed) = listed else { return BTreeSet::new() };
    let names: Vec<String> = listed
        .stdout
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .filter_map(|name| String::from_utf8(name.to_vec()).ok())
        // Names, not patterns.
        .map(|name| {
            name.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?").replace('[', "\\[").replace('{', "\\{")
        })
        .collect();
    collect(root, &names, exclude).0
}
