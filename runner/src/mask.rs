//! Which values can be masked in logs, and in which forms they are looked for there.
//!
//! Masking is an airbag: it catches what a script prints by mistake, in the forms that tools usually print, and no
//! script that means to show a secret. A value that is a word of every log, or of a handful of letters, is refused
//! when it is stored: masking it would blank the log and tell the value by where the blanks are.

use std::collections::BTreeSet;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};

use crate::seen::Text;

/// Fewest characters of a value, and of a line of one, that is masked (GitLab's rule).
pub const MIN_CHARS: usize = 8;
/// Fewest digits of a value that has nothing else: shorter ones are dates, times and counters of every log.
pub const MIN_DIGITS: usize = 10;
/// Fewest characters of a piece of base64 that is looked for by itself.
const MIN_PIECE: usize = 8;

/// Words that stand in logs for themselves; shorter ones are refused anyway.
#[rustfmt::skip]
const PLAIN: [&str; 26] = [
    "password", "passwort", "passw0rd", "password1", "username", "changeme", "undefined", "disabled", "required",
    "optional", "production", "development", "localhost", "127.0.0.1", "registry", "pipeline", "artifacts",
    "successful", "succeeded", "completed", "repository", "anonymous", "administrator", "application", "information",
    "letmein!",
];

/// What `printf %q` puts a backslash in front of.
const SPECIAL: &str = " !\"$&'()*,;<>?[\\]^`{|}";

/// How a variable's value will be used, as far as it matters for what may be masked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Of GitLab's REST API, expanded (`raw: false`): one line of `A-Z a-z 0-9 _ + = / @ : . ~ -`.
    Expanded,
    /// Of GitLab's REST API, `raw: true`: one line without white space.
    Raw,
    /// Of a file or another value of several lines: each line that is long enough is masked by itself.
    Lines,
}

/// Why a value cannot be masked. Fits after "failed to …: "; says nothing of the value. In GitLab's dialect all of
/// them are `{"message": {"value": ["is invalid"]}}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unmaskable {
    /// Shorter than [`MIN_CHARS`].
    #[error("a value of fewer than {MIN_CHARS} characters cannot be masked: logs are full of such texts")]
    TooShort,
    /// No line of it is long enough.
    #[error("a value none of whose lines has {MIN_CHARS} characters cannot be masked")]
    NoLongLine,
    /// Several lines where one is allowed.
    #[error("a value of several lines cannot be masked unless it is a file")]
    SeveralLines,
    /// White space in it.
    #[error("a value with spaces cannot be masked")]
    Space,
    /// A character that could be changed by expansion.
    #[error(
        "only letters a-z and A-Z, digits and _ + = / @ : . ~ - can be masked in a value that is expanded: make it raw"
    )]
    Character,
    /// Fewer than three different characters, or a run such as `12345678`.
    #[error("a value that repeats or counts cannot be masked: it tells too little apart")]
    Monotonous,
    /// Nothing but few digits.
    #[error("a value of fewer than {MIN_DIGITS} digits cannot be masked: dates and numbers look the same")]
    FewDigits,
    /// A word of every log.
    #[error("a value that is a common word cannot be masked: it would blank the log and be told by the blanks")]
    CommonWord,
}

/// Whether `value` can be masked under `rule`.
pub fn check(value: &str, rule: Rule) -> Result<(), Unmaskable> {
    if rule == Rule::Lines {
        let mut lines = value.lines().map(str::trim).filter(|line| !line.is_empty());
        return match lines.clone().count() {
            0 => Err(Unmaskable::TooShort),
            1 => tell_apart(value.trim()),
            _ if lines.any(|line| tell_apart(line).is_ok()) => Ok(()),
            _ => Err(Unmaskable::NoLongLine),
        };
    }
    let allowed = |found: char| found.is_ascii_alphanumeric() || "_+=/@:.~-".contains(found);
    if value.contains(['\n', '\r']) {
        Err(Unmaskable::SeveralLines)
    } else if value.contains(char::is_whitespace) {
        Err(Unmaskable::Space)
    } else if rule == Rule::Expanded && !value.chars().all(allowed) {
        Err(Unmaskable::Character)
    } else {
        tell_apart(value)
    }
}

/// Whether a line is long enough and told apart from what else stands in logs.
fn tell_apart(line: &str) -> Result<(), Unmaskable> {
    if line.chars().count() < MIN_CHARS {
        return Err(Unmaskable::TooShort);
    }
    let codes: Vec<i64> = line.chars().map(|found| i64::from(u32::from(found))).collect();
    let counts = codes.windows(2).map(|pair| pair[1] - pair[0]).collect::<BTreeSet<_>>().len() == 1;
    if counts || codes.iter().collect::<BTreeSet<_>>().len() < 3 {
        Err(Unmaskable::Monotonous)
    } else if line.len() < MIN_DIGITS && line.bytes().all(|byte| byte.is_ascii_digit()) {
        Err(Unmaskable::FewDigits)
    } else if PLAIN.contains(&line.to_ascii_lowercase().as_str()) {
        Err(Unmaskable::CommonWord)
    } else {
        Ok(())
    }
}

/// All forms in which a log is searched for `value`, the longest first; none when it cannot be told apart.
///
/// They are: the value and each line of it; base64 of it, with the usual and the URL-safe alphabet, standing alone,
/// broken into lines of 64 or 76, or within a longer text at any of the three alignments; and the value in a URL, in a
/// form, in JSON and quoted for a shell. Where a text that is encoded breaks into lines within the value, and where a colour changes there,
/// [`crate::seen`] finds them all the same.
pub fn forms(value: &str) -> Vec<String> {
    let value = value.trim();
    let mut forms = BTreeSet::new();
    let lines = value.lines().map(str::trim).filter(|line| tell_apart(line).is_ok());
    forms.extend(lines.map(str::to_owned));
    if forms.is_empty() {
        return Vec::new();
    }
    forms.insert(value.to_owned());
    // Browsers send a line end of a form as two characters, whatever it was.
    if value.contains("\r\n") {
        forms.insert(value.replace("\r\n", "\n"));
    }
    // Logs are searched without their escape sequences.
    for text in forms.iter().filter(|text| text.contains('\x1b')).cloned().collect::<Vec<_>>() {
        let seen = Text::of(text.as_bytes(), 0, false);
        forms.extend(std::str::from_utf8(seen.bytes()).map(str::to_owned).ok().filter(|text| tell_apart(text).is_ok()));
    }
    // A line of its own can be encoded too; a whole of several lines is one more value.
    for text in forms.clone() {
        base64_forms(&text, &mut forms);
        url_forms(&text, &mut forms);
        json_forms(&text, &mut forms);
        shell_forms(&text, &mut forms);
    }
    let mut forms: Vec<String> = forms.into_iter().collect();
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms
}

fn base64_forms(text: &str, forms: &mut BTreeSet<String>) {
    for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        for before in 0..3 {
            // What stands before and after shares a digit with the value's ends: those are left out.
            let padded = [&[0_u8; 3][..before], text.as_bytes()].concat();
            let encoded = engine.encode(&padded);
            let first = [0, 2, 3][before];
            let last = encoded.len() - usize::from(padded.len() % 3 != 0);
            add_piece(&encoded[first..last], forms);
        }
        let whole = engine.encode(text);
        for width in [64, 76] {
            let pieces = whole.as_bytes().chunks(width).filter_map(|piece| std::str::from_utf8(piece).ok());
            pieces.filter(|_| whole.len() > width).for_each(|piece| add_piece(piece, forms));
        }
        forms.insert(whole);
    }
    forms.insert(STANDARD.encode(text));
}

fn add_piece(piece: &str, forms: &mut BTreeSet<String>) {
    if piece.len() >= MIN_PIECE {
        forms.insert(piece.to_owned());
    }
}

fn url_forms(text: &str, forms: &mut BTreeSet<String>) {
    // By RFC 3986; what browsers leave as it is; what Python's quote and paths leave; what forms leave.
    for plain in ["-_.~", "-_.~!'()*", "-_.~/", "-_.~/:@!$&'()*+,;=", "-_.*"] {
        let percent = |hex: fn(u8) -> String| {
            let keep = |byte: u8| byte.is_ascii_alphanumeric() || plain.as_bytes().contains(&byte);
            let encode = |byte: u8| if keep(byte) { char::from(byte).to_string() } else { hex(byte) };
            text.bytes().map(encode).collect::<String>()
        };
        for encoded in [percent(|byte| format!("%{byte:02X}")), percent(|byte| format!("%{byte:02x}"))] {
            forms.insert(encoded.replace("%20", "+"));
            forms.insert(encoded);
        }
    }
}

fn json_forms(text: &str, forms: &mut BTreeSet<String>) {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    let json = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    // Many writers keep to ASCII, with either case of digits; some escape the slash and what could end a script.
    let ascii = |hex: fn(u16) -> String| {
        let mut units = [0; 2];
        let escape = |found: char| {
            if found.is_ascii() {
                found.to_string()
            } else {
                found.encode_utf16(&mut units).iter().copied().map(hex).collect()
            }
        };
        json.chars().map(escape).collect::<String>()
    };
    for form in [ascii(|unit| format!("\\u{unit:04x}")), ascii(|unit| format!("\\u{unit:04X}")), json.to_owned()] {
        forms.insert(form.replace('/', "\\/"));
        forms.insert(form.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"));
        forms.insert(form);
    }
}

/// As shells show words that they would read as the value: within quotes that a quote ends (bash's `set -x`; dash's, and
/// Python's `shlex`), within `$'…'`, and with backslashes (`printf %q`), where a `#` or `~` has one in some places only.
fn shell_forms(text: &str, forms: &mut BTreeSet<String>) {
    forms.insert(text.replace('\'', r"'\''"));
    forms.insert(text.replace('\'', r#"'"'"'"#));
    let controls = [('\n', r"\n"), ('\t', r"\t"), ('\r', r"\r")];
    let escaped = text.replace('\\', r"\\").replace('\'', r"\'");
    forms.insert(controls.iter().fold(escaped, |text, (control, shown)| text.replace(*control, shown)));
    let backslashed = |special: &str| {
        let escape = |found: char| [special.contains(found).then_some('\\'), Some(found)].into_iter().flatten();
        text.chars().flat_map(escape).collect::<String>()
    };
    let plain = backslashed(SPECIAL);
    // Once at the beginning of a word.
    if text.starts_with(['#', '~']) {
        forms.insert(format!("\\{plain}"));
    }
    forms.insert(plain.replace("=~", r"=\~").replace(":~", r":\~"));
    forms.insert(plain);
}

#[cfg(test)]
#[path = "mask_tests.rs"]
mod tests;
