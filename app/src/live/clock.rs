//! The present moment, as far as the page shows it. The first view of both halves uses the time of
//! the snapshot; after hydration the clock goes on, by the second only while something runs.

use std::time::Duration;

use leptos::prelude::*;
use model::Timestamp;

/// The page's clock.
#[derive(Clone, Copy)]
pub struct Clock {
    /// Now, or when the snapshot was taken.
    pub now: RwSignal<Timestamp>,
    /// Whether times may be said relative to now and in local time: not before hydration.
    pub awake: RwSignal<bool>,
    /// How many things on the page need the seconds.
    hands: RwSignal<u32>,
    /// Milliseconds by which the server's clock is ahead of this browser's.
    ahead: StoredValue<i64>,
}

impl Clock {
    /// A clock that stands at `at` until the page is alive. Provides itself to what is below.
    pub fn start(at: Timestamp) -> Self {
        let clock = Self {
            now: RwSignal::new(at),
            awake: RwSignal::new(false),
            hands: RwSignal::new(0),
            ahead: StoredValue::new(0),
        };
        provide_context(clock);
        Effect::new(move || {
            // A snapshot is taken moments before it is shown, unless it came out of a cache; only a
            // large difference is one of clocks.
            let difference = at.0 - browser_now();
            clock.ahead.set_value(if difference.abs() > 60_000 { difference } else { 0 });
            clock.tick();
            clock.awake.set(true);
        });
        Effect::new(move |before: Option<Option<IntervalHandle>>| {
            if let Some(handle) = before.flatten() {
                handle.clear();
            }
            let pause = if clock.hands.get() > 0 { 1000 } else { 30_000 };
            set_interval_with_handle(move || clock.tick(), Duration::from_millis(pause)).ok().inspect(|handle| {
                let handle = *handle;
                on_cleanup(move || handle.clear());
            })
        });
        clock
    }

    fn tick(self) {
        // A page in the background shows nothing.
        if !document().hidden() {
            self.now.try_set(Timestamp(browser_now() + self.ahead.try_get_value().unwrap_or(0)));
        }
    }

    /// Asks for seconds while `running` says so, as long as the caller's owner lives.
    pub fn seconds_while(self, running: impl Fn() -> bool + Send + Sync + 'static) {
        let mine = StoredValue::new(false);
        let set = move |on: bool| {
            if mine.try_get_value() == Some(!on) {
                mine.set_value(on);
                self.hands.try_update(|n| *n = if on { *n + 1 } else { n.saturating_sub(1) });
            }
        };
        Effect::new(move || set(running()));
        on_cleanup(move || set(false));
    }
}

/// The clock of this page.
pub fn use_clock() -> Option<Clock> {
    use_context::<Clock>()
}

fn browser_now() -> i64 {
    js_sys::Date::now() as i64
}
