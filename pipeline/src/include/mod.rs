//! `include`: the files that a definition is made of, read and merged (contracts/ci-yaml.md, part 2,
//! step 2).

mod file;

use std::rc::Rc;

use model::plan::{FormInput, Inputs};

use file::{Origin, Wanted, is_yaml};

use crate::expand::expand;
use crate::extends::deep_merge;
use crate::files::Files;
use crate::glob::Glob;
use crate::inputs::{self, Given};
use crate::keywords::{self, Place};
use crate::read;
use crate::rules::{self, Conditions};
use crate::scope::Scope;
use crate::source::{Mark, Problem, Report};
use crate::yaml::{self, Entry, Kind, Map, Node, Scalar, Tree, Value};

/// Most files in all (contracts/ci-yaml.md, limits).
const MAX_INCLUDES: usize = 150;
/// Most bytes that they bring together.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Deepest chain of files that include files.
const MAX_DEPTH: usize = 100;

/// What an entry says about its files.
#[derive(Default)]
struct Terms {
    /// The values that it gives to inputs, and where each stands.
    values: Inputs,
    places: Vec<(String, Mark)>,
    /// Whether it may have been meant to give others: it is wrong, which has been told.
    may_lack: bool,
    /// Whether it may have been meant not to apply: then the files need not be there.
    may_not_apply: bool,
}

/// Reads files and merges what they say.
pub(crate) struct Includer<'c, 'r> {
    pub files: &'c dyn Files,
    pub scope: &'c Scope<'c>,
    pub conditions: &'r mut Conditions,
    pub report: &'r mut Report,
    /// The files that were read, in order.
    pub names: Vec<String>,
    /// Files that were looked for, found or not.
    asked: usize,
    bytes: usize,
    /// The files that are being read, the outermost first, with the inputs they were given.
    path: Vec<(String, Inputs)>,
}

impl<'c, 'r> Includer<'c, 'r> {
    pub fn new(
        files: &'c dyn Files,
        scope: &'c Scope<'c>,
        conditions: &'r mut Conditions,
        report: &'r mut Report,
    ) -> Self {
        Self { files, scope, conditions, report, names: Vec::new(), asked: 0, bytes: 0, path: Vec::new() }
    }

    /// Reads the definition itself: its tree with everything that it includes, and its inputs.
    pub fn definition(&mut self, name: &str, text: &str, given: &Inputs) -> (Option<Tree>, Vec<FormInput>) {
        let typed = Given { values: given, places: &[], mark: Mark::default(), typed: true, may_lack: false };
        let (root, inputs) = self.file(name, text, &typed);
        self.path.push((name.to_owned(), given.clone()));
        (root.map(|root| self.with_includes(root, &Origin::Here)), inputs)
    }

    fn file(&mut self, name: &str, text: &str, given: &Given<'_>) -> (Option<Tree>, Vec<FormInput>) {
        self.report.about("yaml");
        let file = self.report.add_file(name, if text.len() > yaml::MAX_BYTES { "" } else { text });
        let mut loaded = yaml::load(text, file);
        self.report.extend(std::mem::take(&mut loaded.problems));
        if loaded.is_partial {
            self.report.leave_out();
        }
        if loaded.may_include {
            self.report.leave_out_file();
        }
        let given = Given { mark: if given.typed { Mark::start_of(file) } else { given.mark }, ..*given };
        inputs::apply(loaded, &given, self.scope, self.conditions, self.report)
    }

    /// A file over what it includes.
    fn with_includes(&mut self, root: Tree, origin: &Origin) -> Tree {
        let Kind::Map(map) = &root.kind else { return root };
        let Some(include) = map.written("include") else {
            if keywords::is_mistyped(map, Place::Global, &["include"]) {
                self.report.leave_out_file();
            }
            return root;
        };
        self.report.about("include");
        let mut base = Map::default();
        if matches!(include.value.kind, Kind::Broken) {
            self.lack(include.mark, &mut base);
        }
        for item in items(include) {
            let mark = if item.mark == Mark::default() { include.value_mark() } else { item.mark };
            if self.entry(&item, mark, origin, &mut base).is_none() {
                self.lack(mark, &mut base);
            }
            self.report.about("include");
        }
        let own = Map { entries: map.entries.iter().filter(|entry| &*entry.key != "include").cloned().collect() };
        let merged = deep_merge(base, &own);
        Rc::new(root.rebuilt(Kind::Map(merged)))
    }

    /// A file is not there, which has been told: it may hold any job, more of every job, and stages, unless a file
    /// that is merged over it has them.
    fn lack(&mut self, mark: Mark, base: &mut Map) {
        self.report.leave_out_file();
        let stages = Entry { key: "stages".into(), mark, value: Rc::new(Node::new(mark, Kind::Broken)) };
        *base = deep_merge(std::mem::take(base), &Map { entries: vec![stages] });
    }

    /// Merges the files of one entry. `None` when the entry does not say which these are, or when.
    fn entry(&mut self, item: &Node, mark: Mark, origin: &Origin, base: &mut Map) -> Option<()> {
        let plain = Terms::default();
        match &item.kind {
            Kind::Scalar(Scalar { text, value: Value::Text, .. }) => {
                let text = self.expanded(text, mark)?;
                let wanted = if text.starts_with("http://") || text.starts_with("https://") {
                    Wanted::Remote { url: text, integrity: None }
                } else {
                    Wanted::Local(text)
                };
                self.all(&wanted, &plain, mark, origin, base);
            }
            Kind::Map(map) => return self.of_mapping(item, map, mark, origin, base),
            Kind::Null => {
                self.report.error(mark, "`include` has an empty entry");
                return None;
            }
            _ => {
                read::mismatch(self.report, mark, "an entry of `include`", "a path (a string) or a mapping", item);
                return None;
            }
        }
        Some(())
    }

    /// Merges the files of an entry that says more than a path. What is wrong in them is told beside what is wrong in it.
    fn of_mapping(&mut self, item: &Node, map: &Map, mark: Mark, origin: &Origin, base: &mut Map) -> Option<()> {
        let wrong = only_known(map, self.report);
        let is_broken = |key: &str| map.entries.iter().any(|entry| &*entry.key == key && entry.value.broken);
        let errors = self.report.errors();
        let values = map.get("inputs").and_then(|entry| read_inputs(entry, self.report)).unwrap_or_default();
        let may_lack = errors < self.report.errors() || wrong.contains(&"inputs") || is_broken("inputs");
        let errors = self.report.errors();
        let applies = self.applies(map);
        let may_not_apply = errors < self.report.errors() || wrong.contains(&"rules") || is_broken("rules");
        let terms = Terms { values, places: input_places(map), may_lack, may_not_apply };
        let errors = self.report.errors();
        let wanted = self.wanted(item, map, mark);
        let may_be_others = item.lacks || wrong.iter().any(|key| ADDRESS.contains(key));
        let is_settled = errors == self.report.errors() && !ADDRESS.iter().any(|key| is_broken(key));
        for one in wanted.iter().filter(|_| (applies || may_not_apply) && !may_be_others) {
            self.all(one, &terms, mark, origin, base);
        }
        (is_settled && !may_be_others && !may_not_apply).then_some(())
    }

    fn applies(&mut self, map: &Map) -> bool {
        let Some(entry) = map.get("rules") else { return true };
        let Some(rules) = rules::read(entry, Place::IncludeRule, self.conditions, self.report) else { return true };
        let decision = rules::decide(&rules, self.scope, &[], self.files, self.conditions, self.report);
        decision.rule.is_some_and(|(_, rule)| rule.when != Some(model::plan::When::Never))
    }

    fn wanted(&mut self, item: &Node, map: &Map, mark: Mark) -> Vec<Wanted> {
        let kinds = ["local", "remote", "project", "artifact", "template", "component"];
        let given: Vec<_> = map.entries.iter().filter(|entry| kinds.contains(&&*entry.key)).collect();
        let wanted = given.iter().flat_map(|kind| self.of_kind(map, kind)).collect();
        if given.is_empty()
            && (item.lacks || keywords::is_mistyped(map, Place::Include, &["local", "project", "remote"]))
        {
            return Vec::new();
        }
        if given.len() != 1 {
            let problem = Problem::error(mark, "an entry of `include` names one of `local`, `project` and `remote`");
            self.report.add(problem.hint("`- local: ci/build.yml`"));
            return Vec::new();
        }
        wanted
    }

    fn of_kind(&mut self, map: &Map, kind: &Entry) -> Vec<Wanted> {
        let mut text = |key: &str| {
            let entry = map.written(key)?;
            if matches!(entry.value.kind, Kind::Null) {
                self.report.error(entry.mark, format!("`{key}` must not be empty"));
            }
            let text = read::text(entry, key, self.report)?;
            self.expanded(&text, entry.value_mark())
        };
        match &*kind.key {
            "local" => text("local").map(Wanted::Local).into_iter().collect(),
            "remote" => {
                let (integrity, url) = (text("integrity"), text("remote"));
                let is_known = integrity.is_some() || map.written("integrity").is_none();
                url.filter(|_| is_known).map(|url| Wanted::Remote { url, integrity }).into_iter().collect()
            }
            "artifact" => {
                let (path, job) = (text("artifact"), text("job"));
                path.zip(job).map(|(path, job)| Wanted::Artifact { job, path }).into_iter().collect()
            }
            "project" => {
                let (project, at) = (text("project"), text("ref"));
                // Of another commit the file may be another one.
                let is_known = at.is_some() || map.written("ref").is_none();
                self.of_project(map, kind, project.filter(|_| is_known), at)
            }
            _ => Vec::new(),
        }
    }

    fn of_project(&mut self, map: &Map, entry: &Entry, project: Option<String>, at: Option<String>) -> Vec<Wanted> {
        let project = project.filter(|project| {
            let usable = is_project_path(project);
            if !usable {
                let problem = Problem::error(entry.value_mark(), format!("`{project}` is not the path of a project"));
                self.report.add(problem.hint("`group/project`"));
            }
            usable
        });
        let Some(files) = map.get("file") else {
            if keywords::is_mistyped(map, Place::Include, &["file"]) {
                return Vec::new();
            }
            let problem = Problem::error(entry.mark, "`project` needs `file`: what is included of it");
            self.report.add(problem.hint("`file: ci/build.yml`"));
            return Vec::new();
        };
        let mut all = Vec::new();
        let items = read::one_or_many(files);
        if items.is_empty() && !files.value.broken {
            self.report.error(files.mark, "`file` must not be an empty list");
        }
        for file in items {
            match &file.kind {
                Kind::Scalar(Scalar { text, value: Value::Text, .. }) if !text.is_empty() => {
                    let file = self.expanded(text, file.mark);
                    let both = project.clone().zip(file);
                    all.extend(both.map(|(project, file)| Wanted::Project { project, at: at.clone(), file }));
                }
                _ => read::mismatch(self.report, file.mark, "file", "a path (a string) or a list of paths", file),
            }
        }
        all
    }

    fn expanded(&mut self, text: &str, mark: Mark) -> Option<String> {
        let scope = self.scope;
        expand(text, &|name| scope.get(name, &[])).map_err(|error| self.report.error(mark, error.to_string())).ok()
    }

    /// Every file that one entry names; a pattern may name several.
    fn all(&mut self, wanted: &Wanted, terms: &Terms, mark: Mark, origin: &Origin, base: &mut Map) {
        match wanted {
            Wanted::Local(path) if Glob::is_pattern(path) => {
                let (project, at) = match origin {
                    Origin::Project { project, at } => (Some(project.as_str()), at.as_deref()),
                    Origin::Here => (None, None),
                    Origin::Remote => return self.one(wanted, terms, mark, origin, base),
                };
                let pattern = path.trim_start_matches('/');
                let found = self.conditions.fitting(self.files, project, at, pattern);
                let found = match found {
                    Ok(found) => found.into_iter().filter(|path| is_yaml(path)).collect::<Vec<_>>(),
                    Err(why) => {
                        if !terms.may_not_apply {
                            self.report.error(mark, format!("`{path}` cannot be included: {why}"));
                        }
                        return self.lack(mark, base);
                    }
                };
                if found.is_empty() {
                    self.report.add(Problem::warning(mark, format!("`{path}` fits no file, so nothing is included")));
                }
                for path in found {
                    self.one(&Wanted::Local(path), terms, mark, origin, base);
                }
            }
            _ => self.one(wanted, terms, mark, origin, base),
        }
    }

    fn one(&mut self, wanted: &Wanted, terms: &Terms, mark: Mark, origin: &Origin, base: &mut Map) {
        match self.read(wanted, terms, mark, origin) {
            Some(map) => *base = deep_merge(std::mem::take(base), &map),
            None => self.lack(mark, base),
        }
    }

    /// A file with what it includes; `None` when there is none that can be used, which has been told.
    fn read(&mut self, wanted: &Wanted, terms: &Terms, mark: Mark, origin: &Origin) -> Option<Map> {
        let read = self.text(wanted, terms, mark, origin);
        let read = read.map_err(|problem| {
            if !terms.may_not_apply {
                self.report.add(problem);
            }
        });
        let (text, from, key) = read.ok()?;
        self.names.push(key.0.clone());
        let Terms { values, places, may_lack, .. } = terms;
        let (root, _) = self.file(&key.0, &text, &Given { values, places, mark, typed: false, may_lack: *may_lack });
        let root = root?;
        if !self.report.charge(root.nodes, root.bytes, mark) {
            return None;
        }
        self.path.push(key);
        let root = self.with_includes(root, &from);
        self.path.pop();
        match &root.kind {
            Kind::Map(map) => Some(map.clone()),
            Kind::Null => Some(Map::default()),
            Kind::Broken => None,
            _ => {
                let message = format!("an included file is a mapping of keywords and jobs, not {}", root.describe());
                self.report.error(root.mark, message);
                None
            }
        }
    }

    /// The text of a file within the limits, where what it includes is looked for, and what it is known by.
    fn text(
        &mut self,
        wanted: &Wanted,
        terms: &Terms,
        mark: Mark,
        origin: &Origin,
    ) -> Result<(String, Origin, (String, Inputs)), Problem> {
        self.asked += 1;
        if self.asked > MAX_INCLUDES || self.path.len() > MAX_DEPTH {
            return Err(Problem::error(mark, format!("more than {MAX_INCLUDES} files are included")));
        }
        let (text, from) = file::read(self.files, wanted, mark, origin)?;
        self.bytes += text.len();
        if self.bytes > MAX_BYTES {
            return Err(Problem::error(mark, "the included files have more than 16 MiB in all"));
        }
        // The definition itself may go by another name: what is wrong in it is told once all the same.
        let is_root = from == Origin::Here && self.report.is_text(0, &text);
        let name = if is_root { self.report.file_name(0).to_owned() } else { wanted.shown(origin) };
        let key = (name, terms.values.clone());
        if let Some(from) = self.path.iter().position(|one| *one == key) {
            let names: Vec<_> = self.path[from..].iter().chain([&key]).map(|(name, _)| name.as_str()).collect();
            let message = format!("the files include each other in a circle: {}", names.join(" -> "));
            return Err(Problem::error(mark, message));
        }
        Ok((text, from, key))
    }
}

/// The entries, lists in the list flattened.
fn items(include: &Entry) -> Vec<Tree> {
    fn flatten(items: &[Tree], level: usize, all: &mut Vec<Tree>) {
        for item in items {
            match &item.kind {
                Kind::List(inner) if level < read::MAX_LIST_NESTING => flatten(inner, level + 1, all),
                _ => all.push(Rc::clone(item)),
            }
        }
    }
    let mut all = Vec::new();
    flatten(read::one_or_many(include), 0, &mut all);
    all
}

/// The keywords that say which file an entry names.
const ADDRESS: &[&str] =
    &["local", "remote", "integrity", "project", "file", "ref", "artifact", "job", "template", "component"];

/// Reports unknown keys; those of a child's include are known where a child is read. Returns what the wrong ones seem to
/// stand for: values of inputs, unless they are nearly another keyword or one that belongs to another kind of file.
fn only_known<'m>(map: &'m Map, report: &mut Report) -> Vec<&'m str> {
    let of_child = map.get("artifact").is_some() && report.file_name(map.entries[0].mark.file) == CHILD;
    let mut wrong = Vec::new();
    for entry in &map.entries {
        let known = match &*entry.key {
            "artifact" => of_child,
            // It says no more than `artifact` does, whether that may stand here or not.
            "job" => map.get("artifact").is_some(),
            key => keywords::is_supported(Place::Include, key),
        };
        if !known {
            report.add_error(|| keywords::unsupported(Place::Include, &entry.key, entry.mark));
            let is_address = ADDRESS.contains(&&*entry.key);
            let meant = keywords::mistyped(Place::Include, &entry.key);
            wrong.push(if is_address { &entry.key } else { meant.unwrap_or("inputs") });
        }
        let belongs_to = match &*entry.key {
            "integrity" => "remote",
            "file" | "ref" => "project",
            _ => continue,
        };
        // An entry that names no file at all is told so by itself.
        let names_another = ["local", "remote", "project"].iter().any(|key| map.get(key).is_some());
        if names_another && map.get(belongs_to).is_none() {
            report.error(entry.mark, format!("`{}` is for `{belongs_to}`", entry.key));
            wrong.push(&entry.key);
        }
    }
    wrong
}

/// The name of the text that stands for the definition of a child pipeline.
pub const CHILD: &str = "trigger:include";

/// Where the values of `inputs` of an entry stand.
pub(crate) fn input_places(map: &Map) -> Vec<(String, Mark)> {
    let inputs = map.get("inputs").and_then(|entry| entry.value.as_map());
    inputs.into_iter().flat_map(|map| &map.entries).map(|item| (item.key.to_string(), item.mark)).collect()
}

/// `inputs` of an entry.
pub(crate) fn read_inputs(entry: &Entry, report: &mut Report) -> Option<Inputs> {
    let map = read::map(entry, "inputs", report)?;
    let mut inputs = Inputs::new();
    for item in &map.entries {
        if !item.key.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c)) {
            report.error(item.mark, "the name of an input is made of letters, digits, `_` and `-`");
            continue;
        }
        if let Some(value) = inputs::from_tree(&item.value) {
            inputs.insert(item.key.to_string(), value);
        }
    }
    Some(inputs)
}

/// `group/project`, or something with variables in it.
pub(crate) fn is_project_path(text: &str) -> bool {
    if text.starts_with('$') {
        return true;
    }
    let usable = |c: char| c.is_alphanumeric() || "/._-$".contains(c);
    text.contains('/') && !text.starts_with('/') && !text.ends_with('/') && text.chars().all(usable)
}
