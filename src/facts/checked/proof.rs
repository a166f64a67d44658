//! Which policies a connection shows to hold, or not to.

use std::collections::BTreeMap;

use super::{class, link};
use crate::{
    active::{Check, Origin, Step},
    facts::{
        object,
        policy::{self, Way},
    },
    inventory::Inventory,
};

/// What connections show of a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proof {
    /// One that it shuts did not come about, though the program listens.
    pub stopped: Option<String>,
    /// One that it shuts came about all the same.
    pub passed: Option<String>,
}

/// What connections show, by the policies' namespaces and names.
pub fn proofs(inventory: &Inventory) -> BTreeMap<(String, String), Proof> {
    let mut found: BTreeMap<(String, String), Proof> = BTreeMap::new();
    let Some(checks) = inventory.checks() else { return found };
    for check in checks.made.iter().filter(|check| check.step == Step::Pod && !check.pod.is_empty()) {
        for (policy, way) in link::shut_on(inventory, checks, check).unwrap_or_default() {
            // What lets a new pod out or not may take a moment to be in force.
            if way == Way::Out && check.origin == Origin::Own {
                continue;
            }
            let proof = found.entry(policy::key(policy)).or_default();
            let text = format!("{}: {}", check.to, check.words());
            let is_connected = check.answers.iter().any(|said| said.answer.is_connected());
            if is_connected {
                proof.passed.get_or_insert(text);
            } else if class::of_all([check].into_iter()) == "timed-out" || answers_inside(checks.made.iter(), check) {
                proof.stopped.get_or_insert(text);
            }
        }
    }
    found
}

/// The policy that shuts a connection which was tried, and which did not come about: `NetworkPolicy/web`.
pub fn shut_by(inventory: &Inventory, check: &Check) -> Option<String> {
    let checks = inventory.checks()?;
    if check.step != Step::Pod || check.answers.iter().any(|said| said.answer.is_connected()) {
        return None;
    }
    link::shut_on(inventory, checks, check)?.first().map(|(policy, _)| object::object_ref(*policy).to_string())
}

// What is refused from outside and answers inside is refused on the way.
fn answers_inside<'a>(mut made: impl Iterator<Item = &'a Check>, check: &Check) -> bool {
    let is_beside = |other: &&Check| {
        other.step == Step::Inside && other.pod == check.pod && other.target == check.target && other.any_ok()
    };
    made.any(|other| is_beside(&other))
}
