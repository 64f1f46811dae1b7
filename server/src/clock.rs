//! The one place that reads the clock and waits for it, and knows where the server is as far as clocks on walls go.

use std::sync::OnceLock;
use std::time::Duration;

use model::{Timestamp, Zone};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::unix::AsyncFd;

/// Where the system has no alarm clock, the time of day is looked at so often.
const GLANCE: Duration = Duration::from_mins(1);

static ZONE: OnceLock<Zone> = OnceLock::new();

/// Now.
#[expect(clippy::disallowed_methods, reason = "this is the place the others are sent to")]
pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The zone in which days begin and wall clocks are read; CodeArts' unless the server was started with another.
pub fn zone() -> Zone {
    ZONE.get().copied().unwrap_or(Zone::CHINA)
}

/// Sets the zone, once, when the server starts.
pub fn set_zone(zone: Zone) {
    // A second call is a mistake that harms nobody.
    let _ = ZONE.set(zone);
}

/// Why a wait for a time of day is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Woken {
    /// It may have come: look.
    Due,
    /// Somebody set the clock.
    ClockSet,
}

/// Waits until the clock shows this time, however it gets there: by going on, by being set, or because the machine slept.
pub async fn sleep_until(at: Timestamp) -> Woken {
    match alarm(at) {
        Ok(alarm) => match alarm.readable().await {
            Ok(_) => match rustix::io::read(alarm.get_ref(), &mut [0_u8; 8]) {
                Err(Errno::CANCELED) => Woken::ClockSet,
                _ => Woken::Due,
            },
            Err(_) => glance(at).await,
        },
        Err(_) => glance(at).await,
    }
}

async fn glance(at: Timestamp) -> Woken {
    let left = Duration::from_millis(u64::try_from(at.since(now())).unwrap_or_default().max(1));
    tokio::time::sleep(left.min(GLANCE)).await;
    Woken::Due
}

/// An alarm of the system's clock at that time, which also rings when somebody sets the clock.
#[expect(
    deprecated,
    reason = "what replaces it is unsafe, for descriptors that may be closed by others; this one is owned"
)]
fn alarm(at: Timestamp) -> std::io::Result<AsyncFd<OwnedFd>> {
    let timer = timerfd_create(TimerfdClockId::Realtime, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    let at = at.0.max(1);
    let once = Itimerspec {
        it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
        it_value: Timespec { tv_sec: at.div_euclid(1000), tv_nsec: at.rem_euclid(1000) * 1_000_000 },
    };
    timerfd_settime(&timer, TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET, &once)?;
    AsyncFd::new(timer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_alarm_rings_when_its_time_has_come() {
        let begin = now();
        sleep_until(Timestamp(begin.0 - 10_000)).await;
        sleep_until(Timestamp(0)).await;
        let at = Timestamp(now().0 + 30);
        while now() < at {
            sleep_until(at).await;
        }
        // Not with the rest of the minute that the machine without alarms would wait.
        assert!(now().since(begin) < 30_000);
    }

    #[tokio::test]
    async fn an_alarm_far_away_rings_for_nobody() {
        let far = tokio::time::timeout(Duration::from_millis(20), sleep_until(Timestamp(now().0 + 3_600_000))).await;
        assert!(far.is_err());
    }
}
