//! `include: remote`: files of other servers, of those that the administrator listed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};
use url::Url;

use super::address::Allow;
use super::prefix::{self, Prefix};
use super::{Limits, Outbound, OutboundError};

/// How long an answer is given again: the evaluations of one push, and of somebody who types.
const FRESH: Duration = Duration::from_mins(1);
/// Answers that are kept at a time.
const KEPT: usize = 64;
/// Bytes that they have together.
const KEPT_BYTES: usize = 16 << 20;

/// What people read about a server's list.
const LIST: &str = "this server's list of remote files (`include_remote` in the configuration)";

/// The files of other servers that definitions may include: none, unless there are prefixes.
///
/// A listed host may be in the house or on this machine, since the administrator named it; not so the
/// addresses of metadata services and the like, unless the prefix has that very address.
#[derive(Debug)]
pub struct RemoteIncludes {
    prefixes: Vec<Prefix>,
    list: &'static str,
    outbound: Outbound,
    kept: Mutex<Kept>,
}

impl Default for RemoteIncludes {
    fn default() -> Self {
        Self::of(Vec::new())
    }
}

impl RemoteIncludes {
    /// Those whose address begins with one of `prefixes`. The error is a sentence about the first that
    /// is no such beginning.
    pub fn new<S: AsRef<str>>(prefixes: &[S]) -> Result<Self, String> {
        Ok(Self::of(prefixes.iter().map(|text| text.as_ref().parse()).collect::<Result<_, _>>()?))
    }

    /// Those below one of these prefixes.
    pub fn of(prefixes: Vec<Prefix>) -> Self {
        let mut allow = Allow::default();
        for prefix in &prefixes {
            allow.add(prefix.host());
        }
        Self { prefixes, list: LIST, outbound: Outbound::new(allow), kept: Mutex::default() }
    }

    /// Says which list it is in other words, that fit after "it is not on ".
    pub fn listed_in(self, list: &'static str) -> Self {
        Self { list, ..self }
    }

    /// Asks through another client; it has the rules about addresses, and this the list.
    pub fn through(self, outbound: Outbound) -> Self {
        Self { outbound, ..self }
    }

    /// The text at an address of the list, of at most 2 MiB of UTF-8, asked or from less than a minute
    /// ago. `integrity` is `sha256-` and the base64 of the digest that it must have; plain http needs
    /// it. Errors are fragments that fit after "cannot be included: ".
    ///
    /// Waits, for up to 30 seconds: for threads that may, inside a runtime or without one.
    pub fn read(&self, url: &str, integrity: Option<&str>) -> Result<String, String> {
        let url = prefix::parse(url).map_err(|why| format!("its address is refused: {why}"))?;
        if !self.lists(&url) {
            return Err(format!("it is not on {}", self.list));
        }
        let wanted = integrity.map(digest_of).transpose()?;
        if wanted.is_none() && url.scheme() == "http" {
            return Err("over plain http it needs `integrity`: anybody on the way could change it".to_owned());
        }
        let fits = |text: &str| wanted.is_none_or(|wanted| Sha256::digest(text)[..] == wanted);
        // One that does not fit may only be old: its author changed it together with its digest.
        if let Some(text) = self.kept().get(&url, Instant::now()).filter(|text| fits(text)) {
            return Ok(text);
        }
        let limits = Limits::default();
        let bytes = wait(self.outbound.get_within(url.as_str(), &limits, &|url| self.lists(url)))?;
        let bytes = bytes.map_err(|error| match error {
            OutboundError::Elsewhere { host } => {
                format!("it redirects to a file of {host} that is not on {}", self.list)
            }
            error => error.to_string(),
        })?;
        let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
        if let Some(wanted) = wanted.filter(|_| !fits(&text)) {
            let (found, wanted) = (STANDARD.encode(Sha256::digest(&text)), STANDARD.encode(wanted));
            return Err(format!("its digest is sha256-{found}, and `integrity` is sha256-{wanted}"));
        }
        self.kept().put(&url, &text, Instant::now());
        Ok(text)
    }

    fn lists(&self, url: &Url) -> bool {
        self.prefixes.iter().any(|prefix| prefix.admits(url))
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The digest that `integrity` names.
fn digest_of(integrity: &str) -> Result<[u8; 32], String> {
    let digest = integrity.strip_prefix("sha256-").and_then(|text| STANDARD.decode(text).ok()?.try_into().ok());
    digest.ok_or_else(|| format!("`integrity` is `sha256-` and the base64 of 32 bytes, not {integrity:?}"))
}

/// The result of a future, on a thread that may wait.
fn wait<F: Future>(future: F) -> Result<F::Output, String> {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        return Ok(runtime.block_on(future));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let output = runtime.block_on(future);
    // A resolver that does not answer would hold an ordinary end up.
    runtime.shutdown_background();
    Ok(output)
}

/// Answers of the last minute.
#[derive(Debug, Default)]
struct Kept(HashMap<Url, (Instant, String)>);

impl Kept {
    fn get(&self, url: &Url, now: Instant) -> Option<String> {
        let (at, text) = self.0.get(url)?;
        (now.saturating_duration_since(*at) < FRESH).then(|| text.clone())
    }

    fn put(&mut self, url: &Url, text: &str, now: Instant) {
        self.0.retain(|_, (at, _)| now.saturating_duration_since(*at) < FRESH);
        self.0.insert(url.clone(), (now, text.to_owned()));
        let size = |kept: &Self| kept.0.values().map(|(_, text)| text.len()).sum::<usize>();
        while self.0.len() > KEPT || size(self) > KEPT_BYTES {
            let Some(oldest) = self.0.iter().min_by_key(|(_, (at, _))| *at).map(|(url, _)| url.clone()) else { break };
            self.0.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_kept_for_a_minute_and_not_too_many() {
        let url = |n: usize| format!("https://ci.example.org/{n}").parse::<Url>().unwrap();
        let mut kept = Kept::default();
        let start = Instant::now();
        kept.put(&url(0), "a", start);
        assert_eq!(kept.get(&url(0), start + FRESH / 2).as_deref(), Some("a"));
        assert_eq!(kept.get(&url(0), start + FRESH), None);
        assert_eq!(kept.get(&url(1), start), None);
        for n in 1..=KEPT {
            kept.put(&url(n), "b", start + Duration::from_millis(n as u64));
        }
        assert_eq!(kept.0.len(), KEPT);
        assert!(kept.get(&url(0), start).is_none() && kept.get(&url(1), start).is_some());
        let large = "x".repeat(KEPT_BYTES - 1);
        kept.put(&url(0), &large, start + FRESH / 2);
        assert!(kept.get(&url(0), start + FRESH / 2).is_some() && kept.0.len() == 2, "{}", kept.0.len());
        kept.put(&url(1), "c", start + FRESH * 2);
        assert_eq!(kept.0.len(), 1, "old ones go");
    }

    #[test]
    fn an_integrity_is_a_digest() {
        assert_eq!(digest_of(&format!("sha256-{}", STANDARD.encode([7; 32]))), Ok([7; 32]));
        for wrong in ["", "sha256-", "sha256-x", "sha512-AAAA", "md5-AAAA", &STANDARD.encode([7; 32])] {
            assert!(digest_of(wrong).unwrap_err().contains("base64 of 32 bytes"), "{wrong}");
        }
    }
}
