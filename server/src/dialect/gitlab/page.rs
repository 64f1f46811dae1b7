//! Numbered pages: `page`, `per_page`, and the headers that clients walk by.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::error::{Problems, Refused};
use super::target::Query;

/// Which page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    number: u64,
    size: u64,
}

impl Default for Page {
    fn default() -> Self {
        Self { number: 1, size: 20 }
    }
}

impl Page {
    /// Reads `page` and `per_page`.
    pub fn read(query: &Query) -> Result<Self, Refused> {
        let mut problems = Problems::default();
        let mut number = |name: &str, default: u64| match query.get(name) {
            None | Some("") => default,
            Some(text) => problems.take(match text.trim().parse::<i64>() {
                Ok(number) if number > 0 => Ok(number.unsigned_abs()),
                Ok(_) => Err(Refused::parameter(format!("{name} does not have a valid value"))),
                Err(_) => Err(Refused::parameter(format!("{name} is invalid"))),
            }),
        };
        let (number, size) = (number("page", 1), number("per_page", 20).min(100));
        problems.none().map(|()| Self { number, size })
    }

    /// The part of a whole list that is this page.
    pub fn of<T>(self, all: &[T]) -> &[T] {
        let from = usize::try_from(self.offset()).unwrap_or(usize::MAX).min(all.len());
        let to = from.saturating_add(self.size as usize).min(all.len());
        &all[from..to]
    }

    /// How many entries come before the page.
    pub fn offset(self) -> u64 {
        (self.number - 1).saturating_mul(self.size)
    }

    /// How many entries a page has.
    pub fn size(self) -> u32 {
        self.size as u32
    }

    /// The headers of a page; `more` says whether another follows where no total is known.
    pub fn headers(self, base: &str, path: &str, query: &Query, total: Option<u64>, more: bool) -> HeaderMap {
        let pages = total.map(|total| total.div_ceil(self.size).max(1));
        let next = pages.map_or(more, |pages| self.number < pages).then(|| self.number + 1);
        let prev = (self.number > 1).then(|| self.number - 1);
        let text = |number: Option<u64>| number.map(|n| n.to_string()).unwrap_or_default();
        let mut list = vec![
            ("x-page", self.number.to_string()),
            ("x-per-page", self.size.to_string()),
            ("x-next-page", text(next)),
            ("x-prev-page", text(prev)),
        ];
        // Above this GitLab does not count.
        if let Some(total) = total.filter(|total| *total <= 10_000) {
            list.push(("x-total", total.to_string()));
            list.push(("x-total-pages", text(pages)));
        }
        let last = pages.filter(|_| total.is_some_and(|total| total <= 10_000));
        let links: Vec<String> = [("prev", prev), ("next", next), ("first", Some(1)), ("last", last)]
            .into_iter()
            .filter_map(|(rel, number)| {
                let query = query.with(&[("page", number?), ("per_page", self.size)]);
                Some(format!("<{base}{path}{query}>; rel=\"{rel}\""))
            })
            .collect();
        list.push(("link", links.join(", ")));
        let pairs = list.into_iter().filter_map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?)));
        pairs.map(|(name, value)| (HeaderName::from_static(name), value)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::of(&format!("/x?{text}").parse().unwrap())
    }

    #[test]
    fn the_second_of_three_pages_links_to_all() {
        let query = query("page=2&per_page=2&status=success&scope%5B%5D=a&scope%5B%5D=b");
        let page = Page::read(&query).unwrap();
        assert_eq!((page.offset(), page.size()), (2, 2));
        let headers = page.headers("http://ci.local", "/api/v4/projects/7/pipelines", &query, Some(5), false);
        assert_eq!(headers["x-total-pages"], "3");
        assert_eq!((&headers["x-next-page"], &headers["x-prev-page"]), (&"3".parse().unwrap(), &"1".parse().unwrap()));
        let link = headers["link"].to_str().unwrap();
        assert!(link.starts_with("<http://ci.local/api/v4/projects/7/pipelines?status=success&scope%5B%5D=a&scope%5B%5D=b&page=1&per_page=2>; rel=\"prev\", "), "{link}");
        assert!(link.contains("page=3&per_page=2>; rel=\"last\""));
    }

    #[test]
    fn an_empty_list_has_one_page_and_bad_numbers_are_refused() {
        let headers = Page::read(&query("")).unwrap().headers("", "/x", &query(""), Some(0), false);
        assert_eq!(headers["x-next-page"], "");
        assert_eq!(headers["x-total"], "0");
        assert!(Page::read(&query("page=0")).is_err());
        let both = Page::read(&query("page=0&per_page=x")).unwrap_err();
        assert_eq!(both.parameter_text(), Some("page does not have a valid value, per_page is invalid"));
        assert_eq!(Page::read(&query("page=2&per_page=2")).unwrap().of(&[1, 2, 3]), [3]);
        assert_eq!(Page::read(&query("page=9223372036854775807")).unwrap().of(&[1, 2, 3]), [0; 0]);
        assert_eq!(Page::read(&query("per_page=1000")).unwrap().size(), 100);
    }
}
