//! Escape sequences to styled spans. Only SGR (colours, bold, …) means anything; a carriage return
//! starts the line over, as progress bars want it. Everything else — OSC, cursor movement, modes —
//! is dropped, so that a job's output cannot do anything but look.

use vte::{Params, Parser, Perform};

/// Longest text of one line that is shown; the raw log has the rest.
const MOST_CHARS: usize = 16_384;

/// A colour of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// One of the sixteen with a name.
    Named(u8),
    /// A point of the 6×6×6 cube.
    Cube(u8, u8, u8),
    /// One of the 24 greys.
    Grey(u8),
}

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Text colour.
    pub fg: Option<Color>,
    /// Background colour.
    pub bg: Option<Color>,
    /// A set of the flags below.
    pub flags: u8,
}

/// `Style::flags` and the CSS class of each.
const FLAGS: [(u8, &str); 6] = [(1, "bold"), (2, "dim"), (4, "italic"), (8, "under"), (16, "strike"), (32, "inverse")];

impl Style {
    fn set(&mut self, flag: u8, on: bool) {
        if on { self.flags |= flag } else { self.flags &= !flag }
    }

    /// The CSS classes; empty for plain text. Colours are classes and not inline styles, because the
    /// content security policy refuses those.
    pub fn classes(self) -> String {
        let mut out = String::new();
        let mut push = |class: &str| {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(class);
        };
        for (flag, class) in FLAGS {
            if self.flags & flag != 0 {
                push(class);
            }
        }
        for (color, ground) in [(self.fg, "f"), (self.bg, "b")] {
            match color {
                Some(Color::Named(n)) => push(&format!("{ground}{n}")),
                Some(Color::Cube(r, g, b)) => push(&format!("{ground}c {ground}r{r} {ground}g{g} {ground}b{b}")),
                Some(Color::Grey(n)) => push(&format!("{ground}c {ground}y{n}")),
                None => {}
            }
        }
        out
    }
}

/// A piece of text in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The text, without control characters.
    pub text: String,
    /// Its style.
    pub style: Style,
}

/// Paints lines one after the other; the style at the end of a line goes on into the next.
#[derive(Clone, Debug, Default)]
pub struct Painter {
    style: Style,
}

impl Painter {
    /// The spans of one line (without its line end).
    pub fn paint(&mut self, text: &str) -> Vec<Span> {
        if !text.bytes().any(|b| b < 0x20 || b == 0x7f) && text.len() <= MOST_CHARS {
            let plain = Span { text: text.to_owned(), style: self.style };
            return if text.is_empty() { Vec::new() } else { vec![plain] };
        }
        // A parser for each line: a sequence that was cut off cannot swallow the next line.
        let mut canvas = Canvas { style: self.style, spans: Vec::new(), over: false, length: 0 };
        Parser::new().advance(&mut canvas, text.as_bytes());
        self.style = canvas.style;
        canvas.spans
    }
}

struct Canvas {
    style: Style,
    spans: Vec<Span>,
    /// A carriage return was seen: the next visible character starts the line over.
    over: bool,
    length: usize,
}

impl Canvas {
    fn clear(&mut self) {
        self.spans.clear();
        self.length = 0;
    }
}

impl Perform for Canvas {
    fn print(&mut self, c: char) {
        if std::mem::take(&mut self.over) {
            self.clear();
        }
        if c.is_control() || self.length >= MOST_CHARS {
            return;
        }
        self.length += 1;
        match self.spans.last_mut() {
            Some(last) if last.style == self.style => last.text.push(c),
            _ => self.spans.push(Span { text: c.to_string(), style: self.style }),
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\r' => self.over = true,
            b'\t' => {
                self.print(' ');
                while !self.length.is_multiple_of(8) && self.length < MOST_CHARS {
                    self.print(' ');
                }
            }
            0x08 => {
                if let Some(last) = self.spans.last_mut() {
                    last.text.pop();
                    self.length = self.length.saturating_sub(1);
                    if last.text.is_empty() {
                        self.spans.pop();
                    }
                }
            }
            _ => {}
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignore: bool, action: char) {
        if ignore || !intermediates.is_empty() {
            return;
        }
        match action {
            'm' => sgr(&mut self.style, params),
            // Erasing to the end after a carriage return, or the whole line, empties it.
            'K' if self.over || params.iter().next().is_some_and(|p| p == [2]) => self.clear(),
            _ => {}
        }
    }
}

fn sgr(style: &mut Style, params: &Params) {
    let mut params = params.iter();
    while let Some(param) = params.next() {
        match param[0] {
            0 => *style = Style::default(),
            1 => style.set(1, true),
            2 => style.set(2, true),
            3 => style.set(4, true),
            4 => style.set(8, param.get(1) != Some(&0)),
            7 => style.set(32, true),
            9 => style.set(16, true),
            22 => style.set(3, false),
            23 => style.set(4, false),
            24 => style.set(8, false),
            27 => style.set(32, false),
            29 => style.set(16, false),
            n @ 30..=37 => style.fg = Some(Color::Named(n as u8 - 30)),
            n @ 40..=47 => style.bg = Some(Color::Named(n as u8 - 40)),
            n @ 90..=97 => style.fg = Some(Color::Named(n as u8 - 82)),
            n @ 100..=107 => style.bg = Some(Color::Named(n as u8 - 92)),
            39 => style.fg = None,
            49 => style.bg = None,
            ground @ (38 | 48) => {
                // `38;5;n` as separate parameters, `38:5:n` and `38:2::r:g:b` as one.
                let rest: Vec<u16> = if param.len() > 1 {
                    let given = &param[1..];
                    if given[0] == 2 && given.len() > 4 { [&given[..1], &given[2..]].concat() } else { given.to_vec() }
                } else {
                    let mut next = || params.next().map_or(0, |p| p[0]);
                    match next() {
                        5 => vec![5, next()],
                        2 => vec![2, next(), next(), next()],
                        _ => return,
                    }
                };
                let color = match rest[..] {
                    [5, n, ..] => Some(indexed(n.min(255) as u8)),
                    [2, r, g, b, ..] => Some(nearest(r, g, b)),
                    _ => None,
                };
                if ground == 38 { style.fg = color } else { style.bg = color }
            }
            _ => {}
        }
    }
}

fn indexed(n: u8) -> Color {
    match n {
        0..16 => Color::Named(n),
        16..232 => Color::Cube((n - 16) / 36, (n - 16) / 6 % 6, (n - 16) % 6),
        _ => Color::Grey(n - 232),
    }
}

/// The point of the cube, or the grey, that is closest to a true colour.
fn nearest(r: u16, g: u16, b: u16) -> Color {
    let level = |v: u16| match v {
        0..48 => 0,
        48..115 => 1,
        _ => ((v.min(255) - 35) / 40) as u8,
    };
    let (most, least) = (r.max(g).max(b), r.min(g).min(b));
    if most - least < 12 && (8..=238).contains(&most) {
        Color::Grey(((most - 8) / 10).min(23) as u8)
    } else {
        Color::Cube(level(r), level(g), level(b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn paint(text: &str) -> Vec<(String, String)> {
        Painter::default().paint(text).into_iter().map(|s| (s.text, s.style.classes())).collect()
    }

    fn one(text: &str, classes: &str) -> (String, String) {
        (text.to_owned(), classes.to_owned())
    }

    #[test]
    fn colours_become_classes() {
        assert_eq!(paint("plain"), [one("plain", "")]);
        assert_eq!(paint("\x1b[1;31mred\x1b[0m x"), [one("red", "bold f1"), one(" x", "")]);
        assert_eq!(paint("\x1b[92mok\x1b[39m."), [one("ok", "f10"), one(".", "")]);
        assert_eq!(paint("\x1b[38;5;208mo"), [one("o", "fc fr5 fg2 fb0")]);
        assert_eq!(paint("\x1b[48;5;240mo"), [one("o", "bc by8")]);
        assert_eq!(paint("\x1b[38;2;255;0;0mo"), [one("o", "fc fr5 fg0 fb0")]);
        assert_eq!(paint("\x1b[38:2::255:0:0mo"), [one("o", "fc fr5 fg0 fb0")]);
    }

    #[test]
    fn style_goes_on_into_the_next_line() {
        let mut painter = Painter::default();
        painter.paint("\x1b[33mwarning");
        assert_eq!(painter.paint("still")[0].style.classes(), "f3");
        assert_eq!(painter.paint("\x1b[mplain")[0].style.classes(), "");
    }

    #[test]
    fn carriage_return_starts_over() {
        assert_eq!(paint(" 10%\r 50%\r100%"), [one("100%", "")]);
        assert_eq!(paint("windows\r"), [one("windows", "")]);
        assert_eq!(paint("old\r\x1b[K"), Vec::<(String, String)>::new());
        assert_eq!(paint("ab\x08c"), [one("ac", "")]);
        assert_eq!(paint("a\tb"), [one("a       b", "")]);
    }

    #[test]
    fn what_could_do_harm_is_dropped() {
        assert_eq!(paint("\x1b]8;;http://evil\x07link\x1b]8;;\x07"), [one("link", "")]);
        assert_eq!(paint("\x1b]0;title\x07\x1b[2J\x1b[10;10H\x1b[?1049hx"), [one("x", "")]);
        assert_eq!(paint("\x1b]52;c;aGVsbG8=\x07a\0b\x7f"), [one("ab", "")]);
        assert_eq!(paint("<script>alert(1)</script>\x1b"), [one("<script>alert(1)</script>", "")]);
    }

    #[test]
    fn a_line_without_end_is_cut() {
        let spans = Painter::default().paint(&"\x01x".repeat(100_000));
        assert_eq!(spans.iter().map(|s| s.text.len()).sum::<usize>(), MOST_CHARS);
        assert_eq!(Painter::default().paint(&"y".repeat(100_000))[0].text.len(), MOST_CHARS);
    }

    proptest! {
        #[test]
        fn no_control_character_ever_comes_out(text in "[\\x00-\\x7fa-zé😀\\x1b\\[\\];m0-9]{0,200}") {
            for span in Painter::default().paint(&text) {
                prop_assert!(!span.text.chars().any(char::is_control));
                prop_assert!(!span.text.is_empty());
            }
        }
    }
}
