//! Limits on a clock that goes on when the test says so.

use std::net::{Ipv4Addr, Ipv6Addr};

use governor::clock::FakeRelativeClock;
use http_body_util::BodyExt as _;
use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn rates(requests: u32) -> (Rates<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    (Rates::on(&Rules::new(requests), &clock), clock)
}

#[expect(clippy::unnecessary_wraps, reason = "it is what is asked with")]
fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

/// How many of a thousand are allowed at this moment.
fn allowed(ask: impl Fn() -> Verdict) -> usize {
    (0..1000).filter(|_| ask().allowed).count()
}

/// Whoever reaches us as the proxy does can say that they are somebody else each time.
#[test]
fn addresses_that_a_proxy_makes_up_have_a_bound() {
    let (rates, clock) = rates(0);
    let proxy = ip("127.0.0.1");
    let forged = |n: u32| Some(IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + n)));
    let numbers = std::cell::Cell::new(0);
    let next = || forged(numbers.replace(numbers.get() + 1));
    assert_eq!(allowed(|| rates.wrong_token(next(), proxy, NOW)), 400);
    assert_eq!(rates.wrong_token(next(), proxy, NOW).name, "throttle_login_proxy");
    assert!(!rates.login_by(proxy.unwrap(), NOW).allowed, "they count together");
    assert!(rates.wrong_token(next(), ip("127.0.0.2"), NOW).allowed && rates.wrong_token(next(), None, NOW).allowed);
    assert!(rates.wrong_machine_token(next(), proxy, NOW).allowed);
    // What succeeds does not count, and what one address has too many of does not count against all.
    clock.advance(Duration::from_mins(1));
    assert_eq!(allowed(|| rates.wrong_token(ip("203.0.113.9"), proxy, NOW)), 20);
    for _ in 0..1000 {
        assert!(rates.login_by(proxy.unwrap(), NOW).allowed);
        rates.logged_in_by(proxy.unwrap());
    }
    assert_eq!(allowed(|| rates.login_by(proxy.unwrap(), NOW)), 380);
}

#[test]
fn a_limit_is_so_many_at_once_and_then_an_even_pace() {
    let (rates, clock) = rates(120);
    let ask = || rates.token("t", None, NOW);
    let first = ask();
    assert_eq!(
        first,
        Verdict {
            allowed: true,
            limit: 120,
            remaining: 119,
            reset: 1_800_000_001,
            retry_after: 0,
            name: "throttle_authenticated_api"
        }
    );
    assert_eq!(allowed(ask), 119);
    let refused = ask();
    assert_eq!((refused.allowed, refused.remaining, refused.retry_after, refused.reset), (false, 0, 1, 1_800_000_001));
    clock.advance(Duration::from_millis(499));
    assert!(!ask().allowed);
    clock.advance(Duration::from_millis(1));
    assert_eq!(allowed(ask), 1);
    clock.advance(Duration::from_secs(10));
    assert_eq!(allowed(ask), 20);
    clock.advance(Duration::from_hours(1));
    assert_eq!(allowed(ask), 120);
}

#[test]
fn everybody_has_their_own() {
    let (rates, _) = rates(5);
    assert_eq!(allowed(|| rates.token(1, None, NOW)), 5);
    assert_eq!(allowed(|| rates.token(2, None, NOW)), 5);
    assert_eq!(allowed(|| rates.user(Some(UserId(1)), NOW)), 5);
    assert_eq!(allowed(|| rates.anonymous(ip("203.0.113.9"), NOW)), 5);
    assert_eq!(allowed(|| rates.anonymous(ip("203.0.113.10"), NOW)), 5);
    assert_eq!(allowed(|| rates.anonymous(ip("::ffff:203.0.113.9"), NOW)), 0, "the same machine");
    assert_eq!(allowed(|| rates.anonymous(ip("2001:db8:0:1::1"), NOW)), 5);
    assert_eq!(allowed(|| rates.anonymous(ip("2001:db8:0:1:ffff::2"), NOW)), 0, "the same customer");
    assert_eq!(allowed(|| rates.anonymous(ip("2001:db8:0:2::1"), NOW)), 5);
    assert_eq!(allowed(|| rates.anonymous(None, NOW)), 1000, "the Unix socket");
}

/// Whoever makes themselves five tokens has no more than with one; and a token of their own no more than they.
#[test]
fn tokens_count_against_their_user() {
    let (rates, clock) = rates(60);
    let (ada, bob) = (Some(UserId(1)), Some(UserId(2)));
    let of_ada = std::cell::Cell::new(0);
    let next = || of_ada.replace(of_ada.get() + 1) % 5;
    assert_eq!(allowed(|| rates.token(next(), ada, NOW)), 60);
    let refused = rates.token("another", ada, NOW);
    assert_eq!((refused.allowed, refused.limit, refused.remaining), (false, 60, 0));
    assert_eq!(refused.name, "throttle_authenticated_api");
    assert!(!rates.user(ada, NOW).allowed, "nor more in the browser");
    assert!(rates.user(bob, NOW).allowed && rates.token("job", None, NOW).allowed);
    // What one token has too many of is no request of its user.
    clock.advance(Duration::from_mins(1));
    assert_eq!(allowed(|| rates.token("jobs", None, NOW)), 60);
    assert_eq!(allowed(|| rates.token("jobs", ada, NOW)), 0);
    let first = rates.token("fresh", ada, NOW);
    assert_eq!((first.allowed, first.remaining), (true, 59));
    assert_eq!(rates.token("fresher", ada, NOW).remaining, 58, "that of the user");
}

#[test]
fn logins_are_slow_per_name_and_per_address_and_only_failed_ones_count() {
    let (rates, clock) = rates(0);
    let from = |address, name: &str| rates.login(ip(address), name, NOW);
    assert_eq!(allowed(|| from("203.0.113.1", "ada")), 10);
    assert_eq!(from("203.0.113.2", " ADA ").name, "throttle_login_name", "from wherever");
    let refused = from("203.0.113.2", "ada");
    assert_eq!((refused.allowed, refused.limit, refused.retry_after), (false, 10, 6));
    // The first address has used up its own by now, whatever name it tries next.
    assert_eq!(from("203.0.113.1", "bob").name, "throttle_login_address");
    assert_eq!(allowed(|| from("203.0.113.3", "bob")), 10, "refused addresses did not count for bob");
    clock.advance(Duration::from_secs(6));
    assert_eq!(allowed(|| from("203.0.113.4", "ada")), 1);
    // Who logs in well may do so as often as they like.
    for _ in 0..1000 {
        assert!(from("203.0.113.5", "eve").allowed);
        rates.logged_in(ip("203.0.113.5"), "Eve");
    }
    assert_eq!(allowed(|| from("203.0.113.5", "eve")), 10);
    rates.logged_in(None, "nobody");
    let without_address = rates.login(None, "nobody", NOW);
    assert_eq!((without_address.limit, without_address.remaining), (10, 9));
    // Of what is left, the client reads what runs out first.
    assert_eq!(from("203.0.113.6", "x").name, "throttle_login_name");
    for name in 0..15 {
        from("203.0.113.6", &name.to_string());
    }
    assert_eq!(from("203.0.113.6", "y").name, "throttle_login_address");
}

#[test]
fn wrong_tokens_count_as_failed_logins_and_good_ones_stay_good() {
    let (rates, _) = rates(100);
    assert_eq!(allowed(|| rates.wrong_token(ip("203.0.113.1"), None, NOW)), 20);
    assert_eq!(rates.login(ip("203.0.113.1"), "ada", NOW).name, "throttle_login_address");
    assert!(rates.token("good", None, NOW).allowed && rates.login(ip("203.0.113.2"), "ada", NOW).allowed);
}

#[test]
fn wrong_tokens_of_runners_keep_nobody_from_signing_in_and_the_other_way_round() {
    let (rates, _) = rates(0);
    let house = || ip("203.0.113.1");
    assert_eq!(allowed(|| rates.wrong_machine_token(house(), None, NOW)), 60);
    assert_eq!(rates.wrong_machine_token(house(), None, NOW).name, "throttle_runner_address");
    assert!(rates.login(house(), "ada", NOW).allowed && rates.wrong_token(house(), None, NOW).allowed);
    assert_eq!(allowed(|| rates.wrong_token(ip("203.0.113.2"), None, NOW)), 20);
    assert!(rates.wrong_machine_token(ip("203.0.113.2"), None, NOW).allowed);
}

#[test]
fn what_is_off_is_off_and_logins_never_are() {
    let (none, _) = rates(0);
    assert_eq!(allowed(|| none.token("t", None, NOW)), 1000);
    assert_eq!(allowed(|| none.anonymous(ip("203.0.113.1"), NOW)), 1000);
    assert_eq!(allowed(|| none.wrong_token(ip("203.0.113.1"), None, NOW)), 20);
    let mut headers = HeaderMap::new();
    none.token("t", None, NOW).write(&mut headers);
    assert!(headers.is_empty());
    let usual = Rules::default();
    assert_eq!((usual.token.per_minute, usual.user.per_minute, usual.anonymous.per_minute), (60_000, 60_000, 600));
    assert_eq!(Rules::new(7).anonymous.per_minute, 7);
    let (most, _) = rates(u32::MAX);
    let verdict = most.token("t", None, NOW);
    assert!(verdict.allowed && verdict.remaining > u32::MAX / 2);
    assert!(Rates::new(&usual).token("t", None, NOW).allowed, "on the machine's clock");
}

#[tokio::test]
async fn a_refusal_is_gitlabs() {
    let (rates, _) = rates(1);
    let allowed = rates.token("t", None, Timestamp(1_609_844_340_000));
    let mut headers = HeaderMap::new();
    allowed.write(&mut headers);
    assert!(allowed.allowed && headers.get("retry-after").is_none());
    let response = rates.token("t", None, Timestamp(1_609_844_340_000)).refusal();
    assert_eq!(response.status(), 429);
    let text = |name: &str| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
    let names = ["limit", "observed", "remaining", "reset", "resettime", "name"];
    let said = names.map(|name| text(&format!("ratelimit-{name}")));
    let expected = ["1", "2", "0", "1609844400", "Tue, 05 Jan 2021 11:00:00 GMT", "throttle_authenticated_api"];
    assert_eq!(said, expected);
    assert_eq!((text("retry-after"), text("content-type")), ("60".to_owned(), "text/plain".to_owned()));
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "Retry later\n");
}

#[test]
fn a_million_addresses_are_not_kept() {
    let (rates, clock) = rates(60_000);
    let kept = |rates: &Rates<FakeRelativeClock>| rates.anonymous.kept.len();
    let mut most = 0;
    for at in 0..1_000_000 {
        let address = Ipv6Addr::from(u128::from(0x2001_0db8_0000_0000_u64 + at) << 64);
        assert!(rates.anonymous(Some(address.into()), NOW).allowed);
        // Ten thousand per second; each is forgotten after a tenth of one.
        clock.advance(Duration::from_micros(100));
        most = most.max(kept(&rates));
    }
    assert!(most <= 4000, "{most}");
    assert!(rates.anonymous.kept.lock().full_at.capacity() <= 16_384);
}

#[test]
fn a_million_addresses_at_once_share_what_is_left() {
    let (rates, clock) = rates(60_000);
    let known = ip("203.0.113.1");
    assert_eq!(rates.anonymous(known, NOW).remaining, 599);
    let refused = (0..1_000_000_u32).filter(|at| !rates.anonymous(Some(Ipv4Addr::from(*at).into()), NOW).allowed);
    assert_eq!(refused.count(), 1_000_000 - (KEYS - 1) - 600);
    assert_eq!(rates.anonymous.kept.len(), KEYS);
    assert_eq!(rates.anonymous(known, NOW).remaining, 598, "who was there before is not affected");
    // When it is over, there is room again.
    clock.advance(Duration::from_secs(2));
    assert!(rates.anonymous(ip("198.51.100.1"), NOW).allowed);
    assert!(rates.anonymous.kept.len() < 10);
}

#[test]
fn what_people_type_is_not_kept() {
    let (rates, _) = rates(10);
    let long = "x".repeat(1 << 20);
    assert!(rates.login(ip("203.0.113.1"), &long, NOW).allowed);
    assert!(rates.login(ip("203.0.113.1"), "\0,\r\n\u{1f600}", NOW).allowed);
    assert!(!format!("{rates:?}").contains("xxx"));
}

proptest! {
    #[test]
    fn never_more_than_the_limit_and_what_has_come_back(
        limit in 1_u32..200,
        steps in proptest::collection::vec((0_u64..5_000, 1_usize..50), 1..40),
    ) {
        let (rates, clock) = rates(limit);
        let (mut granted, mut passed) = (0_u64, 0_u64);
        for (pause, requests) in steps {
            clock.advance(Duration::from_millis(pause));
            passed += pause;
            for _ in 0..requests {
                let verdict = rates.user(Some(UserId(1)), NOW);
                granted += u64::from(verdict.allowed);
                prop_assert!(verdict.remaining < limit && (verdict.retry_after > 0) != verdict.allowed);
                prop_assert!(verdict.retry_after <= 60);
            }
            prop_assert!(granted <= u64::from(limit) + passed * u64::from(limit) / 60_000 + 1);
        }
    }
}
