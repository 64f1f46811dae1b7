//! How many connections there may be at once, and how many of them one address may have: whoever opens connections and
//! says nothing on them keeps nobody else out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Duration, Instant};

use super::origin::Proxies;
use super::rate::network;

/// How much of all that there are one address may have.
const SHARE: usize = 4;
/// The pause between two lines of the log about addresses that want more.
const QUIET: Duration = Duration::from_mins(1);

/// The connections of one listener.
#[derive(Debug)]
pub(super) struct Slots {
    all: Arc<Semaphore>,
    share: usize,
    /// Those who speak for many: they may have all.
    proxies: Proxies,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    by: HashMap<IpAddr, usize>,
    told_at: Option<Instant>,
}

/// The place of one connection, for as long as it is kept.
#[derive(Debug)]
pub(super) struct Slot {
    _one: OwnedSemaphorePermit,
    of: Option<(Arc<Slots>, IpAddr)>,
}

impl Slots {
    /// So many for all, of which these proxies may have any number.
    pub(super) fn new(all: usize, proxies: Proxies) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), share: all.div_ceil(SHARE), proxies, taken: Mutex::default() }
    }

    /// Waits for a free one.
    pub(super) async fn free(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.all).acquire_owned().await.ok()
    }

    /// Gives a free one to a connection from this address (`None` is the Unix socket), unless it has its share.
    pub(super) fn take(self: &Arc<Self>, one: OwnedSemaphorePermit, address: Option<IpAddr>) -> Option<Slot> {
        let Some(address) = address.map(|ip| ip.to_canonical()).filter(|ip| !self.proxies.trusts(*ip)) else {
            return Some(Slot { _one: one, of: None });
        };
        let network = network(address);
        let mut taken = self.lock();
        let count = taken.by.entry(network).or_default();
        if *count < self.share {
            *count += 1;
            return Some(Slot { _one: one, of: Some((Arc::clone(self), network)) });
        }
        let now = Instant::now();
        if taken.told_at.is_none_or(|at| now - at >= QUIET) {
            taken.told_at = Some(now);
            tracing::warn!(
                %address, connections = self.share,
                "an address has as many connections as one may have: further ones are closed; a proxy that speaks for \
                 others is named with --trusted-proxy"
            );
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let Some((slots, network)) = &self.of else { return };
        let mut taken = slots.lock();
        if let Some(count) = taken.by.get_mut(network) {
            *count -= 1;
            if *count == 0 {
                taken.by.remove(network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_address_has_a_share_and_what_it_leaves_is_free_again() {
        let slots = Arc::new(Slots::new(8, Proxies::parse(&["10.0.0.7"]).unwrap()));
        let take = async |address: &str| slots.take(slots.free().await.unwrap(), Some(address.parse().unwrap()));
        let first = take("203.0.113.1").await.unwrap();
        let second = take("::ffff:203.0.113.1").await.unwrap();
        assert!(take("203.0.113.1").await.is_none());
        let other = take("2001:db8::1").await.unwrap();
        let neighbour = take("2001:db8::2").await.unwrap();
        assert!(take("2001:db8::3").await.is_none(), "one customer");
        drop(first);
        let again = take("203.0.113.1").await.unwrap();
        drop((second, again, other, neighbour));
        assert!(slots.lock().by.is_empty() && slots.all.available_permits() == 8);
        let mut all = Vec::new();
        for _ in 0..7 {
            all.push(take("10.0.0.7").await.unwrap());
        }
        all.push(slots.take(slots.free().await.unwrap(), None).unwrap());
        assert_eq!(slots.all.available_permits(), 0);
    }
}
