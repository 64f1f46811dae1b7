//! Names of caches, and when they are restored and saved.

use crate::protocol::Cache;

/// The part of a fallback key that only the server may give: caches of protected refs have it.
const PROTECTED: &str = "-protected";

/// A name that can be used, from what a definition and its variables came to: separators in all their
/// spellings are one, and no part of it leads upwards. None when nothing is left.
pub(super) fn clean(raw: &str) -> Option<String> {
    let mut text = raw.to_owned();
    for (spelling, meant) in [("%2f", "/"), ("%2F", "/"), ("%5c", "/"), ("%5C", "/"), ("%2e", "."), ("%2E", ".")] {
        text = text.replace(spelling, meant);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split(['/', '\\']) {
        match part.trim_end() {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let clean: String = parts.join("/").chars().map(|c| if c.is_control() { '_' } else { c }).collect();
    (!clean.is_empty()).then_some(clean)
}

/// The value of `CACHE_FALLBACK_KEY` as a key. The suffix of protected refs is refused: a variable
/// that anybody may set must not lead there.
pub(super) fn clean_fallback(raw: &str) -> Option<String> {
    clean(raw.trim_end_matches([' ', '/', '\\'])).filter(|key| !key.ends_with(PROTECTED))
}

/// Which way a cache goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Policy {
    pub pull: bool,
    pub push: bool,
}

impl Policy {
    /// The policy of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "" | "pull-push" => Self { pull: true, push: true },
            "pull" => Self { pull: true, push: false },
            "push" => Self { pull: false, push: true },
            _ => return None,
        })
    }
}

/// Whether the cache is saved after a script that ended so.
pub(super) fn is_due(cache: &Cache, success: bool) -> bool {
    match cache.when.as_str() {
        "always" => true,
        "on_failure" => !success,
        _ => success,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_cleaned_as_gitlab_cleans_them() {
        for (raw, want) in [
            ("default-protected", Some("default-protected")),
            ("feature/x", Some("feature/x")),
            (r"feature\x", Some("feature/x")),
            ("feature%2Fx%5cy", Some("feature/x/y")),
            ("../../etc/passwd", Some("etc/passwd")),
            ("a/../../b", Some("b")),
            ("a/./b//c/", Some("a/b/c")),
            ("%2e%2E/x", Some("x")),
            ("spaces  ", Some("spaces")),
            ("a b", Some("a b")),
            ("a\nb", Some("a_b")),
            ("ключ", Some("ключ")),
            ("", None),
            (".", None),
            ("../..", None),
            ("/", None),
            ("  ", None),
        ] {
            assert_eq!(clean(raw).as_deref(), want, "{raw:?}");
        }
    }

    #[test]
    fn the_suffix_of_protected_refs_cannot_be_asked_for_by_variable() {
        assert_eq!(clean_fallback("main-non_protected /\\").as_deref(), Some("main-non_protected"));
        for raw in ["main-protected", "main-protected/ ", "x/../main-protected%2f", "-protected", ""] {
            assert_eq!(clean_fallback(raw), None, "{raw:?}");
        }
    }

    #[test]
    fn policies_say_which_way_and_when_says_after_what() {
        for (name, want) in [
            ("", Some((true, true))),
            ("pull-push", Some((true, true))),
            ("pull", Some((true, false))),
            ("push", Some((false, true))),
            ("sideways", None),
        ] {
            assert_eq!(Policy::named(name).map(|policy| (policy.pull, policy.push)), want, "{name}");
        }
        for (when, success, failure) in
            [("", true, false), ("on_success", true, false), ("on_failure", false, true), ("always", true, true)]
        {
            let cache = Cache { when: when.to_owned(), ..Cache::default() };
            assert_eq!((is_due(&cache, true), is_due(&cache, false)), (success, failure), "{when}");
        }
    }

    proptest! {
        #[test]
        fn no_key_leads_anywhere_else(raw in r"([a-z.]|/|\\|%2e|%2F|%5C| |-protected){0,12}") {
            if let Some(key) = clean(&raw) {
                prop_assert!(key.split('/').all(|part| !matches!(part, "" | "." | "..")), "{key:?}");
                prop_assert!(!key.contains('\\') && !key.starts_with('/'));
                // What has been cleaned stays as it is.
                prop_assert_eq!(clean(&key), Some(key));
            }
        }
    }
}
