//! A host and path of an Ingress: whether it leads to its Service.

use k8s_openapi::api::networking::v1::Ingress;
use schemars::JsonSchema;
use serde::Serialize;

use super::class;
use crate::{
    active::{Check, Step},
    document::Evidence,
    facts::{ingress, object},
    inventory::Inventory,
};

/// A host and path of an Ingress that were asked for, as a rule sees it.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct EntryFacts {
    /// What was asked for, and where: `shop.example.com/cart at 203.0.113.7:443`.
    pub to: String,
    /// What came back, in a word.
    pub answer: String,
    /// In full.
    pub words: String,
    /// The Service behind it.
    pub service: String,
    /// Whether that answers by itself.
    pub service_answers: bool,
    /// What was seen.
    pub evidence: Vec<Evidence>,
}

/// The facts of every host and path of an Ingress that were asked for.
pub fn entries(inventory: &Inventory, found: &Ingress) -> Vec<EntryFacts> {
    let Some(checks) = inventory.checks() else { return Vec::new() };
    let services = ingress::services(found);
    let here: Vec<&Check> =
        checks.made.iter().filter(|check| check.namespace == object::namespace(&found.metadata)).collect();
    // A node's port and a load balancer are of a port of the Service.
    let by_ingress = here.iter().filter(|check| check.step == Step::Outside && check.port == 0);
    by_ingress
        .filter(|check| services.contains(&check.service))
        .map(|check| {
            let through = here.iter().filter(|other| other.step == Step::Service && other.service == check.service);
            let evidence = |check: &Check| Evidence { source: check.to.clone(), text: check.words(), at: None };
            EntryFacts {
                to: check.to.clone(),
                answer: class::of_all([*check].into_iter()).to_owned(),
                words: check.words(),
                service: check.service.clone(),
                service_answers: through.clone().any(|other| other.all_ok()),
                evidence: [*check].into_iter().chain(through.copied()).map(evidence).collect(),
            }
        })
        .collect()
}
