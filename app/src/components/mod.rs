//! Parts that several pages are made of. They know the domain's types and nothing of the server.

pub mod act;
pub mod artifact;
pub mod breaking;
pub mod child;
pub mod diagnostics;
pub mod draft;
pub mod dynamic;
pub mod error;
pub mod head;
pub mod help;
pub mod keyboard;
pub mod layout;
pub mod loaded;
pub mod page;
pub mod run_list;
pub mod status;
pub mod switches;
pub mod tests;
pub mod time;
pub mod variables;
pub mod why;
