//! The beginnings of addresses that an administrator lists, and what begins so.

use std::str::FromStr;

use url::{Host, Url};

/// The beginning of an address: a server and a path on it, such as `https://ci.example.org/templates/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix {
    scheme: String,
    host: Host<String>,
    port: u16,
    /// Without a slash at its end; empty for the whole server.
    path: String,
}

impl Prefix {
    /// The server.
    pub fn host(&self) -> &Host<String> {
        &self.host
    }

    /// Whether an address lies below: the same scheme, host and port, and a path that goes on after
    /// whole segments.
    pub fn admits(&self, url: &Url) -> bool {
        let below = |rest: &str| rest.is_empty() || rest.starts_with('/');
        url.scheme() == self.scheme
            && url.host() == Some(borrowed(&self.host))
            && url.port_or_known_default() == Some(self.port)
            && is_plain(url.path())
            && url.path().strip_prefix(&self.path).is_some_and(below)
    }
}

fn borrowed(host: &Host<String>) -> Host<&str> {
    match host {
        Host::Domain(name) => Host::Domain(name),
        Host::Ipv4(ip) => Host::Ipv4(*ip),
        Host::Ipv6(ip) => Host::Ipv6(*ip),
    }
}

impl FromStr for Prefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = |why: &str| format!("{text:?} {why}");
        let url = parse(text).map_err(|why| refused(&format!("cannot begin an address: {why}")))?;
        if url.query().is_some() || url.fragment().is_some() {
            return Err(refused("cannot begin an address: it has a query or a fragment"));
        }
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Err(refused("cannot begin an address: it has no host"));
        };
        Ok(Self {
            scheme: url.scheme().to_owned(),
            host: host.to_owned(),
            port,
            path: url.path().trim_end_matches('/').to_owned(),
        })
    }
}

/// Reads an address that is http or https, has no user name, and whose path means to every server what
/// it says; without its fragment. Errors are fragments of a sentence.
pub fn parse(text: &str) -> Result<Url, String> {
    // The library forgives these, and then the text that people see is not the address that is asked.
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err("it has a space, a backslash or a control character in it".to_owned());
    }
    if !["http://", "https://"].iter().any(|scheme| text.get(..scheme.len()).is_some_and(|head| head == *scheme)) {
        return Err("it does not begin with http:// or https://".to_owned());
    }
    let path = text.split(['?', '#']).next().unwrap_or_default();
    if !is_plain(path) {
        return Err("its path has `..` or an encoded dot, slash or percent sign in it".to_owned());
    }
    let mut url = Url::parse(text).map_err(|error| error.to_string())?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it has a user name or a password in it".to_owned());
    }
    url.set_fragment(None);
    Ok(url)
}

/// Whether no server reads another path out of this one: it has no `.` and `..`, also before `;`, where
/// some servers see parameters, and nothing encoded that could become one or a slash, even when decoded
/// twice.
fn is_plain(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let encoded = ["%2e", "%2f", "%5c", "%25", "%00"].iter().any(|code| lower.contains(code));
    let dots = path.split('/').any(|segment| matches!(segment.split(';').next(), Some("." | "..")));
    !encoded && !dots
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(prefix: &str, url: &str) -> bool {
        let prefix: Prefix = prefix.parse().unwrap();
        parse(url).is_ok_and(|url| prefix.admits(&url))
    }

    #[test]
    fn whole_segments_of_the_same_server_are_below() {
        for (prefix, url) in [
            ("https://ci.example.org/templates/", "https://ci.example.org/templates/a.yml"),
            ("https://ci.example.org/templates", "https://ci.example.org/templates/a/b.yml"),
            ("https://ci.example.org/templates/", "https://ci.example.org/templates/a.yml?ref=feature%2Fx#top"),
            ("https://ci.example.org", "https://ci.example.org/any.yml"),
            ("https://ci.example.org/one.yml", "https://ci.example.org/one.yml"),
            ("https://CI.example.org:443/t/", "https://ci.EXAMPLE.org/t/a.yml"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/a.yml"),
            ("https://[fd00::1]/t", "https://[FD00:0::1]/t/a.yml"),
            ("https://ci.example.org/t%C3%A4g/", "https://ci.example.org/täg/a.yml"),
        ] {
            assert!(admits(prefix, url), "{prefix} {url}");
        }
    }

    #[test]
    fn everything_else_is_not() {
        let prefix = "https://ci.example.org/templates/";
        for url in [
            "http://ci.example.org/templates/a.yml",
            "https://ci.example.org:8443/templates/a.yml",
            "https://ci.example.org.evil.example/templates/a.yml",
            "https://x.ci.example.org/templates/a.yml",
            "https://ci.example.org./templates/a.yml",
            "https://ci.example.org@evil.example/templates/a.yml",
            "https://me:secret@ci.example.org/templates/a.yml",
            "https://evil.example/https://ci.example.org/templates/a.yml",
            "https://evil.example\\@ci.example.org/templates/a.yml",
            "https:ci.example.org/templates/a.yml",
            "https://ci.example.org/templates-of-others/a.yml",
            "https://ci.example.org/Templates/a.yml",
            "https://ci.example.org/a.yml",
            "https://ci.example.org/templates/../secret.yml",
            "https://ci.example.org/x/../templates/a.yml",
            "https://ci.example.org/templates/./a.yml",
            "https://ci.example.org/templates/%2e%2E/secret.yml",
            "https://ci.example.org/templates/.%2e/secret.yml",
            "https://ci.example.org/templates/..%2fsecret.yml",
            "https://ci.example.org/templates/..%5Csecret.yml",
            "https://ci.example.org/templates/%252e%252e/secret.yml",
            "https://ci.example.org/templates/..;/secret.yml",
            "https://ci.example.org/templates/..\\secret.yml",
            "https://ci.example.org/templates/.\t./secret.yml",
            "https://ci.example.org/templates/a.yml\r\nHost: evil",
            "//ci.example.org/templates/a.yml",
            "ftp://ci.example.org/templates/a.yml",
            "file:///templates/a.yml",
            "",
        ] {
            assert!(!admits(prefix, url), "{url}");
        }
    }

    #[test]
    fn a_prefix_is_an_address_without_tricks() {
        for (text, problem) in [
            ("ci.example.org/templates", "does not begin with http"),
            ("ftp://ci.example.org/", "does not begin with http"),
            ("https://", "empty host"),
            ("https://me@ci.example.org/", "user name"),
            ("https://ci.example.org/?a", "query"),
            ("https://ci.example.org/a/../b", "`..`"),
            ("https://*.example.org/ x", "space"),
        ] {
            let error = text.parse::<Prefix>().unwrap_err();
            assert!(error.contains(problem), "{text}: {error}");
        }
    }
}
