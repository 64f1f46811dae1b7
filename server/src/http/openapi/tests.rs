use std::collections::BTreeSet;

use app::prefs::Theme;

use super::*;

const URL: &str = "https://ci.example.org";

/// What is wrong with a value, as far as the document's own words go.
fn problems(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(path) = schema["$ref"].as_str() {
        return problems(document, document.pointer(&path[1..]).unwrap_or(&Value::Null), value, at);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let fits = choices.iter().any(|one| problems(document, one, value, at).is_empty());
        return if fits { Vec::new() } else { vec![format!("{at}: none of the choices fits {value}")] };
    }
    let mut found = Vec::new();
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{at}: no type {other}"),
    };
    let fits = match &schema["type"] {
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().any(|name| is(name.as_str().unwrap())),
        _ => true,
    };
    if !fits || schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        found.push(format!("{at}: {value} is none of it"));
    }
    if schema.get("const").is_some_and(|only| only != value) {
        found.push(format!("{at}: {value} is not {}", schema["const"]));
    }
    let number = value.as_f64().or_else(|| value.as_str().map(|text| text.chars().count() as f64));
    for (least, most) in [("minimum", "maximum"), ("minLength", "maxLength")] {
        let beyond = number.is_some_and(|number| {
            schema[least].as_f64().is_some_and(|bound| number < bound)
                || schema[most].as_f64().is_some_and(|bound| number > bound)
        });
        if beyond {
            found.push(format!("{at}: {value} is out of bounds"));
        }
    }
    for (i, one) in value.as_array().into_iter().flatten().enumerate() {
        found.extend(problems(document, &schema["items"], one, &format!("{at}[{i}]")));
    }
    if let Some(fields) = value.as_object() {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                found.push(format!("{at}: {name} is missing"));
            }
        }
        for (name, one) in fields {
            match schema["properties"].get(name) {
                Some(of) => found.extend(problems(document, of, one, &format!("{at}.{name}"))),
                None if schema["additionalProperties"] == false => found.push(format!("{at}: {name} is not known")),
                None => found.extend(problems(document, &schema["additionalProperties"], one, at)),
            }
        }
    }
    found
}

/// In what the answer to a request differs from what the document says of it.
pub fn problems_of(method: &str, path: &str, status: u16, body: &Value) -> Vec<String> {
    let document = document(URL);
    let response = &document["paths"][path.replace("{*", "{")][method.to_lowercase()]["responses"][status.to_string()];
    let at = format!("{method} {path}: {status}");
    if response.is_null() {
        return vec![format!("{at} is not documented")];
    }
    match &response["content"]["application/json"]["schema"] {
        // A file, which may be empty, or nothing.
        Value::Null if response["content"].is_null() && !body.is_null() => vec![format!("{at}: there is {body}")],
        Value::Null => Vec::new(),
        schema => problems(&document, schema, body, &at),
    }
}

#[test]
fn the_document_is_what_it_was() {
    let mut document = document(URL);
    document["info"]["version"] = "[version]".into();
    // A line for each operation and each component: as a whole it would be fifty thousand.
    let mut lines = Vec::new();
    for part in ["paths", "components"] {
        for (name, group) in document[part].take().as_object().unwrap() {
            lines.extend(group.as_object().unwrap().iter().map(|(of, one)| format!("{name} {of}: {one}")));
        }
    }
    lines.insert(0, document.to_string());
    insta::assert_snapshot!(lines.join("\n"));
}

/// Every value of the document with its place.
fn walk(value: &Value, at: &str, see: &mut impl FnMut(&str, &Value)) {
    see(at, value);
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, one)| walk(one, &format!("{at}/{name}"), see)),
        Value::Array(list) => list.iter().enumerate().for_each(|(i, one)| walk(one, &format!("{at}/{i}"), see)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere_and_everything_is_used() {
    let document = document(URL);
    let mut used = BTreeSet::new();
    walk(&document, "", &mut |at, value| {
        if let Some(path) = value["$ref"].as_str() {
            assert!(document.pointer(&path[1..]).is_some(), "{at}: {path}");
            used.insert(path[1..].to_owned());
        }
    });
    for kind in ["schemas", "parameters", "headers", "responses"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            // Lines of a file have no schema in their answer.
            let is_used = used.contains(&format!("/components/{kind}/{name}")) || name == "AuditEntry";
            assert!(is_used, "{kind}/{name} is not used");
        }
    }
}

#[test]
fn every_operation_is_whole() {
    let document = document(URL);
    let tags: BTreeSet<&str> =
        document["tags"].as_array().unwrap().iter().filter_map(|tag| tag["name"].as_str()).collect();
    let mut ids = BTreeSet::new();
    let mut count = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let place = format!("{method} {path}");
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{place} has no name"));
            assert!(ids.insert(id.to_owned()), "{place}: {id} is taken");
            assert!(tags.contains(operation["tags"][0].as_str().unwrap()), "{place}");
            assert!(!operation["summary"].as_str().unwrap().is_empty(), "{place}");
            let responses = operation["responses"].as_object().unwrap();
            assert!(responses.keys().any(|status| status.starts_with('2')) || id == "runner_register", "{place}");
            let named: Vec<&str> = path.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect();
            let parameters = operation["parameters"].as_array().unwrap();
            let given: Vec<&str> = parameters
                .iter()
                .filter(|one| one["in"] == "path")
                .map(|one| {
                    assert!(!one["schema"]["examples"][0].is_null(), "{place}: {} has no example", one["name"]);
                    one["name"].as_str().unwrap()
                })
                .collect();
            assert_eq!(named, given, "{place}");
            count += 1;
        }
    }
    assert_eq!(count, operations().len(), "two operations have one address");
}

#[test]
fn every_example_fits_its_schema() {
    let document = document(URL);
    let mut wrong = Vec::new();
    let mut count = 0;
    walk(&document, "", &mut |at, value| {
        if let (Some(example), Some(schema)) = (value.get("example"), value.get("schema")) {
            wrong.extend(problems(&document, schema, example, at));
            count += 1;
        }
        let is_schema = at.contains("schema") && !at.ends_with("properties");
        for example in value["examples"].as_array().into_iter().flatten().filter(|_| is_schema) {
            wrong.extend(problems(&document, value, example, at));
            count += 1;
        }
    });
    assert!(count > 200, "{count}");
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn bug_one_answer_had_no_example() {
    let document = document(URL);
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap().iter();
            for (status, response) in responses.filter(|(status, _)| status.starts_with('2')) {
                let content = &response["content"]["application/json"];
                let is_shown = content.is_null() || content.get("example").is_some();
                assert!(is_shown, "{method} {path}: {status} has no example");
            }
        }
    }
}

#[test]
fn the_check_itself_finds_what_is_wrong() {
    let document = document(URL);
    let good = document["components"]["schemas"]["Why"]["examples"][0].clone();
    let schema = &document["components"]["schemas"]["Why"];
    assert!(problems(&document, schema, &good, "").is_empty());
    for (field, value) in
        [("status", json!("banana")), ("answer", json!(1)), ("because", json!([{}])), ("more", json!(1))]
    {
        let mut bad = good.clone();
        bad[field] = value;
        assert!(!problems(&document, schema, &bad, "").is_empty(), "{bad}");
    }
}

#[test]
fn types_are_read() {
    use words::kind;
    assert_eq!(kind("int 1..100 := 20"), json!({"type": "integer", "minimum": 1, "maximum": 100, "default": 20}));
    assert_eq!(kind("text? = 7"), json!({"type": ["string", "null"], "examples": ["7"]}));
    assert_eq!(kind("a|b?"), json!({"type": ["string", "null"], "enum": ["a", "b", null]}));
    assert_eq!(kind("[Job]"), json!({"type": "array", "items": {"$ref": "#/components/schemas/Job"}}));
    assert_eq!(kind("Job?"), json!({"anyOf": [{"$ref": "#/components/schemas/Job"}, {"type": "null"}]}));
}

#[test]
fn the_page_shows_everything_and_no_markup_of_others() {
    let mut document = document("https://ci.example.org/\"><script>alert(1)</script>");
    document["info"]["description"] = "<b>`code`</b> & more".into();
    let page = page::html(&document, Theme::Dark);
    assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains(" style="));
    assert!(page.contains("&lt;b&gt;<code>code</code>&lt;/b&gt; &amp; more"));
    assert!(page.contains("data-theme=\"dark\"") && page.contains("/weir.css\""));
    for operation in all() {
        let id = operation.body["operationId"].as_str().unwrap();
        assert!(page.contains(&format!("<article id=\"{id}\">")), "{id}");
    }
    for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.contains(&format!("id=\"{link}\"")), "{link}");
    }
}
