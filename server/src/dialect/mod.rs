//! Foreign interfaces: routes, wire types and mapping, only through the service. Each folder can be
//! deleted without anything else noticing.

pub mod fresh;
pub mod ordine;
