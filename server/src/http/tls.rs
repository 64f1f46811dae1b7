//! TLS of our own, for a server without a proxy in front of it: one certificate from two PEM files,
//! read again when they change.
//!
//! The files are looked at when somebody connects, at most every half a minute. That needs neither
//! a signal from whoever renews the certificate nor a watcher that misses renamed folders; and files
//! that make no pair, since only one of them has been replaced yet, leave the old pair in use.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use model::Timestamp;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How often the files are looked at.
const CHECK: Duration = Duration::from_secs(30);
/// How long a client may take until its first request can come.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Bytes of a file that are read: a chain of some dozen certificates.
const MAX_FILE: u64 = 256 * 1024;
/// The first byte of whoever speaks TLS.
const RECORD: u8 = 0x16;
/// What is said to those who speak plain HTTP.
const PLAIN: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 32\r\n\
                       Connection: close\r\n\r\nthis port speaks https, not http";
/// How much of what they send is read, so that they see the answer, …
const DRAINED: u64 = 64 * 1024;
/// … and for how long.
const DRAINING: Duration = Duration::from_secs(1);

/// Why there is no certificate. Fits after "failed to …: "; names files, never what is in them.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("failed to read {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// No plain file, or a very large one.
    #[error("{} is no PEM file: it is no plain file, or larger than {} KiB", .0.display(), MAX_FILE / 1024)]
    NoFile(PathBuf),
    /// Something that looks like PEM and is not.
    #[error("{} is no PEM file: {error}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Why.
        error: pem::Error,
    },
    /// No certificate in its file.
    #[error("there is no certificate in {}: it begins with -----BEGIN CERTIFICATE-----", .0.display())]
    NoCertificate(PathBuf),
    /// No private key in its file.
    #[error("there is no private key in {}: PKCS#8, PKCS#1 and SEC1 are read", .0.display())]
    NoKey(PathBuf),
    /// The key has a password.
    #[error("the private key in {} has a password; remove it: openssl pkey -in OLD -out NEW", .0.display())]
    Encrypted(PathBuf),
    /// Others can read the key.
    #[error(
        "others can read the private key {} (mode {mode:03o}): chmod 600 {}, and get a new certificate if somebody did",
        path.display(), path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// A key that signs nothing we know.
    #[error("the private key in {} is of no kind that is known: RSA, ECDSA (P-256, P-384) and Ed25519 are", .0.display())]
    UnknownKey(PathBuf),
    /// The first certificate is no certificate.
    #[error("the first certificate in {} cannot be read: {error}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why.
        error: rustls::Error,
    },
    /// Certificate and key are of two pairs.
    #[error(
        "the private key in {} does not fit the first certificate in {}: the server's own comes first, then those \
         that signed it",
        key.display(), certificate.display()
    )]
    Mismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's.
        key: PathBuf,
    },
    /// The library wants something else.
    #[error("failed to set TLS up: {0}")]
    Setup(rustls::Error),
}

/// Makes connections TLS. Clones share the certificate.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    pair: Arc<Pair>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("certificate", &self.pair.certificate)
            .field("key", &self.pair.key)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads a chain of certificates (the server's own first) and its private key. A certificate that
    /// has expired is used, with a warning in the log: it is better than none.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let (certificate, key) = (certificate.to_owned(), key.to_owned());
        // Before they are read: a change in between is seen the next time.
        let seen = (stamp(&certificate), stamp(&key));
        let current = RwLock::new(load(&certificate, &key, &provider)?);
        let looked = Mutex::new(Looked { at: Instant::now(), seen, failure: None });
        let pair = Arc::new(Pair { certificate, key, provider: Arc::clone(&provider), current, looked });
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Setup)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&pair) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), pair })
    }

    /// Shakes hands with a client, within seconds. Those who speak plain HTTP are told so; `None` for
    /// them, and for whoever breaks off.
    pub(super) async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        self.pair.refresh(Instant::now());
        self.accept_within(HANDSHAKE, stream).await
    }

    async fn accept_within(&self, limit: Duration, mut stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let handshake = async {
            let mut first = [0];
            match stream.peek(&mut first).await {
                Ok(1) if first[0] == RECORD => match self.acceptor.accept(stream).await {
                    Ok(stream) => return Some(stream),
                    // Scanners and clients that do not know the certificate: their affair.
                    Err(error) => tracing::debug!(%error, "a client broke off its handshake"),
                },
                Ok(1) if first[0].is_ascii_uppercase() => refuse_plain(&mut stream).await,
                _ => {}
            }
            None
        };
        tokio::time::timeout(limit, handshake).await.ok().flatten()
    }
}

/// Answers, and reads what the client still sends: a connection that is closed with unread bytes is
/// reset, and the answer lost.
async fn refuse_plain(stream: &mut TcpStream) {
    if stream.write_all(PLAIN).await.is_ok() && stream.shutdown().await.is_ok() {
        let mut rest = stream.take(DRAINED);
        let _ = tokio::time::timeout(DRAINING, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
    }
}

/// The certificate that is shown, and where it comes from.
#[derive(Debug)]
struct Pair {
    certificate: PathBuf,
    key: PathBuf,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
    looked: Mutex<Looked>,
}

/// What the files were when they were looked at.
#[derive(Debug)]
struct Looked {
    at: Instant,
    seen: (Option<Stamp>, Option<Stamp>),
    /// Why the last pair was not taken; then it is tried again, and told when it changes.
    failure: Option<String>,
}

/// What differs when a file is another: its place, when it was changed, and its size.
type Stamp = (u64, u64, i64, i64, u64);

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.dev(), metadata.ino(), metadata.mtime(), metadata.mtime_nsec(), metadata.size()))
}

impl Pair {
    fn refresh(&self, now: Instant) {
        // Whoever comes meanwhile gets the old one.
        let Ok(mut looked) = self.looked.try_lock() else { return };
        if now.saturating_duration_since(looked.at) < CHECK {
            return;
        }
        looked.at = now;
        let seen = (stamp(&self.certificate), stamp(&self.key));
        if seen == looked.seen && looked.failure.is_none() {
            return;
        }
        match load(&self.certificate, &self.key, &self.provider) {
            Ok(fresh) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
                looked.failure = None;
                tracing::info!(certificate = %self.certificate.display(), "a new certificate is in use");
            }
            Err(error) => {
                let failure = error.to_string();
                if looked.failure.as_ref() != Some(&failure) {
                    tracing::error!(%error, "the new certificate is not used; the old one stays");
                }
                looked.failure = Some(failure);
            }
        }
        looked.seen = seen;
    }
}

impl ResolvesServerCert for Pair {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn load(certificate: &Path, key: &Path, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
    let text = read(certificate, false)?;
    let malformed = |path: &Path, error| TlsError::Malformed { path: path.to_owned(), error };
    let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| malformed(certificate, error))?;
    let Some(own) = chain.first() else { return Err(TlsError::NoCertificate(certificate.to_owned())) };
    let expires = expiry(own);
    let text = zeroize::Zeroizing::new(read(key, true)?);
    let private = match PrivateKeyDer::from_pem_slice(&text) {
        Ok(private) => private,
        Err(pem::Error::NoItemsFound) if memchr::memmem::find(&text, b"BEGIN ENCRYPTED PRIVATE KEY").is_some() => {
            return Err(TlsError::Encrypted(key.to_owned()));
        }
        Err(pem::Error::NoItemsFound) => return Err(TlsError::NoKey(key.to_owned())),
        Err(error) => return Err(malformed(key, error)),
    };
    let private = provider.key_provider.load_private_key(private);
    let private = private.map_err(|_| TlsError::UnknownKey(key.to_owned()))?;
    let pair = CertifiedKey::new(chain, private);
    match pair.keys_match() {
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
        Err(rustls::Error::InconsistentKeys(_)) => {
            return Err(TlsError::Mismatch { certificate: certificate.to_owned(), key: key.to_owned() });
        }
        Err(error) => return Err(TlsError::Certificate { path: certificate.to_owned(), error }),
    }
    if expires.is_some_and(|expires| expires <= crate::clock::now()) {
        let at = expires.unwrap_or_default().human();
        tracing::warn!(certificate = %certificate.display(), "the certificate has expired at {at} UTC");
    }
    Ok(Arc::new(pair))
}

/// The bytes of a file; of a secret one only when nobody else can read it.
fn read(path: &Path, is_secret: bool) -> Result<Vec<u8>, TlsError> {
    let failed = |error| TlsError::Io { path: path.to_owned(), error };
    // Looked at before it is opened, because opening a pipe waits; and after, because that is the file that is read.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(TlsError::NoFile(path.to_owned()));
    }
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let mode = metadata.permissions().mode() & 0o777;
    // A group may read what belongs to root: that is how a service that is not root gets at the key
    // that root renews.
    let private = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    if is_secret && mode & private != 0 {
        return Err(TlsError::Exposed { path: path.to_owned(), mode });
    }
    let mut bytes = Vec::with_capacity(metadata.len().min(MAX_FILE) as usize + 1);
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE { Err(TlsError::NoFile(path.to_owned())) } else { Ok(bytes) }
}

/// When a certificate expires; `None` when it cannot be found out, which is no reason to refuse it.
fn expiry(certificate: &[u8]) -> Option<Timestamp> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xa0;
    const UTC_TIME: u8 = 0x17;
    const GENERALIZED_TIME: u8 = 0x18;
    let (_, certificate, _) = value(certificate)?;
    let (SEQUENCE, mut fields, _) = value(certificate)? else { return None };
    if fields.first() == Some(&VERSION) {
        fields = value(fields)?.2;
    }
    // The number, the algorithm and the issuer come before the two dates.
    for _ in 0..3 {
        fields = value(fields)?.2;
    }
    let (SEQUENCE, dates, _) = value(fields)? else { return None };
    let (kind, text, _) = value(value(dates)?.2)?;
    let text = std::str::from_utf8(text).ok().filter(|text| text.is_ascii())?;
    let (year, rest) = match kind {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let century = if year < "50" { "20" } else { "19" };
            (format!("{century}{year}"), rest)
        }
        GENERALIZED_TIME => text.split_at_checked(4).map(|(year, rest)| (year.to_owned(), rest))?,
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2);
    let (month, day, hour, minute, second) = (part(0)?, part(2)?, part(4)?, part(6)?, part(8)?);
    Timestamp::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z"))
}

/// The kind and the content of the first DER value, and what follows it.
fn value(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&kind, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((kind, content, rest))
}

#[cfg(test)]
#[path = "tls_tests.rs"]
mod tests;
