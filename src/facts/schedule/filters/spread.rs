//! Topology spread constraints that must be kept
//! (<https://kubernetes.io/docs/concepts/scheduling-eviction/topology-spread-constraints/>).

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Pod, TopologySpreadConstraint};
use kube::core::SelectorExt as _;

use super::{affinity, labels, taints};
use crate::facts::{
    object,
    schedule::{
        cluster::Place,
        obstacle::{Filter, Obstacle},
    },
};

/// A pod's constraints with how many pods each domain has.
pub struct Spread(Vec<Counted>);

struct Counted {
    key: String,
    most_skew: i32,
    // How many of them this pod itself would add.
    adds: i32,
    fewest: i32,
    by_domain: BTreeMap<String, i32>,
}

impl Spread {
    /// Those of a pod.
    pub fn of(places: &[Place], pod: &Pod) -> Self {
        let constraints = pod.spec.as_ref().and_then(|spec| spec.topology_spread_constraints.as_deref());
        let must: Vec<&TopologySpreadConstraint> = constraints
            .unwrap_or_default()
            .iter()
            .filter(|constraint| constraint.when_unsatisfiable == "DoNotSchedule")
            .collect();
        // Nodes that lack one of the keys are no domain of any.
        let has_all_keys =
            |place: &&Place| must.iter().all(|constraint| place.label(&constraint.topology_key).is_some());
        let eligible: Vec<&Place> = places.iter().filter(has_all_keys).collect();
        Self(must.iter().map(|constraint| count(constraint, &eligible, pod)).collect())
    }

    /// What speaks against a node.
    pub fn skewed(&self, place: &Place) -> Option<Obstacle> {
        self.0.iter().find_map(|counted| {
            let key = &counted.key;
            let Some(domain) = place.label(key) else {
                return Some(
                    Obstacle::new(Filter::Spread, key, format!("no label {key} to spread over")).by("no label"),
                );
            };
            let here = counted.by_domain.get(domain).copied().unwrap_or(0);
            let skew = here + counted.adds - counted.fewest;
            (skew > counted.most_skew).then(|| {
                let words =
                    format!("{key} {domain} would be {skew} ahead of the emptiest, allowed {}", counted.most_skew);
                Obstacle::new(Filter::Spread, key, words).by(format!("{domain} has {here}"))
            })
        })
    }
}

fn count(constraint: &TopologySpreadConstraint, places: &[&Place], pod: &Pod) -> Counted {
    let labels_of = |pod: &Pod| pod.metadata.labels.clone().unwrap_or_default();
    let own = labels_of(pod);
    let selector = affinity::selector(constraint.label_selector.as_ref());
    // The values of these labels must be the pod's own as well.
    let same: Vec<_> = constraint.match_label_keys.iter().flatten().filter(|key| own.contains_key(*key)).collect();
    let matches = |labels: &BTreeMap<String, String>| {
        selector.as_ref().is_some_and(|selector| selector.matches(labels))
            && same.iter().all(|key| labels.get(*key) == own.get(*key))
    };
    let namespace = object::namespace(&pod.metadata);
    // A selector of everything matches the pod itself, and yet the scheduler counts nobody by it.
    let counts_any = selector.as_ref().is_some_and(|selector| !selector.selects_all());
    let counts = |other: &&&Pod| {
        counts_any
            && other.metadata.deletion_timestamp.is_none()
            && object::namespace(&other.metadata) == namespace
            && matches(&labels_of(other))
    };
    let honors = |policy: Option<&str>, default: bool| policy.map_or(default, |policy| policy == "Honor");
    let of_affinity = honors(constraint.node_affinity_policy.as_deref(), true);
    let of_taints = honors(constraint.node_taints_policy.as_deref(), false);
    let mut by_domain: BTreeMap<String, i32> = BTreeMap::new();
    for place in places {
        if (of_affinity && !labels::admits(place, pod)) || (of_taints && !taints::tolerates_all(place, pod)) {
            continue;
        }
        let Some(domain) = place.label(&constraint.topology_key) else { continue };
        let here = i32::try_from(place.pods.iter().filter(counts).count()).unwrap_or(i32::MAX);
        *by_domain.entry(domain.to_owned()).or_default() += here;
    }
    let has_enough = by_domain.len() >= usize::try_from(constraint.min_domains.unwrap_or(1)).unwrap_or(1);
    let fewest = if has_enough { by_domain.values().copied().min().unwrap_or(0) } else { 0 };
    Counted {
        key: constraint.topology_key.clone(),
        most_skew: constraint.max_skew,
        adds: i32::from(matches(&own)),
        fewest,
        by_domain,
    }
}
