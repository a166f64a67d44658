//! The ways to a Service from outside, and to endpoints that are no pods.

use k8s_openapi::api::{
    core::v1::{Pod, Service, ServicePort},
    discovery::v1::EndpointSlice,
    networking::v1::Ingress,
};

use super::plan::{is_by_hand, nodes};
use crate::{
    facts::{object, service::is_slice_of},
    inventory::Inventory,
};

const DNS: &str = "kube-dns";

/// So many addresses of one kind are asked.
pub const ADDRESSES: usize = 3;

/// The Service of the cluster's DNS, which has its name or its label
/// (<https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/>); nothing where it is another.
pub fn cluster_dns(inventory: &Inventory) -> Option<&Service> {
    let mut found: Vec<&Service> = inventory.seen::<Service>("kube-system").filter(|service| is_dns(service)).collect();
    found.sort_by_key(|service| object::name(&service.metadata) != DNS);
    found.first().copied()
}

fn is_dns(service: &Service) -> bool {
    let label = service.metadata.labels.as_ref().and_then(|labels| labels.get("k8s-app"));
    object::name(&service.metadata) == DNS || label.is_some_and(|label| label == DNS)
}

/// The first port that a Service has on every node.
pub fn node_port(service: &Service) -> Option<u16> {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    ports.filter_map(|port| port.node_port).find_map(|port| u16::try_from(port).ok())
}

/// The addresses and ports at which a Service's port is reached without its clusterIP: of its pods' nodes, as a Service
/// with the traffic policy Local answers on no others, and of its load balancer.
pub fn addresses(inventory: &Inventory, service: &Service, port: &ServicePort, pods: &[&Pod]) -> Vec<(String, u16)> {
    let mut found = Vec::new();
    if let Some(number) = port.node_port.and_then(|port| u16::try_from(port).ok()) {
        for node in nodes(inventory, pods) {
            let addresses = node.status.iter().flat_map(|status| status.addresses.iter().flatten());
            let internal = addresses.filter(|address| address.type_ == "InternalIP");
            found.extend(internal.take(1).map(|address| (address.address.clone(), number)));
        }
    }
    found.truncate(ADDRESSES);
    let balancer = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    // One that lets only some in shuts out the pods as it should.
    let is_for_some =
        service.spec.as_ref().is_some_and(|spec| spec.load_balancer_source_ranges.iter().flatten().next().is_some());
    let ingress =
        balancer.and_then(|balancer| balancer.ingress.as_deref()).filter(|_| !is_for_some).unwrap_or_default();
    if let Ok(number) = u16::try_from(port.port) {
        let addresses = ingress.iter().filter_map(|one| one.ip.clone().or(one.hostname.clone()));
        found.extend(addresses.take(ADDRESSES).map(|address| (address, number)));
    }
    found
}

/// The addresses behind a Service's port whose endpoints are made by hand.
pub fn endpoints_by_hand(inventory: &Inventory, service: &Service, port: &ServicePort) -> Vec<(String, u16)> {
    if !is_by_hand(service) {
        return Vec::new();
    }
    let name = object::name(&service.metadata);
    let mut found = Vec::new();
    for slice in inventory.seen::<EndpointSlice>(object::namespace(&service.metadata)) {
        if !is_slice_of(slice, name) || slice.address_type == "FQDN" {
            continue;
        }
        let named = |one: &&k8s_openapi::api::discovery::v1::EndpointPort| {
            one.name.as_deref().unwrap_or_default() == port.name.as_deref().unwrap_or_default()
        };
        let number = slice.ports.iter().flatten().find(named).and_then(|port| u16::try_from(port.port?).ok());
        let ready = slice
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.conditions.as_ref().and_then(|conditions| conditions.ready) != Some(false));
        let addresses = ready.flat_map(|endpoint| endpoint.addresses.iter().cloned());
        found.extend(number.into_iter().flat_map(|number| addresses.clone().map(move |address| (address, number))));
    }
    found.truncate(ADDRESSES);
    found
}

/// How an Ingress is asked: address, port, host, path, and the Service behind that.
type ByIngress = (String, u16, String, String, String);

/// Every host and path of an Ingress at its addresses.
///
/// # Errors
/// Where it has no address.
pub fn by_ingress(ingress: &Ingress) -> Result<Vec<ByIngress>, String> {
    let status = ingress.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let addresses = status.and_then(|status| status.ingress.as_deref()).unwrap_or_default();
    let Some(address) = addresses.iter().find_map(|one| one.ip.clone().or(one.hostname.clone())) else {
        return Err(format!("Ingress/{} has no address", object::name(&ingress.metadata)));
    };
    let spec = ingress.spec.as_ref();
    let secure: Vec<&String> =
        spec.iter().flat_map(|spec| spec.tls.iter().flatten()).flat_map(|tls| tls.hosts.iter().flatten()).collect();
    let mut found = Vec::new();
    for rule in spec.iter().flat_map(|spec| spec.rules.iter().flatten()) {
        // Any host of a wildcard does.
        let host = rule.host.clone().unwrap_or_default().replacen('*', "www", 1);
        let port = if secure.iter().any(|name| Some(*name) == rule.host.as_ref()) { 443 } else { 80 };
        for path in rule.http.iter().flat_map(|http| &http.paths) {
            let Some(service) = path.backend.service.as_ref() else { continue };
            let text = path.path.clone().unwrap_or_else(|| "/".to_owned());
            // Of a regular expression what stands before its first sign.
            let plain = text.split(['(', '[', '*', '$', '?', '|', '\\']).next().unwrap_or("/");
            let plain = if plain.starts_with('/') { plain.to_owned() } else { "/".to_owned() };
            found.push((address.clone(), port, host.clone(), plain, service.name.clone()));
        }
    }
    found.truncate(2 * ADDRESSES);
    Ok(found)
}
