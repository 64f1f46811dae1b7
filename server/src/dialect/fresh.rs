//! Freshness for the dialects: every JSON answer has an ETag; `If-None-Match` is answered with 304,
//! and with `Prefer: wait=N` held until the object changes.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use futures_util::future::{BoxFuture, select_all};
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;

/// The longest a request is held.
const LONGEST: u64 = 60;

/// A JSON answer with headers of its own.
#[derive(Debug)]
pub struct Fresh {
    /// The document.
    pub body: Vec<u8>,
    /// Further headers.
    pub headers: HeaderMap,
    /// Besides commits, what else tells of a change.
    pub signals: Vec<Signal>,
}

/// Something that ends when it happens.
pub struct Signal(pub BoxFuture<'static, ()>);

impl std::fmt::Debug for Signal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signal")
    }
}

impl Fresh {
    /// A document without further headers.
    pub fn json(document: &impl serde::Serialize) -> Self {
        let body = serde_json::to_vec(document).unwrap_or_else(|_| b"null".to_vec());
        Self { body, headers: HeaderMap::new(), signals: Vec::new() }
    }

    /// With a header; a value that no header can have is left out.
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

/// Answers with what `load` gives. The tag is of the content itself, so it changes exactly when
/// what the client sees does.
pub async fn answer<E, F>(
    request: &HeaderMap,
    mut changes: watch::Receiver<model::Seq>,
    load: impl Fn() -> F,
) -> Result<Response, E>
where
    F: Future<Output = Result<Fresh, E>>,
{
    let deadline = tokio::time::Instant::now() + wait(request);
    loop {
        // Register before looking: a change between the two is not lost.
        changes.borrow_and_update();
        let fresh = load().await?;
        let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&fresh.body)[..12]));
        if !matches(request, &tag) {
            return Ok(respond(request, StatusCode::OK, &tag, fresh.headers, Body::from(fresh.body)));
        }
        let signals: Vec<_> = fresh.signals.into_iter().map(|signal| signal.0).collect();
        let signal =
            async { if signals.is_empty() { std::future::pending().await } else { select_all(signals).await.0 } };
        let changed = tokio::select! {
            changed = changes.changed() => changed.is_ok(),
            () = signal => true,
            () = tokio::time::sleep_until(deadline) => false,
        };
        if !changed {
            return Ok(respond(request, StatusCode::NOT_MODIFIED, &tag, fresh.headers, Body::empty()));
        }
    }
}

fn respond(request: &HeaderMap, status: StatusCode, tag: &str, mut headers: HeaderMap, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Ok(tag) = HeaderValue::from_str(tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::VARY, HeaderValue::from_static("prefer"));
    if !wait(request).is_zero() {
        headers.insert("preference-applied", HeaderValue::from_static("wait"));
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("max-age=0, private, must-revalidate"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.headers_mut() = headers;
    response
}

/// Whether the client has this already.
fn matches(request: &HeaderMap, tag: &str) -> bool {
    let same = |known: &str| {
        let known = known.trim();
        // A proxy that compresses may weaken the tag or mark it.
        known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
    };
    let mut values = request.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    values.any(|value| value.split(',').any(same))
}

/// How long the client wants to be held: `Prefer: wait=20`.
fn wait(request: &HeaderMap) -> Duration {
    let mut values = request.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let seconds = values.find_map(|value| {
        value.split([',', ';']).find_map(|part| part.trim().strip_prefix("wait=")?.trim().parse::<u64>().ok())
    });
    Duration::from_secs(seconds.unwrap_or(0).min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn tags_and_waits_are_read() {
        assert!(matches(&headers(&[("if-none-match", "\"a\", W/\"b\"")]), "\"b\""));
        assert!(!matches(&headers(&[("if-none-match", "\"a\"")]), "\"b\""));
        assert!(!matches(&headers(&[]), "\"b\""));
        assert_eq!(wait(&headers(&[("prefer", "respond-async, wait=7")])), Duration::from_secs(7));
        assert_eq!(wait(&headers(&[("prefer", "wait=700")])), Duration::from_secs(60));
        assert_eq!(wait(&headers(&[("prefer", "wait=-1")])), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_held_request_is_answered_when_the_object_changes() {
        let (commits, changes) = watch::channel(model::Seq(0));
        let value = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(1));
        let shared = std::sync::Arc::clone(&value);
        let load = move || {
            let now = shared.load(std::sync::atomic::Ordering::SeqCst);
            async move { Ok::<_, ()>(Fresh::json(&now)) }
        };
        let first = answer(&HeaderMap::new(), changes.clone(), &load).await.unwrap();
        let tag = first.headers()[header::ETAG].clone();
        let mut again = HeaderMap::new();
        again.insert(header::IF_NONE_MATCH, tag);
        assert_eq!(answer(&again, changes.clone(), &load).await.unwrap().status(), StatusCode::NOT_MODIFIED);
        again.insert("prefer", HeaderValue::from_static("wait=30"));
        let held = tokio::spawn(async move { answer(&again, changes, &load).await.unwrap() });
        // A commit that changes something else does not end the wait.
        commits.send_replace(model::Seq(1));
        tokio::task::yield_now().await;
        value.store(2, std::sync::atomic::Ordering::SeqCst);
        commits.send_replace(model::Seq(2));
        let answer = held.await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
    }
}
