//! Between git's client and `git upload-pack`: the request goes to its stdin, unpacked on the way; its stdout goes to the
//! client, piece by piece. Neither is ever held whole.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::body::Body;
use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use bytes::{Bytes, BytesMut};
use flate2::write::GzDecoder;
use futures_util::stream;
use http_body_util::BodyExt as _;
use model::{Caller, Via};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use super::super::AppState;
use super::Refused;
use crate::service::repository::{Ask, upload_pack};

/// Repositories that are read at once; who comes later waits.
const AT_ONCE: usize = 32;
/// Those of them that one job, or one user, reads.
const OF_ONE: usize = 8;
/// How long somebody waits for that.
const QUEUE: Duration = Duration::from_mins(1);
/// Bytes of a request, unpacked: names of commits that the client wants and has, 50 bytes each.
const REQUEST: u64 = 64 << 20;
/// Bytes of a piece of the answer, and how many pieces wait for a slow client.
const PIECE: usize = 64 << 10;
const PIECES: usize = 4;
/// How long a client may take nothing.
const STALLED: Duration = Duration::from_mins(5);
/// How long one answer may take altogether.
const LONGEST: Duration = Duration::from_hours(1);
/// What the first answer begins with, before version 2 of the protocol.
const SERVICE: &[u8] = b"001e# service=git-upload-pack\n0000";

/// Who may read repositories now: so many at a time, and not all of them the same.
#[derive(Debug)]
pub(in crate::http) struct Turns {
    all: Arc<Semaphore>,
    of_one: Mutex<HashMap<String, Weak<Semaphore>>>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(AT_ONCE)), of_one: Mutex::default() }
    }
}

/// The right to read a repository, as long as it is there.
#[derive(Debug)]
struct Turn {
    _of_one: OwnedSemaphorePermit,
    _of_all: OwnedSemaphorePermit,
}

impl Turns {
    /// Waits until it is somebody's turn; none when that takes longer than `most`.
    async fn take(&self, who: &Caller, most: Duration) -> Option<Turn> {
        let name = match who.via {
            Via::Job(job, _) => format!("job {job}"),
            _ => format!("user {}", who.user),
        };
        let own = {
            let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
            of_one.retain(|_, own| own.strong_count() > 0);
            let known = of_one.get(&name).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let own = Arc::new(Semaphore::new(OF_ONE));
                of_one.insert(name, Arc::downgrade(&own));
                own
            })
        };
        // One's own first: who waits for that keeps nobody else waiting.
        let take = async {
            let of_one = own.acquire_owned().await.ok()?;
            Some(Turn { _of_one: of_one, _of_all: Arc::clone(&self.all).acquire_owned().await.ok()? })
        };
        timeout(most, take).await.ok().flatten()
    }
}

/// What git says, as a body.
pub(super) async fn stream(
    state: &AppState,
    caller: &Caller,
    mirror: &Path,
    ask: Ask,
    version: u8,
    headers: &HeaderMap,
    body: Body,
) -> Result<Body, Refused> {
    let packing = Packing::of(headers)?;
    let Some(turn) = state.git.take(caller, QUEUE).await else {
        return Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, "too many repositories are read at a time"));
    };
    let mut command = upload_pack(mirror, ask, version);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).process_group(0);
    let failed = |error: io::Error| {
        tracing::error!(%error, "failed to start git upload-pack");
        Refused::new(StatusCode::SERVICE_UNAVAILABLE, "git cannot be started on the server")
    };
    let mut child = command.spawn().map_err(failed)?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(failed(io::ErrorKind::BrokenPipe.into()));
    };
    let (give, mut take) = mpsc::channel(PIECES);
    let preface = (ask == Ask::Refs && version < 2).then(|| Bytes::from_static(SERVICE));
    let request = (ask == Ask::Pack).then_some((body, packing));
    let stop = state.stop.clone();
    let late = give.clone();
    tokio::spawn(async move {
        tokio::select! {
            worked = timeout(LONGEST, work(child, input, output, request, preface, give, turn)) => {
                if worked.is_err() {
                    tracing::warn!("git upload-pack was ended: its answer took too long");
                    // Or what was sent would look like all of it.
                    let _ = timeout(STALLED, late.send(Err(Broken::Late))).await;
                }
            }
            () = stop.cancelled() => {}
        }
    });
    // What goes wrong before the first piece has a status of its own.
    let first = match take.recv().await {
        None => return Err(Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "git said nothing")),
        Some(Err(Broken::TooLarge)) => {
            return Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "the request is larger than any that git needs"));
        }
        Some(Err(Broken::Request(text))) => return Err(Refused::new(StatusCode::BAD_REQUEST, text)),
        Some(Err(broken)) => return Err(Refused::new(StatusCode::INTERNAL_SERVER_ERROR, broken.to_string())),
        Some(first) => first,
    };
    let rest = stream::unfold(take, |mut take| async { take.recv().await.map(|piece| (piece, take)) });
    Ok(Body::from_stream(futures_util::StreamExt::chain(stream::iter([first]), rest)))
}

/// Why an answer ends before its end.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the request is too large")]
    TooLarge,
    #[error("{0}")]
    Request(String),
    #[error("git upload-pack failed")]
    Git,
    #[error("the answer took too long")]
    Late,
}

type Piece = Result<Bytes, Broken>;

/// Runs the program to its end, or until nobody listens: it is killed when this is dropped.
async fn work(
    mut child: Child,
    input: ChildStdin,
    output: ChildStdout,
    request: Option<(Body, Packing)>,
    preface: Option<Bytes>,
    give: mpsc::Sender<Piece>,
    _turn: Turn,
) {
    let group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
    let mut errors = child.stderr.take();
    let said = async {
        let mut text = Vec::new();
        if let Some(errors) = &mut errors {
            let _ = errors.take(4096).read_to_end(&mut text).await;
            // Whatever more it says must not make it wait.
            let _ = tokio::io::copy(errors, &mut tokio::io::sink()).await;
        }
        String::from_utf8_lossy(&text).trim().to_owned()
    };
    let telling = async {
        match request {
            Some((body, packing)) => tell(body, packing, input).await,
            None => Ok(()),
        }
    };
    let talk = async {
        let giving = hand_on(output, preface, &give);
        tokio::pin!(giving);
        tokio::select! {
            told = telling => match told {
                Ok(()) => giving.await,
                Err(broken) => {
                    let _ = give.send(Err(broken)).await;
                    false
                }
            },
            // It may answer before it has read everything.
            given = &mut giving => given,
        }
    };
    let (whole, said) = tokio::join!(
        async {
            let whole = talk.await;
            if !whole {
                group.end();
            }
            whole
        },
        said
    );
    let ended = child.wait().await;
    group.forget();
    match ended {
        Ok(status) if status.success() || !whole => {}
        Ok(_) | Err(_) => {
            tracing::warn!(said, "git upload-pack failed");
            let _ = give.send(Err(Broken::Git)).await;
        }
    }
}

/// The program and those that it starts, which look for what to send as long as nobody tells them that nobody listens.
struct Group(Option<Pid>);

impl Group {
    fn end(&self) {
        if let Some(id) = self.0 {
            let _ = kill_process_group(id, Signal::KILL);
        }
    }

    /// The number may soon be another's.
    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// Passes the request on. A program that has heard enough closes its end, which is no error.
async fn tell(mut body: Body, packing: Packing, mut input: ChildStdin) -> Result<(), Broken> {
    let mut unpacker = packing.unpacker();
    let mut count = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Broken::Request(format!("the request broke off: {error}")))?;
        let Some(data) = frame.data_ref() else { continue };
        // In small pieces: what is packed well must not become a large one here.
        for piece in data.chunks(4 << 10) {
            let plain = unpacker.put(piece)?;
            count += plain.len() as u64;
            if count > REQUEST {
                return Err(Broken::TooLarge);
            }
            if input.write_all(&plain).await.is_err() {
                return Ok(());
            }
        }
    }
    let _ = input.write_all(&unpacker.end()?).await;
    Ok(())
}

/// Passes the answer on; false when the client takes no more.
async fn hand_on(mut output: ChildStdout, preface: Option<Bytes>, give: &mpsc::Sender<Piece>) -> bool {
    let send = async |piece| timeout(STALLED, give.send(Ok(piece))).await.is_ok_and(|sent| sent.is_ok());
    if let Some(preface) = preface
        && !send(preface).await
    {
        return false;
    }
    loop {
        let mut piece = BytesMut::with_capacity(PIECE);
        match output.read_buf(&mut piece).await {
            Ok(0) => return true,
            Ok(_) if send(piece.freeze()).await => {}
            Ok(_) | Err(_) => return false,
        }
    }
}

/// How a request is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
}

impl Packing {
    fn of(headers: &HeaderMap) -> Result<Self, Refused> {
        match headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
            None | Some(b"" | b"identity") => Ok(Self::Plain),
            Some(b"gzip" | b"x-gzip") => Ok(Self::Gzip),
            Some(_) => Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "requests may be packed by gzip, or not")),
        }
    }

    fn unpacker(self) -> Unpacker {
        Unpacker((self == Self::Gzip).then(|| GzDecoder::new(Vec::new())))
    }
}

/// Unpacks what comes, as it comes.
struct Unpacker(Option<GzDecoder<Vec<u8>>>);

impl Unpacker {
    fn put(&mut self, piece: &[u8]) -> Result<Vec<u8>, Broken> {
        let Some(gzip) = &mut self.0 else { return Ok(piece.to_vec()) };
        gzip.write_all(piece).and_then(|()| gzip.flush()).map_err(|error| damaged(&error))?;
        Ok(std::mem::take(gzip.get_mut()))
    }

    fn end(self) -> Result<Vec<u8>, Broken> {
        self.0.map_or_else(|| Ok(Vec::new()), |gzip| gzip.finish().map_err(|error| damaged(&error)))
    }
}

fn damaged(error: &io::Error) -> Broken {
    Broken::Request(format!("the request is no gzip: {error}"))
}

#[cfg(test)]
mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap()
    }

    #[tokio::test]
    async fn one_reader_leaves_room_for_others() {
        let turns = Turns::default();
        let take = async |who: &Caller| turns.take(who, Duration::ZERO).await;
        let caller = |user: &str| Caller::local(user.to_owned());
        let of_job = |id| Caller { via: Via::Job(model::JobId(id), model::ProjectId(1)), ..caller("ada") };
        let mut taken = Vec::new();
        for _ in 0..OF_ONE {
            taken.push(take(&of_job(1)).await.unwrap());
        }
        assert!(take(&of_job(1)).await.is_none(), "it waited in vain");
        for who in [of_job(2), caller("ada"), caller("bob")] {
            for _ in 0..OF_ONE {
                taken.push(take(&who).await.unwrap());
            }
        }
        assert_eq!(taken.len(), AT_ONCE);
        assert!(take(&caller("eve")).await.is_none());
        taken.remove(0);
        assert!(take(&of_job(1)).await.is_some());
        taken.clear();
        assert!(take(&caller("eve")).await.is_some());
        assert_eq!(turns.of_one.lock().unwrap().len(), 1, "nobody is kept who reads nothing");
    }

    #[test]
    fn requests_are_unpacked_as_they_come() {
        let text: Vec<u8> = (0..200_000_u32).flat_map(|n| n.to_le_bytes()).collect();
        for size in [1, 7, 4096] {
            let mut unpacker = Packing::Gzip.unpacker();
            let mut plain = Vec::new();
            for piece in packed(&text).chunks(size) {
                plain.extend(unpacker.put(piece).unwrap());
            }
            plain.extend(unpacker.end().unwrap());
            assert!(plain == text, "{size}");
        }
        let mut plain = Packing::Plain.unpacker();
        assert_eq!((plain.put(b"0000").unwrap(), plain.end().unwrap()), (b"0000".to_vec(), vec![]));
    }

    #[test]
    fn what_is_no_gzip_or_half_of_one_is_said() {
        let mut unpacker = Packing::Gzip.unpacker();
        assert!(matches!(unpacker.put(b"no gzip at all"), Err(Broken::Request(_))));
        let whole = packed(b"text");
        let mut unpacker = Packing::Gzip.unpacker();
        unpacker.put(&whole[..whole.len() / 2]).unwrap();
        assert!(matches!(unpacker.end(), Err(Broken::Request(_))));
    }
}
