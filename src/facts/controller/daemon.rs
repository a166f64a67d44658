//! The nodes that a DaemonSet is for, where there are none.

use std::collections::BTreeSet;

use k8s_openapi::api::{
    apps::v1::DaemonSet,
    core::v1::{Node, PodSpec, Taint},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    document::{Evidence, Nearest},
    facts::{object, schedule, workload::Workload},
    inventory::{Inventory, Known},
    kind::Kind,
};

/// Why a DaemonSet is for no node.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct NoNodesFacts {
    /// Whether its controller has looked, and wants no pod of it on any node.
    pub none: bool,
    /// How many nodes there are.
    pub nodes: Known<i64>,
    /// The demand that no node meets: `disktype=nvme`; empty where each is met by some node.
    pub term: String,
    /// The label's key in that demand.
    pub term_key: String,
    /// The nodes' values of that key: `ssd (node-1)`; empty where no node has it.
    pub term_values: String,
    /// The path of that demand in the pods' spec.
    pub term_field: String,
    /// The label that was probably meant.
    pub nearest: Vec<Nearest>,
    /// The taints that keep it off nodes which would do otherwise: `dedicated=db:NoSchedule`.
    pub taints: Vec<String>,
    /// The controller's count.
    pub evidence: Vec<Evidence>,
}

/// Whether a DaemonSet wants no pod, by what its controller has seen of the present template.
pub fn wants_none(set: &DaemonSet) -> bool {
    let seen = set.status.as_ref().and_then(|status| status.observed_generation) >= set.metadata.generation;
    seen && set.status.as_ref().is_some_and(|status| status.desired_number_scheduled == 0)
}

/// Why a workload is for no node, where it is a DaemonSet.
pub fn facts(inventory: &Inventory, workload: &Workload) -> NoNodesFacts {
    let object = &workload.object;
    let set = (object.kind == Kind::DaemonSet.info().name)
        .then(|| inventory.get::<DaemonSet>(&object.namespace, &object.name).present())
        .flatten()
        .filter(|set| wants_none(set));
    let Some(spec) = set.and(workload.spec) else { return NoNodesFacts::default() };
    let count = Evidence { source: format!("{object} status"), text: "desiredNumberScheduled: 0".to_owned(), at: None };
    let found = NoNodesFacts { none: true, evidence: vec![count], ..NoNodesFacts::default() };
    let why_not = |nodes: Vec<&Node>| {
        let term = schedule::met_by_none(spec, &nodes);
        let taints = if term.is_some() { BTreeSet::new() } else { taints(spec, &nodes) };
        NoNodesFacts {
            nodes: Known::Known(object::count(nodes.len())),
            term_values: term.as_ref().map(|term| schedule::values_of(&nodes, &term.key)).unwrap_or_default(),
            nearest: term.as_ref().map(|term| schedule::nearest_label(&nodes, term)).unwrap_or_default(),
            term_field: term.as_ref().map(|term| term.field.clone()).unwrap_or_default(),
            term_key: term.as_ref().map(|term| term.key.clone()).unwrap_or_default(),
            term: term.map(|term| term.text).unwrap_or_default(),
            taints: taints.into_iter().collect(),
            ..found.clone()
        }
    };
    match inventory.list::<Node>("") {
        Known::Known(nodes) => why_not(nodes),
        Known::Unknown(why) => NoNodesFacts { nodes: Known::Unknown(why), ..found },
    }
}

// Its controller tolerates what only says how a node fares
// (https://kubernetes.io/docs/concepts/workloads/controllers/daemonset/#taints-and-tolerations).
const TOLERATED: [&str; 6] = [
    "node.kubernetes.io/not-ready",
    "node.kubernetes.io/unreachable",
    "node.kubernetes.io/disk-pressure",
    "node.kubernetes.io/memory-pressure",
    "node.kubernetes.io/pid-pressure",
    "node.kubernetes.io/unschedulable",
];

fn taints(spec: &PodSpec, nodes: &[&Node]) -> BTreeSet<String> {
    let of_node = |node: &&Node| node.spec.as_ref().and_then(|spec| spec.taints.clone()).unwrap_or_default();
    let tolerations = spec.tolerations.as_deref().unwrap_or_default();
    let keeps_off = |taint: &Taint| {
        matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute")
            && !TOLERATED.contains(&taint.key.as_str())
            && !tolerations.iter().any(|toleration| schedule::tolerates(toleration, taint))
    };
    let fitting = nodes.iter().filter(|node| schedule::met_by_none(spec, &[**node]).is_none());
    fitting.flat_map(of_node).filter(keeps_off).map(|taint| schedule::describe(&taint)).collect()
}
