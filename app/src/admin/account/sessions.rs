//! Where somebody is signed in.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::Session;

use crate::admin::asked::Asked;
use crate::admin::parts::{button, table, tag, time};
use crate::admin::rpc::EndSession;
use crate::admin::text::W;
use crate::admin::visible::visible;

/// The sessions.
pub fn sessions(asked: &Asked, sessions: Vec<Session>) -> AnyView {
    let lang = asked.lang;
    let alone = sessions.iter().all(|session| session.is_current);
    let row = |session: Session| {
        let agent = session.agent.as_deref().map_or_else(|| lang.w(W::Unknown).to_owned(), visible);
        let end = (!session.is_current)
            .then(|| button(EndSession::PATH, [("id", session.id.to_string())], lang.w(W::SessionEnd), &agent));
        let address = session.address.as_deref().map(visible).unwrap_or_default();
        view! {
            <tr>
                <th scope="row" class="agent">
                    {agent.clone()}
                    {session.is_current.then(|| tag(lang.w(W::ThisSession)))}
                </th>
                <td data-label=lang.w(W::Address)>{address}</td>
                <td data-label=lang.w(W::Since)>{time(Some(session.created_at), W::Never)}</td>
                <td data-label=lang.w(W::LastUsed)>{time(Some(session.seen_at), W::Never)}</td>
                <td class="end">{end}</td>
            </tr>
        }
        .into_any()
    };
    let heads = [W::Browser, W::Address, W::Since, W::LastUsed].map(|text| lang.w(text));
    let heads: Vec<&'static str> = heads.into_iter().chain([""]).collect();
    let rows: Vec<_> = sessions.into_iter().map(row).collect();
    let others = if alone {
        view! { <p class="calm">{lang.w(W::SessionsOnlyThis)}</p> }.into_any()
    } else {
        button(EndSession::PATH, [], lang.w(W::SessionEndOthers), "")
    };
    view! {
        <p class="lead prose">{lang.w(W::SessionsText)}</p>
        {table(lang.w(W::Sessions), &heads, rows)}
        {others}
    }
    .into_any()
}
