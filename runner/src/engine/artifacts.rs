//! Artifacts before and after the script: fetched from jobs that are depended on, uploaded for those
//! that come.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::{
    archive::{Level, gzip, unzip, zip},
    environment::Environment,
    exchange::UploadError,
    halt::{Halt, in_thread},
    job::{Watch, Work},
    outcome::End,
    selection::Selection,
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
        let (archive, root, limit) = (file.clone(), work.places.build.clone(), work.settings.unpack_limit);
        let unfold = move |halt: &Halt| {
            let archive = File::open(archive).map_err(|error| error.to_string())?;
            unzip(archive, &root, limit, halt).map_err(|error| error.to_string())
        };
        match in_thread(unfold, watch.broken()).await? {
            Ok(count) => {
                let files = if count == 1 { "file" } else { "files" };
                work.log.line(&format!("Downloaded the artifacts of {}: {count} {files}", dependency.name));
            }
            Err(error) => return Ok(failed(error)),
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
    let selection = Selection::new(&artifact.paths, &artifact.exclude, artifact.untracked, environment);
    let root = work.places.build.clone();
    let selected = match in_thread(move |_| Ok(selection.collect(&root)), watch.broken()).await? {
        Ok(selected) => selected,
        Err(error) => return failed(error),
    };
    selected.report(work.log);
    if selected.files.is_empty() {
        work.log.error("No files to upload");
        return Ok(Ok(()));
    }
    let pack = Pack {
        root: work.places.build.clone(),
        target: work.places.private.join("upload"),
        base: base_name(&environment.expand(&artifact.name)),
        format: artifact.artifact_format.clone(),
        level: environment.get("ARTIFACT_COMPRESSION_LEVEL").and_then(Level::named).unwrap_or_default(),
    };
    let count = selected.files.len();
    let (file, name) = match in_thread(move |halt| pack.run(selected.files, halt), watch.broken()).await? {
        Ok(Some(packed)) => packed,
        Ok(None) => {
            work.log.error("No files to upload");
            return Ok(Ok(()));
        }
        Err(error) => return failed(error),
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
    // A file that is sent as it is stays where it is.
    if artifact.artifact_format != "raw" {
        let _ = tokio::fs::remove_file(&file).await;
    }
    work.log.line(&format!("Uploaded {count} files as {name} ({what})"));
    Ok(Ok(()))
}

struct Pack {
    root: PathBuf,
    target: PathBuf,
    base: String,
    format: String,
    level: Level,
}

impl Pack {
    /// The file to be uploaded, and its name; none when there are only folders and the format has
    /// none.
    fn run(self, files: BTreeSet<PathBuf>, halt: &Halt) -> Result<Option<(PathBuf, String)>, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        if !matches!(self.format.as_str(), "gzip" | "raw") {
            let target = create_private(&self.target).map_err(|error| text(&error))?;
            zip(&self.root, &files, target, self.level, halt).map_err(|error| text(&error))?;
            return Ok(Some((self.target, format!("{}.zip", self.base))));
        }
        let is_file = |file: &PathBuf| fs::symlink_metadata(self.root.join(file)).is_ok_and(|meta| meta.is_file());
        let files: BTreeSet<PathBuf> = files.into_iter().filter(is_file).collect();
        let Some(first) = files.first() else { return Ok(None) };
        if self.format == "gzip" {
            let target = create_private(&self.target).map_err(|error| text(&error))?;
            gzip(&self.root, &files, target, self.level, halt).map_err(|error| text(&error))?;
            return Ok(Some((self.target, format!("{}.gz", self.base))));
        }
        if files.len() > 1 {
            return Err("only one file can be uploaded as it is".to_owned());
        }
        let name = first.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Some((self.root.join(first), name)))
    }
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
