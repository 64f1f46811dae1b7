//! Sending a form from a live page.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use model::Error;

/// Goes to another page without loading it anew.
pub type Navigator = std::sync::Arc<dyn Fn(&str) + Send + Sync>;

/// The navigator of this page.
pub fn navigator() -> Navigator {
    let navigate = use_navigate();
    std::sync::Arc::new(move |to: &str| navigate(to, NavigateOptions::default()))
}

/// Posts the form's fields and follows the answer: an error goes to `error`, a redirect to another
/// page is followed, one to this page needs nothing, because its stream brings what changed.
#[cfg(feature = "hydrate")]
pub fn send(
    event: &SubmitEvent,
    to: &'static str,
    busy: RwSignal<bool>,
    error: RwSignal<Option<Error>>,
    navigate: Navigator,
) {
    use wasm_bindgen::JsCast;

    let Some(form) = event.target().and_then(|t| t.dyn_into::<web_sys::HtmlFormElement>().ok()) else { return };
    let Some(body) = web_sys::FormData::new_with_form(&form)
        .ok()
        .and_then(|data| web_sys::UrlSearchParams::new_with_str_sequence_sequence(&data).ok())
    else {
        return;
    };
    let body = String::from(body.to_string());
    busy.set(true);
    leptos::task::spawn_local(async move {
        let answer = post(to, body).await;
        busy.try_set(false);
        match answer {
            Ok(location) => {
                error.try_set(None);
                // An open question is answered.
                if let Ok(Some(details)) = form.closest("details.ask") {
                    let _ = details.remove_attribute("open");
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

/// On the server nothing submits.
#[cfg(not(feature = "hydrate"))]
pub fn send(_: &SubmitEvent, _: &'static str, _: RwSignal<bool>, _: RwSignal<Option<Error>>, _: Navigator) {}

#[cfg(feature = "hydrate")]
async fn post(to: &str, body: String) -> Result<Option<String>, Error> {
    let unreachable = |e: gloo_net::Error| Error::unavailable(e.to_string());
    let response = gloo_net::http::Request::post(to)
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("Accept", "application/json")
        .body(body)
        .map_err(unreachable)?
        .send()
        .await
        .map_err(unreachable)?;
    if response.ok() {
        return Ok(response.headers().get("Location"));
    }
    let text = response.text().await.map_err(unreachable)?;
    Err(crate::rpc::read(&text).unwrap_or_else(|_| Error::internal(text.chars().take(300).collect::<String>())))
}
