//! YAML with places: text to a tree of nodes that know where they stand. Knows nothing of the
//! language; only `load.rs`, `syntax.rs` and `repair.rs` name the parser crate.

mod load;
mod mapping;
mod node;
mod recover;
mod repair;
mod scalar;
mod syntax;
mod write;

pub(crate) use load::{Loaded, MAX_BYTES, MAX_DEPTH, load};
pub(crate) use mapping::Index;
pub(crate) use node::{Entry, Kind, Map, Node, Tree};
use scalar::legacy_meaning;
pub(crate) use scalar::{Scalar, Value, legacy_reading, legacy_warning};
pub(crate) use write::write;
