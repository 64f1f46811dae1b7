//! A way to a file that a job left.

use leptos::prelude::*;
use model::plan::Access;
use model::{ArtifactInfo, JobId};

use crate::i18n::{T, use_lang};
use crate::logic::href;

/// The link, or only the name, with the reason, when nobody may fetch the file.
#[component]
pub fn ArtifactLink(
    /// The job.
    job: JobId,
    /// The file.
    file: ArtifactInfo,
    /// What it is called here.
    label: String,
) -> impl IntoView {
    let lang = use_lang();
    if file.access == Access::None {
        return view! {
            <span class="name">{label}</span>
            " "
            <span class="faint">{lang.t(T::ArtifactClosed)}</span>
        }
        .into_any();
    }
    view! { <a class="name" rel="external" download href=href::artifact(job, &file.filename)>{label}</a> }.into_any()
}
