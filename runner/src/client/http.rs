//! HTTP/1.1 over a Unix socket or TCP, with the connections kept.
//!
//! A thin layer over hyper instead of a general client: the runner needs to know whether the server
//! was reached at all, talks to one address only, and sends several requests per short job.

use std::{
    io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited, combinators::UnsyncBoxBody};
use hyper::{
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream},
    time::timeout,
};

use super::tls::Tls;

/// The body of a request.
pub(crate) type Body = UnsyncBoxBody<Bytes, io::Error>;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_IDLE: usize = 32;

/// Where the server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A Unix socket in the file system.
    Unix(PathBuf),
    /// `http://host:port/prefix`, or the same with `https://`.
    Http(String),
}

/// Why an endpoint cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not an http:// or https:// address")]
pub struct EndpointError(String);

enum Address {
    Unix(PathBuf),
    Tcp(String),
    Tls(String, Tls),
}

/// A request that got no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    #[error("failed to connect: {0}")]
    Connect(#[source] io::Error),
    #[error("the connection broke: {0}")]
    Broken(#[source] hyper::Error),
    #[error("no answer within {0:?}")]
    Slow(Duration),
    #[error("failed to read the answer: {0}")]
    Body(String),
}

/// Connections to one server.
pub(crate) struct Http {
    address: Address,
    host: String,
    prefix: String,
    idle: Mutex<Vec<SendRequest<Body>>>,
}

/// An answer whose body is still to be read.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Incoming,
    connection: SendRequest<Body>,
}

pub(crate) fn body(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

impl Http {
    pub(crate) fn new(endpoint: &Endpoint) -> Result<Self, EndpointError> {
        let (address, host, prefix) = match endpoint {
            Endpoint::Unix(path) => (Address::Unix(path.clone()), "localhost".to_owned(), String::new()),
            Endpoint::Http(url) => {
                let plain = url.strip_prefix("http://");
                let rest = plain.or_else(|| url.strip_prefix("https://")).ok_or_else(|| EndpointError(url.clone()))?;
                let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                if host.is_empty() || host.contains(['@', '?', '#']) {
                    return Err(EndpointError(url.clone()));
                }
                let path = path.trim_end_matches('/');
                // Runners are often given the address of GitLab's former `/ci` page.
                let path = path.strip_suffix("/ci").unwrap_or(if path == "ci" { "" } else { path });
                let prefix = if path.is_empty() { String::new() } else { format!("/{path}") };
                let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
                let target = |port| if has_port { host.to_owned() } else { format!("{host}:{port}") };
                let address = match plain {
                    Some(_) => Address::Tcp(target(80)),
                    None => Address::Tls(target(443), Tls::new(host).ok_or_else(|| EndpointError(url.clone()))?),
                };
                (address, host.to_owned(), prefix)
            }
        };
        Ok(Self { address, host, prefix, idle: Mutex::default() })
    }

    pub(crate) fn is_local(&self) -> bool {
        matches!(self.address, Address::Unix(_))
    }

    /// Sends a request to `/api/v4{path}` and waits at most `limit` for the head of the answer.
    ///
    /// A connection that was kept may have died unnoticed. `fresh` makes a second body for that case.
    pub(crate) async fn send(
        &self,
        request: impl Fn() -> http::request::Builder,
        fresh: impl Fn() -> Body,
        limit: Duration,
    ) -> Result<Answer, HttpError> {
        timeout(limit, async {
            while let Some(connection) = self.kept() {
                match self.exchange(connection, &request, fresh()).await {
                    Err(HttpError::Broken(error)) if error.is_canceled() || error.is_closed() => {}
                    other => return other,
                }
            }
            let connection = self.connect().await?;
            self.exchange(connection, &request, fresh()).await
        })
        .await
        .unwrap_or(Err(HttpError::Slow(limit)))
    }

    /// The full path of an address below the API's root.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}/api/v4{path}", self.prefix)
    }

    async fn exchange(
        &self,
        mut connection: SendRequest<Body>,
        request: &impl Fn() -> http::request::Builder,
        body: Body,
    ) -> Result<Answer, HttpError> {
        connection.ready().await.map_err(HttpError::Broken)?;
        let request: Request<Body> = request()
            .header(header::HOST, &self.host)
            .header(header::USER_AGENT, super::USER_AGENT)
            .body(body)
            .map_err(|error| HttpError::Connect(io::Error::new(io::ErrorKind::InvalidInput, error)))?;
        let answer = connection.send_request(request).await.map_err(HttpError::Broken)?;
        let (head, body) = answer.into_parts();
        Ok(Answer { status: head.status, headers: head.headers, body, connection })
    }

    fn kept(&self) -> Option<SendRequest<Body>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(connection) = idle.pop() {
            if !connection.is_closed() {
                return Some(connection);
            }
        }
        None
    }

    fn keep(&self, connection: SendRequest<Body>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !connection.is_closed() && idle.len() < MAX_IDLE {
            idle.push(connection);
        }
    }

    async fn connect(&self) -> Result<SendRequest<Body>, HttpError> {
        let connecting = async {
            match &self.address {
                Address::Unix(path) => Ok(Self::hello(UnixStream::connect(path).await?).await),
                Address::Tcp(target) => {
                    let stream = TcpStream::connect(target).await?;
                    stream.set_nodelay(true)?;
                    Ok(Self::hello(stream).await)
                }
                Address::Tls(target, tls) => {
                    let stream = TcpStream::connect(target).await?;
                    stream.set_nodelay(true)?;
                    Ok(Self::hello(tls.connect(stream).await?).await)
                }
            }
        };
        let connected = timeout(CONNECT_TIMEOUT, connecting).await;
        connected.unwrap_or(Err(io::ErrorKind::TimedOut.into())).map_err(HttpError::Connect)?.map_err(HttpError::Broken)
    }

    async fn hello(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<SendRequest<Body>, hyper::Error> {
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(async move {
            // How a connection ends shows in the request that used it.
            let _ = connection.await;
        });
        Ok(sender)
    }
}

impl Answer {
    /// The text of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Reads the whole body, and keeps the connection for the next request.
    pub(crate) async fn read(self, http: &Http, limit: usize) -> Result<Bytes, HttpError> {
        let bytes =
            Limited::new(self.body, limit).collect().await.map_err(|error| HttpError::Body(error.to_string()))?;
        http.keep(self.connection);
        Ok(bytes.to_bytes())
    }

    /// The next piece of a long body.
    pub(crate) async fn piece(&mut self) -> Result<Option<Bytes>, HttpError> {
        while let Some(frame) = self.body.frame().await {
            if let Ok(data) = frame.map_err(HttpError::Broken)?.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_the_reference_client_reads_them() {
        let http = |url: &str| Http::new(&Endpoint::Http(url.to_owned()));
        assert_eq!(http("http://ci.example:8080/git/").unwrap().path("/jobs/1"), "/git/api/v4/jobs/1");
        assert_eq!(http("http://ci.example/ci").unwrap().path("/jobs/1"), "/api/v4/jobs/1");
        assert_eq!(http("http://ci.example/a/ci/").unwrap().path("/jobs/1"), "/a/api/v4/jobs/1");
        assert!(
            matches!(&http("http://ci.example").unwrap().address, Address::Tcp(target) if target == "ci.example:80")
        );
        for (url, want) in [("https://ci.example/", "ci.example:443"), ("https://[::1]:8443", "[::1]:8443")] {
            assert!(matches!(&http(url).unwrap().address, Address::Tls(target, _) if target == want), "{url}");
        }
        for wrong in ["ftp://ci.example", "https://a b", "ci.example", "http://", "http://user:pass@host/"] {
            assert!(http(wrong).is_err(), "{wrong}");
        }
    }
}
