//! Markdown as HTML. Headings can be linked to under the names that git servers give them, HTML in the text stays text, and
//! its comments are for who writes it.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use crate::http::paper::escaped;

/// Tables with more columns than this are moved sideways below their first one.
const NARROW: usize = 4;

/// A heading of a page.
pub(in crate::http) struct Heading {
    /// Whether it is one of those that divide the page.
    pub is_main: bool,
    /// Under which it is linked to.
    pub id: String,
    /// Its words as HTML.
    pub html: String,
}

impl Heading {
    /// A line of the contents.
    pub(super) fn link(&self) -> String {
        let class = if self.is_main { "" } else { " class=\"sub\"" };
        format!("<li{class}><a href=\"#{}\">{}</a></li>", escaped(&self.id), self.html)
    }
}

/// A text that was written for people.
pub(super) struct Written {
    pub html: String,
    /// The headings below the title.
    pub headings: Vec<Heading>,
    /// Links to what is no page; their words stay.
    #[cfg_attr(not(test), expect(dead_code, reason = "a test sees that there are none"))]
    pub dead: Vec<String>,
}

/// A page.
pub(super) fn written(text: &str) -> Written {
    let mut events = Parser::new_ext(text, Options::ENABLE_TABLES).peekable();
    let mut out: Vec<Event<'_>> = Vec::new();
    let (mut headings, mut dead): (Vec<Heading>, Vec<String>) = (Vec::new(), Vec::new());
    let mut linked = Vec::new();
    let mut in_head = false;
    while let Some(event) = events.next() {
        match event {
            Event::Start(Tag::Heading { level, classes, attrs, .. }) => {
                let mut inner = Vec::new();
                while let Some(event) = events.next_if(|event| !matches!(event, Event::End(TagEnd::Heading(_)))) {
                    inner.push(event);
                }
                let id = free(&anchor(&inner), &headings);
                if level > HeadingLevel::H1 {
                    let is_main = level == HeadingLevel::H2;
                    headings.push(Heading { is_main, id: id.clone(), html: words(inner.iter().cloned()) });
                }
                out.push(Event::Start(Tag::Heading { level, id: Some(id.into()), classes, attrs }));
                out.extend(inner);
            }
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let to = target(&dest_url);
                linked.push(to.is_some());
                match to {
                    Some(to) => out.push(Event::Start(Tag::Link { link_type, dest_url: to.into(), title, id })),
                    None => dead.push(dest_url.into_string()),
                }
            }
            Event::End(TagEnd::Link) => {
                if linked.pop() == Some(true) {
                    out.push(Event::End(TagEnd::Link));
                }
            }
            // Wide ones are moved sideways by themselves, with the keyboard too.
            Event::Start(Tag::Table(columns)) => {
                let class = if columns.len() > NARROW { "scroll-x wide" } else { "scroll-x" };
                out.push(Event::Html(format!("<div class=\"{class}\" tabindex=\"0\">").into()));
                out.push(Event::Start(Tag::Table(columns)));
            }
            Event::End(TagEnd::Table) => {
                out.push(Event::End(TagEnd::Table));
                out.push(Event::Html("</div>".into()));
            }
            Event::Start(Tag::TableHead) => {
                in_head = true;
                out.push(Event::Start(Tag::TableHead));
            }
            Event::End(TagEnd::TableHead) => {
                in_head = false;
                out.push(Event::End(TagEnd::TableHead));
            }
            // The head of a column that has none is no head.
            Event::Start(Tag::TableCell) if in_head && events.next_if_eq(&Event::End(TagEnd::TableCell)).is_some() => {
                out.push(Event::Html("<td></td>".into()));
            }
            Event::Start(Tag::CodeBlock(_)) => {
                out.push(Event::Html("<pre class=\"scroll-x\" tabindex=\"0\"><code>".into()));
            }
            Event::End(TagEnd::CodeBlock) => out.push(Event::Html("</code></pre>".into())),
            // The words of a picture stay, and so does what stood in a block of HTML.
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image | TagEnd::HtmlBlock) => {}
            Event::Start(Tag::HtmlBlock) => {
                let mut block = String::new();
                while let Some(Event::Html(text) | Event::Text(text)) =
                    events.next_if(|event| !matches!(event, Event::End(TagEnd::HtmlBlock)))
                {
                    block.push_str(&text);
                }
                out.extend(shown(block.into()));
            }
            Event::Html(text) | Event::InlineHtml(text) => out.extend(shown(text)),
            other => out.push(other),
        }
    }
    let mut page = String::new();
    html::push_html(&mut page, out.into_iter());
    Written { html: page, headings, dead }
}

/// One line of Markdown, such as a title.
pub(super) fn inline(text: &str) -> String {
    words(Parser::new(text))
}

/// What stands in a line, without the line.
fn words<'t>(events: impl Iterator<Item = Event<'t>>) -> String {
    let mut out = String::new();
    for event in events {
        match event {
            Event::Text(text) => out.push_str(&escaped(&text)),
            Event::Code(text) => out.push_str(&format!("<code>{}</code>", escaped(&text))),
            _ => {}
        }
    }
    out
}

/// HTML in a text: itself, unless it is a comment.
fn shown(html: CowStr<'_>) -> Option<Event<'_>> {
    let is_comment = html.trim_start().starts_with("<!--") && html.trim_end().ends_with("-->");
    (!is_comment).then_some(Event::Text(html))
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

/// The same name a second time gets a number.
fn free(id: &str, taken: &[Heading]) -> String {
    let is_free = |id: &String| taken.iter().all(|heading| heading.id != *id);
    let numbered = (1..).map(|n| format!("{id}-{n}"));
    std::iter::once(id.to_owned()).chain(numbered).find(is_free).unwrap_or_default()
}

/// Where a link of a file leads among the pages; `None` for what is not among them.
fn target(to: &str) -> Option<String> {
    if to.starts_with(['#', '/']) || to.contains("://") {
        return Some(to.to_owned());
    }
    let (file, place) = to.split_once('#').map_or((to, String::new()), |(file, place)| (file, format!("#{place}")));
    let page = super::pages().find(|page| page.file == file)?;
    Some(format!("/docs/{}{place}", page.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_a_page_that_can_be_linked_into() {
        let page = written(
            "# Of `artifacts` and more\n\n<!-- made\n\nby hand -->\n\nSee <script>x</script> [here](#a), [there](variables.md#b), \
             [nowhere](adr/1.md), [why](adr/0009-containers.md), [out](https://example.org)\n\n## A `b` & c\n\n### Same\n\n\
             ### Same\n\n```yaml\na: <b>\n```\n\n| | a |\n|---|---|\n| c | `b` |\n\n| a | b | c | d | e |\n|-|-|-|-|-|\n",
        );
        for part in [
            "<h1 id=\"of-artifacts-and-more\">",
            "&lt;script&gt;x&lt;/script&gt;",
            "<a href=\"#a\">here</a>, <a href=\"/docs/variables#b\">there</a>, nowhere, ",
            "<a href=\"/docs/adr/0009-containers\">why</a>, <a href=\"https://example.org\">out</a>",
            "<pre class=\"scroll-x\" tabindex=\"0\"><code>a: &lt;b&gt;\n</code></pre>",
            "<div class=\"scroll-x\" tabindex=\"0\"><table><thead><tr><td></td><th>a</th></tr></thead>",
            "<div class=\"scroll-x wide\" tabindex=\"0\"><table>",
        ] {
            assert!(page.html.contains(part), "{part}\n{}", page.html);
        }
        assert!(!page.html.contains("<script") && !page.html.contains("by hand"), "{}", page.html);
        assert_eq!(page.dead, ["adr/1.md"]);
        let contents: Vec<String> = page.headings.iter().map(Heading::link).collect();
        assert_eq!(
            contents,
            [
                "<li><a href=\"#a-b--c\">A <code>b</code> &amp; c</a></li>",
                "<li class=\"sub\"><a href=\"#same\">Same</a></li>",
                "<li class=\"sub\"><a href=\"#same-1\">Same</a></li>",
            ]
        );
    }
}
