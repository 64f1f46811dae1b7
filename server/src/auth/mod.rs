//! Who may come in, and what they may: passwords, names, tokens and signatures as such, and the one table of roles and
//! actions. Pure, but for the randomness of the operating system: who somebody is and which role they have is looked up
//! by the service.

pub mod aksk;
pub mod name;
pub mod password;
pub mod policy;
pub mod token;

pub use policy::Action;
