//! Secrets at rest: [`keys`] holds what they are sealed with, [`seal`] seals and opens them. In which forms a
//! secret may turn up in a log knows `runner::mask`.

pub mod keys;
pub mod seal;
