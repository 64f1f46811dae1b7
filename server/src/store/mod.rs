//! The embedded database: all SQL of Weir, by noun.

mod bus;

pub use bus::Bus;
