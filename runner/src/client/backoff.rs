//! How long to wait before the server is asked again.

use std::time::Duration;

/// Growing waits.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    first: Duration,
    next: Duration,
    most: Duration,
}

impl Backoff {
    /// For a server on this machine: back the moment that its socket is.
    pub(crate) const LOCAL: Self = Self::new(Duration::from_millis(5), Duration::from_millis(250));
    /// For a server elsewhere.
    pub(crate) const REMOTE: Self = Self::new(Duration::from_millis(100), Duration::from_secs(5));

    pub(crate) const fn new(first: Duration, most: Duration) -> Self {
        Self { first, next: first, most }
    }

    /// The next wait; at least what the server asked for.
    pub(crate) fn next(&mut self, asked: Option<Duration>) -> Duration {
        let wait = self.next;
        self.next = (self.next * 2).min(self.most);
        wait.max(asked.unwrap_or_default())
    }

    /// Waits.
    pub(crate) async fn pause(&mut self, asked: Option<Duration>) {
        let wait = self.next(asked);
        tokio::time::sleep(wait).await;
    }

    /// The server has answered: the next trouble starts anew.
    pub(crate) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_begin_anew() {
        let mut backoff = Backoff::new(Duration::from_millis(5), Duration::from_millis(15));
        let waits: Vec<u128> = (0..4).map(|_| backoff.next(None).as_millis()).collect();
        assert_eq!(waits, [5, 10, 15, 15]);
        assert_eq!(backoff.next(Some(Duration::from_secs(1))).as_millis(), 1000);
        backoff.reset();
        assert_eq!(backoff.next(None).as_millis(), 5);
    }
}
