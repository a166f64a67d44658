//! What active checks saw, put together with what the objects say.

mod access;
mod class;
mod declared;
mod entry;
mod link;
mod listener;
mod names;
mod proof;
mod sockets;

pub use access::{AccessFacts, accesses};
pub use entry::{EntryFacts, entries};
pub use listener::{ListenerFacts, listeners};
pub use names::{NamesFacts, names, skips_cluster};
pub use proof::{Proof, proofs, shut_by};
pub use sockets::heard;
