//! `/settings/users`: who can sign in, for administrators.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{Error, User};

use super::asked::Asked;
use super::parts::{ask, button, choice, field, folded, form, refused, submit, table, tag, time};
use super::rpc::{ActivateUser, ChangeUser, CreateUser, ResetPassword};
use super::text::W;
use super::{once, settings};
use crate::i18n::T;

/// The page.
pub async fn page(asked: &Asked) -> Result<AnyView, Error> {
    let lang = asked.lang;
    let users = asked.service.users(&asked.caller).await?;
    let edited = asked.field("edit").map(|id| users.iter().find(|user| user.id.to_string() == id).cloned());
    let edited = edited.map(|of| match of {
        Some(user) => change(asked, user),
        None => view! { <p class="note s-warnings" role="status">{lang.w(W::UserGone)}</p> }.into_any(),
    });
    let wanted = asked.text("text").to_lowercase();
    let fits = |user: &User| {
        let texts = [Some(&user.name), Some(&user.full_name), user.email.as_ref()];
        texts.into_iter().flatten().any(|text| text.to_lowercase().contains(&wanted))
    };
    let rows: Vec<_> = users.into_iter().filter(fits).map(|user| row(asked, user)).collect();
    let none = rows.is_empty().then(|| view! { <p class="calm">{lang.w(W::NoUsersFound)}</p> }.into_any());
    let heads = [W::UserName, W::Email, W::UserState, W::UserSeen].map(|text| lang.w(text));
    let heads: Vec<&'static str> = heads.into_iter().chain([""]).collect();
    Ok(view! {
        {settings::frame(asked, lang.w(W::Users))}
        {once::shown(asked)}
        {refused(asked, "")}
        {edited}
        {new(asked)}
        <section class="panel parted">
            <form class="find" method="get" action="/settings/users" role="search">
                {field("text", lang.w(W::UserFind)).kind("search").value(asked.text("text")).hint(lang.w(W::UserFindHint)).view()}
                <button type="submit" class="button">{lang.w(W::UserFind)}</button>
            </form>
            {table(lang.w(W::Users), &heads, rows)}
            {none}
        </section>
    }
    .into_any())
}

fn row(asked: &Asked, user: User) -> AnyView {
    let lang = asked.lang;
    let fields = || [("id", user.id.to_string()), ("back", asked.with(&[("edit", "")]))];
    let edit = asked.with(&[("edit", &user.id.to_string())]);
    let traits = [
        (user.is_admin, W::UserAdmin),
        (user.is_bot, W::UserBot),
        (!user.has_password && !user.is_bot && !asked.me.is_local, W::UserNoPassword),
    ];
    let traits: Vec<_> = traits.into_iter().filter(|(is, _)| *is).map(|(_, word)| tag(lang.w(word))).collect();
    let state = if user.is_active { W::UserActive } else { W::UserInactive };
    let class = if user.is_active { "tag s-success" } else { "tag s-canceled" };
    let activity = if user.is_active {
        ask(ActivateUser::PATH, fields(), lang.w(W::UserDeactivate), &user.name, lang.ask_deactivate(&user.name))
    } else {
        let on = fields().into_iter().chain([("active", "true".to_owned())]);
        button(ActivateUser::PATH, on, lang.w(W::UserActivate), &user.name)
    };
    let reset = (!asked.me.is_local)
        .then(|| ask(ResetPassword::PATH, fields(), lang.w(W::UserReset), &user.name, lang.ask_reset(&user.name)));
    // Those of tokens are changed where the token is.
    let act = (!user.is_bot).then(|| {
        let about = format!(" {}", user.name);
        view! {
            <div class="actions">
                <a class="button" href=edit>{lang.w(W::UserEdit)}<span class="unseen">{about}</span></a>
                {reset}
                {activity}
            </div>
        }
        .into_any()
    });
    let full_name = (user.full_name != user.name)
        .then(|| view! { <span class="below faint">{user.full_name.clone()}</span> }.into_any());
    view! {
        <tr class:past=!user.is_active>
            <th scope="row">{user.name.clone()} {traits} {full_name}</th>
            <td>{user.email.clone().unwrap_or_default()}</td>
            <td><span class=class>{lang.w(state)}</span></td>
            <td data-label=lang.w(W::UserSeen)>{time(user.seen_at, W::Never)}</td>
            <td class="end">{act}</td>
        </tr>
    }
    .into_any()
}

fn new(asked: &Asked) -> AnyView {
    let lang = asked.lang;
    let refusal = refused(asked, "new");
    let open = refusal.is_some();
    let was = |name: &'static str| asked.typed("new", name, "");
    let admin = !was("admin").is_empty();
    let fields = view! {
        <div class="fields">
            {field("name", lang.w(W::UserName)).value(was("name")).required().view()}
            {field("full_name", lang.w(W::FullName)).value(was("full_name")).view()}
            {field("email", lang.w(W::EmailOptional)).value(was("email")).kind("email").view()}
        </div>
        {choice("checkbox", "admin", "true", lang.w(W::UserAdmin), lang.w(W::UserAdminHint), admin)}
        {submit(lang.w(W::UserNewDo))}
    };
    let inside = view! {
        {refusal}
        {form(CreateUser::PATH, [], fields)}
    };
    folded(lang.w(W::UserNew), open, inside)
}

fn change(asked: &Asked, user: User) -> AnyView {
    let lang = asked.lang;
    let admin = asked.typed("edit", "admin", if user.is_admin { "true" } else { "" });
    let full_name = asked.typed("edit", "full_name", &user.full_name);
    let email = asked.typed("edit", "email", user.email.as_deref().unwrap_or_default());
    let back = asked.with(&[("edit", "")]);
    let fields = view! {
        <div class="fields">
            {field("full_name", lang.w(W::FullName)).value(full_name).view()}
            {field("email", lang.w(W::EmailOptional)).value(email).kind("email").view()}
        </div>
        {choice("checkbox", "admin", "true", lang.w(W::UserAdmin), lang.w(W::UserAdminHint), !admin.is_empty())}
        <div class="actions">
            <button type="submit" class="button primary">{lang.t(T::Save)}</button>
            <a class="button" href=back.clone()>{lang.t(T::Cancel)}</a>
        </div>
    };
    view! {
        <section class="panel parted">
            <h2>{lang.w(W::UserEdit)} " " {user.name.clone()}</h2>
            {refused(asked, "edit")}
            {form(ChangeUser::PATH, [("id", user.id.to_string()), ("back", back)], fields)}
        </section>
    }
    .into_any()
}
