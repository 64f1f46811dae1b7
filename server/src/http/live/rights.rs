//! When a stream has to ask again whether its client may see what it follows.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::service::Weir;

/// How long a right that ended by itself is still good for what is open.
const AGAIN: Duration = Duration::from_mins(1);

/// Tells when somebody may have lost a right; and every now and then, because tokens and sessions expire and jobs end
/// without anybody's doing.
pub(super) struct Rights {
    taken: watch::Receiver<u64>,
    again: Interval,
}

impl Rights {
    /// What is lost from now on is told.
    pub fn of(weir: &Weir) -> Self {
        let mut again = interval_at(Instant::now() + AGAIN, AGAIN);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { taken: weir.access(), again }
    }

    /// Waits until it is time to ask.
    pub async fn in_question(&mut self) {
        tokio::select! {
            Ok(()) = self.taken.changed() => {}
            _ = self.again.tick() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_right_is_in_question_when_one_is_taken_and_when_time_has_passed() {
        let (taken, watched) = watch::channel(0);
        let mut rights = Rights { taken: watched, again: interval_at(Instant::now() + AGAIN, AGAIN) };
        taken.send_modify(|count| *count += 1);
        rights.in_question().await;
        let soon = Duration::from_millis(1);
        rights.again = interval_at(Instant::now() + soon, soon);
        rights.in_question().await;
        rights.in_question().await;
    }
}
