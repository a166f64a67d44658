//! The hosts that a command or a log names, and what they are in this cluster.

use std::sync::LazyLock;

use k8s_openapi::api::core::v1::Service;
use regex::Regex;
use schemars::JsonSchema;
use serde::Serialize;

use super::nearest::nearest_name;
use crate::{
    inventory::{Inventory, Known},
    kind::Kind,
};

/// A host that a container waits for or can't reach.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct HostFacts {
    /// As the log or the command writes it.
    pub host: String,
    /// The Service's name that it would be.
    pub service: String,
    /// The namespace in which that Service would be.
    pub namespace: String,
    /// Whether that Service is there.
    pub exists: Known<bool>,
    /// The name of a Service of that namespace that is near; empty where none is.
    pub nearest: String,
}

/// The in-cluster hosts that these lines name, in their order, each once.
pub fn named_in(inventory: &Inventory, namespace: &str, text: &str) -> Vec<HostFacts> {
    // Each pattern is a way to name a host that some program waits for or can't reach.
    static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
        [
            r"(?i)(?-u:\b)(?:nslookup|getent +hosts|host|ping|dig) +(?:-[^ ]+ +)*([a-z0-9][a-z0-9.-]*)",
            r"(?i)(?-u:\b)nc +(?:-[^ ]+ +)*([a-z0-9][a-z0-9.-]*) +[0-9]+",
            r"(?i)[a-z0-9+]://(?:[^/ \t\r\n@]*@)?([a-z0-9][a-z0-9.-]*)",
            r"(?i)can't find ([a-z0-9][a-z0-9.-]*): nxdomain",
            r"(?i)(?:resolve host(?:name)?|lookup|bad address|unknown host|getaddrinfo enotfound|translate host name)[: ]+['\x22]?([a-z0-9][a-z0-9.-]*)",
            r"(?i)(?:connect(?:ion)? to|reach|waiting for|dial tcp) +['\x22]?([a-z0-9][a-z0-9.-]*):[0-9]+",
        ]
        .into_iter()
        .filter_map(|pattern| Regex::new(pattern).ok())
        .collect()
    });
    let mut hosts: Vec<HostFacts> = Vec::new();
    if text.trim().is_empty() {
        return hosts;
    }
    for pattern in PATTERNS.iter() {
        for found in pattern.captures_iter(text).filter_map(|captures| captures.get(1)) {
            let host = found.as_str().trim_end_matches('.');
            if let Some(facts) = in_cluster(inventory, namespace, host)
                && !hosts.iter().any(|known| known.service == facts.service && known.namespace == facts.namespace)
            {
                hosts.push(facts);
            }
        }
    }
    hosts
}

// `db`, `db.shop`, `db.shop.svc`, `db.shop.svc.cluster.local`; a name with other dots is outside the cluster.
fn in_cluster(inventory: &Inventory, namespace: &str, host: &str) -> Option<HostFacts> {
    if host.parse::<std::net::IpAddr>().is_ok() || host == "localhost" {
        return None;
    }
    let parts: Vec<_> = host.split('.').collect();
    let (service, namespace) = match parts.as_slice() {
        [service] => (*service, namespace.to_owned()),
        [service, namespace, "svc", ..] => (*service, (*namespace).to_owned()),
        [service, other] if inventory.known_names(Kind::Namespace).iter().any(|(_, name)| name == other) => {
            (*service, (*other).to_owned())
        }
        _ => return None,
    };
    let exists = inventory.exists(Kind::Service, &namespace, service).exists();
    let services: Vec<_> =
        inventory.seen::<Service>(&namespace).map(|service| super::object::name(&service.metadata)).collect();
    let nearest = nearest_name(service, &services).unwrap_or_default();
    Some(HostFacts { host: host.to_owned(), service: service.to_owned(), namespace, exists, nearest })
}
