//! Sending a form from a live page.

use std::cell::RefCell;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::use_navigate;
use model::Error;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, HtmlFormElement};

use crate::rpc::post;

/// The media type of what [`fields_of`] and [`fields_in`] make.
pub const FORM: &str = "application/x-www-form-urlencoded";

/// Goes to another page without loading it anew.
pub type Navigator = std::sync::Arc<dyn Fn(&str) + Send + Sync>;

/// The navigator of this page.
pub fn navigator() -> Navigator {
    let navigate = use_navigate();
    std::sync::Arc::new(move |to: &str| navigate(to, NavigateOptions::default()))
}

fn form_of(event: &SubmitEvent) -> Option<HtmlFormElement> {
    event.target().and_then(|t| t.dyn_into().ok())
}

thread_local! {
    /// The id of the row that a form was sent from last, and when.
    static LAST_ROW: RefCell<(String, f64)> = const { RefCell::new((String::new(), 0.0)) };
}

/// The link of the row, or of the node in the graph, that a form stands in.
fn place_of(form: &HtmlFormElement) -> Option<HtmlElement> {
    let row = form.closest("tr, .node").ok().flatten()?;
    LAST_ROW.with(|last| last.replace((row.id(), js_sys::Date::now())));
    link_of(&row)
}

fn link_of(row: &Element) -> Option<HtmlElement> {
    row.query_selector("[data-row], th a").ok().flatten()?.dyn_into().ok()
}

fn is_nowhere() -> bool {
    document().active_element().is_none_or(|at| at.tag_name() == "BODY")
}

/// What was done may take its button away, and with it the place of whoever uses the keyboard: the link
/// of the row has it then.
fn keep_focus(form: &HtmlFormElement, place: &HtmlElement) {
    let inside = document().active_element().is_some_and(|at| form.contains(Some(&at)));
    if place.is_connected() && (inside || is_nowhere()) {
        let _ = place.focus();
    }
}

/// The same for a row that a change makes anew: to be called once it is in the page.
pub fn regain_focus(id: &str) {
    // Later it would surprise somebody who has long gone on.
    const LATELY: f64 = 60_000.0;
    let lately = |(row, at): &(String, f64)| row == id && js_sys::Date::now() - at < LATELY;
    if !id.is_empty()
        && LAST_ROW.with(|last| lately(&last.borrow()))
        && is_nowhere()
        && let Some(link) = document().get_element_by_id(id).as_ref().and_then(link_of)
    {
        let _ = link.focus();
    }
}

/// The fields of the form that is being sent, as a query string.
pub fn fields_of(event: &SubmitEvent) -> Option<String> {
    fields_in(&form_of(event)?)
}

/// The fields of a form as they stand now, as a query string.
pub fn fields_in(form: &HtmlFormElement) -> Option<String> {
    let data = web_sys::FormData::new_with_form(form).ok()?;
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
    let place = place_of(&form);
    leptos::task::spawn_local(async move {
        let answer = post(to, FORM, body).await;
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
                if let Some(place) = place {
                    keep_focus(&form, &place);
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
