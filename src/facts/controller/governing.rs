//! The Service that gives a StatefulSet's pods their names
//! (<https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#stable-network-id>).

use k8s_openapi::api::{apps::v1::StatefulSet, core::v1::Service};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    document::Nearest,
    facts::{
        nearest::{Candidate, nearest},
        object, service,
        workload::Workload,
    },
    inventory::{Inventory, Known},
    kind::Kind,
};

/// The Service that a StatefulSet names.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct GoverningFacts {
    /// `spec.serviceName`; empty where it names none, as of all else that is no StatefulSet.
    pub name: String,
    /// Whether that Service is there; true where it names none.
    pub exists: Known<bool>,
    /// Whether its name leads to the pods themselves rather than to one address for all; true where there is none.
    pub headless: bool,
    /// The Services that were probably meant, nearest first.
    pub nearest: Vec<Nearest>,
    /// The labels that the Service has to select: `app=db`.
    pub labels: String,
    /// One of the pods, whose ports the Service may have; empty where there is none.
    pub pod: String,
}

/// The Service that a workload names, where it is a StatefulSet.
pub fn facts(inventory: &Inventory, workload: &Workload) -> GoverningFacts {
    let namespace = workload.object.namespace.as_str();
    let set = (workload.object.kind == Kind::StatefulSet.info().name)
        .then(|| inventory.get::<StatefulSet>(namespace, &workload.object.name).present())
        .flatten();
    let name = set.and_then(|set| set.spec.as_ref()?.service_name.clone()).unwrap_or_default();
    if name.is_empty() {
        return GoverningFacts {
            name,
            exists: Known::Known(true),
            headless: true,
            nearest: Vec::new(),
            labels: String::new(),
            pod: String::new(),
        };
    }
    let found = inventory.get::<Service>(namespace, &name);
    let selecting = service::of_workload(inventory, workload);
    // One that selects its pods is more probably meant.
    let others = inventory.seen::<Service>(namespace).map(|other| {
        let other = object::name(&other.metadata);
        let holds = selecting.iter().any(|service| service.name == other);
        let note = if holds { format!("selects the pods of {}", workload.object) } else { String::new() };
        Candidate { name: other, holds, note }
    });
    GoverningFacts {
        exists: found.exists(),
        headless: found.clone().present().is_none_or(service::is_headless),
        nearest: if found.is_absent() { nearest(&name, others) } else { Vec::new() },
        labels: service::text(
            &set.and_then(|set| set.spec.as_ref()?.selector.match_labels.clone()).unwrap_or_default(),
        ),
        pod: workload.pods.first().map(|pod| object::name(&pod.metadata).to_owned()).unwrap_or_default(),
        name,
    }
}
