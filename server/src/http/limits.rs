//! How much a request may bring, and how slowly.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::EXPECT;
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep};

/// The largest body, unless a route says otherwise.
pub(super) const BODY: usize = 1 << 20;

/// The largest body of a server function: a definition of 2 MiB as a form sends it, in which a
/// byte may take three.
pub(super) const FORM: usize = (3 * 2 + 1) << 20;

/// How long a client may keep us waiting for its body altogether, …
const GRACE: Duration = Duration::from_secs(15);
/// … and how many bytes earn it another second.
const RATE: u64 = 4096;

/// How much of a refused body is read and thrown away, …
const DRAINED: u64 = 64 << 20;
/// … and for how long: a client that writes before it reads would otherwise see a broken connection
/// instead of the reason.
const DRAINING: Duration = Duration::from_secs(5);

/// Gives up on bodies that come too slowly, and takes in the rest of those that were refused.
pub(super) async fn pace(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    // Who waits for a go-ahead has sent nothing.
    let waits = request.headers().contains_key(EXPECT);
    let rest = Rest::default();
    let response = {
        let rest = Arc::clone(&rest);
        next.run(request.map(|body| Body::new(Paced::new(body, GRACE, rest)))).await
    };
    let rest = rest.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(rest) = rest.filter(|_| response.status().is_client_error() && !waits) {
        let _ = tokio::time::timeout(DRAINING, drain(rest)).await;
    }
    response
}

async fn drain(mut body: Body) {
    let mut read = 0;
    while let Some(Ok(frame)) = body.frame().await {
        read += frame.data_ref().map_or(0, |data| data.len() as u64);
        if read > DRAINED {
            break;
        }
    }
}

/// Where a body is left by whoever did not read it to its end.
type Rest = Arc<Mutex<Option<Body>>>;

/// The client sends too slowly.
#[derive(Debug, thiserror::Error)]
#[error("the body came too slowly")]
pub(super) struct TooSlow;

/// Whether a body ended with [`TooSlow`].
pub(super) fn is_too_slow(error: &axum::Error) -> bool {
    caused_by::<TooSlow>(error)
}

/// Whether a body was longer than its limit.
pub(super) fn is_too_large(error: &axum::Error) -> bool {
    caused_by::<http_body_util::LengthLimitError>(error)
}

/// Each layer around a body wraps what the one inside says.
fn caused_by<E: std::error::Error + 'static>(error: &axum::Error) -> bool {
    let first: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |error| error.source()).any(|error| error.is::<E>())
}

/// A body whose sender may not keep us waiting for ever. Only time spent waiting counts: a reader
/// that takes its time is not the sender's fault.
struct Paced {
    body: Body,
    grace: Duration,
    received: u64,
    waited: Duration,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    rest: Rest,
    given_up: bool,
}

impl Drop for Paced {
    fn drop(&mut self) {
        if !self.given_up && !self.body.is_end_stream() {
            let body = std::mem::take(&mut self.body);
            *self.rest.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

impl Paced {
    fn new(body: Body, grace: Duration, rest: Rest) -> Self {
        Self { body, grace, received: 0, waited: Duration::ZERO, waiting: None, rest, given_up: false }
    }

    fn allowance(&self) -> Duration {
        self.grace + Duration::from_millis(self.received.saturating_mul(1000) / RATE)
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                if let Some((since, _)) = this.waiting.take() {
                    this.waited += since.elapsed();
                }
                if let Some(Ok(data)) = frame.as_ref().map(|frame| frame.as_ref().map(Frame::data_ref)) {
                    this.received += data.map_or(0, |data| data.len() as u64);
                }
                Poll::Ready(frame)
            }
            Poll::Pending => {
                let left = this.allowance().saturating_sub(this.waited);
                let (_, timer) = this.waiting.get_or_insert_with(|| {
                    let now = Instant::now();
                    (now, Box::pin(tokio::time::sleep_until(now + left)))
                });
                let over = timer.as_mut().poll(cx);
                this.given_up |= over.is_ready();
                over.map(|()| Some(Err(axum::Error::new(TooSlow))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::stream;

    use super::*;

    /// A body that never ends, in pieces with pauses between.
    fn dripping(piece: &'static [u8]) -> Body {
        let pause = Duration::from_millis(2);
        Body::from_stream(stream::unfold((), move |()| async move {
            tokio::time::sleep(pause).await;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(piece)), ()))
        }))
    }

    #[tokio::test]
    async fn a_body_that_drips_is_given_up_on() {
        let mut body = Paced::new(dripping(b"x"), Duration::from_millis(50), Rest::default());
        let error = loop {
            if let Err(error) = body.frame().await.unwrap() {
                break error;
            }
        };
        assert!(error.to_string().contains("too slowly"));
    }

    #[tokio::test]
    async fn one_that_flows_is_not() {
        // Each piece earns more time than the pause before it takes.
        let mut body = Paced::new(dripping(&[b'x'; 8192]), Duration::from_mins(1), Rest::default());
        for _ in 0..50 {
            body.frame().await.unwrap().unwrap();
        }
        assert_eq!(body.allowance(), Duration::from_secs(60 + 50 * 2));
    }
}
