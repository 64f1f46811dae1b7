//! The client against servers on loopback addresses, with names that the tests resolve.

mod includes;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::get;
use futures_util::stream;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// Serves on a free port of a loopback address until the test's runtime ends.
async fn serve(ip: &str, router: Router) -> SocketAddr {
    let listener = TcpListener::bind((ip, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Serves https; each answer is these bytes.
async fn serve_https(answer: String) -> SocketAddr {
    let chain = CertificateDer::pem_slice_iter(include_bytes!("testdata/server.pem")).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("testdata/server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let Ok(byte) = stream.read_u8().await else { break };
                head.push(byte);
            }
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(include_bytes!("testdata/root.pem")).unwrap()).unwrap();
    roots
}

/// Gives these answers, one after the other; the last one for ever.
#[derive(Clone, Debug)]
struct Answers(Arc<Mutex<VecDeque<Vec<IpAddr>>>>, Arc<AtomicUsize>);

impl Answers {
    fn new(answers: &[&[&str]]) -> Self {
        let answers = answers.iter().map(|ips| ips.iter().map(|ip| ip.parse().unwrap()).collect());
        Self(Arc::new(Mutex::new(answers.collect())), Arc::default())
    }

    fn asked(&self) -> usize {
        self.1.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Resolver for Answers {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        self.1.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.0.lock().unwrap();
        let first = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        first.ok_or_else(|| io::Error::other("no such name"))
    }
}

/// A client for which 127.0.0.1 and 127.0.0.2 are as good as public.
fn client(resolver: Answers) -> Outbound {
    Outbound::new(Allow::parse(["127.0.0.1", "127.0.0.2"]).unwrap()).with_resolver(resolver)
}

fn here() -> Outbound {
    client(Answers::new(&[&["127.0.0.1"]]))
}

async fn failure(outbound: &Outbound, url: &str) -> String {
    let error = outbound.get(url, &Limits::default()).await.unwrap_err().to_string();
    assert!(!error.contains("token"), "{error}");
    error
}

#[tokio::test]
async fn a_text_is_read_and_little_is_told() {
    let echo = async |uri: Uri, headers: HeaderMap| {
        let value = |name: &str| headers.get(name).map_or("-", |value| value.to_str().unwrap()).to_owned();
        format!("{uri} {} {} {} {}", value("host"), value("user-agent"), value("cookie"), value("authorization"))
    };
    let address = serve("127.0.0.1", Router::new().route("/a/b.yml", get(echo))).await;
    let url = format!("http://CI.example.org:{}/a/b.yml?ref=x%2Fy#top", address.port());
    let text = String::from_utf8(here().get(&url, &Limits::default()).await.unwrap()).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(text, format!("/a/b.yml?ref=x%2Fy ci.example.org:{} Weir/{version} - -", address.port()));
}

#[tokio::test]
async fn what_leads_inside_is_not_asked() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let secret = async move || {
        count.fetch_add(1, Ordering::Relaxed);
        "secret"
    };
    let address = serve("127.0.0.1", Router::new().fallback(get(secret))).await;
    let port = address.port();
    let strict = Outbound::new(Allow::default());
    for host in ["127.0.0.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]", "[::1]", "localhost"] {
        let error = failure(&strict, &format!("http://{host}:{port}/?token=x")).await;
        assert!(error.contains("leads to this machine itself"), "{host}: {error}");
    }
    for (answer, problem) in [
        (&["127.0.0.1"][..], "this machine itself"),
        (&["10.0.0.1"], "a private address"),
        (&["::ffff:7f00:1"], "this machine itself"),
        (&["1.1.1.1", "127.0.0.1"], "this machine itself"),
        (&["1.1.1.1", "169.254.169.254"], "a metadata service"),
        (&[], "it has no address"),
    ] {
        let strict = Outbound::new(Allow::default()).with_resolver(Answers::new(&[answer]));
        let error = failure(&strict, &format!("http://ci.example.org:{port}/?token=x")).await;
        assert!(error.contains("ci.example.org") && error.contains(problem), "{answer:?}: {error}");
    }
    let nowhere = Outbound::new(Allow::default()).with_resolver(Answers::new(&[]));
    assert_eq!(failure(&nowhere, "http://ci.example.org/").await, "ci.example.org cannot be found: no such name");
    assert_eq!(asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_a_moment_later_gains_nothing() {
    let inside = serve("127.0.0.3", Router::new().fallback(get(async || "inside"))).await;
    let port = inside.port();
    let url = format!("http://ci.example.org:{port}/?token=x");
    // The good address has nobody at this port: whoever looked the name up again would reach the inside.
    let answers = Answers::new(&[&["127.0.0.2"], &["127.0.0.3"]]);
    let error = failure(&client(answers.clone()), &url).await;
    assert!(error.contains("cannot be reached") && answers.asked() == 1, "{error}");
    // A redirect to the same name is another look-up, and its answer is checked as the first one was.
    let back = url.clone();
    let outside = Router::new().fallback(get(async move || Redirect::temporary(&back)));
    let listener = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    tokio::spawn(async move { axum::serve(listener, outside).await });
    let answers = Answers::new(&[&["127.0.0.2"], &["127.0.0.3"]]);
    let error = failure(&client(answers.clone()), &url).await;
    assert!(error.contains("leads to this machine itself") && answers.asked() == 2, "{error}");
}

#[tokio::test]
async fn redirects_are_followed_and_checked() {
    let redirect = |to: &'static str| get(async move || Redirect::to(to));
    let router = Router::new()
        .route("/five", redirect("/four"))
        .route("/four", redirect("three"))
        .route("/three", redirect("/two?token=x"))
        .route("/two", redirect("/one"))
        .route("/one", redirect("/zero"))
        .route("/zero", get(async || "here"))
        .route("/six", redirect("/five"))
        .route("/inside", redirect("http://127.0.0.3:1/?token=x"))
        .route("/metadata", redirect("http://169.254.169.254/latest/meta-data/token"))
        .route("/file", redirect("file:///etc/passwd"))
        .route("/login", redirect("http://me:token@ci.example.org/"))
        .route("/nowhere", get(async || StatusCode::FOUND));
    let address = serve("127.0.0.1", router).await;
    let at = |path: &str| format!("http://ci.example.org:{}{path}", address.port());
    let outbound = here();
    assert_eq!(outbound.get(&at("/five"), &Limits::default()).await.unwrap(), b"here");
    for (path, problem) in [
        ("/six", "redirects more than 5 times"),
        ("/inside", "127.0.0.3 leads to this machine itself"),
        ("/metadata", "leads to a metadata service"),
        ("/file", "not file:"),
        ("/login", "has a user name or a password in it"),
        ("/nowhere", "redirects to nowhere"),
    ] {
        let error = failure(&outbound, &at(path)).await;
        assert!(error.contains(problem), "{path}: {error}");
    }
    let within = |url: &Url| !url.path().contains("two");
    let error = outbound.get_within(&at("/five"), &Limits::default(), &within).await.unwrap_err();
    assert!(matches!(error, OutboundError::Elsewhere { .. }), "{error}");
}

#[tokio::test]
async fn addresses_of_other_kinds_are_refused() {
    for (url, problem) in [
        ("ftp://ci.example.org/?token", "not ftp:"),
        ("file:///etc/passwd", "not file:"),
        ("https://me@ci.example.org/", "has a user name"),
        ("https://:token@ci.example.org/", "has a user name"),
        ("ci.yml?token", "cannot be read"),
        ("http://", "cannot be read"),
    ] {
        let error = failure(&here(), url).await;
        assert!(error.contains(problem), "{url}: {error}");
    }
}

#[tokio::test]
async fn answers_have_a_size_and_a_kind() {
    let endless = || Body::from_stream(stream::repeat_with(|| Ok::<_, io::Error>(Bytes::from_static(&[b'x'; 4096]))));
    let router = Router::new()
        .route("/exact", get(async || "x".repeat(100)))
        .route("/more", get(async || "x".repeat(101)))
        .route("/endless", get(async move || endless()))
        .route("/binary", get(async || [0_u8, 1, 2]))
        .route("/page", get(async || axum::response::Html("<p>")))
        .route("/packed", get(async || ([(header::CONTENT_ENCODING, "gzip")], "x")))
        .route("/head", get(async || ([("x-large", "x".repeat(1 << 20))], "x")))
        .route("/part", get(async || (StatusCode::PARTIAL_CONTENT, "x")))
        .route("/none", get(async || StatusCode::NO_CONTENT.into_response()));
    let address = serve("127.0.0.1", router).await;
    let limits = Limits { bytes: 100, ..Limits::default() };
    let outbound = here();
    let ask = async |path: &str| {
        outbound.get(&format!("http://ci.example.org:{}{path}?token=x", address.port()), &limits).await
    };
    assert_eq!(ask("/exact").await.unwrap().len(), 100);
    for (path, problem) in [
        ("/more", "ci.example.org answered with more than 100 bytes"),
        ("/endless", "ci.example.org answered with more than 100 bytes"),
        ("/binary", "ci.example.org answered with a binary file, and not with plain text"),
        ("/page", "ci.example.org answered with text/html, and not with plain text"),
        ("/packed", "ci.example.org answered with a compressed body, and not with plain text"),
        ("/part", "ci.example.org answered with status 206"),
        ("/none", "ci.example.org answered with status 204"),
        ("/missing", "ci.example.org answered with status 404"),
    ] {
        assert_eq!(ask(path).await.unwrap_err().to_string(), problem, "{path}");
    }
    assert!(matches!(ask("/head").await, Err(OutboundError::Unreachable { .. })));
}

#[tokio::test]
async fn the_time_is_limited_in_all() {
    let drip = || {
        Body::from_stream(stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            Some((Ok::<_, io::Error>(Bytes::from_static(b"x")), ()))
        }))
    };
    let router = Router::new()
        .route("/slow", get(async move || drip()))
        .route("/never", get(async || std::future::pending::<String>().await));
    let address = serve("127.0.0.1", router).await;
    let limits = Limits { time: Duration::from_millis(250), ..Limits::default() };
    for path in ["/slow", "/never"] {
        let url = format!("http://ci.example.org:{}{path}?token=x", address.port());
        let error = here().get(&url, &limits).await.unwrap_err();
        assert_eq!(error.to_string(), "ci.example.org took longer than 0.25 s");
    }
}

#[tokio::test]
async fn https_needs_a_certificate_of_a_trusted_root_for_the_name() {
    let plain = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\ncontent-length: 4\r\n\r\nhere";
    let port = serve_https(plain.to_owned()).await.port();
    let (limits, named) = (Limits::default(), format!("https://ci.example.org:{port}/"));
    let trusting = here().with_roots(roots());
    assert_eq!(trusting.get(&named, &limits).await.unwrap(), b"here");
    assert_eq!(trusting.get(&format!("https://127.0.0.1:{port}/"), &limits).await.unwrap(), b"here");
    let error = failure(&trusting, &format!("https://other.example.org:{port}/?token=x")).await;
    assert!(error.contains("other.example.org cannot be reached: invalid peer certificate"), "{error}");
    let error = failure(&here().with_roots(RootCertStore::empty()), &named).await;
    assert!(error.contains("UnknownIssuer"), "{error}");
    let down = format!("HTTP/1.1 302 Found\r\nlocation: http://ci.example.org:{port}/\r\ncontent-length: 0\r\n\r\n");
    let port = serve_https(down).await.port();
    let error = failure(&trusting, &format!("https://ci.example.org:{port}/?token=x")).await;
    assert_eq!(error, "ci.example.org redirects from https to http");
}
