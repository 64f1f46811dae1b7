//! Fields of a body, each of the type that the vendor documents. Null is as good as absent: that is how its SDKs leave
//! something out.

use model::Timestamp;
use serde_json::{Map, Value};

use super::Refused;
use crate::clock;

/// The fields of an object.
#[derive(Clone, Debug, Default)]
pub struct Fields(pub Map<String, Value>);

impl Fields {
    /// A field that says something.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A text; an empty one is as good as none.
    pub fn text(&self, name: &str) -> Result<Option<&str>, Refused> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(_) => Err(Refused::invalid(format!("{name} must be a text"))),
        }
    }

    /// A list of texts; an empty one is as good as none.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Refused> {
        let wrong = || Refused::invalid(format!("{name} must be a list of texts"));
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(list)) => {
                let read = list.iter().map(|one| one.as_str().map(str::to_owned).ok_or_else(wrong));
                Ok(Some(read.collect::<Result<Vec<_>, _>>()?).filter(|list| !list.is_empty()))
            }
            Some(_) => Err(wrong()),
        }
    }

    /// A truth value.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Refused> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(*truth)),
            Some(_) => Err(Refused::invalid(format!("{name} must be true or false"))),
        }
    }

    /// A whole number, at least 0, or its digits.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Refused> {
        let number = match self.value(name) {
            None => return Ok(None),
            Some(Value::Number(number)) => number.as_u64(),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())),
            Some(_) => None,
        };
        number.map(Some).ok_or_else(|| Refused::invalid(format!("{name} must be a whole number, at least 0")))
    }

    /// A point in time: `2026-03-05 17:15:02` or a day where the server is, or milliseconds since 1970.
    pub fn time(&self, name: &str) -> Result<Option<Timestamp>, Refused> {
        let wrong = || Refused::invalid(format!("{name} must be a time such as 2026-03-05 17:15:02"));
        match self.value(name) {
            None => Ok(None),
            Some(Value::Number(number)) => number.as_i64().map(|ms| Some(Timestamp(ms))).ok_or_else(wrong),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().map(|ms| Some(Timestamp(ms))).map_err(|_| wrong())
            }
            Some(Value::String(text)) => clock::zone().parse(text).map(Some).ok_or_else(wrong),
            Some(_) => Err(wrong()),
        }
    }

    /// An object; an empty one when there is none.
    pub fn object(&self, name: &str) -> Result<Fields, Refused> {
        match self.value(name) {
            None => Ok(Self::default()),
            Some(Value::Object(fields)) => Ok(Self(fields.clone())),
            Some(_) => Err(Refused::invalid(format!("{name} must be an object"))),
        }
    }

    /// A part of a list: where it begins, and how many entries it has at most; 10 unless the client says otherwise, never
    /// more than 100.
    pub fn part(&self) -> Result<(u64, u32), Refused> {
        let offset = self.number("offset")?.unwrap_or(0);
        let limit = self.number("limit")?.filter(|limit| *limit > 0).unwrap_or(10);
        Ok((offset, u32::try_from(limit).unwrap_or(u32::MAX).min(100)))
    }

    /// Whether `sort_dir` says the smallest first; `None` when it says nothing.
    pub fn ascending(&self) -> Result<Option<bool>, Refused> {
        match self.text("sort_dir")? {
            None => Ok(None),
            Some(word) if word.eq_ignore_ascii_case("asc") => Ok(Some(true)),
            Some(word) if word.eq_ignore_ascii_case("desc") => Ok(Some(false)),
            Some(_) => Err(Refused::invalid("sort_dir must be asc or desc")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_of_their_types() {
        let Value::Object(map) = json!({
            "t": "x", "e": "", "n": null, "l": ["a"], "b": true, "i": 7, "d": "8", "m": -1,
            "at": "2023-01-29 11:19:59", "ms": 1674962399000_i64, "digits": "1674962399000", "o": {"t": "y"},
        }) else {
            unreachable!()
        };
        let fields = Fields(map);
        assert_eq!(
            (fields.text("t").unwrap(), fields.text("e").unwrap(), fields.text("n").unwrap()),
            (Some("x"), None, None)
        );
        assert_eq!(fields.texts("l").unwrap(), Some(vec!["a".to_owned()]));
        assert_eq!(
            (fields.flag("b").unwrap(), fields.number("i").unwrap(), fields.number("d").unwrap()),
            (Some(true), Some(7), Some(8))
        );
        let at = Some(Timestamp(1_674_962_399_000));
        for name in ["at", "ms", "digits"] {
            assert_eq!(fields.time(name).unwrap(), at, "{name}");
        }
        assert_eq!(fields.object("o").unwrap().text("t").unwrap(), Some("y"));
        assert!(fields.text("i").is_err() && fields.texts("t").is_err() && fields.flag("t").is_err());
        assert!(fields.number("m").is_err() && fields.number("t").is_err() && fields.time("t").is_err());
    }
}
