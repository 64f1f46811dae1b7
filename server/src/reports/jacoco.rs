//! JaCoCo's coverage (`coverage_report: {coverage_format: jacoco}`): the rate of the whole.

use super::ReportError;
use super::xml::{Piece, Pieces, attribute, decode};

/// The share of lines that ran, in percent (0 to 100): that of the counter of lines right below `<report>`.
/// `None` when there is none, or it counted no lines.
///
/// # Errors
/// When the file is too large, is no XML or is no JaCoCo report.
pub fn line_coverage(bytes: &[u8]) -> Result<Option<f64>, ReportError> {
    let text = decode(bytes)?;
    let mut pieces = Pieces::new(&text);
    let mut is_report = false;
    loop {
        match pieces.next()? {
            Piece::Start(root) if pieces.depth() == 1 => {
                if root.local_name().as_ref() != "report" {
                    let name = root.local_name().as_ref().to_owned();
                    return Err(pieces.problem(format!("expected <report>, found <{name}>")));
                }
                is_report = true;
            }
            Piece::Start(counter) if pieces.depth() == 2 && counter.local_name().as_ref() == "counter" => {
                if attribute(&counter, "type").as_deref() != Some("LINE") {
                    continue;
                }
                let number = |name: &str| {
                    let value = attribute(&counter, name).unwrap_or_default();
                    let parsed = value.trim().parse::<u64>().map(|number| number as f64);
                    parsed.map_err(|_| pieces.problem(format!("`{name}` is no number: `{value}`")))
                };
                let (missed, covered) = (number("missed")?, number("covered")?);
                return Ok(Some(covered / (missed + covered) * 100.0).filter(|percent| percent.is_finite()));
            }
            Piece::Eof if is_report => return Ok(None),
            Piece::Eof => return Err(ReportError::Whole("the file holds no <report>".to_owned())),
            Piece::Start(_) | Piece::End | Piece::Text(_) => {}
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
    fn the_counter_of_the_whole_counts() {
        let parts = "<package name='a'><counter type='LINE' missed='9' covered='1'/></package>";
        let whole = "<counter type='BRANCH' missed='1' covered='1'/><counter type='LINE' missed='1' covered='3'/>";
        assert_eq!(percent(&format!("<report name='x'>{parts}{whole}</report>")), Some(75.0));
        assert_eq!(percent(&format!("<report name='x'>{parts}</report>")), None);
        assert_eq!(percent("<report><counter type='LINE' missed='0' covered='0'/></report>"), None);
    }

    #[test]
    fn other_files_are_named() {
        let said = |text: &str| line_coverage(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(said("<coverage/>"), "line 1, byte 11: expected <report>, found <coverage>");
        assert_eq!(said("<report>"), "line 1, byte 8: the file ends with 1 elements open");
        let counter = "<report><counter type='LINE' missed='x' covered='1'/></report>";
        assert_eq!(said(counter), "line 1, byte 53: `missed` is no number: `x`");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_fine(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = line_coverage(&bytes);
        }
    }
}
