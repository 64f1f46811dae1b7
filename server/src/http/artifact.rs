//! What jobs left, for people: `/jobs/ID/artifacts/NAME`.

use axum::extract::Path;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use model::{Error, JobId};
use tokio::task::spawn_blocking;

use super::error::fault;
use super::{Access, AppState, Failure, Routes, file};
use crate::artifacts::ARCHIVE;

pub(super) fn router() -> Routes<AppState> {
    Routes::new().get("/jobs/{id}/artifacts/{name}", download)
}

/// The archive, always as a download: what a job left is never shown as a page of ours.
async fn download(
    access: Access,
    Path((id, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let id: JobId = id.parse().map_err(|_| Error::not_found("job"))?;
    let job = access.weir.open_artifact(&access.caller, id, model::plan::Access::All).await?;
    let wanted = job.artifacts.into_iter().find(|artifact| artifact.filename == name);
    let wanted = wanted.ok_or_else(|| Error::not_found("artifact"))?;
    access.weir.open_artifact(&access.caller, id, wanted.access).await?;
    let is_archive = wanted.kind == ARCHIVE;
    let artifacts = access.weir.artifacts().clone();
    let open = move || -> std::io::Result<_> {
        if is_archive {
            return artifacts.file(id);
        }
        artifacts
            .report(id, &wanted.kind)?
            .map(|file| Ok((file.metadata()?.len(), file)))
            .transpose()
            .map(|found| found.map(|(size, file)| (file, size)))
    };
    let found = spawn_blocking(open).await.map_err(|error| fault("open an archive", &error))?;
    let found = found.map_err(|error| fault("open an archive", &error))?;
    let (archive, size) = found.ok_or_else(|| Error::not_found("artifact"))?;
    let mut response =
        file::respond(Some(archive), size, &headers).await.map_err(|error| fault("read an archive", &error))?;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static(if is_archive { "application/zip" } else { "application/octet-stream" }),
    );
    if let Ok(value) = HeaderValue::try_from(file::disposition(&name)) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}
