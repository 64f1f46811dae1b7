//! One job of the file: a mapping to a draft that the checks and the plan are made from. Looks at
//! no other job.

mod artifacts;
mod cache;
mod container;
mod draft;
mod environment;
mod inherit;
mod needs;
mod only;
mod parallel;
mod policy;
mod shared;
mod simple;
mod trigger;
mod variables;

pub(crate) use draft::{Draft, MAX_NAME, check_default, check_name, read_job};
pub(crate) use inherit::Inherited;
pub(crate) use needs::{MAX_NEEDS, NeedDraft, read as read_needs};
pub(crate) use only::{Never, Run as FilterRun, excluded as excluded_by_filter, never as never_by_filter};
pub(crate) use parallel::{Choice, Parallel, Selection, suffix as instance_suffix};
pub(crate) use policy::{start_in as read_start_in, when as read_when};
pub(crate) use shared::Shared;
pub(crate) use trigger::IncludePlace;
pub(crate) use variables::{Places, Variables, places as places_of_variables, read as read_variables};
