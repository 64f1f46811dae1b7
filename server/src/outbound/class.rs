//! What kinds of addresses there are.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

/// What an address leads to. The texts have an article and fit after "leads to ".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A machine on the internet.
    Public,
    /// A machine of the house, or this one: refused unless the host's name or the address is allowed.
    Internal(&'static str),
    /// What no name leads to with good reason, a cloud's metadata service above all: refused unless the
    /// address itself is allowed.
    Special(&'static str),
}

use Class::{Internal, Public, Special};

const fn v4(a: u8, b: u8, c: u8, d: u8, bits: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), bits)
}

const fn v6(head: [u16; 3], tail: u16, bits: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(head[0], head[1], head[2], 0, 0, 0, 0, tail), bits)
}

const LOOPBACK: &str = "this machine itself";
const METADATA: &str = "a metadata service";
const PRIVATE: &str = "a private address";
const LINK_LOCAL: &str = "a link-local address";
const MULTICAST: &str = "a multicast address";
const UNSPECIFIED: &str = "an unspecified address";
const RESERVED: &str = "a reserved address";

/// The IANA IPv4 Special-Purpose Address Registry, and metadata services at ordinary addresses. The
/// first row that fits counts; the rest is public.
const OF_V4: [(Ipv4Net, Class); 19] = [
    (v4(168, 63, 129, 16, 32), Special(METADATA)),   // Azure
    (v4(100, 100, 100, 200, 32), Special(METADATA)), // Alibaba Cloud
    (v4(169, 254, 169, 254, 32), Special(METADATA)),
    (v4(0, 0, 0, 0, 8), Special(UNSPECIFIED)),
    (v4(10, 0, 0, 0, 8), Internal(PRIVATE)),
    (v4(100, 64, 0, 0, 10), Internal("a shared address of a provider's network")),
    (v4(127, 0, 0, 0, 8), Internal(LOOPBACK)),
    (v4(169, 254, 0, 0, 16), Special(LINK_LOCAL)),
    (v4(172, 16, 0, 0, 12), Internal(PRIVATE)),
    (v4(192, 0, 0, 0, 24), Special(RESERVED)), // among them Oracle Cloud's metadata service
    (v4(192, 0, 2, 0, 24), Special(RESERVED)),
    (v4(192, 88, 99, 0, 24), Special(RESERVED)),
    (v4(192, 168, 0, 0, 16), Internal(PRIVATE)),
    (v4(198, 18, 0, 0, 15), Special(RESERVED)),
    (v4(198, 51, 100, 0, 24), Special(RESERVED)),
    (v4(203, 0, 113, 0, 24), Special(RESERVED)),
    (v4(224, 0, 0, 0, 4), Special(MULTICAST)),
    (v4(255, 255, 255, 255, 32), Special("a broadcast address")),
    (v4(240, 0, 0, 0, 4), Special(RESERVED)),
];

/// As [`OF_V4`], for addresses that stand for no IPv4 address. Only `2000::/3` is handed out, so that
/// what no row names is reserved.
const OF_V6: [(Ipv6Net, Class); 12] = [
    (v6([0xfd00, 0xec2, 0], 0x254, 128), Special(METADATA)), // AWS
    (v6([0xfd20, 0xce, 0], 0x254, 128), Special(METADATA)),  // Google Cloud
    (v6([0, 0, 0], 0, 128), Special(UNSPECIFIED)),
    (v6([0, 0, 0], 1, 128), Internal(LOOPBACK)),
    (v6([0xfc00, 0, 0], 0, 7), Internal(PRIVATE)),
    (v6([0xfe80, 0, 0], 0, 10), Special(LINK_LOCAL)),
    (v6([0xff00, 0, 0], 0, 8), Special(MULTICAST)),
    (v6([0x2001, 0, 0], 0, 23), Special(RESERVED)), // Teredo, ORCHID, benchmarking
    (v6([0x2001, 0xdb8, 0], 0, 32), Special(RESERVED)),
    (v6([0x3fff, 0, 0], 0, 20), Special(RESERVED)),
    (v6([0x2000, 0, 0], 0, 3), Public),
    (v6([0, 0, 0], 0, 0), Special(RESERVED)),
];

/// Addresses that stand for an IPv4 address: mapped, NAT64 and 6to4, each with the byte where it begins.
const CARRIERS: [(Ipv6Net, usize); 3] = [
    (Ipv6Net::new_assert(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96), 12),
    (v6([0x64, 0xff9b, 0], 0, 96), 12),
    (v6([0x2002, 0, 0], 0, 16), 2),
];

/// The IPv4 address that an IPv6 address stands for.
pub(super) fn carried(ip: IpAddr) -> Option<IpAddr> {
    let IpAddr::V6(ip) = ip else { return None };
    let (_, start) = CARRIERS.iter().find(|(net, _)| net.contains(&ip))?;
    let bytes: [u8; 4] = ip.octets()[*start..start + 4].try_into().ok()?;
    Some(IpAddr::from(bytes))
}

/// What an address leads to. One that stands for an IPv4 address leads where that one does.
pub fn classify(ip: IpAddr) -> Class {
    match carried(ip).unwrap_or(ip) {
        IpAddr::V4(ip) => OF_V4.iter().find(|(net, _)| net.contains(&ip)).map_or(Public, |(_, class)| *class),
        IpAddr::V6(ip) => OF_V6.iter().find(|(net, _)| net.contains(&ip)).map_or(Public, |(_, class)| *class),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(text: &str) -> Class {
        classify(text.parse().unwrap())
    }

    #[test]
    fn addresses_have_their_class() {
        let public = "
            1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
            169.253.255.255 172.15.255.255 172.32.0.0 192.0.1.0 192.169.0.0 198.20.0.0 223.255.255.255
            2606:4700::1111 2a00::1 ::ffff:1.1.1.1 64:ff9b::1.1.1.1 2002:101:101::1";
        for public in public.split_whitespace() {
            assert_eq!(class(public), Public, "{public}");
        }
        let internal = "
            127.0.0.1 127.255.255.254 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1
            100.127.255.255 ::1 fc00::1 fd12:3456::1 ::ffff:127.0.0.1 ::ffff:10.1.2.3 64:ff9b::192.168.0.1
            64:ff9b::7f00:1 2002:7f00:1:: 2002:c0a8:101::5 2002:a00:1::1";
        for internal in internal.split_whitespace() {
            assert!(matches!(class(internal), Internal(_)), "{internal}: {:?}", class(internal));
        }
        let special = "
            0.0.0.0 0.1.2.3 169.254.169.254 169.254.0.23 100.100.100.200 168.63.129.16 192.0.0.192 192.0.2.1
            192.88.99.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255
            240.0.0.1 255.255.255.255 :: ::2 ::127.0.0.1 ::ffff:0.0.0.0 ::ffff:169.254.169.254
            64:ff9b::169.254.169.254 2002:a9fe:a9fe:: 64:ff9b:1::1 100::1 ::ffff:0:7f00:1 2001::1 2001:2::1
            2001:20::1 2001:db8::1 3fff::1 4000::1 5f00::1 fe80::1 febf::1 fec0::1 ff02::1 fd00:ec2::254
            fd20:ce::254";
        for special in special.split_whitespace() {
            assert!(matches!(class(special), Special(_)), "{special}: {:?}", class(special));
        }
    }
}
