//! Whose traffic is asked about.

use k8s_openapi::api::core::v1::Pod;

use super::end::End;
use crate::{
    facts::workload::Workloads,
    graph::Key,
    inventory::{Inventory, Lookup},
};

/// A pod, or the pods of a workload.
#[derive(Debug)]
pub struct Client<'a> {
    /// `Deployment/shop`, with its namespace where that is not the server's.
    key: Key,
    /// Its pods; one as its template makes it where it has none.
    pub ends: Vec<End<'a>>,
}

impl<'a> Client<'a> {
    /// The pods of what is asked about, where they are known.
    pub fn of(inventory: &'a Inventory, workloads: &'a Workloads<'a>, key: &Key) -> Option<Self> {
        if key.kind == "Pod" {
            let Lookup::Present(pod) = inventory.get::<Pod>(&key.namespace, &key.name) else { return None };
            return Some(Self { key: key.clone(), ends: vec![End::of_pod(inventory, pod)] });
        }
        let workload = workloads.all.iter().find(|workload| Key::of(&workload.object) == *key)?;
        let pods: Vec<_> = workload.pods.iter().map(|pod| End::of_pod(inventory, pod)).collect();
        let ends = if pods.is_empty() { vec![End::of_template(inventory, workload)] } else { pods };
        Some(Self { key: key.clone(), ends })
    }

    /// `Deployment/shop`, and its namespace where that is another one.
    pub fn seen_from(&self, namespace: &str) -> String {
        let Key { kind, namespace: own, name } = &self.key;
        if own == namespace { format!("{kind}/{name}") } else { format!("{kind}/{name} of namespace {own}") }
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.key.namespace
    }
}
