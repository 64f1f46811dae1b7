//! The documentation as pages: `/docs`, and one below it for each file of the folder `docs` that people read. They are in the
//! executable, so that they are of its version, and findings can point into them.

mod written;

use std::sync::{LazyLock, OnceLock};

use axum::extract::Path;
use axum::http::header::COOKIE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::paper::{Paper, Served, THEMES, escaped, theme_of};
use super::{AppState, Routes};
pub(super) use written::Heading;
use written::written;

/// A page: its name in the address, that of its file, what it tells, its text in Markdown.
struct Page {
    name: &'static str,
    file: &'static str,
    about: &'static str,
    text: &'static str,
}

macro_rules! page {
    ($name:literal, $file:literal, $about:literal) => {
        Page { name: $name, file: $file, about: $about, text: include_str!(concat!("../../../../docs/", $file)) }
    };
}

macro_rules! decision {
    ($name:literal) => {
        Page {
            name: concat!("adr/", $name),
            file: concat!("adr/", $name, ".md"),
            about: "",
            text: include_str!(concat!("../../../../docs/adr/", $name, ".md")),
        }
    };
}

/// Pages that belong together.
struct Group {
    title: &'static str,
    pages: &'static [Page],
}

/// In the order of the list.
static GROUPS: [Group; 4] = [
    Group {
        title: "Write pipelines",
        pages: &[
            page!("language", "language.md", "Every keyword of a definition, with examples, and what each expands to."),
            page!(
                "variables",
                "variables.md",
                "Values kept for all runs: where they are set, which one wins, who reads them."
            ),
            page!(
                "schedules",
                "schedules.md",
                "Runs that start by the clock: cron, time zones, and whose rights they have."
            ),
        ],
    },
    Group {
        title: "Use it from programs",
        pages: &[
            page!(
                "rest",
                "api.md",
                "Which interface is for what, how a token is sent, how to wait instead of asking again."
            ),
            // Served by `openapi`, which makes it.
            Page {
                name: "api",
                file: "",
                about: "Each with its parameters, its answers and a line of curl.",
                text: "# Every operation\n",
            },
            page!("gitlab", "gitlab.md", "Scripts and runners of GitLab, pointed here: recipes, and what differs."),
            page!("codearts", "codearts.md", "Huawei Cloud's SDKs for CodeArts Pipeline and Build, pointed here."),
            page!("ordine", "ordine.md", "Scripts for Ordine's API and command line, pointed here."),
        ],
    },
    Group {
        title: "Run the server",
        pages: &[
            page!(
                "administration",
                "administration.md",
                "Installing, users, runners, limits, backups, and what to watch."
            ),
            page!("permissions", "permissions.md", "Each action with the roles and tokens that are enough for it."),
        ],
    },
    Group {
        title: DECISIONS,
        pages: &[
            decision!("0001-one-writer-with-group-commit"),
            decision!("0002-events-carry-the-whole-object"),
            decision!("0003-runner-beside-the-server"),
            decision!("0004-reaching-the-end-of-a-canceled-stage"),
            decision!("0005-traces-are-plain-files"),
            decision!("0006-graphs-become-definitions"),
            decision!("0007-one-pipe-for-both-outputs"),
            decision!("0008-child-runs"),
            decision!("0009-containers"),
            decision!("0010-pages-without-hydration"),
            decision!("0011-sessions-and-limits"),
            decision!("0012-openapi"),
            decision!("0013-codearts"),
            decision!("0014-users-of-jobs"),
            decision!("0015-repositories-over-http"),
        ],
    },
];

/// Why Weir is as it is: for few readers, so that other pages do not list them.
const DECISIONS: &str = "Decisions";

fn pages() -> impl Iterator<Item = &'static Page> {
    GROUPS.iter().flat_map(|group| group.pages)
}

/// The pages in every look, behind them the list of them, each written when somebody asks for it first.
static WRITTEN: LazyLock<Vec<[OnceLock<Served>; THEMES]>> =
    LazyLock::new(|| (0..=pages().count()).map(|_| [const { OnceLock::new() }; THEMES]).collect());

pub(super) fn router() -> Routes<AppState> {
    Routes::new().get("/docs", async |headers: HeaderMap| answer(pages().count(), &headers)).get(
        "/docs/{*page}",
        async |Path(name): Path<String>, headers: HeaderMap| match pages().position(|page| page.name == name) {
            Some(i) => answer(i, &headers),
            None => missing(&headers),
        },
    )
}

fn answer(i: usize, headers: &HeaderMap) -> Response {
    let theme = theme_of(headers.get(COOKIE));
    let write = || {
        let paper = match pages().nth(i) {
            Some(page) => {
                let text = written(page.text);
                let side = contents(page.name, &text.headings);
                Paper { title: page.title(), theme, side: Some(side), body: text.html }
            }
            None => Paper { title: "Documentation", theme, side: None, body: list() },
        };
        Served::page(paper.html())
    };
    WRITTEN[i][theme as usize].get_or_init(write).answer(headers)
}

fn missing(headers: &HeaderMap) -> Response {
    let body =
        "<h1>There is no such page</h1><p>The documentation has <a href=\"/docs\">these pages</a>.</p>".to_owned();
    let paper = Paper { title: "No such page", theme: theme_of(headers.get(COOKIE)), side: None, body };
    let mut response = Served::page(paper.html()).answer(&HeaderMap::new());
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}

impl Page {
    /// Its first heading.
    fn title(&self) -> &'static str {
        self.text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(self.name)
    }
}

/// What stands beside a page: the way to the others, and below its own name its headings.
pub(super) fn contents(here: &str, headings: &[Heading]) -> String {
    let is_here = |group: &&Group| group.title != DECISIONS || group.pages.iter().any(|page| page.name == here);
    let mut out = "<p><a href=\"/docs\">Documentation</a></p>".to_owned();
    for group in GROUPS.iter().filter(is_here) {
        out.push_str(&format!("<p class=\"group\">{}</p><ul>", group.title));
        for page in group.pages {
            let title = written::inline(page.title());
            if page.name == here {
                let below: String = headings.iter().map(Heading::link).collect();
                let below = if below.is_empty() { below } else { format!("<ul>{below}</ul>") };
                out.push_str(&format!("<li><a href=\"/docs/{here}\" aria-current=\"page\">{title}</a>{below}</li>"));
            } else {
                out.push_str(&format!("<li><a href=\"/docs/{}\">{title}</a></li>", page.name));
            }
        }
        out.push_str("</ul>");
    }
    out
}

/// The list of all pages, with what each of them tells.
fn list() -> String {
    let mut out = format!(
        "<h1>Documentation</h1><p class=\"lead\">Of Weir {}, the version that runs here.</p>",
        env!("CARGO_PKG_VERSION")
    );
    for group in &GROUPS {
        let is_short = group.title == DECISIONS;
        let lead = if is_short { "<p>Why Weir is as it is, and what was tried before.</p>" } else { "" };
        let (list, end) = if is_short { ("<ol>", "</ol>") } else { ("<ul class=\"entries\">", "</ul>") };
        let id = group.title.to_lowercase().replace(' ', "-");
        out.push_str(&format!("<section><h2 id=\"{id}\">{}</h2>{lead}{list}", group.title));
        for page in group.pages {
            let title = written::inline(page.title());
            let about = if is_short { String::new() } else { format!("<p>{}</p>", escaped(page.about)) };
            out.push_str(&format!("<li><a href=\"/docs/{}\">{title}</a>{about}</li>", page.name));
        }
        out.push_str(&format!("{end}</section>"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(html: &str) -> impl Iterator<Item = &str> {
        html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next())
    }

    #[test]
    fn every_page_has_a_title_and_every_link_between_them_leads_somewhere() {
        for page in pages() {
            assert!(page.text.starts_with(&format!("# {}", page.title())), "{}", page.file);
            let text = written(page.text);
            assert_eq!(text.dead, Vec::<String>::new(), "{}: these lead to no page", page.file);
            let side = contents(page.name, &text.headings);
            for link in links(&text.html).chain(links(&side)) {
                let (path, place) = link.split_once('#').unwrap_or((link, ""));
                let name = path.strip_prefix("/docs/");
                let wanted = match name {
                    Some(name) => pages().find(|page| page.name == name),
                    None if path.is_empty() => Some(page),
                    None => continue,
                };
                let Some(wanted) = wanted else { panic!("{}: {link}", page.file) };
                let id = format!("id=\"{place}\"");
                assert!(place.is_empty() || written(wanted.text).html.contains(&id), "{}: {link}", page.file);
            }
        }
    }

    #[test]
    fn nothing_that_was_decided_is_left_out() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/adr");
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        for file in files.map(|name| format!("adr/{name}")) {
            assert!(pages().any(|page| page.file == file), "{file}");
        }
    }

    #[test]
    fn the_list_says_of_each_page_what_it_tells_and_remarks_for_developers_are_not_served() {
        let list = list();
        for page in pages() {
            assert!(list.contains(&format!("<a href=\"/docs/{}\">", page.name)), "{}", page.name);
            assert_eq!(page.about.is_empty(), page.name.starts_with("adr/"), "{}", page.name);
            assert!(!written(page.text).html.contains("WEIR_WRITE_DOCS"), "{}", page.name);
        }
    }
}
