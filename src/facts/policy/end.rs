//! One end of a connection: what policies look at.

use std::{collections::BTreeMap, net::IpAddr};

use k8s_openapi::{
    api::core::v1::{Namespace, Pod, PodSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::{
    facts::{object, workload::Workload},
    inventory::{Inventory, Lookup},
};

/// One end of a connection.
#[derive(Debug, Clone)]
pub struct End<'a> {
    /// The pod's namespace.
    pub namespace: &'a str,
    /// That namespace's labels; nothing where they were not looked at.
    pub namespace_labels: Option<&'a BTreeMap<String, String>>,
    /// The pod's labels.
    pub labels: BTreeMap<String, String>,
    /// The pod's address; nothing where it has none yet.
    pub address: Option<IpAddr>,
    /// Whether it lives in the node's network, where no policy on pods has a say.
    pub on_host: bool,
    /// The ports that its containers declare by name: name, number, protocol.
    pub ports: Vec<(String, i32, String)>,
}

impl<'a> End<'a> {
    /// A pod.
    pub fn of_pod(inventory: &'a Inventory, pod: &'a Pod) -> Self {
        let namespace = object::namespace(&pod.metadata);
        let address = pod.status.as_ref().and_then(|status| status.pod_ip.as_ref()?.parse().ok());
        Self { address, ..Self::new(inventory, namespace, pod.metadata.labels.as_ref(), pod.spec.as_ref()) }
    }

    /// A pod with these labels that is not looked at.
    pub fn of_labels<const N: usize>(inventory: &'a Inventory, namespace: &'a str, labels: [(&str, &str); N]) -> Self {
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        Self::new(inventory, namespace, Some(&labels), None)
    }

    /// A pod as a workload's template makes it.
    pub fn of_template(inventory: &'a Inventory, workload: &'a Workload) -> Self {
        Self::new(inventory, &workload.object.namespace, workload.labels, workload.spec)
    }

    fn new(
        inventory: &'a Inventory,
        namespace: &'a str,
        labels: Option<&BTreeMap<String, String>>,
        spec: Option<&PodSpec>,
    ) -> Self {
        Self {
            namespace,
            namespace_labels: namespace_labels(inventory, namespace),
            labels: labels.cloned().unwrap_or_default(),
            address: None,
            on_host: spec.and_then(|spec| spec.host_network) == Some(true),
            ports: spec.map(named_ports).unwrap_or_default(),
        }
    }

    /// The number of its port of this name.
    pub fn port_named(&self, name: &str, protocol: &str) -> Option<i32> {
        let mut ports = self.ports.iter();
        ports.find(|port| port.0 == name && port.2 == protocol).map(|port| port.1)
    }

    /// The number that a port given by number or name has here.
    pub fn port(&self, port: &IntOrString, protocol: &str) -> Option<i32> {
        match port {
            IntOrString::Int(number) => Some(*number),
            IntOrString::String(name) => self.port_named(name, protocol),
        }
    }
}

/// The labels of a namespace, where it was looked at.
pub fn namespace_labels<'a>(inventory: &'a Inventory, name: &str) -> Option<&'a BTreeMap<String, String>> {
    match inventory.get::<Namespace>("", name) {
        Lookup::Present(namespace) => namespace.metadata.labels.as_ref(),
        Lookup::Absent | Lookup::Unknown(_) => None,
    }
}

fn named_ports(spec: &PodSpec) -> Vec<(String, i32, String)> {
    let containers = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    let ports = containers.flat_map(|container| container.ports.iter().flatten());
    ports
        .filter_map(|port| {
            let protocol = port.protocol.clone().unwrap_or_else(|| "TCP".to_owned());
            Some((port.name.clone()?, port.container_port, protocol))
        })
        .collect()
}
