//! Bodies that are JSON objects, whatever the content type says: `curl -d` calls everything a form.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

/// A JSON object.
pub struct Object(pub Map<String, Value>);

/// A JSON object, or no body at all, which is an empty one.
pub struct OptionalObject(pub Map<String, Value>);

/// Why a body cannot be used.
#[derive(Debug)]
pub struct BadBody(StatusCode, String);

impl IntoResponse for BadBody {
    fn into_response(self) -> Response {
        (self.0, Json(json!({"error": self.1}))).into_response()
    }
}

impl<S: Send + Sync> FromRequest<S> for Object {
    type Rejection = BadBody;
    async fn from_request(request: Request, state: &S) -> Result<Self, BadBody> {
        object(&read(request, state).await?).map(Self)
    }
}

impl<S: Send + Sync> FromRequest<S> for OptionalObject {
    type Rejection = BadBody;
    async fn from_request(request: Request, state: &S) -> Result<Self, BadBody> {
        let bytes = read(request, state).await?;
        if bytes.trim_ascii().is_empty() { Ok(Self(Map::new())) } else { object(&bytes).map(Self) }
    }
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, BadBody> {
    Bytes::from_request(request, state).await.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            BadBody(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than the 1 MiB that this address takes".into())
        }
        _ => BadBody(StatusCode::BAD_REQUEST, format!("the body cannot be read: {}", error.body_text())),
    })
}

fn object(bytes: &[u8]) -> Result<Map<String, Value>, BadBody> {
    let invalid = |text: String| BadBody(StatusCode::BAD_REQUEST, text);
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(invalid("the body must be a JSON object".into())),
        Err(error) => Err(invalid(format!("the body is not JSON: {error}"))),
    }
}
