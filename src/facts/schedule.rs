//! Why a pod is on no node: the scheduler's word, and the arithmetic behind it.

use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::{Node, NodeSelectorRequirement, Pod, PodSpec},
    apimachinery::pkg::api::resource::Quantity,
};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    nearest::{Candidate, nearest},
    object, quantity,
    workload::{Workload, phase},
};
use crate::{
    document::{Evidence, Nearest},
    inventory::{Inventory, Known},
};

/// Why a pod is on no node, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ScheduleFacts {
    /// Whether the scheduler has said that no node will do.
    pub failing: bool,
    /// The scheduler's words.
    pub message: String,
    /// Why each node will not do, without what is said of preemption: `1 node(s) had untolerated taint(s)`.
    pub reasons: String,
    /// The resources that no node has enough of, by the scheduler's words: `cpu`, `nvidia.com/gpu`.
    pub lacking: Vec<String>,
    /// What the pod asks of those, as words: `cpu 64`.
    pub asks: String,
    /// Per node and lacking resource: what it has, what is taken and what is free, as a table.
    pub table: Known<Vec<Evidence>>,
    /// The lacking resources that no node offers at all: a GPU in a cluster without.
    pub not_offered: Known<Vec<String>>,
    /// In a rollout, what the old pods hold of the lacking resources until new ones are ready; empty where there are none.
    pub held_by_old: String,
    /// Whether some node could hold it if it were empty.
    pub could_ever_fit: Known<bool>,
    /// Whether some node has that much free by now, which the scheduler has not seen yet, or which something else keeps
    /// from this pod.
    pub fits_now: Known<bool>,
    /// Whether all nodes together have that much free.
    pub cluster_has_room: Known<bool>,
    /// The first of its node selector and required node affinity that no node meets; empty where each is met by some node.
    pub term: Known<String>,
    /// The label's key in that term.
    pub term_key: String,
    /// The nodes' values of that key, as words: `linux (node-1)`; empty where no node has it.
    pub term_values: String,
    /// The value or key that was probably meant.
    pub nearest: Vec<Nearest>,
    /// The path of the term in the pod's spec.
    pub term_field: String,
    /// The scheduler's words as evidence.
    pub evidence: Vec<Evidence>,
}

/// The facts of a pod's scheduling.
pub fn facts(inventory: &Inventory, workload: &Workload, pod: &Pod) -> ScheduleFacts {
    let condition = unschedulable(pod);
    let message = condition.and_then(|condition| condition.message.clone()).unwrap_or_default();
    let lacking = lacking(&message);
    let nodes = inventory.list::<Node>("");
    let term = match (&nodes, &pod.spec, condition) {
        (Known::Known(nodes), Some(spec), Some(_)) => unmet_term(spec, nodes),
        _ => None,
    };
    let term_text = match &nodes {
        Known::Unknown(why) if condition.is_some() && pod.spec.as_ref().is_some_and(chooses_nodes) => {
            Known::Unknown(why.clone())
        }
        _ => Known::Known(term.as_ref().map(|term| term.text.clone()).unwrap_or_default()),
    };
    let room = room(inventory, pod, &lacking);
    let term_key = term.as_ref().map(|term| term.key.clone()).unwrap_or_default();
    let (term_values, nearest) = match (&term, nodes) {
        (Some(term), Known::Known(nodes)) => (values_of(&nodes, &term.key), nearest_term(&nodes, term)),
        _ => Default::default(),
    };
    ScheduleFacts {
        failing: condition.is_some(),
        evidence: condition
            .map(|condition| {
                object::pod_evidence(
                    pod,
                    "status.conditions[PodScheduled]",
                    message.clone(),
                    condition.last_transition_time.as_ref(),
                )
            })
            .into_iter()
            .collect(),
        reasons: reasons(&message).to_owned(),
        message,
        asks: asks(pod, &lacking),
        table: room.as_ref().map(|room| {
            vec![Evidence {
                source: "nodes, by allocatable minus what runs there".to_owned(),
                text: room.table.clone(),
                at: None,
            }]
        }),
        not_offered: room.as_ref().map(|room| room.not_offered.clone()),
        held_by_old: held_by_old(workload, pod, &lacking),
        could_ever_fit: room.as_ref().map(|room| room.could_ever_fit),
        fits_now: room.as_ref().map(|room| room.fits_now),
        cluster_has_room: room.map(|room| room.cluster_has_room),
        lacking,
        term: term_text,
        term_field: term.map(|term| term.field).unwrap_or_default(),
        term_key,
        term_values,
        nearest,
    }
}

/// The condition with which the scheduler says that no node will do.
pub fn unschedulable(pod: &Pod) -> Option<&k8s_openapi::api::core::v1::PodCondition> {
    if phase(pod) != "Pending" {
        return None;
    }
    let conditions = pod.status.as_ref()?.conditions.as_deref()?;
    conditions.iter().find(|condition| {
        condition.type_ == "PodScheduled"
            && condition.status == "False"
            && condition.reason.as_deref() == Some("Unschedulable")
    })
}

// `0/3 nodes are available: 2 Insufficient cpu, 1 Insufficient nvidia.com/gpu. no new claims to deallocate, preemption: …`
fn reasons(message: &str) -> &str {
    let reasons = message.split_once(" nodes are available: ").map_or(message, |(_, reasons)| reasons);
    // Reasons are sentences' parts; what follows the first full stop is of preemption and claims.
    reasons.split(". ").next().unwrap_or_default().trim_end_matches('.')
}

fn lacking(message: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for part in reasons(message).split("Insufficient ").skip(1) {
        let name = part.split([',', ' ']).next().unwrap_or_default().trim_end_matches('.');
        if !name.is_empty() && !found.iter().any(|known| known == name) {
            found.push(name.to_owned());
        }
    }
    found
}

/// What a pod asks of each resource: its containers' sum, or the largest init container where that
/// is more, and the overhead (<https://kubernetes.io/docs/concepts/workloads/pods/init-containers/#resource-sharing-within-containers>).
pub fn requests(pod: &Pod) -> BTreeMap<String, f64> {
    let mut sum = BTreeMap::new();
    let Some(spec) = &pod.spec else { return sum };
    let of = |resources: &Option<k8s_openapi::api::core::v1::ResourceRequirements>| {
        resources.as_ref().and_then(|resources| resources.requests.clone()).unwrap_or_default()
    };
    for container in &spec.containers {
        add(&mut sum, &of(&container.resources));
    }
    let mut largest: BTreeMap<String, f64> = BTreeMap::new();
    let mut sidecars = BTreeMap::new();
    for container in spec.init_containers.iter().flatten() {
        if container.restart_policy.as_deref() == Some("Always") {
            add(&mut sidecars, &of(&container.resources));
            continue;
        }
        let mut at_once = sidecars.clone();
        add(&mut at_once, &of(&container.resources));
        for (name, amount) in at_once {
            let most = largest.entry(name).or_default();
            *most = most.max(amount);
        }
    }
    for (name, amount) in sidecars {
        *sum.entry(name).or_default() += amount;
    }
    for (name, amount) in largest {
        let most = sum.entry(name).or_default();
        *most = most.max(amount);
    }
    add(&mut sum, &spec.overhead.clone().unwrap_or_default());
    sum.insert("pods".to_owned(), 1.0);
    sum
}

fn add(sum: &mut BTreeMap<String, f64>, list: &BTreeMap<String, Quantity>) {
    for (name, amount) in list {
        *sum.entry(name.clone()).or_default() += quantity::parse(&amount.0).unwrap_or(0.0);
    }
}

fn asks(pod: &Pod, lacking: &[String]) -> String {
    let requests = requests(pod);
    let words = lacking
        .iter()
        .map(|name| format!("{name} {}", quantity::show(name, requests.get(name).copied().unwrap_or(0.0))));
    words.collect::<Vec<_>>().join(", ")
}

// A rolling update makes up to maxSurge pods more than there are replicas before it takes old ones away.
fn held_by_old(workload: &Workload, pod: &Pod, lacking: &[String]) -> String {
    let hash = |pod: &Pod| pod.metadata.labels.as_ref().and_then(|labels| labels.get("pod-template-hash")).cloned();
    let present = hash(pod);
    let old: Vec<_> = workload
        .pods
        .iter()
        .filter(|other| {
            present.is_some()
                && hash(other) != present
                && other.spec.as_ref().is_some_and(|spec| spec.node_name.is_some())
        })
        .collect();
    if old.is_empty() || lacking.is_empty() {
        return String::new();
    }
    let sum = |resource: &String| old.iter().filter_map(|pod| requests(pod).get(resource).copied()).sum::<f64>();
    let held: Vec<_> =
        lacking.iter().map(|resource| format!("{resource} {}", quantity::show(resource, sum(resource)))).collect();
    format!("{} of its old pods hold {} until new ones are ready", old.len(), held.join(", "))
}

struct Room {
    table: String,
    not_offered: Vec<String>,
    could_ever_fit: bool,
    fits_now: bool,
    cluster_has_room: bool,
}

fn room(inventory: &Inventory, pod: &Pod, lacking: &[String]) -> Known<Room> {
    let nodes = match inventory.list::<Node>("") {
        Known::Known(nodes) => nodes,
        Known::Unknown(why) => return Known::Unknown(why),
    };
    // What runs on a node may be in any namespace.
    let all = match inventory.coverage().of_list(crate::kind::Kind::Pod, "") {
        crate::inventory::State::Failed(why) => return Known::Unknown(format!("pods of all namespaces: {why}")),
        _ => inventory.seen_anywhere::<Pod>(),
    };
    let mut taken: BTreeMap<&str, BTreeMap<String, f64>> = BTreeMap::new();
    for other in all.filter(|other| !matches!(phase(other), "Succeeded" | "Failed")) {
        if let Some(node) = other.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) {
            let sum = taken.entry(node).or_default();
            for (name, amount) in requests(other) {
                *sum.entry(name).or_default() += amount;
            }
        }
    }
    let asked = requests(pod);
    let mut room = Room {
        table: "node\tresource\tallocatable\trequested\tfree\tasked".to_owned(),
        not_offered: lacking
            .iter()
            .filter(|resource| nodes.iter().all(|node| allocatable(node, resource) == 0.0))
            .cloned()
            .collect(),
        could_ever_fit: false,
        fits_now: false,
        cluster_has_room: true,
    };
    for resource in lacking {
        let wanted = asked.get(resource).copied().unwrap_or(0.0);
        let mut free_in_all = 0.0;
        for node in &nodes {
            let name = object::name(&node.metadata);
            let has = allocatable(node, resource);
            let used = taken.get(name).and_then(|sum| sum.get(resource)).copied().unwrap_or(0.0);
            free_in_all += (has - used).max(0.0);
            let show = |amount| quantity::show(resource, amount);
            room.table.push_str(&format!(
                "\n{name}\t{resource}\t{}\t{}\t{}\t{}",
                show(has),
                show(used),
                show((has - used).max(0.0)),
                show(wanted)
            ));
        }
        room.cluster_has_room &= free_in_all >= wanted;
    }
    let free = |node: &Node, resource: &String| {
        let used = taken.get(object::name(&node.metadata)).and_then(|sum| sum.get(resource)).copied().unwrap_or(0.0);
        allocatable(node, resource) - used
    };
    let asks = |resource: &String| asked.get(resource).copied().unwrap_or(0.0);
    room.fits_now = nodes.iter().any(|node| lacking.iter().all(|resource| free(node, resource) >= asks(resource)));
    room.could_ever_fit = nodes.iter().any(|node| {
        lacking.iter().all(|resource| allocatable(node, resource) >= asked.get(resource).copied().unwrap_or(0.0))
    });
    Known::Known(room)
}

fn allocatable(node: &Node, resource: &str) -> f64 {
    let list = node.status.as_ref().and_then(|status| status.allocatable.as_ref());
    list.and_then(|list| list.get(resource)).and_then(|amount| quantity::parse(&amount.0)).unwrap_or(0.0)
}

fn chooses_nodes(spec: &PodSpec) -> bool {
    let affinity = spec.affinity.as_ref().and_then(|affinity| affinity.node_affinity.as_ref());
    spec.node_selector.is_some()
        || affinity.is_some_and(|affinity| affinity.required_during_scheduling_ignored_during_execution.is_some())
}

/// A demand on a node's labels.
pub(crate) struct Term {
    pub(crate) text: String,
    pub(crate) key: String,
    pub(crate) values: Vec<String>,
    pub(crate) field: String,
}

// The node selector's labels and the required affinity's expressions, the first that no node meets.
pub(crate) fn unmet_term(spec: &PodSpec, nodes: &[&Node]) -> Option<Term> {
    let labels = |node: &&Node| node.metadata.labels.clone().unwrap_or_default();
    for (key, value) in spec.node_selector.iter().flatten() {
        if !nodes.iter().any(|node| labels(node).get(key) == Some(value)) {
            return Some(Term {
                text: format!("{key}={value}"),
                key: key.clone(),
                values: vec![value.clone()],
                field: format!("nodeSelector.{key}"),
            });
        }
    }
    let affinity = spec.affinity.as_ref()?.node_affinity.as_ref()?;
    let required = affinity.required_during_scheduling_ignored_during_execution.as_ref()?;
    // Terms are alternatives: while one is met, none of the others is at fault.
    let met = |expression: &NodeSelectorRequirement| nodes.iter().any(|node| meets(&labels(node), expression));
    let terms = &required.node_selector_terms;
    if terms.iter().any(|term| term.match_expressions.iter().flatten().all(met)) {
        return None;
    }
    terms.iter().enumerate().find_map(|(index, term)| {
        let unmet = term.match_expressions.iter().flatten().find(|expression| !met(expression))?;
        let values = unmet.values.clone().unwrap_or_default();
        let text = format!("{} {} [{}]", unmet.key, unmet.operator, values.join(", "));
        let field =
            format!("affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[{index}]");
        Some(Term { text, key: unmet.key.clone(), values, field })
    })
}

// https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/#operators
fn meets(labels: &BTreeMap<String, String>, expression: &NodeSelectorRequirement) -> bool {
    let value = labels.get(&expression.key);
    let values = expression.values.as_deref().unwrap_or_default();
    let number = |text: Option<&String>| text.and_then(|text| text.parse::<i64>().ok());
    match expression.operator.as_str() {
        "In" => value.is_some_and(|value| values.contains(value)),
        "NotIn" => value.is_none_or(|value| !values.contains(value)),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => number(value).zip(number(values.first())).is_some_and(|(value, bound)| value > bound),
        "Lt" => number(value).zip(number(values.first())).is_some_and(|(value, bound)| value < bound),
        _ => true,
    }
}

pub(crate) fn values_of(nodes: &[&Node], key: &str) -> String {
    let mut by_value: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in nodes {
        if let Some(value) = node.metadata.labels.as_ref().and_then(|labels| labels.get(key)) {
            by_value.entry(value).or_default().push(object::name(&node.metadata));
        }
    }
    let words = by_value.iter().map(|(value, nodes)| {
        let who = if nodes.len() > 3 { format!("{} nodes", nodes.len()) } else { nodes.join(", ") };
        format!("{value} ({who})")
    });
    words.collect::<Vec<_>>().join(", ")
}

pub(crate) fn nearest_term(nodes: &[&Node], term: &Term) -> Vec<Nearest> {
    let labels: Vec<(&String, &String)> = nodes.iter().flat_map(|node| node.metadata.labels.iter().flatten()).collect();
    let values: Vec<&str> =
        labels.iter().filter(|(key, _)| **key == term.key).map(|(_, value)| value.as_str()).collect();
    let of_values =
        term.values.iter().flat_map(|wanted| nearest(wanted, values.iter().map(|value| Candidate::named(value))));
    let found: Vec<Nearest> =
        of_values.map(|found| Nearest { value: format!("{}={}", term.key, found.value), why: found.why }).collect();
    if !found.is_empty() || !values.is_empty() {
        return found;
    }
    // A key that no node has may be another's misspelling; one that carries the wanted value says more.
    let keys = labels.iter().map(|(key, value)| Candidate {
        name: key,
        holds: term.values.contains(value),
        note: String::new(),
    });
    nearest(&term.key, keys)
}
