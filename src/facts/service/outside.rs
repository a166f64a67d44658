//! How a Service is reached from outside the cluster, and how it leads there.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::{Event, Service};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::{
    document::{Evidence, Nearest},
    facts::{
        events::{EventFacts, Events},
        nearest::{Candidate, nearest},
        object,
        service::is_external_name,
    },
    inventory::{Inventory, Known},
    kind::Kind,
};

/// How long a controller may take to bring a load balancer up.
const BRING_UP: i64 = 300;

/// The load balancer of a Service, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct BalancerFacts {
    /// Whether it has no address yet.
    pub pending: bool,
    /// `spec.loadBalancerClass`; empty where it leaves that to the cluster.
    pub class: String,
    /// Whether a controller has shown itself: by its word, a finalizer, or the address of another Service.
    pub has_controller: Known<bool>,
    /// Whether it has been waiting for longer than a controller takes.
    pub overdue: bool,
    /// The controller's newest words; empty where it has said nothing.
    pub message: String,
    /// The same as evidence.
    pub evidence: Vec<Evidence>,
    /// The ports at which every node leads to it: `31780 (port 80)`; empty where there are none.
    pub node_ports: String,
    /// Its first port.
    pub port: i64,
}

/// Where an ExternalName Service leads, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ExternalFacts {
    /// `spec.externalName`.
    pub name: String,
    /// Whether that is an IP address.
    pub is_address: bool,
    /// The Service of this cluster that it names; empty where it leads outside.
    pub service: String,
    /// That Service's namespace.
    pub namespace: String,
    /// Whether that Service is there; true where it leads outside.
    pub exists: Known<bool>,
    /// The Services that were probably meant.
    pub nearest: Vec<Nearest>,
    /// The name of the nearest as it has to be written; empty where none is near.
    pub better: String,
    /// A merge patch of the Service that leads there.
    pub patch: String,
}

/// The load balancer of a Service of that type.
pub fn balancer(inventory: &Inventory, events: &Events, service: &Service) -> Option<BalancerFacts> {
    let spec = service.spec.as_ref().filter(|spec| spec.type_.as_deref() == Some("LoadBalancer"))?;
    let uid = service.metadata.uid.as_deref().unwrap_or_default();
    let newest = events.newest(uid, is_about_load_balancer);
    let ports = spec.ports.as_deref().unwrap_or_default();
    let node_ports = ports.iter().filter_map(|port| Some(format!("{} (port {})", port.node_port?, port.port)));
    let created = service.metadata.creation_timestamp.as_ref();
    Some(BalancerFacts {
        pending: !has_address(service),
        class: spec.load_balancer_class.clone().unwrap_or_default(),
        has_controller: if newest.is_some() || has_finalizer(service) || serves_another(inventory, service) {
            Known::Known(true)
        } else {
            inventory.list::<Event>(object::namespace(&service.metadata)).map(|_| false)
        },
        overdue: created.is_some_and(|then| object::seconds_since(inventory.about.now, then) >= BRING_UP),
        message: newest.map(|event| event.message.trim().to_owned()).unwrap_or_default(),
        evidence: newest.map(EventFacts::evidence).into_iter().collect(),
        node_ports: node_ports.collect::<Vec<_>>().join(", "),
        port: ports.first().map_or(0, |port| i64::from(port.port)),
    })
}

fn has_address(service: &Service) -> bool {
    let balancer = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    balancer.and_then(|balancer| balancer.ingress.as_ref()).is_some_and(|addresses| !addresses.is_empty())
}

// EnsuringLoadBalancer, SyncLoadBalancerFailed of cloud controllers; AllocationFailed, nodeAssigned of MetalLB.
fn is_about_load_balancer(event: &EventFacts) -> bool {
    const OTHERS: [&str; 3] = ["LoadBalancer", "AllocationFailed", "nodeAssigned"];
    OTHERS.iter().any(|word| event.reason.contains(word)) || event.message.to_lowercase().contains("load balancer")
}

// service.kubernetes.io/load-balancer-cleanup, service.k8s.aws/resources: only a controller puts one there.
fn has_finalizer(service: &Service) -> bool {
    service.metadata.finalizers.as_ref().is_some_and(|finalizers| !finalizers.is_empty())
}

fn serves_another(inventory: &Inventory, service: &Service) -> bool {
    let class = |service: &Service| service.spec.as_ref().and_then(|spec| spec.load_balancer_class.clone());
    inventory.seen_anywhere::<Service>().any(|other| has_address(other) && class(other) == class(service))
}

/// The Service of this cluster that an ExternalName Service names, with its namespace:
/// `db.shop.svc.cluster.local`, or without `cluster.local`.
pub fn named_in_cluster(service: &Service) -> Option<(String, String)> {
    let name = external_name(service)?.trim_end_matches('.');
    let name = name.strip_suffix(".cluster.local").unwrap_or(name).strip_suffix(".svc")?;
    // `web-0.web.shop` is a pod of the headless Service web.
    let mut labels = name.rsplit('.');
    let (namespace, service) = (labels.next()?, labels.next()?);
    Some((service.to_owned(), namespace.to_owned()))
}

/// `spec.externalName`, where it is of that type.
pub fn external_name(service: &Service) -> Option<&str> {
    let spec = service.spec.as_ref().filter(|_| is_external_name(service))?;
    spec.external_name.as_deref()
}

/// Where a Service of type ExternalName leads.
pub fn external(inventory: &Inventory, service: &Service) -> Option<ExternalFacts> {
    let name = external_name(service)?;
    let (wanted, namespace) = named_in_cluster(service).unwrap_or_default();
    let lookup = inventory.exists(Kind::Service, &namespace, &wanted);
    let names = inventory.known_names(Kind::Service);
    let is_absent = !wanted.is_empty() && lookup.is_absent();
    let here = names.iter().filter(|(other, _)| is_absent && *other == namespace);
    let nearest = nearest(&wanted, here.map(|(_, name)| Candidate::named(name)));
    let better = nearest.first().map(|near| name.replacen(&wanted, &near.value, 1)).unwrap_or_default();
    Some(ExternalFacts {
        name: name.to_owned(),
        is_address: name.parse::<IpAddr>().is_ok(),
        exists: if wanted.is_empty() { Known::Known(true) } else { lookup.exists() },
        service: wanted,
        namespace,
        nearest,
        patch: json!({"spec": {"externalName": better}}).to_string(),
        better,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_the_cluster_is_told_from_one_outside() {
        let named = |name: &str| {
            let service = json!({"metadata": {"name": "x"}, "spec": {"type": "ExternalName", "externalName": name}});
            named_in_cluster(&serde_json::from_value(service).unwrap())
        };
        let db = Some(("db".to_owned(), "shop".to_owned()));
        assert_eq!(named("db.shop.svc.cluster.local"), db);
        assert_eq!(named("db.shop.svc.cluster.local."), db);
        assert_eq!(named("db.shop.svc"), db);
        assert_eq!(named("db-0.db.shop.svc.cluster.local"), db);
        assert_eq!(named("db.example.com"), None);
        assert_eq!(named("db.shop"), None);
        assert_eq!(named("svc.cluster.local"), None);
    }
}
