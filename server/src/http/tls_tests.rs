//! Certificates that are made here, and clients that check them.

use std::net::SocketAddr;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ProtocolVersion, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;

use super::*;

/// A certificate of its own making for `weir.example`, and its key, both in PEM.
fn made(until_year: i32) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["weir.example".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until_year, 2, 3);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

struct Files {
    folder: TempDir,
}

impl Files {
    fn new((certificate, key): &(String, String)) -> Self {
        let files = Self { folder: TempDir::new().unwrap() };
        files.put(certificate, key);
        files
    }

    fn certificate(&self) -> PathBuf {
        self.folder.path().join("fullchain.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("privkey.pem")
    }

    /// Replaces both, as those do who renew certificates.
    fn put(&self, certificate: &str, key: &str) {
        for (path, text, mode) in [(self.certificate(), certificate, 0o644), (self.key(), key, 0o600)] {
            let fresh = path.with_extension("new");
            fs::write(&fresh, text).unwrap();
            fs::set_permissions(&fresh, fs::Permissions::from_mode(mode)).unwrap();
            fs::rename(&fresh, path).unwrap();
        }
    }

    fn read(&self) -> Result<Tls, TlsError> {
        Tls::read(&self.certificate(), &self.key())
    }

    fn failure(&self) -> String {
        self.read().unwrap_err().to_string()
    }
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn client(trusted: &str, alpn: &[&str], versions: &[&'static rustls::SupportedProtocolVersion]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(der(trusted)).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

/// Accepts one connection after the other, as `serve` does.
async fn serve(tls: Tls) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                if let Some(mut stream) = tls.accept(stream).await {
                    let _ = stream.write_all(b"hello").await;
                    let _ = stream.shutdown().await;
                }
            });
        }
    });
    address
}

/// What a client gets that trusts this certificate.
async fn hello(address: SocketAddr, connector: TlsConnector) -> io::Result<(String, Option<ProtocolVersion>)> {
    let name = ServerName::try_from("weir.example").unwrap();
    let mut stream = connector.connect(name, TcpStream::connect(address).await?).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok((text, stream.get_ref().1.protocol_version()))
}

#[tokio::test]
async fn a_client_that_checks_is_content() {
    let pair = made(2099);
    let address = serve(Files::new(&pair).read().unwrap()).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let said = hello(address, client(&pair.0, &["h2", "http/1.1"], &[version])).await.unwrap();
        assert_eq!(said, ("hello".to_owned(), Some(version.version)));
        hello(address, client(&pair.0, &[], &[version])).await.unwrap();
        assert!(hello(address, client(&pair.0, &["h2"], &[version])).await.is_err(), "not spoken here");
    }
    let stranger = client(&made(2099).0, &[], rustls::ALL_VERSIONS);
    assert!(hello(address, stranger).await.is_err());
}

#[tokio::test]
async fn whoever_speaks_plain_http_is_told_and_let_go() {
    let address = serve(Files::new(&made(2099)).read().unwrap()).await;
    let mut stream = TcpStream::connect(address).await.unwrap();
    // More than is read at once, so that a careless end would be a reset.
    let request = format!("POST / HTTP/1.1\r\nHost: weir.example\r\nContent-Length: 9999\r\n\r\n{}", "x".repeat(9999));
    stream.write_all(request.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 ") && head.contains(&format!("Content-Length: {}", body.len())), "{answer}");
    assert_eq!(body, "this port speaks https, not http");
    for garbage in [&b"\0\0\0\0"[..], b"\x16\x03\x01\x00\x05hello", b"\x16\x03", b"SSH-2.0-x\r\n", b""] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut rest = Vec::new();
        // Whether it ends with an alert or at once: it ends.
        let _ = stream.read_to_end(&mut rest).await;
    }
}

#[tokio::test]
async fn whoever_says_nothing_is_let_go() {
    let tls = Files::new(&made(2099)).read().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    assert!(tls.accept_within(Duration::from_millis(20), stream).await.is_none());
    drop(silent);
}

#[tokio::test]
async fn a_renewed_certificate_is_served_and_a_broken_one_is_not() {
    let (first, second) = (made(2098), made(2099));
    let files = Files::new(&first);
    let tls = files.read().unwrap();
    let address = serve(tls.clone()).await;
    let trusts =
        async |pair: &(String, String)| hello(address, client(&pair.0, &[], rustls::ALL_VERSIONS)).await.is_ok();
    let mut now = Instant::now();
    let mut later = || {
        now += CHECK;
        tls.pair.refresh(now);
    };
    // Half of it is there: the old one stays.
    files.put(&second.0, &first.1);
    assert!(trusts(&first).await);
    later();
    assert!(trusts(&first).await && !trusts(&second).await);
    assert!(tls.pair.looked.lock().unwrap().failure.as_ref().unwrap().contains("does not fit"));
    for (certificate, key) in [("", ""), ("garbage", &second.1), (&second.0, "garbage")] {
        files.put(certificate, key);
        later();
        assert!(trusts(&first).await);
    }
    fs::remove_file(files.key()).unwrap();
    later();
    assert!(trusts(&first).await);
    files.put(&second.0, &second.1);
    assert!(trusts(&first).await, "looked at every half a minute");
    later();
    assert!(trusts(&second).await && !trusts(&first).await);
    assert!(tls.pair.looked.lock().unwrap().failure.is_none());
    // A key that was exposed and is private again has the same content and time.
    fs::set_permissions(files.key(), fs::Permissions::from_mode(0o604)).unwrap();
    later();
    assert!(trusts(&second).await);
}

#[test]
fn what_is_wrong_is_said() {
    let (pair, other) = (made(2099), made(2099));
    let files = Files::new(&pair);
    files.put(&pair.0, &other.1);
    assert!(files.failure().contains("privkey.pem does not fit the first certificate in "), "{}", files.failure());
    files.put("", &pair.1);
    assert!(files.failure().starts_with("there is no certificate in "));
    files.put(&pair.1, &pair.1);
    assert!(files.failure().starts_with("there is no certificate in "), "the two are mixed up");
    files.put(&pair.0, &pair.0);
    assert!(files.failure().starts_with("there is no private key in "));
    files.put(&pair.0, "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
    assert!(files.failure().contains("has a password"));
    files.put(&pair.0, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    assert!(files.failure().contains("of no kind that is known"));
    files.put("-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n", &pair.1);
    assert!(files.failure().contains("fullchain.pem is no PEM file"), "{}", files.failure());
    files.put("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &pair.1);
    assert!(files.failure().contains("fullchain.pem cannot be read"), "{}", files.failure());
    files.put(&"x".repeat(300 << 10), &pair.1);
    assert!(files.failure().contains("larger than 256 KiB"));
    let missing = Tls::read(&files.folder.path().join("none.pem"), &files.key()).unwrap_err().to_string();
    assert!(missing.contains("none.pem") && missing.contains("No such file"), "{missing}");
    let folder = Tls::read(files.folder.path(), &files.key()).unwrap_err().to_string();
    assert!(folder.contains("no plain file"), "{folder}");
    // Never what is in the files.
    assert!(!format!("{:?} {:?}", files.read(), Files::new(&pair).read().unwrap()).contains("BEGIN"));
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let files = Files::new(&made(2099));
    let is_root = fs::metadata(files.key()).unwrap().uid() == 0;
    for (mode, good) in
        [(0o600, true), (0o400, true), (0o640, is_root), (0o660, false), (0o604, false), (0o644, false), (0o602, false)]
    {
        fs::set_permissions(files.key(), fs::Permissions::from_mode(mode)).unwrap();
        match files.read() {
            Ok(_) => assert!(good, "{mode:o}"),
            Err(TlsError::Exposed { mode: said, .. }) => assert!(!good && said == mode, "{mode:o}"),
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn keys_of_all_three_kinds_are_read() {
    let pair = made(2099);
    let files = Files::new(&pair);
    // The same P-256 key as SEC1: what is inside of PKCS#8.
    let PrivateKeyDer::Pkcs8(pkcs8) = PrivateKeyDer::from_pem_slice(pair.1.as_bytes()).unwrap() else { panic!() };
    let (_, fields, _) = value(pkcs8.secret_pkcs8_der()).unwrap();
    let (_, algorithm, rest) = value(value(fields).unwrap().2).unwrap();
    let (_, sec1, _) = value(rest).unwrap();
    let (_, _, curve) = value(algorithm).unwrap();
    // SEC1 names its curve itself.
    let (_, inner, _) = value(sec1).unwrap();
    let end = value(value(inner).unwrap().2).unwrap().2;
    let at = inner.len() - end.len();
    let parameters = [&[0xa0, curve.len() as u8][..], curve].concat();
    let inner = [&inner[..at], &parameters, end].concat();
    let sec1 = [&[0x30, inner.len() as u8][..], &inner].concat();
    files.put(&pair.0, &pem_of("EC PRIVATE KEY", &sec1));
    files.read().unwrap();
    // A chain may have certificates behind the server's own, and text between them.
    files.put(&format!("own\n{}\nsigner\n{}", pair.0, made(2099).0), &pair.1);
    assert_eq!(files.read().unwrap().pair.current.read().unwrap().cert.len(), 2);
    files.put(include_str!("testdata/rsa.pem"), include_str!("testdata/rsa.key"));
    files.read().unwrap();
}

fn pem_of(label: &str, der: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

#[test]
fn the_end_of_a_certificate_is_found() {
    let of = |year| expiry(&der(&made(year).0)).map(Timestamp::human);
    assert_eq!(of(2031).as_deref(), Some("2031-02-03 00:00:00"));
    assert_eq!(of(2049).as_deref(), Some("2049-02-03 00:00:00"));
    // From 2050 on dates are written in another way.
    assert_eq!(of(2050).as_deref(), Some("2050-02-03 00:00:00"));
    // One that has expired is served: who checks will say so, and the log does.
    assert_eq!(of(2021).as_deref(), Some("2021-02-03 00:00:00"));
    Files::new(&made(2021)).read().unwrap();
    let whole = der(&made(2031).0);
    for length in 0..whole.len() {
        let _ = expiry(&whole[..length]);
        let mut bent = whole.to_vec();
        bent[length] ^= 0xff;
        let _ = expiry(&bent);
    }
}
