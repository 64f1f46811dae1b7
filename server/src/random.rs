//! Randomness of the operating system: uids and tokens.

use model::Uid;
use sha2::{Digest, Sha256};

/// A fresh uid.
pub fn uid() -> Uid {
    Uid::from_bytes(bytes())
}

/// A fresh token of 256 random bits behind its prefix, such as `glrt-`.
pub fn token(prefix: &str) -> String {
    format!("{prefix}{}", hex::encode(bytes::<32>()))
}

/// What is stored of a token: with 256 random bits in it, one round of SHA-256 is enough.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Fresh random bytes: salts, nonces, keys.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
