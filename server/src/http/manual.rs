//! The documentation as pages: `/docs`, and one below it for each file of the folder `docs` that people read. They are in the
//! executable, so that they are of its version, and findings can point into them.

use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html};

use super::paper::{Served, Theme, frame};
use super::{AppState, Routes};

/// A page: its name in the address, that of its file, its text in Markdown.
struct Page {
    name: &'static str,
    file: &'static str,
    text: &'static str,
}

macro_rules! page {
    ($name:literal, $file:literal) => {
        Page { name: $name, file: $file, text: include_str!(concat!("../../../docs/", $file)) }
    };
}

/// In the order of the list.
const PAGES: [Page; 9] = [
    page!("language", "language.md"),
    page!("variables", "variables.md"),
    page!("schedules", "schedules.md"),
    page!("rest", "api.md"),
    page!("gitlab", "gitlab.md"),
    page!("codearts", "codearts.md"),
    page!("ordine", "ordine.md"),
    page!("administration", "administration.md"),
    page!("permissions", "permissions.md"),
];

/// Themes that a page may have.
const THEMES: usize = 3;

static WRITTEN: [[OnceLock<Served>; THEMES]; PAGES.len() + 1] =
    [const { [const { OnceLock::new() }; THEMES] }; PAGES.len() + 1];

pub(super) fn router() -> Routes<AppState> {
    Routes::new().get("/docs", async |headers: HeaderMap| answer(PAGES.len(), &headers)).get(
        "/docs/{page}",
        async |Path(name): Path<String>, headers: HeaderMap| match PAGES.iter().position(|page| page.name == name) {
            Some(i) => answer(i, &headers),
            None => (StatusCode::NOT_FOUND, "there is no such page: /docs has the list\n").into_response(),
        },
    )
}

fn answer(i: usize, headers: &HeaderMap) -> Response {
    let theme = Theme::of(headers.get(COOKIE));
    let write = || {
        let (title, body) = match PAGES.get(i) {
            Some(page) => (page.title(), format!("{BACK}{}", written(page.text))),
            None => ("Documentation", written(&contents())),
        };
        Served::page(frame(title, theme, &body))
    };
    WRITTEN[i][theme as usize].get_or_init(write).answer(headers)
}

/// Where a reader comes from.
const BACK: &str =
    "<p class=\"lead\"><a href=\"/docs\">Documentation</a> · <a href=\"/\">back to the dashboard</a></p>";

impl Page {
    /// Its first heading.
    fn title(&self) -> &'static str {
        self.text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(self.name)
    }
}

fn contents() -> String {
    let line = |page: &Page| format!("* [{}](/docs/{})\n", page.title(), page.name);
    let list: String = PAGES.iter().map(line).collect();
    format!(
        "# Documentation\n\nWeir {} · [back to the dashboard](/)\n\n{list}* [Every route](/docs/api)\n",
        env!("CARGO_PKG_VERSION")
    )
}

/// Markdown as HTML. Headings can be linked to under the names that git servers give them, and HTML in the text stays text.
fn written(text: &str) -> String {
    let mut events = Parser::new_ext(text, Options::ENABLE_TABLES).peekable();
    let mut out: Vec<Event<'_>> = Vec::new();
    let mut linked = Vec::new();
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
                let mut inner = Vec::new();
                while let Some(event) = events.next_if(|event| !matches!(event, Event::End(TagEnd::Heading(_)))) {
                    inner.push(event);
                }
                let id = Some(CowStr::from(anchor(&inner)));
                out.push(Event::Start(Tag::Heading { level, id, classes, attrs }));
                out.extend(inner);
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let to = target(&dest_url);
                linked.push(to.is_some());
                out.extend(to.map(|to| Event::Start(Tag::Link { link_type, dest_url: to.into(), title, id })));
            }
            Event::End(TagEnd::Link) => {
                if linked.pop() == Some(true) {
                    out.push(Event::End(TagEnd::Link));
                }
            }
            // Wide ones are moved sideways by themselves, with the keyboard too.
            Event::Start(Tag::Table(columns)) => {
                out.push(Event::Html("<div class=\"scroll-x\" tabindex=\"0\">".into()));
                out.push(Event::Start(Tag::Table(columns)));
            }
            Event::End(TagEnd::Table) => {
                out.push(Event::End(TagEnd::Table));
                out.push(Event::Html("</div>".into()));
            }
            Event::Start(Tag::CodeBlock(_)) => {
                out.push(Event::Html("<pre class=\"scroll-x\" tabindex=\"0\"><code>".into()));
            }
            Event::End(TagEnd::CodeBlock) => out.push(Event::Html("</code></pre>".into())),
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            Event::Html(text) | Event::InlineHtml(text) => out.push(Event::Text(text)),
            other => out.push(other),
        }
    }
    let mut page = String::new();
    html::push_html(&mut page, out.into_iter());
    page
}

/// The name under which a heading is linked to.
fn anchor(heading: &[Event<'_>]) -> String {
    let text = heading.iter().filter_map(|event| match event {
        Event::Text(text) | Event::Code(text) => Some(text.to_lowercase()),
        _ => None,
    });
    let kept = text.collect::<String>();
    kept.trim()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Where a link of a file leads among the pages; `None` for what is not among them.
fn target(to: &str) -> Option<String> {
    if to.starts_with(['#', '/']) || to.contains("://") {
        return Some(to.to_owned());
    }
    let (file, place) = to.split_once('#').map_or((to, String::new()), |(file, place)| (file, format!("#{place}")));
    let page = PAGES.iter().find(|page| page.file == file)?;
    Some(format!("/docs/{}{place}", page.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_a_page_that_can_be_linked_into() {
        let page = written(
            "# Of `artifacts` and more\n\nSee <script>x</script> [here](#a), [there](variables.md#b), [inside](adr/1.md), \
             [out](https://example.org)\n\n```yaml\na: <b>\n```\n\n| a |\n|---|\n| `b` |\n",
        );
        for part in [
            "<h1 id=\"of-artifacts-and-more\">",
            "&lt;script&gt;x&lt;/script&gt;",
            "<a href=\"#a\">here</a>, <a href=\"/docs/variables#b\">there</a>, inside, <a href=\"https://example.org\">out</a>",
            "<pre class=\"scroll-x\" tabindex=\"0\"><code>a: &lt;b&gt;\n</code></pre>",
            "<div class=\"scroll-x\" tabindex=\"0\"><table>",
        ] {
            assert!(page.contains(part), "{part}\n{page}");
        }
        assert!(!page.contains("<script"));
    }

    #[test]
    fn every_page_has_a_title_and_every_link_between_them_leads_somewhere() {
        for page in &PAGES {
            assert!(page.text.starts_with(&format!("# {}", page.title())), "{}", page.file);
            let html = written(page.text);
            for link in html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
                let Some((path, place)) = link.split_once('#') else { continue };
                let name = path.strip_prefix("/docs/");
                let wanted = name.map_or(Some(page), |name| PAGES.iter().find(|page| page.name == name));
                let Some(wanted) = wanted.filter(|_| name.is_some() || path.is_empty()) else { continue };
                assert!(written(wanted.text).contains(&format!("id=\"{place}\"")), "{}: {link}", page.file);
            }
        }
    }
}
