//! Freshness, the same for all dialects: versions as entity tags, conditional requests, and
//! requests that are held until something changes (`Prefer: wait=N`).

use std::future::pending;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::header::{CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use model::{Error, Event, Seq, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use super::AppState;
use crate::store::Bus;

const PREFER: HeaderName = HeaderName::from_static("prefer");
const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The longest time a request is held.
const LONGEST: Duration = Duration::from_mins(1);

/// Something as it is now, ready to be sent.
#[derive(Debug)]
pub struct Fresh {
    body: Vec<u8>,
    tag: String,
    headers: HeaderMap,
    early: Option<Early>,
}

/// Ends when there is something new besides commits.
struct Early(BoxFuture<'static, ()>);

impl std::fmt::Debug for Early {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Early")
    }
}

impl Fresh {
    /// An object, whose tag is its version.
    pub fn object(value: &impl Serialize, version: Seq) -> Result<Self, Error> {
        Ok(Self { body: json(value)?, tag: format!("\"{version}\""), headers: HeaderMap::new(), early: None })
    }

    /// A list, or anything else without a version of its own: the tag comes from the contents.
    pub fn list(value: &impl Serialize) -> Result<Self, Error> {
        let body = json(value)?;
        let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&body)[..12]));
        Ok(Self { body, tag, headers: HeaderMap::new(), early: None })
    }

    /// As [`Fresh::list`], of what is told with the time that it is or with how long something takes: `make` gets `now`. That
    /// time passes is nothing new, so the tag comes from what is made for no time at all.
    pub fn timed<T: Serialize>(now: Timestamp, make: impl Fn(Timestamp) -> T) -> Result<Self, Error> {
        let Self { tag, .. } = Self::list(&make(Timestamp(0)))?;
        Ok(Self { tag, ..Self::list(&make(now))? })
    }

    /// Something that is sent by whoever asks whether it is to be sent at all; `tag` changes with it.
    pub fn tagged(tag: &str) -> Self {
        Self { body: Vec::new(), tag: format!("\"{tag}\""), headers: HeaderMap::new(), early: None }
    }

    /// With headers of its own, such as how many entries there are in all.
    #[must_use]
    pub fn with(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// Also looked at again when `change` ends, for what changes without a commit: a log that grows.
    #[must_use]
    pub fn or_when(mut self, change: BoxFuture<'static, ()>) -> Self {
        self.early = Some(Early(change));
        self
    }
}

fn json(value: &impl Serialize) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(value).map_err(|error| {
        tracing::error!(%error, "failed to write an answer as JSON");
        Error::internal("internal error")
    })
}

/// What the client has already and how long it would wait for something newer. An extractor.
#[derive(Debug)]
pub struct Freshness {
    known: Vec<String>,
    wait: Option<Duration>,
    every: Option<Duration>,
    bus: Arc<Bus>,
    stop: CancellationToken,
    held: Held,
}

/// How many requests are held at the time: what each knows was looked at, and nothing was new.
pub type Held = Arc<watch::Sender<usize>>;

/// Counted among them as long as it is there.
struct OneHeld<'h>(&'h Held);

impl<'h> OneHeld<'h> {
    fn of(held: &'h Held) -> Self {
        held.send_modify(|count| *count += 1);
        Self(held)
    }
}

impl Drop for OneHeld<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl FromRequestParts<AppState> for Freshness {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Self::Rejection> {
        let (known, wait) = (known(&parts.headers), wait(&parts.headers));
        let (bus, stop, held) = (Arc::clone(state.weir.bus()), state.stop.clone(), Arc::clone(&state.held));
        Ok(Self { known, wait, every: None, bus, stop, held })
    }
}

impl Freshness {
    /// Whether the client has something already and would wait for something newer.
    pub fn waits(&self) -> bool {
        self.wait.is_some() && !self.known.is_empty()
    }

    /// Looked at again this often: for what changes without a commit, and takes a while to look at. Commits have it looked at
    /// again only where it is said which of them matter ([`Freshness::respond_when`]).
    #[must_use]
    pub fn every(mut self, period: Duration) -> Self {
        self.every = Some(period);
        self
    }

    /// Answers with what `load` gives: 200, or 304 when the client has it already. One that is
    /// willing to wait is answered as soon as that changes. Any committed change has it looked at
    /// again, and so has the end of the wait: what changed unnoticed is not told to be the same. See
    /// [`Freshness::respond_when`] and [`Freshness::every`].
    pub async fn respond<L, E>(self, load: impl FnMut() -> L + Send) -> Result<Response, E>
    where
        L: Future<Output = Result<Fresh, E>> + Send,
    {
        let any = self.every.is_none();
        self.respond_when(move |_| any, load).await
    }

    /// As [`Freshness::respond`], but only changes for which `matters` holds are looked at.
    pub async fn respond_when<L, E>(
        self,
        matters: impl Fn(&Event) -> bool + Send + Sync,
        mut load: impl FnMut() -> L + Send,
    ) -> Result<Response, E>
    where
        L: Future<Output = Result<Fresh, E>> + Send,
    {
        // First listen, then look: what comes between is noticed.
        let mut events = self.wait.map(|_| self.bus.subscribe());
        let deadline = Instant::now() + self.wait.unwrap_or_default();
        loop {
            let mut fresh = load().await?;
            if !self.known.iter().any(|tag| *tag == fresh.tag || tag == "*") {
                return Ok(self.answer(StatusCode::OK, fresh));
            }
            let Some(listening) = &mut events else { return Ok(self.answer(StatusCode::NOT_MODIFIED, fresh)) };
            let early = fresh.early.take();
            let _held = OneHeld::of(&self.held);
            tokio::select! {
                () = sleep_until(deadline) => events = None,
                () = self.stop.cancelled() => events = None,
                () = async { self.every.map_or_else(|| pending().boxed(), |period| sleep(period).boxed()).await } => {}
                () = change(listening, &matters) => {}
                () = async { early.map_or_else(|| pending().boxed(), |early| early.0).await } => {}
            }
        }
    }

    fn answer(&self, status: StatusCode, fresh: Fresh) -> Response {
        let body = if status == StatusCode::OK { fresh.body } else { Vec::new() };
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.extend(fresh.headers);
        headers.remove(CONTENT_TYPE);
        if status == StatusCode::OK {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if let Ok(tag) = HeaderValue::try_from(fresh.tag) {
            headers.insert(ETAG, tag);
        }
        headers.insert(VARY, HeaderValue::from_static("prefer"));
        if self.wait.is_some() {
            headers.insert(APPLIED, HeaderValue::from_static("wait"));
        }
        response
    }
}

/// Returns once something was committed that matters; never when the bus is gone.
async fn change(events: &mut Receiver<Arc<Event>>, matters: &impl Fn(&Event) -> bool) {
    loop {
        let matched = match events.recv().await {
            Ok(event) => matters(&event),
            Err(RecvError::Lagged(_)) => true,
            Err(RecvError::Closed) => return pending().await,
        };
        if matched {
            break;
        }
    }
    // A burst is looked at once.
    while !matches!(events.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
}

/// The tags of `If-None-Match`; a weak tag matches like a strong one.
fn known(headers: &HeaderMap) -> Vec<String> {
    let texts = headers.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let tags = texts.flat_map(|text| text.split(','));
    tags.map(|tag| tag.trim().trim_start_matches("W/").to_owned()).filter(|tag| !tag.is_empty()).collect()
}

/// The seconds of `Prefer: wait=N`.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let texts = headers.get_all(PREFER).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(',')).find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        let seconds = value.trim().trim_matches('"').parse::<u64>().ok()?;
        let named = name.trim().eq_ignore_ascii_case("wait");
        named.then(|| Duration::from_secs(seconds).min(LONGEST)).filter(|wait| !wait.is_zero())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values {
            map.append(&name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn preferences_are_read() {
        let seconds = |text| wait(&headers(PREFER, &[text])).map(|wait| wait.as_secs());
        assert_eq!(seconds("wait=10"), Some(10));
        assert_eq!(seconds("respond-async, WAIT=\"5\"; x=y"), Some(5));
        assert_eq!(seconds("wait=3600"), Some(60));
        for none in ["wait=0", "wait", "wait=x", "wait=-1", "waiting=5", ""] {
            assert_eq!(seconds(none), None, "{none}");
        }
    }

    #[test]
    fn tags_are_read() {
        assert_eq!(known(&headers(IF_NONE_MATCH, &["\"1\", W/\"2\"", "*"])), ["\"1\"", "\"2\"", "*"]);
        assert_eq!(known(&headers(IF_NONE_MATCH, &[""])), Vec::<String>::new());
    }

    #[test]
    fn lists_are_tagged_by_their_contents() {
        let tag = |value: &[i32]| Fresh::list(&value).unwrap().tag;
        assert_eq!(tag(&[1, 2]), tag(&[1, 2]));
        assert_ne!(tag(&[1, 2]), tag(&[2, 1]));
        let timed = |now| Fresh::timed(Timestamp(now), |now| (1, now.0)).unwrap();
        assert_eq!(timed(5).tag, timed(6).tag);
        assert_ne!(timed(5).body, timed(6).body);
        assert_eq!(Fresh::object(&1, Seq(7)).unwrap().tag, "\"7\"");
    }

    #[tokio::test]
    async fn bug_what_the_store_knows_was_seen_only_with_the_next_look_at_git() {
        let folder = tempfile::tempdir().unwrap();
        let weir = crate::service::Weir::open(folder.path()).unwrap();
        let held = Held::default();
        let freshness = |tag: &str| Freshness {
            known: vec![format!("\"{tag}\"")],
            wait: Some(LONGEST),
            every: Some(LONGEST),
            bus: Arc::clone(weir.bus()),
            stop: CancellationToken::new(),
            held: Arc::clone(&held),
        };
        let seq = || async { Ok::<_, Error>(Fresh::tagged(&weir.bus().seq().to_string())) };
        let known = weir.bus().seq().to_string();
        let change = async {
            held.subscribe().wait_for(|held| *held == 1).await.unwrap();
            weir.store().write(|tx| tx.touch("something")).await.unwrap();
        };
        let begun = Instant::now();
        let (answer, ()) = tokio::join!(freshness(&known).respond_when(|_| true, seq), change);
        assert_eq!(answer.unwrap().status(), StatusCode::OK);
        assert!(begun.elapsed() < LONGEST, "it was the end of the wait");
        assert_eq!(*held.borrow(), 0);
    }
}
