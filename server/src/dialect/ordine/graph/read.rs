//! Reading nodes, edges and operations, and everything that can be wrong with them.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::operation::{list, milliseconds, operation, text};
use super::{GraphError, unmappable};
use crate::service::ordine::Operation;

/// More nodes than this is no pipeline that a person drew.
const MOST_NODES: usize = 1000;
/// The longest name of a job that the language takes.
const LONGEST_NAME: usize = 200;

/// A graph that can run.
#[derive(Debug)]
pub struct Graph {
    /// The steps, in the order of the nodes.
    pub steps: Vec<Step>,
    /// Seconds that each step may run.
    pub timeout: Option<u64>,
}

/// One job.
#[derive(Debug)]
pub struct Step {
    /// The job's name, unique in the graph.
    pub name: String,
    /// Name of the file in which its output goes on to later steps.
    pub file: String,
    /// Steps it waits for, by place.
    pub needs: Vec<usize>,
    /// The path it works on.
    pub path: Input,
    /// What it does.
    pub action: Action,
    /// Seconds it may run, where its operation says so.
    pub timeout: Option<u64>,
}

/// Where a step's path comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// From `weir run -i`, if that was given.
    Run,
    /// From an object node.
    Fixed(String),
    /// It has none.
    None,
}

/// What a step does.
#[derive(Debug)]
pub enum Action {
    /// Runs a program text.
    Script(Language, String),
    /// Writes what it gets below a folder.
    Save {
        /// The folder.
        folder: String,
        /// The file's name.
        name: String,
        /// What happens to a file that is there.
        mode: Mode,
    },
    /// Says in the log where its input belongs.
    Tell(String),
}

/// What runs a program text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// `bash`
    Bash,
    /// `python3`
    Python,
    /// `node`
    JavaScript,
}

/// What happens to a file that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It is replaced.
    Overwrite,
    /// The step fails.
    Refuse,
    /// The new one gets another name.
    Rename,
}

enum Kind {
    /// An input; its path, unless it waits for `-i`.
    Object(Option<String>),
    Step(Action, Option<u64>),
}

impl Graph {
    /// Reads and checks `{nodes, edges, timeoutMs}`.
    pub fn read(graph: &Value, operations: &HashMap<String, Operation>) -> Result<Self, GraphError> {
        let nodes = list(graph, "nodes")?;
        let edges = list(graph, "edges")?;
        if nodes.len() > MOST_NODES {
            return Err(unmappable(format!("a pipeline has up to {MOST_NODES} nodes")));
        }
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut kinds = Vec::new();
        let mut names = Vec::new();
        let mut missing = Vec::new();
        for (i, node) in nodes.iter().enumerate() {
            let id = text(node, "id").ok_or_else(|| unmappable(format!("node {} has no id", i + 1)))?;
            if places.insert(id, i).is_some() {
                return Err(unmappable(format!("two nodes have the id {id:?}")));
            }
            let data = &node["data"];
            let kind = kind_of(id, node, data, operations, &mut missing)?;
            let operation = text(data, "operationName").or_else(|| text(data, "label"));
            names.push(job_name(operation.unwrap_or(id), id));
            kinds.push(kind);
        }
        if !missing.is_empty() {
            return Err(GraphError::Missing(missing));
        }
        let edges = read_edges(&edges, &places, &kinds)?;
        let order = topological(nodes.len(), &edges).map_err(|i| {
            unmappable(format!("the nodes form a cycle through {:?}", text(&nodes[i], "id").unwrap_or("")))
        })?;
        if !kinds.iter().any(|kind| matches!(kind, Kind::Step(..))) {
            return Err(unmappable("a pipeline needs at least one operation node"));
        }
        let paths = paths(&kinds, &edges, &order);
        unique(&mut names, &nodes);
        let timeout = milliseconds(graph, "timeoutMs")?;
        let step_of: HashMap<usize, usize> = kinds
            .iter()
            .enumerate()
            .filter(|(_, kind)| matches!(kind, Kind::Step(..)))
            .enumerate()
            .map(|(step, (node, _))| (node, step))
            .collect();
        let mut steps = Vec::new();
        for (i, kind) in kinds.into_iter().enumerate() {
            let Kind::Step(action, own) = kind else { continue };
            let mut needs: Vec<usize> = edges
                .iter()
                .filter(|(_, target)| *target == i)
                .filter_map(|(source, _)| step_of.get(source).copied())
                .collect();
            needs.sort_unstable();
            needs.dedup();
            steps.push(Step {
                name: names[i].clone(),
                file: format!(".weir/{}.out", steps.len() + 1),
                needs,
                path: paths[i].clone(),
                action,
                timeout: own,
            });
        }
        Ok(Self { steps, timeout })
    }
}

fn kind_of(
    id: &str,
    node: &Value,
    data: &Value,
    operations: &HashMap<String, Operation>,
    missing: &mut Vec<(String, String)>,
) -> Result<Kind, GraphError> {
    let kind = text(node, "type").or_else(|| text(data, "nodeType")).unwrap_or("operation");
    let path = |name: &str| text(data, name).map(str::to_owned);
    let no_nul = |path: &Option<String>| path.as_deref().is_none_or(|path| !path.contains(char::is_control));
    let object = |path: Option<String>| {
        if no_nul(&path) {
            Ok(Kind::Object(path))
        } else {
            Err(unmappable(format!("the path of node {id:?} has control characters")))
        }
    };
    match kind {
        "folder" => object(path("folderPath")),
        "code-file" | "file" => object(path("filePath")),
        "github-project" if text(data, "sourceType") == Some("local") => object(path("localPath")),
        "github-project" => Err(unmappable(format!(
            "node {id:?}: a GitHub project is no input here; make a Weir project with that source instead"
        ))),
        "operation" => {
            let (action, timeout) = operation(id, data, operations, missing)?;
            Ok(Kind::Step(action, timeout))
        }
        "output-local-path" => {
            let folder = path("localPath").ok_or_else(|| unmappable(format!("node {id:?} has no localPath")))?;
            if data["dualOutput"].as_bool() == Some(true) {
                return Err(unmappable(format!("node {id:?}: dualOutput is not supported; use two output nodes")));
            }
            let name = path("outputFileName").unwrap_or_else(|| "result".into());
            if name.contains(['/', '\\']) || name.contains(char::is_control) || name.starts_with('.') {
                return Err(unmappable(format!("node {id:?}: outputFileName must be a plain file name")));
            }
            if !no_nul(&Some(folder.clone())) {
                return Err(unmappable(format!("the path of node {id:?} has control characters")));
            }
            let mode = match text(data, "outputMode") {
                None | Some("overwrite") => Mode::Overwrite,
                Some("error_if_exists") => Mode::Refuse,
                Some("auto_rename") => Mode::Rename,
                Some(other) => return Err(unmappable(format!("node {id:?}: {other:?} is no outputMode"))),
            };
            Ok(Kind::Step(Action::Save { folder, name, mode }, None))
        }
        "output-project-path" => {
            Ok(Kind::Step(Action::Tell(path("path").unwrap_or_default().replace(char::is_control, " ")), None))
        }
        other => Err(unmappable(format!("node {id:?}: nodes of type {other:?} cannot run here"))),
    }
}

fn read_edges(
    edges: &[Value],
    places: &HashMap<&str, usize>,
    kinds: &[Kind],
) -> Result<Vec<(usize, usize)>, GraphError> {
    let mut seen = HashSet::new();
    let mut read = Vec::new();
    for edge in edges {
        let end = |name: &str| {
            let id = text(edge, name).ok_or_else(|| unmappable(format!("an edge has no {name}")))?;
            places
                .get(id)
                .copied()
                .ok_or_else(|| unmappable(format!("an edge has the {name} {id:?}, which is no node")))
        };
        let (source, target) = (end("source")?, end("target")?);
        let is_output = |kind: &Kind| matches!(kind, Kind::Step(Action::Save { .. } | Action::Tell(_), _));
        if is_output(&kinds[source]) {
            return Err(unmappable("an output node has nothing behind it"));
        }
        if matches!(kinds[target], Kind::Object(_)) {
            return Err(unmappable("an input node has nothing before it"));
        }
        if matches!(kinds[source], Kind::Object(_)) && is_output(&kinds[target]) {
            return Err(unmappable("an input node leads to an operation, not straight to an output"));
        }
        if seen.insert((source, target)) {
            read.push((source, target));
        }
    }
    Ok(read)
}

/// An order in which every node comes after those it waits for, or a node of a cycle.
fn topological(nodes: usize, edges: &[(usize, usize)]) -> Result<Vec<usize>, usize> {
    let mut before = vec![0; nodes];
    for (_, target) in edges {
        before[*target] += 1;
    }
    let mut order: Vec<usize> = (0..nodes).filter(|i| before[*i] == 0).collect();
    let mut next = 0;
    while next < order.len() {
        let done = order[next];
        for (_, target) in edges.iter().filter(|(source, _)| *source == done) {
            before[*target] -= 1;
            if before[*target] == 0 {
                order.push(*target);
            }
        }
        next += 1;
    }
    match before.iter().position(|count| *count > 0) {
        Some(stuck) => Err(stuck),
        None => Ok(order),
    }
}

/// The path that each node works on. `-i` fills the first input node that has no path of its own;
/// without such a node it goes to the operations that nothing leads to.
fn paths(kinds: &[Kind], edges: &[(usize, usize)], order: &[usize]) -> Vec<Input> {
    let first_open = kinds.iter().position(|kind| matches!(kind, Kind::Object(None)));
    let mut paths = vec![Input::None; kinds.len()];
    for &i in order {
        let mut sources: Vec<usize> = edges.iter().filter(|(_, t)| *t == i).map(|(source, _)| *source).collect();
        sources.sort_unstable();
        paths[i] = match &kinds[i] {
            Kind::Object(Some(path)) => Input::Fixed(path.clone()),
            Kind::Object(None) if first_open == Some(i) => Input::Run,
            Kind::Object(None) => Input::None,
            Kind::Step(..) if sources.is_empty() && first_open.is_none() => Input::Run,
            Kind::Step(..) => sources
                .iter()
                .map(|source| paths[*source].clone())
                .find(|path| *path != Input::None)
                .unwrap_or(Input::None),
        };
    }
    paths
}

/// A name that the language takes for a job.
fn job_name(label: &str, id: &str) -> String {
    let clean: String = label.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_NAME).collect();
    let clean = clean.trim().trim_start_matches('.').trim();
    let reserved = [
        "default",
        "include",
        "stages",
        "variables",
        "workflow",
        "image",
        "services",
        "cache",
        "before_script",
        "after_script",
        "pages",
        "spec",
        "types",
        "true",
        "false",
        "nil",
        "null",
    ];
    if clean.is_empty() {
        return format!("node {}", id.chars().filter(|c| !c.is_control()).take(60).collect::<String>());
    }
    if reserved.contains(&clean) { format!("{clean} step") } else { clean.to_owned() }
}

/// Gives nodes of the same name their ids as well.
fn unique(names: &mut [String], nodes: &[Value]) {
    let mut counts: HashMap<String, usize> = HashMap::new();
    for name in names.iter() {
        *counts.entry(name.clone()).or_default() += 1;
    }
    let mut taken: HashSet<String> = HashSet::new();
    for (i, name) in names.iter_mut().enumerate() {
        if counts[name.as_str()] > 1 {
            let id: String = text(&nodes[i], "id").unwrap_or("").chars().filter(|c| !c.is_control()).take(40).collect();
            *name = format!("{name} ({id})");
        }
        let base = name.clone();
        let mut n = 2;
        while !taken.insert(name.clone()) {
            *name = format!("{base} {n}");
            n += 1;
        }
    }
}
