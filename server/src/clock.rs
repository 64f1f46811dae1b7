//! The one place that reads the clock.

use model::Timestamp;

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is the place the others are sent to")]
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
