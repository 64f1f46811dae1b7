//! Texts that come from whoever is recorded: what cannot be seen, or would turn the rest around, becomes visible.

/// The text with the number of every such character in its place.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Control characters, line ends of another kind, what has no width, what changes the direction of
            // writing, and tags.
            '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}' => out.push_str(&format!("⟨U+{:04X}⟩", c as u32)),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_hides_is_seen() {
        assert_eq!(visible("a\u{202e}cod.exe\u{2066}"), "a⟨U+202E⟩cod.exe⟨U+2066⟩");
        assert_eq!(visible("a\nb\u{1b}[31m\u{7f}"), "a⟨U+000A⟩b⟨U+001B⟩[31m⟨U+007F⟩");
        assert_eq!(visible("pay\u{200b}pal\u{feff}\u{85}"), "pay⟨U+200B⟩pal⟨U+FEFF⟩⟨U+0085⟩");
        assert_eq!(visible("<script> 王 é"), "<script> 王 é");
    }
}
