//! What was different when it worked: who changed the field at fault, what was applied to it, and what a rollout
//! changed in the pod template.

mod field;
mod template;

use serde_json::Value;

pub use template::since;

use crate::{
    document::{Change, Finding},
    facts::World,
};

/// What is known of how the object that a finding is on came to be as it is.
pub fn of(world: &World, object: &Value, finding: &Finding) -> Vec<Change> {
    let since_healthy = template::since_healthy(world, object, finding);
    // What a rollout changed within the field at fault says more than that it changed.
    let is_told = |change: &Change| since_healthy.iter().any(|other| other.field.starts_with(&change.field));
    let of_field = field::of(object, finding).filter(|change| !is_told(change));
    of_field.into_iter().chain(since_healthy.iter().cloned()).collect()
}
