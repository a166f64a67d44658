//! What NetworkPolicies do to the traffic of Services, and which of them is at fault where they shut it.

mod client;
mod end;
mod facts;
mod near;
mod rule;
#[cfg(test)]
mod table;
mod verdict;
mod words;

pub use client::Client;
pub use end::End;
pub use facts::{DenialFacts, PolicyFacts, denials, facts, key, namespaces_matter, shuts_names};
pub use rule::{Way, rules, selects};
pub use verdict::in_between;
