//! `/audit.csv` and `/audit.jsonl`: the audit log as a file, with the filter of its page.

use app::service::Accounts as _;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use model::{AuditEntry, AuditFilter, AuditId, Error, ProjectId, Timestamp};
use serde::Deserialize;

use super::{Access, AppState, Failure, Routes};

/// Entries that are read at once.
const PIECE: u32 = 1000;

pub(super) fn router() -> Routes<AppState> {
    Routes::new().get("/audit.csv", csv).get("/audit.jsonl", jsonl)
}

/// What the page's form says; empty fields are none.
#[derive(Debug, Default, Deserialize)]
struct Wanted {
    project: Option<String>,
    namespace: Option<String>,
    user: Option<String>,
    action: Option<String>,
    target: Option<String>,
    since: Option<String>,
    until: Option<String>,
}

impl Wanted {
    fn filter(self) -> Result<AuditFilter, Error> {
        let some = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let date = |text: Option<String>, name: &str| {
            some(text)
                .map(|text| {
                    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.clone() };
                    Timestamp::parse(&whole).ok_or_else(|| Error::invalid(format!("{name}: {text:?} is no date")))
                })
                .transpose()
        };
        let project = some(self.project).map(|id| id.parse::<ProjectId>());
        Ok(AuditFilter {
            project: project.transpose().map_err(|_| Error::not_found("project"))?,
            namespace: some(self.namespace),
            user: some(self.user),
            action: some(self.action),
            target: some(self.target),
            since: date(self.since, "since")?,
            // A day's entries are in it to their end.
            until: match &self.until {
                Some(text) if text.trim().len() == 10 => {
                    date(self.until, "until")?.map(|at| Timestamp(at.0 + 24 * 3600 * 1000))
                }
                _ => date(self.until, "until")?,
            },
            before: None,
            limit: Some(PIECE),
        })
    }
}

async fn csv(access: Access, State(_): State<AppState>, Query(wanted): Query<Wanted>) -> Result<Response, Failure> {
    let head = "id,time,user,via,address,action,target,changes\r\n";
    export(access, wanted, "audit.csv", "text/csv; charset=utf-8", head, |entry| {
        let changes: Vec<String> = entry
            .changes
            .iter()
            .map(|one| {
                let text = |value: &Option<String>| value.clone().unwrap_or_default();
                format!("{}: {} -> {}", one.field, text(&one.before), text(&one.after))
            })
            .collect();
        let fields = [
            entry.id.to_string(),
            entry.at.rfc3339(),
            entry.user.clone().unwrap_or_default(),
            entry.via.clone(),
            entry.address.clone().unwrap_or_default(),
            entry.action.clone(),
            entry.target.clone(),
            changes.join("; "),
        ];
        format!("{}\r\n", fields.map(|field| cell(&field)).join(","))
    })
    .await
}

async fn jsonl(access: Access, State(_): State<AppState>, Query(wanted): Query<Wanted>) -> Result<Response, Failure> {
    export(access, wanted, "audit.jsonl", "application/x-ndjson", "", |entry| {
        let mut line = serde_json::to_string(entry).unwrap_or_default();
        line.push('\n');
        line
    })
    .await
}

/// A field of CSV. What a spreadsheet would take for a formula begins with an apostrophe.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

async fn export(
    access: Access,
    wanted: Wanted,
    name: &str,
    kind: &'static str,
    head: &'static str,
    line: impl Fn(&AuditEntry) -> String + Send + 'static,
) -> Result<Response, Failure> {
    let filter = wanted.filter()?;
    // The first page is read before anything is answered: a refusal is one.
    let first = access.weir.audit(&access.caller, filter.clone()).await?;
    let begin = Bytes::from_static(head.as_bytes());
    let pages = stream::try_unfold((Some(first), filter), move |(page, mut filter)| {
        let access = access.clone();
        let text = page.as_ref().map(|page| page.entries.iter().map(&line).collect::<String>());
        async move {
            let (Some(page), Some(text)) = (page, text) else { return Ok(None) };
            let next: Option<AuditId> = page.next;
            let following = match next {
                None => None,
                Some(before) => {
                    filter.before = Some(before);
                    let read = access.weir.audit(&access.caller, filter.clone()).await;
                    Some(read.map_err(std::io::Error::other)?)
                }
            };
            Ok::<_, std::io::Error>(Some((Bytes::from(text), (following, filter))))
        }
    });
    let body = futures_util::StreamExt::chain(stream::iter([Ok::<_, std::io::Error>(begin)]), pages);
    let disposition = format!("attachment; filename=\"{name}\"");
    Ok(([(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, disposition)], Body::from_stream(body)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_text_and_nothing_else() {
        assert_eq!(cell("plain"), "plain");
        assert_eq!(cell("a,\"b\"\n"), "\"a,\"\"b\"\"\n\"");
        assert_eq!(cell("=HYPERLINK(1)"), "'=HYPERLINK(1)");
        assert_eq!(cell("@x,y"), "\"'@x,y\"");
    }

    #[test]
    fn empty_fields_of_a_form_are_none() {
        let empty = || Some(String::new());
        let wanted = Wanted { user: empty(), since: empty(), project: empty(), ..Wanted::default() };
        let filter = wanted.filter().unwrap();
        assert_eq!((filter.user, filter.since, filter.project), (None, None, None));
        let day = Wanted { since: Some("2026-01-02".into()), until: Some("2026-01-02".into()), ..Wanted::default() };
        let day = day.filter().unwrap();
        assert_eq!(day.until.unwrap().0 - day.since.unwrap().0, 24 * 3600 * 1000);
        assert!(Wanted { since: Some("soon".into()), ..Wanted::default() }.filter().is_err());
    }
}
