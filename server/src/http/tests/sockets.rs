use std::os::unix::fs::PermissionsExt;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant};

use super::super::{Listeners, Public, ServeError, Tls, serve};
use super::*;

struct Served {
    world: World,
    address: std::net::SocketAddr,
    socket: std::path::PathBuf,
    done: JoinHandle<()>,
}

async fn served() -> Served {
    served_with(|listeners| listeners, None).await
}

async fn served_with(change: impl FnOnce(Listeners) -> Listeners, public: Option<Public>) -> Served {
    let mut world = World::new().await;
    let socket = world.folder.path().join("run/weir.sock");
    std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
    std::fs::write(&socket, "left by a server that died").unwrap();
    let listeners = Listeners::bind("127.0.0.1:0".parse().unwrap(), &socket).await.unwrap();
    let address = listeners.address().unwrap();
    let options = Options { owner: "ada".into(), port: address.port(), public };
    world.state = AppState::new(Arc::clone(&world.weir), options, CancellationToken::new());
    let done = tokio::spawn(serve(change(listeners), world.state.clone()));
    Served { world, address, socket, done }
}

async fn ask(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, text: &str) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn tcp_serves_people_and_the_private_socket_the_runner() {
    let served = served().await;
    let close = "Host: localhost\r\nConnection: close\r\n\r\n";
    let tcp = async |path: &str| {
        ask(TcpStream::connect(served.address).await.unwrap(), &format!("GET {path} HTTP/1.1\r\n{close}")).await
    };
    let unix = async |path: &str| {
        ask(UnixStream::connect(&served.socket).await.unwrap(), &format!("GET {path} HTTP/1.1\r\n{close}")).await
    };
    assert!(tcp("/healthz").await.starts_with("HTTP/1.1 200"));
    assert!(tcp("/").await.contains("<!DOCTYPE html>"));
    assert!(unix("/healthz").await.starts_with("HTTP/1.1 200"));
    assert!(unix("/").await.starts_with("HTTP/1.1 404"));
    assert!(unix("/api/v4/jobs/request").await.starts_with("HTTP/1.1 405"));
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&served.socket), mode(served.socket.parent().unwrap())), (0o600, 0o700));
    let again = Listeners::bind(served.address, &served.folder_socket()).await;
    assert!(matches!(again, Err(ServeError::InUse(address)) if address == served.address));
}

/// Of eight connections, one address has two.
#[tokio::test]
async fn idle_connections_of_one_address_keep_nobody_else_out() {
    let text = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let served = served_with(|listeners| listeners.with_connections(8), None).await;
    let from = async |last: u8| {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, last], 0).into()).unwrap();
        socket.connect(served.address).await.unwrap()
    };
    let idle = (from(1).await, from(1).await);
    for _ in 0..20 {
        let mut closed = from(1).await;
        let read = closed.read(&mut [0; 1]).await;
        assert!(matches!(read, Ok(0)) || read.is_err(), "it is closed at once");
    }
    assert!(ask(from(2).await, text).await.starts_with("HTTP/1.1 200"));
    drop(idle);
    // The server learns of it a moment later.
    let limit = Instant::now() + Duration::from_secs(10);
    loop {
        let mut again = from(1).await;
        let mut answer = Vec::new();
        let sent = again.write_all(text.as_bytes()).await;
        if sent.is_ok() && again.read_to_end(&mut answer).await.is_ok() && answer.starts_with(b"HTTP/1.1 200") {
            break;
        }
        assert!(Instant::now() < limit, "what was left is free again");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // A proxy that is trusted speaks for many.
    let proxies = super::super::Proxies::parse(&["loopback"]).unwrap();
    let public = Some(Public { proxies, ..Public::default() });
    let served = served_with(|listeners| listeners.with_connections(8), public).await;
    let mut all = Vec::new();
    for _ in 0..7 {
        all.push(TcpStream::connect(served.address).await.unwrap());
    }
    assert!(ask(TcpStream::connect(served.address).await.unwrap(), text).await.starts_with("HTTP/1.1 "));
}

impl Served {
    fn folder_socket(&self) -> std::path::PathBuf {
        self.world.folder.path().join("other.sock")
    }
}

#[tokio::test]
async fn the_end_does_not_wait_for_streams_nor_for_clients_that_say_nothing() {
    let served = served().await;
    let hash = crate::random::hash("glrt-test");
    served.world.weir.store().write(move |tx| runners::ensure(tx, "socket", &hash, &[])).await.unwrap();
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(b"GET /live/dashboard HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut seen = [0; 12];
    stream.read_exact(&mut seen).await.unwrap();
    let _silent = TcpStream::connect(served.address).await.unwrap();
    let mut half = TcpStream::connect(served.address).await.unwrap();
    half.write_all(b"POST /api/v4/jobs/request HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{")
        .await
        .unwrap();
    let mut runner = UnixStream::connect(&served.socket).await.unwrap();
    let ask_for_jobs = async |runner: &mut UnixStream, known: &str| {
        let body = format!("{{\"token\": \"glrt-test\", \"last_update\": \"{known}\"}}");
        let head = "POST /api/v4/jobs/request HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n";
        let text = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
        runner.write_all(text.as_bytes()).await.unwrap();
    };
    let answer = async |runner: &mut UnixStream| {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            text.push(runner.read_u8().await.unwrap());
        }
        String::from_utf8(text).unwrap()
    };
    ask_for_jobs(&mut runner, "").await;
    let first = answer(&mut runner).await;
    assert!(first.starts_with("HTTP/1.1 204"), "{first}");
    let known = first.split("x-gitlab-last-update: ").nth(1).unwrap().lines().next().unwrap();
    let resting = Arc::strong_count(&served.world.weir);
    ask_for_jobs(&mut runner, known).await;
    // Its handler holds the service as long as it waits.
    while Arc::strong_count(&served.world.weir) <= resting {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let begun = Instant::now();
    served.world.state.stop.cancel();
    assert!(answer(&mut runner).await.starts_with("HTTP/1.1 204"), "a held request is answered");
    served.done.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(10), "it is not the 30 s of a header, nor 60 s of a wait");
    assert!(TcpStream::connect(served.address).await.is_err());
}

#[tokio::test]
async fn a_browser_that_goes_away_leaves_nothing_behind() {
    let served = served().await;
    let health = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    ask(TcpStream::connect(served.address).await.unwrap(), health).await;
    // The routers are made by now and hold it too.
    let resting = Arc::strong_count(&served.world.weir);
    for _ in 0..50 {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        stream.write_all(b"GET /live/dashboard HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
        let mut seen = [0; 12];
        stream.read_exact(&mut seen).await.unwrap();
    }
    // Each stream holds the service.
    let deadline = Instant::now() + Duration::from_secs(20);
    while Arc::strong_count(&served.world.weir) > resting {
        assert!(Instant::now() < deadline, "{} holders are left", Arc::strong_count(&served.world.weir));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A client that writes all before it reads gets the reason, and no broken connection.
#[tokio::test]
async fn who_writes_before_reading_hears_why_a_body_was_refused() {
    let served = served().await;
    let body = vec![b' '; 10 << 20];
    let head =
        "POST /api/pipelines HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: close\r\n";
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    stream.write_all(format!("{head}Content-Length: {}\r\n\r\n", body.len()).as_bytes()).await.unwrap();
    stream.write_all(&body).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("1 MiB"), "{answer}");
}

#[tokio::test]
async fn over_tls_a_request_has_a_secure_origin() {
    let world = World::new().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate =
        rcgen::CertificateParams::new(vec!["weir.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    let (chain, secret) = (world.folder.path().join("chain.pem"), world.folder.path().join("key.pem"));
    std::fs::write(&chain, certificate.pem()).unwrap();
    std::fs::write(&secret, key.serialize_pem()).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let socket = world.folder.path().join("run/weir.sock");
    let listeners = Listeners::bind("127.0.0.1:0".parse().unwrap(), &socket).await.unwrap();
    let address = listeners.address().unwrap();
    let public = Some(Public::default());
    let options = Options { owner: "ada".into(), port: address.port(), public };
    let state = AppState::new(Arc::clone(&world.weir), options, CancellationToken::new());
    let stop = state.stop.clone();
    let done = tokio::spawn(serve(listeners.with_tls(Tls::read(&chain, &secret).unwrap()), state));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = tokio_rustls::TlsConnector::from(Arc::new(client));
    let over_tls = async |head: &str| {
        let stream = TcpStream::connect(address).await.unwrap();
        let stream = client.connect("weir.example".try_into().unwrap(), stream).await.unwrap();
        ask(stream, &format!("{head}\r\nHost: weir.example\r\nConnection: close\r\n\r\n")).await
    };
    assert!(over_tls("GET /healthz HTTP/1.1\r\nOrigin: https://weir.example").await.starts_with("HTTP/1.1 200"));
    let foreign = over_tls("GET /healthz HTTP/1.1\r\nOrigin: http://weir.example").await;
    assert!(foreign.starts_with("HTTP/1.1 403") && foreign.contains("https://weir.example are refused"), "{foreign}");
    let plain = ask(TcpStream::connect(address).await.unwrap(), "GET / HTTP/1.1\r\nHost: weir.example\r\n\r\n").await;
    assert!(plain.starts_with("HTTP/1.1 400") && plain.ends_with("this port speaks https, not http"), "{plain}");
    let _silent = TcpStream::connect(address).await.unwrap();
    stop.cancel();
    done.await.unwrap();
}
