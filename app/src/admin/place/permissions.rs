//! What somebody may do here, and why not.

use leptos::prelude::*;
use model::{Error, Permission, PlaceView};

use crate::admin::asked::Asked;
use crate::admin::parts::{choice, field, table};
use crate::admin::text::W;
use crate::components::act::ErrorNote;
use crate::components::status::Icon;

/// The tab.
pub async fn permissions(asked: &Asked, view: &PlaceView) -> Result<AnyView, Error> {
    let lang = asked.lang;
    let nobody = asked.field("nobody").is_some();
    // An empty name asks of people who are not signed in.
    let user = if nobody { Some("") } else { asked.field("user") };
    let answer = asked.service.permissions(&asked.caller, user, view.place.clone()).await;
    let row = |one: Permission| {
        let (class, icon, word) =
            if one.allowed { ("badge s-success", "success", W::Yes) } else { ("badge s-failed", "failed", W::No) };
        view! {
            <tr>
                <th scope="row">
                    {one.words}
                    <code class="below faint">{one.action}</code>
                </th>
                <td>
                    <span class=class>
                        <Icon name=icon />
                        <span class="word">{lang.w(word)}</span>
                    </span>
                </td>
                <td class="reason">{one.why}</td>
            </tr>
        }
        .into_any()
    };
    let answer = match answer {
        Ok(answer) => {
            let who = answer.user.clone().unwrap_or_else(|| lang.w(W::PermissionsNobody).to_owned());
            let heads = [W::PermissionsAction, W::PermissionsMay, W::PermissionsWhy].map(|text| lang.w(text));
            let rows: Vec<_> = answer.permissions.into_iter().map(row).collect();
            view! {
                <p>
                    <strong>{who}</strong>
                    ": "
                    {lang.role(answer.role)}
                </p>
                {table(lang.w(W::PermissionsTitle), &heads, rows)}
            }
            .into_any()
        }
        // A wrong name is no reason to lose the form.
        Err(error) => view! { <ErrorNote error /> }.into_any(),
    };
    let kind = asked.field("kind").map(|kind| view! { <input type="hidden" name="kind" value=kind.to_owned() /> });
    let others = view.may.audit.then(|| {
        view! {
            <form class="fields find" method="get" action=asked.path.clone()>
                {kind}
                <input type="hidden" name="tab" value="permissions" />
                {field("user", lang.w(W::PermissionsOf)).value(asked.text("user")).hint(lang.w(W::PermissionsHint)).view()}
                {choice("checkbox", "nobody", "1", lang.w(W::PermissionsNobody), "", nobody)}
                <button type="submit" class="button">{lang.w(W::PermissionsShow)}</button>
            </form>
        }
        .into_any()
    });
    Ok(view! {
        <section class="panel parted">
            <h2>{lang.w(W::PermissionsTitle)}</h2>
            {others}
            {answer}
        </section>
    }
    .into_any())
}
