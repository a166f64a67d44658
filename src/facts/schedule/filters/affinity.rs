//! Which pods must, and must not, run beside each other
//! (<https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#inter-pod-affinity-and-anti-affinity>).

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::{
    api::core::v1::{Pod, PodAffinityTerm},
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use kube::core::{Selector, SelectorExt as _};

use crate::facts::{
    object,
    schedule::{
        cluster::{Cluster, Place},
        obstacle::{Filter, Obstacle},
    },
};

/// A topology key with one of its values: a zone, a node's name.
type Domain = (String, String);

/// The domains that a pod must go to, and those that are closed to it.
pub struct Affinity {
    // Why, by domain: the pod that is there.
    closed: BTreeMap<Domain, Closed>,
    wanted: Vec<Wanted>,
    // Nothing that it wants to be with is anywhere, and it is such a pod itself: the first may go anywhere.
    is_first: bool,
}

struct Closed {
    what: String,
    by: String,
    of_its_own: bool,
}

struct Wanted {
    what: String,
    key: String,
    domains: BTreeSet<String>,
}

impl Affinity {
    /// That of a pod.
    pub fn of(cluster: &Cluster, places: &[Place], pod: &Pod) -> Self {
        let mut closed = BTreeMap::new();
        let own = anti_affinity(pod);
        let others = || places.iter().flat_map(|place| place.pods.iter().map(move |other| (place, *other)));
        for (place, other) in others() {
            for term in own.iter().filter(|term| selects(cluster, term, pod, other)) {
                close(&mut closed, place, term, other, true);
            }
        }
        for (place, other) in others() {
            for term in anti_affinity(other).iter().filter(|term| selects(cluster, term, other, pod)) {
                close(&mut closed, place, term, other, false);
            }
        }
        let terms = affinity(pod);
        let goes_with = |other: &Pod| terms.iter().all(|term| selects(cluster, term, pod, other));
        let mut wanted: Vec<Wanted> = terms
            .iter()
            .map(|term| Wanted { what: describe(term), key: term.topology_key.clone(), domains: BTreeSet::new() })
            .collect();
        for place in places.iter().filter(|place| !terms.is_empty() && place.pods.iter().any(|other| goes_with(other)))
        {
            for wanted in &mut wanted {
                wanted.domains.extend(place.label(&wanted.key).map(str::to_owned));
            }
        }
        let is_first = wanted.iter().all(|wanted| wanted.domains.is_empty()) && goes_with(pod);
        Self { closed, wanted, is_first }
    }

    /// What speaks against a node.
    pub fn against(&self, place: &Place) -> Option<Obstacle> {
        self.lacks(place).or_else(|| self.is_closed(place))
    }

    fn lacks(&self, place: &Place) -> Option<Obstacle> {
        self.wanted.iter().find_map(|Wanted { what, key, domains }| {
            let Some(domain) = place.label(key) else {
                return Some(Obstacle::new(
                    Filter::Affinity,
                    format!("affinity to {what} per {key}"),
                    format!("no label {key} for pod affinity"),
                ));
            };
            let is_met = self.is_first || domains.contains(domain);
            let nowhere = if domains.is_empty() { "no such pod runs anywhere" } else { "" };
            (!is_met).then(|| {
                let words = format!("no pod {what} in {key} {domain}");
                Obstacle::new(Filter::Affinity, format!("affinity to {what} per {key}"), words).by(nowhere)
            })
        })
    }

    fn is_closed(&self, place: &Place) -> Option<Obstacle> {
        let labels = place.node.metadata.labels.iter().flatten();
        let closed = labels.filter_map(|(key, value)| Some((key, self.closed.get(&(key.clone(), value.clone()))?)));
        // The pod's own words come first, as for the scheduler.
        let (key, Closed { what, by, of_its_own }) = closed.min_by_key(|(_, closed)| !closed.of_its_own)?;
        let whose = if *of_its_own { "anti-affinity" } else { "anti-affinity of a pod there" };
        let words = format!("{whose} to {what}: {by}");
        Some(Obstacle::new(Filter::Affinity, format!("{whose} to {what} per {key}"), words).by(by))
    }
}

fn close(closed: &mut BTreeMap<Domain, Closed>, place: &Place, term: &PodAffinityTerm, by: &Pod, of_its_own: bool) {
    let Some(value) = place.label(&term.topology_key) else { return };
    let domain = (term.topology_key.clone(), value.to_owned());
    closed.entry(domain).or_insert_with(|| Closed {
        what: describe(term),
        by: format!("Pod {}/{}", object::namespace(&by.metadata), object::name(&by.metadata)),
        of_its_own,
    });
}

/// A selector; nothing where there is none, which selects nothing.
pub fn selector(selector: Option<&LabelSelector>) -> Option<Selector> {
    selector.and_then(crate::selector::of)
}

fn affinity(pod: &Pod) -> &[PodAffinityTerm] {
    let affinity = pod.spec.as_ref().and_then(|spec| spec.affinity.as_ref()?.pod_affinity.as_ref());
    affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_deref()).unwrap_or_default()
}

fn anti_affinity(pod: &Pod) -> &[PodAffinityTerm] {
    let affinity = pod.spec.as_ref().and_then(|spec| spec.affinity.as_ref()?.pod_anti_affinity.as_ref());
    affinity.and_then(|it| it.required_during_scheduling_ignored_during_execution.as_deref()).unwrap_or_default()
}

/// Whether it takes the labels of namespaces to know which pods are meant.
pub fn asks_for_namespaces(pod: &Pod) -> bool {
    let mut terms = affinity(pod).iter().chain(anti_affinity(pod));
    terms.any(|term| term.namespace_selector.as_ref().is_some_and(|selector| *selector != LabelSelector::default()))
}

// Whether a term of one pod speaks of another.
fn selects(cluster: &Cluster, term: &PodAffinityTerm, of: &Pod, other: &Pod) -> bool {
    let labels = other.metadata.labels.clone().unwrap_or_default();
    let is_meant = selector(term.label_selector.as_ref()).is_some_and(|selector| selector.matches(&labels));
    is_meant && is_in_namespace(cluster, term, of, object::namespace(&other.metadata))
}

fn is_in_namespace(cluster: &Cluster, term: &PodAffinityTerm, of: &Pod, namespace: &str) -> bool {
    let named = term.namespaces.as_deref().unwrap_or_default();
    let by_labels = || {
        selector(term.namespace_selector.as_ref())
            .is_some_and(|selector| selector.matches(&cluster.namespace_labels(namespace)))
    };
    match (&term.namespace_selector, named) {
        (None, []) => object::namespace(&of.metadata) == namespace,
        _ => named.iter().any(|name| name == namespace) || by_labels(),
    }
}

fn describe(term: &PodAffinityTerm) -> String {
    let selector = term.label_selector.clone().unwrap_or_default();
    let labels = selector.match_labels.iter().flatten().map(|(key, value)| format!("{key}={value}"));
    let expressions = selector.match_expressions.iter().flatten().map(|expression| {
        let values = expression.values.as_deref().unwrap_or_default().join(", ");
        format!("{} {} [{values}]", expression.key, expression.operator)
    });
    let all: Vec<String> = labels.chain(expressions).collect();
    if all.is_empty() { "any pod".to_owned() } else { all.join(",") }
}
