//! Variables and inputs of a definition.

use serde::{Deserialize, Serialize};

/// One name and value, in the order in which they were defined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// The name.
    pub key: String,
    /// The value, not yet expanded.
    pub value: String,
    /// `expand: false`: the runner must not expand it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub raw: bool,
    /// Whether it is a secret: logs and explanations do not show it, and no keyword gets it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub masked: bool,
    /// Whether the job gets it in a file.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub file: bool,
}

impl Variable {
    /// A variable that may be expanded.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into(), raw: false, masked: false, file: false }
    }
}

/// A variable of the definition as the run form shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormVariable {
    /// The name.
    pub key: String,
    /// The value it has unless somebody gives another.
    pub value: String,
    /// What it is for.
    pub description: Option<String>,
    /// The values it may have; empty means any.
    #[serde(default)]
    pub options: Vec<String>,
}

/// The values of inputs, by name: strings, numbers, booleans or lists.
pub type Inputs = std::collections::BTreeMap<String, serde_json::Value>;

/// What an input holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputType {
    /// Text (the default).
    #[default]
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list.
    Array,
}

/// An input of the definition (`spec:inputs`) as the run form shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormInput {
    /// The name.
    pub name: String,
    /// What it holds.
    #[serde(default)]
    pub kind: InputType,
    /// The value it has unless somebody gives another; `None` means that somebody has to.
    #[serde(default)]
    pub default: Option<serde_json::Value>,
    /// What it is for.
    #[serde(default)]
    pub description: Option<String>,
    /// The values it may have; empty means any.
    #[serde(default)]
    pub options: Vec<serde_json::Value>,
    /// What a text has to look like, in the dialect of RE2.
    #[serde(default)]
    pub regex: Option<String>,
    /// The value it has in this run.
    pub value: serde_json::Value,
}
