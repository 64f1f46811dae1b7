//! Artifacts: `POST` and `GET /jobs/:id/artifacts`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::multipart::MultipartError;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytesize::ByteSize;
use model::{ArtifactInfo, Error, JobId};
use runner::protocol::header::JOB_TOKEN;
use serde::Deserialize;
use tokio_util::io::ReaderStream;

use super::{Refused, auth, spec};
use crate::artifacts::{ARCHIVE, Received, StoreError as ArchiveError};
use crate::scheduler::deploy;
use crate::service::reports::{self, Told};
use crate::service::{Weir, masked};
use crate::store::{jobs, runs};

/// The largest report that is taken, packed.
const REPORT_LIMIT: u64 = 100 << 20;

/// What the reference client says in the query string.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Parameters {
    artifact_type: Option<String>,
    artifact_format: Option<String>,
}

/// Takes in a job's archive. Parameters come in the query or, from other clients, as parts behind
/// the file. The same archive sent twice (its answer was lost) is as good as once.
pub(super) async fn upload(
    State(weir): State<Arc<Weir>>,
    Path(id): Path<i64>,
    Query(query): Query<Parameters>,
    headers: HeaderMap,
    mut parts: Multipart,
) -> Result<Response, Refused> {
    let id = JobId(id);
    let stored = auth::live_job(&weir, &headers, "", id).await?;
    let limit = weir.limits().archive.max(REPORT_LIMIT);
    let mut received: Option<(Received, String)> = None;
    let mut kind = query.artifact_type;
    let mut format = query.artifact_format;
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        match part.name() {
            Some("file") => {
                let name = part.file_name().unwrap_or_default().to_owned();
                received = Some((weir.artifacts().receive(id, limit, part).await.map_err(refusal)?, name));
            }
            Some("artifact_type") => kind = Some(part.text().await.map_err(broken)?),
            Some("artifact_format") => format = Some(part.text().await.map_err(broken)?),
            _ => {}
        }
    }
    let Some((received, name)) = received else {
        return Err(Refused::new(StatusCode::BAD_REQUEST, "file is missing"));
    };
    let (kind, format) = (kind.unwrap_or_else(|| ARCHIVE.into()), format.unwrap_or_else(|| "zip".into()));
    let (keys, token) = (weir.keys(), auth::token(&headers, JOB_TOKEN, "").to_owned());
    let asked = weir.store().glance(move |conn| {
        let planned = runs::spec(conn, stored.job.run_id, stored.position)?;
        let secrets = masked::of_job(conn, &keys.ring(), &planned, &stored, &token)?;
        Ok((stored, planned, secrets))
    });
    let (stored, planned, secrets) = asked.await.map_err(Error::from)?;
    let filename = file_name(&secrets.mask(&name));
    // Only what the job was asked for is taken.
    if !spec::artifacts(&planned).iter().any(|one| one.artifact_type == kind && one.artifact_format == format) {
        return Err(Refused::new(
            StatusCode::BAD_REQUEST,
            format!("artifacts of type {kind}/{format} were not asked for"),
        ));
    }
    if stored.job.artifacts.iter().any(|one| one.kind == kind) {
        let artifacts = Arc::clone(weir.artifacts());
        let wanted = kind.clone();
        let held = tokio::task::spawn_blocking(move || artifacts.sha256(id, &wanted)).await;
        let held = held.map_err(|error| Error::internal(error.to_string()))?.ok().flatten();
        return if held == Some(received.sha256) {
            Ok(created())
        } else {
            Err(Refused::new(StatusCode::BAD_REQUEST, format!("the job has its {kind} already")))
        };
    }
    let size = received.size;
    let unkept = |error: std::io::Error| Error::unavailable(format!("the artifacts cannot be stored: {error}"));
    let told = if kind == ARCHIVE {
        if size > weir.limits().archive {
            let text = format!("the archive is larger than {}", ByteSize(weir.limits().archive));
            weir.refusals().note(id, &text);
            return Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, text));
        }
        Told::default()
    } else if size > REPORT_LIMIT {
        let text = format!("the report {kind} is larger than {} MiB", REPORT_LIMIT >> 20);
        weir.refusals().note(id, &text);
        return Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, text));
    } else {
        let (file, wanted) = (received.open().map_err(unkept)?, kind.clone());
        tokio::task::spawn_blocking(move || reports::read(&wanted, file))
            .await
            .map_err(|error| Error::internal(error.to_string()))?
            .map_err(|error| {
                // It may quote what is wrong.
                let text = secrets.mask(&reports::refusal(&kind, &error));
                weir.refusals().note(id, &text);
                Refused::new(StatusCode::BAD_REQUEST, text)
            })?
    };
    received.keep_async(kind.clone()).await.map_err(unkept)?;
    let kept = planned.artifacts.unwrap_or_default();
    let expiry = kept.expire_in.unwrap_or(weir.limits().artifacts_expire_in);
    let added = weir.store().write(move |tx| {
        let expires_at = expiry.of(tx.now);
        let exposed_as = kept.expose_as.filter(|_| kind == ARCHIVE);
        if told != Told::default() {
            jobs::set_reported(tx, id, told.tests.as_ref(), told.coverage, told.dotenv.as_deref())?;
        }
        if let Some(variables) = &told.dotenv {
            deploy::complete_address(tx, id, variables, |url| secrets.mask(url))?;
        }
        jobs::add_artifact(tx, id, &ArtifactInfo { kind, filename, size, expires_at, exposed_as, access: kept.access })
    });
    added.await.map_err(Error::from)?;
    Ok(created())
}

fn created() -> Response {
    (StatusCode::CREATED, axum::Json(serde_json::json!({ "message": "201 Created" }))).into_response()
}

/// A name to show; never a path.
fn file_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control()).take(128).collect();
    if clean.is_empty() { "artifacts.zip".to_owned() } else { clean }
}

fn broken(error: MultipartError) -> Refused {
    Refused::new(error.status(), error.body_text())
}

fn refusal(error: ArchiveError) -> Refused {
    let status = match &error {
        ArchiveError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        ArchiveError::Broken(_) => StatusCode::BAD_REQUEST,
        ArchiveError::Full | ArchiveError::Io(_) => StatusCode::SERVICE_UNAVAILABLE,
    };
    Refused::new(status, error.to_string())
}

/// The archive of another job of the same run or of one above it, asked for with the token of a job that runs.
pub(super) async fn download(
    State(weir): State<Arc<Weir>>,
    Path(id): Path<i64>,
    headers: HeaderMap,
) -> Result<Response, Refused> {
    let id = JobId(id);
    let hash = crate::random::hash(auth::token(&headers, JOB_TOKEN, ""));
    let allowed = weir
        .store()
        .read(move |conn| {
            let Some(wanted) = jobs::get(conn, id)? else { return Ok(None) };
            // Also of the runs above, whose artifacts `needs:pipeline` fetches.
            for run in jobs::runs_with_token(conn, &hash)? {
                if run == wanted.run_id || runs::ancestors(conn, run)?.contains(&wanted.run_id) {
                    return Ok(Some(wanted));
                }
            }
            Ok(None)
        })
        .await
        .map_err(Error::from)?;
    let Some(job) = allowed else { return Err(Refused::forbidden("Forbidden")) };
    let found = weir.artifacts().file(id).map_err(|error| Error::unavailable(error.to_string()))?;
    let Some((file, size)) = found else { return Err(Refused::new(StatusCode::NOT_FOUND, "Not Found")) };
    let name = job.artifacts.iter().find(|one| one.kind == ARCHIVE).map_or("artifacts.zip", |one| &one.filename);
    let quoted: String = name.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\')).collect();
    let body = Body::from_stream(ReaderStream::with_capacity(tokio::fs::File::from_std(file), 256 << 10));
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_LENGTH, size.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{quoted}\"")),
    ];
    Ok((headers, body).into_response())
}
