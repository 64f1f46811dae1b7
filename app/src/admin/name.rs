//! Who is signed in, at the head of every page: a piece of HTML that the browser leaves as it is.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;

use super::rpc::SignOut;
use super::text::W;
use crate::i18n::{T, use_lang};

/// Their name and the way out, or the way in.
pub(crate) fn me_html() -> String {
    let lang = use_lang();
    let me = super::me();
    match me.user {
        Some(user) => {
            let out = (!me.is_local).then(|| {
                view! {
                    <form method="post" action=SignOut::PATH>
                        <button class="button plain" type="submit">{lang.w(W::SignOut)}</button>
                    </form>
                }
            });
            view! {
                <a class="button plain" href="/settings/account" rel="external" title=lang.w(W::AccountYours)>
                    <span class="who">{user.name}</span>
                </a>
                {out}
            }
            .to_html()
        }
        None if me.is_local => String::new(),
        None => view! { <a class="button" href="/login" rel="external">{lang.t(T::SignIn)}</a> }.to_html(),
    }
}
