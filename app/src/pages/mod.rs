//! The pages that the browser takes over: one module for each address, in the order of the navigation.
//! Those that it does not are in `admin`.

pub mod dashboard;
pub mod environments;
pub mod job;
pub mod missing;
pub mod new_pipeline;
pub mod pipeline;
pub mod pipelines;
pub mod run;
pub mod runs;
