//! Replaces secrets in a stream of bytes, wherever the stream happens to be cut.

use std::{borrow::Cow, collections::BTreeSet};

use crate::mask::forms;
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

/// What a secret is shown as.
const MASK: &[u8] = b"[MASKED]";

/// Shorter texts are words of every log.
const MIN_LENGTH: usize = 6;

/// What is to be replaced.
#[derive(Clone, Debug, Default)]
pub(crate) struct Secrets {
    texts: BTreeSet<Vec<u8>>,
    prefixes: BTreeSet<Vec<u8>>,
}

impl Secrets {
    /// Adds a value, each line of it, and its usual encodings; false when it is too short, or too
    /// plain, to be replaced without making the log unreadable.
    pub(crate) fn add(&mut self, value: &str) -> bool {
        let value = value.trim();
        if !is_maskable(value) {
            return false;
        }
        // One that is too short for the forms of longer ones is still looked for as it is.
        let mut forms = forms(value);
        if forms.is_empty() {
            forms.push(value.to_owned());
        }
        self.texts.extend(forms.into_iter().map(String::into_bytes));
        true
    }

    /// Adds the beginning of a kind of token: it and what follows it is replaced.
    pub(crate) fn add_prefix(&mut self, prefix: &str) {
        if prefix.len() >= 3 {
            self.prefixes.insert(prefix.as_bytes().to_vec());
        }
    }
}

fn is_maskable(value: &str) -> bool {
    value.len() >= MIN_LENGTH && value.bytes().collect::<BTreeSet<u8>>().len() > 2
}

/// The state of one stream.
#[derive(Default)]
pub(crate) struct Masker {
    patterns: Vec<Vec<u8>>,
    /// Patterns from this one on are prefixes of tokens.
    first_prefix: usize,
    longest: usize,
    automaton: Option<AhoCorasick>,
    /// What may be the beginning of a secret.
    held: Vec<u8>,
    /// Whether the stream is within a token that has been replaced.
    in_token: bool,
}

impl Masker {
    pub(crate) fn new(secrets: &Secrets) -> Self {
        let patterns: Vec<Vec<u8>> = secrets.texts.iter().chain(&secrets.prefixes).cloned().collect();
        // Built for every job and used for little: the cheapest automaton to build.
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .build(&patterns)
            .ok()
            .filter(|_| !patterns.is_empty());
        let longest = patterns.iter().map(Vec::len).max().unwrap_or(0);
        Self { first_prefix: secrets.texts.len(), patterns, longest, automaton, ..Self::default() }
    }

    /// Takes the next piece of the stream and gives what can be shown of it.
    pub(crate) fn push<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        self.advance(bytes, false)
    }

    /// Gives what was held back.
    pub(crate) fn flush(&mut self) -> Vec<u8> {
        let rest = self.advance(&[], true).into_owned();
        self.in_token = false;
        rest
    }

    /// Masks a piece that stands for itself.
    pub(crate) fn whole<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        self.in_token = false;
        let masked = self.advance(bytes, true);
        self.in_token = false;
        masked
    }

    fn advance<'a>(&mut self, bytes: &'a [u8], end: bool) -> Cow<'a, [u8]> {
        let Some(automaton) = self.automaton.clone() else { return Cow::Borrowed(bytes) };
        let joined: Cow<'a, [u8]> = if self.held.is_empty() {
            Cow::Borrowed(bytes)
        } else {
            let mut joined = std::mem::take(&mut self.held);
            joined.extend_from_slice(bytes);
            Cow::Owned(joined)
        };
        let mut shown: Vec<u8> = Vec::new();
        let mut at = if self.in_token { self.skip_token(&joined) } else { 0 };
        let mut replaced = at > 0;
        let mut hold = if end { joined.len() } else { self.hold_from(&joined, at) };
        while let Some(found) = automaton.find(Input::new(&joined[..]).range(at..)) {
            // A match that could still become a longer one is waited for.
            if found.start() >= hold {
                break;
            }
            shown.extend_from_slice(&joined[at..found.start()]);
            shown.extend_from_slice(MASK);
            replaced = true;
            at = found.end();
            if found.pattern().as_usize() >= self.first_prefix {
                at += self.skip_token(&joined[at..]);
            }
            if at > hold && !end {
                hold = self.hold_from(&joined, at);
            }
        }
        let hold = hold.max(at);
        self.held = joined[hold..].to_vec();
        if !replaced && hold == joined.len() {
            return joined;
        }
        shown.extend_from_slice(&joined[at..hold]);
        Cow::Owned(shown)
    }

    /// How much of the beginning belongs to the token that was replaced.
    fn skip_token(&mut self, bytes: &[u8]) -> usize {
        let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
        let length = bytes.iter().take_while(|byte| is_token(byte)).count();
        self.in_token = length == bytes.len();
        length
    }

    /// Where the longest end of `bytes` begins that is the beginning of a secret.
    fn hold_from(&self, bytes: &[u8], from: usize) -> usize {
        let first = from.max(bytes.len().saturating_sub(self.longest.saturating_sub(1)));
        let begins = |at: &usize| {
            let rest = &bytes[*at..];
            self.patterns.iter().any(|pattern| pattern.len() > rest.len() && pattern.starts_with(rest))
        };
        (first..bytes.len()).find(begins).unwrap_or(bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(values: &[&str], pieces: &[&[u8]]) -> String {
        let mut secrets = Secrets::default();
        for value in values {
            secrets.add(value);
        }
        secrets.add_prefix("glpat-");
        let mut masker = Masker::new(&secrets);
        let mut out = Vec::new();
        for piece in pieces {
            out.extend_from_slice(&masker.push(piece));
        }
        out.extend(masker.flush());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_longest_secret_wins_and_its_encodings_count() {
        let text = masked(&["secret1", "secret1-and-more"], &[b"a secret1-and-more b secret1 c secret1-and"]);
        assert_eq!(text, "a [MASKED] b [MASKED] c [MASKED]-and");
        let encoded = masked(&["p&ss w\"rd"], &[b"cCZzcyB3InJk p%26ss%20w%22rd p&ss w\\\"rd"]);
        assert_eq!(encoded, "[MASKED] [MASKED] [MASKED]");
        assert_eq!(masked(&["line one\nline two"], &[b"x line two y"]), "x [MASKED] y");
    }

    #[test]
    fn short_and_plain_values_are_left_alone() {
        let mut secrets = Secrets::default();
        assert!(!secrets.add("short") && !secrets.add("        ") && !secrets.add("0000000000"));
        assert!(secrets.add("hunter22"));
    }

    #[test]
    fn tokens_are_replaced_to_their_end_across_pieces() {
        assert_eq!(masked(&[], &[b"t=glp", b"at-abc", b"DEF_1 next", b" glpat-x"]), "t=[MASKED] next [MASKED]");
    }

    #[test]
    fn nothing_is_held_back_that_cannot_be_a_secret() {
        let mut secrets = Secrets::default();
        secrets.add("hunter22");
        let mut masker = Masker::new(&secrets);
        assert_eq!(&*masker.push(b"line\n"), b"line\n");
        assert_eq!(&*masker.push(b"a hunt"), b"a ");
        assert_eq!(&*masker.push(b"ing\n"), b"hunting\n");
    }

    proptest! {
        #[test]
        fn where_the_stream_is_cut_makes_no_difference(text in "(abcabd|abcabdabc|x|abc|glpat-|z ){0,30}", cuts in prop::collection::vec(1_usize..6, 1..60)) {
            let values = ["abcabd", "abcabdabc", "bdabcx"];
            let mut pieces = Vec::new();
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (piece, next) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = next;
            }
            pieces.push(rest);
            let at_once = masked(&values, &[text.as_bytes()]);
            prop_assert_eq!(masked(&values, &pieces), at_once.clone());
            prop_assert!(!at_once.contains("abcabd"));
        }
    }
}
