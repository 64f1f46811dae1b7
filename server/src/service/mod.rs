//! The use cases, one file per noun: permission, parse, transaction, event. The only place with
//! rules about who may do what.

use std::sync::Arc;

use crate::store::Bus;

/// The service. One per server, shared by HTTP, dispatch and the dialects.
#[derive(Debug)]
pub struct Weir {
    bus: Arc<Bus>,
}

impl Weir {
    /// Where committed changes are published.
    pub fn bus(&self) -> &Bus {
        &self.bus
    }
}
