//! Files as answers, whole or in part.

use std::fs::File;
use std::io::SeekFrom;
use std::ops::Range;

use axum::body::Body;
use axum::http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

/// Bytes read at once.
const PIECE: usize = 128 * 1024;

/// Answers with the first `size` bytes of a file, or with the range that is asked for. Never more
/// than one piece of it is in memory.
pub async fn respond(file: Option<File>, size: u64, headers: &HeaderMap) -> std::io::Result<Response> {
    let wanted = wanted(size, headers);
    let body = match (file, &wanted) {
        (Some(file), Wanted::All | Wanted::Part(_)) => {
            let part = wanted.part(size);
            let mut file = tokio::fs::File::from_std(file);
            file.seek(SeekFrom::Start(part.start)).await?;
            Body::from_stream(ReaderStream::with_capacity(file.take(part.end - part.start), PIECE))
        }
        _ => Body::empty(),
    };
    Ok(built(size, wanted, |_| body))
}

/// The same of what is no file: `body` gives a part of it.
pub fn answer(size: u64, headers: &HeaderMap, body: impl FnOnce(Range<u64>) -> Body) -> Response {
    built(size, wanted(size, headers), body)
}

fn wanted(size: u64, headers: &HeaderMap) -> Wanted {
    headers.get(RANGE).and_then(|value| value.to_str().ok()).map_or(Wanted::All, |text| range(text, size))
}

fn built(size: u64, wanted: Wanted, body: impl FnOnce(Range<u64>) -> Body) -> Response {
    if wanted == Wanted::Nothing {
        let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
        put(&mut response, CONTENT_RANGE, format!("bytes */{size}"));
        return response;
    }
    let part = wanted.part(size);
    let length = part.end - part.start;
    let status = if wanted == Wanted::All { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
    let body = if length > 0 { body(part.clone()) } else { Body::empty() };
    let mut response = (status, body).into_response();
    put(&mut response, CONTENT_LENGTH, length.to_string());
    put(&mut response, ACCEPT_RANGES, "bytes".to_owned());
    if status == StatusCode::PARTIAL_CONTENT {
        put(&mut response, CONTENT_RANGE, format!("bytes {}-{}/{size}", part.start, part.end - 1));
    }
    response
}

/// `attachment` with the name twice: for old clients in ASCII, for the others percent-encoded.
pub fn disposition(name: &str) -> String {
    use std::fmt::Write as _;
    let plain: String =
        name.chars().map(|c| if c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '%') { c } else { '_' }).collect();
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}")
}

fn put(response: &mut Response, name: HeaderName, value: String) {
    if let Ok(value) = HeaderValue::try_from(value) {
        response.headers_mut().insert(name, value);
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    Part(Range<u64>),
    Nothing,
}

impl Wanted {
    fn part(&self, size: u64) -> Range<u64> {
        match self {
            Self::Part(part) => part.clone(),
            Self::All => 0..size,
            Self::Nothing => 0..0,
        }
    }
}

/// Reads a `Range` header. What is not one range of bytes is ignored, as HTTP wants it.
fn range(text: &str, size: u64) -> Wanted {
    let Some(spec) = text.strip_prefix("bytes=").filter(|spec| !spec.contains(',')) else { return Wanted::All };
    let Some((first, last)) = spec.trim().split_once('-') else { return Wanted::All };
    let number = |text: &str| text.parse::<u64>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let part = match (number(first), number(last)) {
        (Some(first), None) if last.is_empty() => first..size,
        (Some(first), Some(last)) if first <= last => first..size.min(last.saturating_add(1)),
        (None, Some(count)) if first.is_empty() => size.saturating_sub(count)..size,
        _ => return Wanted::All,
    };
    if part.is_empty() { Wanted::Nothing } else { Wanted::Part(part) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_the_header() {
        assert_eq!(
            disposition("a\"b\r\n é.zip"),
            "attachment; filename=\"a_b____.zip\"; filename*=UTF-8''a%22b%0D%0A%20%C3%A9.zip"
        );
    }

    #[test]
    fn ranges_are_read_as_http_says() {
        let cases = [
            ("bytes=0-9", Wanted::Part(0..10)),
            ("bytes=5-", Wanted::Part(5..100)),
            ("bytes=-30", Wanted::Part(70..100)),
            ("bytes=-300", Wanted::Part(0..100)),
            ("bytes=90-900", Wanted::Part(90..100)),
            ("bytes=90-18446744073709551615", Wanted::Part(90..100)),
            ("bytes=100-", Wanted::Nothing),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=9-0", Wanted::All),
            ("bytes=0-1,5-6", Wanted::All),
            ("bytes=+1-2", Wanted::All),
            ("lines=1-2", Wanted::All),
            ("bytes=-", Wanted::All),
        ];
        for (text, expected) in cases {
            assert_eq!(range(text, 100), expected, "{text}");
        }
        assert_eq!(range("bytes=0-", 0), Wanted::Nothing);
    }
}
