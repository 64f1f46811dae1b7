//! What clients and proxies claim, and what of it is believed.

use axum::http::{HeaderName, HeaderValue, Uri};
use proptest::prelude::*;

use super::*;

fn map(headers: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    map
}

fn proxies(texts: &[&str]) -> Proxies {
    Proxies::parse(texts).unwrap()
}

/// The origin of a plain connection from `peer` to a server that trusts 10/8 and loopback.
fn seen(peer: &str, headers: &[(&str, &str)]) -> Origin {
    let peer = Peer { address: Some(peer.parse().unwrap()), is_secure: false };
    Origin::new(peer, &map(headers), &proxies(&["10.0.0.0/8", "loopback"]))
}

fn client_of(peer: &str, forwarded: &str) -> String {
    seen(peer, &[("x-forwarded-for", forwarded)]).address.unwrap().to_string()
}

#[test]
fn nobody_is_believed_unless_trusted() {
    let lies = [
        ("host", "ci.example"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-prefix", "/evil"),
        ("forwarded", "for=127.0.0.1;proto=https;host=evil.example"),
        ("x-real-ip", "127.0.0.1"),
    ];
    let told = Origin { address: "203.0.113.9".parse().ok(), host: Some("ci.example".into()), ..Origin::default() };
    assert_eq!(seen("203.0.113.9", &lies), told);
    let peer = Peer { address: "127.0.0.1".parse().ok(), is_secure: true };
    let nobody = Origin::new(peer, &map(&lies), &Proxies::default());
    assert_eq!((nobody.address, nobody.is_secure, nobody.host.as_deref()), (peer.address, true, Some("ci.example")));
    let unix = Origin::new(Peer::default(), &map(&lies), &proxies(&["loopback"]));
    assert_eq!((unix.address, unix.is_secure, unix.host.as_deref()), (None, false, Some("ci.example")));
}

#[test]
fn a_trusted_proxy_is_believed_and_forwarded_never() {
    let origin = seen(
        "10.0.0.2",
        &[
            ("host", "weir:9433"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-proto", "HTTPS"),
            ("x-forwarded-host", "CI.Example:443"),
            ("forwarded", "for=198.51.100.1;proto=http;host=evil.example"),
        ],
    );
    let told = Origin {
        address: "203.0.113.9".parse().ok(),
        proxy: "10.0.0.2".parse().ok(),
        is_secure: true,
        host: Some("ci.example".into()),
        ..Origin::default()
    };
    assert_eq!(origin, told);
    assert_eq!(origin.base(None), "https://ci.example");
    assert_eq!(origin.base(Some("https://other.example/")), "https://other.example");
    assert_eq!(Origin::default().base(None), "http://localhost");
    let silent = seen("10.0.0.2", &[("host", "weir:9433")]);
    assert_eq!((silent.base(None).as_str(), silent.address), ("http://weir:9433", "10.0.0.2".parse().ok()));
}

#[test]
fn bug_a_proxy_that_serves_us_below_a_path_was_not_heard() {
    let base = |external: Option<&str>, prefix: &str| {
        let headers = [("host", "weir:9433"), ("x-forwarded-host", "ci.example"), ("x-forwarded-prefix", prefix)];
        seen("10.0.0.2", &headers).base(external)
    };
    for (given, path) in [
        ("/ci", "/ci"),
        ("/ci/", "/ci"),
        ("/a/b-c_d.e~f", "/a/b-c_d.e~f"),
        // The proxy that speaks to us wrote the last one.
        ("/evil, /ci", "/ci"),
        ("", ""),
        ("/", ""),
        ("ci", ""),
        ("//evil.example", ""),
        ("/ci//", ""),
        ("/a//b", ""),
        ("/a/../b", ""),
        ("/.", ""),
        ("/a?b", ""),
        ("/a#b", ""),
        ("/a\\b", ""),
        ("/a%2fb", ""),
        ("/a b", ""),
        ("/<script>", ""),
        ("/\u{fc}", ""),
    ] {
        assert_eq!(base(None, given), format!("http://ci.example{path}"), "{given:?}");
        assert_eq!(base(Some("http://ci.example/"), given), format!("http://ci.example{path}"), "{given:?}");
        assert_eq!(base(Some("https://other.example"), given), "https://other.example", "{given:?}");
    }
    assert_eq!(base(None, &format!("/{}", "a".repeat(LONGEST))), "http://ci.example");
    let stranger = [("host", "ci.example"), ("x-forwarded-prefix", "/ci")];
    assert_eq!(seen("203.0.113.9", &stranger).base(None), "http://ci.example");
}

#[test]
fn the_walk_goes_from_us_to_the_first_stranger() {
    for (forwarded, client) in [
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, 10.1.1.1", "203.0.113.9"),
        // What is left of a stranger the stranger wrote.
        ("127.0.0.1, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        ("10.9.9.9,203.0.113.9", "203.0.113.9"),
        // All of the house: the farthest.
        ("10.3.3.3, 10.1.1.1", "10.3.3.3"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[::ffff:10.1.1.1]:1", "10.1.1.1"),
        ("  203.0.113.9\t", "203.0.113.9"),
    ] {
        assert_eq!(client_of("10.0.0.2", forwarded), client, "{forwarded}");
        assert_eq!(client_of("::ffff:10.0.0.2", forwarded), client, "{forwarded}");
    }
}

#[test]
fn an_entry_that_is_no_address_ends_the_walk() {
    for garbage in [
        "",
        ",",
        ",,,",
        "unknown",
        "_hidden",
        "203.0.113.9, unknown",
        "203.0.113.9,",
        "203.0.113.9 10.1.1.1",
        "203.0.113.9:99999",
        "203.0.113",
        "0xcb.0.113.9",
        "[203.0.113.9]",
        "[::1",
        "fe80::1%eth0",
        "[fe80::1%2]:80",
        "[fe80::1%25eth0]:80",
        "\"203.0.113.9\"",
        "for=203.0.113.9",
        "203.0.113.9; drop",
        "\u{fc}",
    ] {
        assert_eq!(client_of("10.0.0.2", garbage), "10.0.0.2", "{garbage}");
    }
    // The hops that were read before it count.
    assert_eq!(client_of("10.0.0.2", "203.0.113.9, unknown, 10.1.1.1"), "10.1.1.1");
}

#[test]
fn several_headers_are_one_list() {
    let origin = seen(
        "10.0.0.2",
        &[
            ("x-forwarded-for", "127.0.0.1, 198.51.100.1"),
            ("x-forwarded-for", "203.0.113.9, 10.1.1.1"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-host", "also.evil.example, ci.example"),
            ("host", "weir"),
        ],
    );
    assert_eq!(
        origin,
        Origin {
            address: "203.0.113.9".parse().ok(),
            proxy: "10.0.0.2".parse().ok(),
            is_secure: false,
            host: Some("ci.example".into()),
            ..Origin::default()
        }
    );
    let unread = seen("10.0.0.2", &[("x-forwarded-for", "203.0.113.9"), ("x-forwarded-for", "\u{fc}")]);
    assert_eq!(unread.address, "10.0.0.2".parse().ok());
}

#[test]
fn a_megabyte_of_header_costs_little_and_says_nothing() {
    let megabyte = "x".repeat(1 << 20);
    let commas = ",".repeat(1 << 20);
    let hops = "10.1.1.1,".repeat(1 << 17);
    for value in [&megabyte, &commas, &hops] {
        let headers = [("x-forwarded-for", value.as_str()), ("x-forwarded-host", value), ("x-forwarded-proto", value)];
        let origin = seen("10.0.0.2", &headers);
        assert_eq!((origin.address, origin.is_secure, origin.host), ("10.0.0.2".parse().ok(), false, None));
    }
    let endless = format!("203.0.113.9{}", ",10.1.1.1".repeat(1 << 17));
    assert_eq!(client_of("10.0.0.2", &endless), "10.1.1.1");
    assert_eq!(seen("203.0.113.9", &[("host", &megabyte)]).host, None);
}

#[test]
fn a_scheme_is_http_or_https() {
    for odd in ["wss", "https,ftp", "javascript", "", "https://", "on", "https;", "\u{fc}"] {
        assert!(!seen("10.0.0.2", &[("x-forwarded-proto", odd)]).is_secure, "{odd}");
        let peer = Peer { address: "10.0.0.2".parse().ok(), is_secure: true };
        assert!(Origin::new(peer, &map(&[("x-forwarded-proto", odd)]), &proxies(&["10.0.0.2"])).is_secure, "{odd}");
    }
}

#[test]
fn a_host_is_a_host_and_nothing_else() {
    let host = |text: &str| seen("203.0.113.9", &[("host", text)]).host;
    for (text, read) in [
        ("CI.Example", "ci.example"),
        ("ci.example:80", "ci.example"),
        ("ci.example:443", "ci.example:443"),
        ("ci.example:0080", "ci.example"),
        ("weir_1:9433", "weir_1:9433"),
        ("127.0.0.1:9433", "127.0.0.1:9433"),
        ("[::1]:9433", "[::1]:9433"),
        ("[0:0::1]", "[::1]"),
        ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
    ] {
        assert_eq!(host(text).as_deref(), Some(read), "{text}");
    }
    for text in [
        "",
        " ",
        ":80",
        ".",
        "ci.example:",
        "ci.example:0",
        "ci.example:65536",
        "ci.example:+80",
        "ci.example:80:80",
        "user@ci.example",
        "user:secret@ci.example",
        "ci.example, evil.example",
        "ci.example/path",
        "ci.example?x",
        "ci.example#x",
        "ci.example\\evil",
        "http://ci.example",
        "ci example",
        "ci%2eexample",
        "[::1",
        "::1",
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]:80",
        "[127.0.0.1]",
        "[::1]80",
        "\u{fc}.example",
        "<script>",
    ] {
        assert_eq!(host(text), None, "{text}");
    }
    assert_eq!(host(&"a".repeat(254)), None);
    assert_eq!(seen("203.0.113.9", &[("host", "ci.example"), ("host", "ci.example")]).host, None);
    assert_eq!(seen("203.0.113.9", &[("host", "ci.example"), ("host", "evil.example")]).host, None);
    // A proxy's nonsense is not better than what the client said.
    assert_eq!(
        seen("10.0.0.2", &[("host", "ci.example"), ("x-forwarded-host", "a@b")]).host.as_deref(),
        Some("ci.example")
    );
}

#[test]
fn proxies_are_addresses_networks_and_loopback() {
    let trusts = |list: &[&str], ip: &str| proxies(list).trusts(ip.parse().unwrap());
    assert!(trusts(&["10.0.0.7"], "10.0.0.7") && !trusts(&["10.0.0.7"], "10.0.0.8"));
    assert!(trusts(&["10.1.2.3/8"], "10.200.0.1") && !trusts(&["10.1.2.3/8"], "11.0.0.1"));
    assert!(trusts(&["fd00::/8", " LOOPBACK ", ""], "fd12::1") && trusts(&["loopback"], "127.3.2.1"));
    assert!(trusts(&["loopback"], "::1") && !trusts(&["loopback"], "::2") && !trusts(&[], "127.0.0.1"));
    assert!(trusts(&["::ffff:10.0.0.0/104"], "10.9.9.9") && trusts(&["::ffff:10.0.0.7"], "10.0.0.7"));
    for wrong in ["proxy.example", "10.0.0.0/33", "10.0.0", "10.0.0.1:80", "[::1]", "fe80::1%eth0", "10.0.0.0/8 x"] {
        assert!(Proxies::parse(&[wrong]).unwrap_err().contains("no address and no network"), "{wrong}");
    }
    for everybody in ["0.0.0.0/0", "::/0", "::ffff:0.0.0.0/96"] {
        assert!(Proxies::parse(&[everybody]).unwrap_err().contains("everybody"), "{everybody}");
    }
}

#[test]
fn sites_are_compared_as_browsers_do() {
    let url = |text: &str| Site::of_url(text).map(|site| site.to_string());
    assert_eq!(url("https://CI.example:443/weir/").as_deref(), Some("https://ci.example"));
    assert_eq!(url("HTTP://[::1]:9433").as_deref(), Some("http://[::1]:9433"));
    assert_eq!(url("http://ci.example:443?x").as_deref(), Some("http://ci.example:443"));
    for none in ["ci.example", "ftp://ci.example", "https://", "https:///x", "https://a@ci.example", "null", ""] {
        assert_eq!(url(none), None, "{none}");
    }
    assert!(Site::of_header("https://ci.example").is_some());
    for none in ["https://ci.example/", "https://ci.example, https://evil.example", "null", "", "file://"] {
        assert_eq!(Site::of_header(none), None, "{none}");
    }
    for literal in ["127.0.0.1", "10.0.0.1:9433", "[::1]", "[2001:db8::1]:80", "localhost", "localhost:1"] {
        assert!(is_literal(literal), "{literal}");
    }
    for named in ["localhost.evil.example", "127.0.0.1.evil.example", "2130706433", "evil.example:80", "weir"] {
        assert!(!is_literal(named), "{named}");
    }
}

proptest! {
    #[test]
    fn nothing_that_is_sent_makes_it_fail(values in proptest::collection::vec("[ -~]{0,60}", 0..6), secure: bool) {
        let mut headers = HeaderMap::new();
        for (at, value) in values.iter().enumerate() {
            let name = [FOR, PROTO, FORWARDED_HOST, "host", FOR, "origin"][at];
            headers.append(name, value.parse().unwrap());
        }
        let peer = Peer { address: "127.0.0.1".parse().ok(), is_secure: secure };
        let origin = Origin::new(peer, &headers, &proxies(&["loopback"]));
        prop_assert!(origin.address.is_some());
        // Whatever host is read can stand in an address, and is read again as the same.
        if let Some(host) = &origin.host {
            prop_assert_eq!(authority(host, origin.is_secure), Some(host.clone()));
            prop_assert!(Uri::try_from(origin.base(None)).is_ok());
        }
    }
}
