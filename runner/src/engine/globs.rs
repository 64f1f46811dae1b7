//! Which files `artifacts:paths` means.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use globset::{GlobBuilder, GlobMatcher};

/// What a pattern found.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub pattern: String,
    pub count: usize,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// The files and links below `root` that the patterns mean, relative to it and in order. Folders are
/// taken with all that is in them, links are not followed, `.git` is left out.
pub(super) fn collect(root: &Path, paths: &[String], exclude: &[String]) -> (BTreeSet<PathBuf>, Vec<Found>) {
    let mut files = BTreeSet::new();
    let mut report = Vec::new();
    for pattern in paths {
        let mut found = Found { pattern: pattern.clone(), count: 0, problem: None };
        match Pattern::new(root, pattern) {
            Ok(pattern) => {
                let before = files.len();
                pattern.walk(root, &mut files);
                found.count = files.len() - before;
            }
            Err(problem) => found.problem = Some(problem),
        }
        report.push(found);
    }
    let excluded: Vec<Pattern> = exclude.iter().filter_map(|pattern| Pattern::new(root, pattern).ok()).collect();
    files.retain(|file| !excluded.iter().any(|pattern| pattern.matches(file)));
    (files, report)
}

struct Pattern {
    /// The folder or file before the first wildcard.
    base: PathBuf,
    /// The whole pattern; none when there is no wildcard.
    glob: Option<GlobMatcher>,
}

impl Pattern {
    fn new(root: &Path, pattern: &str) -> Result<Self, String> {
        // A path that names the project's folder itself means the same without it.
        let relative = Path::new(pattern);
        let relative = if relative.is_absolute() {
            relative.strip_prefix(root).map_err(|_| "it is outside the project's folder".to_owned())?
        } else {
            relative
        };
        let mut parts: Vec<&str> = Vec::new();
        for part in relative.components() {
            match part {
                Component::Normal(part) => parts.push(part.to_str().ok_or("it is not UTF-8")?),
                Component::ParentDir => {
                    parts.pop().ok_or("it is outside the project's folder")?;
                }
                Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
            }
        }
        let wild = parts.iter().position(|part| part.contains(['*', '?', '[', '{', '\\']));
        let base = parts[..wild.unwrap_or(parts.len())].iter().collect();
        let glob = if wild.is_some() {
            let glob = GlobBuilder::new(&parts.join("/")).literal_separator(true).backslash_escape(true).build();
            Some(glob.map_err(|error| error.kind().to_string())?.compile_matcher())
        } else {
            None
        };
        Ok(Self { base, glob })
    }

    /// Whether it means `file`, by itself or as part of a folder.
    fn matches(&self, file: &Path) -> bool {
        match &self.glob {
            None => file.starts_with(&self.base),
            Some(glob) => file.ancestors().any(|path| !path.as_os_str().is_empty() && glob.is_match(path)),
        }
    }

    fn walk(&self, root: &Path, files: &mut BTreeSet<PathBuf>) {
        // What is reached through a link is somewhere else.
        let mut path = root.to_owned();
        for part in self.base.components() {
            if path != root && fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_symlink()) {
                return;
            }
            path.push(part);
        }
        self.visit(root, &self.base, self.glob.is_none(), files);
    }

    fn visit(&self, root: &Path, relative: &Path, taken: bool, files: &mut BTreeSet<PathBuf>) {
        if relative.file_name().is_some_and(|name| name == ".git") {
            return;
        }
        let Ok(meta) = fs::symlink_metadata(root.join(relative)) else { return };
        let taken = taken || self.glob.as_ref().is_some_and(|glob| glob.is_match(relative));
        if meta.is_dir() {
            for entry in fs::read_dir(root.join(relative)).into_iter().flatten().flatten() {
                self.visit(root, &relative.join(entry.file_name()), taken, files);
            }
        } else if taken && (meta.is_file() || meta.is_symlink()) {
            files.insert(relative.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for file in ["a.txt", "out/b.txt", "out/deep/c.txt", "out/deep/c.log", ".git/config", "sub/.git/x", "sub/d.txt"]
        {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, file).unwrap();
        }
        std::os::unix::fs::symlink("/etc", dir.path().join("etc")).unwrap();
        dir
    }

    fn names(root: &Path, paths: &[&str], exclude: &[&str]) -> Vec<String> {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let (files, _) = collect(root, &owned(paths), &owned(exclude));
        files.iter().map(|file| file.display().to_string()).collect()
    }

    #[test]
    fn patterns_mean_what_they_mean_in_gitlab() {
        let dir = tree();
        let root = dir.path();
        assert_eq!(names(root, &["out"], &[]), ["out/b.txt", "out/deep/c.log", "out/deep/c.txt"]);
        assert_eq!(names(root, &["out/"], &["out/**/*.log"]), ["out/b.txt", "out/deep/c.txt"]);
        assert_eq!(names(root, &["*.txt"], &[]), ["a.txt"]);
        assert_eq!(names(root, &["**/*.txt"], &[]), ["a.txt", "out/b.txt", "out/deep/c.txt", "sub/d.txt"]);
        assert_eq!(names(root, &["out/*"], &["out/deep"]), ["out/b.txt"]);
        assert_eq!(names(root, &["o?t/{b,x}.txt"], &[]), ["out/b.txt"]);
        assert_eq!(names(root, &["."], &["out", "sub"]), ["a.txt", "etc"]);
        assert_eq!(names(root, &[&format!("{}/a.txt", root.display())], &[]), ["a.txt"]);
    }

    #[test]
    fn nothing_outside_the_project_is_taken() {
        let dir = tree();
        let paths = ["../x", "/etc/passwd", "out/../../x", "etc/passwd", "etc/*", "[", "missing"].map(str::to_owned);
        let (files, report) = collect(dir.path(), &paths, &[]);
        assert!(files.is_empty(), "{files:?}");
        let problems: Vec<bool> = report.iter().map(|found| found.problem.is_some()).collect();
        assert_eq!(problems, [true, true, true, false, false, true, false]);
    }
}
