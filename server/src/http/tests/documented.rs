//! The routes and the OpenAPI document, held against each other.

use std::collections::BTreeSet;

use super::*;
use crate::http::{openapi, pages, routes};

/// What is served and has no place in the document, besides the pages and their server functions: those belong to one
/// build of the browser's part, and promise nothing to anybody else.
const UNDESCRIBED: [(&str, &str); 7] = [
    ("GET /pkg/{version}/{path}", "files that the pages load, named by what is in them"),
    ("GET /docs/api", "the document itself, as a page"),
    ("GET /docs", "the documentation, for people"),
    ("GET /docs/{page}", "a page of it"),
    ("GET /{path}.git/info/refs", "git's own protocol, which git speaks and no script"),
    ("POST /{path}.git/git-upload-pack", "the same"),
    ("POST /{path}.git/git-receive-pack", "what it does is to refuse"),
];

/// A route in the words of the document, where a rest of the path is a part like others.
fn described(method: &str, path: &str) -> String {
    format!("{method} {}", path.replace("{*", "{"))
}

/// What to write, and where.
fn advice(route: &str) -> String {
    let (method, path) = route.split_once(' ').unwrap_or_default();
    let (file, line) = match path.strip_prefix("/api/v4") {
        Some(rest) if rest.starts_with("/weir/") => {
            ("gitlab.rs, `additions`", format!("weir(\"{method}\", \"{rest}\")"))
        }
        Some(rest) => ("gitlab.rs, or the file of its noun beside it", format!("gitlab(\"{method}\", \"{rest}\")")),
        None if path.starts_with("/api/") => ("ordine.rs", format!("ordine(\"{method}\", \"{path}\")")),
        None if path.starts_with("/v") => (
            "a file for that dialect beside ordine.rs, called in `all` of mod.rs",
            format!("Operation::new(Shape::…, \"…\", \"{method}\", \"{path}\")"),
        ),
        None => ("others.rs", format!("Operation::new(Shape::Own, \"…\", \"{method}\", \"{path}\")")),
    };
    format!(
        "{route} is served, and /openapi.json does not have it.\n  \
         Add in server/src/http/openapi/{file}:\n    \
         {line}.named(\"a_name_of_its_own\", \"What it does\")…, with .at() for each part of the path, .query(), .body(), \
         .gives() for each good answer, .fresh() if it takes a Freshness, .refuses() for what is not 401, 403, 429 or 503.\n  \
         Fields of a new answer: answers.rs; of a new body: requests.rs.\n"
    )
}

#[tokio::test]
async fn the_document_has_every_route_and_no_other() {
    let world = World::public().await;
    let of_pages: BTreeSet<_> =
        pages::router(&world.state).into_list().iter().map(|(method, path)| described(method.as_str(), path)).collect();
    let mut served: BTreeSet<_> =
        routes(&world.state).into_list().iter().map(|(method, path)| described(method.as_str(), path)).collect();
    for (route, why) in UNDESCRIBED {
        assert!(served.remove(route), "{route} ({why}) is not served any more: take it out of UNDESCRIBED");
    }
    served.retain(|route| !of_pages.contains(route));
    let known: BTreeSet<_> = openapi::operations().iter().map(|(method, path)| described(method, path)).collect();
    let missing: String = served.difference(&known).map(|route| advice(route)).collect();
    let gone: Vec<_> = known.difference(&served).collect();
    assert!(missing.is_empty(), "\n{missing}");
    assert!(gone.is_empty(), "in server/src/http/openapi, and not served (or by other names of its parts): {gone:#?}");
}
