//! Reading what clients give: parameters of lists and fields of bodies, each with GitLab's refusal.

use std::ops::RangeInclusive;

use axum::http::StatusCode;
use axum::response::Response;
use model::{Error, ErrorKind, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use super::error::Refused;
use super::fields::Fields;
use super::page::Page;
use super::target::{Address, Query};
use crate::http::Fresh;

/// A page of a list that is there whole.
pub fn paged<T: Serialize>(target: &Address, page: Page, all: &[T]) -> Result<Fresh, Refused> {
    let skipped = usize::try_from(page.offset()).unwrap_or(usize::MAX);
    let shown: Vec<&T> = all.iter().skip(skipped).take(page.size() as usize).collect();
    let headers = target.pages(page, Some(all.len() as u64), false);
    Ok(Fresh::list(&shown)?.with(headers))
}

/// A text that is not empty.
pub fn text<'q>(query: &'q Query, name: &str) -> Option<&'q str> {
    query.get(name).filter(|text| !text.is_empty())
}

/// A switch of the query.
pub fn switch(query: &Query, name: &str) -> Result<Option<bool>, Refused> {
    let Some(word) = text(query, name) else { return Ok(None) };
    match word.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "on" | "yes" | "y" => Ok(Some(true)),
        "false" | "f" | "0" | "off" | "no" | "n" => Ok(Some(false)),
        _ => Err(Refused::parameter(format!("{name} is invalid"))),
    }
}

/// A whole number of the query.
pub fn number(query: &Query, name: &str) -> Result<Option<i64>, Refused> {
    let Some(word) = text(query, name) else { return Ok(None) };
    word.parse().map(Some).map_err(|_| Refused::parameter(format!("{name} is invalid")))
}

/// One of these words; the first when it is absent.
pub fn one_of(query: &Query, name: &str, words: &[&'static str]) -> Result<&'static str, Refused> {
    let Some(given) = text(query, name) else { return Ok(words.first().copied().unwrap_or_default()) };
    let known = words.iter().find(|word| **word == given).copied();
    known.ok_or_else(|| Refused::parameter(format!("{name} does not have a valid value")))
}

/// A point in time: ISO 8601 with a zone, or a date.
pub fn time(query: &Query, name: &str) -> Result<Option<Timestamp>, Refused> {
    let Some(word) = text(query, name) else { return Ok(None) };
    let at = Timestamp::parse(word).or_else(|| Timestamp::parse(&format!("{word}T00:00:00Z")));
    at.map(Some).ok_or_else(|| Refused::parameter(format!("{name} is invalid")))
}

/// A date until whose end something holds.
pub fn last_day(fields: &Fields, name: &str) -> Result<Option<Timestamp>, Refused> {
    let Some(word) = fields.text(name)?.filter(|word| !word.is_empty()) else { return Ok(None) };
    let is_date = word.len() == 10;
    let at = Timestamp::parse(&if is_date { format!("{word}T23:59:59.999Z") } else { word });
    at.map(Some).ok_or_else(|| Refused::parameter(format!("{name} is invalid")))
}

/// A text that may be taken away: `None` when nothing is said about it, `Some(None)` for null and nothing.
#[expect(clippy::option_option, reason = "said and null differ from not said")]
pub fn clearable(fields: &Fields, name: &str) -> Result<Option<Option<String>>, Refused> {
    match fields.value(name) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(_) => Ok(Some(fields.text(name)?.filter(|text| !text.is_empty()))),
    }
}

/// A number that a record can have.
pub fn within(name: &str, number: i64, range: RangeInclusive<i64>) -> Result<u32, Refused> {
    let number = Some(number).filter(|number| range.contains(number)).and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| {
        let text = format!("must be between {} and {}", range.start(), range.end());
        Refused::fields(json!({ name: [text] }))
    })
}

/// A refusal that names its field ("name: has already been taken") as GitLab writes it.
pub fn by_field(error: Error) -> Refused {
    match (error.kind, error.message.split_once(": ")) {
        (ErrorKind::Invalid, Some((field, problem))) if field.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') => {
            Refused::fields(json!({ field: [problem] }))
        }
        _ => error.into(),
    }
}

/// "404 Group Not Found" and the like for what is not there.
pub fn called(what: &'static str) -> impl Fn(Error) -> Refused {
    move |error| match error.kind {
        ErrorKind::NotFound => Refused::message(StatusCode::NOT_FOUND, &format!("{what} Not Found")),
        _ => error.into(),
    }
}

/// A JSON body with a status.
pub fn answer(status: StatusCode, body: &Value) -> Response {
    use axum::response::IntoResponse as _;
    (status, axum::Json(body)).into_response()
}
