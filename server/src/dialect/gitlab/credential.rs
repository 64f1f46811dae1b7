//! Who asks, as bodies say it: `private_token` and `sudo` may stand wherever a parameter may, and who asks is found out
//! before those are read.

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
/// As whom an administrator acts.
pub const SUDO: &str = "sudo";
/// What all of their names have in them.
const PARTS: [&[u8]; 2] = [b"_token", SUDO.as_bytes()];

/// As whom an administrator acts, as the body says it.
#[derive(Clone, Debug)]
pub struct Sudo(pub String);

/// Puts what the body says of who asks where it is looked for. Who shows a token elsewhere has said who they are.
pub async fn lift(request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let body = match Bytes::from_request(Request::from_parts(parts.clone(), body), &()).await {
        Ok(body) => body,
        Err(error) => return unread(error.status(), &error.body_text()).into_response(),
    };
    if PARTS.iter().any(|part| memchr::memmem::find(&body, part).is_some()) {
        let again = Request::from_parts(parts.clone(), Body::from(body.clone()));
        // What is wrong with a body is told by who reads the rest of it.
        let fields = Fields::from_request(again, &()).await.unwrap_or_default();
        match fields.filled(SUDO) {
            Ok(None) => {}
            Ok(Some(whom)) => drop(parts.extensions.insert(Sudo(whom))),
            // Nobody acts as themselves who meant another.
            Err(refused) => return refused.into_response(),
        }
        for (field, header) in FIELDS.into_iter().filter(|_| is_unsaid(&parts)) {
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

/// Whether nothing says elsewhere who asks.
fn is_unsaid(parts: &Parts) -> bool {
    let query = Query::of(&parts.uri);
    let headers = parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    matches!(present(headers, query.pairs()), Ok(None))
}
