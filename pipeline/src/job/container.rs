//! `image` and `services`.

use model::plan::{Image, Service};

use super::{Variables, read_variables};
use crate::keywords::{Place, is_mistyped};
use crate::read;
use crate::source::Report;
use crate::yaml::{Entry, Kind, Map, Node, Scalar, Tree, Value};

const PULL_POLICIES: &[(&str, &str)] =
    &[("always", "always"), ("if-not-present", "if-not-present"), ("never", "never")];

pub(crate) fn image(entry: &Entry, report: &mut Report) -> Option<Image> {
    match &entry.value.kind {
        Kind::Null | Kind::Broken => None,
        Kind::Scalar(_) => read::text(entry, "image", report).map(|name| Image { name, ..Image::default() }),
        Kind::Map(map) => {
            read::only_known(map, Place::Image, report);
            named(map, &entry.value, "image", report)
        }
        _ => {
            read::mismatch(
                report,
                entry.value_mark(),
                "image",
                "a name (a string) or a mapping with `name`",
                &entry.value,
            );
            None
        }
    }
}

pub(crate) fn services(entry: &Entry, report: &mut Report) -> Vec<Service> {
    let mut all = Vec::new();
    match &entry.value.kind {
        Kind::Null | Kind::Broken => {}
        Kind::List(items) => flatten(items, 0, &mut all, report),
        _ => read::mismatch(report, entry.value_mark(), "services", "a list", &entry.value),
    }
    all
}

fn flatten(items: &[Tree], level: usize, all: &mut Vec<Service>, report: &mut Report) {
    for item in items {
        match &item.kind {
            Kind::Scalar(Scalar { text, value: Value::Text, .. }) if !text.is_empty() => {
                all.push(Service { image: Image { name: text.to_string(), ..Image::default() }, ..Service::default() });
            }
            Kind::Map(map) => all.extend(service(map, item, report)),
            // What a reference brings is a list of its own.
            Kind::List(inner) if level < read::MAX_LIST_NESTING => flatten(inner, level + 1, all, report),
            _ => {
                let wanted = "the name of an image (a string) or a mapping with `name`";
                read::mismatch(report, item.mark, "an entry of `services`", wanted, item);
            }
        }
    }
}

fn service(map: &Map, node: &Node, report: &mut Report) -> Option<Service> {
    read::only_known(map, Place::Service, report);
    let image = named(map, node, "an entry of `services`", report);
    let aliases = map.get("alias").and_then(|entry| read::text(entry, "alias", report)).unwrap_or_default();
    let command = map.get("command").and_then(|entry| words(entry, "command", report));
    let variables = map.get("variables").map(|entry| read_variables(entry, Variables::Job, report).0);
    Some(Service {
        image: image?,
        aliases: aliases.split([',', ' ']).filter(|alias| !alias.is_empty()).map(ToOwned::to_owned).collect(),
        command,
        variables: variables.unwrap_or_default(),
    })
}

/// The keys that images of jobs and of services share.
fn named(map: &Map, node: &Node, what: &str, report: &mut Report) -> Option<Image> {
    let name = map.get("name").and_then(|entry| read::text(entry, "name", report));
    if map.get("name").is_none() && !node.broken && !is_mistyped(map, Place::Service, &["name"]) {
        report.error(node.mark, format!("{} needs `name`", read::named(what)));
    }
    let entrypoint = map.get("entrypoint").and_then(|entry| words(entry, "entrypoint", report));
    let mut image = Image { entrypoint, ..Image::default() };
    if let Some(entry) = map.written("pull_policy") {
        image.pull_policy = pull_policy(entry, report);
    }
    if let Some(entry) = map.written("docker") {
        match &entry.value.kind {
            Kind::Map(docker) => {
                read::only_known(docker, Place::ImageDocker, report);
                image.platform = docker.get("platform").and_then(|entry| read::text(entry, "platform", report));
                image.user = docker.get("user").and_then(|entry| read::text(entry, "user", report));
            }
            _ => read::mismatch(report, entry.value_mark(), "docker", "a mapping", &entry.value),
        }
    }
    image.name = name?;
    Some(image)
}

fn words(entry: &Entry, what: &str, report: &mut Report) -> Option<Vec<String>> {
    let all = read::some_strings(entry, what, report)?;
    Some(all.into_iter().map(|(word, _)| word).collect())
}

fn pull_policy(entry: &Entry, report: &mut Report) -> Vec<String> {
    let items = read::one_or_many(entry);
    if items.is_empty() && !entry.value.broken {
        report.error(entry.mark, "`pull_policy` must not be empty");
    }
    let mut policies: Vec<String> = Vec::new();
    for item in items {
        let Some(policy) = read::word(item, item.mark, "pull_policy", PULL_POLICIES, report) else { continue };
        if policies.iter().any(|known| known == policy) {
            report.error(item.mark, format!("`pull_policy` lists `{policy}` twice"));
        }
        policies.push(policy.to_owned());
    }
    policies
}
