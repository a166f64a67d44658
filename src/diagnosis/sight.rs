//! What could not be looked at, and what was.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::{
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{Event, Node, PersistentVolumeClaim, Pod, Service},
    networking::v1::{Ingress, NetworkPolicy},
    policy::v1::PodDisruptionBudget,
};

use crate::{
    active::{self, Origin},
    custom,
    document::{NotChecked, ProbeStep},
    engine::Unseen,
    facts::{self, On, World, deleted, node},
    gateway_api::{Gateway, HTTPRoute},
    graph::{Key, Reach},
    hides::hides,
    inventory::{Inventory, State},
    kind::Kind,
    question::{Question, Target},
};

/// What rules would have needed, and what is always looked at and could not be.
pub(super) fn not_checked(question: &Question, inventory: &Inventory, unseen: &BTreeSet<Unseen>) -> Vec<NotChecked> {
    let mut by_what: BTreeMap<&str, (String, BTreeSet<&str>)> = BTreeMap::new();
    for Unseen { what, why, on } in unseen {
        let (_, hidden) = by_what.entry(what).or_insert_with(|| (why.clone(), BTreeSet::new()));
        hidden.insert(hides(what, Some(*on)));
    }
    for kind in question.kinds(inventory) {
        if let State::Failed(why) = inventory.coverage().of_list_in(kind, question.namespace.as_deref()) {
            let (_, hidden) = by_what.entry(kind.resource()).or_insert_with(|| (why, BTreeSet::new()));
            hidden.insert(hides(kind.resource(), None));
        }
    }
    for (of, _, state) in inventory.custom().lists() {
        if let State::Failed(why) = state {
            let (_, hidden) = by_what.entry(&of.plural).or_insert_with(|| (why.clone(), BTreeSet::new()));
            hidden.insert(hides(&of.plural, Some(On::Custom)));
        }
    }
    for kind in asked_apart(question, inventory) {
        if let Some(why) = inventory.coverage().failure(kind) {
            let (_, hidden) = by_what.entry(kind.resource()).or_insert_with(|| (why.to_owned(), BTreeSet::new()));
            hidden.insert(hides(kind.resource(), None));
        }
    }
    for part in inventory.checks().iter().flat_map(|checks| &checks.not_made) {
        by_what.entry(&part.what).or_insert_with(|| (part.why.clone(), BTreeSet::from([part.hides.as_str()])));
    }
    let told = |(what, (why, hidden)): (&str, (_, BTreeSet<&str>))| NotChecked {
        what: what.to_owned(),
        why,
        hides: Vec::from_iter(hidden).join(", "),
    };
    by_what.into_iter().map(told).collect()
}

// What is asked for where there is something to see in it, and is at fault itself then: no rule asks for it in vain.
fn asked_apart(question: &Question, inventory: &Inventory) -> impl Iterator<Item = Kind> {
    const ALWAYS: [Kind; 6] = [
        Kind::Gateway,
        Kind::HTTPRoute,
        Kind::PersistentVolume,
        Kind::ValidatingWebhookConfiguration,
        Kind::MutatingWebhookConfiguration,
        Kind::APIService,
    ];
    let of_targets: Vec<_> = question.target.each().iter().filter_map(Target::kind).collect();
    let is_everywhere = question.namespace.is_none();
    let is_of_node = |pod: &Pod| node::seems_lost(pod) || deleted::hangs_on_its_node(pod);
    let nodes_matter = is_everywhere || inventory.seen_anywhere().any(is_of_node);
    let nodes = nodes_matter.then_some(Kind::Node);
    let namespaces = is_everywhere.then_some(Kind::Namespace);
    ALWAYS.into_iter().chain(nodes).chain(namespaces).chain(of_targets)
}

/// What active checks saw, in the order of their steps.
pub(super) fn steps(inventory: &Inventory) -> Vec<ProbeStep> {
    let Some(checks) = inventory.checks() else { return Vec::new() };
    let shown = active::shown(checks).filter_map(|check| {
        let mut step = active::step(checks, check)?;
        if let Some(policy) = facts::checked::shut_by(inventory, check) {
            // Which says nothing of the clients that it is there for.
            let hint = if check.origin == Origin::Own { "; --client asks from one that it lets in" } else { "" };
            step.answer = format!("{} ({policy} shuts it{hint})", step.answer);
        }
        Some(step)
    });
    shown.collect()
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
