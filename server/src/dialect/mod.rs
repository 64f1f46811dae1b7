//! Foreign interfaces: routes, wire types and mapping, only through the service. Each folder can be
//! deleted without anything else noticing.

mod body;
pub mod codearts;
pub mod gitlab;
pub mod ordine;

use axum::http::{HeaderMap, HeaderValue};

use body::{Object, OptionalObject};

/// How many entries a list has, whatever the page.
fn total(count: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    put(&mut headers, "x-total-count", &count.to_string());
    headers
}

/// Where the next page is.
fn next(headers: &mut HeaderMap, cursor: &str, path: &str) {
    put(headers, "x-next-cursor", cursor);
    put(headers, "link", &format!("<{path}>; rel=\"next\""));
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// A text as a part of an address.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
