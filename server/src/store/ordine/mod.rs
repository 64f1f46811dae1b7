//! What only Ordine's dialect stores: hand-made jobs, operations, and how pipelines were given. And
//! runs as that dialect lists them.

mod handmade;
mod listing;
mod operations;
mod state;

pub use handmade::{Handmade, HandmadeChange, change_handmade, delete_handmade, handmade_by_id, insert_handmade};
#[cfg(test)]
pub(in crate::store) use listing::CALLED;
pub use listing::{Brief, JobFilter, JobPage, briefs, jobs, project_called};
pub use operations::{
    Operation, Origin, delete_operation, operation_by_id, operations, origin_of, origins, put_operation, put_origin,
};
pub use state::{State, UnknownState};
