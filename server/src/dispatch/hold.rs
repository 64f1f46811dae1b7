//! Requests that are held while there is nothing to say.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// How long a request is held: what GitLab's front does.
const LONGEST: Duration = Duration::from_secs(50);

/// How long this request may be held: for a while, and not beyond the end of the server, which
/// `http` puts into the request. Held requests so end in an answer; nothing is cut while a job is
/// being handed out.
pub(super) struct Hold {
    deadline: Instant,
    stop: CancellationToken,
}

impl<S: Sync> FromRequestParts<S> for Hold {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let stop = parts.extensions.get::<CancellationToken>().cloned().unwrap_or_default();
        Ok(Self { deadline: Instant::now() + LONGEST, stop })
    }
}

impl Hold {
    /// Waits for `change`; `None` when it is time to answer without it.
    pub async fn until<T>(&self, change: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            changed = change => Some(changed),
            () = sleep_until(self.deadline) => None,
            () = self.stop.cancelled() => None,
        }
    }
}
