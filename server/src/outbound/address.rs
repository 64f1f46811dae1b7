//! Which addresses the server connects to, and how a name becomes addresses.

use std::io;
use std::net::{IpAddr, SocketAddr};

use async_trait::async_trait;
use ipnet::IpNet;
use url::{Host, Url};

use super::class::Class::{Internal, Public, Special};
use super::class::{carried, classify};
use super::{OutboundError, host_of};

/// What an administrator allows beyond public addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    hosts: Vec<String>,
    nets: Vec<IpNet>,
}

impl Allow {
    /// Reads rules: `10.0.0.0/8` and `10.1.2.3` allow these addresses, whatever they are; `ci.example.org`
    /// allows that host to be in the house or on this machine. Errors are sentences.
    pub fn parse<'r>(rules: impl IntoIterator<Item = &'r str>) -> Result<Self, String> {
        let mut allow = Self::default();
        for rule in rules {
            if let Ok(net) = rule.parse::<IpNet>() {
                allow.nets.push(net);
            } else if let Ok(ip) = rule.parse::<IpAddr>() {
                allow.nets.push(IpNet::from(ip));
            } else {
                let host = Host::parse(rule).map_err(|error| format!("{rule:?} is no host or network: {error}"))?;
                allow.add(&host);
            }
        }
        Ok(allow)
    }

    /// Allows a host. For one that is an address, that is this address and no other.
    pub fn add<S: AsRef<str>>(&mut self, host: &Host<S>) {
        match host {
            Host::Domain(name) => self.hosts.push(name.as_ref().to_ascii_lowercase()),
            Host::Ipv4(ip) => self.nets.push(IpNet::from(IpAddr::V4(*ip))),
            Host::Ipv6(ip) => self.nets.push(IpNet::from(IpAddr::V6(*ip))),
        }
    }

    /// Whether `host` may have this address; the class that it is refused for.
    fn check(&self, host: &str, ip: IpAddr) -> Result<(), &'static str> {
        let class = match classify(ip) {
            Public => return Ok(()),
            Internal(_) if self.hosts.iter().any(|allowed| allowed == host) => return Ok(()),
            Internal(class) | Special(class) => class,
        };
        let named = |ip: IpAddr| self.nets.iter().any(|net| net.contains(&ip));
        if named(ip) || carried(ip).is_some_and(named) { Ok(()) } else { Err(class) }
    }
}

/// Who knows the addresses of a name.
#[async_trait]
pub trait Resolver: std::fmt::Debug + Send + Sync {
    /// All addresses of a name, the preferred ones first.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug)]
pub struct System;

#[async_trait]
impl Resolver for System {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Where to connect to for this address: all of them checked. One forbidden address forbids the host,
/// since a name with both kinds is an attempt to be let through.
pub(super) async fn checked(
    url: &Url,
    allow: &Allow,
    resolver: &dyn Resolver,
) -> Result<Vec<SocketAddr>, OutboundError> {
    let host = host_of(url);
    let unknown = |cause: String| OutboundError::Unknown { host: host.clone(), cause };
    let found = match url.host() {
        Some(Host::Ipv4(ip)) => vec![IpAddr::V4(ip)],
        Some(Host::Ipv6(ip)) => vec![IpAddr::V6(ip)],
        Some(Host::Domain(name)) => resolver.resolve(name).await.map_err(|error| unknown(error.to_string()))?,
        None => Vec::new(),
    };
    if found.is_empty() {
        return Err(unknown("it has no address".to_owned()));
    }
    let port = url.port_or_known_default().ok_or_else(|| unknown("it has no port".to_owned()))?;
    for ip in &found {
        allow.check(&host, *ip).map_err(|class| OutboundError::Forbidden { host: host.clone(), class })?;
    }
    Ok(found.into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_allow_what_they_name_and_nothing_else() {
        let allow = Allow::parse(["10.1.0.0/16", "169.254.0.9", "fd00::/8", "CI.example.org"]).unwrap();
        let passes = |host: &str, ip: &str| allow.check(host, ip.parse().unwrap()).is_ok();
        for (host, ip) in [
            ("any", "10.1.2.3"),
            ("any", "::ffff:10.1.2.3"),
            ("any", "169.254.0.9"),
            ("any", "fd12::1"),
            ("any", "8.8.8.8"),
            ("ci.example.org", "192.168.0.1"),
            ("ci.example.org", "127.0.1.1"),
        ] {
            assert!(passes(host, ip), "{host} {ip}");
        }
        for (host, ip) in [
            ("any", "10.2.0.1"),
            ("any", "127.0.0.1"),
            ("any", "169.254.169.254"),
            ("ci.example.org", "169.254.169.254"),
            ("ci.example.org", "0.0.0.0"),
            ("x.ci.example.org", "192.168.0.1"),
        ] {
            assert!(!passes(host, ip), "{host} {ip}");
        }
        assert_eq!(allow.check("any", "::1".parse().unwrap()), Err("this machine itself"));
        assert!(Allow::parse(["10.0.0.0/40"]).unwrap_err().contains("10.0.0.0/40"));
    }
}
