//! The nodes, and what runs on each.

use std::{collections::BTreeMap, sync::OnceLock};

use k8s_openapi::api::core::v1::{Namespace, Node, Pod};

use super::requests::{Amounts, add, amounts, requests};
use crate::{
    facts::{object, workload::phase},
    inventory::{Inventory, Known, Lookup, State},
    kind::Kind,
};

/// A node and what runs there.
#[derive(Debug)]
pub struct Place<'a> {
    /// The node.
    pub node: &'a Node,
    /// Its pods that are not done; none where pods are not known.
    pub pods: Vec<&'a Pod>,
    /// What it has for pods.
    pub allocatable: Amounts,
    /// What its pods ask for.
    pub taken: Amounts,
}

/// The nodes of a cluster, and what runs there, as far as that is known.
#[derive(Debug)]
pub struct Cluster<'a> {
    /// Where the rest stands.
    pub inventory: &'a Inventory,
    places: OnceLock<Known<Vec<Place<'a>>>>,
}

impl<'a> Cluster<'a> {
    /// Worked out once, and only where a pod is on no node.
    pub fn of(inventory: &'a Inventory) -> Self {
        Self { inventory, places: OnceLock::new() }
    }

    /// The nodes.
    pub fn places(&self) -> Known<&[Place<'a>]> {
        self.places
            .get_or_init(|| self.inventory.list::<Node>("").map(|nodes| self.fill(nodes)))
            .as_ref()
            .map(Vec::as_slice)
    }

    /// Whether it is known what runs on the nodes: that may be in any namespace.
    pub fn knows_pods(&self) -> Known<()> {
        match self.inventory.coverage().of_list(Kind::Pod, "") {
            State::Failed(why) => Known::Unknown(format!("pods of all namespaces: {why}")),
            State::Collected | State::Absent => Known::Known(()),
        }
    }

    /// The labels of a namespace; none where it was not looked at.
    pub fn namespace_labels(&self, name: &str) -> BTreeMap<String, String> {
        match self.inventory.get::<Namespace>("", name) {
            Lookup::Present(namespace) => namespace.metadata.labels.clone().unwrap_or_default(),
            _ => BTreeMap::new(),
        }
    }

    fn fill(&self, nodes: Vec<&'a Node>) -> Vec<Place<'a>> {
        let mut by_node: BTreeMap<&str, Vec<&'a Pod>> = BTreeMap::new();
        for pod in self.inventory.seen_anywhere::<Pod>().filter(|pod| !matches!(phase(pod), "Succeeded" | "Failed")) {
            if !self.inventory.twins(pod).is_empty() {
                continue;
            }
            if let Some(node) = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) {
                by_node.entry(node).or_default().push(pod);
            }
        }
        for (pod, twin) in self.inventory.all_twins() {
            by_node.entry(&twin.node).or_default().push(pod);
        }
        nodes
            .into_iter()
            .map(|node| Place::of(node, by_node.remove(object::name(&node.metadata)).unwrap_or_default()))
            .collect()
    }
}

impl<'a> Place<'a> {
    fn of(node: &'a Node, pods: Vec<&'a Pod>) -> Self {
        let mut taken = Amounts::new();
        pods.iter().for_each(|pod| add(&mut taken, &requests(pod)));
        let allocatable = amounts(node.status.as_ref().and_then(|status| status.allocatable.as_ref()));
        Self { node, pods, allocatable, taken }
    }

    /// The node's name.
    pub fn name(&self) -> &'a str {
        object::name(&self.node.metadata)
    }

    /// The value of one of the node's labels.
    pub fn label(&self, key: &str) -> Option<&'a str> {
        self.node.metadata.labels.as_ref()?.get(key).map(String::as_str)
    }

    /// What it has of a resource for pods.
    pub fn has(&self, resource: &str) -> f64 {
        self.allocatable.get(resource).copied().unwrap_or(0.0)
    }

    /// What is left of that.
    pub fn free(&self, resource: &str) -> f64 {
        self.has(resource) - self.taken.get(resource).copied().unwrap_or(0.0)
    }
}
