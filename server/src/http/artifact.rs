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
    if let Ok(value) = HeaderValue::try_from(disposition(&name)) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// `attachment` with the name twice: for old clients in ASCII, for the others percent-encoded.
fn disposition(name: &str) -> String {
    use std::fmt::Write as _;
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') { c } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_header() {
        assert_eq!(
            disposition("a\"b\r\n é.zip"),
            "attachment; filename=\"a_b____.zip\"; filename*=UTF-8''a%22b%0D%0A%20%C3%A9.zip"
        );
    }
}
