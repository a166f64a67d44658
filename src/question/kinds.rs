//! Which kinds a question looks at.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Pod;

use super::{Question, Target};
use crate::{facts::object, inventory::Inventory, kind::Kind};

/// What every question about a namespace looks at.
const ALWAYS: [Kind; 15] = [
    Kind::Pod,
    Kind::Event,
    Kind::ReplicaSet,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Job,
    Kind::CronJob,
    Kind::Service,
    Kind::EndpointSlice,
    Kind::Ingress,
    Kind::PersistentVolumeClaim,
    Kind::HorizontalPodAutoscaler,
    Kind::PodDisruptionBudget,
    Kind::NetworkPolicy,
];

/// What a question about pods alone looks at before it knows who owns them.
const FOR_PODS: [Kind; 5] = [Kind::Pod, Kind::Event, Kind::Service, Kind::EndpointSlice, Kind::Ingress];

impl Question {
    /// The kinds that a question looks at in its namespace: all of them, but of those that own pods only the
    /// owners' where it is about pods alone.
    pub fn kinds(&self, inventory: &Inventory) -> BTreeSet<Kind> {
        if self.is_about_no_namespace() {
            return BTreeSet::new();
        }
        if !self.is_about_pods() {
            return ALWAYS.into_iter().collect();
        }
        let mut kinds: BTreeSet<Kind> = FOR_PODS.into_iter().collect();
        for target in self.target.each() {
            let Target::One(_, name) = target else { continue };
            for pod in inventory.seen_anywhere::<Pod>().filter(|pod| object::name(&pod.metadata) == name) {
                kinds.extend(object::controller(&pod.metadata).map(|owner| owners(&owner.kind)).unwrap_or_default());
            }
        }
        kinds
    }

    // Objects that live in no namespace need nothing of one.
    fn is_about_no_namespace(&self) -> bool {
        self.target.each().iter().all(|target| matches!(target, Target::Custom(of, _) if !of.namespaced))
    }

    /// Whether it is about single objects by their names.
    pub fn names_objects(&self) -> bool {
        self.target
            .each()
            .iter()
            .all(|target| matches!(target, Target::One(..) | Target::Custom(_, Some(_)) | Target::Named(_)))
    }

    /// Whether it is about pods by their names and nothing else.
    pub fn is_about_pods(&self) -> bool {
        self.target.each().iter().all(|target| matches!(target, Target::One(Kind::Pod, _)))
    }
}

// A pod's controller, and what may control that.
fn owners(kind: &str) -> &'static [Kind] {
    match kind {
        "ReplicaSet" => &[Kind::ReplicaSet, Kind::Deployment],
        "StatefulSet" => &[Kind::StatefulSet],
        "DaemonSet" => &[Kind::DaemonSet],
        "Job" => &[Kind::Job, Kind::CronJob],
        _ => &[],
    }
}
