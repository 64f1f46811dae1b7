//! Ids as CodeArts writes them: 32 characters.

use sha2::{Digest, Sha256};

use super::Refused;

/// 32 lower-case letters and digits. Ours are all hexadecimal: an id with other letters is well-formed and unknown.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Id(String);

impl Id {
    /// Reads one; `what` says which of the request's.
    pub fn parse(what: &str, text: &str) -> Result<Self, Refused> {
        let fits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            let shown: String = text.chars().take(40).collect();
            Err(Refused::invalid(format!("{what} {shown:?} is no id: ids are 32 lower-case letters and digits")))
        }
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The id of something that has none of its own: of the `n`th `kind` (stage, step) of what has the uid `of`. The same for
/// ever, and found again by comparing: whoever asks for it names what it belongs to.
pub fn derived(kind: &str, of: &str, n: usize) -> String {
    hex::encode(&Sha256::digest(format!("{kind} {n} of {of}"))[..16])
}
