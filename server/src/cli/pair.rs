//! `-v NAME=VALUE`.

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

#[cfg(test)]
mod tests {
    use super::*;

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
