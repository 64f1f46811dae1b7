//! Signed requests of Huawei's SDKs (`SDK-HMAC-SHA256`): contracts/codearts.md, section 3.2, step by step.
//!
//! The secret key signs directly, so it is stored recoverably (sealed), unlike a token. What is signed is the request
//! as it came over the wire: the raw target, raw header values and raw body, before anything decodes them.

use std::borrow::Cow;

use hmac::{Hmac, KeyInit, Mac};
use model::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

mod replay;

pub use replay::Replays;

/// How far the request's clock may be off, in either direction, in milliseconds.
pub const WINDOW_MS: i64 = 15 * 60 * 1000;

const ALGORITHM: &str = "SDK-HMAC-SHA256";
const DATE: &str = "x-sdk-date";
const CONTENT: &str = "x-sdk-content-sha256";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";
/// How the SDKs begin their `User-Agent`, in every language.
const SDK: &str = "huaweicloud-usdk-";
/// Longest access key that is looked up, in bytes.
const MAX_ACCESS: usize = 128;
/// Most headers that are signed. The SDK signs about five.
const MAX_HEADERS: usize = 64;

/// Why a signed request is refused: always 401 with `{"error_msg", "error_code", "request_id"}`. The text is the
/// contract's `error_msg`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// Another algorithm, or no `Authorization` of the form that the SDK writes.
    #[error(
        "{PREFIX}: verify aksk signature fail: \
         the Authorization header is not \"{ALGORITHM} Access=…, SignedHeaders=…, Signature=…\""
    )]
    Malformed,
    /// No such access key, or it was revoked.
    #[error("{PREFIX}: Get secretKey failed,ak:{0},err:ak not exist")]
    UnknownKey(String),
    /// A header that has to be signed is not among the signed ones.
    #[error("{PREFIX}: verify aksk signature fail: the header {0} is not signed")]
    NotSigned(&'static str),
    /// A signed header did not come, or came more than once, which could mean two things.
    #[error("{PREFIX}: verify aksk signature fail: the signed header {0} has to come exactly once")]
    Header(String),
    /// `X-Sdk-Date` is no date.
    #[error("{PREFIX}: verify aksk signature fail: X-Sdk-Date is not written YYYYMMDDTHHMMSSZ")]
    Date,
    /// More than [`WINDOW_MS`] off.
    #[error("{PREFIX}: verify aksk signature fail: X-Sdk-Date is more than 15 minutes off; the server's time is {0}")]
    Skewed(Timestamp),
    /// The body is not the one whose hash was signed.
    #[error("{PREFIX}: verify aksk signature fail: the body is not the one that was signed")]
    Body,
    /// The signature is another one: wrong secret key, or the request was changed on its way.
    #[error("{PREFIX}: verify aksk signature fail")]
    Mismatch,
    /// The same signed request came before.
    #[error("{PREFIX}: verify aksk signature fail: this request was answered before")]
    Replayed,
}

const PREFIX: &str = "Incorrect IAM authentication information";

impl SignError {
    /// The contract's `error_code`, the same for all of them.
    pub const CODE: &'static str = "APIGW.0301";
}

/// The `Authorization` header of a signed request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signed<'a> {
    /// The access key: whose secret key is to be looked up.
    pub access: &'a str,
    /// Names of the signed headers, separated by `;`.
    headers: &'a str,
    signature: [u8; 32],
}

impl<'a> Signed<'a> {
    /// Whether the header is meant to be a signature of this kind. The SDK can be set to other algorithms: those are
    /// not served, and not taken for another kind of credentials either.
    pub fn is_meant(authorization: &str) -> bool {
        let algorithm = authorization.split_ascii_whitespace().next().unwrap_or_default();
        algorithm.starts_with("SDK-") || algorithm == "V11-HMAC-SHA256"
    }

    /// Reads the header's value.
    pub fn parse(authorization: &'a str) -> Result<Self, SignError> {
        let is_word = |text: &str| !text.is_empty() && !text.contains(|c: char| c == ',' || c.is_whitespace());
        let parts = || {
            let rest = authorization.strip_prefix(ALGORITHM)?.strip_prefix(" Access=")?;
            let (access, rest) = rest.split_once(", SignedHeaders=")?;
            let (headers, digits) = rest.split_once(", Signature=")?;
            let mut signature = [0; 32];
            let is_lower = digits.bytes().all(|digit| !digit.is_ascii_uppercase());
            (is_lower && hex::decode_to_slice(digits, &mut signature).is_ok()).then_some(())?;
            (is_word(access) && is_word(headers) && access.len() <= MAX_ACCESS).then_some(())?;
            (headers.split(';').count() <= MAX_HEADERS).then_some(Self { access, headers, signature })
        };
        parts().ok_or(SignError::Malformed)
    }

    fn names(&self, name: &str) -> bool {
        self.headers.split(';').any(|signed| signed == name)
    }
}

/// The request as it came.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `GET` …
    pub method: &'a str,
    /// Path and query as they were on the wire: not decoded, not routed.
    pub target: &'a str,
    /// Names in any case, values as bytes, in the order in which they came.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// All of it. Bounded by the caller: the contract allows 12 MB.
    pub body: &'a [u8],
}

impl Request<'_> {
    /// Whether a repetition could change something: those are remembered in [`Replays`].
    pub fn is_write(&self) -> bool {
        !matches!(self.method, "GET" | "HEAD" | "OPTIONS")
    }

    fn header(&self, name: &str) -> Result<&[u8], SignError> {
        let mut values =
            self.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(trim(value)),
            _ => Err(SignError::Header(name.to_owned())),
        }
    }
}

/// A request whose signature is right; what [`Replays`] remembers of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// When the client signed, to the second.
    pub date: Timestamp,
    /// The signature itself.
    pub signature: [u8; 32],
    /// Whether its client may have meant it twice: an SDK, whose dates have whole seconds, that signed the body too.
    /// Without the body the same signature fits any other.
    pub may_repeat: bool,
}

/// When the request says that it was signed; refused unless that is within [`WINDOW_MS`] of `now`. Worth asking before
/// the body is read.
pub fn check_date<'a>(
    signed: Signed<'_>,
    request: &'a Request<'_>,
    now: Timestamp,
) -> Result<(Timestamp, &'a str), SignError> {
    for name in ["host", DATE] {
        if !signed.names(name) {
            return Err(SignError::NotSigned(name));
        }
    }
    let date_text = std::str::from_utf8(request.header(DATE)?).map_err(|_| SignError::Date)?;
    let date = parse_date(date_text).ok_or(SignError::Date)?;
    if now.0.abs_diff(date.0) > WINDOW_MS.unsigned_abs() {
        return Err(SignError::Skewed(now));
    }
    Ok((date, date_text))
}

/// Whether the owner of `secret` signed `request` within [`WINDOW_MS`] of `now`.
pub fn verify(signed: Signed<'_>, request: &Request<'_>, secret: &str, now: Timestamp) -> Result<Verified, SignError> {
    let (date, date_text) = check_date(signed, request, now)?;
    let canonical = canonical_request(signed, request)?;
    let hash = hex::encode(Sha256::digest(&canonical));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key of any length");
    mac.update(format!("{ALGORITHM}\n{date_text}\n{hash}").as_bytes());
    let computed: [u8; 32] = mac.finalize().into_bytes().into();
    if bool::from(computed.ct_eq(&signed.signature)) {
        let may_repeat = is_of_sdk(signed, request)? && !is_unsigned(signed, request)?;
        Ok(Verified { date, signature: signed.signature, may_repeat })
    } else {
        Err(SignError::Mismatch)
    }
}

fn canonical_request(signed: Signed<'_>, request: &Request<'_>) -> Result<Vec<u8>, SignError> {
    let (path, query) = request.target.split_once('?').unwrap_or((request.target, ""));
    let mut text = request.method.to_ascii_uppercase().into_bytes();
    text.push(b'\n');
    // Decoded as a whole before it is split: an encoded slash separates too.
    encode(&decode(path), b"/", &mut text);
    if text.last() != Some(&b'/') {
        text.push(b'/');
    }
    text.push(b'\n');
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<_> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    pairs.sort_unstable();
    for (at, (name, value)) in pairs.iter().enumerate() {
        text.extend_from_slice(if at == 0 { b"" } else { b"&" });
        encode(name, b"", &mut text);
        text.push(b'=');
        encode(value, b"", &mut text);
    }
    text.push(b'\n');
    for name in signed.headers.split(';') {
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        text.extend_from_slice(request.header(name)?);
        text.push(b'\n');
    }
    text.push(b'\n');
    text.extend_from_slice(signed.headers.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(&body_hash(signed, request)?);
    Ok(text)
}

/// Whether the request says that one of Huawei's SDKs signed it, and that is among what was signed.
fn is_of_sdk(signed: Signed<'_>, request: &Request<'_>) -> Result<bool, SignError> {
    Ok(signed.names("user-agent") && request.header("user-agent")?.starts_with(SDK.as_bytes()))
}

/// Whether the body was left out of what was signed. An empty one is signed always.
fn is_unsigned(signed: Signed<'_>, request: &Request<'_>) -> Result<bool, SignError> {
    Ok(!request.body.is_empty() && signed.names(CONTENT) && request.header(CONTENT)? == UNSIGNED.as_bytes())
}

fn body_hash<'a>(signed: Signed<'_>, request: &'a Request<'_>) -> Result<Cow<'a, [u8]>, SignError> {
    let hash = || hex::encode(Sha256::digest(request.body)).into_bytes();
    if request.body.is_empty() || !signed.names(CONTENT) {
        return Ok(Cow::Owned(hash()));
    }
    let named = request.header(CONTENT)?;
    // A hash that was signed is worth nothing unless the body is held against it. What the SDK does not sign at all
    // (uploads) is the contract's: there the transport has to protect it.
    if named == UNSIGNED.as_bytes() || named == hash() { Ok(Cow::Borrowed(named)) } else { Err(SignError::Body) }
}

/// `20260102T030405Z`, UTC.
fn parse_date(text: &str) -> Option<Timestamp> {
    let is_digit = |at: usize| text.as_bytes()[at].is_ascii_digit();
    let fits = text.len() == 16
        && (0..16).all(|at| match at {
            8 => text.as_bytes()[at] == b'T',
            15 => text.as_bytes()[at] == b'Z',
            _ => is_digit(at),
        });
    fits.then_some(())?;
    let part = |from: usize, to: usize| &text[from..to];
    let (date, time) = ((part(0, 4), part(4, 6), part(6, 8)), (part(9, 11), part(11, 13), part(13, 15)));
    Timestamp::parse(&format!("{}-{}-{}T{}:{}:{}Z", date.0, date.1, date.2, time.0, time.1, time.2))
}

/// White space as the SDK strips it: Unicode's, where the bytes are text.
fn trim(value: &[u8]) -> &[u8] {
    std::str::from_utf8(value).map_or(value.trim_ascii(), |text| text.trim().as_bytes())
}

/// Percent-decoding, once; a plus stays a plus.
pub fn decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let mut byte = [bytes[at]];
        let digits = bytes.get(at + 1..at + 3).filter(|_| byte[0] == b'%');
        let is_code = digits.is_some_and(|digits| hex::decode_to_slice(digits, &mut byte).is_ok());
        decoded.push(byte[0]);
        at += if is_code { 3 } else { 1 };
    }
    decoded
}

/// Percent-encoding of all but `A-Z a-z 0-9 - _ . ~` and `kept`.
fn encode(bytes: &[u8], kept: &[u8], text: &mut Vec<u8>) {
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || kept.contains(&byte) {
            text.push(byte);
        } else {
            const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
            text.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
}

#[cfg(test)]
#[path = "aksk_tests.rs"]
mod tests;
