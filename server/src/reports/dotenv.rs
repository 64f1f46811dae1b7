//! `reports:dotenv`: variables that a job leaves to later ones (contracts/ci-yaml.md, part 6). As in GitLab a
//! line is `KEY=value` and nothing else: no blank lines, no comments, no quotes that mean something, nothing
//! that is expanded.

use super::ReportError;

/// Largest file, in bytes.
pub const MAX_SIZE: usize = 5 * 1024;
/// Most variables of a file, unless the server is told otherwise.
pub const MAX_VARIABLES: usize = 150;

/// The variables, in the order of their first lines. A key that stands twice has its last value. Space around
/// keys and values is left off; quotes are part of the value.
///
/// # Errors
/// The file is larger than [`MAX_SIZE`], is not UTF-8 or has more than `max_variables` keys; or a line is no
/// `KEY=value`, its key has others than ASCII letters, digits and `_`, or its value has control characters that
/// could be line ends.
pub fn parse(bytes: &[u8], max_variables: usize) -> Result<Vec<(String, String)>, ReportError> {
    if bytes.len() > MAX_SIZE {
        return Err(ReportError::TooLarge { size: bytes.len(), limit: MAX_SIZE });
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .map_err(|error| ReportError::at(bytes, error.valid_up_to(), "this is not UTF-8 (save the file as UTF-8)"))?;
    let mut variables: Vec<(String, String)> = Vec::new();
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let (key, value) = scan(line).map_err(|problem| ReportError::at(bytes, offset, problem))?;
        if let Some((_, before)) = variables.iter_mut().find(|(known, _)| known == key) {
            value.clone_into(before);
        } else if variables.len() == max_variables {
            return Err(ReportError::TooMany { what: "variables", limit: max_variables });
        } else {
            variables.push((key.to_owned(), value.to_owned()));
        }
        offset += line.len();
    }
    Ok(variables)
}

/// Key and value of a line. The problem never shows the value, which may be a secret.
fn scan(line: &str) -> Result<(&str, &str), String> {
    let line = line.trim();
    if line.is_empty() {
        return Err("blank lines are not allowed".to_owned());
    }
    if line.starts_with('#') {
        return Err("comments are not allowed".to_owned());
    }
    let Some((key, value)) = line.split_once('=') else { return Err("expected KEY=value".to_owned()) };
    let (key, value) = (key.trim(), value.trim());
    if key.is_empty() {
        return Err("the key before the = is missing".to_owned());
    }
    if !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        let shown: String = key.chars().take(100).collect();
        return Err(format!("the key `{}` has others than letters, digits and _", shown.escape_debug()));
    }
    if value.contains(['\r', '\0']) {
        return Err(format!("the value of {key} has more than one line"));
    }
    Ok((key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(text: &str) -> Vec<(String, String)> {
        parse(text.as_bytes(), MAX_VARIABLES).unwrap()
    }

    fn problem(text: &str) -> String {
        parse(text.as_bytes(), 3).unwrap_err().to_string()
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[test]
    fn values_are_literal() {
        let text = "A=1\r\n  B_2 = two words \nC='q'\nD=\"x\" # no comment\nE=$A=${B}\n_f=\nä=\n";
        let kept = text.strip_suffix("ä=\n").unwrap();
        let expected = [
            pair("A", "1"),
            pair("B_2", "two words"),
            pair("C", "'q'"),
            pair("D", "\"x\" # no comment"),
            pair("E", "$A=${B}"),
            pair("_f", ""),
        ];
        assert_eq!(variables(kept), expected);
        assert_eq!(variables("\u{feff}A=ä"), [pair("A", "ä")]);
        assert_eq!(variables(""), []);
        assert_eq!(
            parse(text.as_bytes(), 9).unwrap_err().to_string(),
            "line 7, byte 63: the key `ä` has others than letters, digits and _"
        );
    }

    #[test]
    fn the_last_of_a_key_counts_at_the_place_of_the_first() {
        assert_eq!(variables("A=1\nB=2\nA=3"), [pair("A", "3"), pair("B", "2")]);
    }

    #[test]
    fn problems_name_their_line() {
        assert_eq!(problem("A=1\n\nB=2"), "line 2, byte 4: blank lines are not allowed");
        assert_eq!(problem("A=1\n# B=2"), "line 2, byte 4: comments are not allowed");
        assert_eq!(problem("A=1\nsecret"), "line 2, byte 4: expected KEY=value");
        assert_eq!(problem("=1"), "line 1, byte 0: the key before the = is missing");
        assert_eq!(problem("A=1\rB=2"), "line 1, byte 0: the value of A has more than one line");
        assert_eq!(problem("export A=1"), "line 1, byte 0: the key `export A` has others than letters, digits and _");
        let bytes = parse(b"A=1\nB=\xff", 3).unwrap_err().to_string();
        assert_eq!(bytes, "line 2, byte 6: this is not UTF-8 (save the file as UTF-8)");
    }

    #[test]
    fn sizes_are_limited() {
        assert_eq!(problem("A=1\nB=1\nC=1\nA=2\nD=1"), "the file has more than 3 variables");
        let longest = format!("A={}", "x".repeat(MAX_SIZE - 2));
        assert_eq!(variables(&longest).len(), 1);
        assert_eq!(problem(&(longest + "x")), "the file has 5121 bytes, more than 5120");
    }

    proptest::proptest! {
        #[test]
        fn any_text_gives_sound_variables_or_an_error(text in "[A-Za-z_=# \\r\\n\"'ä$-]{0,200}") {
            for (key, value) in parse(text.as_bytes(), MAX_VARIABLES).unwrap_or_default() {
                proptest::prop_assert!(!key.is_empty() && !value.contains(['\r', '\n']));
                proptest::prop_assert_eq!(value.trim(), &value);
            }
        }

        #[test]
        fn any_bytes_are_fine(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = parse(&bytes, MAX_VARIABLES);
        }
    }
}
