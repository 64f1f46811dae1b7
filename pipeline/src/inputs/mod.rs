//! `spec:inputs`: what a file asks for, and `$[[ … ]]` where it uses it (contracts/ci-yaml.md, part 5).
//! Happens to each file by itself, before anything else.

mod interpolate;
mod order;
mod resolve;
mod spec;
mod value;

pub(crate) use spec::{Given, apply};
pub(crate) use value::from_tree;
