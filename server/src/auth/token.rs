//! Tokens: their kinds, how they are made and stored, and the places of a request from which one is taken
//! (contracts/gitlab-rest.md, section 3; contracts/runner-protocol.md, section 2).

use std::fmt;

use zeroize::Zeroizing;

use super::aksk::Signed;
use crate::random;

/// What a token is for. The prefix tells people and scanners; what it may is in its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A user's, or a project's: GitLab gives both the same prefix.
    Access,
    /// Starts runs of one project.
    Trigger,
    /// A runner's.
    Runner,
    /// A job's, while it runs.
    Job,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 4] = [Kind::Access, Kind::Trigger, Kind::Runner, Kind::Job];

    /// What the token begins with. They are masked in logs, with what follows.
    pub fn prefix(self) -> &'static str {
        match self {
            Kind::Access => "glpat-",
            Kind::Trigger => "glptt-",
            Kind::Runner => "glrt-",
            Kind::Job => "glcbt-",
        }
    }

    /// The kind that a text claims to be.
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| text.starts_with(kind.prefix()))
    }
}

/// Hexadecimal digits after the prefix: 256 random bits.
const DIGITS: usize = 64;
/// Longest credential that is looked up, in bytes. Ours have about 70.
const MAX_LENGTH: usize = 1024;
/// Characters of its end by which its owner knows a token again.
const HINT: usize = 4;

/// A token's text: shown once when it is made, then only its hash and its end are known. Wiped when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Zeroizing<String>);

impl Token {
    /// A fresh one.
    pub fn fresh(kind: Kind) -> Self {
        Self(Zeroizing::new(random::token(kind.prefix())))
    }

    /// What somebody presents. `None` when it cannot be a token: empty, longer than any, or not of visible ASCII.
    pub fn presented(text: &str) -> Option<Self> {
        let fits = (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The text itself: for the one answer that shows it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored and looked up.
    pub fn hash(&self) -> [u8; 32] {
        random::hash(&self.0)
    }

    /// The last characters, by which people tell their tokens apart in a list.
    pub fn hint(&self) -> &str {
        &self.0[self.0.len().saturating_sub(HINT)..]
    }

    /// Why it cannot be one of ours, as far as its form says: for a clearer 401. Fits after "failed to …: ".
    pub fn complaint(&self) -> Option<String> {
        let Some(kind) = Kind::of(&self.0) else {
            return Some("the token has none of the prefixes that this server gives".to_owned());
        };
        let rest = &self.0[kind.prefix().len()..];
        if rest.len() < DIGITS {
            return Some(format!("the token seems to be cut off: it has {} of {DIGITS} digits", rest.len()));
        }
        let is_digits = rest.len() == DIGITS && rest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        (!is_digits).then(|| format!("the token is not written as this server writes them ({DIGITS} digits)"))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}…)", Kind::of(&self.0).map_or("?", Kind::prefix))
    }
}

/// Where in a request a credential was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Header `PRIVATE-TOKEN`.
    PrivateHeader,
    /// Header `Authorization: Bearer`.
    Bearer,
    /// Header `JOB-TOKEN`.
    JobHeader,
    /// Header `RUNNER-TOKEN`.
    RunnerHeader,
    /// Header `X-Auth-Token`, of Huawei's SDKs.
    AuthHeader,
    /// Header `Authorization: SDK-HMAC-SHA256`.
    Signature,
    /// Parameter `private_token`.
    PrivateParameter,
    /// Parameter `access_token`.
    AccessParameter,
    /// Parameter `job_token`.
    JobParameter,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Place::PrivateHeader => "the header PRIVATE-TOKEN",
            Place::Bearer => "the header Authorization: Bearer",
            Place::JobHeader => "the header JOB-TOKEN",
            Place::RunnerHeader => "the header RUNNER-TOKEN",
            Place::AuthHeader => "the header X-Auth-Token",
            Place::Signature => "the signature in the header Authorization",
            Place::PrivateParameter => "the parameter private_token",
            Place::AccessParameter => "the parameter access_token",
            Place::JobParameter => "the parameter job_token",
        })
    }
}

/// What a request says of who sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// A token of a user or a project.
    Access(Token),
    /// A token of a job.
    Job(Token),
    /// A token of a runner.
    Runner(Token),
    /// A signed request: the header's value, for [`Signed::parse`].
    Signed(String),
}

/// Why a request's credentials are not even looked up: 401. Fits after "failed to …: "; never has the credential in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PresentError {
    /// Two that differ. Taking either would let somebody act as who they are not.
    #[error("{0} and {1} say different things: send one of them")]
    Ambiguous(Place, Place),
    /// It cannot be a credential.
    #[error("{0} is no token")]
    Malformed(Place),
}

/// Takes the credential out of a request; none when there is none. `headers` are name (in any case) and raw value,
/// `parameters` the decoded pairs of the query and, where the dialect merges it, of the body.
///
/// The same credential at two places counts once. A signature wins over `X-Auth-Token` (contracts/codearts.md, section
/// 3.1), which is signed with the rest. `Authorization: Basic` is for a proxy and left alone, as are empty values.
pub fn present<'a>(
    headers: impl IntoIterator<Item = (&'a str, &'a [u8])>,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Option<Presented>, PresentError> {
    let headers = headers.into_iter().map(|(name, value)| of_header(name, value));
    let parameters = parameters.into_iter().map(|(name, value)| of_parameter(name, value));
    let mut all: Vec<Found> = headers.chain(parameters).collect();
    if all.iter().any(|found| matches!(found, Ok(Some((Place::Signature, _))))) {
        // Whatever it is: those of the vendor's cloud are longer than any of ours.
        all.retain(|found| match found {
            Ok(Some((place, _))) | Err(PresentError::Malformed(place)) => *place != Place::AuthHeader,
            _ => true,
        });
    }
    let mut found: Option<(Place, Presented)> = None;
    for next in all {
        found = match (found, next?) {
            (first, None) => first,
            (None, next) => next,
            (Some(first), Some(next)) if first.1 == next.1 => Some(first),
            (Some(first), Some(next)) => return Err(PresentError::Ambiguous(first.0, next.0)),
        };
    }
    Ok(found.map(|(_, presented)| presented))
}

type Found = Result<Option<(Place, Presented)>, PresentError>;

fn of_header(name: &str, value: &[u8]) -> Found {
    let place = match name.to_ascii_lowercase().as_str() {
        "private-token" => Place::PrivateHeader,
        "job-token" => Place::JobHeader,
        "runner-token" => Place::RunnerHeader,
        "x-auth-token" => Place::AuthHeader,
        "authorization" => return of_authorization(value),
        _ => return Ok(None),
    };
    at(place, value.trim_ascii())
}

fn of_authorization(value: &[u8]) -> Found {
    // What is not text is no scheme of ours either: a proxy's, or noise.
    let Ok(text) = std::str::from_utf8(value).map(str::trim) else { return Ok(None) };
    if Signed::is_meant(text) {
        return Ok(Some((Place::Signature, Presented::Signed(text.to_owned()))));
    }
    match text.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => at(Place::Bearer, token.trim().as_bytes()),
        _ => Ok(None),
    }
}

fn of_parameter(name: &str, value: &str) -> Found {
    let place = match name {
        "private_token" => Place::PrivateParameter,
        "access_token" => Place::AccessParameter,
        "job_token" => Place::JobParameter,
        _ => return Ok(None),
    };
    at(place, value.trim().as_bytes())
}

fn at(place: Place, value: &[u8]) -> Found {
    if value.is_empty() {
        return Ok(None);
    }
    let text = std::str::from_utf8(value).ok();
    let token = text.and_then(Token::presented).ok_or(PresentError::Malformed(place))?;
    let presented = match place {
        Place::JobHeader | Place::JobParameter => Presented::Job(token),
        Place::RunnerHeader => Presented::Runner(token),
        // As a bearer both come; a job's token is known by its prefix.
        Place::Bearer if Kind::of(token.reveal()) == Some(Kind::Job) => Presented::Job(token),
        _ => Presented::Access(token),
    };
    Ok(Some((place, presented)))
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
