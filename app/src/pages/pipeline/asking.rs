//! Questions to the server that follow what somebody types.

use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use model::Error;
use model::view::LintView;

use crate::rpc::{parse, post};

/// How long nobody types before the server is asked.
const PAUSE: Duration = Duration::from_millis(300);

/// What is done with an answer.
pub type Take = Box<dyn FnOnce(Result<LintView, Error>)>;

/// A place whose text is asked about: only the latest question counts, whichever answer comes first.
#[derive(Clone, Copy)]
pub struct Asking {
    /// Whether the server has been asked and has not answered yet.
    pub busy: RwSignal<bool>,
    turn: StoredValue<u64>,
}

impl Asking {
    /// A place where nothing was typed yet.
    pub fn new() -> Self {
        Self { busy: RwSignal::new(false), turn: StoredValue::new(0) }
    }

    /// Asks after a pause, unless there is a later question by then.
    pub fn ask(self, to: &'static str, content_type: &'static str, body: String, take: Take) {
        let turn = self.next();
        let latest = move || self.turn.try_get_value() == turn;
        let look = move || {
            if !latest() {
                return;
            }
            self.busy.set(true);
            spawn_local(async move {
                let answer = post(to, content_type, body).await;
                if latest() {
                    self.busy.set(false);
                    take(answer.and_then(|(json, _)| parse(Ok(json))));
                }
            });
        };
        set_timeout(look, PAUSE);
    }

    /// Wants no answer any more.
    pub fn stop(self) {
        self.next();
        self.busy.set(false);
    }

    fn next(self) -> Option<u64> {
        self.turn.try_update_value(|n| {
            *n += 1;
            *n
        })
    }
}
