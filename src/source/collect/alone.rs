//! Pods that are asked about by their names, without all the others of their namespace: a server takes longer to list
//! those than for everything else that is looked at.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{Pod, Service};

use super::{Look, Wanted};
use crate::{
    document::ObjectRef,
    facts::{
        container, object, pull, service,
        workload::{Workload, Workloads, phase},
    },
    graph::{Key, Reach, claims_of},
    inventory::{Inventory, Lookup, State},
    kind::Kind,
    question::{Question, Target},
    source::Request,
};

/// What controllers put on one pod, or on those of one revision
/// (<https://kubernetes.io/docs/reference/labels-annotations-taints/>).
const OF_ONE: [&str; 5] = [
    "pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
];

/// Whether only pods by their names are asked about, and, as far as they were seen, other pods have no say in how they
/// fare but those that their Services select beside them.
pub(super) fn is_enough_for(question: &Question, inventory: &Inventory, how: Look) -> bool {
    let Some(namespace) = &question.namespace else { return false };
    let is_about_it = how == Look::AtAGlance && question.is_about_pods() && question.client.is_none();
    is_about_it
        && names(question).all(|name| match inventory.get::<Pod>(namespace, name) {
            Lookup::Present(pod) => fares_by_itself(pod),
            // Whatever has nearly its name, or came after it, may be meant.
            Lookup::Absent => false,
            Lookup::Unknown(_) => !was_asked_for(inventory, namespace, name),
        })
}

/// Says that no other pod was worth a look, where that is so.
pub(super) fn is_all(question: &Question, inventory: &mut Inventory, how: Look) {
    let Some(namespace) = question.namespace.as_deref().filter(|_| is_enough_for(question, inventory, how)) else {
        return;
    };
    let was_refused = inventory.coverage().lists().any(|(kind, of, _)| kind == Kind::Pod && of == Some(namespace));
    if !was_refused {
        inventory.coverage_mut().list(Kind::Pod, Some(namespace), State::Collected);
    }
}

impl Wanted<'_> {
    pub(super) fn each_by_name(&mut self, namespace: &str) {
        names(self.question).for_each(|name| self.get(Kind::Pod, namespace, name));
    }

    /// The pods beside them: those of the same workload, and those behind the same Services.
    pub(super) fn beside_them(&mut self, workloads: &Workloads, reach: &Reach) {
        if !is_enough_for(self.question, self.inventory, self.how) {
            return;
        }
        let services = reach.objects::<Service>(self.inventory).map(service::selector);
        let own = named(self.question, self.inventory).filter_map(labels_of_all);
        let selectors: BTreeSet<_> = services.chain(own).filter(|labels| !labels.is_empty()).collect();
        let widest = selectors.iter().filter(|labels| !selectors.iter().any(|other| is_wider(other, labels)));
        self.requests.extend(widest.map(|labels| Request::Selected {
            kind: Kind::Pod,
            namespace: self.question.namespace.clone(),
            selector: service::text(labels),
        }));
        // A workload's earlier pods may have carried other labels.
        let mut asked = reach.workloads(workloads).filter(|it| !it.is_pod() && reach.asks_for(&Key::of(&it.object)));
        if self.owners_were_listed() && asked.any(|workload| has_more_pods(self.inventory, workload)) {
            self.list(Kind::Pod, self.question.namespace.as_deref());
        }
    }

    fn owners_were_listed(&self) -> bool {
        let mut owners = self.question.kinds(self.inventory).into_iter().filter(|kind| *kind != Kind::Pod);
        owners.all(|kind| self.inventory.coverage().lists().any(|(listed, _, _)| listed == kind))
    }
}

fn names(question: &Question) -> impl Iterator<Item = &str> {
    question.target.each().iter().filter_map(|target| match target {
        Target::One(Kind::Pod, name) => Some(name.as_str()),
        _ => None,
    })
}

fn named<'a>(question: &'a Question, inventory: &'a Inventory) -> impl Iterator<Item = &'a Pod> {
    let namespace = question.namespace.as_deref().unwrap_or_default();
    names(question).filter_map(move |name| inventory.get::<Pod>(namespace, name).present())
}

// The labels that it shares with every pod that its controller makes; nothing where it has none.
fn labels_of_all(pod: &Pod) -> Option<BTreeMap<String, String>> {
    object::controller(&pod.metadata)?;
    let mut labels = pod.metadata.labels.clone()?;
    labels.retain(|key, _| !OF_ONE.contains(&key.as_str()));
    Some(labels)
}

// Whether labels select all that these do, and more.
fn is_wider(labels: &BTreeMap<String, String>, than: &BTreeMap<String, String>) -> bool {
    labels.len() < than.len() && labels.iter().all(|(key, value)| than.get(key) == Some(value))
}

// Whether its controllers count more pods than were seen, as far as that is known.
fn has_more_pods(inventory: &Inventory, workload: &Workload) -> bool {
    let count = |object: &ObjectRef| {
        let status = inventory.json_of(object)?["status"].take();
        status.get("replicas").or(status.get("currentNumberScheduled"))?.as_u64()
    };
    let makers = if workload.parts.is_empty() { std::slice::from_ref(&workload.object) } else { &workload.parts };
    let counted: Option<u64> = makers.iter().map(count).sum();
    counted.is_none_or(|counted| usize::try_from(counted).is_ok_and(|counted| counted > workload.pods.len()))
}

fn was_asked_for(inventory: &Inventory, namespace: &str, name: &str) -> bool {
    inventory.coverage().names().any(|(kind, of, it, _)| kind == Kind::Pod && of == Some(namespace) && it == name)
}

// A pod that waits for a node or a volume waits for what others take; one that fails to pull may be meant to run what
// they run; of a Job's pods the last one tells.
fn fares_by_itself(pod: &Pod) -> bool {
    let has_node = pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some());
    let is_replica = object::controller(&pod.metadata)
        .is_none_or(|owner| matches!(owner.kind.as_str(), "ReplicaSet" | "StatefulSet" | "DaemonSet"));
    let may_wait_for_volume = phase(pod) == "Pending" && !claims_of(pod).is_empty();
    let pulls = container::containers(pod)
        .into_iter()
        .any(|(spec, init)| pull::may_fail(spec, container::status(pod, &spec.name, init)));
    has_node
        && is_replica
        && matches!(phase(pod), "Pending" | "Running")
        && pod.metadata.deletion_timestamp.is_none()
        && !may_wait_for_volume
        && !pulls
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests;
