//! Selectors, peers and ports in words.

use k8s_openapi::{
    api::networking::v1::{NetworkPolicyPeer, NetworkPolicyPort},
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};

use super::rule::is_empty;

/// `pods with role: frontend`, `all pods`.
pub fn pods(selector: &LabelSelector) -> String {
    if is_empty(selector) { "all pods".to_owned() } else { format!("pods with {}", labels(selector)) }
}

/// `role: frontend, tier in (a, b)`.
pub fn labels(selector: &LabelSelector) -> String {
    let equal = selector.match_labels.iter().flatten().map(|(key, value)| format!("{key}: {value}"));
    let others = selector.match_expressions.iter().flatten().map(|one| {
        let values = one.values.as_deref().unwrap_or_default().join(", ");
        match one.operator.as_str() {
            "In" => format!("{} in ({values})", one.key),
            "NotIn" => format!("{} not in ({values})", one.key),
            "DoesNotExist" => format!("no {}", one.key),
            _ => one.key.clone(),
        }
    });
    equal.chain(others).collect::<Vec<_>>().join(", ")
}

/// Whom a rule is about: `pods with role: frontend, or all pods of namespaces with team: ops`.
pub fn peers(peers: &[NetworkPolicyPeer]) -> String {
    peers.iter().map(peer).collect::<Vec<_>>().join(", or ")
}

fn peer(peer: &NetworkPolicyPeer) -> String {
    if let Some(block) = &peer.ip_block {
        return format!("addresses in {}", block.cidr);
    }
    let pods = peer.pod_selector.as_ref().map_or_else(|| "all pods".to_owned(), pods);
    match &peer.namespace_selector {
        None => format!("{pods} of its own namespace"),
        Some(selector) if is_empty(selector) => format!("{pods} of all namespaces"),
        Some(selector) => format!("{pods} of namespaces with {}", labels(selector)),
    }
}

/// Which ports a rule opens: `80`, `http, 9000 to 9100/UDP`.
pub fn ports(ports: &[NetworkPolicyPort]) -> String {
    ports.iter().map(port).collect::<Vec<_>>().join(", ")
}

fn port(port: &NetworkPolicyPort) -> String {
    let number = match &port.port {
        None => "all".to_owned(),
        Some(IntOrString::Int(number)) => number.to_string(),
        Some(IntOrString::String(name)) => name.clone(),
    };
    let range = port.end_port.map(|end| format!(" to {end}")).unwrap_or_default();
    match port.protocol.as_deref() {
        None | Some("TCP") => format!("{number}{range}"),
        Some(protocol) => format!("{number}{range}/{protocol}"),
    }
}
