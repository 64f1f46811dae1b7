//! Where the lines come from: pages on demand, the end from the live stream.

use leptos::prelude::*;
use leptos::task::spawn_local;
use model::log::{LogChunk, LogPage};
use model::{Error, JobId};

use super::LogState;
use crate::live::{Background, Heart, subscribe};
use crate::logic::trace::{PAGE, Trace};
use crate::pages::job::lines_address;
use crate::pages::job::state::JobState;
use crate::rpc::{get, parse, read};

/// Connects the log to its job: once that has a runner, what it prints arrives as it is printed.
pub fn feed(log: LogState, state: JobState) {
    let id = log.id;
    let connected = StoredValue::new(false);
    let owner = Owner::current();
    let wants =
        Memo::new(move |_| state.job.with(|j| (j.status.is_running() || j.status.is_final()) && j.erased_at.is_none()));
    Effect::new(move || {
        let done = log.trace.with_value(|t| t.is_complete() && t.has_end());
        if !wants.get() || done || connected.get_value() {
            return;
        }
        connected.set_value(true);
        let owner = owner.clone();
        let open = move || match &owner {
            Some(owner) => owner.with(|| stream(log, id)),
            None => stream(log, id),
        };
        if log.trace.with_value(|t| t.has_end() && !t.is_complete()) {
            return open();
        }
        // The page shows another part; the stream goes on from the end.
        spawn_local(async move {
            if let Ok(page) = lines(id, 0).await {
                log.trace.try_update_value(|t| t.insert(page));
                log.changes.try_update(|n| *n += 1);
                if log.trace.try_with_value(|t| !t.is_complete()) == Some(true) {
                    open();
                }
            }
        });
    });
}

fn stream(log: LogState, id: JobId) {
    // A log has no heart of its own: the job's stream tells how fresh the page is.
    let heart = RwSignal::new(Heart::None);
    let drawn = StoredValue::new(true);
    // However fast a job prints, the page is drawn once a frame.
    let draw = move || {
        if drawn.try_update_value(|d| std::mem::replace(d, false)) == Some(true) {
            request_animation_frame(move || {
                drawn.try_set_value(true);
                log.changes.try_update(|n| *n += 1);
            });
        }
    };
    let url = move || format!("/live/jobs/{id}/log?offset={}", log.trace.with_value(|t| t.next_offset()));
    subscribe(heart, Background::Rests, url, &["chunk", "reset"], move |event, data| {
        if event == "end" {
            log.trace.update_value(|t| t.end());
        } else if event == "reset" {
            log.trace.update_value(Trace::begin_again);
        } else if let Ok(chunk) = read::<LogChunk>(data) {
            log.trace.update_value(|t| {
                t.append(&chunk);
                if log.follow.get_untracked() {
                    t.forget_far_from(chunk.line);
                }
            });
        }
        draw();
    });
}

/// Asks for pages of lines that somebody looks at.
pub fn fetch(log: LogState, first_lines: Vec<u64>) {
    for first in first_lines {
        spawn_local(async move {
            let page = lines(log.id, first).await;
            log.trace.try_update_value(|t| match page {
                Ok(page) => {
                    t.insert(page);
                    t.forget_far_from(first);
                }
                Err(_) => t.failed(first),
            });
            log.changes.try_update(|n| *n += 1);
        });
    }
}

async fn lines(id: JobId, from: u64) -> Result<LogPage, Error> {
    parse(get(&lines_address(&id.to_string(), from, PAGE)).await)
}
