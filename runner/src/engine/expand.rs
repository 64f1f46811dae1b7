//! Go's `os.Expand`, to the letter: what GitLab's runner does with the values of variables.

/// Replaces `$name` and `${name}` by what `value_of` gives, once; what is put in is not looked at.
pub(crate) fn expand(text: &str, value_of: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if after.is_empty() {
            out.push('$');
            return out;
        }
        let (name, width) = name(after);
        match (name, width) {
            // `${}` and `${` without an end are eaten.
            ("", 1..) => {}
            ("", _) => out.push('$'),
            (name, _) => out.push_str(&value_of(name)),
        }
        rest = &after[width..];
    }
    out.push_str(rest);
    out
}

/// The name at the beginning of `text`, and how much of the text belongs to the reference.
fn name(text: &str) -> (&str, usize) {
    let bytes = text.as_bytes();
    let special = |byte: u8| b"*#$@!?-0123456789".contains(&byte);
    if bytes[0] == b'{' {
        if bytes.len() > 2 && special(bytes[1]) && bytes[2] == b'}' {
            return (&text[1..2], 3);
        }
        return match text.find('}') {
            Some(1) => ("", 2),
            Some(end) => (&text[1..end], end + 1),
            None => ("", 1),
        };
    }
    if special(bytes[0]) {
        return (&text[..1], 1);
    }
    let end = bytes.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').unwrap_or(bytes.len());
    (&text[..end], end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expansion_is_that_of_go() {
        let value_of = |name: &str| match name {
            "A" => "$B".to_owned(),
            "B_1" => "b".to_owned(),
            "$" => "$".to_owned(),
            _ => String::new(),
        };
        for (text, want) in [
            ("x$A-y", "x$B-y"),
            ("${B_1}${B_1}", "bb"),
            ("$B_1.", "b."),
            ("$$A", "$A"),
            ("$", "$"),
            ("a$ b", "a$ b"),
            ("${}x", "x"),
            ("${A", "A"),
            ("$1x$?", "x"),
            ("$missing!", "!"),
            ("ü$A", "ü$B"),
            ("$ü", "$ü"),
        ] {
            assert_eq!(expand(text, value_of), want, "{text}");
        }
    }
}
