//! Headers that every answer carries.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, Entry, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{Extensions, HeaderMap, StatusCode, Version};
use axum::response::Response;

/// What answers that are no pages may do in a browser: nothing.
const INERT: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

/// What GitLab says on its API: every answer is asked for again.
const REVALIDATE: &str = "max-age=0, private, must-revalidate";

/// Why something is refused, in a sentence, where the words of the interface do not say it. Percent-encoded where it is
/// not plain ASCII.
pub const REASON: HeaderName = HeaderName::from_static("x-weir-reason");

const EVERYWHERE: [(HeaderName, &str); 6] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // Plain forms are led back to their page by the referrer.
    (REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), \
         payment=(), usb=()",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (CACHE_CONTROL, REVALIDATE),
];

/// Adds what the handler has not said itself.
pub(super) async fn secure(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for (name, value) in EVERYWHERE.into_iter().chain([(CONTENT_SECURITY_POLICY, INERT)]) {
        if let Entry::Vacant(vacant) = headers.entry(name) {
            vacant.insert(HeaderValue::from_static(value));
        }
    }
    response
}

/// Whether an answer is none of those that clients keep as a file: traces, archives and what is in them, whichever
/// interface they are asked of.
pub(super) fn is_no_file(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    !headers.contains_key(CONTENT_DISPOSITION)
}

/// The REST interfaces' own: nothing of them is ever kept.
pub(super) async fn interface(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(REVALIDATE));
    response
}

/// What a page may do. Scripts are ours or carry the nonce of this answer; `'wasm-unsafe-eval'`
/// allows compiling WebAssembly and nothing else.
pub(super) fn page(nonce: &str) -> Option<HeaderValue> {
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; object-src 'none'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).ok()
}
