//! One span per request, with an id that the client may choose and gets back.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request, put into it for answers that repeat it.
#[derive(Clone, Debug, Default)]
pub struct RequestId(pub String);

/// Logs what was asked and answered; whatever is logged meanwhile carries the request's id.
pub(super) async fn request(mut request: Request, next: Next) -> Response {
    let id = id_of(request.headers());
    let text = id.to_str().unwrap_or_default();
    request.extensions_mut().insert(RequestId(text.to_owned()));
    let span = tracing::info_span!("request", id = text, method = %request.method(), path = request.uri().path());
    async move {
        let begun = Instant::now();
        let mut response = next.run(request).await;
        let (status, duration_ms) = (response.status().as_u16(), begun.elapsed().as_millis() as u64);
        if response.status().is_server_error() {
            tracing::warn!(status, duration_ms, "answered with a fault");
        } else {
            tracing::debug!(status, duration_ms, "answered");
        }
        response.headers_mut().insert(REQUEST_ID, id);
        response
    }
    .instrument(span)
    .await
}

/// The client's id where it is harmless, else a new one.
fn id_of(headers: &HeaderMap) -> HeaderValue {
    let harmless = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=64).contains(&bytes.len())
            && bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    headers.get(REQUEST_ID).filter(harmless).cloned().unwrap_or_else(fresh)
}

fn fresh() -> HeaderValue {
    static START: LazyLock<String> = LazyLock::new(|| crate::random::uid().as_str()[..8].to_owned());
    static COUNT: AtomicU64 = AtomicU64::new(1);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    HeaderValue::try_from(format!("{}-{count}", *START)).unwrap_or(HeaderValue::from_static("-"))
}
