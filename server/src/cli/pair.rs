//! Pairs on the command line: `-v NAME=VALUE`, `--include-project PROJECT=FOLDER`.

use std::path::PathBuf;
use std::str::FromStr;

/// `K=V`; the name is one that a shell can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyValue {
    /// The name.
    pub key: String,
    /// The value; may be empty.
    pub value: String,
}

impl FromStr for KeyValue {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let Some((key, value)) = text.split_once('=') else {
            return Err("a variable is given as NAME=VALUE".into());
        };
        let first = key.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        if !first || !key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return Err(format!("{key:?} is no variable name: letters, digits and '_', not a digit first"));
        }
        Ok(Self { key: key.into(), value: value.into() })
    }
}

impl From<KeyValue> for model::plan::Variable {
    fn from(pair: KeyValue) -> Self {
        Self::new(pair.key, pair.value)
    }
}

/// A project by its path, and the folder that stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProjectFolder {
    /// The path, as `group/name`.
    pub project: String,
    /// The folder.
    pub folder: PathBuf,
}

impl FromStr for ProjectFolder {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('=') {
            Some((project, folder)) if project.contains('/') && !folder.is_empty() => {
                Ok(Self { project: project.trim_matches('/').into(), folder: folder.into() })
            }
            _ => Err("a copy of a project is given as GROUP/NAME=FOLDER"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_of_projects_are_paths_and_folders() {
        let copy = |project: &str, folder: &str| Ok(ProjectFolder { project: project.into(), folder: folder.into() });
        assert_eq!("a/b=../c=d".parse(), copy("a/b", "../c=d"));
        assert_eq!("/a/b/c=.".parse(), copy("a/b/c", "."));
        for bad in ["a/b", "a=b", "a/b=", "=x", ""] {
            assert!(bad.parse::<ProjectFolder>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn variables_are_names_and_values() {
        let pair = |key: &str, value: &str| Ok(KeyValue { key: key.into(), value: value.into() });
        assert_eq!("A=b=c".parse(), pair("A", "b=c"));
        assert_eq!("_a1=".parse(), pair("_a1", ""));
        for bad in ["A", "=b", "1A=b", "A-B=c", ""] {
            assert!(bad.parse::<KeyValue>().is_err(), "{bad:?}");
        }
    }
}
