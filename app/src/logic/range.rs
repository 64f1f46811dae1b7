//! A range of lines as the address names it.

/// From one line to another, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The first line.
    pub first: u64,
    /// The last line.
    pub last: u64,
}

impl Range {
    /// Whether a line lies in it.
    pub fn has(self, line: u64) -> bool {
        (self.first..=self.last).contains(&line)
    }

    /// From where this began to `line`, whichever comes first.
    pub fn to(self, line: u64) -> Self {
        Self { first: self.first.min(line), last: self.first.max(line) }
    }

    /// `#L120` or `#L120-L140`.
    pub fn hash(self) -> String {
        if self.first == self.last { format!("#L{}", self.first) } else { format!("#L{}-L{}", self.first, self.last) }
    }
}

/// Reads what [`Range::hash`] writes; the second `L` may be missing and the order may be wrong.
pub fn read(hash: &str) -> Option<Range> {
    let text = hash.strip_prefix('#')?.strip_prefix('L')?;
    let number = |text: &str| text.parse::<u64>().ok().filter(|n| *n > 0);
    match text.split_once('-') {
        None => number(text).map(|line| Range { first: line, last: line }),
        Some((first, last)) => {
            let (a, b) = (number(first)?, number(last.strip_prefix('L').unwrap_or(last))?);
            Some(Range { first: a.min(b), last: a.max(b) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        for hash in ["#L120", "#L120-L140"] {
            assert_eq!(read(hash).unwrap().hash(), hash);
        }
        assert_eq!(read("#L140-120"), Some(Range { first: 120, last: 140 }));
        for odd in ["", "#", "#L", "#L0", "#Lx", "#L1-", "#L1-Lx", "#main"] {
            assert_eq!(read(odd), None, "{odd:?}");
        }
        let range = read("#L7").unwrap();
        assert_eq!((range.to(3).hash(), range.to(9).hash()), ("#L3-L7".into(), "#L7-L9".into()));
    }
}
