//! How often somebody may ask: per address before we know who it is, per user and per token after,
//! and much less often when it is a password that is tried.
//!
//! Each rule is a bucket of so many requests, which fills up again at an even pace; so a client that
//! is over its limit waits for its next request only, and never until a whole minute has gone by.
//! A server in `--local` mode has no limits, and makes no [`Rates`].

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, UNIX_EPOCH};

use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock, Reference};
use governor::middleware::StateInformationMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::state::keyed::ShrinkableKeyedStateStore;
use governor::{Quota, RateLimiter};
use model::{Timestamp, UserId};

use crate::service::LoginLimit;

/// Requests per minute of a user or a token unless the administrator says otherwise: a thousand per
/// second. A script that asks one thing after the other (a loop over python-gitlab) gets to some
/// hundred per second, and a dashboard of twenty tabs, each with a stream and a page now and then,
/// to a few; only what runs away comes near.
pub const REQUESTS: u32 = 60_000;
/// Requests per minute of an address that shows nothing: the login page with all that belongs to it
/// for a house behind one address, and the probes of a load balancer.
const ANONYMOUS: u32 = 600;
/// Logins per minute of an address, and wrong tokens, which are the same thing. Only failed ones
/// are counted in the end.
const LOGINS_OF_ADDRESS: u32 = 20;
/// Wrong tokens of runners and jobs per minute of an address. They are apart from those of people: a busy
/// runner shows tokens of jobs that have just ended, and must not keep a house from signing in.
const MACHINES_OF_ADDRESS: u32 = 60;
/// In how much more than of an address, as many of all that one proxy speaks for: whoever can reach us as the proxy does
/// can say that they are somebody else each time, and this is the bound of it.
const PROXY: u32 = 20;
/// Logins per minute of a user name, from wherever they come. A day of it is 14 400 guesses.
const LOGINS_OF_NAME: u32 = 10;

/// Keys of one rule that are remembered at a time: 4 MiB at most, whoever scans us.
const KEYS: usize = 1 << 16;
/// Below that nothing is swept.
const FEW: usize = 1 << 10;
/// How often a full store is swept.
const SWEEP: Duration = Duration::from_secs(1);

/// One rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What clients read in `RateLimit-Name`.
    pub name: &'static str,
    /// How many in a minute, and how many of them at once; 0 for as many as they like.
    pub per_minute: u32,
}

/// All rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Requests that show neither a session nor a token, per address.
    pub anonymous: Rule,
    /// Requests of a session or with tokens, per user.
    pub user: Rule,
    /// Requests with a token, per token.
    pub token: Rule,
    /// Logins and wrong tokens, per address.
    pub login_address: Rule,
    /// Wrong tokens of runners and jobs, per address.
    pub machine_address: Rule,
    /// Logins and wrong tokens, per proxy that says whom they are from.
    pub login_proxy: Rule,
    /// Wrong tokens of runners and jobs, per proxy.
    pub machine_proxy: Rule,
    /// Logins, per user name.
    pub login_name: Rule,
}

impl Rules {
    /// The rules of a server that grants users and tokens so many requests per minute; with 0, no
    /// request is limited. Logins always are.
    pub const fn new(requests: u32) -> Self {
        let anonymous = if requests < ANONYMOUS { requests } else { ANONYMOUS };
        Self {
            anonymous: Rule { name: "throttle_unauthenticated", per_minute: anonymous },
            user: Rule { name: "throttle_authenticated_web", per_minute: requests },
            token: Rule { name: "throttle_authenticated_api", per_minute: requests },
            login_address: Rule { name: "throttle_login_address", per_minute: LOGINS_OF_ADDRESS },
            machine_address: Rule { name: "throttle_runner_address", per_minute: MACHINES_OF_ADDRESS },
            login_proxy: Rule { name: "throttle_login_proxy", per_minute: PROXY * LOGINS_OF_ADDRESS },
            machine_proxy: Rule { name: "throttle_runner_proxy", per_minute: PROXY * MACHINES_OF_ADDRESS },
            login_name: Rule { name: "throttle_login_name", per_minute: LOGINS_OF_NAME },
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::new(REQUESTS)
    }
}

/// Counts who asks how often. Shared by all requests of a server.
#[derive(Debug)]
pub struct Rates<C: Clock = DefaultClock> {
    anonymous: Limiter<C>,
    user: Limiter<C>,
    token: Limiter<C>,
    login_address: Limiter<C>,
    machine_address: Limiter<C>,
    login_proxy: Limiter<C>,
    machine_proxy: Limiter<C>,
    login_name: Limiter<C>,
    hasher: RandomState,
}

impl Rates {
    /// On the machine's clock.
    pub fn new(rules: &Rules) -> Self {
        Self::on(rules, &DefaultClock::default())
    }
}

impl<C: Clock + Clone> Rates<C> {
    /// On another clock.
    pub fn on(rules: &Rules, clock: &C) -> Self {
        Self {
            anonymous: Limiter::new(rules.anonymous, clock),
            user: Limiter::new(rules.user, clock),
            token: Limiter::new(rules.token, clock),
            login_address: Limiter::new(rules.login_address, clock),
            machine_address: Limiter::new(rules.machine_address, clock),
            login_proxy: Limiter::new(rules.login_proxy, clock),
            machine_proxy: Limiter::new(rules.machine_proxy, clock),
            login_name: Limiter::new(rules.login_name, clock),
            hasher: RandomState::new(),
        }
    }

    /// A request that shows nothing. All methods take the time of the day for the headers only.
    pub fn anonymous(&self, address: Option<IpAddr>, now: Timestamp) -> Verdict {
        self.of_address(&self.anonymous, address, now)
    }

    /// A request with a session of this user.
    pub fn user(&self, user: Option<UserId>, now: Timestamp) -> Verdict {
        self.user.check(self.key(user), now)
    }

    /// A request with this token, that was found to be good; by whatever names tokens. It counts against its user, too:
    /// many tokens are no way around the limit. What a token has too many of does not.
    pub fn token(&self, token: impl Hash, user: Option<UserId>, now: Timestamp) -> Verdict {
        let of_token = self.token.check(self.key(token), now);
        if !of_token.allowed || user.is_none() {
            return of_token;
        }
        let of_user = self.user(user, now);
        // The one that is nearer to its end, under the name that clients know.
        let is_nearer = of_user.allowed && of_token.remaining <= of_user.remaining;
        if is_nearer { of_token } else { Verdict { name: of_token.name, ..of_user } }
    }

    /// A request with a token that was found to be wrong, from an address that a `proxy` may have told: when this is
    /// refused, it is too many of them. A good token from the same address stays good.
    pub fn wrong_token(&self, address: Option<IpAddr>, proxy: Option<IpAddr>, now: Timestamp) -> Verdict {
        self.of_both((&self.login_address, address), (&self.login_proxy, proxy), now)
    }

    /// The same with a token of a runner or a job.
    pub fn wrong_machine_token(&self, address: Option<IpAddr>, proxy: Option<IpAddr>, now: Timestamp) -> Verdict {
        self.of_both((&self.machine_address, address), (&self.machine_proxy, proxy), now)
    }

    /// Somebody is about to log in by way of a proxy; asked before [`Rates::login`].
    pub fn login_by(&self, proxy: IpAddr, now: Timestamp) -> Verdict {
        self.of_address(&self.login_proxy, Some(proxy), now)
    }

    /// The login by way of the proxy was one: it does not count.
    pub fn logged_in_by(&self, proxy: IpAddr) {
        self.login_proxy.give_back(self.key(network(proxy)));
    }

    /// Somebody is about to log in; asked before the password is looked at, so that no guesses slip
    /// by at the same time. An address that is refused does not count against the name: a stranger
    /// cannot lock somebody out from one address alone.
    pub fn login(&self, address: Option<IpAddr>, name: &str, now: Timestamp) -> Verdict {
        let of_address = self.of_address(&self.login_address, address, now);
        if !of_address.allowed {
            return of_address;
        }
        let of_name = self.login_name.check(self.key_of_name(name), now);
        // The one that is nearer to its end.
        let is_nearer = of_address.limit > 0 && of_address.remaining < of_name.remaining;
        if of_name.allowed && is_nearer { of_address } else { of_name }
    }

    /// The login was one: it does not count.
    pub fn logged_in(&self, address: Option<IpAddr>, name: &str) {
        if let Some(address) = address {
            self.login_address.give_back(self.key(network(address)));
        }
        self.login_name.give_back(self.key_of_name(name));
    }

    /// What an address has too many of does not count against its proxy, which speaks for others, too.
    fn of_both(
        &self,
        (of_address, address): (&Limiter<C>, Option<IpAddr>),
        (of_proxy, proxy): (&Limiter<C>, Option<IpAddr>),
        now: Timestamp,
    ) -> Verdict {
        let verdict = self.of_address(of_address, address, now);
        if !verdict.allowed || proxy.is_none() {
            return verdict;
        }
        let of_proxy = self.of_address(of_proxy, proxy, now);
        if of_proxy.allowed { verdict } else { of_proxy }
    }

    fn of_address(&self, limiter: &Limiter<C>, address: Option<IpAddr>, now: Timestamp) -> Verdict {
        match address {
            Some(address) => limiter.check(self.key(network(address)), now),
            None => Verdict::unlimited(limiter.rule),
        }
    }

    /// Neither tokens nor what people type is kept, however long it is.
    fn key(&self, what: impl Hash) -> u64 {
        self.hasher.hash_one(what)
    }

    /// `Ada` and ` ada ` are one name, as far as guessing goes.
    fn key_of_name(&self, name: &str) -> u64 {
        self.key(name.trim().to_lowercase())
    }
}

impl LoginLimit for Rates {
    fn admit(&self, address: Option<&str>, name: &str) -> Result<(), u32> {
        let verdict = self.login(address.and_then(|text| text.parse().ok()), name, crate::clock::now());
        if verdict.allowed { Ok(()) } else { Err(verdict.retry_after) }
    }

    fn succeeded(&self, address: Option<&str>, name: &str) {
        self.logged_in(address.and_then(|text| text.parse().ok()), name);
    }
}

/// What counts as one address: a /64 of IPv6 is one customer.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => IpAddr::from((u128::from(six) >> 64 << 64).to_be_bytes()),
        four @ IpAddr::V4(_) => four,
    }
}

/// What is said to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may go on.
    pub allowed: bool,
    /// Requests per minute; 0 when there is no limit.
    pub limit: u32,
    /// Requests that may follow at once.
    pub remaining: u32,
    /// Seconds since the epoch: when a refused request is worth another try, and after an allowed
    /// one, when there are as many as ever.
    pub reset: i64,
    /// Seconds until then, at least 1, when it is refused; else 0.
    pub retry_after: u32,
    /// The rule.
    pub name: &'static str,
}

impl Verdict {
    fn unlimited(rule: Rule) -> Self {
        Self { allowed: true, limit: 0, remaining: 0, reset: 0, retry_after: 0, name: rule.name }
    }

    /// Adds GitLab's `RateLimit-…` headers, and `Retry-After` when it is a refusal. python-gitlab wants
    /// whole seconds there; GitLab Runner waits until `RateLimit-ResetTime`.
    pub fn write(&self, headers: &mut HeaderMap) {
        if self.limit == 0 {
            return;
        }
        let observed = self.limit.saturating_sub(self.remaining).saturating_add(u32::from(!self.allowed));
        let at = UNIX_EPOCH + Duration::from_secs(u64::try_from(self.reset).unwrap_or(0));
        let mut put = |name, value| headers.insert(HeaderName::from_static(name), value);
        put("ratelimit-limit", HeaderValue::from(self.limit));
        put("ratelimit-observed", HeaderValue::from(observed));
        put("ratelimit-remaining", HeaderValue::from(self.remaining));
        put("ratelimit-reset", HeaderValue::from(self.reset));
        put("ratelimit-name", HeaderValue::from_static(self.name));
        if let Ok(at) = HeaderValue::try_from(httpdate::fmt_http_date(at)) {
            put("ratelimit-resettime", at);
        }
        if !self.allowed {
            headers.insert(RETRY_AFTER, HeaderValue::from(self.retry_after));
        }
    }

    /// The answer to a request that is refused.
    pub fn refusal(&self) -> Response {
        let kind = (CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        let mut response = (StatusCode::TOO_MANY_REQUESTS, [kind], "Retry later\n").into_response();
        self.write(response.headers_mut());
        response
    }
}

/// One rule and those whom it is about.
#[derive(Debug)]
struct Limiter<C: Clock> {
    rule: Rule,
    /// What one request costs.
    pace: Duration,
    clock: C,
    start: C::Instant,
    kept: Kept,
    /// `None` when there is no limit.
    buckets: Option<RateLimiter<u64, Kept, C, StateInformationMiddleware>>,
}

impl<C: Clock + Clone> Limiter<C> {
    fn new(rule: Rule, clock: &C) -> Self {
        let kept = Kept::default();
        let burst = NonZeroU32::new(rule.per_minute);
        let pace = Duration::from_mins(1).checked_div(rule.per_minute).unwrap_or_default();
        let quota = burst.and_then(|burst| Some(Quota::with_period(pace)?.allow_burst(burst)));
        let buckets = quota.map(|quota| RateLimiter::new(quota, kept.clone(), clock.clone()));
        Self { rule, pace, clock: clock.clone(), start: clock.now(), kept, buckets }
    }

    fn check(&self, key: u64, now: Timestamp) -> Verdict {
        let Some(buckets) = &self.buckets else { return Verdict::unlimited(self.rule) };
        if self.kept.is_time_to_sweep(self.clock.now().duration_since(self.start)) {
            buckets.retain_recent();
        }
        let limit = self.rule.per_minute;
        // The clock goes on meanwhile; what is left to wait is counted from here.
        let (allowed, remaining, wait) = match buckets.check_key(&key) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity().min(limit);
                (true, remaining, self.pace.saturating_mul(limit - remaining))
            }
            Err(refused) => (false, 0, refused.wait_time_from(self.clock.now())),
        };
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX).max(1);
        Verdict {
            allowed,
            limit,
            remaining,
            reset: now.seconds() + i64::from(seconds),
            retry_after: if allowed { 0 } else { seconds },
            name: self.rule.name,
        }
    }

    fn give_back(&self, key: u64) {
        self.kept.give_back(key, self.pace);
    }
}

/// When each bucket will be full again, by key; as many as [`KEYS`]. Further ones share a bucket
/// while those are needed, which is when somebody tries to make us forget.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Buckets>>);

#[derive(Debug, Default)]
struct Buckets {
    full_at: HashMap<u64, Nanos>,
    others: Option<Nanos>,
    /// How many there were after the last sweep, and when that was.
    swept: (usize, Nanos),
}

impl Buckets {
    fn slot(&mut self, key: u64) -> Option<&mut Nanos> {
        let is_known = self.full_at.contains_key(&key) || self.full_at.len() < KEYS;
        if is_known { self.full_at.get_mut(&key) } else { self.others.as_mut() }
    }
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Buckets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it has doubled since the last time, or is full. A full one is not swept at each
    /// request of an attack.
    fn is_time_to_sweep(&self, now: Nanos) -> bool {
        let mut buckets = self.lock();
        let (count, at) = buckets.swept;
        let is_full = buckets.full_at.len() >= KEYS;
        let is_time = if is_full && count * 2 > KEYS {
            now.saturating_sub(at).as_u64() >= SWEEP.as_nanos() as u64
        } else {
            is_full || buckets.full_at.len() >= FEW.max(count * 2)
        };
        if is_time {
            buckets.swept.1 = now;
        }
        is_time
    }

    fn give_back(&self, key: u64, pace: Duration) {
        let mut buckets = self.lock();
        if let Some(full_at) = buckets.slot(key) {
            *full_at = full_at.saturating_sub(pace.into());
        }
    }
}

impl StateStore for Kept {
    type Key = u64;

    fn measure_and_replace<T, F, E>(&self, key: &u64, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut buckets = self.lock();
        let (said, full_at) = decide(buckets.slot(*key).copied())?;
        if let Some(slot) = buckets.slot(*key) {
            *slot = full_at;
        } else if buckets.full_at.len() < KEYS {
            buckets.full_at.insert(*key, full_at);
        } else {
            buckets.others = Some(full_at);
        }
        Ok(said)
    }
}

impl ShrinkableKeyedStateStore<u64> for Kept {
    fn retain_recent(&self, drop_below: Nanos) {
        let mut buckets = self.lock();
        buckets.full_at.retain(|_, full_at| *full_at > drop_below);
        let count = buckets.full_at.len();
        buckets.swept.0 = count;
        buckets.full_at.shrink_to(count.max(FEW) * 2);
    }

    fn shrink_to_fit(&self) {
        self.lock().full_at.shrink_to_fit();
    }

    fn len(&self) -> usize {
        self.lock().full_at.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
#[path = "rate_tests.rs"]
mod tests;
