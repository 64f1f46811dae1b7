//! Names with brackets, as forms and queries write what JSON nests: `scope[]=a`, `scope[0]=a`,
//! `filter[environment_scope]=x`, `variables[][key]=K`. Read as Rack does, which GitLab's clients are made for.

use serde_json::{Map, Value};

/// Brackets in one name; more is no parameter of anybody.
const DEEPEST: usize = 8;

/// Pairs of names and values as nested fields. A plain name that comes twice has its last value.
pub fn nest<N: AsRef<str>>(pairs: impl IntoIterator<Item = (N, Value)>) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in pairs {
        let (first, rest) = parts(name.as_ref());
        put(fields.entry(first).or_insert(Value::Null), &rest, value);
    }
    fields.values_mut().for_each(number);
    fields
}

/// What stands before the first bracket, and in each pair of brackets. A name whose brackets do not match, or of too
/// many of them, is a name like any other.
fn parts(name: &str) -> (String, Vec<&str>) {
    let whole = || (name.to_owned(), Vec::new());
    let Some(at) = name.find('[').filter(|at| *at > 0) else { return whole() };
    let (first, brackets) = name.split_at(at);
    let Some(inner) = brackets.strip_prefix('[').and_then(|text| text.strip_suffix(']')) else { return whole() };
    let rest: Vec<&str> = inner.split("][").collect();
    let is_plain = rest.len() <= DEEPEST && rest.iter().all(|part| !part.contains(['[', ']']));
    if is_plain { (first.to_owned(), rest) } else { whole() }
}

fn put(place: &mut Value, rest: &[&str], value: Value) {
    match rest {
        [] => *place = value,
        // An element of a list. One of several fields goes on until a field comes again.
        ["", inner @ ..] => {
            if !place.is_array() {
                *place = Value::Array(Vec::new());
            }
            let Value::Array(list) = place else { return };
            match inner {
                [key, ..] if !key.is_empty() => {
                    let is_open = list.last().is_some_and(|last| last.is_object() && last.get(key).is_none());
                    if !is_open {
                        list.push(Value::Object(Map::new()));
                    }
                    if let Some(last) = list.last_mut() {
                        put(last, inner, value);
                    }
                }
                _ => list.push(value),
            }
        }
        [key, inner @ ..] => {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            if let Value::Object(map) = place {
                put(map.entry((*key).to_owned()).or_insert(Value::Null), inner, value);
            }
        }
    }
}

/// Objects whose names are 0, 1, 2 … are lists.
fn number(value: &mut Value) {
    match value {
        Value::Array(list) => list.iter_mut().for_each(number),
        Value::Object(map) => {
            map.values_mut().for_each(number);
            if !map.is_empty() && (0..map.len()).all(|index| map.contains_key(&index.to_string())) {
                let list = (0..map.len()).filter_map(|index| map.remove(&index.to_string())).collect();
                *value = Value::Array(list);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(query: &str) -> Value {
        Value::Object(nest(form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name, Value::from(value)))))
    }

    #[test]
    fn brackets_nest() {
        for (query, expected) in [
            ("a=1&b=x", json!({"a": "1", "b": "x"})),
            ("a=1&a=2", json!({"a": "2"})),
            ("s[]=a&s[]=b", json!({"s": ["a", "b"]})),
            ("s%5B%5D=a", json!({"s": ["a"]})),
            ("s[1]=b&s[0]=a", json!({"s": ["a", "b"]})),
            ("s[1]=b&s[2]=a", json!({"s": {"1": "b", "2": "a"}})),
            ("f[environment_scope]=x%2F*", json!({"f": {"environment_scope": "x/*"}})),
            (
                "v[][key]=A&v[][value]=1&v[][key]=B&v[][value]=2",
                json!({"v": [{"key": "A", "value": "1"}, {"key": "B", "value": "2"}]}),
            ),
            ("v[0][key]=A&v[0][value]=1", json!({"v": [{"key": "A", "value": "1"}]})),
            ("v[A]=1&v[B]=2", json!({"v": {"A": "1", "B": "2"}})),
            ("a[=1&b]=2&[c]=3&d[e]f=4", json!({"a[": "1", "b]": "2", "[c]": "3", "d[e]f": "4"})),
        ] {
            assert_eq!(read(query), expected, "{query}");
        }
    }

    #[test]
    fn what_does_not_fit_together_breaks_nothing() {
        assert_eq!(read("a=1&a[b]=2"), json!({"a": {"b": "2"}}));
        assert_eq!(read("a[b]=2&a[]=3"), json!({"a": ["3"]}));
        assert_eq!(read("a[][]=1"), json!({"a": ["1"]}));
        let deep = format!("a{}", "[x]".repeat(1000));
        assert_eq!(read(&format!("{deep}=1")), json!({deep: "1"}));
    }
}
