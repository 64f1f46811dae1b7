//! Secrets at rest: XChaCha20-Poly1305 under a key of the [`KeyRing`], as the text `v1:KEYID:base64(nonce, sealed)`.
//!
//! A sealed value is bound to its place, so that whoever can write the database still cannot put one project's secret
//! into another one's row, or a hidden value into a column that is shown. Its length is not hidden.

use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use zeroize::Zeroizing;

use super::keys::{Key, KeyId, KeyRing};
use crate::random;

const VERSION: &str = "v1";
/// Bytes of a nonce. With 192 random bits no counter has to be kept: they do not repeat.
const NONCE: usize = 24;

/// Where a sealed value is stored, and the only place where it opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The row's id: one that never changes and is never used again.
    pub row: i64,
    /// The column's name.
    pub column: &'a str,
}

/// Why a sealed value does not open. Fits after "failed to …: "; says nothing of the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not a text of [`seal`]'s.
    #[error("what is stored is not a sealed value")]
    Malformed,
    /// The key is not among those of this server: the data folder came without it, or it was dropped too early.
    #[error("the value is sealed with another key (id {id}; this server has {known})")]
    OtherKey {
        /// The key it takes.
        id: KeyId,
        /// The names of those there are.
        known: String,
    },
    /// The key is right and the value is not: changed, or moved here from another place.
    #[error("the sealed value was changed, or belongs to another row")]
    Tampered,
}

/// Seals `value` for `place`, with the newest key.
pub fn seal(ring: &KeyRing, place: Place<'_>, value: &[u8]) -> String {
    let key = ring.newest();
    let nonce: [u8; NONCE] = random::bytes();
    let payload = Payload { msg: value, aad: &bound_to(key.id(), place) };
    let sealed = cipher(key).encrypt(&XNonce::from(nonce), payload).expect("a value that fits into memory");
    let mut bytes = nonce.to_vec();
    bytes.extend_from_slice(&sealed);
    format!("{VERSION}:{}:{}", key.id(), STANDARD.encode(bytes))
}

/// Opens what [`seal`] made for the same place, with whichever key of the ring it takes.
pub fn open(ring: &KeyRing, place: Place<'_>, text: &str) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let (id, sealed) = split(text).ok_or(OpenError::Malformed)?;
    let key = ring.get(id).ok_or_else(|| {
        let known: Vec<String> = ring.ids().map(|id| id.to_string()).collect();
        OpenError::OtherKey { id, known: known.join(", ") }
    })?;
    let bytes = STANDARD.decode(sealed).map_err(|_| OpenError::Malformed)?;
    let (nonce, sealed) = bytes.split_first_chunk::<NONCE>().ok_or(OpenError::Malformed)?;
    let payload = Payload { msg: sealed, aad: &bound_to(id, place) };
    let value = cipher(key).decrypt(&XNonce::from(*nonce), payload).map_err(|_| OpenError::Tampered)?;
    Ok(Zeroizing::new(value))
}

/// [`open`] for values that are text.
pub fn open_text(ring: &KeyRing, place: Place<'_>, text: &str) -> Result<Zeroizing<String>, OpenError> {
    let value = open(ring, place, text)?;
    let value = std::str::from_utf8(&value).map_err(|_| OpenError::Malformed)?;
    Ok(Zeroizing::new(value.to_owned()))
}

/// The value sealed with the newest key; none when it already is.
pub fn reseal(ring: &KeyRing, place: Place<'_>, text: &str) -> Result<Option<String>, OpenError> {
    if key_of(text) == Some(ring.newest().id()) {
        return Ok(None);
    }
    let value = open(ring, place, text)?;
    Ok(Some(seal(ring, place, &value)))
}

/// The key that a sealed value takes, without opening it: to count what an old key still holds.
pub fn key_of(text: &str) -> Option<KeyId> {
    split(text).map(|(id, _)| id)
}

fn split(text: &str) -> Option<(KeyId, &str)> {
    let (id, sealed) = text.strip_prefix(VERSION)?.strip_prefix(':')?.split_once(':')?;
    Some((KeyId::parse(id)?, sealed))
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(key.bytes().into())
}

/// What is authenticated beside the value. Each part carries its length: no two places read the same.
fn bound_to(id: KeyId, place: Place<'_>) -> Vec<u8> {
    let (id, row) = (id.to_string(), place.row.to_string());
    let mut bytes = Vec::new();
    for part in [VERSION, &id, place.table, &row, place.column] {
        bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACE: Place<'_> = Place { table: "variables", row: 7, column: "value" };

    fn ring(keys: &[u8]) -> KeyRing {
        let keys: Vec<String> = keys.iter().map(|byte| STANDARD.encode([*byte; 32])).collect();
        KeyRing::from_variable(&keys.join(",")).unwrap()
    }

    #[test]
    fn a_value_opens_in_its_place_only() {
        let ring = ring(&[1]);
        let sealed = seal(&ring, PLACE, b"s3cret-value");
        assert!(sealed.starts_with(&format!("v1:{}:", ring.newest().id())), "{sealed}");
        assert_eq!(*open_text(&ring, PLACE, &sealed).unwrap(), "s3cret-value");
        assert_ne!(sealed, seal(&ring, PLACE, b"s3cret-value"), "each has its own nonce");
        for other in [
            Place { row: 8, ..PLACE },
            Place { column: "note", ..PLACE },
            Place { table: "variable", ..PLACE },
            Place { table: "variables7", row: 0, column: "value" },
        ] {
            assert_eq!(open(&ring, other, &sealed), Err(OpenError::Tampered));
        }
    }

    #[test]
    fn another_key_is_named() {
        let sealed = seal(&ring(&[1]), PLACE, b"s3cret-value");
        let here = ring(&[2, 3]);
        let error = open(&here, PLACE, &sealed).unwrap_err();
        let (id, mut known) = (ring(&[1]).newest().id(), here.ids());
        let (first, second) = (known.next().unwrap(), known.next().unwrap());
        let expected = format!("the value is sealed with another key (id {id}; this server has {first}, {second})");
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn rotation_needs_no_pause() {
        let (old, both, new) = (ring(&[1]), ring(&[2, 1]), ring(&[2]));
        let sealed = seal(&old, PLACE, b"s3cret-value");
        assert_eq!(*open_text(&both, PLACE, &sealed).unwrap(), "s3cret-value");
        let again = reseal(&both, PLACE, &sealed).unwrap().unwrap();
        assert_eq!(key_of(&again), Some(new.newest().id()));
        assert_eq!(reseal(&both, PLACE, &again), Ok(None));
        assert_eq!(*open_text(&new, PLACE, &again).unwrap(), "s3cret-value");
        assert!(matches!(open(&new, PLACE, &sealed), Err(OpenError::OtherKey { .. })));
    }

    #[test]
    fn nothing_else_is_a_sealed_value() {
        let ring = ring(&[1]);
        let id = ring.newest().id();
        for text in ["", "s3cret-value", "v2:00000000:AAAA", "v1:xyz:AAAA", &format!("v1:{id}:AAAA"), "v1:", "v1"] {
            assert_eq!(open(&ring, PLACE, text), Err(OpenError::Malformed), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_and_what_was_changed_does_not(
            value in prop::collection::vec(any::<u8>(), 0..200), row: i64, at: prop::sample::Index, flip in 1_u8..=255
        ) {
            let (ring, place) = (ring(&[1, 2]), Place { row, ..PLACE });
            let sealed = seal(&ring, place, &value);
            prop_assert_eq!(&**open(&ring, place, &sealed).unwrap(), &value[..]);
            let head = sealed.rfind(':').unwrap() + 1;
            let mut bytes = STANDARD.decode(&sealed[head..]).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= flip;
            let changed = format!("{}{}", &sealed[..head], STANDARD.encode(bytes));
            prop_assert_eq!(open(&ring, place, &changed), Err(OpenError::Tampered));
        }
    }
}
