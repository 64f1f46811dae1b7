//! The reason chain: why something stands where it stands, and what that rests on.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use leptos::prelude::*;
use leptos::task::spawn_local;
use model::Status;
use model::view::Why;

use super::status::Badge;
use crate::i18n::{T, use_lang};

/// A folded section with the chain; the key `w` opens it.
#[component]
pub fn WhyChain(
    /// The chain.
    why: RwSignal<Option<Why>>,
    /// Leave its first answer to what stands beside it and says the same.
    #[prop(optional)]
    said: bool,
) -> impl IntoView {
    let lang = use_lang();
    let answer = move || why.with(|w| w.as_ref().filter(|_| !said).map(|w| w.answer.clone()));
    view! {
        <details class="why" class:hidden=move || why.with(|w| w.as_ref().is_none_or(|w| w.because.is_empty()))>
            <summary data-key="w">{lang.t(T::Why)} " " <span class="faint">{move || answer()}</span></summary>
            <ul>{move || why.get().map(|why| link(why, 0))}</ul>
        </details>
    }
}

/// Asks for the chain.
type Ask = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Option<Why>>>> + Send + Sync>;

/// Many jobs may change at once, each of them a reason to ask again: one question answers them all.
const PAUSE: Duration = Duration::from_millis(500);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Rests,
    /// It will ask in a moment.
    Waits,
    Asks,
    /// Something has changed since it asked.
    AsksStale,
}

#[derive(Clone, Copy)]
struct Keeper {
    why: RwSignal<Option<Why>>,
    phase: StoredValue<Phase>,
    ask: StoredValue<Ask>,
}

impl Keeper {
    // Whatever runs late may find the page left, and its signals gone.
    fn stale(self) {
        match self.phase.try_get_value() {
            Some(Phase::Rests) => {
                self.phase.try_set_value(Phase::Waits);
                set_timeout(move || self.ask(), PAUSE);
            }
            Some(Phase::Asks) => {
                self.phase.try_set_value(Phase::AsksStale);
            }
            _ => {}
        }
    }

    fn ask(self) {
        let Some(answer) = self.ask.try_with_value(|ask| ask()) else { return };
        self.phase.try_set_value(Phase::Asks);
        spawn_local(async move {
            if let Some(new) = answer.await {
                self.why.try_set(Some(new));
            }
            let missed = self.phase.try_get_value() == Some(Phase::AsksStale);
            self.phase.try_set_value(Phase::Rests);
            if missed {
                self.stale();
            }
        });
    }
}

/// Asks again for the chain whenever the status, or the number beside it, has changed: it is not part
/// of any stream. The number counts changes of what the chain rests on.
pub fn keep_why(
    why: RwSignal<Option<Why>>,
    turn: impl Fn() -> (Status, u32) + Send + Sync + 'static,
    ask: impl Fn() -> Pin<Box<dyn Future<Output = Option<Why>>>> + Send + Sync + 'static,
) {
    let keeper = Keeper { why, phase: StoredValue::new(Phase::Rests), ask: StoredValue::new(Arc::new(ask)) };
    Effect::new(move |before: Option<(Status, u32)>| {
        let now = turn();
        if before.is_some_and(|before| before != now) {
            keeper.stale();
        }
        now
    });
}

fn link(why: Why, depth: usize) -> AnyView {
    // Chains are short; a damaged one must not hang the page.
    let because = (!why.because.is_empty() && depth < 20).then(|| {
        let below = why.because.into_iter().take(50).map(|below| link(below, depth + 1)).collect_view();
        view! { <ul>{below}</ul> }.into_any()
    });
    view! {
        <li>
            <Badge status=Signal::stored((why.status, false)) quiet=true />
            " "
            <strong>{why.subject}</strong>
            " "
            {why.answer}
            {because}
        </li>
    }
    .into_any()
}
