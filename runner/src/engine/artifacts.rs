//! Artifacts before and after the script: fetched from jobs that are depended on, uploaded for those
//! that come.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::{
    archive::Level,
    environment::Environment,
    exchange::UploadError,
    hands::{Done, Form, Pack, Task},
    job::{Watch, Work},
    outcome::End,
    selection::{Line, Selection},
};
use crate::protocol::{Artifact, Dependency, JobPayload};

/// The dependencies that have an archive.
pub(super) fn wanted(job: &JobPayload) -> impl Iterator<Item = &Dependency> {
    job.dependencies.iter().filter(|dependency| !dependency.artifacts_file.filename.is_empty())
}

/// Fetches and unfolds what the job depends on.
pub(super) async fn download(work: &Work<'_>, watch: &Watch<'_>) -> Result<Result<(), String>, End> {
    for dependency in wanted(work.job) {
        let failed = |error: String| Err(format!("failed to get the artifacts of {}: {error}", dependency.name));
        let file = work.places.private.join("download.zip");
        let fetched = tokio::select! {
            fetched = work.exchange.download(dependency, &file) => fetched,
            error = watch.broken() => return Err(error),
        };
        if let Err(error) = fetched {
            return Ok(failed(error));
        }
        let archive = match File::open(&file) {
            Ok(archive) => archive,
            Err(error) => return Ok(failed(error.to_string())),
        };
        let (root, limit) = (work.places.build.clone(), work.settings.unpack_limit);
        let task = Task::Unfold { root, staging: None, limit };
        match work.hands().work(task, Some(archive), watch.broken()).await? {
            Ok(Done::Unfolded(count)) => {
                let files = if count == 1 { "file" } else { "files" };
                work.log.line(&format!("Downloaded the artifacts of {}: {count} {files}", dependency.name));
            }
            Ok(other) => return Ok(failed(format!("{other:?} is no answer"))),
            Err(trouble) => return Ok(failed(trouble.text)),
        }
        let _ = tokio::fs::remove_file(&file).await;
    }
    Ok(Ok(()))
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

/// Packs and uploads one of them; the inner error is the end of a job whose script went well. Nothing to upload is told
/// in red, and no failure: a report that a tool did not write must not hide why it did not.
pub(super) async fn upload(
    work: &Work<'_>,
    artifact: &Artifact,
    environment: &Environment,
    watch: &Watch<'_>,
) -> Result<Result<(), End>, End> {
    let what = if artifact.artifact_type.is_empty() { "archive" } else { &artifact.artifact_type };
    let text = |error: String| format!("failed to upload the artifacts ({what}): {error}");
    let failed = |error: String| Ok(Err(End::System(text(error))));
    work.log.notice("Uploading artifacts...");
    let root = work.places.build.clone();
    let form = match artifact.artifact_format.as_str() {
        "gzip" => Form::Gzip,
        "raw" => Form::Raw,
        _ => Form::Zip,
    };
    let task = Task::Pack {
        selection: Selection::new(&artifact.paths, &artifact.exclude, artifact.untracked, environment),
        root,
        form,
        level: environment.get("ARTIFACT_COMPRESSION_LEVEL").and_then(Level::named).unwrap_or_default(),
        unless: None,
    };
    let file = work.places.private.join("upload");
    let target = match create_private(&file) {
        Ok(target) => target,
        Err(error) => return failed(error.to_string()),
    };
    let packed = match work.hands().work(task, Some(target), watch.broken()).await? {
        Ok(Done::Packed(packed)) => packed,
        Ok(other) => return failed(format!("{other:?} is no answer")),
        Err(trouble) => return failed(trouble.text),
    };
    Line::tell(&packed.report, work.log);
    let base = base_name(&environment.name(&artifact.name, work.log));
    let name = match (packed.end, form) {
        (Ok(Pack::Whole(Some(name))), _) => work.log.masked(&name),
        (Ok(Pack::Whole(None)), Form::Gzip) => format!("{base}.gz"),
        (Ok(Pack::Whole(None)), _) => format!("{base}.zip"),
        (Ok(Pack::Nothing | Pack::Unchanged), _) => {
            let _ = tokio::fs::remove_file(&file).await;
            work.log.error("No files to upload");
            return Ok(Ok(()));
        }
        (Err(error), _) => return failed(error),
    };
    let uploaded = tokio::select! {
        uploaded = work.exchange.upload(work.job.id, artifact, &name, &file) => uploaded,
        error = watch.broken() => return Err(error),
    };
    match uploaded {
        Ok(()) => {}
        Err(UploadError::Refused(why)) => return Ok(Err(End::Unkept(text(why)))),
        Err(UploadError::Failed(error)) => return failed(error),
    }
    let _ = tokio::fs::remove_file(&file).await;
    work.log.line(&format!("Uploaded {} files as {name} ({what})", packed.count));
    Ok(Ok(()))
}

/// The name of the archive without what comes after the dot: its last part, when variables made a
/// path of it.
fn base_name(name: &str) -> String {
    match name.trim_end_matches('/').rsplit('/').next() {
        None | Some("" | "." | "..") => "artifacts".to_owned(),
        Some(name) => name.to_owned(),
    }
}

fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_archives_are_the_last_part_of_what_variables_made() {
        for (name, want) in [
            ("", "artifacts"),
            ("job-feature/x", "x"),
            ("..", "artifacts"),
            ("a/", "a"),
            ("test results", "test results"),
        ] {
            assert_eq!(base_name(name), want, "{name:?}");
        }
    }

    #[test]
    fn the_end_of_the_script_decides_what_is_uploaded() {
        let artifact = |when: &str| Artifact { when: when.to_owned(), ..Artifact::default() };
        let artifacts = ["", "on_success", "on_failure", "always"].map(artifact).into();
        let job = JobPayload { artifacts, ..JobPayload::default() };
        let whens = |success| due(&job, success).iter().map(|artifact| artifact.when.clone()).collect::<Vec<_>>();
        assert_eq!(
            (whens(true), whens(false)),
            (
                ["", "on_success", "always"].map(str::to_owned).into(),
                ["on_failure", "always"].map(str::to_owned).into(),
            )
        );
    }
}
