//! One event stream of the server, for as long as a component lives.

use std::time::Duration;

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

/// How fresh the page is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Heart {
    /// The page has no stream (or is not alive yet).
    #[default]
    None,
    /// The stream is being opened (again); what is shown may be old.
    CatchingUp,
    /// Changes arrive as they happen.
    Live,
    /// The server cannot be reached.
    Offline,
}

/// Whether a stream stays open while nobody sees the page. A browser opens only six connections to
/// one server, for all its tabs together; a list does not need one of them in the background, a
/// running job, whose state the tab shows in its title, does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Background {
    /// It stays open.
    Stays,
    /// It is closed and, when the page is seen again, opened anew.
    Rests,
}

/// The server says something at least every 15 s; after this long without a word the line is dead.
const SILENCE: Duration = Duration::from_secs(40);
/// Until the next try after the browser gave up.
const PAUSE: Duration = Duration::from_secs(3);

type Handler = Closure<dyn FnMut(MessageEvent)>;

/// What an open stream holds; dropping it closes the stream.
struct Open {
    source: EventSource,
    _handlers: Vec<Handler>,
    _state: [Closure<dyn FnMut()>; 2],
}

impl Drop for Open {
    fn drop(&mut self) {
        self.source.close();
    }
}

/// The signals of a stream; all of them may be gone when a late callback runs.
#[derive(Clone, Copy)]
struct Watch {
    heart: RwSignal<Heart>,
    attempt: RwSignal<u32>,
    misses: StoredValue<u32>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

impl Watch {
    fn again(self) {
        self.attempt.try_update(|n| *n += 1);
    }

    fn wind(self, timer: Option<TimeoutHandle>) {
        if let Some(Some(old)) = self.timer.try_update_value(|held| std::mem::replace(held, timer)) {
            old.clear();
        }
    }

    fn heard(self) {
        self.misses.try_set_value(0);
        if self.heart.try_get_untracked() != Some(Heart::Live) {
            self.heart.try_set(Heart::Live);
        }
        let silent = move || {
            self.heart.try_set(Heart::CatchingUp);
            self.again();
        };
        self.wind(set_timeout_with_handle(silent, SILENCE).ok());
    }

    fn missed(self, gave_up: bool) {
        let misses = self.misses.try_update_value(|n| {
            *n += 1;
            *n
        });
        let offline = misses.is_none_or(|n| n > 1) || !window().navigator().on_line();
        self.heart.try_set(if offline { Heart::Offline } else { Heart::CatchingUp });
        if gave_up {
            set_timeout(move || self.again(), PAUSE);
        }
    }
}

/// Opens the stream at `url` once the page is alive and calls `on(event, data)` for each event of a
/// name in `names`. The browser resumes a broken stream by `Last-Event-ID`; where it gave up, the
/// stream is opened anew, which begins with the whole state again. An event named `end` ends it.
pub fn subscribe(
    heart: RwSignal<Heart>,
    background: Background,
    url: impl Fn() -> String + 'static,
    names: &'static [&'static str],
    on: impl Fn(&str, &str) + Clone + 'static,
) {
    // What a stream holds belongs to the browser's one thread; the server has nothing to clean up.
    if cfg!(feature = "ssr") {
        return;
    }
    let open: StoredValue<Option<Open>, LocalStorage> = StoredValue::new_local(None);
    let ended = StoredValue::new(false);
    let watch = Watch { heart, attempt: RwSignal::new(0), misses: StoredValue::new(0), timer: StoredValue::new(None) };
    Effect::new(move || {
        watch.attempt.get();
        open.set_value(None);
        if ended.get_value() || (background == Background::Rests && document().hidden()) {
            return;
        }
        heart.set(Heart::CatchingUp);
        let Ok(source) = EventSource::new(&url()) else { return };
        let handler = |name: &'static str| {
            let (on, own) = (on.clone(), source.clone());
            let handler = Handler::new(move |event: MessageEvent| {
                watch.heard();
                if name == "end" {
                    ended.try_set_value(true);
                    own.close();
                    watch.wind(None);
                }
                if name != "ping" {
                    on(name, &event.data().as_string().unwrap_or_default());
                }
            });
            let _ = source.add_event_listener_with_callback(name, handler.as_ref().unchecked_ref());
            handler
        };
        let handlers = names.iter().chain(&["ping", "end"]).map(|name| handler(name)).collect();
        let opened = Closure::<dyn FnMut()>::new(move || watch.heard());
        let own = source.clone();
        let failed = Closure::<dyn FnMut()>::new(move || watch.missed(own.ready_state() == EventSource::CLOSED));
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));
        open.set_value(Some(Open { source, _handlers: handlers, _state: [opened, failed] }));
    });
    Effect::new(move || {
        if background == Background::Rests {
            let seen = ev::Custom::<web_sys::Event>::new("visibilitychange");
            let handle = window_event_listener(seen, move |_| {
                watch.wind(None);
                watch.again();
            });
            on_cleanup(move || handle.remove());
        }
    });
    on_cleanup(move || {
        open.try_update_value(Option::take);
        watch.wind(None);
        heart.try_set(Heart::None);
    });
}
