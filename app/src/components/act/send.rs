//! Sending a form from a live page.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use model::Error;
use wasm_bindgen::JsCast;

use crate::rpc::post;

/// Goes to another page without loading it anew.
pub type Navigator = std::sync::Arc<dyn Fn(&str) + Send + Sync>;

/// The navigator of this page.
pub fn navigator() -> Navigator {
    let navigate = use_navigate();
    std::sync::Arc::new(move |to: &str| navigate(to, NavigateOptions::default()))
}

fn form_of(event: &SubmitEvent) -> Option<web_sys::HtmlFormElement> {
    event.target().and_then(|t| t.dyn_into().ok())
}

/// The fields of the form that is being sent, as a query string.
pub fn fields_of(event: &SubmitEvent) -> Option<String> {
    let data = web_sys::FormData::new_with_form(&form_of(event)?).ok()?;
    let fields = web_sys::UrlSearchParams::new_with_str_sequence_sequence(&data).ok()?;
    Some(String::from(fields.to_string()))
}

/// Posts the form's fields and follows the answer: an error goes to `error`, a redirect to another
/// page is followed, one to this page needs nothing, because its stream brings what changed, or `after`.
pub fn send(
    event: &SubmitEvent,
    to: &'static str,
    busy: RwSignal<bool>,
    error: RwSignal<Option<Error>>,
    navigate: Navigator,
    after: Option<Callback<()>>,
) {
    let (Some(form), Some(body)) = (form_of(event), fields_of(event)) else { return };
    busy.set(true);
    leptos::task::spawn_local(async move {
        let answer = post(to, "application/x-www-form-urlencoded", body).await;
        busy.try_set(false);
        // What the server says against it stands behind the question.
        super::confirm::close_around(&form);
        match answer {
            Ok((_, location)) => {
                error.try_set(None);
                // An open question is answered.
                if let Ok(Some(details)) = form.closest("details.ask") {
                    let _ = details.remove_attribute("open");
                }
                if let Some(after) = after {
                    after.try_run(());
                }
                let here = window().location();
                let here = here.pathname().unwrap_or_default() + &here.search().unwrap_or_default();
                if let Some(to) = location.filter(|to| *to != here) {
                    navigate(&to);
                }
            }
            Err(refused) => {
                error.try_set(Some(refused));
            }
        }
    });
}
