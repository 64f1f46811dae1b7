//! Reading the reports that jobs leave behind (`artifacts:reports`, `coverage`): pure functions from bytes to
//! values. The files are somebody else's: each parser has budgets, never panics and says where a file is wrong.
//! Semantics are GitLab's (contracts/ci-yaml.md, part 6).

pub mod cobertura;
pub mod coverage;
pub mod dotenv;
pub mod jacoco;
pub mod junit;
mod xml;

/// Largest XML report that is read, in bytes.
pub const MAX_XML: usize = 30 * 1024 * 1024;

/// Why a report cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The file is larger than this format's limit.
    #[error("the file has {size} bytes, more than {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// How many bytes it may have.
        limit: usize,
    },
    /// It holds more of something than is read.
    #[error("the file has more than {limit} {what}")]
    TooMany {
        /// What it holds, in the plural.
        what: &'static str,
        /// How many it may have.
        limit: usize,
    },
    /// Something is wrong at one place.
    #[error("line {line}, byte {offset}: {problem}")]
    At {
        /// From 1.
        line: usize,
        /// From the start of the text, from 0; in a text of another encoding, once it is UTF-8.
        offset: usize,
        /// A lower-case fragment.
        problem: String,
    },
    /// Something is wrong with the whole.
    #[error("{0}")]
    Whole(String),
}

impl ReportError {
    /// A problem at a byte of the text.
    fn at(text: &[u8], offset: usize, problem: impl Into<String>) -> Self {
        let offset = offset.min(text.len());
        let line = 1 + memchr::memchr_iter(b'\n', &text[..offset]).count();
        Self::At { line, offset, problem: problem.into() }
    }
}
