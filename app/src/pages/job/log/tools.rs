//! The bar above the log.

use leptos::prelude::*;

use super::LogState;
use crate::components::keyboard::copy_link;
use crate::components::page::use_page;
use crate::components::status::Icon;
use crate::i18n::{Phrases, T, use_lang};
use crate::logic::href;
use crate::pages::job::state::JobState;

/// Follow, wrap, ends, raw, curl.
#[component]
pub fn Tools(
    /// The log.
    log: LogState,
    /// The job.
    state: JobState,
) -> impl IntoView {
    let lang = use_lang();
    let id = log.id;
    let page = use_page();
    let wrap = log.prefs.wrap;
    let running = Memo::new(move |_| state.job.with(|j| !j.status.is_complete()));
    let total = move || {
        log.changes.get();
        let total = log.trace.with_value(|t| t.total());
        (total > 0).then(|| lang.line_count(total))
    };
    let all_folded = Memo::new(move |_| {
        log.changes.get();
        log.trace.with_value(|t| t.all_folded())
    });
    let curl = RwSignal::new(format!("curl -s http://127.0.0.1:9433{}", href::raw_log(id)));
    Effect::new(move || {
        if let Ok(origin) = window().location().origin() {
            curl.set(format!("curl -s {origin}{}", href::raw_log(id)));
        }
    });
    let toggle = move |signal: RwSignal<bool>, key: &'static str, icon: &'static str, text: T, hint: T| {
        view! {
            <button
                class="button plain live-only"
                type="button"
                data-key=key
                title=lang.t(hint)
                aria-pressed=move || if signal.get() { "true" } else { "false" }
                on:click=move |_| signal.update(|on| *on = !*on)
            >
                <Icon name=icon />
                {lang.t(text)}
            </button>
        }
        .into_any()
    };
    let end = move |key: &'static str, icon: &'static str, text: T, to: fn(u64) -> u64| {
        view! {
            <button
                class="button plain icon-only live-only"
                type="button"
                data-key=key
                title=lang.t(text)
                on:click=move |_| {
                    log.follow.set(false);
                    // Off and on again: the same line may be asked for twice.
                    log.go.set(None);
                    log.go.set(Some(to(log.trace.with_value(|t| t.total()))));
                }
            >
                <Icon name=icon />
                <span class="unseen">{lang.t(text)}</span>
            </button>
        }
        .into_any()
    };
    view! {
        <div class="tools">
            <h2>{lang.t(T::Log)}</h2>
            <span class="faint num">{move || total()}</span>
            <span class="push"></span>
            {move || running.get().then(|| toggle(log.follow, "F", "follow", T::Follow, T::FollowHint))}
            {move || {
                all_folded.get().map(|all| {
                    view! {
                        <button
                            class="button plain live-only"
                            type="button"
                            data-key="S"
                            title=lang.t(T::FoldAllHint)
                            aria-pressed=if all { "true" } else { "false" }
                            on:click=move |_| {
                                log.trace.update_value(|t| t.fold_all(!all));
                                log.changes.update(|n| *n += 1);
                            }
                        >
                            <Icon name="sections" />
                            {lang.t(T::FoldAll)}
                        </button>
                    }
                        .into_any()
                })
            }}
            {toggle(wrap, "W", "wrap", T::Wrap, T::KeyWrap)}
            {end("gg", "up", T::ToBeginning, |_| 1)}
            {end("G", "down", T::ToEnd, |total| total.max(1))}
            <button
                class="button plain icon-only live-only"
                type="button"
                data-key="y"
                title=lang.t(T::KeyCopy)
                on:click=move |_| {
                    log.marked.at_least(log.top.get_untracked());
                    copy_link(page, lang);
                }
            >
                <Icon name="link" />
                <span class="unseen">{lang.t(T::KeyCopy)}</span>
            </button>
            <a class="button plain" rel="external" href=href::raw_log(id) title=lang.t(T::RawHint)>
                <Icon name="file" />
                {lang.t(T::Raw)}
            </a>
            <details class="ask">
                <summary class="button plain">{lang.t(T::Curl)}</summary>
                <div class="popover">
                    <pre class="code" tabindex="0">{move || curl.get()}</pre>
                </div>
            </details>
        </div>
    }
    .into_any()
}
