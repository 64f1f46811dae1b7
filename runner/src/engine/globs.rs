//! Which files a pattern of `paths` or `exclude` means.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use globset::{GlobBuilder, GlobMatcher};

/// A pattern of the language: a path, or a glob as doublestar reads it.
pub(super) struct Pattern {
    /// The folder or file before the first wildcard.
    base: PathBuf,
    /// The whole pattern; none when there is no wildcard.
    glob: Option<GlobMatcher>,
    /// What stands before a `/**` at the end, which means the folder itself too.
    folder: Option<GlobMatcher>,
}

impl Pattern {
    /// Reads a pattern; what leads out of `root` is none.
    pub(super) fn new(root: &Path, pattern: &str) -> Result<Self, String> {
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
        let compile = |text: &str| {
            let glob = GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build();
            glob.map(|glob| glob.compile_matcher()).map_err(|error| error.kind().to_string())
        };
        let text = parts.join("/");
        let glob = wild.map(|_| compile(&text)).transpose()?;
        let folder = text.strip_suffix("/**").map(compile).transpose()?;
        Ok(Self { base, glob, folder })
    }

    /// Whether it means `file` itself; being in a folder that it means is not enough.
    pub(super) fn is_match(&self, file: &Path) -> bool {
        match &self.glob {
            None => file == self.base,
            Some(glob) => glob.is_match(file) || self.folder.as_ref().is_some_and(|folder| folder.is_match(file)),
        }
    }

    /// Adds the files, links and folders below `root` that it means, relative to it. Folders are taken
    /// with all that is in them, links are not followed, `.git` is left out.
    pub(super) fn walk(&self, root: &Path, files: &mut BTreeSet<PathBuf>) {
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
        let taken = taken || self.is_match(relative);
        // The project's folder itself is no part of itself.
        if meta.is_dir() {
            if taken && !relative.as_os_str().is_empty() {
                files.insert(relative.to_owned());
            }
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

    /// What the patterns of `paths` mean, without what those of `exclude` mean.
    fn names(root: &Path, paths: &[&str], exclude: &[&str]) -> Vec<String> {
        let mut files = BTreeSet::new();
        for path in paths {
            Pattern::new(root, path).unwrap().walk(root, &mut files);
        }
        let exclude: Vec<Pattern> = exclude.iter().map(|path| Pattern::new(root, path).unwrap()).collect();
        files.retain(|file| !exclude.iter().any(|pattern| pattern.is_match(file)));
        files.iter().map(|file| file.display().to_string()).collect()
    }

    #[test]
    fn patterns_mean_what_they_mean_in_gitlab() {
        let dir = tree();
        let root = dir.path();
        let absolute = format!("{}/a.txt", root.display());
        let deep = ["out/deep", "out/deep/c.log", "out/deep/c.txt"];
        let out = ["out", "out/b.txt", "out/deep", "out/deep/c.log", "out/deep/c.txt"];
        for (paths, exclude, want) in [
            (&["out"][..], &[][..], &out[..]),
            (&["out/"], &["out/**/*.log"], &["out", "out/b.txt", "out/deep", "out/deep/c.txt"]),
            (&["*.txt"], &[], &["a.txt"]),
            (&["**/*.txt"], &[], &["a.txt", "out/b.txt", "out/deep/c.txt", "sub/d.txt"]),
            (&["out/**"], &[], &out),
            (&["o?t/{b,x}.txt"], &[], &["out/b.txt"]),
            // A bare folder excludes itself alone; with `/**` all that is in it goes too.
            (&["out/*"], &["out/deep"], &["out/b.txt", "out/deep/c.log", "out/deep/c.txt"]),
            (&["out/*"], &["out/deep/**"], &["out/b.txt"]),
            (&["."], &["out/**", "sub/**"], &["a.txt", "etc"]),
            (&["out/deep"], &["out"], &deep),
            (&[&absolute], &[], &["a.txt"]),
        ] {
            assert_eq!(names(root, paths, exclude), want, "{paths:?} without {exclude:?}");
        }
    }

    #[test]
    fn nothing_outside_the_project_is_taken() {
        let dir = tree();
        for path in ["etc/passwd", "etc/*", "missing"] {
            assert_eq!(names(dir.path(), &[path], &[]), [""; 0], "{path}");
        }
        for path in ["../x", "/etc/passwd", "out/../../x", "["] {
            assert!(Pattern::new(dir.path(), path).is_err(), "{path}");
        }
    }
}
