//! One request to addresses that were checked: connect, TLS, GET, and a bounded text or a redirect.
//!
//! This is hyper's connection and no client that looks names up, follows redirects, keeps cookies or
//! unpacks bodies: what is not there needs not be switched off.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, HeaderMap};
use http::{Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use url::{Host, Position, Url};

use super::{OutboundError, host_of};

/// How long one address has to take a connection before the next is tried.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes that the head of an answer may have, about: what one read brings more is looked at too.
const HEAD: usize = 64 << 10;

/// What a request came to.
#[derive(Debug)]
pub(super) enum Answer {
    Body(Vec<u8>),
    Redirect(String),
}

/// Whom to trust. The system's certificates are read when they are first needed, and again until there
/// are any: a server without https needs none.
#[derive(Debug, Default)]
pub(super) struct Tls(OnceCell<Arc<ClientConfig>>);

impl Tls {
    pub(super) fn with_roots(roots: RootCertStore) -> Self {
        Self(OnceCell::new_with(Some(Arc::new(config(roots)))))
    }

    async fn config(&self, host: &str) -> Result<Arc<ClientConfig>, OutboundError> {
        let load = async || {
            let found = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
            let mut roots = RootCertStore::empty();
            // Certificates that cannot be read are left out, as every other program on the system does.
            roots.add_parsable_certificates(found.map(|found| found.certs).unwrap_or_default());
            if roots.is_empty() {
                return Err(OutboundError::NoRoots { host: host.to_owned() });
            }
            Ok(Arc::new(config(roots)))
        };
        self.0.get_or_try_init(load).await.cloned()
    }
}

fn config(roots: RootCertStore) -> ClientConfig {
    // Named here rather than chosen for the process: nobody has to remember to do so at its start.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has what TLS 1.2 and 1.3 need")
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// Asks the first of the addresses that takes the connection; `limit` is for the body, in bytes.
pub(super) async fn get(url: &Url, addresses: &[SocketAddr], tls: &Tls, limit: usize) -> Result<Answer, OutboundError> {
    let host = host_of(url);
    let stream = connect(&host, addresses).await?;
    if url.scheme() == "http" {
        return exchange(url, stream, limit).await;
    }
    let failed = |cause: String| OutboundError::Unreachable { host: host.clone(), cause };
    let name = match url.host() {
        Some(Host::Domain(name)) => ServerName::try_from(name.to_owned()).map_err(|error| failed(error.to_string()))?,
        Some(Host::Ipv4(ip)) => ServerName::from(std::net::IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => ServerName::from(std::net::IpAddr::V6(ip)),
        None => return Err(failed("it has no name".to_owned())),
    };
    let connector = TlsConnector::from(tls.config(&host).await?);
    let stream = connector.connect(name, stream).await.map_err(|error| failed(error.to_string()))?;
    exchange(url, stream, limit).await
}

async fn connect(host: &str, addresses: &[SocketAddr]) -> Result<TcpStream, OutboundError> {
    let mut cause = "it has no address".to_owned();
    for address in addresses {
        match tokio::time::timeout(CONNECT, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => cause = error.to_string(),
            Err(_) => cause = format!("no connection within {} s", CONNECT.as_secs()),
        }
    }
    Err(OutboundError::Unreachable { host: host.to_owned(), cause })
}

async fn exchange<S>(url: &Url, stream: S, limit: usize) -> Result<Answer, OutboundError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let host = host_of(url);
    let broken = |error: hyper::Error| OutboundError::Unreachable { host: host.clone(), cause: error.to_string() };
    let request = Request::get(&url[Position::BeforePath..Position::AfterQuery])
        .header(header::HOST, &url[Position::BeforeHost..Position::AfterPort])
        .header(header::USER_AGENT, concat!("Weir/", env!("CARGO_PKG_VERSION")))
        .header(header::ACCEPT, "text/plain, application/yaml, */*;q=0.5")
        .header(header::ACCEPT_ENCODING, "identity")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| OutboundError::Unreadable(error.to_string()))?;
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(HEAD).handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // Ends with this function, whichever way that ends: nobody reads on.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let response = sender.send_request(request).await.map_err(broken)?;
    let (head, body) = response.into_parts();
    match head.status {
        StatusCode::OK => {}
        StatusCode::MOVED_PERMANENTLY
        | StatusCode::FOUND
        | StatusCode::SEE_OTHER
        | StatusCode::TEMPORARY_REDIRECT
        | StatusCode::PERMANENT_REDIRECT => {
            let location = head.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
            let unreadable = || OutboundError::Unreadable(format!("{host} redirects to nowhere"));
            return location.map(|location| Answer::Redirect(location.to_owned())).ok_or_else(unreadable);
        }
        status => return Err(OutboundError::Status { host, status: status.as_u16() }),
    }
    if let Some(kind) = no_text(&head.headers) {
        return Err(OutboundError::NotText { host, kind });
    }
    let bytes = collect(body, limit, &host).await?;
    // Servers that do not know a file's type call it application/octet-stream, so its bytes decide.
    if bytes.contains(&0) {
        return Err(OutboundError::NotText { host, kind: "a binary file".to_owned() });
    }
    Ok(Answer::Body(bytes))
}

async fn collect(mut body: Incoming, limit: usize, host: &str) -> Result<Vec<u8>, OutboundError> {
    let too_large = || OutboundError::TooLarge { host: host.to_owned(), bytes: limit };
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame =
            frame.map_err(|error| OutboundError::Unreachable { host: host.to_owned(), cause: error.to_string() })?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes)
}

/// What the head says the body is, when that is no text. A web page counts as none: it is what a login
/// or an error looks like that comes with status 200.
fn no_text(headers: &HeaderMap) -> Option<String> {
    let value = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase());
    if let Some(coding) = value(header::CONTENT_ENCODING)
        && coding.trim() != "identity"
    {
        return Some("a compressed body".to_owned());
    }
    let kind = value(header::CONTENT_TYPE)?;
    let kind = kind.split(';').next().unwrap_or_default().trim();
    let text = match kind.split_once('/') {
        Some(("text", "html")) => false,
        Some(("text", _) | ("binary", "octet-stream")) => true,
        Some(("application", of)) => {
            matches!(of, "yaml" | "x-yaml" | "json" | "octet-stream") || of.ends_with("+yaml") || of.ends_with("+json")
        }
        _ => kind.is_empty(),
    };
    (!text).then(|| kind.chars().filter(|c| c.is_ascii_graphic()).take(80).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_is_taken() {
        let with = |kind: &str| no_text(&HeaderMap::from_iter([(header::CONTENT_TYPE, kind.parse().unwrap())]));
        for text in [
            "text/plain",
            "Text/YAML; charset=utf-8",
            "application/yaml",
            "application/octet-stream",
            "application/vnd.x+json",
            "",
        ] {
            assert_eq!(with(text), None, "{text}");
        }
        for other in ["text/html; charset=utf-8", "image/png", "application/zip", "nonsense", "font/text"] {
            assert_eq!(with(other).as_deref(), other.split(';').next(), "{other}");
        }
        assert_eq!(no_text(&HeaderMap::new()), None);
        let packed = HeaderMap::from_iter([(header::CONTENT_ENCODING, "gzip".parse().unwrap())]);
        assert_eq!(no_text(&packed).as_deref(), Some("a compressed body"));
    }
}
