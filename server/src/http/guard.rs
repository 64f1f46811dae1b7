//! What keeps other web sites away from a server that trusts everybody on its machine: the names
//! it answers to (DNS rebinding) and where a browser's request comes from (cross-site requests).

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::{AppState, refusals};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what a foreign page could have made a browser send. Clients that are no browsers send
/// none of these headers and pass.
pub(super) async fn check(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let streams = request.uri().path().starts_with("/live/");
    match verdict(request.headers(), request.method(), streams, state.options.port) {
        Ok(()) => next.run(request).await,
        Err(text) => {
            tracing::warn!(reason = text, "refused a request that is not from this machine's own pages");
            refusals::answer(StatusCode::FORBIDDEN, text)
        }
    }
}

fn verdict(headers: &HeaderMap, method: &Method, stream: bool, port: u16) -> Result<(), &'static str> {
    let mut hosts = headers.get_all(HOST).iter();
    if let Some(host) = hosts.next() {
        let own = host.to_str().is_ok_and(|host| is_own(host, port));
        if !own || hosts.next().is_some() {
            return Err("this server answers to localhost, 127.0.0.1 and [::1] only");
        }
    }
    if let Some(origin) = headers.get(ORIGIN) {
        let authority = origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://"));
        if !authority.is_some_and(|authority| is_own(authority, port)) {
            return Err("requests from pages of another origin are refused");
        }
    }
    let changes = !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let foreign = headers.get(FETCH_SITE).is_some_and(|site| !matches!(site.as_bytes(), b"same-origin" | b"none"));
    if (changes || stream) && foreign {
        return Err("requests from pages of another site are refused");
    }
    Ok(())
}

/// Whether `host` or `host:port` names this server on this machine.
fn is_own(text: &str, port: u16) -> bool {
    let Ok(authority) = text.parse::<Authority>() else { return false };
    let named = matches!(authority.host().to_ascii_lowercase().as_str(), "localhost" | "127.0.0.1" | "[::1]");
    // No `user@` and no empty port behind the colon.
    let plain = !text.contains('@') && !text.ends_with(':');
    named && plain && authority.port_u16().is_none_or(|given| given == port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(method: Method, stream: bool, headers: &[(&str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        verdict(&map, &method, stream, 9433).is_ok()
    }

    #[test]
    fn only_this_machines_names_are_answered_to() {
        for host in ["localhost:9433", "LOCALHOST", "127.0.0.1:9433", "127.0.0.1", "[::1]:9433", "[::1]"] {
            assert!(judge(Method::GET, false, &[("host", host)]), "{host}");
        }
        let foreign = [
            "evil.example",
            "evil.example:9433",
            "localhost.evil.example:9433",
            "127.0.0.1.evil.example",
            "localhost:80",
            "127.0.0.2:9433",
            "0.0.0.0:9433",
            "[::]:9433",
            "user@localhost:9433",
            "localhost:",
            "",
            "localhost:9433, evil.example",
            "2130706433:9433",
        ];
        for host in foreign {
            assert!(!judge(Method::GET, false, &[("host", host)]), "{host}");
        }
        assert!(!judge(Method::GET, false, &[("host", "localhost"), ("host", "localhost")]));
    }

    #[test]
    fn pages_of_other_origins_change_nothing_and_hear_nothing() {
        let host = ("host", "localhost:9433");
        assert!(judge(Method::POST, false, &[host]), "curl");
        assert!(judge(
            Method::POST,
            false,
            &[host, ("origin", "http://localhost:9433"), ("sec-fetch-site", "same-origin")]
        ));
        assert!(judge(Method::POST, false, &[host, ("origin", "http://127.0.0.1:9433")]));
        let foreign = ["null", "http://evil.example", "https://localhost:9433", "http://localhost:3000", "file://"];
        for origin in foreign {
            assert!(!judge(Method::POST, false, &[host, ("origin", origin)]), "{origin}");
            assert!(!judge(Method::GET, true, &[host, ("origin", origin)]), "{origin}");
        }
        for site in ["cross-site", "same-site"] {
            assert!(!judge(Method::POST, false, &[host, ("sec-fetch-site", site)]));
            assert!(!judge(Method::GET, true, &[host, ("sec-fetch-site", site)]));
            assert!(judge(Method::GET, false, &[host, ("sec-fetch-site", site)]), "a link from elsewhere");
        }
        assert!(judge(Method::GET, true, &[host, ("sec-fetch-site", "none")]));
    }
}
