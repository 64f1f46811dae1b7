//! The one way out: every request that the server makes to another server goes through [`Outbound`].
//!
//! Addresses come from definitions, which people write who may reach the server but not what lies
//! beside it. So a name is resolved here, every address it has is checked, and the connection goes to
//! one of the checked addresses: nobody resolves a second time, and a name that leads elsewhere a
//! moment later gains nothing. Redirects are followed by hand, and each is checked anew.
//!
//! No proxy is used, whatever the environment says: a proxy would resolve the name once more.

pub mod address;
pub mod class;
mod fetch;
pub mod prefix;
pub mod remote;
#[cfg(test)]
mod tests;

use std::time::Duration;

use url::Url;

use address::{Allow, Resolver, System};
use fetch::{Answer, Tls};

pub use remote::RemoteIncludes;

/// How much one request may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// From the first look-up to the last byte, redirects included.
    pub time: Duration,
    /// Bytes of the body.
    pub bytes: usize,
    /// Redirects that are followed.
    pub redirects: usize,
}

impl Default for Limits {
    /// 30 seconds, 2 MiB, 5 redirects.
    fn default() -> Self {
        Self { time: Duration::from_secs(30), bytes: 2 << 20, redirects: 5 }
    }
}

/// Why there is no answer. The texts are sentences that name hosts, and never a path or query, in which
/// tokens may stand.
#[derive(Debug, thiserror::Error)]
pub enum OutboundError {
    /// The text is no address.
    #[error("the address cannot be read: {0}")]
    Unreadable(String),
    /// Neither http nor https.
    #[error("only http:// and https:// addresses are read, not {0}:")]
    Scheme(String),
    /// A user name or password stands in the address.
    #[error("the address of {host} has a user name or a password in it")]
    Credentials {
        /// Whose address.
        host: String,
    },
    /// The name leads nowhere.
    #[error("{host} cannot be found: {cause}")]
    Unknown {
        /// The name.
        host: String,
        /// What the resolver said.
        cause: String,
    },
    /// The name leads where this server does not go.
    #[error("{host} leads to {class}, which this server does not connect to")]
    Forbidden {
        /// The name.
        host: String,
        /// What kind of address, with an article.
        class: &'static str,
    },
    /// No address of the host takes the connection, or it broke.
    #[error("{host} cannot be reached: {cause}")]
    Unreachable {
        /// The name.
        host: String,
        /// What went wrong.
        cause: String,
    },
    /// Nothing can be trusted: the system has no root certificates.
    #[error("this machine has no root certificates to check {host} with (on Debian: the package ca-certificates)")]
    NoRoots {
        /// The name.
        host: String,
    },
    /// The time is up.
    #[error("{host} took longer than {seconds} s")]
    TimedOut {
        /// The name of the first request.
        host: String,
        /// The limit, in seconds.
        seconds: f32,
    },
    /// An answer that is not 200.
    #[error("{host} answered with status {status}")]
    Status {
        /// Who answered.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// More than the limit.
    #[error("{host} answered with more than {bytes} bytes")]
    TooLarge {
        /// Who answered.
        host: String,
        /// The limit.
        bytes: usize,
    },
    /// Something that is no text.
    #[error("{host} answered with {kind}, and not with plain text")]
    NotText {
        /// Who answered.
        host: String,
        /// What it was.
        kind: String,
    },
    /// Too many redirects.
    #[error("{host} redirects more than {limit} times")]
    Redirects {
        /// The name of the first request.
        host: String,
        /// The limit.
        limit: usize,
    },
    /// A redirect from https to http.
    #[error("{host} redirects from https to http")]
    Downgrade {
        /// Who redirects.
        host: String,
    },
    /// The address, or the one that a redirect leads to, is none of those asked for.
    #[error("{host} is none of the servers that may be read here")]
    Elsewhere {
        /// The name.
        host: String,
    },
}

/// The client. One serves all of a server's requests that have the same rules.
#[derive(Debug)]
pub struct Outbound {
    allow: Allow,
    resolver: Box<dyn Resolver>,
    tls: Tls,
}

impl Outbound {
    /// A client that reaches the public internet and what `allow` adds to it.
    pub fn new(allow: Allow) -> Self {
        Self { allow, resolver: Box::new(System), tls: Tls::default() }
    }

    /// Asks another resolver than the system's.
    pub fn with_resolver(self, resolver: impl Resolver + 'static) -> Self {
        Self { resolver: Box::new(resolver), ..self }
    }

    /// Trusts these roots instead of the system's.
    pub fn with_roots(self, roots: rustls::RootCertStore) -> Self {
        Self { tls: Tls::with_roots(roots), ..self }
    }

    /// The body at an address.
    pub async fn get(&self, url: &str, limits: &Limits) -> Result<Vec<u8>, OutboundError> {
        self.get_within(url, limits, &|_| true).await
    }

    /// As [`get`](Self::get), where neither the address nor any that a redirect leads to is asked unless
    /// `within` says yes to it.
    pub async fn get_within(
        &self,
        url: &str,
        limits: &Limits,
        within: &(dyn Fn(&Url) -> bool + Send + Sync),
    ) -> Result<Vec<u8>, OutboundError> {
        let url = Url::parse(url).map_err(|error| OutboundError::Unreadable(error.to_string()))?;
        let host = host_of(&url);
        match tokio::time::timeout(limits.time, self.follow(url, limits, within)).await {
            Ok(result) => result,
            Err(_) => Err(OutboundError::TimedOut { host, seconds: limits.time.as_secs_f32() }),
        }
    }

    async fn follow(
        &self,
        mut url: Url,
        limits: &Limits,
        within: &(dyn Fn(&Url) -> bool + Send + Sync),
    ) -> Result<Vec<u8>, OutboundError> {
        let first = host_of(&url);
        for _ in 0..=limits.redirects {
            check(&url)?;
            if !within(&url) {
                return Err(OutboundError::Elsewhere { host: host_of(&url) });
            }
            let addresses = address::checked(&url, &self.allow, &*self.resolver).await?;
            let location = match fetch::get(&url, &addresses, &self.tls, limits.bytes).await? {
                Answer::Body(bytes) => return Ok(bytes),
                Answer::Redirect(location) => location,
            };
            let next = url.join(&location).map_err(|error| OutboundError::Unreadable(error.to_string()))?;
            if url.scheme() == "https" && next.scheme() == "http" {
                return Err(OutboundError::Downgrade { host: host_of(&url) });
            }
            url = next;
        }
        Err(OutboundError::Redirects { host: first, limit: limits.redirects })
    }
}

/// Refuses what is wrong with an address before anybody is asked about it.
fn check(url: &Url) -> Result<(), OutboundError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(OutboundError::Scheme(url.scheme().to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(OutboundError::Credentials { host: host_of(url) });
    }
    Ok(())
}

/// The name that error texts use.
fn host_of(url: &Url) -> String {
    url.host_str().unwrap_or("the address").to_owned()
}
