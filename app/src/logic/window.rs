//! The arithmetic of a list that is longer than a browser can lay out: which rows are in sight, and
//! which line of the trace a row is when sections are folded.

/// Lines that are not shown, as sorted ranges (first, last) that do not touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folds(Vec<(u64, u64)>);

impl Folds {
    /// Takes the ranges that [`super::section::hidden`] makes.
    pub fn new(ranges: Vec<(u64, u64)>) -> Self {
        Self(ranges)
    }

    /// How many of the lines 1 to `total` are rows.
    pub fn rows(&self, total: u64) -> u64 {
        self.row_of(total + 1)
    }

    /// The row (from 0) of a line (from 1); for a hidden line the row that follows it.
    pub fn row_of(&self, line: u64) -> u64 {
        let mut hidden = 0;
        for &(first, last) in &self.0 {
            if first >= line {
                break;
            }
            hidden += last.min(line - 1) - first + 1;
        }
        line - 1 - hidden
    }

    /// The line of a row.
    pub fn line_at(&self, row: u64) -> u64 {
        let mut line = row + 1;
        for &(first, last) in &self.0 {
            if first > line {
                break;
            }
            line += last - first + 1;
        }
        line
    }
}

/// Browsers give up beyond some ten million pixels; higher lists are scaled.
const MOST_PIXELS: f64 = 8_000_000.0;

/// A scrolled list of rows of one height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct List {
    /// How many rows there are.
    pub rows: u64,
    /// Height of a row in pixels.
    pub row: f64,
    /// Height of what is in sight.
    pub view: f64,
}

impl List {
    /// The height to give to the scrolled element.
    pub fn height(&self) -> f64 {
        (self.rows as f64 * self.row).min(MOST_PIXELS)
    }

    fn true_height(&self) -> f64 {
        self.rows as f64 * self.row
    }

    /// The highest first row, fractions included: the last row is at the bottom then.
    fn most(&self) -> f64 {
        ((self.true_height() - self.view) / self.row).max(0.0)
    }

    fn span(&self) -> f64 {
        (self.height() - self.view).max(0.0)
    }

    /// The first row in sight after the scrollbar went from `old` to `new`, when `at` was the first
    /// row before. In a list that is not scaled that is a division. In a scaled one a small movement
    /// counts in rows, so that the wheel moves by lines; a large one is a jump by proportion.
    pub fn scrolled(&self, at: f64, old: f64, new: f64) -> f64 {
        if self.true_height() <= MOST_PIXELS {
            return (new / self.row).clamp(0.0, self.most());
        }
        let span = self.span();
        if new <= 0.0 {
            0.0
        } else if new >= span - 0.5 {
            self.most()
        } else if (new - old).abs() <= 3.0 * self.view {
            (at + (new - old) / self.row).clamp(0.0, self.most())
        } else {
            new / span * self.most()
        }
    }

    /// Where the scrollbar stands when `row` is the first row in sight.
    pub fn offset(&self, row: f64) -> f64 {
        let row = row.clamp(0.0, self.most());
        if self.true_height() <= MOST_PIXELS {
            return row * self.row;
        }
        row / self.most().max(1.0) * self.span()
    }

    /// The rows to lay out, from and to (exclusive), with some to spare on both sides.
    pub fn visible(&self, first: f64, spare: u64) -> (u64, u64) {
        let from = (first.floor() as u64).saturating_sub(spare);
        let to = (first + self.view / self.row).ceil() as u64 + spare;
        (from.min(self.rows), to.min(self.rows))
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "whole pixels and halves of them are exact")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn folds_map_both_ways() {
        let folds = Folds::new(vec![(3, 5), (8, 8)]);
        assert_eq!(folds.rows(10), 6);
        assert_eq!((0..6).map(|r| folds.line_at(r)).collect::<Vec<_>>(), [1, 2, 6, 7, 9, 10]);
        assert_eq!(folds.row_of(6), 2);
        assert_eq!(folds.row_of(4), 2);
    }

    #[test]
    fn a_short_list_is_a_division() {
        let list = List { rows: 1000, row: 20.0, view: 600.0 };
        assert_eq!(list.height(), 20_000.0);
        assert_eq!(list.scrolled(0.0, 0.0, 410.0), 20.5);
        assert_eq!(list.visible(20.5, 5), (15, 56));
        assert_eq!(list.offset(5000.0), 20_000.0 - 600.0);
    }

    #[test]
    fn ten_million_lines_scroll_by_lines_and_reach_both_ends() {
        let list = List { rows: 10_000_000, row: 20.0, view: 600.0 };
        assert_eq!(list.height(), MOST_PIXELS);
        let at = list.scrolled(0.0, 0.0, 4_000_000.0);
        assert!((4_900_000.0..5_100_000.0).contains(&at), "{at}");
        assert_eq!(list.scrolled(at, 4_000_000.0, 4_000_040.0), at + 2.0);
        assert_eq!(list.scrolled(at, 4_000_000.0, 0.0), 0.0);
        let end = list.scrolled(at, 4_000_000.0, MOST_PIXELS - 600.0);
        assert_eq!(list.visible(end, 3).1, 10_000_000);
    }

    proptest! {
        #[test]
        fn rows_and_lines_agree(cuts in proptest::collection::btree_set(1_u64..200, 0..12), row in 0_u64..100) {
            let cuts: Vec<u64> = cuts.into_iter().collect();
            let ranges: Vec<(u64, u64)> = cuts.chunks_exact(2).map(|c| (c[0], c[1])).collect();
            let mut apart: Vec<(u64, u64)> = Vec::new();
            for (first, last) in ranges {
                match apart.last() { Some(b) if first <= b.1 + 1 => {} _ => apart.push((first, last)) }
            }
            let folds = Folds::new(apart);
            let line = folds.line_at(row);
            prop_assert_eq!(folds.row_of(line), row);
        }

        #[test]
        fn the_window_is_inside(rows in 0_u64..50_000_000, to in 0.0_f64..9_000_000.0) {
            let list = List { rows, row: 20.0, view: 700.0 };
            let first = list.scrolled(0.0, 0.0, to);
            let (from, until) = list.visible(first, 10);
            prop_assert!(from <= until && until <= rows && until - from <= 57);
            prop_assert!(list.offset(first) <= list.height());
        }
    }
}
