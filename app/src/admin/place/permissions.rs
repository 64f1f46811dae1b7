//! What somebody may do here, and why not.

use leptos::prelude::*;
use model::{Error, Permission, PermissionsView, PlaceView, Role};

use crate::admin::asked::Asked;
use crate::admin::parts::{choice, field};
use crate::admin::text::W;
use crate::components::act::ErrorNote;
use crate::components::status::Icon;
use crate::i18n::Lang;

/// The tab.
pub async fn permissions(asked: &Asked, view: &PlaceView) -> Result<AnyView, Error> {
    let lang = asked.lang;
    let nobody = asked.field("nobody").is_some();
    // An empty name asks of people who are not signed in.
    let user = if nobody { Some("") } else { asked.field("user") };
    let answer = asked.service.permissions(&asked.caller, user, view.place.clone()).await;
    let answer = match answer {
        Ok(answer) => {
            let who = answer.user.clone().unwrap_or_else(|| lang.w(W::PermissionsNobody).to_owned());
            let groups: Vec<_> = grouped(lang, &answer).into_iter().map(|group| shown(lang, group)).collect();
            view! {
                <p>
                    <strong>{who}</strong>
                    ": "
                    {lang.role(answer.role)}
                </p>
                <div class="able">{groups}</div>
            }
            .into_any()
        }
        // A wrong name is no reason to lose the form.
        Err(error) => view! { <ErrorNote error /> }.into_any(),
    };
    let kind = asked.field("kind").map(|kind| view! { <input type="hidden" name="kind" value=kind.to_owned() /> });
    let others = view.may.audit.then(|| {
        view! {
            <form class="find whom" method="get" action=asked.path.clone()>
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

/// What has one reason: it stands there once.
struct Group {
    allowed: bool,
    reason: String,
    actions: Vec<(String, String)>,
}

/// First what is not allowed, with what it takes, then what is.
fn grouped(lang: Lang, view: &PermissionsView) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let allowed_last = [false, true].into_iter();
    for one in allowed_last.flat_map(|allowed| view.permissions.iter().filter(move |one| one.allowed == allowed)) {
        let reason = reason(lang, view.role, one);
        let action = (one.words.clone(), one.action.clone());
        match groups.iter_mut().find(|group| group.allowed == one.allowed && group.reason == reason) {
            Some(group) => group.actions.push(action),
            None => groups.push(Group { allowed: one.allowed, reason, actions: vec![action] }),
        }
    }
    groups
}

/// The reason without what stands beside it anyway: the action, and the role here.
fn reason(lang: Lang, role: Role, one: &Permission) -> String {
    if one.allowed {
        return if role > Role::Nobody { lang.as_role(role) } else { lang.w(W::PermissionsAnybody).to_owned() };
    }
    let why = one.why.replacen(&format!(" to {}", one.words), "", 1);
    why.split_once("; the role here").map_or(why.as_str(), |(why, _)| why).to_owned()
}

fn shown(lang: Lang, group: Group) -> AnyView {
    let (class, icon, word) = if group.allowed {
        ("badge s-success", "success", W::PermissionsMay)
    } else {
        ("badge s-failed", "failed", W::PermissionsMayNot)
    };
    let action = |(words, action): (String, String)| {
        view! {
            <li>
                {words}
                <code class="below faint">{action}</code>
            </li>
        }
        .into_any()
    };
    let actions: Vec<_> = group.actions.into_iter().map(action).collect();
    view! {
        <section>
            <h3>
                <span class=class>
                    <Icon name=icon />
                    <span class="word">{lang.w(word)}</span>
                </span>
                " "
                <span class="reason">{group.reason}</span>
            </h3>
            <ul>{actions}</ul>
        </section>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use model::Place;

    use super::*;

    #[test]
    fn a_reason_stands_once_and_what_is_not_allowed_first() {
        let one = |action: &str, allowed, why: &str| Permission {
            action: action.into(),
            words: format!("do {action}"),
            allowed,
            why: why.into(),
        };
        let short = "it takes the role maintainer (40)";
        let long = |action| format!("{short} to do {action}; the role here is guest (10)");
        let mut view = PermissionsView {
            user: Some("grace".into()),
            place: Place::Instance,
            path: String::new(),
            role: Role::Guest,
            permissions: vec![
                one("a", true, "guest may do a"),
                one("b", false, &long("b")),
                one("c", false, "the token of a job may not be used to do c"),
                one("d", false, &long("d")),
            ],
        };
        let told = |view: &PermissionsView| -> Vec<(String, usize)> {
            grouped(Lang::En, view).into_iter().map(|group| (group.reason, group.actions.len())).collect()
        };
        let of_job = ("the token of a job may not be used".to_owned(), 1);
        assert_eq!(told(&view), [(short.to_owned(), 2), of_job.clone(), ("as guest".to_owned(), 1)]);
        view.role = Role::Nobody;
        assert_eq!(told(&view)[2].0, Lang::En.w(W::PermissionsAnybody));
    }
}
