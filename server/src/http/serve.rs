//! Connections: accepted, served, and at the end closed in good time.

use std::io;
use std::net::SocketAddr;
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
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::AppState;

/// Connections served at once; further ones wait to be accepted.
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
    unix: UnixListener,
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
        Ok(Self { tcp, unix })
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
    let Listeners { tcp, unix } = listeners;
    work.spawn(server.clone().accept(Tcp(tcp), super::router(state.clone())));
    work.spawn(server.accept(Unix(unix), super::runner_router(state)));
    stop.cancelled().await;
    work.close();
    if tokio::time::timeout(LAST_CALL, work.wait()).await.is_err() {
        tracing::debug!(connections = work.len(), "connections are cut");
        cut.cancel();
        work.wait().await;
    }
}

/// Something that connections come from.
trait Listener: Send + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;
    /// Whether its clients are trusted not to hold connections open idly.
    const TRUSTED: bool;
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

struct Tcp(TcpListener);

impl Listener for Tcp {
    type Stream = TcpStream;
    const TRUSTED: bool = false;

    async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.0.accept().await?;
        // Small events go out at once; a peer that went away without a word is noticed. Where the
        // system knows neither, things are slower, not wrong.
        let _ = stream.set_nodelay(true);
        let _ = rustix::net::sockopt::set_tcp_user_timeout(&stream, VANISHED);
        Ok(stream)
    }
}

struct Unix(UnixListener);

impl Listener for Unix {
    type Stream = tokio::net::UnixStream;
    const TRUSTED: bool = true;

    async fn accept(&self) -> io::Result<tokio::net::UnixStream> {
        Ok(self.0.accept().await?.0)
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
    async fn accept<L: Listener>(self, listener: L, router: Router) {
        let slots = Arc::new(Semaphore::new(CONNECTIONS));
        loop {
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = async {
                    let slot = Arc::clone(&slots).acquire_owned().await;
                    listener.accept().await.map(|stream| (stream, slot))
                } => accepted,
            };
            match accepted {
                Ok((stream, slot)) => {
                    let connection = self.clone().connection::<L>(stream, router.clone());
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

    async fn connection<L: Listener>(self, stream: L::Stream, router: Router) {
        let service =
            TowerToHyperService::new(router.map_request(|request: http::Request<Incoming>| request.map(Body::new)));
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
