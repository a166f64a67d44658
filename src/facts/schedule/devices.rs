//! Devices that a pod claims by dynamic resource allocation
//! (<https://kubernetes.io/docs/concepts/scheduling-eviction/dynamic-resource-allocation/>).

use k8s_openapi::api::{
    core::v1::Pod,
    resource::v1::{DeviceClass, ResourceClaim},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    document::{Evidence, Nearest},
    facts::{
        events::{EventFacts, Events},
        nearest::{Candidate, nearest},
        object,
    },
    inventory::{Inventory, Known, Lookup},
};

/// The devices that a pod on no node yet waits for.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct DeviceFacts {
    /// The first ResourceClaim that it names and that is not there; empty where all are.
    pub missing: Known<String>,
    /// Why a ResourceClaim can't be made of its template, in the controller's words.
    pub refused: String,
    /// Whether the scheduler says that no device can be given to it.
    pub unallocated: bool,
    /// The device classes that its claims ask for, as words: `gpu.example.com`.
    pub classes: String,
    /// The first of those that is not there; empty where all are.
    pub class_missing: Known<String>,
    /// The claim or class that was probably meant.
    pub nearest: Vec<Nearest>,
    /// What shows it, besides the scheduler's word.
    pub evidence: Vec<Evidence>,
}

impl Default for DeviceFacts {
    fn default() -> Self {
        Self {
            missing: Known::Known(String::new()),
            refused: String::new(),
            unallocated: false,
            classes: String::new(),
            class_missing: Known::Known(String::new()),
            nearest: Vec::new(),
            evidence: Vec::new(),
        }
    }
}

/// Whether a pod that is on no node yet claims devices.
pub fn claims_devices(pod: &Pod) -> bool {
    let spec = pod.spec.as_ref();
    let claims = spec.is_some_and(|spec| spec.resource_claims.as_ref().is_some_and(|claims| !claims.is_empty()));
    claims && spec.is_some_and(|spec| spec.node_name.is_none()) && crate::facts::workload::phase(pod) == "Pending"
}

/// The facts of a pod.
pub fn facts(inventory: &Inventory, events: &Events, pod: &Pod, message: &str) -> DeviceFacts {
    if !claims_devices(pod) {
        return DeviceFacts::default();
    }
    let namespace = object::namespace(&pod.metadata);
    let mut facts =
        DeviceFacts { unallocated: message.contains("cannot allocate all claims"), ..DeviceFacts::default() };
    let refused = |event: &EventFacts| event.reason == "FailedResourceClaimCreation";
    if let Some(event) = events.newest(pod.metadata.uid.as_deref().unwrap_or_default(), refused) {
        event.message.clone_into(&mut facts.refused);
        facts.evidence.push(event.evidence());
    }
    let mut classes = Vec::new();
    for name in claims(pod) {
        match inventory.get::<ResourceClaim>(namespace, &name) {
            Lookup::Present(claim) => classes.extend(classes_of(claim)),
            Lookup::Unknown(why) => facts.missing = Known::Unknown(why),
            Lookup::Absent => {
                let others: Vec<_> =
                    inventory.seen::<ResourceClaim>(namespace).map(|claim| object::name(&claim.metadata)).collect();
                facts.nearest = nearest(&name, others.iter().map(|other| Candidate::named(other)));
                facts.missing = Known::Known(name);
            }
        }
    }
    classes.dedup();
    for class in &classes {
        match inventory.get::<DeviceClass>("", class) {
            Lookup::Present(_) => {}
            Lookup::Unknown(why) => facts.class_missing = Known::Unknown(why),
            Lookup::Absent => {
                let others: Vec<_> =
                    inventory.seen_anywhere::<DeviceClass>().map(|class| object::name(&class.metadata)).collect();
                facts.nearest = nearest(class, others.iter().map(|other| Candidate::named(other)));
                facts.class_missing = Known::Known(class.clone());
            }
        }
    }
    facts.classes = classes.join(", ");
    facts
}

// Those that it names, and those that were made for it of templates.
fn claims(pod: &Pod) -> Vec<String> {
    let named = pod.spec.iter().flat_map(|spec| spec.resource_claims.iter().flatten());
    let made = pod.status.iter().flat_map(|status| status.resource_claim_statuses.iter().flatten());
    let named = named.filter_map(|claim| claim.resource_claim_name.clone());
    named.chain(made.filter_map(|claim| claim.resource_claim_name.clone())).collect()
}

fn classes_of(claim: &ResourceClaim) -> Vec<String> {
    let requests = claim.spec.devices.iter().flat_map(|devices| devices.requests.iter().flatten());
    let of_request = |request: &k8s_openapi::api::resource::v1::DeviceRequest| {
        let exact = request.exactly.iter().map(|exact| exact.device_class_name.clone());
        exact
            .chain(request.first_available.iter().flatten().map(|one| one.device_class_name.clone()))
            .collect::<Vec<_>>()
    };
    requests.flat_map(of_request).collect()
}
