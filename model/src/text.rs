//! Text that others wrote, made safe to show: job output, names and messages are hostile.

/// Removes what a terminal would obey: control characters other than tabs, and escape sequences
/// other than colours. Job output and names are hostile text.
pub fn harmless(text: &str, colours: bool) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\x1b' => match rest.peek() {
                Some('[') => {
                    rest.next();
                    let mut sequence = String::new();
                    let mut end = None;
                    while let Some(c) = rest.next_if(|c| c.is_ascii() && !c.is_ascii_control()) {
                        if ('\x40'..='\x7e').contains(&c) {
                            end = Some(c);
                            break;
                        }
                        sequence.push(c);
                    }
                    if colours && end == Some('m') && sequence.bytes().all(|b| b.is_ascii_digit() || b == b';') {
                        clean.push_str(&format!("\x1b[{sequence}m"));
                    }
                }
                Some(']' | 'P' | '^' | '_' | 'X') => {
                    // A string sequence: dropped with its content, up to BEL or ST or the line's end.
                    while let Some(c) = rest.next() {
                        if c == '\x07' || c == '\u{9c}' {
                            break;
                        }
                        if c == '\x1b' {
                            rest.next_if_eq(&'\\');
                            break;
                        }
                    }
                }
                Some(_) => {
                    rest.next();
                }
                None => {}
            },
            '\t' => clean.push(c),
            c if c.is_control() => {}
            c => clean.push(c),
        }
    }
    clean
}

/// A line of a log as plain text.
pub fn plain(line: &str) -> String {
    shown(line, false)
}

/// A line of a log as a terminal may show it: no section markers, of escape sequences at most
/// colours, and of a line that was written over (progress bars) only what was left standing.
pub fn shown(line: &str, colours: bool) -> String {
    let mut rest = line;
    while rest.starts_with("section_start:") || rest.starts_with("section_end:") {
        let (_, behind) = rest.split_once('\r').unwrap_or((rest, ""));
        rest = behind.strip_prefix("\x1b[0K").unwrap_or(behind);
    }
    let standing = rest.trim_end_matches('\r').rsplit('\r').next().unwrap_or(rest);
    harmless(standing, colours)
}

/// GitLab's slug: lower case, at most 63 characters, anything else a dash, no dash at the ends.
pub fn slug(text: &str) -> String {
    let usable = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mapped: String = text.to_lowercase().chars().map(|c| Some(c).filter(usable).unwrap_or('-')).take(63).collect();
    mapped.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_colours_survive() {
        assert_eq!(harmless("\x1b[31mred\x1b[0m", true), "\x1b[31mred\x1b[0m");
        assert_eq!(harmless("\x1b[31mred\x1b[0m", false), "red");
        assert_eq!(harmless("a\x1b]0;title\x07b\x1b[2Jc\rd\x00e\x1b", true), "abcde");
        assert_eq!(harmless("\x1b]8;;http://x\x1b\\link", true), "link");
    }

    #[test]
    fn lines_become_plain() {
        assert_eq!(plain("section_start:1560896352:build[collapsed=true]\r\x1b[0K\x1b[1mBuild\x1b[0m"), "Build");
        assert_eq!(plain("section_end:1560896353:build\r\x1b[0K"), "");
        assert_eq!(plain("10%\r50%\r100%"), "100%");
        assert_eq!(plain("dos line\r"), "dos line");
        assert_eq!(plain("nul \0 and bell \x07"), "nul  and bell ");
    }

    #[test]
    fn slugs_are_gitlabs() {
        assert_eq!(slug("feature/Über_Größe!"), "feature--ber-gr--e");
        assert_eq!(slug(&"x".repeat(80)).len(), 63);
    }
}
