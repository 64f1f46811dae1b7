//! Repositories over git's smart HTTP, to be read and never to be written, where GitLab has them:
//! `/NAMESPACE/NAME.git/info/refs` and `/NAMESPACE/NAME.git/git-upload-pack`. Runners elsewhere fetch a job's sources from
//! here, with the job's own token.
//!
//! A namespace may have the name of any page, so no pattern of the router could tell these addresses from others. What
//! tells them is their end, which no other address of ours has; they are looked for before all routes.

mod pack;

pub(super) use pack::Turns;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Caller, ErrorKind};

use super::caller::{OwnSources, Refusal, identify};
use super::{AppState, Routes, status};
use crate::service::repository::Ask;

/// The name that a job's token goes with.
const JOB: &str = "gitlab-ci-token";
/// Which version of git's protocol a client speaks.
const PROTOCOL: HeaderName = HeaderName::from_static("git-protocol");
/// What a client of another name than ours is told: scripts and runners show what they have, people are asked.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"Weir\", charset=\"UTF-8\"");

/// The list alone: [`serve`] looks for these addresses itself.
pub(super) fn router() -> Routes<AppState> {
    let list = [
        (Method::GET, "/{*path}.git/info/refs"),
        (Method::POST, "/{*path}.git/git-upload-pack"),
        (Method::POST, "/{*path}.git/git-receive-pack"),
    ];
    Routes::listed(axum::Router::new(), list.map(|(method, path)| (method, path.to_owned())))
}

/// Answers what git asks, and passes on everything else.
pub(super) async fn serve(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match Wanted::of(request.method(), request.uri().path(), request.uri().query()) {
        None => next.run(request).await,
        Some(Wanted::Push) => {
            Refused::new(StatusCode::FORBIDDEN, "repositories are read here: push to where this one comes from")
                .into_response()
        }
        Some(Wanted::Read { path, ask }) => {
            let path = path.to_owned();
            read(&state, &path, ask, request).await.unwrap_or_else(IntoResponse::into_response)
        }
    }
}

/// Whether an address is one of these, as far as its path tells. Whoever asks shows a token each time.
pub(super) fn is_repository(path: &str) -> bool {
    ["info/refs", "git-upload-pack", "git-receive-pack"]
        .iter()
        .any(|end| path.strip_suffix(end).is_some_and(|rest| rest.ends_with(".git/")))
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted<'a> {
    Read { path: &'a str, ask: Ask },
    Push,
}

impl<'a> Wanted<'a> {
    fn of(method: &Method, path: &'a str, query: Option<&str>) -> Option<Self> {
        let of = |end| path.strip_suffix(end)?.strip_suffix(".git")?.strip_prefix('/');
        match *method {
            Method::GET | Method::HEAD => {
                let path = of("/info/refs")?;
                let mut services = query?.split('&').filter_map(|pair| pair.strip_prefix("service="));
                // Without a service it is the protocol that has files, which nobody has asked for in years.
                match (services.next()?, services.next()) {
                    ("git-upload-pack", None) => Some(Self::Read { path, ask: Ask::Refs }),
                    ("git-receive-pack", None) => Some(Self::Push),
                    _ => None,
                }
            }
            Method::POST if of("/git-receive-pack").is_some() => Some(Self::Push),
            Method::POST => Some(Self::Read { path: of("/git-upload-pack")?, ask: Ask::Pack }),
            _ => None,
        }
    }
}

async fn read(state: &AppState, path: &str, ask: Ask, request: Request) -> Result<Response, Refused> {
    let (mut parts, body) = request.into_parts();
    let caller = who(state, &mut parts).await?;
    let mirror = state.weir.repository(&caller, path).await.map_err(Refused::from)?;
    let kind = match ask {
        Ask::Refs => "application/x-git-upload-pack-advertisement",
        Ask::Pack => {
            let sent = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
            if sent != Some(b"application/x-git-upload-pack-request") {
                return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this address is for git"));
            }
            "application/x-git-upload-pack-result"
        }
    };
    let body = pack::stream(state, &caller, &mirror, ask, version(&parts.headers), &parts.headers, body).await?;
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache, max-age=0, must-revalidate")),
    ];
    Ok((headers, body).into_response())
}

/// Who asks. git knows names and passwords only: a job's token has its own name, all others are a token of whatever name.
async fn who(state: &AppState, parts: &mut Parts) -> Result<Caller, Refused> {
    parts.extensions.insert(OwnSources);
    let basic =
        basic(&parts.headers).map_err(|Unreadable| Refused::sign_in("the header Authorization cannot be read"))?;
    if let Some((name, secret)) = basic {
        let secret = HeaderValue::try_from(secret).map_err(|_| Refused::sign_in("the password is no token"))?;
        parts.headers.remove(AUTHORIZATION);
        let header = if name == JOB { "job-token" } else { "private-token" };
        parts.headers.append(HeaderName::from_static(header), secret);
    }
    let caller = identify(state, parts).await.map_err(|refusal| match refusal {
        Refusal::Token(why) => Refused::sign_in(&why),
        Refusal::Ended(why) => Refused::sign_in(&why.to_string()),
        Refusal::Rate(verdict) => Refused::Made(Box::new(verdict.refusal())),
        Refusal::Fault(error) => Refused::from(error),
    })?;
    // Whether there is such a repository is told to nobody who has not said who they are.
    if caller.is_signed_in() { Ok(caller) } else { Err(Refused::sign_in("this takes a token, as the password")) }
}

/// A header that says something else than it should.
#[derive(Debug, PartialEq, Eq)]
struct Unreadable;

/// Name and password of `Authorization: Basic`.
fn basic(headers: &HeaderMap) -> Result<Option<(String, String)>, Unreadable> {
    let value = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((scheme, rest)) = value.and_then(|value| value.split_once(' ')) else { return Ok(None) };
    if !scheme.eq_ignore_ascii_case("basic") {
        return Ok(None);
    }
    let bytes = STANDARD.decode(rest.trim()).map_err(|_| Unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| Unreadable)?;
    let (name, secret) = text.split_once(':').ok_or(Unreadable)?;
    Ok(Some((name.to_owned(), secret.to_owned())))
}

/// The version of git's protocol: the greatest that client and server know.
fn version(headers: &HeaderMap) -> u8 {
    let said = headers.get(PROTOCOL).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let versions = said.split(':').filter_map(|pair| pair.strip_prefix("version=")?.parse().ok());
    versions.filter(|version| *version <= 2).max().unwrap_or(0)
}

/// A refusal in the words of a text, which git shows to whoever runs it.
#[derive(Debug)]
enum Refused {
    Text { status: StatusCode, text: String },
    Made(Box<Response>),
}

impl Refused {
    fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self::Text { status, text: text.into() }
    }

    fn sign_in(text: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, text)
    }
}

impl From<model::Error> for Refused {
    fn from(error: model::Error) -> Self {
        if error.kind == ErrorKind::NotFound {
            return Self::new(StatusCode::NOT_FOUND, "there is no such repository, or it is not visible");
        }
        Self::new(status(error.kind), error.message)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        match self {
            Self::Made(response) => *response,
            Self::Text { status, text } => {
                let kind = (CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
                let mut response = (status, [kind], format!("{text}\n")).into_response();
                if status == StatusCode::UNAUTHORIZED {
                    response.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
                }
                response
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_an_address_tells_what_git_wants() {
        let of = |method: &Method, path: &str, query: Option<&str>| {
            Wanted::of(method, path, query).map(|wanted| match wanted {
                Wanted::Read { path, ask } => format!("{ask:?} {path}"),
                Wanted::Push => "push".to_owned(),
            })
        };
        let refs = Some("service=git-upload-pack");
        for (method, path, query, want) in [
            (Method::GET, "/shop/web.git/info/refs", refs, Some("Refs shop/web")),
            (Method::HEAD, "/shop/web.git/info/refs", refs, Some("Refs shop/web")),
            // A namespace may be called like a page or a dialect.
            (Method::GET, "/projects/web.git/info/refs", refs, Some("Refs projects/web")),
            (Method::POST, "/api/v4.git/git-upload-pack", None, Some("Pack api/v4")),
            (Method::POST, "/shop/web.git.git/git-upload-pack", None, Some("Pack shop/web.git")),
            (Method::GET, "/shop/web.git/info/refs", Some("service=git-receive-pack"), Some("push")),
            (Method::POST, "/shop/web.git/git-receive-pack", None, Some("push")),
            (Method::GET, "/shop/web.git/info/refs", None, None),
            (Method::GET, "/shop/web.git/info/refs", Some("service=x"), None),
            (Method::GET, "/shop/web.git/info/refs", Some("service=git-upload-pack&service=git-receive-pack"), None),
            (Method::GET, "/shop/web/info/refs", refs, None),
            (Method::GET, "/shop/web.git/git-upload-pack", None, None),
            (Method::DELETE, "/shop/web.git/git-upload-pack", None, None),
            (Method::GET, "/shop/web.git/HEAD", None, None),
        ] {
            assert_eq!(of(&method, path, query).as_deref(), want, "{method} {path}");
        }
    }

    #[test]
    fn names_passwords_and_versions_are_read() {
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(AUTHORIZATION, text.parse().unwrap());
            basic(&headers)
        };
        let some = |name: &str, secret: &str| Ok(Some((name.to_owned(), secret.to_owned())));
        assert_eq!(of("Basic Z2l0bGFiLWNpLXRva2VuOmdsY2J0LTE6Mg=="), some("gitlab-ci-token", "glcbt-1:2"));
        assert_eq!(of("basic OnB3"), some("", "pw"));
        assert_eq!((of("Basic !"), of("Basic bm9uZQ=="), of("Bearer x")), (Err(Unreadable), Err(Unreadable), Ok(None)));
        for (said, want) in [("version=2", 2), ("version=1:version=2", 2), ("version=9", 0), ("x", 0), ("version=1", 1)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(PROTOCOL, said.parse().unwrap());
            assert_eq!(version(&headers), want, "{said}");
        }
    }
}
