//! The site's files: scripts, WebAssembly, style sheet, icons. They are part of the executable
//! (a development build reads them from the repository).
//!
//! What the pages load is addressed below a folder named by the contents of all of it, so a browser
//! keeps it for ever and never mixes two versions.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::{AppState, Routes, refusals};

#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Site;

/// The folder of what the pages load.
const LOADED: &str = "pkg/";
/// What a file's packed variant is called.
const BROTLI: &str = ".br";

static FILES: LazyLock<Files> = LazyLock::new(Files::load);

struct Files {
    by_path: BTreeMap<String, File>,
    /// Names the contents of everything below [`LOADED`].
    version: String,
}

struct File {
    bytes: Bytes,
    packed: Option<Bytes>,
    tag: String,
    kind: String,
}

impl Files {
    fn load() -> Self {
        let read = |path: &str| Site::get(path).map(|file| (contents(file.data), file.metadata.sha256_hash()));
        let mut by_path = BTreeMap::new();
        let mut all = Sha256::new();
        for path in Site::iter() {
            if path.ends_with(BROTLI) {
                continue;
            }
            let Some((bytes, hash)) = read(&path) else { continue };
            if path.starts_with(LOADED) {
                all.update(path.as_bytes());
                all.update(hash);
            }
            let kind = mime_guess::from_path(path.as_ref()).first_or_octet_stream();
            let text = kind.type_() == "text" || kind.subtype() == "javascript" || kind.subtype() == "json";
            let file = File {
                bytes,
                packed: read(&format!("{path}{BROTLI}")).map(|(packed, _)| packed),
                tag: format!("\"{}\"", hex::encode(&hash[..12])),
                kind: if text { format!("{kind}; charset=utf-8") } else { kind.to_string() },
            };
            by_path.insert(path.into_owned(), file);
        }
        Self { by_path, version: hex::encode(&all.finalize()[..8]) }
    }
}

fn contents(data: Cow<'static, [u8]>) -> Bytes {
    match data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => Bytes::from(bytes),
    }
}

/// The folder that pages name: `pkg/<version>`.
pub(super) fn folder() -> String {
    format!("{LOADED}{}", FILES.version)
}

pub(super) fn router() -> Routes<AppState> {
    Routes::new().get("/pkg/{version}/{*path}", loaded)
}

async fn loaded(Path((version, path)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let file = FILES.by_path.get(&format!("{LOADED}{path}"));
    match file.filter(|_| version == FILES.version) {
        Some(file) => serve(file, &headers, "public, max-age=31536000, immutable"),
        None => refusals::answer(StatusCode::NOT_FOUND, "404 Not Found"),
    }
}

/// A file of `public/`, by its path; it may change, so it is asked for again.
pub(super) fn public(path: &str, headers: &HeaderMap) -> Option<Response> {
    // Browsers ask for this one where a document names none, such as a refusal in JSON.
    let path = if path == "/favicon.ico" { "favicon.svg" } else { path.strip_prefix('/')? };
    let file = FILES.by_path.get(path).filter(|_| !path.starts_with(LOADED))?;
    Some(serve(file, headers, "public, max-age=0, must-revalidate"))
}

fn serve(file: &File, headers: &HeaderMap, cache: &'static str) -> Response {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let packed = file.packed.as_ref().filter(|_| takes_brotli(text(ACCEPT_ENCODING)));
    let mut response = if text(IF_NONE_MATCH).split(',').any(|tag| tag.trim() == file.tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        Body::from(packed.unwrap_or(&file.bytes).clone()).into_response()
    };
    let answer = response.headers_mut();
    answer.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    answer.insert(VARY, HeaderValue::from_static("accept-encoding"));
    for (name, value) in [(CONTENT_TYPE, &file.kind), (ETAG, &file.tag)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.insert(name, value);
        }
    }
    if packed.is_some() && response.status() == StatusCode::OK {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

fn takes_brotli(accept: &str) -> bool {
    accept.split(',').any(|part| {
        let (name, weight) = part.split_once(';').unwrap_or((part, ""));
        name.trim() == "br" && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brotli_is_sent_to_those_who_take_it() {
        for accept in ["br", "gzip, deflate, br, zstd", "gzip;q=1.0, br;q=0.5"] {
            assert!(takes_brotli(accept), "{accept}");
        }
        for accept in ["", "gzip", "br;q=0", "brotli"] {
            assert!(!takes_brotli(accept), "{accept}");
        }
    }
}
