//! The overlay behind `?`: the keys of this page, and the switch that turns single keys off.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::page::use_page;
use super::switches::Back;
use crate::i18n::{T, use_lang};
use crate::prefs::use_prefs;
use crate::rpc::SetKeys;

/// Keys that work on every page.
const EVERYWHERE: &[(&str, T)] = &[("?", T::KeyHelp), ("y", T::KeyCopy)];

/// The dialog; closed until somebody asks.
#[component]
pub fn Help() -> impl IntoView {
    let lang = use_lang();
    let page = use_page();
    let on = use_prefs().keys;
    let row = move |&(keys, text): &(&'static str, T)| {
        let keys = keys.split(' ').map(|key| view! { <kbd>{key}</kbd> }.into_any()).collect_view();
        view! {
            <div>
                <dt>{keys}</dt>
                <dd>{lang.t(text)}</dd>
            </div>
        }
        .into_any()
    };
    let (value, label) = if on { ("off", T::KeysOff) } else { ("on", T::KeysOn) };
    view! {
        <dialog id="help" class="sheet" aria-labelledby="help-title">
            <h2 id="help-title">{lang.t(T::KeysHint)}</h2>
            <dl class="keys">
                {EVERYWHERE.iter().map(row).collect_view()}
                {move || page.keys.get().iter().map(row).collect_view()}
            </dl>
            <div class="row">
                <form method="post" action=SetKeys::PATH>
                    <Back />
                    <button class="button plain" type="submit" name="value" value=value>{lang.t(label)}</button>
                </form>
                <form method="dialog">
                    <button class="button" type="submit">{lang.t(T::Close)}</button>
                </form>
            </div>
        </dialog>
    }
    .into_any()
}
