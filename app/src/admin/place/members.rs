//! Who has a role here, and from where.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{Member, PlaceView, Role};

use super::about;
use crate::admin::asked::Asked;
use crate::admin::parts::{ask, field, form, panel, refused, roles, select, submit, table, tag, time};
use crate::admin::rpc::SetMember;
use crate::admin::text::W;
use crate::logic::href;

/// The tab.
pub fn members(asked: &Asked, view: &PlaceView) -> AnyView {
    let lang = asked.lang;
    let may = view.may.members;
    let row = |member: &Member| row(asked, view, member);
    let list = if view.members.is_empty() {
        view! { <p class="calm">{lang.w(W::NoMembers)}</p> }.into_any()
    } else {
        let heads = [W::UserName, W::MemberRole, W::MemberSince].map(|text| lang.w(text));
        let heads: Vec<&'static str> = heads.into_iter().chain(may.then_some("")).collect();
        table(lang.w(W::MembersOf), &heads, view.members.iter().map(row).collect())
    };
    let add = may.then(|| {
        let was = asked.typed("member", "user", "");
        let role = asked.typed("member", "role", Role::Developer.word());
        let fields = view! {
            <div class="fields">
                {field("user", lang.w(W::UserName)).value(was).hint(lang.w(W::MemberAddHint)).required().view()}
                {select("role", lang.w(W::MemberRole), roles(lang), &role)}
            </div>
            {submit(lang.w(W::MemberAdd))}
        };
        let inside = view! {
            {refused(asked, "member")}
            {form(SetMember::PATH, about(asked, &view.place), fields)}
        };
        panel(lang.w(W::MemberAdd), "add", inside)
    });
    view! {
        {panel(lang.w(W::MembersOf), "members", list)}
        {add}
    }
    .into_any()
}

fn row(asked: &Asked, view: &PlaceView, member: &Member) -> AnyView {
    let lang = asked.lang;
    let user = member.user.name.clone();
    let from = member.from.as_deref().map(|from| {
        let to = format!("{}?kind=namespace&tab=members", href::place(from));
        view! { <a class="below" href=to>{lang.inherited(from)}</a> }.into_any()
    });
    let mine = member.from.is_none() && view.may.members;
    let fields = || about(asked, &view.place).into_iter().chain([("user", user.clone())]);
    let role = if mine {
        let name = user.clone();
        let inside = view! {
            <select name="role" aria-label=format!("{}: {name}", lang.w(W::MemberRole))>
                {roles(lang)
                    .into_iter()
                    .map(|(value, text)| {
                        let selected = value == member.role.word();
                        view! { <option value=value selected=selected>{text}</option> }.into_any()
                    })
                    .collect_view()}
            </select>
            <button type="submit" class="button">{lang.w(W::MemberChange)}<span class="unseen">" " {name.clone()}</span></button>
        };
        view! { <div class="inline">{form(SetMember::PATH, fields(), inside)}</div> }.into_any()
    } else {
        lang.role(member.role).into_any()
    };
    let remove = view.may.members.then(|| {
        let act = mine.then(|| ask(SetMember::PATH, fields(), lang.w(W::MemberRemove), &user, lang.ask_remove(&user)));
        view! { <td class="end">{act}</td> }.into_any()
    });
    let bot = member.user.is_bot.then(|| tag(lang.w(W::UserBot)));
    let full_name = (member.user.full_name != member.user.name)
        .then(|| view! { <span class="below faint">{member.user.full_name.clone()}</span> }.into_any());
    view! {
        <tr>
            <th scope="row">{user.clone()} {bot} {full_name}</th>
            <td>{role} {from}</td>
            <td data-label=lang.w(W::MemberSince)>{time(Some(member.since), W::Never)}</td>
            {remove}
        </tr>
    }
    .into_any()
}
