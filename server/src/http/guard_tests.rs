//! Requests of browsers and others, to a `--local` server and to one behind a proxy.

use super::super::origin::{Peer, Proxies};
use super::*;

/// Which server is asked.
#[derive(Clone, Copy, Debug)]
enum Server {
    /// `--local`, port 9433.
    Local,
    /// With accounts, plain http, no external URL.
    Bare,
    /// With accounts, behind a trusted proxy, `https://ci.example`.
    Public,
}
use Server::{Bare, Local, Public};

fn map(headers: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    map
}

fn ask(server: Server, method: Method, path: &str, headers: &[(&str, &str)]) -> u16 {
    let headers = map(headers);
    let peer = Peer { address: "10.0.0.2".parse().ok(), is_secure: false };
    let proxies = Proxies::parse(if matches!(server, Public) { &["10.0.0.2"][..] } else { &[] }).unwrap();
    let origin = Origin::new(peer, &headers, &proxies);
    let external = Site::of_url("https://ci.example");
    let own = match server {
        Local => Own::Local { port: 9433 },
        Bare => Own::Public { origin: &origin, external: None },
        Public => Own::Public { origin: &origin, external: external.as_ref() },
    };
    verdict(&own, &headers, &method, path).map_or_else(|(status, _)| status.as_u16(), |()| 200)
}

#[test]
fn names_that_are_answered_to() {
    // The host, and what a page, the REST interface and the probe say to it.
    let table = [
        (Local, "localhost:9433", [200; 3]),
        (Local, "LOCALHOST", [200; 3]),
        (Local, "127.0.0.1:9433", [200; 3]),
        (Local, "127.0.0.1", [200; 3]),
        (Local, "[::1]:9433", [200; 3]),
        (Local, "[::1]", [200; 3]),
        (Local, "evil.example", [403; 3]),
        (Local, "evil.example:9433", [403; 3]),
        (Local, "localhost.evil.example:9433", [403; 3]),
        (Local, "127.0.0.1.evil.example", [403; 3]),
        (Local, "localhost:80", [403; 3]),
        (Local, "127.0.0.2:9433", [403; 3]),
        (Local, "0.0.0.0:9433", [403; 3]),
        (Local, "[::]:9433", [403; 3]),
        (Local, "user@localhost:9433", [403; 3]),
        (Local, "localhost:", [403; 3]),
        (Local, "", [403; 3]),
        (Local, "localhost:9433, evil.example", [403; 3]),
        (Local, "2130706433:9433", [403; 3]),
        (Public, "ci.example", [200; 3]),
        (Public, "CI.example:443", [200; 3]),
        (Public, "ci.example:9433", [200; 3]),
        // Probes and people by address: no other site has that name.
        (Public, "10.0.0.7:9433", [200; 3]),
        (Public, "[2001:db8::7]:9433", [200; 3]),
        (Public, "localhost:9433", [200; 3]),
        // A runner of the house; or a page whose name points here.
        (Public, "weir:9433", [421, 200, 200]),
        (Public, "evil.example", [421, 200, 200]),
        (Public, "ci.example.evil.example", [421, 200, 200]),
        (Public, "2130706433", [421, 200, 200]),
        (Public, "user@ci.example", [400; 3]),
        (Public, "ci.example, evil.example", [400; 3]),
        (Public, "ci.example:", [400; 3]),
        (Public, "[fe80::1%25eth0]", [400; 3]),
        (Public, "", [400; 3]),
        (Bare, "whatever.example:9433", [200; 3]),
        (Bare, "a b", [400; 3]),
    ];
    for (server, host, expected) in table {
        let of = |path| ask(server, Method::GET, path, &[("host", host)]);
        assert_eq!([of("/runs"), of("/api/v4/projects"), of("/healthz")], expected, "{server:?} {host}");
    }
    for (path, expected) in
        [("/readyz", 200), ("/health", 200), ("/healthz/x", 421), ("/live/dashboard", 421), ("//healthz", 421)]
    {
        assert_eq!(ask(Public, Method::GET, path, &[("host", "evil.example")]), expected, "{path}");
    }
    for (server, host) in [(Local, "localhost"), (Public, "ci.example"), (Bare, "ci.example")] {
        assert_ne!(ask(server, Method::GET, "/", &[("host", host), ("host", host)]), 200, "{server:?}");
        assert_eq!(ask(server, Method::GET, "/", &[]), 200, "HTTP/1.0 has none");
    }
    let long = "x".repeat(1 << 20);
    assert_eq!(ask(Public, Method::GET, "/", &[("host", &long)]), 400);
}

#[test]
fn the_host_is_the_one_that_the_proxy_was_asked_for() {
    let through = |asked| ask(Public, Method::GET, "/", &[("host", "weir:9433"), ("x-forwarded-host", asked)]);
    assert_eq!((through("ci.example"), through("evil.example"), through("a@b")), (200, 421, 421));
    // Without a trusted proxy it is only a word.
    let headers = [("host", "a.example"), ("x-forwarded-host", "b.example"), ("origin", "http://b.example")];
    assert_eq!(ask(Bare, Method::POST, "/", &headers), 403);
}

#[test]
fn origins_that_may_ask() {
    const FORWARDED: &[(&str, &str)] = &[("host", "ci.example"), ("x-forwarded-proto", "https")];
    type Row = (Server, &'static [(&'static str, &'static str)], &'static str, u16);
    let table: [Row; 24] = [
        (Local, &[("host", "localhost:9433")], "http://localhost:9433", 200),
        (Local, &[("host", "localhost:9433")], "http://127.0.0.1:9433", 200),
        (Local, &[("host", "localhost:9433")], "null", 403),
        (Local, &[("host", "localhost:9433")], "http://evil.example", 403),
        (Local, &[("host", "localhost:9433")], "https://localhost:9433", 403),
        (Local, &[("host", "localhost:9433")], "http://localhost:3000", 403),
        (Local, &[("host", "localhost:9433")], "file://", 403),
        (Public, FORWARDED, "https://ci.example", 200),
        (Public, FORWARDED, "https://CI.example:443", 200),
        // The proxy forgot to say that it speaks https, or what it was asked for.
        (Public, &[("host", "ci.example")], "https://ci.example", 200),
        (Public, &[("host", "10.0.0.7:9433")], "https://ci.example", 200),
        (Public, &[("host", "10.0.0.7:9433")], "http://10.0.0.7:9433", 200),
        (Public, FORWARDED, "http://ci.example", 403),
        (Public, FORWARDED, "https://ci.example:8443", 403),
        (Public, FORWARDED, "https://evil.example", 403),
        (Public, FORWARDED, "https://ci.example.evil.example", 403),
        (Public, FORWARDED, "https://x@ci.example", 403),
        (Public, FORWARDED, "https://ci.example, https://evil.example", 403),
        (Public, FORWARDED, "null", 403),
        (Public, FORWARDED, "", 403),
        (Bare, &[("host", "weir:9433")], "http://weir:9433", 200),
        (Bare, &[("host", "weir:9433")], "https://weir:9433", 403),
        (Bare, &[("host", "weir:9433")], "http://weir:80", 403),
        (Bare, &[], "http://weir:9433", 403),
    ];
    for (server, headers, origin, expected) in table {
        let headers = [headers, &[("origin", origin)]].concat();
        let said = [
            ask(server, Method::POST, "/rpc/x", &headers),
            ask(server, Method::DELETE, "/api/v4/x", &headers),
            ask(server, Method::GET, "/live/dashboard", &headers),
            ask(server, Method::GET, "/", &headers),
        ];
        assert_eq!(said, [expected; 4], "{server:?} {headers:?}");
    }
    for server in [Local, Public, Bare] {
        let good = if matches!(server, Public) { "https://ci.example" } else { "http://localhost:9433" };
        let of = |origins: &[&str]| {
            let all = [&[("host", "localhost:9433")], &origins.iter().map(|o| ("origin", *o)).collect::<Vec<_>>()[..]];
            ask(server, Method::POST, "/", &all.concat())
        };
        assert_eq!((of(&[good]), of(&[good, "http://evil.example"]), of(&["null", good])), (200, 403, 403));
        assert_eq!(of(&["\u{fc}"]), 403);
    }
}

#[test]
fn pages_of_other_sites_change_nothing_and_hear_nothing() {
    for (server, host) in [(Local, "localhost:9433"), (Public, "ci.example"), (Bare, "weir")] {
        let of = |method: Method, path: &str, sites: &[&str]| {
            let sites = sites.iter().map(|site| ("sec-fetch-site", *site)).collect::<Vec<_>>();
            ask(server, method, path, &[&[("host", host)], &sites[..]].concat())
        };
        assert_eq!(of(Method::POST, "/", &[]), 200, "curl");
        assert_eq!(of(Method::POST, "/", &["same-origin"]), 200);
        assert_eq!(of(Method::GET, "/live/x", &["none"]), 200);
        for site in ["cross-site", "same-site", "", "Same-Origin", "same-origin, none", "\u{fc}"] {
            for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                assert_eq!(of(method, "/", &[site]), 403, "{server:?} {site}");
            }
            assert_eq!(of(Method::GET, "/live/x", &[site]), 403, "{server:?} {site}");
            assert_eq!(of(Method::GET, "/runs", &[site]), 200, "a link from elsewhere");
        }
        assert_eq!(of(Method::POST, "/", &["same-origin", "cross-site"]), 403);
    }
}
