//! Replaces secrets in a stream of bytes, wherever the stream happens to be cut.

use std::{borrow::Cow, collections::BTreeSet, ops::Range};

use crate::{mask::forms, seen};
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};

/// What a secret is shown as.
const MASK: &[u8] = b"[MASKED]";

/// Shorter texts are words of every log.
const MIN_LENGTH: usize = 6;

/// What is to be replaced.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    texts: BTreeSet<Vec<u8>>,
    prefixes: BTreeSet<Vec<u8>>,
}

impl Secrets {
    /// Adds a value, each line of it, and its usual encodings; false when it is too short, or too
    /// plain, to be replaced without making the log unreadable.
    pub fn add(&mut self, value: &str) -> bool {
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
    pub fn add_prefix(&mut self, prefix: &str) {
        if prefix.len() >= 3 {
            self.prefixes.insert(prefix.as_bytes().to_vec());
        }
    }

    /// A text with all of them replaced.
    pub fn mask(&self, text: &str) -> String {
        Masker::new(self).apart(text)
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
    /// Digits of base64 that the stream had just before what is held.
    run: usize,
}

/// A secret in a stream.
struct Found {
    range: Range<usize>,
    /// Whether it is the rest of a token that has been replaced.
    is_rest: bool,
    /// Whether line ends within may be those of a tool that wraps lines: they stay.
    wraps: bool,
}

impl Found {
    /// Shows a mask in its place; colours that change within still change.
    fn replace(&self, stream: &[u8], shown: &mut Vec<u8>) {
        let mut is_due = !self.is_rest;
        let mut rest = &stream[self.range.clone()];
        while let Some(first) = rest.first().copied() {
            let escape = seen::escape(rest);
            let (unseen, further) = rest.split_at(escape.unwrap_or(1));
            rest = further;
            if escape.is_some() {
                shown.extend_from_slice(unseen);
            } else if self.wraps && matches!(first, b'\r' | b'\n') {
                shown.push(first);
                is_due = !self.is_rest;
            } else if std::mem::take(&mut is_due) {
                shown.extend_from_slice(MASK);
            }
        }
    }
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
        (self.in_token, self.run) = (false, 0);
        rest
    }

    /// Masks a piece that stands for itself.
    pub(crate) fn whole<'a>(&mut self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        self.in_token = false;
        let masked = self.advance(bytes, true);
        (self.in_token, self.run) = (false, 0);
        masked
    }

    /// Masks a text that is no part of the stream, which stays as it is.
    pub(crate) fn apart(&mut self, text: &str) -> String {
        let stream = (std::mem::take(&mut self.held), self.in_token, std::mem::take(&mut self.run));
        let masked = String::from_utf8_lossy(&self.whole(text.as_bytes())).into_owned();
        (self.held, self.in_token, self.run) = stream;
        masked
    }

    fn advance<'a>(&mut self, bytes: &'a [u8], end: bool) -> Cow<'a, [u8]> {
        if self.automaton.is_none() {
            return Cow::Borrowed(bytes);
        }
        let joined: Cow<'a, [u8]> = if self.held.is_empty() {
            Cow::Borrowed(bytes)
        } else {
            let mut joined = std::mem::take(&mut self.held);
            joined.extend_from_slice(bytes);
            Cow::Owned(joined)
        };
        let (places, hold) = if seen::is_plain(&joined, self.run) {
            self.find(&joined, end, true)
        } else {
            self.find_unseen(&joined, end)
        };
        self.run = seen::run_after(&joined[..hold], self.run);
        self.held = joined[hold..].to_vec();
        if places.is_empty() && hold == joined.len() {
            return joined;
        }
        let mut shown = Vec::with_capacity(hold);
        let mut at = 0;
        for place in places {
            shown.extend_from_slice(&joined[at..place.range.start]);
            at = place.range.end;
            place.replace(&joined, &mut shown);
        }
        shown.extend_from_slice(&joined[at..hold]);
        Cow::Owned(shown)
    }

    /// Where secrets are in a text, and from where on it is to be waited for what follows. Tokens are known by their
    /// beginnings, if they are looked for.
    fn find(&mut self, text: &[u8], end: bool, tokens: bool) -> (Vec<Found>, usize) {
        let Some(automaton) = self.automaton.clone() else { return (Vec::new(), text.len()) };
        let mut places = Vec::new();
        let mut at = if tokens && self.in_token { self.skip_token(text) } else { 0 };
        if at > 0 {
            places.push(Found { range: 0..at, is_rest: true, wraps: false });
        }
        let mut hold = if end { text.len() } else { self.hold_from(text, at) };
        while let Some(found) = automaton.find(Input::new(text).range(at..)) {
            // A match that could still become a longer one is waited for.
            if found.start() >= hold {
                break;
            }
            at = found.end();
            if found.pattern().as_usize() >= self.first_prefix {
                if !tokens {
                    continue;
                }
                at += self.skip_token(&text[at..]);
            }
            places.push(Found { range: found.start()..at, is_rest: false, wraps: false });
            if at > hold && !end {
                hold = self.hold_from(text, at);
            }
        }
        (places, hold.max(at))
    }

    /// The same of what a piece is read as that has escape sequences or line ends which are no part of its text.
    fn find_unseen(&mut self, piece: &[u8], end: bool) -> (Vec<Found>, usize) {
        let was_in_token = self.in_token;
        // As it is, too: what looks like an escape sequence may have been none for whoever wrote it.
        let (mut all, mut hold) = self.find(piece, end, false);
        let mut seen_end = piece.len();
        for (text, wraps) in seen::texts(piece, self.run).iter().zip([false, true]) {
            let (places, held) = self.find(text.bytes(), end, !wraps);
            hold = hold.min(text.place(held));
            seen_end = text.open().filter(|_| !end).unwrap_or(piece.len());
            all.extend(places.into_iter().map(|found| Found { range: text.range(found.range), wraps, ..found }));
        }
        hold = hold.min(seen_end);
        all.sort_by_key(|found| (found.range.start, found.is_rest));
        let mut places: Vec<Found> = Vec::new();
        for found in all {
            match places.last_mut() {
                Some(last) if found.range.start < last.range.end => {
                    last.range.end = last.range.end.max(found.range.end);
                    (last.wraps, last.is_rest) = (last.wraps || found.wraps, last.is_rest && found.is_rest);
                }
                _ => places.push(found),
            }
        }
        // What one way of reading found may be part of what another waits for.
        while let Some(last) = places.pop_if(|last| last.range.end > hold) {
            hold = hold.min(last.range.start);
        }
        if hold < seen_end {
            self.in_token = was_in_token && hold == 0;
        }
        (places, hold)
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

    #[test]
    fn a_text_apart_is_masked_and_leaves_the_stream_as_it_was() {
        let mut secrets = Secrets::default();
        secrets.add("hunter22/x");
        let mut masker = Masker::new(&secrets);
        assert_eq!(&*masker.push(b"a hunt"), b"a ");
        assert_eq!(masker.apart("n-hunter22/x.zip"), "n-[MASKED].zip");
        assert_eq!(&*masker.push(b"er22/x b"), b"[MASKED] b");
    }

    /// `base64` breaks its lines wherever the secret stands.
    #[test]
    fn base64_of_a_text_around_a_secret_is_masked_across_its_lines() {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let secret = "jX9kQ2vLr8TzW4nB7mYp";
        for before in 0..130 {
            for (width, line_end) in [(76, "\n"), (64, "\r\n")] {
                let text = format!("{}{secret}{}", "u".repeat(before), "and what follows it ".repeat(4));
                let encoded = STANDARD.encode(&text);
                let lines: Vec<&str> =
                    encoded.as_bytes().chunks(width).map(|line| std::str::from_utf8(line).unwrap()).collect();
                let log = format!("$ base64\n{}{line_end}done\n", lines.join(line_end));
                // Four digits or more of it in a row say something of it.
                let first = (before * 8).div_ceil(6);
                let digits = &encoded[first..(before + secret.len()) * 8 / 6];
                for cut in [log.len(), 1, 7, 80] {
                    let pieces: Vec<&[u8]> = log.as_bytes().chunks(cut).collect();
                    let shown = masked(&[secret], &pieces);
                    let left = shown.replace(line_end, "");
                    assert!(
                        digits.as_bytes().windows(4).all(|four| {
                            let four = std::str::from_utf8(four).unwrap();
                            encoded.matches(four).count() > 1 || !left.contains(four)
                        }),
                        "{before} {width} {cut}: {shown}"
                    );
                    assert_eq!(shown.matches('\n').count(), log.matches('\n').count(), "lines stay: {shown}");
                    assert!(shown.ends_with("done\n"), "{shown}");
                }
            }
        }
    }

    /// `grep --color` paints what it found.
    #[test]
    fn a_secret_with_colours_within_is_masked_and_the_colours_stay() {
        let secret = "AbCd-secret-12345";
        let painted = "x \x1b[31mAbCd-sec\x1b[0m\x1b[Kret-12345\x1b[m y\n";
        for cut in 1..painted.len() {
            let pieces: Vec<&[u8]> = painted.as_bytes().chunks(cut).collect();
            assert_eq!(masked(&[secret], &pieces), "x \x1b[31m[MASKED]\x1b[0m\x1b[K\x1b[m y\n", "{cut}");
        }
        let token = "t=\x1b[1mglp\x1b[32mat-abc\x1b[0mdef g\n";
        for cut in 1..token.len() {
            let pieces: Vec<&[u8]> = token.as_bytes().chunks(cut).collect();
            assert_eq!(masked(&[], &pieces), "t=\x1b[1m[MASKED]\x1b[32m\x1b[0m g\n", "{cut}");
        }
        let each: Vec<String> = secret.chars().map(|letter| format!("\x1b[38;2;255;120;0m{letter}\x1b[0m")).collect();
        let shown = masked(&[secret], &[each.concat().as_bytes()]);
        assert_eq!(shown.replace("\x1b[38;2;255;120;0m", "").replace("\x1b[0m", ""), "[MASKED]");
    }

    /// The stream as it comes: pieces of the lengths that are told, then the rest.
    fn pieces<'a>(mut rest: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        for cut in cuts {
            let (piece, next) = rest.split_at((*cut).min(rest.len()));
            pieces.push(piece);
            rest = next;
        }
        pieces.push(rest);
        pieces
    }

    proptest! {
        #[test]
        fn where_the_stream_is_cut_makes_no_difference_to_what_is_not_seen(
            text in "(abcabd|abc\x1b\\[1mabd|abcabdabc|x|abc|\x1b\\[mab|glpat-|z |A{40}\n|A{40}abc\r\nabd\n){0,20}",
            cuts in prop::collection::vec(1_usize..9, 1..60),
        ) {
            let values = ["abcabd", "abcabdabc", "bdabcx"];
            let pieces = pieces(text.as_bytes(), &cuts);
            for shown in [masked(&values, &pieces), masked(&values, &[text.as_bytes()])] {
                let bare = shown.replace("\x1b[1m", "").replace("\x1b[m", "");
                prop_assert!(!bare.contains("abcabd") && !bare.contains("abc\r\nabd"), "{:?} {:?}", text, shown);
            }
        }

        #[test]
        fn where_the_stream_is_cut_makes_no_difference(text in "(abcabd|abcabdabc|x|abc|glpat-|z ){0,30}", cuts in prop::collection::vec(1_usize..6, 1..60)) {
            let values = ["abcabd", "abcabdabc", "bdabcx"];
            let pieces = pieces(text.as_bytes(), &cuts);
            let at_once = masked(&values, &[text.as_bytes()]);
            prop_assert_eq!(masked(&values, &pieces), at_once.clone());
            prop_assert!(!at_once.contains("abcabd"));
        }
    }
}
