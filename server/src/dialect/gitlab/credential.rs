//! Tokens in bodies: `private_token` may stand wherever a parameter may, and who asks is found out before those are read.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::fields::{Fields, unread};
use super::target::Query;
use crate::auth::token::present;

/// Fields that are tokens, and the headers that say the same.
const FIELDS: [(&str, &str); 3] =
    [("private_token", "private-token"), ("access_token", "private-token"), ("job_token", "job-token")];
/// What all of their names end with.
const ENDING: &[u8] = b"_token";

/// Puts a token that the body has where tokens are looked for. Who shows one elsewhere has said who they are.
pub async fn lift(request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    if !may_have_one(&parts) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let body = match Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await {
        Ok(body) => body,
        Err(error) => return unread(error.status(), &error.body_text()).into_response(),
    };
    if body.windows(ENDING.len()).any(|part| part == ENDING) {
        let again = Request::from_parts(parts.clone(), Body::from(body.clone()));
        // What is wrong with a body is told by who reads the rest of it.
        let fields = Fields::from_request(again, &()).await.unwrap_or_default();
        for (field, header) in FIELDS {
            let token = fields.filled(field).ok().flatten();
            if let Some(mut token) = token.and_then(|token| HeaderValue::try_from(token).ok()) {
                token.set_sensitive(true);
                parts.headers.insert(header, token);
                break;
            }
        }
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

/// Whether there may be a body, and nothing says elsewhere who asks.
fn may_have_one(parts: &Parts) -> bool {
    let query = Query::of(&parts.uri);
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    !matches!(parts.method, Method::GET | Method::HEAD) && matches!(present(headers, query.pairs()), Ok(None))
}
