//! Passwords: what may be one, how it is stored, and how it is checked without holding anything else up.
//!
//! Stored is a PHC string of Argon2id. Its cost is one of the sets that OWASP's password storage cheat sheet
//! calls equal in strength; the cost is read from the string, so that old ones go on working when it changes.

use std::sync::{Arc, LazyLock};

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{Output, ParamsString, PasswordHash, Salt},
};
use subtle::ConstantTimeEq;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use zeroize::Zeroizing;

use crate::random;

/// Fewest characters of a password.
pub const MIN_CHARS: usize = 8;
/// Most characters of a password.
pub const MAX_CHARS: usize = 128;
/// Most bytes of a password. What is longer is refused before it is hashed.
pub const MAX_BYTES: usize = 1024;

/// Bytes of a stored hash.
const OUTPUT: usize = 32;

/// Memory in KiB, passes and lanes. Nothing is gained by more lanes: one password is hashed on one thread.
const COST: Params = match Params::new(19 * 1024, 2, 1, Some(OUTPUT)) {
    Ok(cost) => cost,
    Err(_) => panic!("the cost is in Argon2's range"),
};

/// The dearest stored hash that is checked: KiB, passes, lanes. A hash that asks for more is not ours, and checking it
/// could take all memory.
const DEAREST: (u32, u32, u32) = (256 * 1024, 16, 4);

/// Why a text cannot be a password. Fits after "failed to …: ".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Fewer than [`MIN_CHARS`].
    #[error("a password has at least {MIN_CHARS} characters")]
    TooShort,
    /// More than [`MAX_CHARS`] characters or [`MAX_BYTES`] bytes.
    #[error("a password has at most {MAX_CHARS} characters")]
    TooLong,
    /// It is the user's name.
    #[error("a password is not the user's name")]
    UserName,
}

/// Whether `password` may become the password of `user`. The case of the name does not matter.
pub fn check(password: &str, user: &str) -> Result<(), Refusal> {
    if password.len() > MAX_BYTES {
        return Err(Refusal::TooLong);
    }
    match password.chars().count() {
        ..MIN_CHARS => Err(Refusal::TooShort),
        MIN_CHARS..=MAX_CHARS if password.to_lowercase() == user.to_lowercase() => Err(Refusal::UserName),
        MIN_CHARS..=MAX_CHARS => Ok(()),
        _ => Err(Refusal::TooLong),
    }
}

/// The PHC string to store, with a fresh salt of 16 bytes. Takes tens of milliseconds of a core and 19 MiB: see [`Hasher`].
///
/// # Panics
/// When `password` is longer than [`check`] allows: that is a fault of the caller's.
pub fn hash(password: &str) -> String {
    assert!(password.len() <= MAX_BYTES, "passwords are checked before they are hashed");
    let salt = Salt::new(&random::bytes::<16>()).expect("a salt's length");
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, COST);
    let output = compute(&argon2, password, &salt, OUTPUT).expect("the cost is in Argon2's range");
    let stored = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&COST).expect("parameters that can be written"),
        salt: Some(salt),
        hash: Some(Output::new(&output).expect("an output's length")),
    };
    stored.to_string()
}

/// Whether `password` is the one that `phc` was made of; compares in constant time. False, after the same work, when
/// `phc` is not a hash of ours.
pub fn verify(password: &str, phc: &str) -> bool {
    if password.len() > MAX_BYTES {
        return false;
    }
    compare(password, phc).unwrap_or_else(|| verify_nobody(password))
}

/// The work of [`verify`] for a user who does not exist or has no password, so that the time of an answer does not
/// say which users there are. Always false.
pub fn verify_nobody(password: &str) -> bool {
    static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nobody knows this one"));
    if password.len() <= MAX_BYTES {
        std::hint::black_box(compare(password, &NOBODY));
    }
    false
}

/// Whether `phc` was made at another cost than today's: after the next successful login it is made anew.
pub fn needs_rehash(phc: &str) -> bool {
    PasswordHash::new(phc).is_ok_and(|stored| {
        let cost = Params::try_from(&stored).map(|cost| (cost.m_cost(), cost.t_cost(), cost.p_cost()));
        let version = stored.version == Some(u32::from(Version::V0x13));
        stored.algorithm != Algorithm::Argon2id.ident()
            || !version
            || cost != Ok((COST.m_cost(), COST.t_cost(), COST.p_cost()))
    })
}

/// None when `phc` is nothing that is checked.
fn compare(password: &str, phc: &str) -> Option<bool> {
    let stored = PasswordHash::new(phc).ok()?;
    let cost = Params::try_from(&stored).ok()?;
    if cost.m_cost() > DEAREST.0 || cost.t_cost() > DEAREST.1 || cost.p_cost() > DEAREST.2 {
        return None;
    }
    let algorithm = Algorithm::try_from(stored.algorithm.as_str()).ok()?;
    let version = Version::try_from(stored.version?).ok()?;
    let (salt, expected) = (stored.salt?, stored.hash?);
    let computed = compute(&Argon2::new(algorithm, version, cost), password, &salt, expected.len())?;
    Some(computed.ct_eq(expected.as_bytes()).into())
}

/// Argon2 itself, in memory of our own.
fn compute(argon2: &Argon2<'_>, password: &str, salt: &[u8], length: usize) -> Option<Zeroizing<Vec<u8>>> {
    let blocks = argon2.params().block_count();
    // The address space asked for is larger than the memory used: beyond 32 MiB the C library always gives it back at
    // once. Below that it keeps freed blocks for later, and a few logins would leave the server at 200 MiB.
    let mut memory: Vec<Block> = Vec::with_capacity(blocks.max(40 * 1024));
    memory.resize(blocks, Block::new());
    let mut output = Zeroizing::new(vec![0; length]);
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut output, &mut memory[..]).ok()?;
    Some(output)
}

/// Too many people log in at once. Fits after "failed to …: ".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many logins at once, try again in a moment")]
pub struct Busy;

/// Hashes on blocking threads, few at a time, so that a flood of logins takes neither the threads that start jobs nor
/// all cores.
#[derive(Clone, Debug)]
pub struct Hasher {
    /// Who hashes.
    cores: Arc<Semaphore>,
    /// Who hashes or waits to.
    seats: Arc<Semaphore>,
}

impl Hasher {
    /// At most `at_once` (at least 1) hash, at most `waiting` more wait; others get [`Busy`].
    pub fn new(at_once: usize, waiting: usize) -> Self {
        let at_once = at_once.max(1);
        Self { cores: Arc::new(Semaphore::new(at_once)), seats: Arc::new(Semaphore::new(at_once + waiting)) }
    }

    /// [`hash`], when it is this one's turn. `password` has passed [`check`].
    pub async fn hash(&self, password: Zeroizing<String>) -> Result<String, Busy> {
        self.run(move || hash(&password)).await
    }

    /// [`verify`], when it is this one's turn; without a stored hash [`verify_nobody`].
    pub async fn verify(&self, password: Zeroizing<String>, phc: Option<String>) -> Result<bool, Busy> {
        // Not worth a seat, and the same for those who exist and those who do not.
        if password.len() > MAX_BYTES {
            return Ok(false);
        }
        self.run(move || phc.map_or_else(|| verify_nobody(&password), |phc| verify(&password, &phc))).await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        let seat = Arc::clone(&self.seats).try_acquire_owned().map_err(|_| Busy)?;
        let core = Arc::clone(&self.cores).acquire_owned().await.map_err(|_| Busy)?;
        // The permits go with the work: a client that hangs up does not let a second one hash beside it.
        let permits: [OwnedSemaphorePermit; 2] = [seat, core];
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permits);
            result
        });
        done.await.map_err(|_| Busy)
    }
}

impl Default for Hasher {
    /// One at a time. At some 50 hashes a second the last of 64 waits for a second or two.
    fn default() -> Self {
        Self::new(1, 64)
    }
}

#[cfg(test)]
#[path = "password_tests.rs"]
mod tests;
