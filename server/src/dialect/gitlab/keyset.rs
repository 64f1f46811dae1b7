//! Lists that are walked by where the last page ended, rather than by numbers of pages (`pagination=keyset`): what is
//! added meanwhile shifts nothing. Jobs have it, by number, newest first.

use axum::http::StatusCode;
use model::JobId;

use super::error::Refused;
use super::target::Query;

/// Before the number in a cursor: it is nothing that clients should read.
const MARK: &str = "before-";

/// Where a page begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyset {
    /// The last job of the page before; `None` for the first page.
    pub before: Option<JobId>,
}

impl Keyset {
    /// Reads `pagination`, `cursor`, `order_by` and `sort`; `None` for a list by numbers of pages, which looks at none
    /// of them.
    pub fn read(query: &Query) -> Result<Option<Self>, Refused> {
        if query.get("pagination") != Some("keyset") {
            return Ok(None);
        }
        let fits = |name: &str, only: &str| query.get(name).is_none_or(|word| word.is_empty() || word == only);
        if !fits("order_by", "id") || !fits("sort", "desc") {
            let text = "Keyset pagination is not yet available for this type of request";
            return Err(Refused::error(StatusCode::METHOD_NOT_ALLOWED, text));
        }
        let Some(cursor) = query.get("cursor").filter(|cursor| !cursor.is_empty()) else {
            return Ok(Some(Self { before: None }));
        };
        let number = hex::decode(cursor).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let number = number.as_deref().and_then(|text| text.strip_prefix(MARK)?.parse().ok());
        let before = number.ok_or_else(|| Refused::parameter("cursor is invalid"))?;
        Ok(Some(Self { before: Some(before) }))
    }
}

/// Where the page behind this job begins.
pub fn cursor(last: JobId) -> String {
    hex::encode(format!("{MARK}{last}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::of(&format!("/x?{text}").parse().unwrap())
    }

    #[test]
    fn a_cursor_comes_back_as_it_was_given() {
        assert_eq!(Keyset::read(&query("order_by=id")).unwrap(), None);
        assert_eq!(Keyset::read(&query("pagination=keyset")).unwrap(), Some(Keyset { before: None }));
        let next = query("pagination=keyset&scope[]=a").with_texts(&[("cursor", cursor(JobId(40)))]);
        assert!(next.starts_with("?pagination=keyset&scope%5B%5D=a&cursor="), "{next}");
        assert_eq!(Keyset::read(&query(&next[1..])).unwrap(), Some(Keyset { before: Some(JobId(40)) }));
        assert!(Keyset::read(&query("pagination=keyset&cursor=zz")).is_err());
        assert!(Keyset::read(&query("pagination=keyset&order_by=name")).is_err());
        assert!(Keyset::read(&query("pagination=keyset&order_by=id&sort=asc")).is_err());
    }
}
