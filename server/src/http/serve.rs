//! Connections: accepted, served, and at the end closed in good time.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::AppState;
use super::origin::Peer;
use super::slots::Slots;
use super::tls::Tls;

/// Connections served at once; further ones wait to be accepted. [`Slots`] says how many of them one address may have.
const CONNECTIONS: usize = 2048;
/// How long a client may take for the head of a request, and an idle connection stays.
const HEAD: Duration = Duration::from_secs(30);
/// How long what is sent may stay unacknowledged before the other side counts as gone.
const VANISHED: u32 = 60_000;
/// How long requests that are being answered have at the end.
const LAST_CALL: Duration = Duration::from_secs(1);
/// Bytes of one connection that wait to be sent or read, and the longest head of a request.
const BUFFER: usize = 128 * 1024;
/// The pause after the system refused a connection, because it is out of file handles.
const BREATH: Duration = Duration::from_millis(100);

/// Why nothing can be served; fits after "failed to serve: ".
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Somebody else listens there.
    #[error("{0} is already in use; choose another one with --listen")]
    InUse(SocketAddr),
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The socket for the embedded runner cannot be made.
    #[error("the socket {} cannot be made: {source}", path.display())]
    Socket {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Where requests come from.
#[derive(Debug)]
pub struct Listeners {
    tcp: TcpListener,
    tls: Option<Tls>,
    unix: UnixListener,
    connections: usize,
}

impl Listeners {
    /// Listens on `address` (port 0 picks one) and on the Unix socket at `socket`. The data folder
    /// is this server's, so a socket that lies there is a dead server's.
    pub async fn bind(address: SocketAddr, socket: &Path) -> Result<Self, ServeError> {
        let tcp = TcpListener::bind(address).await.map_err(|source| match source.kind() {
            io::ErrorKind::AddrInUse => ServeError::InUse(address),
            _ => ServeError::Listen { address, source },
        })?;
        let unix = private_socket(socket).map_err(|source| ServeError::Socket { path: socket.to_owned(), source })?;
        Ok(Self { tcp, tls: None, unix, connections: CONNECTIONS })
    }

    /// Speaks TLS on the address, and nothing else.
    pub fn with_tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    /// Serves so many connections at once.
    #[cfg(test)]
    pub(super) fn with_connections(self, connections: usize) -> Self {
        Self { connections, ..self }
    }

    /// The address that is listened on.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

/// A socket that only this user can reach: its folder is private before it is there.
fn private_socket(path: &Path) -> io::Result<UnixListener> {
    if let Some(folder) = path.parent() {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves until the state's `stop`, then ends within little more than a second: no new
/// connections, streams and waiting requests are ended, requests that are being answered get a
/// moment, and what is left is cut.
pub async fn serve(listeners: Listeners, state: AppState) {
    let stop = state.stop.clone();
    let cut = CancellationToken::new();
    let work = TaskTracker::new();
    let server = Server { stop: stop.clone(), cut: cut.clone(), work: work.clone() };
    let Listeners { tcp, tls, unix, connections } = listeners;
    let proxies = state.options.public.as_ref().map(|public| public.proxies.clone());
    let slots = || Arc::new(Slots::new(connections, proxies.clone().unwrap_or_default()));
    let public = super::router(state.clone());
    match tls {
        Some(tls) => work.spawn(server.clone().accept(Secure(Tcp(tcp), tls), public, slots())),
        None => work.spawn(server.clone().accept(Tcp(tcp), public, slots())),
    };
    work.spawn(server.accept(Unix(unix), super::socket_router(state), slots()));
    stop.cancelled().await;
    work.close();
    if tokio::time::timeout(LAST_CALL, work.wait()).await.is_err() {
        tracing::debug!(connections = work.len(), "connections are cut");
        cut.cancel();
        work.wait().await;
    }
}

/// Something that connections come from.
trait Listener: Send + Sync + 'static {
    /// A connection that nothing has been said on yet.
    type Raw: Send + 'static;
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// Whether its clients are trusted not to hold connections open idly.
    const TRUSTED: bool;
    /// Whether nobody on the way can read it.
    const SECURE: bool;
    fn accept(&self) -> impl Future<Output = io::Result<(Self::Raw, Option<IpAddr>)>> + Send;
    /// Makes it one that HTTP is spoken on; `None` when the client does not want that. Others are
    /// accepted meanwhile.
    fn open(&self, raw: Self::Raw) -> impl Future<Output = Option<Self::Stream>> + Send;
}

struct Tcp(TcpListener);

impl Listener for Tcp {
    type Raw = TcpStream;
    type Stream = TcpStream;
    const TRUSTED: bool = false;
    const SECURE: bool = false;

    async fn accept(&self) -> io::Result<(TcpStream, Option<IpAddr>)> {
        let (stream, peer) = self.0.accept().await?;
        // Small events go out at once; a peer that went away without a word is noticed. Where the
        // system knows neither, things are slower, not wrong.
        let _ = stream.set_nodelay(true);
        let _ = rustix::net::sockopt::set_tcp_user_timeout(&stream, VANISHED);
        Ok((stream, Some(peer.ip())))
    }

    async fn open(&self, raw: TcpStream) -> Option<TcpStream> {
        Some(raw)
    }
}

struct Secure(Tcp, Tls);

impl Listener for Secure {
    type Raw = TcpStream;
    type Stream = TlsStream<TcpStream>;
    const TRUSTED: bool = false;
    const SECURE: bool = true;

    async fn accept(&self) -> io::Result<(TcpStream, Option<IpAddr>)> {
        self.0.accept().await
    }

    async fn open(&self, raw: TcpStream) -> Option<TlsStream<TcpStream>> {
        self.1.accept(raw).await
    }
}

struct Unix(UnixListener);

impl Listener for Unix {
    type Raw = UnixStream;
    type Stream = UnixStream;
    const TRUSTED: bool = true;
    const SECURE: bool = false;

    async fn accept(&self) -> io::Result<(UnixStream, Option<IpAddr>)> {
        Ok((self.0.accept().await?.0, None))
    }

    async fn open(&self, raw: UnixStream) -> Option<UnixStream> {
        Some(raw)
    }
}

#[derive(Clone)]
struct Server {
    /// Ends gently: no new requests.
    stop: CancellationToken,
    /// Ends at once.
    cut: CancellationToken,
    work: TaskTracker,
}

impl Server {
    async fn accept<L: Listener>(self, listener: L, router: Router, slots: Arc<Slots>) {
        let listener = Arc::new(listener);
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = async {
                    let slot = slots.free().await;
                    listener.accept().await.map(|(raw, address)| (raw, address, slot))
                } => accepted,
            };
            match accepted {
                Ok((raw, address, slot)) => {
                    // Closed at once when its address has its share.
                    let Some(slot) = slot.and_then(|one| slots.take(one, address)) else { continue };
                    let peer = Peer { address, is_secure: L::SECURE };
                    let connection = self.clone().connection(Arc::clone(&listener), raw, peer, router.clone());
                    self.work.spawn(async move {
                        let _slot = slot;
                        connection.await;
                    });
                }
                Err(error) if is_the_clients(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "failed to accept a connection");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
    }

    async fn connection<L: Listener>(self, listener: Arc<L>, raw: L::Raw, peer: Peer, router: Router) {
        let stream = tokio::select! {
            // Nobody has asked for anything yet.
            () = self.stop.cancelled() => return,
            opened = listener.open(raw) => match opened {
                Some(stream) => stream,
                None => return,
            },
        };
        let service = TowerToHyperService::new(router.map_request(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(peer);
            request.map(Body::new)
        }));
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).max_buf_size(BUFFER).header_read_timeout((!L::TRUSTED).then_some(HEAD));
        let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
        let mut stopping = false;
        loop {
            tokio::select! {
                // A client that breaks off is its own affair.
                _ = connection.as_mut() => return,
                () = self.stop.cancelled(), if !stopping => {
                    stopping = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = self.cut.cancelled() => return,
            }
        }
    }
}

/// Whether the connection was lost before it was accepted, which says nothing about this server.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
