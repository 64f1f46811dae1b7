//! Who a request really comes from, and under which address the client reached us: what the
//! connection says, and of what proxies say only what a trusted one wrote.
//!
//! Read are `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host` and `X-Forwarded-Prefix`, which nginx, Caddy,
//! Apache and `HAProxy` can all write. `Forwarded` (RFC 7239) is not: next to none of them writes it,
//! and one that does not passes on what the client sent, so that believing it would let every client
//! of a trusted proxy say who it is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::http::header::HOST;
use axum::http::{Extensions, HeaderMap};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

const FOR: &str = "x-forwarded-for";
const PROTO: &str = "x-forwarded-proto";
const FORWARDED_HOST: &str = "x-forwarded-host";
const PREFIX: &str = "x-forwarded-prefix";

/// Proxies that one request may have come through; no house has more, and a header that names more
/// was written to keep us busy.
const HOPS: usize = 32;
/// Bytes that an entry of a forwarded header or a `Host` may have: a name has 253, and a port.
const LONGEST: usize = 260;

/// What the connection itself says. `serve` puts it into the extensions of every request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// Where it comes from; `None` for a Unix socket.
    pub address: Option<IpAddr>,
    /// Whether it is TLS up to here.
    pub is_secure: bool,
}

/// The proxies that are believed. None, unless the administrator names some.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Reads addresses (`10.0.0.7`), networks (`10.0.0.0/8`, `fd00::/8`) and the word `loopback`;
    /// empty texts are skipped. The error is a sentence about the first that is none of these.
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Self, String> {
        let mut nets = Vec::new();
        for text in texts.iter().map(|text| text.as_ref().trim()).filter(|text| !text.is_empty()) {
            if text.eq_ignore_ascii_case("loopback") {
                nets.push(IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::new(127, 0, 0, 0), 8)));
                nets.push(IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128)));
                continue;
            }
            let net = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| {
                format!("{text:?} is no address and no network, such as 10.0.0.7, 10.0.0.0/8, fd00::/8 or loopback")
            })?;
            let net = canonical(net);
            if net.prefix_len() == 0 {
                return Err(format!("{text:?} is everybody: whoever is trusted can say who they are"));
            }
            nets.push(net);
        }
        Ok(Self(nets))
    }

    /// Whether what this address says of others is believed.
    pub(super) fn trusts(&self, ip: IpAddr) -> bool {
        self.0.iter().any(|net| net.contains(&ip))
    }
}

/// A network of IPv4-mapped addresses as the IPv4 network that it is.
fn canonical(net: IpNet) -> IpNet {
    let IpNet::V6(six) = net else { return net.trunc() };
    match (six.addr().to_ipv4_mapped(), six.prefix_len().checked_sub(96)) {
        (Some(four), Some(length)) => Ipv4Net::new(four, length).map_or(net, IpNet::V4).trunc(),
        _ => net.trunc(),
    }
}

/// Where a request comes from, and how its client reached us.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address, never an IPv4-mapped one; `None` for a Unix socket.
    pub address: Option<IpAddr>,
    /// The proxy that says so; `None` when the client speaks to us itself.
    pub proxy: Option<IpAddr>,
    /// Whether the client speaks https, to us or to a proxy that says so.
    pub is_secure: bool,
    /// What the client calls us, `name` or `name:port`: lower case, without the scheme's own port.
    /// `None` when it said nothing, or nothing that could be a host.
    pub host: Option<String>,
    /// The path below which a proxy serves us and which it takes away, `/ci`; empty without one.
    pub prefix: String,
}

impl Origin {
    /// Takes the headers of forwarding into account when `peer` is one of `proxies`, and only then.
    pub fn new(peer: Peer, headers: &HeaderMap, proxies: &Proxies) -> Self {
        let address = peer.address.map(|ip| ip.to_canonical());
        let is_believed = address.is_some_and(|ip| proxies.trusts(ip));
        let forwarded = |name| is_believed.then(|| last(headers, name)).flatten();
        let is_secure = match forwarded(PROTO) {
            Some(scheme) if scheme.eq_ignore_ascii_case("https") => true,
            Some(scheme) if scheme.eq_ignore_ascii_case("http") => false,
            _ => peer.is_secure,
        };
        let forwarded_host = forwarded(FORWARDED_HOST).and_then(|text| authority(text, is_secure));
        let host = forwarded_host.or_else(|| {
            let mut hosts = headers.get_all(HOST).iter();
            let host = authority(hosts.next()?.to_str().ok()?, is_secure)?;
            hosts.next().is_none().then_some(host)
        });
        let prefix = forwarded(PREFIX).and_then(prefix).unwrap_or_default();
        let client = address.map(|ip| client(ip, headers, proxies));
        Self { address: client, proxy: address.filter(|_| client != address), is_secure, host, prefix }
    }

    /// The same of a request whose extensions have its [`Peer`]; without one nothing is believed.
    pub fn of(extensions: &Extensions, headers: &HeaderMap, proxies: &Proxies) -> Self {
        Self::new(extensions.get::<Peer>().copied().unwrap_or_default(), headers, proxies)
    }

    /// What our addresses begin with, without a slash at the end: `external` where it is configured,
    /// else the way by which this client came. A proxy that serves us below a path does so at one of both.
    pub fn base(&self, external: Option<&str>) -> String {
        match external {
            Some(url) => {
                let is_here = Site::of_url(url).is_some_and(|site| self.is_itself(&site));
                format!("{}{}", url.trim_end_matches('/'), if is_here { self.prefix.as_str() } else { "" })
            }
            None => format!("{}{}", self.site(), self.prefix),
        }
    }

    /// What the client's browser calls our origin.
    pub(super) fn site(&self) -> String {
        format!("{}://{}", if self.is_secure { "https" } else { "http" }, self.host.as_deref().unwrap_or("localhost"))
    }

    /// Whether a browser's `Origin` is the one that it has for this request's address.
    pub(super) fn is_itself(&self, origin: &Site) -> bool {
        origin.is_secure == self.is_secure && self.host.as_ref() == Some(&origin.host)
    }
}

/// Scheme and host of an address: what browsers call an origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    is_secure: bool,
    host: String,
}

impl Site {
    /// The origin of an address `http://…` or `https://…`, such as that of the external URL. `None`
    /// when there is none, or somebody's name in front of the host.
    pub fn of_url(url: &str) -> Option<Self> {
        let (is_secure, rest) = split_scheme(url)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        Some(Self { is_secure, host: authority(host, is_secure)? })
    }

    /// Reads the header `Origin`: scheme and host, and nothing behind them.
    pub(super) fn of_header(text: &str) -> Option<Self> {
        let (is_secure, host) = split_scheme(text)?;
        Some(Self { is_secure, host: authority(host, is_secure)? })
    }

    /// Whether it is reached by https.
    pub(super) fn is_secure(&self) -> bool {
        self.is_secure
    }

    /// Whether `host` (of [`Origin::host`]) has this site's name, at whatever port.
    pub(super) fn has_name_of(&self, host: &str) -> bool {
        name(&self.host) == name(host)
    }
}

impl std::fmt::Display for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", if self.is_secure { "https" } else { "http" }, self.host)
    }
}

fn split_scheme(url: &str) -> Option<(bool, &str)> {
    match url.split_once("://")? {
        (scheme, rest) if scheme.eq_ignore_ascii_case("https") => Some((true, rest)),
        (scheme, rest) if scheme.eq_ignore_ascii_case("http") => Some((false, rest)),
        _ => None,
    }
}

/// The host without its port.
fn name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, _)) if !host.ends_with(']') => name,
        _ => host,
    }
}

/// Whether no other site can have this name: an address, or `localhost`. DNS says nothing about
/// them, so a page that has one came from there.
pub(super) fn is_literal(host: &str) -> bool {
    let name = name(host);
    let inner = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name == "localhost" || inner.parse::<IpAddr>().is_ok()
}

/// Walks from the proxy that speaks to us towards the client, as long as those who speak are
/// trusted. An entry that is no address ends the walk: what is left of it nobody vouches for.
fn client(peer: IpAddr, headers: &HeaderMap, proxies: &Proxies) -> IpAddr {
    let mut client = peer;
    for entry in entries(headers, FOR).take(HOPS) {
        if !proxies.trusts(client) {
            break;
        }
        let Some(next) = entry.and_then(address) else { break };
        client = next;
    }
    client
}

/// The entries of a list that may be spread over several headers, the last one first; `None` for
/// what is no text.
fn entries<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = Option<&'a str>> {
    let values = headers.get_all(name).iter().collect::<Vec<_>>();
    values.into_iter().rev().flat_map(|value| {
        let text = value.to_str().ok();
        // What is no text is one entry, that nobody can read.
        let parts = text.map(|text| text.rsplit(',').map(|part| Some(part.trim())));
        parts.into_iter().flatten().chain(text.is_none().then_some(None))
    })
}

/// The last entry: the one that the proxy which speaks to us wrote itself.
fn last<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    entries(headers, name).next().flatten()
}

/// An address, with or without a port: `1.2.3.4`, `1.2.3.4:5`, `::1`, `[::1]`, `[::1]:5`.
fn address(text: &str) -> Option<IpAddr> {
    if text.len() > LONGEST {
        return None;
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    let ip = match bare {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse().ok().or_else(|| match text.parse::<SocketAddr>().ok()? {
            // A zone (`fe80::1%2`) has a meaning on one machine only, which is not this one.
            SocketAddr::V6(address) if address.scope_id() != 0 => None,
            other => Some(other.ip()),
        }),
    }?;
    Some(ip.to_canonical())
}

/// The path below which a proxy serves us, as we write it. `None` for whatever could mean something else than a path: it
/// becomes a part of links.
fn prefix(text: &str) -> Option<String> {
    let path = text.strip_suffix('/').unwrap_or(text);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~');
    let is_part = |part: &str| !matches!(part, "" | "." | "..") && part.bytes().all(plain);
    let is_path = path.len() <= LONGEST && path.strip_prefix('/').is_some_and(|rest| rest.split('/').all(is_part));
    is_path.then(|| path.to_owned())
}

/// A host as we write it: lower case, an address in its shortest form, a port only where it is not
/// the scheme's. `None` for whatever is no host, and for `user@host`.
fn authority(text: &str, is_secure: bool) -> Option<String> {
    if text.len() > LONGEST {
        return None;
    }
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (inner, port) = rest.split_once(']')?;
        let port = if port.is_empty() { None } else { Some(port.strip_prefix(':')?) };
        (format!("[{}]", inner.parse::<Ipv6Addr>().ok()?), port)
    } else {
        let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
        let is_name = (1..=253).contains(&host.len()) && host.bytes().all(plain) && !host.starts_with('.');
        (is_name.then(|| host.to_ascii_lowercase())?, port)
    };
    let Some(port) = port else { return Some(host) };
    // `parse` would take a sign.
    let number = port.parse::<u16>().ok().filter(|number| *number > 0 && port.as_bytes()[0].is_ascii_digit())?;
    if number == if is_secure { 443 } else { 80 } { Some(host) } else { Some(format!("{host}:{number}")) }
}

#[cfg(test)]
#[path = "origin_tests.rs"]
mod tests;
