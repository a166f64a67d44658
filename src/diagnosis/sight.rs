//! What could not be looked at, and what was.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::{
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{Event, Node, PersistentVolumeClaim, Service},
    networking::v1::{Ingress, NetworkPolicy},
    policy::v1::PodDisruptionBudget,
};

use crate::{
    custom,
    document::NotChecked,
    facts::World,
    gateway_api::{Gateway, HTTPRoute},
    graph::{Key, Reach},
    inventory::{Inventory, State},
    kind::Kind,
    question::Question,
};

/// What rules would have needed, and what is always looked at and could not be.
pub(super) fn not_checked(question: &Question, inventory: &Inventory, needed: BTreeSet<NotChecked>) -> Vec<NotChecked> {
    let mut by_what: BTreeMap<String, String> = needed.into_iter().map(|entry| (entry.what, entry.why)).collect();
    for kind in question.kinds(inventory) {
        if let State::Failed(why) = inventory.coverage().of_list_in(kind, question.namespace.as_deref()) {
            by_what.entry(kind.info().plural.to_owned()).or_insert(why);
        }
    }
    for (of, _, state) in inventory.custom().lists() {
        if let State::Failed(why) = state {
            by_what.entry(of.plural.clone()).or_insert_with(|| why.clone());
        }
    }
    by_what.into_iter().map(|(what, why)| NotChecked { what, why }).collect()
}

/// How many objects were looked at, by plural.
pub(super) fn checked(inventory: &Inventory, world: &World, reach: &Reach) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut add = |plural: &str, count: usize| {
        if count > 0 {
            *counts.entry(plural.to_owned()).or_default() += count;
        }
    };
    for workload in reach.workloads(&world.workloads) {
        add("pods", workload.pods.iter().filter(|pod| reach.asks_for_pod(&workload.object, pod)).count());
        let kind = Kind::from_object(&workload.object.kind, &workload.object.api_version);
        if let Some(kind) = kind.filter(|_| !workload.is_pod()) {
            add(kind.info().plural, 1);
        }
    }
    add("services", reach.objects::<Service>(inventory).count());
    add("ingresses", reach.objects::<Ingress>(inventory).count());
    add("gateways", reach.objects::<Gateway>(inventory).count());
    add("httproutes", reach.objects::<HTTPRoute>(inventory).count());
    add("networkpolicies", reach.objects::<NetworkPolicy>(inventory).count());
    add("nodes", reach.objects::<Node>(inventory).count());
    add("persistentvolumeclaims", reach.objects::<PersistentVolumeClaim>(inventory).count());
    add("horizontalpodautoscalers", reach.objects::<HorizontalPodAutoscaler>(inventory).count());
    add("poddisruptionbudgets", reach.objects::<PodDisruptionBudget>(inventory).count());
    let now = inventory.about.now;
    let told = inventory.custom().objects().filter(|object| custom::health(object, now).is_told);
    for object in told.filter(|object| reach.has(&Key::of(&object.object_ref()))) {
        add(&object.of.plural, 1);
    }
    // Events alone tell of nothing.
    let events = inventory.seen_anywhere::<Event>().count();
    if !counts.is_empty() && events > 0 {
        counts.insert("events".to_owned(), events);
    }
    counts
}
