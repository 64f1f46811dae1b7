//! Where an included file comes from, and its text.

use crate::files::Files;
use crate::keywords;
use crate::source::{Mark, Problem};

/// Where a file comes from; what it includes as `local` comes from there too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Here,
    Project { project: String, at: Option<String> },
    Remote,
}

/// One file that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    Local(String),
    Project { project: String, at: Option<String>, file: String },
    Remote { url: String, integrity: Option<String> },
    Artifact { job: String, path: String },
}

impl Wanted {
    /// The name that people read.
    pub fn shown(&self, origin: &Origin) -> String {
        match (self, origin) {
            (Self::Local(path), Origin::Project { project, .. }) => {
                format!("{project}:{}", path.trim_start_matches('/'))
            }
            (Self::Local(path), _) => path.trim_start_matches('/').to_owned(),
            (Self::Project { project, at, file }, _) => {
                let at = at.as_ref().map(|at| format!("@{at}")).unwrap_or_default();
                format!("{project}:{}{at}", file.trim_start_matches('/'))
            }
            (Self::Remote { url, .. }, _) => url.clone(),
            (Self::Artifact { job, path }, _) => format!("{job}:{path}"),
        }
    }
}

/// The text of a file, and where what it includes is looked for.
pub(super) fn read(
    files: &dyn Files,
    wanted: &Wanted,
    mark: Mark,
    origin: &Origin,
) -> Result<(String, Origin), Problem> {
    let shown = wanted.shown(origin);
    let refused = |why: String| Problem::error(mark, format!("`{shown}` cannot be included: {why}"));
    let missing = || Problem::error(mark, format!("there is no file `{shown}` to include"));
    let path_of = |path: &str| {
        let path = path.trim_start_matches('/');
        if path.split('/').any(|part| part == "..") {
            return Err(refused("it is outside of the repository".to_owned()));
        }
        if !is_yaml(path) {
            return Err(refused("its name does not end in `.yml` or `.yaml`".to_owned()));
        }
        Ok(path.to_owned())
    };
    match wanted {
        Wanted::Local(path) => {
            let path = path_of(path)?;
            let text = match origin {
                Origin::Here => files.read(&path),
                Origin::Project { project, at } => files.read_project(project, at.as_deref(), &path),
                Origin::Remote => Err("a file of another server can only include other `remote` files".to_owned()),
            };
            match text.map_err(refused)? {
                Some(text) => Ok((text, origin.clone())),
                None => Err(suggested(files, missing(), &path, origin)),
            }
        }
        Wanted::Project { project, at, file } => {
            let path = path_of(file)?;
            let text = files.read_project(project, at.as_deref(), &path).map_err(refused)?;
            let from = Origin::Project { project: project.clone(), at: at.clone() };
            text.map(|text| (text, from)).ok_or_else(missing)
        }
        Wanted::Remote { url, integrity } => {
            let text = files.read_remote(url, integrity.as_deref()).map_err(refused)?;
            Ok((text, Origin::Remote))
        }
        Wanted::Artifact { job, path } => {
            let text = files.read_artifact(job, path).map_err(refused)?;
            let missing = || Problem::error(mark, format!("the artifacts of `{job}` have no `{path}` to include"));
            text.map(|text| (text, Origin::Here)).ok_or_else(missing)
        }
    }
}

fn suggested(files: &dyn Files, problem: Problem, path: &str, origin: &Origin) -> Problem {
    if *origin != Origin::Here {
        return problem;
    }
    let paths = files.paths().unwrap_or_default();
    let close = keywords::closest(path, paths.iter().filter(|path| is_yaml(path)).map(String::as_str));
    problem.maybe_hint(close.map(|close| format!("did you mean `{close}`?")))
}

/// Only such files are included.
pub(super) fn is_yaml(path: &str) -> bool {
    [".yml", ".yaml"].iter().any(|end| path.ends_with(end))
}
