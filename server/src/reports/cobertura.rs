//! Cobertura's coverage (`coverage_report: {coverage_format: cobertura}`): the rate of the whole.

use super::ReportError;
use super::xml::{Piece, Pieces, attribute, decode};

/// The share of lines that ran, in percent (0 to 100 in a sound file); `None` when the file does not say.
/// Only the first element is read.
///
/// # Errors
/// When the file is too large, is no XML or is no Cobertura report.
pub fn line_coverage(bytes: &[u8]) -> Result<Option<f64>, ReportError> {
    let text = decode(bytes)?;
    let mut pieces = Pieces::new(&text);
    loop {
        match pieces.next()? {
            Piece::Start(root) if root.local_name().as_ref() == "coverage" => {
                let number = |name| attribute(&root, name)?.trim().parse::<f64>().ok();
                let counted = || Some(number("lines-covered")? / number("lines-valid")?);
                let rate = number("line-rate").or_else(counted);
                return Ok(rate.map(|rate| rate * 100.0).filter(|percent| percent.is_finite()));
            }
            Piece::Start(root) => {
                let name = root.local_name().as_ref().to_owned();
                return Err(pieces.problem(format!("expected <coverage>, found <{name}>")));
            }
            Piece::Eof => return Err(ReportError::Whole("the file holds no <coverage>".to_owned())),
            Piece::End | Piece::Text(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(text: &str) -> Option<f64> {
        line_coverage(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_rate_is_that_of_the_root() {
        let head = "<?xml version=\"1.0\"?>\n<!DOCTYPE coverage SYSTEM \"http://x/coverage-04.dtd\">\n";
        let text = format!("{head}<coverage line-rate='0.875' branch-rate='0'><packages line-rate='0.1'/></coverage>");
        assert_eq!(percent(&text), Some(87.5));
        assert_eq!(percent("<coverage lines-covered='1' lines-valid='4'>"), Some(25.0));
        assert_eq!(percent("<coverage lines-covered='0' lines-valid='0'/>"), None);
        assert_eq!(percent("<coverage line-rate='much'/>"), None);
    }

    #[test]
    fn other_files_are_named() {
        let said = |text: &str| line_coverage(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(said("\n<html/>"), "line 2, byte 8: expected <coverage>, found <html>");
        assert_eq!(said(""), "the file holds no <coverage>");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_fine(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = line_coverage(&bytes);
        }
    }
}
