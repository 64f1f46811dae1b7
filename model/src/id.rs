//! Identifiers. Each is parsed once, at the edge, and never becomes a path or a piece of SQL.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A number that counts commits which changed something visible. Objects carry the `Seq` of their
/// last change as their version; 0 is "before everything".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub i64);

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Why a text is no identifier of the wanted kind; fits after "failed to read the id: ".
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not a positive decimal number that fits into 63 bits.
    #[error("{0:?} is not a positive whole number")]
    Number(String),
    /// Not 32 lower-case hexadecimal digits.
    #[error("a uid is 32 lower-case hexadecimal digits")]
    Uid,
    /// A key that is empty, too long or has control characters.
    #[error("a key has 1 to 255 characters and no control characters")]
    Key,
    /// A project path that is not `namespace/name`.
    #[error(
        "a project path is namespace/name, of letters, digits, '_', '-' and '.', each part starting with a letter or digit"
    )]
    Path,
}

macro_rules! numeric_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                match text.parse::<i64>() {
                    Ok(n) if n > 0 && text.bytes().all(|b| b.is_ascii_digit()) => Ok(Self(n)),
                    _ => Err(IdError::Number(text.chars().take(40).collect())),
                }
            }
        }
    };
}

numeric_id!(
    /// A project; one number space for the instance.
    ProjectId
);
numeric_id!(
    /// A pipeline (a definition).
    PipelineId
);
numeric_id!(
    /// A run; one number space for the instance (the per-pipeline counter is `Run::number`).
    RunId
);
numeric_id!(
    /// A job: one attempt at one job of a run.
    JobId
);
numeric_id!(
    /// A CI/CD variable.
    CiVariableId
);
numeric_id!(
    /// An environment of a project.
    EnvironmentId
);
numeric_id!(
    /// A schedule of a project.
    ScheduleId
);
numeric_id!(
    /// A runner, known by its token.
    RunnerId
);
numeric_id!(
    /// A user.
    UserId
);
numeric_id!(
    /// A login session.
    SessionId
);
numeric_id!(
    /// A token: its number, which is no secret.
    TokenId
);
numeric_id!(
    /// A pair of keys that requests are signed with.
    AccessKeyId
);
numeric_id!(
    /// An entry of the audit log.
    AuditId
);

/// 32 lower-case hexadecimal digits: the opaque name of an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Uid(String);

impl Uid {
    /// The uid that 16 random bytes spell.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        use fmt::Write as _;
        let mut text = String::with_capacity(32);
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Uid {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let good = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if good { Ok(Self(text.to_owned())) } else { Err(IdError::Uid) }
    }
}

impl TryFrom<String> for Uid {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Uid> for String {
    fn from(uid: Uid) -> Self {
        uid.0
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name by which people and scripts call a pipeline, such as `pipe_check_dao`: 1 to 255
/// characters without control characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PipelineKey(String);

impl PipelineKey {
    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PipelineKey {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let length = text.chars().count();
        if (1..=255).contains(&length) && !text.chars().any(char::is_control) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError::Key)
        }
    }
}

impl TryFrom<String> for PipelineKey {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<PipelineKey> for String {
    fn from(key: PipelineKey) -> Self {
        key.0
    }
}

impl fmt::Display for PipelineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// `namespace/name`; the namespace may itself have several parts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProjectPath(String);

impl ProjectPath {
    /// The whole path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the last slash.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// What stands before the last slash.
    pub fn namespace(&self) -> &str {
        self.0.rsplit_once('/').map_or("", |(namespace, _)| namespace)
    }
}

impl FromStr for ProjectPath {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        let part = |part: &str| {
            part.len() <= 100
                && part.starts_with(|c: char| c.is_ascii_alphanumeric())
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        };
        if text.contains('/') && text.len() <= 255 && text.split('/').all(part) {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdError::Path)
        }
    }
}

impl TryFrom<String> for ProjectPath {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<ProjectPath> for String {
    fn from(path: ProjectPath) -> Self {
        path.0
    }
}

impl fmt::Display for ProjectPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_positive_plain_decimals() {
        assert_eq!("17".parse(), Ok(RunId(17)));
        for bad in ["0", "-1", "+1", "1 ", "1e3", "", "99999999999999999999", "../1"] {
            assert!(bad.parse::<RunId>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn keys_refuse_what_could_hurt() {
        assert!("pipe_check_dao".parse::<PipelineKey>().is_ok());
        assert!("测试 with / and space".parse::<PipelineKey>().is_ok());
        for bad in [String::new(), "a\nb".into(), "a\0".into(), "x".repeat(256)] {
            assert!(bad.parse::<PipelineKey>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn project_paths_are_namespace_and_name() {
        let path: ProjectPath = "team/sub/shop".parse().unwrap();
        assert_eq!((path.namespace(), path.name()), ("team/sub", "shop"));
        for bad in ["shop", "/shop", "team/", "team/../x", "a b/c", "-a/b", "a//b"] {
            assert!(bad.parse::<ProjectPath>().is_err(), "{bad:?}");
        }
    }
}
