//! Variables as people type them: a line `NAME=value` each.

use model::plan::Variable;

/// The lines that say something, with their numbers; empty ones and those that begin with `#` are nothing.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim_end_matches('\r')));
    lines.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
}

/// Reads the lines.
#[cfg_attr(not(feature = "ssr"), allow(dead_code, reason = "only the server reads it"))]
pub fn read(text: &str) -> Result<Vec<Variable>, String> {
    let mut found = Vec::new();
    for (number, line) in lines(text) {
        let wrong = || format!("line {number} of the variables is not NAME=value");
        let (name, value) = line.split_once('=').ok_or_else(wrong)?;
        let name = name.trim();
        let good = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if !good || name.as_bytes()[0].is_ascii_digit() {
            return Err(wrong());
        }
        found.push(Variable::new(name, value));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_variables() {
        let read = read("A=1\r\n\n# no\nB = x=y \n").unwrap();
        assert_eq!(read, [Variable::new("A", "1"), Variable::new("B", " x=y ")]);
        for bad in ["A", "=x", "1A=x", "a b=c", "ok=1\n-x=2"] {
            assert!(super::read(bad).is_err(), "{bad:?}");
        }
    }
}
