//! `/settings/audit`: what people did, for administrators; and the same of one project or namespace on its page.

use leptos::prelude::*;
use model::{AuditChange, AuditEntry, AuditFilter, AuditPage, Error, Place, Timestamp};

use super::asked::Asked;
use super::parts::{field, table, time};
use super::settings;
use super::text::W;
use super::visible::visible;
use crate::i18n::{Lang, T};
use crate::logic::query;

/// The page.
pub async fn page(asked: &Asked) -> Result<AnyView, Error> {
    let log = log(asked, &Place::Instance).await?;
    Ok(view! {
        {settings::frame(asked, asked.lang.w(W::Audit))}
        {log}
    }
    .into_any())
}

/// Filter, entries, and the way to more of them.
pub async fn log(asked: &Asked, place: &Place) -> Result<AnyView, Error> {
    let lang = asked.lang;
    let filter = read(asked, place)?;
    let narrowed = filter.before.is_some();
    let AuditPage { entries, next } = asked.service.audit(&asked.caller, filter).await?;
    let files = [("/audit.csv", "CSV"), ("/audit.jsonl", "JSON Lines")].map(|(path, name)| {
        let to = export(asked, place, path);
        view! { " " <a href=to download rel="external">{name}</a> }.into_any()
    });
    let older = next.map(|id| {
        let to = asked.with(&[("before", &id.to_string())]);
        view! { <a class="button" href=to>{lang.w(W::AuditOlder)}</a> }.into_any()
    });
    let newest = narrowed.then(|| {
        let to = asked.with(&[("before", "")]);
        view! { <a class="button" href=to>{lang.w(W::AuditNewest)}</a> }.into_any()
    });
    let list = if entries.is_empty() {
        view! { <p class="calm">{lang.w(W::NoAudit)}</p> }.into_any()
    } else {
        let heads = [W::AuditWhen, W::AuditWho, W::AuditWhat, W::AuditTarget, W::AuditChanges];
        let heads: Vec<&'static str> = heads.into_iter().map(|text| lang.w(text)).collect();
        let rows = table(lang.w(W::Audit), &heads, entries.into_iter().map(|one| row(asked, one)).collect());
        view! { <div class="recorded">{rows}</div> }.into_any()
    };
    let kept = |name: &'static str| {
        asked.field(name).map(|value| view! { <input type="hidden" name=name value=value.to_owned() /> }.into_any())
    };
    let was = |name: &'static str, label: W| field(name, lang.w(label)).value(asked.text(name));
    Ok(view! {
        <section class="panel parted">
            <form class="fields find" method="get" action=asked.path.clone() role="search">
                {kept("kind")}
                {kept("tab")}
                {was("user", W::AuditWho).view()}
                {was("action", W::AuditWhat).hint(lang.w(W::AuditActionHint)).mono().view()}
                {was("target", W::AuditTarget).view()}
                {was("since", W::AuditSince).kind("date").view()}
                {was("until", W::AuditUntil).kind("date").view()}
                <button type="submit" class="button">{lang.t(T::Filter)}</button>
            </form>
            {list}
            <div class="pages">
                {newest}
                {older}
                <span class="push"></span>
                <p class="faint">{lang.w(W::AuditExport)} {files.into_iter().collect_view()}</p>
            </div>
        </section>
    }
    .into_any())
}

/// What the address says. Both days count whole.
fn read(asked: &Asked, place: &Place) -> Result<AuditFilter, Error> {
    const DAY: i64 = 24 * 3600 * 1000;
    let text = |name: &str| asked.field(name).map(str::to_owned);
    let day = |name: &str| {
        let wrong = |day: &str| Error::invalid(format!("{day} is not a day; write it like 2027-01-31"));
        let read = |day: &str| Timestamp::parse(&format!("{day}T00:00:00Z")).ok_or_else(|| wrong(day));
        asked.field(name).map(read).transpose()
    };
    let before = asked.field("before").map(str::parse).transpose();
    let (project, namespace) = match place {
        Place::Instance => (None, None),
        Place::Namespace(path) => (None, Some(path.clone())),
        Place::Project(id) => (Some(*id), None),
    };
    Ok(AuditFilter {
        project,
        namespace,
        user: text("user"),
        action: text("action"),
        target: text("target"),
        since: day("since")?,
        until: day("until")?.map(|day| Timestamp(day.0 + DAY)),
        before: before.map_err(|_| Error::invalid("there is no such entry"))?,
        limit: None,
    })
}

/// The same entries as a file: the fields of the filter, days as in the address of this page.
fn export(asked: &Asked, place: &Place, path: &str) -> String {
    let of = super::owner::field(place);
    let fields = ["user", "action", "target", "since", "until"].map(|name| (name, asked.field(name)));
    let fields = fields.into_iter().chain(of.iter().map(|(name, value)| (*name, Some(value.as_str()))));
    let query = query::write(fields.filter_map(|(name, value)| value.map(|value| (name, value))));
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn row(asked: &Asked, entry: AuditEntry) -> AnyView {
    let lang = asked.lang;
    let who = match entry.user.as_deref() {
        Some(user) => view! { <strong>{visible(user)}</strong> }.into_any(),
        None => view! { <span class="faint">{lang.w(W::AuditNobody)}</span> }.into_any(),
    };
    let from = entry.address.as_deref().map(|from| format!(", {}", visible(from))).unwrap_or_default();
    let means = format!("{}{from}", visible(&entry.via));
    let changes = changes(lang, &entry.changes);
    view! {
        <tr>
            <td class="when">{time(Some(entry.at), W::Never)}</td>
            <th scope="row">
                {who}
                <span class="below faint">{means}</span>
            </th>
            <td class="what"><code>{visible(&entry.action)}</code></td>
            <td class="said target">{visible(&entry.target)}</td>
            <td class="changes">{changes}</td>
        </tr>
    }
    .into_any()
}

/// So many lines of what changed are shown; more are folded behind the first of them.
const LINES: usize = 3;

/// What changed. Of what is new or gone only what was said of it: what nobody set is no news.
fn changes(lang: Lang, all: &[AuditChange]) -> Option<AnyView> {
    let is_new = all.iter().all(|change| change.before.is_none());
    let is_gone = all.iter().all(|change| change.after.is_none());
    let is_said = |change: &&AuditChange| value(change.before.as_deref()) != value(change.after.as_deref());
    let side = |text: &Option<String>| match text.as_deref().filter(|text| !text.is_empty()) {
        Some(text) => view! { <span class="said">{visible(text)}</span> }.into_any(),
        None => view! { <span class="faint">{lang.w(W::Nothing)}</span> }.into_any(),
    };
    let line = |change: &AuditChange| {
        // Of what is new it is understood that there was nothing.
        let before = (!is_new).then(|| view! { {side(&change.before)} " → " }.into_any());
        view! {
            <li>
                <code>{visible(&change.field)}</code>
                ": "
                {before}
                {side(&change.after)}
            </li>
        }
        .into_any()
    };
    let whole = is_new || is_gone;
    let mut lines: Vec<_> = all.iter().filter(|change| !whole || is_said(change)).map(line).collect();
    if lines.is_empty() {
        return None;
    }
    let rest = lines.split_off(if lines.len() > LINES { LINES - 1 } else { lines.len() });
    let more = lang.more_lines(rest.len());
    let rest = (!rest.is_empty()).then(|| {
        view! {
            <details>
                <summary>{more}</summary>
                <ul>{rest}</ul>
            </details>
        }
        .into_any()
    });
    Some(
        view! {
            <ul>{lines}</ul>
            {rest}
        }
        .into_any(),
    )
}

/// A side of a change; what nobody set is nothing.
fn value(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !matches!(*text, "" | "false" | "null" | "[]" | "{}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(list: &[(&str, Option<&str>, Option<&str>)]) -> String {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let change = |&(field, before, after): &(&str, Option<&str>, Option<&str>)| AuditChange {
            field: field.to_owned(),
            before: owned(before),
            after: owned(after),
        };
        let all: Vec<AuditChange> = list.iter().map(change).collect();
        let html = changes(Lang::En, &all).map(|view| view.to_html()).unwrap_or_default();
        let mut text = String::new();
        let mut is_tag = false;
        for c in html.replace("</li>", "\n").replace("</summary>", ":\n").replace("<!>", "").chars() {
            match c {
                '<' => is_tag = true,
                '>' => is_tag = false,
                c if !is_tag => text.push(c),
                _ => {}
            }
        }
        text
    }

    #[test]
    fn of_what_is_new_only_what_was_said_of_it() {
        let new = [
            ("description", None, Some("")),
            ("masked", None, Some("false")),
            ("protected", None, Some("true")),
            ("scope", None, Some("null")),
        ];
        assert_eq!(told(&new), "protected: true\n");
        assert_eq!(told(&[("masked", None, Some("false"))]), "");
        assert_eq!(told(&[("role", Some("guest"), None), ("admin", Some("false"), None)]), "role: guest → nothing\n");
    }

    #[test]
    fn what_changed_has_both_sides_and_the_rest_is_folded() {
        let masked = ("masked", Some("true"), Some("false"));
        let text = ("text", Some("a"), Some(""));
        assert_eq!(told(&[masked, text]), "masked: true → false\ntext: a → nothing\n");
        assert_eq!(
            told(&[masked; 5]),
            "masked: true → false\nmasked: true → false\nand 3 more:\nmasked: true → false\nmasked: true → \
             false\nmasked: true → false\n"
        );
    }
}
