//! What active checks saw, put together with what the objects say.

mod access;
mod class;
mod entry;
mod link;
mod listener;
mod names;
mod proof;

pub use access::{AccessFacts, accesses};
pub use entry::{EntryFacts, entries};
pub use listener::{ListenerFacts, heard, listeners};
pub use names::{NamesFacts, names, skips_cluster};
pub use proof::{Proof, proofs, shut_by};
