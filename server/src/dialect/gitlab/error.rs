//! Refusals in GitLab's shapes: `{"message": "404 Not found"}` for objects and states, `{"error":
//! "scope does not have a valid value"}` for parameters. Clients compare whole bodies: what Weir has to say besides is in
//! a header.

use axum::Json;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::ext::ReasonPhrase;
use model::{Cause, Error, ErrorKind};
use serde_json::{Value, json};

use crate::http::{Ended, REASON, Refusal};

/// A refusal.
#[derive(Debug)]
pub struct Refused {
    status: StatusCode,
    body: Value,
    /// Why, in a sentence, where GitLab's words do not say it.
    reason: Option<String>,
    /// Seconds after which another try is worth it.
    retry_after: Option<u32>,
}

/// Why a request is refused that may be granted in a moment: clients look for these words.
const LOCK: &str = "Conflict: Resource lock";

/// Bytes of the header that says why.
const LONGEST_REASON: usize = 1024;

impl Refused {
    fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body, reason: None, retry_after: None }
    }

    /// `{"message": "404 Job Not Found"}`: status and text in one.
    pub fn message(status: StatusCode, text: &str) -> Self {
        Self::new(status, json!({"message": format!("{} {text}", status.as_u16())}))
    }

    /// What was presented is not good; why, beside GitLab's words.
    pub fn unauthorized(why: &str) -> Self {
        Self::message(StatusCode::UNAUTHORIZED, "Unauthorized").because(why)
    }

    /// A parameter is wrong.
    pub fn parameter(text: impl Into<String>) -> Self {
        Self::error(StatusCode::BAD_REQUEST, text)
    }

    /// What is said before anything is looked at: the request itself is wrong.
    pub fn error(status: StatusCode, text: impl Into<String>) -> Self {
        Self::new(status, json!({"error": text.into()}))
    }

    /// A token that was good once: which of its ends it met.
    pub fn ended(why: Ended) -> Self {
        let description = match why {
            Ended::Revoked => "Token was revoked. You have to re-authorize from the user.",
            Ended::Expired => "Token is expired. You can either do re-authorization or token refresh.",
        };
        let body = json!({"error": "invalid_token", "error_description": description});
        Self::new(StatusCode::UNAUTHORIZED, body)
    }

    /// `400 Bad request - …`: it cannot be done to this object.
    pub fn bad_request(text: &str) -> Self {
        Self::message(StatusCode::BAD_REQUEST, &format!("Bad request - {text}"))
    }

    /// `403 Forbidden - …`: its state, or who asks, is against it.
    pub fn forbidden(text: &str) -> Self {
        Self::message(StatusCode::FORBIDDEN, &format!("Forbidden - {text}"))
    }

    /// What is wrong with a record as a whole.
    pub fn base(text: &str) -> Self {
        Self::fields(json!({"base": [text]}))
    }

    /// The same of a parameter that is within another: `variables[0][key] is missing`.
    #[must_use]
    pub fn renamed(self, name: &str, whole: &str) -> Self {
        match self.parameter_text().and_then(|text| text.strip_prefix(name)) {
            Some(rest) => Self::parameter(format!("{whole}{rest}")),
            None => self,
        }
    }

    /// What is wrong with a parameter, where it is that.
    pub fn parameter_text(&self) -> Option<&str> {
        if self.status == StatusCode::BAD_REQUEST { self.body["error"].as_str() } else { None }
    }

    /// A text without the status in it.
    pub fn plain(status: StatusCode, text: &str) -> Self {
        Self::new(status, json!({"message": text}))
    }

    /// Fields are wrong: their names and what is wrong with each.
    pub fn fields(problems: Value) -> Self {
        Self::new(StatusCode::BAD_REQUEST, json!({"message": problems}))
    }

    /// The same, and why.
    #[must_use]
    pub fn because(mut self, why: &str) -> Self {
        self.reason = Some(why.to_owned());
        self
    }

    /// No such record.
    pub fn not_found() -> Self {
        Self::message(StatusCode::NOT_FOUND, "Not found")
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Token(why) => Self::unauthorized(&why),
            Refusal::Ended(why) => Self::ended(why),
            // Told with its headers: see `Asked`.
            Refusal::Rate(_) => Self::plain(StatusCode::TOO_MANY_REQUESTS, "Retry later"),
            Refusal::Fault(error) => error.into(),
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let status = crate::http::status(error.kind);
        match error.kind {
            ErrorKind::NotFound if error.message.starts_with("project") => Self::message(status, "Project Not Found"),
            ErrorKind::NotFound if error.message.starts_with("user") => Self::message(status, "User Not Found"),
            ErrorKind::NotFound if error.message.starts_with("namespace") => Self::message(status, "Group Not Found"),
            ErrorKind::NotFound => Self::not_found(),
            ErrorKind::Internal => Self::message(status, "Internal Server Error"),
            ErrorKind::Invalid => Self::new(status, json!({"message": {"base": [error.message]}})),
            ErrorKind::Unauthorized => Self::message(status, "Unauthorized"),
            ErrorKind::Forbidden => Self::message(status, "Forbidden").because(&error.message),
            ErrorKind::Scope => Self::new(
                status,
                json!({
                    "error": "insufficient_scope",
                    "error_description": "The request requires higher privileges than provided by the access token.",
                    "scope": "api",
                }),
            ),
            ErrorKind::Conflict if error.cause == Some(Cause::Changed) => {
                Self::message(StatusCode::PRECONDITION_FAILED, "Precondition Failed")
            }
            ErrorKind::Conflict if error.cause == Some(Cause::Busy) => {
                Self::message(status, LOCK).because(&error.message)
            }
            ErrorKind::Conflict => Self::message(status, &format!("Conflict: {}", error.message)),
            ErrorKind::TooMany => {
                let text = "This endpoint has been requested too many times. Try again later.";
                let refused = Self::new(status, json!({"message": {"error": text}})).because(&error.message);
                Self { retry_after: error.retry_after, ..refused }
            }
            ErrorKind::TooLarge | ErrorKind::Unavailable => Self::message(status, &error.message),
        }
    }
}

/// Reads parameters one after the other, so that all that is wrong is told at once.
#[derive(Debug, Default)]
pub struct Problems {
    parameters: Vec<String>,
    other: Option<Refused>,
}

impl Problems {
    /// What was read; its default where it was wrong, which [`Problems::none`] tells.
    pub fn take<T: Default>(&mut self, read: Result<T, Refused>) -> T {
        read.unwrap_or_else(|refused| {
            match refused.parameter_text() {
                Some(text) => self.parameters.push(text.to_owned()),
                None => self.other = self.other.take().or(Some(refused)),
            }
            T::default()
        })
    }

    /// Refuses, with all that was wrong.
    pub fn none(self) -> Result<(), Refused> {
        match (self.parameters.as_slice(), self.other) {
            ([], None) => Ok(()),
            ([], Some(other)) => Err(other),
            (texts, _) => Err(Refused::parameter(texts.join(", "))),
        }
    }
}

/// A refusal to the command line, which tells people what was not found.
#[derive(Debug)]
pub struct Told(Refused);

impl From<Refused> for Told {
    fn from(refused: Refused) -> Self {
        Self(refused)
    }
}

impl From<Error> for Told {
    fn from(error: Error) -> Self {
        let reason = error.message.clone();
        Self(Refused::from(error).because(&reason))
    }
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        self.0.into_response()
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let is_lock = self.body["message"].as_str().is_some_and(|text| text.ends_with(LOCK));
        let mut response = (self.status, Json(self.body)).into_response();
        if is_lock {
            // By the words of the status line python-gitlab knows what it may ask once more.
            response.extensions_mut().insert(ReasonPhrase::from_static(LOCK.as_bytes()));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        if let Some(reason) = self.reason.and_then(|text| HeaderValue::try_from(header_text(&text)).ok()) {
            response.headers_mut().insert(REASON, reason);
        }
        response
    }
}

/// A sentence as the value of a header: what is not plain ASCII is percent-encoded. Proxies refuse long headers.
fn header_text(text: &str) -> String {
    use std::fmt::Write as _;
    let mut shown = String::new();
    for one in text.trim().chars() {
        let before = shown.len();
        if matches!(one, ' '..='~') && one != '%' {
            shown.push(one);
        } else {
            for byte in one.encode_utf8(&mut [0; 4]).bytes() {
                let _ = write!(shown, "%{byte:02X}");
            }
        }
        if shown.len() > LONGEST_REASON {
            shown.truncate(before);
            break;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_granted_in_a_moment_is_told_in_words_that_clients_know() {
        let busy = Refused::from(Error::conflict("its jobs run").about(Cause::Busy));
        assert_eq!(busy.body, json!({"message": "409 Conflict: Resource lock"}));
        let response = busy.into_response();
        assert_eq!(response.headers()[REASON], "its jobs run");
        assert_eq!(response.status(), StatusCode::CONFLICT);
        assert_eq!(response.extensions().get::<ReasonPhrase>().unwrap().as_bytes(), LOCK.as_bytes());
        let other = Refused::from(Error::conflict("it has one"));
        assert_eq!(other.body, json!({"message": "409 Conflict: it has one"}));
        assert!(other.into_response().extensions().get::<ReasonPhrase>().is_none());
        let often = Refused::from(Error::too_many("again in 7 s", 7)).into_response();
        assert_eq!((often.status().as_u16(), &often.headers()[RETRY_AFTER]), (429, &"7".parse().unwrap()));
    }

    #[test]
    fn reasons_are_plain_headers() {
        assert_eq!(header_text(" no (\"x\")\r\nb: 100 % für\0 "), "no (\"x\")%0D%0Ab: 100 %25 f%C3%BCr%00");
        let long = header_text(&"ü".repeat(1000));
        assert_eq!((long.len(), long.ends_with("%C3%BC")), (1020, true));
        let told = Told::from(Error::not_found("user ß")).into_response();
        assert_eq!(
            (told.status(), &told.headers()[REASON]),
            (StatusCode::NOT_FOUND, &"user %C3%9F not found".parse().unwrap())
        );
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once() {
        let mut problems = Problems::default();
        assert_eq!(problems.take(Ok(Some(7))), Some(7));
        assert_eq!(problems.take::<Option<i64>>(Err(Refused::parameter("ref is missing"))), None);
        problems.take::<String>(Err(Refused::not_found()));
        problems.take::<String>(Err(Refused::parameter("cron is missing")));
        let refused = problems.none().unwrap_err();
        assert_eq!(refused.body, json!({"error": "ref is missing, cron is missing"}));
        assert!(Problems::default().none().is_ok());
        let mut other = Problems::default();
        other.take::<String>(Err(Refused::not_found()));
        assert_eq!(other.none().unwrap_err().status, StatusCode::NOT_FOUND);
    }
}
