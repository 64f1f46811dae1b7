//! What can be said without a browser and without a server: pure functions with tests.

pub mod ansi;
pub mod estimate;
pub mod filter;
pub mod graph;
pub mod health;
pub mod href;
pub mod line;
pub mod query;
pub mod range;
pub mod report;
pub mod section;
pub mod trace;
pub mod variables;
pub mod wanted;
pub mod window;
