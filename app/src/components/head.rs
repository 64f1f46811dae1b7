//! Title and favicon: both show the state, so that a tab in the background tells it.

use leptos::prelude::*;
use leptos_meta::{Link, Title};
use model::Status;

use super::status::face;

/// Sets the title, with a mark for the state, and the favicon of that state.
#[component]
pub fn PageHead(
    /// What the page is about.
    #[prop(into)]
    title: Signal<String>,
    /// The state it shows, where it has one.
    #[prop(into, optional)]
    status: Option<Signal<(Status, bool)>>,
) -> impl IntoView {
    let mark = move || match status.map(|s| s.get().0) {
        Some(Status::Success) => "✓ ",
        Some(Status::Failed) => "✕ ",
        Some(Status::Running | Status::Canceling | Status::Pending | Status::Preparing) => "▸ ",
        Some(Status::Manual | Status::WaitingForResource | Status::Scheduled) => "‖ ",
        _ => "",
    };
    let icon = move || favicon(status.map(|s| s.get()));
    Effect::new(move || {
        let icon = icon();
        if let Some(link) = document().get_element_by_id("favicon")
            && link.get_attribute("href").as_deref() != Some(icon)
        {
            let _ = link.set_attribute("href", icon);
        }
    });
    let text = move || escaped(format!("{}{} · Weir", mark(), title.get()));
    // The server writes the head after the page, when the signals that the page owned may be gone.
    #[cfg(feature = "ssr")]
    let text = {
        let now = untrack(text);
        move || now.clone()
    };
    view! {
        <Title text=text />
        <Link id="favicon" rel="icon" type_="image/svg+xml" href=untrack(icon) />
    }
}

/// A title, or what stands in a `<textarea>`: the server writes both into the page as they are, so that
/// what would be markup has to be escaped there; in the browser they are set as text.
pub fn escaped(text: String) -> String {
    if cfg!(feature = "ssr") { text.replace('&', "&amp;").replace('<', "&lt;") } else { text }
}

/// [`escaped`], for a `<textarea>`: a browser leaves out a line end right behind the tag.
pub fn in_textarea(text: String) -> String {
    let text = escaped(text);
    if cfg!(feature = "ssr") && text.starts_with('\n') { format!("\n{text}") } else { text }
}

/// The picture for a state.
fn favicon(state: Option<(Status, bool)>) -> &'static str {
    match state.map(|(status, warnings)| face(status, warnings)) {
        Some("success") => "/favicon-success.svg",
        Some("warnings") => "/favicon-warnings.svg",
        Some("failed") => "/favicon-failed.svg",
        Some("running" | "canceling" | "pending" | "preparing") => "/favicon-running.svg",
        Some("manual" | "waiting" | "scheduled") => "/favicon-waiting.svg",
        _ => "/favicon.svg",
    }
}
