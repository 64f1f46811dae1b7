//! Jobs that start another run (`trigger`): a mark, and the way to that run.

use leptos::prelude::*;
use model::{Job, JobKind};

use super::status::Icon;
use crate::i18n::{T, use_lang};
use crate::logic::href;

/// Beside such a job: a link to the run that it started, or only the mark while there is none.
/// Nothing beside any other job.
#[component]
pub fn ChildMark(
    /// The job.
    job: RwSignal<Job>,
    /// Show only the picture.
    #[prop(optional)]
    quiet: bool,
) -> impl IntoView {
    let lang = use_lang();
    let child = Memo::new(move |_| job.with(|j| (j.kind == JobKind::Bridge).then_some(j.child)));
    let word = if quiet { "unseen" } else { "" };
    move || {
        child.get().map(|child| match child {
            Some(id) => view! {
                <a class="child" href=href::run(id) title=quiet.then(|| lang.t(T::ChildRun))>
                    <Icon name="child" />
                    <span class=word>{lang.t(T::ChildRun)}</span>
                </a>
            }
            .into_any(),
            None => view! {
                <span class="child" title=lang.t(T::StartsChild)>
                    <Icon name="child" />
                    <span class="unseen">{lang.t(T::StartsChild)}</span>
                </span>
            }
            .into_any(),
        })
    }
}
