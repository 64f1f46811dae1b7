use base64::engine::general_purpose::URL_SAFE;
use proptest::prelude::*;

use super::*;

/// Whether a log that has `text` in it shows it.
fn is_found(value: &str, text: &str) -> bool {
    forms(value).iter().any(|form| text.contains(form))
}

#[test]
fn gitlab_s_rule_for_values_that_are_expanded() {
    for good in
        ["s3cret-value", "glpat-0123abcd", "aB3_+=/@:.~-", "MIIEpAIBAAKCAQEA", "https://u:p@host", "correct-horse"]
    {
        assert_eq!(check(good, Rule::Expanded), Ok(()), "{good}");
    }
    for (bad, reason) in [
        ("", Unmaskable::TooShort),
        ("s3cret7", Unmaskable::TooShort),
        ("two words", Unmaskable::Space),
        ("line one\nline two", Unmaskable::SeveralLines),
        ("with-cr-\r", Unmaskable::SeveralLines),
        ("pa$$word-9", Unmaskable::Character),
        ("schlüssel-9", Unmaskable::Character),
        ("aaaaaaaaaaaa", Unmaskable::Monotonous),
        ("0101010101010", Unmaskable::Monotonous),
        ("12345678", Unmaskable::Monotonous),
        ("hgfedcba", Unmaskable::Monotonous),
        ("20260305", Unmaskable::FewDigits),
        ("Password", Unmaskable::CommonWord),
        ("production", Unmaskable::CommonWord),
    ] {
        assert_eq!(check(bad, Rule::Expanded), Err(reason), "{bad:?}");
    }
    assert_eq!(check("2026030517", Rule::Expanded), Ok(()));
}

#[test]
fn raw_values_may_have_any_character_but_space() {
    for good in ["pa$$word-9", "schlüssel-9", "{\"a\":\"b\"}", "a`b'c\"d<e>"] {
        assert_eq!(check(good, Rule::Raw), Ok(()), "{good}");
    }
    assert_eq!(check("two words", Rule::Raw), Err(Unmaskable::Space));
    assert_eq!(check("one\u{a0}two-3", Rule::Raw), Err(Unmaskable::Space));
    assert_eq!(check("ключ", Rule::Raw), Err(Unmaskable::TooShort), "eight bytes, four characters");
}

#[test]
fn files_are_masked_by_their_lines() {
    let key = "-----BEGIN KEY-----\nMIIEpAIBAAKCAQEA7\nxyz\n-----END KEY-----\n";
    assert_eq!(check(key, Rule::Lines), Ok(()));
    assert_eq!(check("a\nb\nc\n", Rule::Lines), Err(Unmaskable::NoLongLine));
    assert_eq!(check("\n\n", Rule::Lines), Err(Unmaskable::TooShort));
    assert_eq!(check("password\n", Rule::Lines), Err(Unmaskable::CommonWord));
    assert!(is_found(key, "> MIIEpAIBAAKCAQEA7 <") && !is_found(key, "> xyz <"));
    assert!(is_found(key, &serde_json::to_string(key.trim()).unwrap()));
}

#[test]
fn the_usual_tools_print_what_is_found() {
    let value = "p&ss/w\"rd <1> ü";
    for printed in [
        "p&ss/w\"rd <1> ü",
        "p%26ss%2Fw%22rd%20%3C1%3E%20%C3%BC",
        "p%26ss/w%22rd%20%3C1%3E%20%C3%BC",
        "p%26ss%2fw%22rd%20%3c1%3e%20%c3%bc",
        "p%26ss%2Fw%22rd+%3C1%3E+%C3%BC",
        "p&ss/w\\\"rd <1> ü",
        "p&ss/w\\\"rd <1> \\u00fc",
        "p&ss\\/w\\\"rd <1> \\u00fc",
        "p\\u0026ss/w\\\"rd \\u003c1\\u003e ü",
        "cCZzcy93InJkIDwxPiDDvA==",
        "cCZzcy93InJkIDwxPiDDvA",
        "cCZzcy93InJkIDwxPiDDvAo=",
    ] {
        assert!(is_found(value, &format!("x{printed}y")), "{printed}");
    }
}

#[test]
fn base64_of_many_lines_is_found_line_by_line() {
    let key = (0..12).map(|n| format!("MIIEpAIBAAKCAQEA{n}xYz{n}\n")).collect::<Vec<_>>().concat();
    for width in [64, 76] {
        let encoded = STANDARD.encode(&key);
        let lines: Vec<&str> =
            encoded.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
        for line in &lines[..lines.len() - 1] {
            assert!(is_found(&key, line), "{line}");
        }
    }
}

#[test]
fn a_plain_value_has_no_forms() {
    assert!(forms("true").is_empty() && forms("password").is_empty() && forms("11111111").is_empty());
    let longest_first = forms("s3cret-value");
    assert!(longest_first.windows(2).all(|pair| pair[0].len() >= pair[1].len()));
    assert!(longest_first.iter().all(|form| form.len() >= MIN_PIECE));
}

proptest! {
    #[test]
    fn base64_is_found_wherever_the_value_stands(
        value in "[!-~]{8,40}", before in prop::collection::vec(any::<u8>(), 0..7), after in prop::collection::vec(any::<u8>(), 0..7)
    ) {
        prop_assume!(tell_apart(&value).is_ok());
        let text = [&before, value.as_bytes(), &after].concat();
        for encoded in [STANDARD.encode(&text), STANDARD_NO_PAD.encode(&text), URL_SAFE.encode(&text)] {
            prop_assert!(is_found(&value, &encoded), "{value} in {encoded}");
        }
    }

    #[test]
    fn no_form_is_short_and_any_text_has_forms_or_none(value in "\\PC{0,60}|[a-z\\n ]{0,60}") {
        for form in forms(&value) {
            prop_assert!(form.len() >= MIN_PIECE, "{form}");
        }
    }
}

/// What shells make of a value, as they print it.
#[test]
fn the_forms_of_shells_are_found() {
    let value = r#"it's-a"se\cret$9~x=~y"#;
    for (shell, script) in [
        ("bash", "set -x; : \"$V\""),
        ("sh", "set -x; : \"$V\""),
        ("bash", "printf %q \"$V\""),
        ("bash", "printf %q \"$V\nand a line\""),
        ("bash", "printf %q \"#$V\""),
        ("bash", "V=\"#$V\"; set -x; : \"$V\""),
    ] {
        let output = std::process::Command::new(shell).args(["-c", script]).env("V", value).output().unwrap();
        let shown = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(is_found(value, &shown), "{shell} {script}: {shown}");
    }
    for quoted in [r#"'it'\''s-a"se\cret$9~x=~y'"#, r#"it\'s-a\"se\\cret\$9~x=~y"#, r#"'it'"'"'s-a"se\cret$9~x=~y'"#] {
        assert!(is_found(value, quoted), "{quoted}");
    }
    assert!(is_found("~it's-home", r"\~it\'s-home"));
}
