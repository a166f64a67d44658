//! A node: whether it is ready, what it is short of, and what runs there.

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{Node, NodeCondition, Pod};
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    object,
    schedule::Cluster,
    service,
    workload::{phase, root_of_pod},
};
use crate::{
    document::Evidence,
    inventory::{Inventory, Known},
};

// More names are no help to a person.
const MOST: usize = 5;

/// A node, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct NodeFacts {
    /// Its name.
    pub name: String,
    /// Whether its Ready condition is False or Unknown.
    pub not_ready: bool,
    /// Whether nothing has been heard of its kubelet.
    pub lost: bool,
    /// The kubelet's or the node controller's words.
    pub message: String,
    /// What it is short of: `memory`, `disk`, `process ids`.
    pub pressures: Vec<String>,
    /// How many pods are there that are not done.
    pub pods: Known<i64>,
    /// Whose they are, at most five: `Deployment/web of shop`.
    pub owners: Vec<String>,
    /// The pods there that are on their way out and can't go, at most five: `shop/web-1`.
    pub stuck: Vec<String>,
    /// Its Ready condition.
    pub evidence: Vec<Evidence>,
    /// The conditions that tell what it is short of.
    pub pressure_evidence: Vec<Evidence>,
}

/// The facts of a node.
pub fn facts(inventory: &Inventory, node: &Node) -> NodeFacts {
    let name = object::name(&node.metadata);
    let ready = condition(node, "Ready");
    // What runs on a node that is well is of no interest.
    let pods = is_in_trouble(node).then(|| inventory.seen_anywhere::<Pod>()).into_iter().flatten();
    let there: Vec<&Pod> =
        pods.filter(|pod| node_of(pod) == Some(name) && !matches!(phase(pod), "Succeeded" | "Failed")).collect();
    let owner = |pod: &&Pod| {
        let root = root_of_pod(inventory, pod);
        format!("{root} of {}", root.namespace)
    };
    let owners: BTreeSet<String> = there.iter().map(owner).collect();
    let leaving = there.iter().filter(|pod| pod.metadata.deletion_timestamp.is_some());
    let stuck = leaving.map(|pod| format!("{}/{}", object::namespace(&pod.metadata), object::name(&pod.metadata)));
    let evidence = |condition: &NodeCondition| Evidence {
        source: format!("Node/{name} status.conditions[{}]", condition.type_),
        text: condition.message.clone().or_else(|| condition.reason.clone()).unwrap_or_default(),
        at: condition.last_transition_time.as_ref().map(object::time),
    };
    let is_lost = ready.is_some_and(|ready| ready.status == "Unknown");
    NodeFacts {
        name: name.to_owned(),
        not_ready: is_not_ready(node),
        lost: is_lost,
        message: ready.and_then(|ready| ready.message.clone()).unwrap_or_default(),
        pressures: pressures(node).map(|(_, words)| words.to_owned()).collect(),
        pods: Cluster::of(inventory).knows_pods().map(|()| object::count(there.len())),
        owners: owners.into_iter().take(MOST).collect(),
        stuck: stuck.take(MOST).collect(),
        evidence: ready.map(evidence).into_iter().collect(),
        pressure_evidence: pressures(node).map(|(condition, _)| evidence(condition)).collect(),
    }
}

/// Whether a node is not ready, or short of something.
pub fn is_in_trouble(node: &Node) -> bool {
    is_not_ready(node) || pressures(node).next().is_some()
}

/// Whether a pod looks like one whose node went away: its containers are ready as far as was last heard, and it is not.
pub fn seems_lost(pod: &Pod) -> bool {
    let Some(status) = pod.status.as_ref().filter(|_| node_of(pod).is_some()) else { return false };
    let has_gates =
        pod.spec.as_ref().is_some_and(|spec| spec.readiness_gates.as_ref().is_some_and(|gates| !gates.is_empty()));
    let containers = status.container_statuses.as_deref().unwrap_or_default();
    let all_ready = !containers.is_empty() && containers.iter().all(|container| container.ready);
    phase(pod) == "Unknown"
        || status.reason.as_deref() == Some("NodeLost")
        || (phase(pod) == "Running" && all_ready && !service::is_ready(pod) && !has_gates)
}

/// The node in trouble that a pod suffers from: its own, where it is not ready, or those that the scheduler would
/// give it.
pub fn suffers_from<'a>(cluster: &Cluster<'a>, pod: &Pod) -> Vec<&'a Node> {
    match node_of(pod) {
        None => super::schedule::unready_nodes(cluster, pod),
        Some(_) if service::is_ready(pod) => Vec::new(),
        Some(name) => {
            cluster.inventory.get::<Node>("", name).present().filter(|node| is_in_trouble(node)).into_iter().collect()
        }
    }
}

fn node_of(pod: &Pod) -> Option<&str> {
    pod.spec.as_ref()?.node_name.as_deref()
}

/// Whether the kubelet of a node says, and lately enough, that it can run pods.
pub fn is_ready(node: &Node) -> bool {
    condition(node, "Ready").is_some_and(|ready| ready.status == "True")
}

fn is_not_ready(node: &Node) -> bool {
    condition(node, "Ready").is_some_and(|ready| ready.status != "True")
}

// https://kubernetes.io/docs/reference/node/node-status/#condition
fn pressures(node: &Node) -> impl Iterator<Item = (&NodeCondition, &'static str)> {
    let kinds = [("MemoryPressure", "memory"), ("DiskPressure", "disk"), ("PIDPressure", "process ids")];
    let is_there = |(kind, words): (&str, &'static str)| Some((condition(node, kind)?, words));
    kinds.into_iter().filter_map(is_there).filter(|(condition, _)| condition.status == "True")
}

fn condition<'n>(node: &'n Node, kind: &str) -> Option<&'n NodeCondition> {
    node.status.as_ref()?.conditions.as_ref()?.iter().find(|condition| condition.type_ == kind)
}
