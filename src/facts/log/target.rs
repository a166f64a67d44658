//! A host that a log finds silent, and what it is here: a Service, nothing, the pod itself, or outside the cluster.

use k8s_openapi::api::core::v1::Service;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    document::Nearest,
    facts::{
        hosts,
        nearest::{Candidate, nearest},
        object, service,
    },
    inventory::{Inventory, Known},
    kind::Kind,
    rule::Told,
};

/// A host that does not answer, as a rule sees it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct TargetFacts {
    /// As the log writes it.
    pub host: String,
    /// The same with its port, where one is named: `db:5432`.
    pub text: String,
    /// `service` where it is one or would be one, `pod` for the pod itself (localhost), `outside` for a name outside the
    /// cluster, `address` for an IP address of nothing that is known; empty where there is no host.
    pub what: String,
    /// The Service's name.
    pub service: String,
    /// The Service's namespace.
    pub namespace: String,
    /// Whether that Service is there.
    pub exists: Known<bool>,
    /// The name for which an ExternalName Service stands; empty where it is none.
    pub alias: String,
    /// How many ready endpoints it has.
    pub ready: Known<i64>,
    /// Whether it has the port, or none is named.
    pub has_port: bool,
    /// Its ports, as words.
    pub ports: String,
    /// The Services that were probably meant.
    pub nearest: Vec<Nearest>,
    /// The nearest; empty where none is near.
    pub better: String,
    /// The other namespaces that have a Service of that name; empty where none has.
    pub elsewhere: String,
}

/// The Service that a line finds silent, where it is one that would be in this cluster.
pub fn service_of(inventory: &Inventory, namespace: &str, told: &Told) -> Option<(String, String)> {
    let host = told.get("host");
    if host.is_empty() || is_itself(host) {
        return None;
    }
    if let Some(service) = inventory.seen_anywhere::<Service>().find(|service| has_address(service, host)) {
        return Some((object::namespace(&service.metadata).to_owned(), object::name(&service.metadata).to_owned()));
    }
    hosts::service_of(inventory, namespace, host)
}

/// The facts of the host that a line names.
pub fn facts(inventory: &Inventory, namespace: &str, told: &Told) -> TargetFacts {
    let (host, port) = (told.get("host"), told.get("port"));
    let unknown = || "services: no host is named".to_owned();
    let mut facts = TargetFacts {
        host: host.to_owned(),
        text: if port.is_empty() { host.to_owned() } else { format!("{host}:{port}") },
        what: what(host).to_owned(),
        service: String::new(),
        namespace: namespace.to_owned(),
        exists: Known::Unknown(unknown()),
        alias: String::new(),
        ready: Known::Unknown(unknown()),
        has_port: true,
        ports: String::new(),
        nearest: Vec::new(),
        better: String::new(),
        elsewhere: String::new(),
    };
    if let Some((namespace, name)) = service_of(inventory, namespace, told) {
        let there = inventory.get::<Service>(&namespace, &name).present();
        let alias = there.and_then(service::external_name);
        let numbers: Vec<i32> = there.map(ports).unwrap_or_default();
        facts.what = "service".to_owned();
        facts.exists = inventory.exists(Kind::Service, &namespace, &name).exists();
        facts.ready = match there {
            Some(_) if alias.is_some() => Known::Unknown("services: it is another name".to_owned()),
            Some(found) => service::endpoints(inventory, found).map(|endpoints| endpoints.ready),
            None => Known::Unknown("services: not looked at".to_owned()),
        };
        let knows_port = there.is_some() && alias.is_none() && !port.is_empty();
        facts.has_port = !knows_port || numbers.iter().any(|number| number.to_string() == port);
        facts.alias = alias.unwrap_or_default().to_owned();
        facts.ports = numbers.iter().map(i32::to_string).collect::<Vec<_>>().join(", ");
        facts.elsewhere = elsewhere(inventory, &namespace, &name);
        (facts.namespace, facts.service) = (namespace, name);
    }
    facts.nearest = near(inventory, &facts, port);
    facts.better = facts.nearest.first().map(|near| near.value.clone()).unwrap_or_default();
    facts
}

fn what(host: &str) -> &'static str {
    match host {
        "" => "",
        host if is_itself(host) => "pod",
        host if host.parse::<std::net::IpAddr>().is_ok() => "address",
        _ => "outside",
    }
}

fn is_itself(host: &str) -> bool {
    host == "localhost" || host == "::1" || host.starts_with("127.")
}

fn has_address(service: &Service, host: &str) -> bool {
    let spec = service.spec.as_ref();
    spec.is_some_and(|spec| {
        spec.cluster_ip.as_deref() == Some(host) || spec.cluster_ips.iter().flatten().any(|ip| ip == host)
    })
}

fn ports(service: &Service) -> Vec<i32> {
    service.spec.iter().flat_map(|spec| spec.ports.iter().flatten()).map(|port| port.port).collect()
}

// A Service of a name that is near; for the pod itself one that has the port.
fn near(inventory: &Inventory, facts: &TargetFacts, port: &str) -> Vec<Nearest> {
    let has_port = |service: &&Service| ports(service).iter().any(|number| number.to_string() == port);
    let services: Vec<&Service> = inventory.seen::<Service>(&facts.namespace).collect();
    match facts.what.as_str() {
        "service" if facts.exists == Known::Known(false) => {
            let candidates = services.iter().map(|service| {
                let holds = has_port(service);
                let note =
                    if holds { format!("a Service with port {port}") } else { "a Service of the namespace".to_owned() };
                Candidate { name: object::name(&service.metadata), holds, note }
            });
            nearest(&facts.service, candidates)
        }
        "pod" => {
            let with_port: Vec<_> = services.iter().filter(|service| has_port(service)).collect();
            let said = |service: &&&&Service| Nearest {
                value: object::name(&service.metadata).to_owned(),
                why: format!("a Service with port {port}"),
            };
            if with_port.len() > 2 { Vec::new() } else { with_port.iter().map(|service| said(&service)).collect() }
        }
        _ => Vec::new(),
    }
}

fn elsewhere(inventory: &Inventory, namespace: &str, name: &str) -> String {
    let all = inventory.known_names(Kind::Service);
    let others = all.iter().filter(|(other, found)| found == name && other != namespace);
    let others: Vec<_> = others.map(|(other, _)| other.as_str()).collect();
    if others.len() > 3 { String::new() } else { others.join(", ") }
}
