//! User names, by GitLab's rule.
//!
//! Names are read by people who decide whom to trust, so there is one way to write each: no letter that looks like
//! another one, nothing invisible, nothing that a page or a terminal could take for markup.

use std::fmt;

/// Fewest characters of a name.
pub const MIN: usize = 2;
/// Most characters of a name.
pub const MAX: usize = 255;

/// What the product itself signs with: a user of that name could pass for it in the audit log.
const RESERVED: [&str; 4] = ["weir", "system", "anonymous", "ghost"];

/// What is allowed, for people.
const RULE: &str = "a user name has 2 to 255 of the letters a-z and A-Z, digits, '_', '-' and '.', \
                    begins with a letter or digit and does not end with '.', '.git' or '.atom'";

/// A user's name as it is shown. Two names that differ only in case are one name: compare [`UserName::key`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserName(String);

/// Why a text is no user name. Fits after "failed to …: "; shows nothing of the text that is not plain ASCII.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Not [`MIN`] to [`MAX`] characters.
    #[error("a length of {0} is not allowed: {RULE}")]
    Length(usize),
    /// A character that is not allowed, and its place, counted from 1.
    #[error("{} at place {place} is not allowed: {RULE}", describe(*found))]
    Character {
        /// What was found.
        found: char,
        /// Where, in characters from 1.
        place: usize,
    },
    /// It begins with `_`, `-` or `.`.
    #[error("it begins with '{0}', and {RULE}")]
    Start(char),
    /// It ends like a file or a feed in an address.
    #[error("it ends with '{0}', and {RULE}")]
    End(&'static str),
    /// The product uses it itself.
    #[error("'{0}' is a name that the server uses itself")]
    Reserved(&'static str),
}

impl UserName {
    /// Reads a name, unchanged: nothing is trimmed or folded behind a person's back.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        // Bounded first: a name of a megabyte is not worth a look at each character.
        let length = text.chars().take(MAX + 1).count();
        if let Some((at, found)) = text.chars().take(length).enumerate().find(|(_, found)| !is_allowed(*found)) {
            return Err(NameError::Character { found, place: at + 1 });
        }
        if !(MIN..=MAX).contains(&length) {
            return Err(NameError::Length(text.chars().count()));
        }
        if let Some(first) = text.chars().next().filter(|first| !first.is_ascii_alphanumeric()) {
            return Err(NameError::Start(first));
        }
        let key = text.to_ascii_lowercase();
        if let Some(end) = [".git", ".atom", "."].into_iter().find(|end| key.ends_with(end)) {
            return Err(NameError::End(end));
        }
        match RESERVED.into_iter().find(|name| *name == key) {
            Some(name) => Err(NameError::Reserved(name)),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// As it was chosen.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is unique among users: the name in lower case.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_allowed(found: char) -> bool {
    found.is_ascii_alphanumeric() || matches!(found, '_' | '-' | '.')
}

/// Names a character without writing it where it could do something.
fn describe(found: char) -> String {
    let code = format!("U+{:04X}", u32::from(found));
    match found {
        ' ' => "a space".to_owned(),
        _ if found.is_control() => format!("the control character {code}"),
        _ if found.is_alphabetic() => format!("the letter {code}, which may look like one of a-z and is not one,"),
        _ if found.is_ascii() && !matches!(found, '<' | '>' | '&' | '"' | '\'' | '`') => format!("'{found}'"),
        _ => format!("the character {code}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(text: &str) -> String {
        UserName::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn gitlab_s_names_are_names() {
        for name in ["ada", "a1", "42", "Ada.Lovelace", "x_y-z.0", "root", "admin", "git", "a.gitx", "group_1_bot_0af3"]
        {
            assert_eq!(UserName::parse(name).unwrap().as_str(), name);
        }
        assert!(UserName::parse(&"a".repeat(255)).is_ok());
        assert_eq!(UserName::parse("Ada.Lovelace").unwrap().key(), "ada.lovelace");
    }

    #[test]
    fn what_is_no_name_is_told_what_is_allowed() {
        let rule = RULE;
        assert_eq!(refused(""), format!("a length of 0 is not allowed: {rule}"));
        assert_eq!(refused("a"), format!("a length of 1 is not allowed: {rule}"));
        assert_eq!(refused(&"a".repeat(1 << 20)), format!("a length of 1048576 is not allowed: {rule}"));
        assert_eq!(refused("-rf"), format!("it begins with '-', and {rule}"));
        assert_eq!(refused("..ada"), format!("it begins with '.', and {rule}"));
        assert_eq!(refused("ada.GIT"), format!("it ends with '.git', and {rule}"));
        assert_eq!(refused("ada.atom"), format!("it ends with '.atom', and {rule}"));
        assert_eq!(refused("ada."), format!("it ends with '.', and {rule}"));
        assert_eq!(refused("ada lovelace"), format!("a space at place 4 is not allowed: {rule}"));
        assert_eq!(refused("ada/../root"), format!("'/' at place 4 is not allowed: {rule}"));
        assert_eq!(refused("Weir"), "'weir' is a name that the server uses itself");
    }

    #[test]
    fn hostile_text_is_named_and_not_repeated() {
        let rule = RULE;
        assert_eq!(refused("<script>"), format!("the character U+003C at place 1 is not allowed: {rule}"));
        assert_eq!(refused("ada\x1b[2J"), format!("the control character U+001B at place 4 is not allowed: {rule}"));
        assert_eq!(refused("ada\0"), format!("the control character U+0000 at place 4 is not allowed: {rule}"));
        assert_eq!(refused("ada\u{202e}"), format!("the character U+202E at place 4 is not allowed: {rule}"));
        let look_alike =
            "the letter U+0430, which may look like one of a-z and is not one, at place 1 is not allowed: ";
        assert_eq!(refused("аdmin"), format!("{look_alike}{rule}"));
    }

    proptest! {
        #[test]
        fn a_name_is_plain_and_an_error_is_too(text in "\\PC{0,40}|[\\x00-\\x7f]{0,12}") {
            match UserName::parse(&text) {
                Ok(name) => {
                    prop_assert!(text.chars().all(is_allowed) && (MIN..=MAX).contains(&text.len()));
                    prop_assert_eq!(UserName::parse(&name.as_str().to_ascii_uppercase()).unwrap().key(), name.key());
                }
                Err(error) => {
                    let sentence = error.to_string();
                    prop_assert!(sentence.chars().all(|c| matches!(c, ' '..='~') && !"<>&\"`".contains(c)), "{sentence}");
                }
            }
        }
    }
}
