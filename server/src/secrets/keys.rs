//! The keys that secrets are sealed with: from a file that only the server's user can read, or from the environment.
//!
//! The file has one key per line, base64 of 32 bytes, the newest first; lines that begin with `#` are for people. The
//! newest key seals, every key opens: to rotate, put a new one in front ([`add`]), seal everything again
//! ([`super::seal::reseal`]) and drop the old ones ([`keep_newest`]). Nothing has to stop meanwhile.

use std::{
    fmt,
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::random;

/// The environment variable that may hold the keys instead of a file: base64 of 32 bytes each, the newest first,
/// separated by commas or spaces.
pub const VARIABLE: &str = "WEIR_SECRET_KEY";

/// Bytes of a key.
const LENGTH: usize = 32;
/// Bytes of a file that are read at most: some hundred keys and what people wrote beside them.
const MAX_FILE: u64 = 64 * 1024;

const HEAD: &str = "# The keys that the secrets in weir.db are sealed with, the newest first. Without them these are lost:\n\
                    # keep a copy, but not beside the copies of the database.\n";

/// Names a key without telling it: 8 hexadecimal digits of its hash.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; 4]);

impl KeyId {
    /// Reads what [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let mut id = [0; 4];
        let is_lower = text.bytes().all(|byte| !byte.is_ascii_uppercase());
        (is_lower && hex::decode_to_slice(text, &mut id).is_ok()).then_some(Self(id))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One key. Its bytes are wiped when it goes, and never shown.
#[derive(Clone)]
pub struct Key {
    id: KeyId,
    bytes: Zeroizing<[u8; LENGTH]>,
}

impl Key {
    fn new(bytes: Zeroizing<[u8; LENGTH]>) -> Self {
        let hash = Sha256::new().chain_update(b"weir key id").chain_update(&bytes[..]).finalize();
        Self { id: KeyId([hash[0], hash[1], hash[2], hash[3]]), bytes }
    }

    fn fresh() -> Self {
        Self::new(Zeroizing::new(random::bytes()))
    }

    fn decode(text: &str) -> Option<Self> {
        let decoded = Zeroizing::new(STANDARD.decode(text).ok()?);
        let mut bytes = Zeroizing::new([0; LENGTH]);
        (decoded.len() == LENGTH).then(|| bytes.copy_from_slice(&decoded))?;
        Some(Self::new(bytes))
    }

    /// Its name.
    pub fn id(&self) -> KeyId {
        self.id
    }

    pub(super) fn bytes(&self) -> &[u8; LENGTH] {
        &self.bytes
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

/// Why there are no keys. Fits after "failed to …: "; names files, never what is in them.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The data folder has secrets and not the key.
    #[error(
        "the key file {} is missing, and secrets are stored that only it opens: bring it back, or set {VARIABLE}",
        .0.display()
    )]
    Missing(PathBuf),
    /// Others can read it.
    #[error(
        "others can read the key file {} (mode {mode:03o}): chmod 600 {}, and rotate the key if somebody did",
        path.display(), path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Not what is written there.
    #[error("line {line} of the key file {} is no key: a key is base64 of {LENGTH} bytes", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
    },
    /// No key in it, or not a plain file.
    #[error("{} is no key file: it has a key on a line of its own, base64 of {LENGTH} bytes", .0.display())]
    NoKey(PathBuf),
    /// Secrets are stored that none of the keys opens.
    #[error("{count} stored secrets were sealed with other keys ({ids}): bring the right key back, or set {VARIABLE}")]
    Wrong {
        /// How many.
        count: usize,
        /// The names of the keys that are missing.
        ids: String,
    },
    /// The variable's text is not a list of keys.
    #[error("{VARIABLE} is no key: it is base64 of {LENGTH} bytes, or several of them, the newest first")]
    Variable,
    /// It cannot be read or written.
    #[error("failed to use the key file {}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
}

/// The keys, the newest first; at least one.
#[derive(Clone, Debug)]
pub struct KeyRing(Vec<Key>);

impl KeyRing {
    /// The keys of the environment variable's text (see [`VARIABLE`]).
    pub fn from_variable(text: &str) -> Result<Self, KeyError> {
        let words = text.split([',', ' ', '\n']).map(str::trim).filter(|word| !word.is_empty());
        let keys = words.map(|word| Key::decode(word).ok_or(KeyError::Variable)).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(KeyError::Variable) } else { Ok(Self(keys)) }
    }

    /// The keys of a file. A file that is missing is made, with one fresh key and mode 0600, unless `has_secrets` says
    /// that the store holds something a fresh key could not open.
    pub fn from_file(path: &Path, has_secrets: bool) -> Result<Self, KeyError> {
        match read(path) {
            Err(KeyError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound && has_secrets => {
                Err(KeyError::Missing(path.to_owned()))
            }
            Err(KeyError::Io { error, .. }) if error.kind() == io::ErrorKind::NotFound => {
                let ring = Self(vec![Key::fresh()]);
                write(path, &ring).map_err(|error| KeyError::Io { path: path.to_owned(), error })?;
                Ok(ring)
            }
            other => other,
        }
    }

    /// The key that seals.
    pub fn newest(&self) -> &Key {
        &self.0[0]
    }

    /// The key of that name.
    pub fn get(&self, id: KeyId) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id)
    }

    /// Refuses a ring that does not open what is stored.
    pub fn check(&self, sealed: &[String]) -> Result<(), KeyError> {
        let mut missing = Vec::new();
        for id in sealed.iter().filter_map(|text| super::seal::key_of(text)) {
            if self.get(id).is_none() {
                missing.push(id.to_string());
            }
        }
        let count = missing.len();
        missing.sort();
        missing.dedup();
        if count == 0 { Ok(()) } else { Err(KeyError::Wrong { count, ids: missing.join(", ") }) }
    }

    /// The names of all keys, the newest first.
    pub fn ids(&self) -> impl Iterator<Item = KeyId> {
        self.0.iter().map(Key::id)
    }
}

/// The keys as they are now: whoever seals or opens takes them at that moment, so that a rotation is seen at once.
#[derive(Clone, Debug)]
pub struct Keys(Arc<RwLock<Arc<KeyRing>>>);

impl Keys {
    /// With these to begin with.
    pub fn new(ring: KeyRing) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(ring))))
    }

    /// The keys now.
    pub fn ring(&self) -> Arc<KeyRing> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Others from now on.
    pub fn set(&self, ring: KeyRing) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }
}

/// Rotation, first step: puts a fresh key in front of those of the file.
pub fn add(path: &Path) -> Result<KeyRing, KeyError> {
    let mut ring = read(path)?;
    ring.0.insert(0, Key::fresh());
    write(path, &ring).map_err(|error| KeyError::Io { path: path.to_owned(), error })?;
    Ok(ring)
}

/// Rotation, last step, when nothing is sealed with the older keys any more: drops them from the file.
pub fn keep_newest(path: &Path) -> Result<KeyRing, KeyError> {
    let mut ring = read(path)?;
    ring.0.truncate(1);
    write(path, &ring).map_err(|error| KeyError::Io { path: path.to_owned(), error })?;
    Ok(ring)
}

fn read(path: &Path) -> Result<KeyRing, KeyError> {
    let failed = |error| KeyError::Io { path: path.to_owned(), error };
    // Looked at before it is opened, because opening a pipe waits; and after, because that is the file that is read.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(KeyError::NoKey(path.to_owned()));
    }
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed { path: path.to_owned(), mode });
    }
    let mut text = Zeroizing::new(String::with_capacity(4096));
    match file.take(MAX_FILE).read_to_string(&mut text) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(KeyError::NoKey(path.to_owned())),
        other => other.map_err(failed)?,
    };
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let malformed = |at| KeyError::Malformed { path: path.to_owned(), line: at + 1 };
    let keys: Vec<Key> = lines.map(|(at, line)| Key::decode(line).ok_or(malformed(at))).collect::<Result<_, _>>()?;
    if keys.is_empty() { Err(KeyError::NoKey(path.to_owned())) } else { Ok(KeyRing(keys)) }
}

/// Replaces the file at once: after a crash it is the old one or the new one, whole.
fn write(path: &Path, ring: &KeyRing) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let fresh = path.with_extension("new");
    // What is left there is of a start that was killed in between.
    match fs::remove_file(&fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&fresh)?;
    let mut text = Zeroizing::new(String::with_capacity(HEAD.len() + ring.0.len() * 48));
    text.push_str(HEAD);
    for key in &ring.0 {
        STANDARD.encode_string(key.bytes(), &mut text);
        text.push('\n');
    }
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
